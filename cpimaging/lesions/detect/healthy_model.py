"""What healthy tissue looks like in this scan, and how much better a lesion explains a voxel.

An outlier model in the manner of Van Leemput et al. 2001 (IEEE Trans Med Imaging 20:677): Gaussian classes,
spatial priors from the template, robust parameters; a lesion is tissue whose signal is shifted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.inputs import GROUPS, Float, Scene

TISSUES = ("grey", "white")
CLASSES = (*TISSUES, "fluid")
MIXED = (("white", "fluid"), ("grey", "fluid"), ("grey", "white"))
INJURED = (*TISSUES, "greywhite")
"""Classes, the pairs that share voxels, and what may be injured."""

PURE = {"grey": 0.8, "white": 0.8, "fluid": 0.7}
"""Prior share from which a voxel teaches what its class looks like (ours)."""

FLUID_IS_BRIGHT = {"T1w": False, "FLAIR": False, "T2w": True, "ADC": True}
SURFACE_MM = 4.0  # under the surface of the brain mask [ours]
PURE_IN_GROUP = 0.6
FIRST_BELOW = list(GROUPS).index("upper brainstem")
FLUID_IN_GROUP = 0.2
LEAST_TEACHERS = 40
GROUP_SHIFT = (-6.0, 6.0)
"""A part of the brain may differ from all grey or white matter by so many SD of white matter (ours)."""

TOWARDS_LESION = 2.5
NUCLEI = ("thalamus", "putamen", "pallidum", "caudate")
TOWARDS_LESION_NUCLEI = 0.75
"""… but by no more than this in the direction of a lesion: an injured nucleus must not pass for normal.
The large nuclei, which injury takes as a whole, are darker than cortex on FLAIR and T2w where healthy."""

GROUP_SPREAD = (1.0, 2.5)
CORTEX_SPREAD = 0.65
"""Share of the spread of cortex that is its own where two contrasts are read: the rest comes from voxels
shared with fluid or white matter, which two contrasts tell apart (ours)."""

LESION_SPREAD = 1.2
FOLDED = [list(GROUPS).index(name) for name in ("cerebrum", "limbic cortex")]
LIMBIC = list(GROUPS).index("limbic cortex")
LIMBIC_MM = 3.0  # limbic cortex, which is brighter than other cortex, may lie so far off [ours]
CORTEX_ALONE = -4.0
"""Log odds of a lesion in cortex that only one contrast shows: healthy cortex, most of all limbic cortex, may
be bright on FLAIR, and is then like other cortex on T1w (ours)."""

FLOOR = 1e-4
Change = Mapping[str, float]
"""Contrast -> shift of a lesion's signal in SD of white matter; the first contrast is the main one."""


@dataclass(frozen=True)
class Model:
    """Voxels of the brain as flat arrays, and the signal of each class.

    shares: class -> prior. group: index into GROUPS. values: contrast -> signal. mean, sd: (class,
    contrast) -> one number per group. spread: likewise, how far voxels of a mixed class lie from its mean
    along the line between its two tissues (1 SD), 0 in pure ones. white_sd: contrast -> SD of white matter,
    the unit of shifts. cortex: contrast -> mean and SD of all grey matter.
    """

    shares: Mapping[str, Float]
    group: NDArray[np.uint8]
    values: Mapping[str, Float]
    mean: Mapping[tuple[str, str], Float]
    sd: Mapping[tuple[str, str], Float]
    spread: Mapping[tuple[str, str], Float]
    white_sd: Mapping[str, float]
    cortex: Mapping[str, tuple[float, float]]

    def expected(self, contrast: str) -> Float:
        """Return the signal of healthy tissue, by prior alone, per voxel."""
        total = self.shares["grey"] + self.shares["white"] + np.float32(1e-3)
        parts = [self.shares[name] / total * self.mean[name, contrast][self.group] for name in TISSUES]
        result: Float = sum(parts[1:], parts[0])
        return result


def robust(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the median and 1.4826 × the median absolute deviation."""
    centre = float(np.median(values))
    return centre, float(1.4826 * np.median(np.abs(values - centre)))


def fit_model(scene: Scene, signs: Mapping[str, int]) -> Model:
    """Learn the signal of each class in the contrasts of `signs` (+1: lesions are bright, −1: dark)."""
    brain = scene.brain
    shares = {name: scene.shares[name][brain] for name in CLASSES}
    group = scene.group[brain]
    values = {name: scene.images[name].data[brain].astype(np.float32) for name in signs}
    mean: dict[tuple[str, str], Float] = {}
    sd: dict[tuple[str, str], Float] = {}
    spread: dict[tuple[str, str], Float] = {}
    white_sd, cortex = {}, {}
    for contrast, x in values.items():
        teaching = {**shares, "fluid": fluid_to_learn(scene, contrast)[brain]}
        whole = {name: robust(x[_teachers(teaching[name], name)]) for name in CLASSES}
        white_sd[contrast] = unit = max(whole["white"][1], 1e-6 * abs(whole["white"][0]), 1e-12)
        cortex[contrast] = whole["grey"][0], max(whole["grey"][1], unit)
        for name in CLASSES:
            centre, width = whole[name]
            mean[name, contrast] = np.full(len(GROUPS), centre, np.float32)
            sd[name, contrast] = np.full(len(GROUPS), max(width, unit), np.float32)
            if name == "grey" and len(values) > 1:
                sd[name, contrast][0] = max(CORTEX_SPREAD * width, unit)
            spread[name, contrast] = np.zeros(len(GROUPS), np.float32)
        for name in TISSUES:
            low, high = GROUP_SHIFT
            for index, part in enumerate(GROUPS):
                if not index:
                    continue
                near = TOWARDS_LESION_NUCLEI if part in NUCLEI else TOWARDS_LESION
                limits = (low, near) if signs[contrast] > 0 else (-near, high)
                taught = x[(group == index) & _in_group(shares, name, index)]
                if len(taught) >= LEAST_TEACHERS:
                    centre, width = robust(taught)
                    shift = np.clip((centre - whole[name][0]) / unit, *limits)
                    mean[name, contrast][index] = float(whole[name][0] + shift * unit)
                    sd[name, contrast][index] = float(np.clip(width / unit, *GROUP_SPREAD)) * unit
        _add_mixed(mean, sd, spread, contrast)
        for each in (mean, sd, spread):
            each["limbic", contrast] = np.full(len(GROUPS), each["grey", contrast][LIMBIC], np.float32)
    mixed = {a + b: 2 * shares[a] * shares[b] for a, b in MIXED}
    mixed["limbic"] = _near_limbic(scene)[brain]
    return Model({**shares, **mixed}, group, values, mean, sd, spread, white_sd, cortex)


def _near_limbic(scene: Scene) -> Float:
    """Return the prior of limbic cortex beside where the template has it."""
    there = (scene.group == LIMBIC).astype(np.float32)
    near = ndimage.gaussian_filter(there, LIMBIC_MM / np.array(scene.spacing_mm))
    return np.where(scene.group == 0, near, 0).astype(np.float32)


def fluid_to_learn(scene: Scene, contrast: str) -> Float:
    """Return the share of fluid that may teach its signal.

    Bright fluid at the surface does not where there is other: masks of bare brains run through it, and what
    is left there is dark.
    """
    share = scene.shares["fluid"]
    if not FLUID_IS_BRIGHT[contrast]:
        return share
    padded = np.pad(scene.brain, 1)
    depth_mm = ndimage.distance_transform_edt(padded, sampling=scene.spacing_mm)[1:-1, 1:-1, 1:-1]
    inner: Float = np.where(depth_mm > SURFACE_MM, share, 0).astype(np.float32)
    return inner if (inner >= PURE["fluid"]).sum() >= LEAST_TEACHERS else share


def _teachers(share: Float, name: str) -> NDArray[np.bool_]:
    """Return the voxels that are purest, at least a few."""
    least = min(PURE[name], float(np.quantile(share, 0.99)))
    found: NDArray[np.bool_] = share >= least
    return found


def _in_group(shares: Mapping[str, Float], name: str, index: int) -> NDArray[np.bool_]:
    """Return voxels that may teach a part; in the hindbrain the template hardly tells tissues."""
    below = index >= FIRST_BELOW
    found: NDArray[np.bool_] = shares[name] > (0.3 if below else PURE_IN_GROUP)
    return found & (shares["fluid"] < FLUID_IN_GROUP) if below else found


def _add_mixed(
    mean: dict[tuple[str, str], Float],
    sd: dict[tuple[str, str], Float],
    spread: dict[tuple[str, str], Float],
    contrast: str,
) -> None:
    for a, b in MIXED:
        mean[a + b, contrast] = np.asarray((mean[a, contrast] + mean[b, contrast]) / 2, np.float32)
        sd[a + b, contrast] = np.sqrt((sd[a, contrast] ** 2 + sd[b, contrast] ** 2) / 2).astype(np.float32)
        spread[a + b, contrast] = ((mean[a, contrast] - mean[b, contrast]) / 4).astype(np.float32)


def evidence(model: Model, change: Change) -> Float:
    """Return log P(signal | lesion) − log P(signal | healthy) of every voxel.

    A lesion is tissue, mixed or not, shifted in the main contrast, and in the others shifted or not.
    """
    main = next(iter(change))
    folded = np.isin(model.group, FOLDED) & (len(change) > 1)
    alone = np.where(folded, CORTEX_ALONE * model.shares["grey"], 0).astype(np.float32)
    healthy, injured = [], []
    for name, share in model.shares.items():
        start = np.log(share + np.float32(FLOOR))
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
    wider = np.float32(LESION_SPREAD**2 if shift else 1)
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
