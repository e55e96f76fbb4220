"""From noisy evidence to regions: settled with their neighbours, grown, and cut where their contrast ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.evidence import (
    Change,
    calibrated,
    clipped,
    evidence,
    measured_change,
    over_healthy,
    strata,
)
from cpimaging.lesions.detect.healthy_model import FOLDED, NUCLEI, Model
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Float, Scene
from cpimaging.lesions.detect.parameters import read_parameters

EVERYWHERE = np.ones((3, 3, 3), bool)
"""Neighbours of a voxel, corners included."""


@dataclass(frozen=True)
class Level:
    """One search: for lesions of this contrast, at this scale, from this size on.

    change: shift in SD of white matter, in the main contrast and in others. sigma_mm: neighbourhood.
    bias: log odds added to every voxel. least_mm3: smaller regions are dropped. only_white: log odds taken
    off by the prior share of anything but white matter.
    """

    change: tuple[float, float]
    sigma_mm: float
    bias: float
    least_mm3: float
    only_white: float = 0.0


@dataclass(frozen=True)
class Parameters:
    """The values of regions.yaml."""

    neighbours: float
    rounds: int
    truncate_sd: float
    least_sigma_voxels: float
    levels: tuple[tuple[float, float, float, float, float, float], ...]
    nuclei_log_odds: float
    stem_grey: float
    least_voxels_alone: int
    least_voxels_paired: int
    start_sd: float
    start_slope: float
    rough_bias: float
    rough_least_mm3: float
    reach_mm: float
    growth_rounds: int
    growth_sigma_mm: float
    growth_bias: float
    border_share: float
    contrast_quantile: float
    border_sigma_mm: float
    least_contrast_sd: float
    cortical_share: float
    folded_share: float


P = read_parameters(Parameters, __file__)

LEVELS = tuple(Level((main, other), *rest) for main, other, *rest in P.levels)
"""From large and faint to small and bright: the less it takes, the larger it must be."""

NUCLEI_NUMBERS = [list(GROUPS).index(name) for name in NUCLEI]
STEM_NUMBERS = [list(GROUPS).index(name) for name in ("upper brainstem", "medulla")]


class Neighbourhood:
    """Means over a Gaussian neighbourhood inside the brain, on flat arrays of its voxels."""

    def __init__(self, scene: Scene, sigma_mm: float) -> None:
        self.brain = scene.brain
        self.sigma = np.maximum(sigma_mm / np.array(scene.spacing_mm), P.least_sigma_voxels)
        self.weight = self._blur(np.ones(int(scene.brain.sum()), np.float32)) + np.float32(1e-6)

    def _blur(self, flat: Float) -> Float:
        blurred: Float = ndimage.gaussian_filter(self.volume(flat), self.sigma, truncate=P.truncate_sd)[
            self.brain
        ]
        return blurred

    def volume(self, flat: NDArray[Any]) -> NDArray[Any]:
        """Return a flat array as a volume, 0 outside of the brain."""
        full = np.zeros(self.brain.shape, flat.dtype)
        full[self.brain] = flat
        return full

    def mean(self, flat: Float) -> Float:
        """Return the mean around each voxel."""
        result: Float = self._blur(flat) / self.weight
        return result


def logistic(x: Float) -> Float:
    """Return 1 / (1 + exp(−x)) without overflow."""
    value: Float = (0.5 + 0.5 * np.tanh(0.5 * x)).astype(np.float32)
    return value


def settle(start: Float, log_odds: Float, around: Neighbourhood, where: Float | None = None) -> Float:
    """Return the probability of lesion after some rounds of mean-field updates (a Potts model)."""
    probability = start
    for _ in range(P.rounds):
        agreement = 2 * around.mean(probability) - 1
        probability = logistic(log_odds + np.float32(P.neighbours) * agreement)
        if where is not None:
            probability = probability * where
    return probability


def large(mask: Bool, least_voxels: float) -> Bool:
    """Return the pieces (26-connected) of at least this many voxels."""
    pieces, _ = ndimage.label(mask, EVERYWHERE)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    kept: Bool = (sizes >= least_voxels)[pieces]
    return kept


def seeds(scene: Scene, model: Model, signs: dict[str, int]) -> Bool:
    """Return regions that are lesion with certainty at one of LEVELS."""
    kinds = strata(model)
    sites = np.isin(model.group, NUCLEI_NUMBERS) * np.float32(P.nuclei_log_odds)
    folded = np.where(np.isin(model.group, STEM_NUMBERS), P.stem_grey, 1).astype(np.float32)
    not_white = folded * model.shares["grey"] + model.shares["fluid"]
    least_voxels = P.least_voxels_paired if len(signs) > 1 else P.least_voxels_alone
    found = np.zeros(scene.brain.shape, bool)
    for change in dict.fromkeys(level.change for level in LEVELS):
        raw = evidence(model, _change(signs, change))
        for level in (level for level in LEVELS if level.change == change):
            around = Neighbourhood(scene, level.sigma_mm)
            above = over_healthy(around.mean(clipped(raw)), kinds)
            start = logistic(np.float32(P.start_slope) * (above - np.float32(P.start_sd)))
            bias, least_mm3 = level.bias, level.least_mm3
            if scene.rough:
                bias, least_mm3 = bias + P.rough_bias, max(least_mm3, P.rough_least_mm3)
            odds = calibrated(raw, kinds, white_alone=level.only_white > 0) + sites
            odds += np.float32(bias) - np.float32(level.only_white) * not_white
            settled = settle(start, odds, around)
            least = max(least_mm3 / scene.voxel_mm3, least_voxels)
            found |= large(around.volume(settled > 0.5), least)
    return found


def _change(signs: dict[str, int], shift: tuple[float, float]) -> Change:
    return {name: sign * shift[min(i, 1)] for i, (name, sign) in enumerate(signs.items())}


def grow(
    scene: Scene, model: Model, signs: dict[str, int], certain: Bool, likely: Bool
) -> tuple[Bool, Float]:
    """Grow regions to where their own contrast ends; return mask and probability.

    The contrast is measured in the regions, so that the border lies half way to healthy tissue. What was
    certain to begin with stays; what was likely stays where the signal bears it out.
    """
    mask = certain | likely
    if not mask.any():
        return mask, np.zeros(mask.shape, np.float32)
    kinds, around = strata(model), Neighbourhood(scene, P.growth_sigma_mm)
    probability = mask[scene.brain].astype(np.float32)
    for _ in range(P.growth_rounds):
        change = measured_change(model, signs, mask[scene.brain])
        if not change:
            break
        far_mm = ndimage.distance_transform_edt(~mask, sampling=scene.spacing_mm)
        near = (far_mm <= P.reach_mm)[scene.brain].astype(np.float32)
        log_odds = calibrated(evidence(model, change), kinds) + np.float32(P.growth_bias)
        probability = settle(mask[scene.brain].astype(np.float32), log_odds, around, near)
        pieces, _ = ndimage.label(around.volume(probability > 0.5), EVERYWHERE)
        mask = np.isin(pieces, np.setdiff1d(pieces[mask], [0]))
    return certain | mask, around.volume(probability)


def own_border(scene: Scene, mask: Bool, shifts: Sequence[Float]) -> Bool:
    """Return each piece of a mask up to where its own contrast has fallen by half; fluid in it stays.

    shifts: per contrast, towards a lesion, in SD of white matter; inf in fluid. Those in which a piece stands
    out count, in equal parts. A piece that lies mostly in cortex is not cut there.
    """
    solid = scene.brain & np.isfinite(shifts[0])
    smooth = [_smooth(scene, shift, solid) for shift in shifts]
    cortex = _near_cortex(scene)
    pieces, _ = ndimage.label(mask, EVERYWHERE)
    kept = mask.copy()
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        piece = (pieces[box] == number) & solid[box]
        if not piece.any():
            continue
        cut = piece & (_share_of_contrast([values[box] for values in smooth], piece) < P.border_share)
        if cortex[box][piece].mean() >= P.cortical_share:
            cut &= ~cortex[box]
        kept[box][cut] = False
    return kept


def _share_of_contrast(shifts: Sequence[Float], piece: Bool) -> Float:
    """Return how much of its piece's contrast each voxel has, in the mean over the contrasts that show it."""
    tops = [float(np.quantile(values[piece], P.contrast_quantile)) for values in shifts]
    shares = [values / top for values, top in zip(shifts, tops, strict=True) if top >= P.least_contrast_sd]
    mean: Float = np.mean(shares, axis=0) if shares else np.ones(piece.shape, np.float32)
    return mean


def _smooth(scene: Scene, values: Float, where: Bool) -> Float:
    sigma = np.maximum(P.border_sigma_mm / np.array(scene.spacing_mm), P.least_sigma_voxels)
    weight = ndimage.gaussian_filter(where.astype(np.float32), sigma)
    smooth: Float = ndimage.gaussian_filter(np.where(where, values, 0), sigma) / np.maximum(weight, 1e-3)
    return smooth


def _near_cortex(scene: Scene) -> Bool:
    """Return where folds, which differ between brains, decide what the signal of a voxel should be."""
    near: Bool = np.isin(scene.group, FOLDED) & (
        scene.shares["grey"] + scene.shares["fluid"] >= P.folded_share
    )
    return near
