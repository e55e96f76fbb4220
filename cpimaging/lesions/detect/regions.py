"""From noisy evidence to regions: calibrated against healthy tissue, then settled with neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import FOLDED, NUCLEI, Change, Model, evidence
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Float, Scene

EVERYWHERE = np.ones((3, 3, 3), bool)
CLIP = 2.5  # no voxel says more than this in a mean (log odds) [ours]
CLIP_WHITE = 4.0  # nor, in white matter alone, than this [ours]
HEALTHY_LOG_ODDS = -1.3  # evidence of the median healthy voxel after calibration [ours]
MEDIAN_RANGE = (-1.9, -0.7)
"""Bounds of what is taken for the evidence of a healthy place: most of an injured nucleus may be lesion."""
NEIGHBOURS = 3.0  # weight of the neighbours' mean [ours]
ROUNDS = 8
GREY_STEPS, FLUID_STEPS = (0.1, 0.3, 0.5, 0.7, 0.9), (0.03, 0.1, 0.25)


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


LEVELS = (
    Level((1.75, 1.5), 2.5, -0.5, 300.0),
    Level((1.75, 1.5), 1.5, -1.2, 200.0),
    Level((1.75, 1.5), 1.5, -1.5, 60.0),
    Level((2.5, 2.0), 1.5, -0.9, 700.0),
    Level((2.5, 2.0), 1.5, -1.5, 300.0),
    Level((2.5, 2.0), 1.5, -1.9, 80.0),
    Level((3.5, 2.0), 1.5, -1.5, 600.0),
    Level((3.5, 2.0), 1.5, -2.3, 60.0),
    Level((3.5, 2.0), 1.0, -0.5, 30.0, only_white=6.0),
    Level((5.0, 3.0), 0.7, -0.5, 15.0, only_white=6.0),
)
"""From large and faint to small and bright: the less it takes, the larger it must be (fixed on simulated
brains, ours)."""

NUCLEI_LOG_ODDS = 0.7  # added in the large nuclei, where injury is common and normal variants are rare [ours]
NUCLEI_NUMBERS = [list(GROUPS).index(name) for name in NUCLEI]
STEM_NUMBERS = [list(GROUPS).index(name) for name in ("upper brainstem", "medulla")]
STEM_GREY = 0.5
"""Weight of grey matter in `only_white` in the brainstem, which has no folds, and where the template hardly
tells grey from white (ours)."""

LEAST_VOXELS = (14, 7)
"""Fewer bright neighbours happen by chance, whatever the voxel size: in one contrast, and in two (ours)."""

START_SD = 4.0  # calibrated evidence, in SD of healthy tissue, from which a search starts [ours]

ROUGH_BIAS, ROUGH_LEAST_MM3 = -0.8, 1000.0
"""With affine priors cortex may lie where white matter is expected; only what could pull a registration
to itself is looked for, since what is left out of it for nothing is fitted badly (ours)."""

REACH_MM = 8.0  # a region grows no farther than this per round
GROWTH_ROUNDS = 3
GROWTH_SIGMA_MM = 1.5
GROWTH_BIAS = -0.5

BORDER_SHARE, CONTRAST_QUANTILE, BORDER_SIGMA_MM = 0.5, 0.75, 1.0
"""A region ends where its contrast, the upper quartile of its own shifts, has fallen by half (ours)."""

LEAST_CONTRAST_SD = 1.0  # a contrast in which a piece stands out by less does not tell where it ends [ours]
CORTICAL_SHARE = 0.5
FOLDED_SHARE = 0.3
"""Where the template has this share of cortex or fluid, what a voxel should look like is too uncertain to cut
a region by its contrast (ours)."""

LEAST_SIGMA_VOXELS = 0.6  # of any neighbourhood: less would not reach the next voxel [ours]


class Neighbourhood:
    """Means over a Gaussian neighbourhood inside the brain, on flat arrays of its voxels."""

    def __init__(self, scene: Scene, sigma_mm: float) -> None:
        self.brain = scene.brain
        self.sigma = np.maximum(sigma_mm / np.array(scene.spacing_mm), LEAST_SIGMA_VOXELS)
        self.weight = self._blur(np.ones(int(scene.brain.sum()), np.float32)) + np.float32(1e-6)

    def _blur(self, flat: Float) -> Float:
        blurred: Float = ndimage.gaussian_filter(self.volume(flat), self.sigma, truncate=3.0)[self.brain]
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


def strata(model: Model) -> NDArray[np.int_]:
    """Return the kind of place that each voxel is: part of the brain, and mixture of tissues."""
    grey = np.digitize(model.shares["grey"], GREY_STEPS)
    fluid = np.digitize(model.shares["fluid"], FLUID_STEPS)
    mixture = grey * (len(FLUID_STEPS) + 1) + fluid
    apart = (len(GREY_STEPS) + 1) * (len(FLUID_STEPS) + 1) + 2 * model.group + (model.shares["grey"] > 0.5)
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
        spread[kind] = max(1.4826 * float(np.median(below)) if len(below) else 0.1, 0.1)
    return centre[kinds], spread[kinds]


def logistic(x: Float) -> Float:
    """Return 1 / (1 + exp(−x)) without overflow."""
    value: Float = (0.5 + 0.5 * np.tanh(0.5 * x)).astype(np.float32)
    return value


def calibrated(raw: Float, kinds: NDArray[np.int_], clip: float = CLIP) -> Float:
    """Return clipped evidence, moved so that healthy tissue of every kind is equally unlike a lesion."""
    clipped = np.clip(raw, -clip, clip)
    centre, _ = centre_and_spread(clipped, kinds)
    moved: Float = clipped - np.clip(centre, *MEDIAN_RANGE) + np.float32(HEALTHY_LOG_ODDS)
    return moved


def settle(start: Float, log_odds: Float, around: Neighbourhood, where: Float | None = None) -> Float:
    """Return the probability of lesion after some rounds of mean-field updates (a Potts model)."""
    probability = start
    for _ in range(ROUNDS):
        agreement = 2 * around.mean(probability) - 1
        probability = logistic(log_odds + np.float32(NEIGHBOURS) * agreement)
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
    sites = np.isin(model.group, NUCLEI_NUMBERS) * np.float32(NUCLEI_LOG_ODDS)
    folded = np.where(np.isin(model.group, STEM_NUMBERS), STEM_GREY, 1).astype(np.float32)
    not_white = folded * model.shares["grey"] + model.shares["fluid"]
    found = np.zeros(scene.brain.shape, bool)
    for change in dict.fromkeys(level.change for level in LEVELS):
        raw = evidence(model, _change(signs, change))
        for level in (level for level in LEVELS if level.change == change):
            around = Neighbourhood(scene, level.sigma_mm)
            mean = around.mean(np.clip(raw, -CLIP, CLIP))
            centre, spread = centre_and_spread(mean, kinds)
            above = (mean - np.minimum(centre, MEDIAN_RANGE[1])) / spread
            start = logistic(np.float32(1.5) * (above - np.float32(START_SD)))
            bias, least_mm3 = level.bias, level.least_mm3
            if scene.rough:
                bias, least_mm3 = bias + ROUGH_BIAS, max(least_mm3, ROUGH_LEAST_MM3)
            odds = calibrated(raw, kinds, CLIP_WHITE if level.only_white else CLIP) + sites
            odds += np.float32(bias) - np.float32(level.only_white) * not_white
            settled = settle(start, odds, around)
            least = max(least_mm3 / scene.voxel_mm3, LEAST_VOXELS[len(signs) > 1])
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
    kinds, around = strata(model), Neighbourhood(scene, GROWTH_SIGMA_MM)
    probability = mask[scene.brain].astype(np.float32)
    for _ in range(GROWTH_ROUNDS):
        change = measured_change(model, signs, mask[scene.brain])
        if not change:
            break
        far_mm = ndimage.distance_transform_edt(~mask, sampling=scene.spacing_mm)
        near = (far_mm <= REACH_MM)[scene.brain].astype(np.float32)
        log_odds = calibrated(evidence(model, change), kinds) + np.float32(GROWTH_BIAS)
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
        cut = piece & (_share_of_contrast([values[box] for values in smooth], piece) < BORDER_SHARE)
        if cortex[box][piece].mean() >= CORTICAL_SHARE:
            cut &= ~cortex[box]
        kept[box][cut] = False
    return kept


def _share_of_contrast(shifts: Sequence[Float], piece: Bool) -> Float:
    """Return how much of its piece's contrast each voxel has, in the mean over the contrasts that show it."""
    tops = [float(np.quantile(values[piece], CONTRAST_QUANTILE)) for values in shifts]
    shares = [values / top for values, top in zip(shifts, tops, strict=True) if top >= LEAST_CONTRAST_SD]
    mean: Float = np.mean(shares, axis=0) if shares else np.ones(piece.shape, np.float32)
    return mean


def _smooth(scene: Scene, values: Float, where: Bool) -> Float:
    sigma = np.maximum(BORDER_SIGMA_MM / np.array(scene.spacing_mm), LEAST_SIGMA_VOXELS)
    weight = ndimage.gaussian_filter(where.astype(np.float32), sigma)
    smooth: Float = ndimage.gaussian_filter(np.where(where, values, 0), sigma) / np.maximum(weight, 1e-3)
    return smooth


def _near_cortex(scene: Scene) -> Bool:
    """Return where folds, which differ between brains, decide what the signal of a voxel should be."""
    near: Bool = np.isin(scene.group, FOLDED) & (scene.shares["grey"] + scene.shares["fluid"] >= FOLDED_SHARE)
    return near


def measured_change(model: Model, signs: dict[str, int], inside: NDArray[np.bool_]) -> Change:
    """Return the median shift within a region, fluid left out; empty where there is too little."""
    main = next(iter(signs))
    shift = {
        name: sign * (model.values[name] - model.expected(name)) / model.white_sd[name]
        for name, sign in signs.items()
    }
    tissue = inside & (shift[main] > -2)
    if tissue.sum() < 3:
        return {}
    least = {name: 1.2 if name == main else 0.5 for name in signs}
    return {
        name: signs[name] * float(np.clip(np.median(values[tissue]), least[name], 6.0))
        for name, values in shift.items()
    }
