"""What healthy tissue looks like in this scan: Gaussian classes, priors of the template, robust parameters.

The healthy part of an outlier model in the manner of Van Leemput et al. 2001 (IEEE Trans Med Imaging 20:677).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.lesions.detect.inputs import GROUPS, Float, Scene
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.types import LOOKS

TISSUES = ("grey", "white")
CLASSES = (*TISSUES, "fluid")
MIXED = (("white", "fluid"), ("grey", "fluid"), ("grey", "white"))
"""Classes, and the pairs that share voxels."""


@dataclass(frozen=True)
class Parameters:
    """The values of healthy_model.yaml."""

    pure_tissue: float
    pure_fluid: float
    purest: float
    surface_mm: float
    pure_in_group: float
    pure_in_hindbrain: float
    fluid_in_hindbrain: float
    least_teachers: int
    group_shift_sd: tuple[float, float]
    towards_lesion_sd: float
    towards_lesion_nuclei_sd: float
    group_spread_sd: tuple[float, float]
    cortex_spread: float
    limbic_mm: float


P = read_parameters(Parameters, __file__)

MAD_TO_SD = 1.4826  # of a Gaussian
PURE = {"grey": P.pure_tissue, "white": P.pure_tissue, "fluid": P.pure_fluid}
LEAST_TEACHERS = P.least_teachers
FLUID_IS_BRIGHT = {name: look.fluid_bright for name, look in LOOKS.items()}
NUCLEI = ("thalamus", "putamen", "pallidum", "caudate")
FIRST_BELOW = list(GROUPS).index("upper brainstem")
FOLDED = [list(GROUPS).index(name) for name in ("cerebrum", "limbic cortex")]
LIMBIC = list(GROUPS).index("limbic cortex")


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
    return centre, float(MAD_TO_SD * np.median(np.abs(values - centre)))


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
        for name, (centre, width) in whole.items():
            mean[name, contrast] = np.full(len(GROUPS), centre, np.float32)
            sd[name, contrast] = np.full(len(GROUPS), max(width, unit), np.float32)
            if name == "grey" and len(values) > 1:
                sd[name, contrast][0] = max(P.cortex_spread * width, unit)
            spread[name, contrast] = np.zeros(len(GROUPS), np.float32)
        for name in TISSUES:
            parts = _parts(x, group, shares, name, (whole[name][0], unit, signs[contrast]))
            for index, (centre, width) in parts.items():
                mean[name, contrast][index], sd[name, contrast][index] = centre, width
        _add_mixed(mean, sd, spread, contrast)
        for each in (mean, sd, spread):
            each["limbic", contrast] = np.full(len(GROUPS), each["grey", contrast][LIMBIC], np.float32)
    mixed = {a + b: 2 * shares[a] * shares[b] for a, b in MIXED}
    mixed["limbic"] = _near_limbic(scene)[brain]
    return Model({**shares, **mixed}, group, values, mean, sd, spread, white_sd, cortex)


def _parts(
    x: Float,
    group: NDArray[np.uint8],
    shares: Mapping[str, Float],
    name: str,
    whole: tuple[float, float, int],
) -> dict[int, tuple[float, float]]:
    """Return mean and SD of a tissue in each part of the brain that can teach its own, by index into GROUPS.

    whole: mean of the tissue in all of the brain, SD of white matter, and the sign of lesions.
    """
    middle, unit, sign = whole
    low, high = P.group_shift_sd
    found = {}
    for index, part in list(enumerate(GROUPS))[1:]:
        taught = x[(group == index) & _in_group(shares, name, index)]
        if len(taught) < P.least_teachers:
            continue
        near = P.towards_lesion_nuclei_sd if part in NUCLEI else P.towards_lesion_sd
        centre, width = robust(taught)
        shift = np.clip((centre - middle) / unit, *((low, near) if sign > 0 else (-near, high)))
        found[index] = float(middle + shift * unit), float(np.clip(width / unit, *P.group_spread_sd)) * unit
    return found


def _near_limbic(scene: Scene) -> Float:
    """Return the prior of limbic cortex beside where the template has it."""
    there = (scene.group == LIMBIC).astype(np.float32)
    near = ndimage.gaussian_filter(there, P.limbic_mm / np.array(scene.spacing_mm))
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
    inner: Float = np.where(depth_mm > P.surface_mm, share, 0).astype(np.float32)
    return inner if (inner >= PURE["fluid"]).sum() >= LEAST_TEACHERS else share


def _teachers(share: Float, name: str) -> NDArray[np.bool_]:
    """Return the voxels that are purest, at least a few."""
    least = min(PURE[name], float(np.quantile(share, P.purest)))
    found: NDArray[np.bool_] = share >= least
    return found


def _in_group(shares: Mapping[str, Float], name: str, index: int) -> NDArray[np.bool_]:
    """Return voxels that may teach a part; in the hindbrain the template hardly tells tissues."""
    below = index >= FIRST_BELOW
    found: NDArray[np.bool_] = shares[name] > (P.pure_in_hindbrain if below else P.pure_in_group)
    return found & (shares["fluid"] < P.fluid_in_hindbrain) if below else found


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
