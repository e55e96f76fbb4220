"""How much better a lesion explains a voxel than healthy tissue of its kind of place does.

A lesion is tissue whose signal is shifted (Van Leemput et al. 2001, IEEE Trans Med Imaging 20:677). The
evidence is then compared with that of healthy voxels of the same kind of place.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cpimaging.lesions.detect.healthy_model import FOLDED, MAD_TO_SD, TISSUES, Model
from cpimaging.lesions.detect.inputs import Bool, Float
from cpimaging.lesions.detect.parameters import read_parameters

INJURED = (*TISSUES, "greywhite")
"""Classes that may be injured."""

Change = Mapping[str, float]
"""Contrast -> shift of a lesion's signal in SD of white matter; the first contrast is the main one."""


@dataclass(frozen=True)
class Parameters:
    """The values of evidence.yaml."""

    lesion_spread: float
    cortex_alone: float
    floor: float
    clip: float
    clip_white: float
    healthy: float
    median_range: tuple[float, float]
    least_spread: float
    grey_steps: tuple[float, ...]
    fluid_steps: tuple[float, ...]
    grey_half: float
    least_shift_main_sd: float
    least_shift_other_sd: float
    most_shift_sd: float
    tissue_above_sd: float
    least_voxels: int


P = read_parameters(Parameters, __file__)


def evidence(model: Model, change: Change) -> Float:
    """Return log P(signal | lesion) − log P(signal | healthy) of every voxel.

    A lesion is tissue, mixed or not, shifted in the main contrast, and in the others shifted or not.
    """
    main = next(iter(change))
    folded = np.isin(model.group, FOLDED) & (len(change) > 1)
    alone = np.where(folded, P.cortex_alone * model.shares["grey"], 0).astype(np.float32)
    healthy, injured = [], []
    for name, share in model.shares.items():
        start = np.log(share + np.float32(P.floor))
        healthy.append(start + _log_likelihood(model, name, {}))
        if name not in INJURED:
            continue
        injured.append(start - np.log(2) + _log_likelihood(model, name, change))
        injured.append(start - np.log(2) + _log_likelihood(model, name, {main: change[main]}) + alone)
    difference: Float = (_log_sum(injured) - _log_sum(healthy)).astype(np.float32)
    return difference


def _log_likelihood(model: Model, name: str, shift: Change) -> Float:
    """Return the log density of each voxel's signals in a class, moved by `shift`.

    Shares of two tissues change all contrasts together: their covariance runs along the line between the two.
    """
    wider = np.float32(P.lesion_spread**2 if shift else 1)
    quadratic, logdet, across, along = np.zeros((4, len(model.group)), np.float32)
    for contrast, x in model.values.items():
        moved = np.float32(shift.get(contrast, 0) * model.white_sd[contrast])
        off = x - model.mean[name, contrast][model.group] - moved
        variance = wider * model.sd[name, contrast][model.group] ** 2
        direction = model.spread[name, contrast][model.group]
        quadratic += off**2 / variance
        logdet += np.log(variance)
        across += off * direction / variance
        along += direction**2 / variance
    value: Float = -0.5 * (quadratic - across**2 / (1 + along) + logdet + np.log1p(along))
    return value


def _log_sum(terms: list[Float]) -> Float:
    top = np.maximum.reduce(terms)
    total: Float = top + np.log(sum(np.exp(term - top) for term in terms))
    return total


def strata(model: Model) -> NDArray[np.int_]:
    """Return the kind of place that each voxel is: part of the brain, and mixture of tissues."""
    grey = np.digitize(model.shares["grey"], P.grey_steps)
    fluid = np.digitize(model.shares["fluid"], P.fluid_steps)
    mixture = grey * (len(P.fluid_steps) + 1) + fluid
    apart = (
        (len(P.grey_steps) + 1) * (len(P.fluid_steps) + 1)
        + 2 * model.group
        + (model.shares["grey"] > P.grey_half)
    )
    kinds: NDArray[np.int_] = np.where(model.group <= 1, mixture, apart)
    return kinds


def centre_and_spread(values: Float, kinds: NDArray[np.int_]) -> tuple[Float, Float]:
    """Return the median of each voxel's kind, and its SD from the lower half, which holds no lesion."""
    centre = np.zeros(int(kinds.max(initial=0)) + 1, np.float32)
    spread = np.ones_like(centre)
    for kind in np.unique(kinds):
        here = values[kinds == kind]
        centre[kind] = np.median(here)
        below = centre[kind] - here[here < centre[kind]]
        spread[kind] = max(MAD_TO_SD * float(np.median(below)) if len(below) else 0.0, P.least_spread)
    return centre[kinds], spread[kinds]


def clipped(raw: Float, white_alone: bool = False) -> Float:
    """Return evidence of which no voxel says too much. white_alone: white matter alone is searched."""
    most = P.clip_white if white_alone else P.clip
    return np.clip(raw, -most, most)


def calibrated(raw: Float, kinds: NDArray[np.int_], white_alone: bool = False) -> Float:
    """Return clipped evidence, moved so that healthy tissue of every kind is equally unlike a lesion."""
    evident = clipped(raw, white_alone)
    centre, _ = centre_and_spread(evident, kinds)
    moved: Float = evident - np.clip(centre, *P.median_range) + np.float32(P.healthy)
    return moved


def over_healthy(mean: Float, kinds: NDArray[np.int_]) -> Float:
    """Return how far evidence lies over that of healthy tissue of its kind, in SD of it."""
    centre, spread = centre_and_spread(mean, kinds)
    above: Float = (mean - np.minimum(centre, P.median_range[1])) / spread
    return above


def measured_change(model: Model, signs: dict[str, int], inside: Bool) -> Change:
    """Return the median shift within a region, fluid left out; empty where there is too little."""
    main = next(iter(signs))
    shift = {
        name: sign * (model.values[name] - model.expected(name)) / model.white_sd[name]
        for name, sign in signs.items()
    }
    tissue = inside & (shift[main] > P.tissue_above_sd)
    if tissue.sum() < P.least_voxels:
        return {}
    least = {name: P.least_shift_main_sd if name == main else P.least_shift_other_sd for name in signs}
    return {
        name: signs[name] * float(np.clip(np.median(values[tissue]), least[name], P.most_shift_sd))
        for name, values in shift.items()
    }
