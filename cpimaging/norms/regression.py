"""Least squares of a log volume on age, as a natural cubic spline, and on what else is known of a person."""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]

KNOTS = ((60, (0.05, 0.35, 0.65, 0.95)), (0, (0.1, 0.5, 0.9)))
"""Quantiles of the controls' ages at which knots stand, from so many controls on: Harrell 2015, Regression
Modeling Strategies, 2nd ed., table 2.3; from how many on is ours."""


def knots_of(ages: Floats) -> tuple[float, ...]:
    """Return the knots of the spline; fewer than three where the ages are too few for a curve."""
    quantiles = next(places for least, places in KNOTS if len(ages) >= least)
    return tuple(np.unique(np.quantile(ages, quantiles)).tolist())


def spline(ages: Floats, knots: tuple[float, ...]) -> Floats:
    """Return the columns of a natural cubic spline without its constant, (ages, knots − 1).

    Linear beyond the outer knots. Without two knots there is no column: all controls are of one age.
    Harrell 2015, Regression Modeling Strategies, 2nd ed., eq. 2.25.
    """
    if len(knots) < 2:
        return np.empty((len(ages), 0))
    *inner, before, last = knots
    width = (last - knots[0]) ** 2

    def cube(knot: float) -> Floats:
        return np.asarray(np.clip(ages - knot, 0, None) ** 3)

    bends = [
        cube(knot)
        - cube(before) * (last - knot) / (last - before)
        + cube(last) * (before - knot) / (last - before)
        for knot in inner
    ]
    return np.column_stack([ages, *(bend / width for bend in bends)])


@dataclass(frozen=True)
class Fit:
    """A fitted regression. spread: (XᵀX)⁻¹. sd: of the residuals. freedom: their degrees of freedom."""

    coefficients: Floats
    spread: Floats
    sd: float
    freedom: int

    def expected(self, design: Floats) -> Floats:
        """Return what is expected for each row of a design, (rows, coefficients) -> (rows,)."""
        return np.asarray(design @ self.coefficients)

    def leverage(self, design: Floats) -> Floats:
        """Return the variance of what is expected, in units of sd²."""
        return np.asarray(np.einsum("ij,jk,ik->i", design, self.spread, design))

    def z(self, design: Floats, values: Floats) -> Floats:
        """Return how many SD new values lie from what is expected, as standard normal.

        The prediction's own error counts: the distance is t distributed, and is given as the z of the same
        probability. Crawford and Howell 1998, Clin Neuropsychol 12:482, for a regression.
        """
        error = self.sd * np.sqrt(1 + self.leverage(design))
        return normal_of((values - self.expected(design)) / error, self.freedom)

    def z_error(self, design: Floats, z: Floats) -> Floats:
        """Return the standard error of z for norms of this size: of the mean, and of the SD.

        The large-sample form of Crawford and Garthwaite 2002, Neuropsychologia 40:1196.
        """
        return np.asarray(np.sqrt(self.leverage(design) + z**2 / (2 * self.freedom)))


def normal_of(t: Floats, freedom: int) -> Floats:
    """Return the standard normal deviates of the same probability as t."""
    # By its whole name scipy.stats is loaded here, where it is needed, and not in every stage.
    beyond = scipy.stats.t.sf(np.abs(t), freedom)
    return np.asarray(np.sign(t) * scipy.stats.norm.isf(beyond))


def fit(design: Floats, values: Floats) -> Fit:
    """Fit values, (people,), to a design, (people, coefficients), by least squares.

    Raises ValueError where the design does not determine its coefficients.
    """
    people, count = design.shape
    if np.linalg.matrix_rank(design) < count or people <= count + 1:
        raise ValueError("the controls do not tell age, sex and scanner apart")
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    freedom = people - count
    rest = values - design @ coefficients
    spread = np.linalg.inv(design.T @ design)
    return Fit(np.asarray(coefficients), np.asarray(spread), float(np.sqrt(rest @ rest / freedom)), freedom)


def left_out_z(design: Floats, values: Floats, found: Fit) -> Floats:
    """Return each control's z against all others, without fitting anew.

    Externally studentised residuals: Cook and Weisberg 1982, Residuals and Influence in Regression, ch. 2.
    """
    rest, own = values - found.expected(design), 1 - found.leverage(design)
    others = (found.freedom * found.sd**2 - rest**2 / own) / (found.freedom - 1)
    return normal_of(rest / np.sqrt(others * own), found.freedom - 1)
