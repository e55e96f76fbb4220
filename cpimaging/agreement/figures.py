"""Figures of agreement, each a function of the means of what every case contributes.

Written that way a figure is computed for thousands of resamples of the cases at once (`estimate`).
Categories are whole numbers from 0, −1 where a rater gave none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ratings = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Figure:
    """A figure over cases. parts: (cases, contributions). of_means: means (…, contributions) -> (…)."""

    parts: Floats
    of_means: Callable[[Floats], Floats]

    @property
    def value(self) -> float:
        """The figure over all cases; NaN where it is not defined."""
        if not len(self.parts):
            return float("nan")
        return float(self.of_means(self.parts.mean(axis=0)))


def _ratio(above: Floats, below: Floats) -> Floats:
    """Divide; NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(np.abs(below) > 1e-12, above / below, np.nan))


def quadratic_weights(categories: int) -> Floats:
    """Return the credit of each pair of ordered categories, (categories, categories).

    1 − (distance / largest distance)². With these weights kappa equals an intraclass correlation: Fleiss
    and Cohen 1973, Educ Psychol Meas 33:613.
    """
    grade = np.arange(categories)
    return np.asarray(1 - ((grade[:, None] - grade) / max(categories - 1, 1)) ** 2)


def cohen_kappa(ratings: Ratings, categories: int, weights: Floats | None = None) -> Figure:
    """Return Cohen's kappa of two raters over the cases that both rated.

    ratings: (cases, 2). weights: credit of each pair of categories, by default 1 for the same, else 0.
    Cohen 1960, Educ Psychol Meas 20:37; weighted: Cohen 1968, Psychol Bull 70:213.
    """
    credit = np.eye(categories) if weights is None else weights
    both = ratings[(ratings >= 0).all(axis=1)]
    cells = np.eye(categories**2)[both[:, 0] * categories + both[:, 1]]

    def kappa(means: Floats) -> Floats:
        table = means.reshape(*means.shape[:-1], categories, categories)
        seen = (credit * table).sum(axis=(-2, -1))
        chance = np.einsum("...i,ij,...j->...", table.sum(axis=-1), credit, table.sum(axis=-2))
        return _ratio(seen - chance, 1 - chance)

    return Figure(cells, kappa)


def observed_agreement(ratings: Ratings, categories: int) -> Figure:
    """Return the share of the pairs of ratings of one case that are the same, averaged over cases."""
    return Figure(_contributions(ratings, categories), _seen)


def fleiss_kappa(ratings: Ratings, categories: int) -> Figure:
    """Return Fleiss' kappa of any number of raters, some of whom may have left cases out.

    ratings: (cases, raters). Fleiss 1971, Psychol Bull 76:378; with missing ratings as in Gwet 2014, Handbook
    of Inter-Rater Reliability, 4th ed.
    """
    return _chance_corrected(ratings, categories, lambda share: (share**2).sum(axis=-1))


def gwet_ac1(ratings: Ratings, categories: int) -> Figure:
    """Return Gwet's AC1, which does not fall where nearly all cases are of one category.

    ratings: (cases, raters). Gwet 2008, Br J Math Stat Psychol 61:29.
    """
    others = max(categories - 1, 1)
    return _chance_corrected(ratings, categories, lambda share: (share * (1 - share)).sum(axis=-1) / others)


def _chance_corrected(ratings: Ratings, categories: int, chance: Callable[[Floats], Floats]) -> Figure:
    def figure(means: Floats) -> Floats:
        expected = chance(means[..., 2:])
        return _ratio(_seen(means) - expected, 1 - expected)

    return Figure(_contributions(ratings, categories), figure)


def _seen(means: Floats) -> Floats:
    return _ratio(means[..., 1], means[..., 0])


def _contributions(ratings: Ratings, categories: int) -> Floats:
    """Return, per case with a rating: has it two, the share of its pairs that agree, each category's."""
    counts = (ratings[..., None] == np.arange(categories)).sum(axis=1).astype(np.float64)
    counts = counts[counts.sum(axis=1) > 0]
    n = counts.sum(axis=1)
    pairs = n * (n - 1)
    agreeing = np.divide((counts * (counts - 1)).sum(axis=1), pairs, where=pairs > 0, out=np.zeros_like(n))
    return np.column_stack([pairs > 0, agreeing, counts / n[:, None]])


def intraclass_correlation(values: Floats) -> Figure:
    """Return ICC(2,1): absolute agreement of single raters, both cases and raters taken as random.

    values: (cases, raters); cases with NaN are left out. Shrout and Fleiss 1979, Psychol Bull 86:420.
    """
    whole = values[~np.isnan(values).any(axis=1)]
    n, k = whole.shape
    parts = np.column_stack([whole, (whole[:, :, None] * whole[:, None, :]).reshape(n, k * k)])

    def icc(means: Floats) -> Floats:
        mean = means[..., :k]
        product = means[..., k:].reshape(*means.shape[:-1], k, k)
        covariance = (product - mean[..., :, None] * mean[..., None, :]) * n / (n - 1)
        between = covariance.sum(axis=(-2, -1)) / k
        trace = np.trace(covariance, axis1=-2, axis2=-1)
        rest = (trace - between) / (k - 1)
        raters = n * mean.var(axis=-1, ddof=1)
        return _ratio(between - rest, between + (k - 1) * rest + k * (raters - rest) / n)

    return Figure(parts, icc) if n > 1 and k > 1 else Figure(np.empty((0, 1)), lambda means: means[..., 0])
