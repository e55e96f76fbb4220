"""Whether an image can be used: size of the brain, holes, noise, clipped values, the right contrast."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from cpimaging.qc import limits
from cpimaging.qc.fit import FEWEST_VOXELS, Bool, Fit, Values
from cpimaging.qc.limits import at_least, at_most, within
from cpimaging.types import Flag
from cpimaging.voxels import bounding_box

FLUID_IS_BRIGHT: Mapping[str, bool] = {"T1w": False, "T2w": True, "FLAIR": False, "ADC": True}
WHITE_IS_BRIGHT: Mapping[str, bool] = {"T1w": True, "T2w": False, "FLAIR": False}
NOTHING = 1e-3
"""Share of the median signal up to which a voxel counts as empty (ours)."""

SURE_WHITE = 0.95
PURE = 0.8
"""Share from which a voxel of the warped template counts as one tissue (ours)."""


def volume_flag(brain_ml: float, age_years: float | None) -> Flag:
    """Return the flag of the brain's volume for its age."""
    expected = limits.BRAIN_ML_UNKNOWN_AGE
    if age_years is not None:
        expected = next(
            (both for until, both in limits.BRAIN_ML_BY_AGE if age_years < until),
            limits.BRAIN_ML_BY_AGE[-1][1],
        )
    return within("brain_volume_ml", brain_ml, expected, limits.BRAIN_ML_FAIL)


def raw_flags(contrast: str, raw: Values, brain: Bool) -> list[Flag]:
    """Return the flags of an image as it was given: clipped values and noise.

    brain: bool on the image's own grid.
    """
    values = raw[brain]
    if values.size < FEWEST_VOXELS:
        return []
    saturated = float((values == values.max()).mean())
    return [
        at_most(f"{contrast}_saturated_share", saturated, limits.SATURATED_SHARE_WARN),
        at_most(f"{contrast}_noise", noise(raw, brain), limits.NOISE_WARN),
    ]


def empty_flag(contrast: str, image: Values, brain: Bool) -> Flag:
    """Return the flag of the share of the brain mask in which an image, on the same grid, shows nothing."""
    values = image[brain]
    middle = abs(float(np.median(values))) if values.size else 0.0
    empty = float((np.abs(values) <= NOTHING * middle).mean()) if middle > 0 else 1.0
    return at_most(f"{contrast}_empty_share", empty, limits.EMPTY_SHARE_WARN, limits.EMPTY_SHARE_FAIL)


def noise(image: Values, brain: Bool) -> float:
    """Return the SD of the noise over the median signal in the brain.

    From the median absolute difference between each voxel and its six neighbours' mean (pseudo-residuals,
    Gasser et al. 1986, Coupé et al. 2010).
    """
    kernel = ndimage.generate_binary_structure(3, 1) / 6.0
    kernel[1, 1, 1] = 0
    box = bounding_box(brain)
    part, mask = image[box].astype(np.float64), ndimage.binary_erosion(brain[box])
    if mask.sum() < FEWEST_VOXELS:
        mask = brain[box]
    residual = np.sqrt(6 / 7) * (part - ndimage.convolve(part, kernel, mode="nearest"))[mask]
    signal = abs(float(np.median(part[mask])))
    return 1.4826 * float(np.median(np.abs(residual))) / signal if signal > 0 else 1e3


def contrast_flags(contrast: str, image: Values, fit: Fit, age_years: float | None) -> list[Flag]:
    """Return the flags that tell whether an image looks like the contrast that it is named after.

    image: intensities on the fit's grid. The order of fluid and tissue holds at any age, that of white and
    grey matter from two years on; it is not checked where the age is unknown. White matter of a T1w is even.
    """
    where = fit.brain & ~fit.lesion & (image != 0)
    shares = {"fluid": fit.template_fluid, "grey": fit.template_gm, "white": fit.template_wm}
    levels = {name: _level(image, where & (share > PURE)) for name, share in shares.items()}
    flags = []
    if all(np.isfinite(level) for level in levels.values()):
        tissue = (levels["grey"] + levels["white"]) / 2
        fluid = _signed(levels["fluid"], tissue, FLUID_IS_BRIGHT[contrast])
        flags.append(at_least(f"{contrast}_fluid_contrast", fluid, limits.FLUID_WARN, limits.FLUID_FAIL))
        if contrast in WHITE_IS_BRIGHT and age_years is not None and age_years >= limits.MATURE_YEARS:
            white = _signed(levels["white"], levels["grey"], WHITE_IS_BRIGHT[contrast])
            flags.append(at_least(f"{contrast}_white_grey_contrast", white, limits.WHITE_GREY_WARN[contrast]))
    if contrast == "T1w" and np.isfinite(levels["white"]):
        variation = _variation(image[where & (fit.template_wm > SURE_WHITE)])
        flags.append(at_most(f"{contrast}_white_variation", variation, limits.WHITE_VARIATION_WARN))
    return flags


def _variation(values: Values) -> float:
    """Return the robust coefficient of variation: 1.48 × median absolute deviation over the median."""
    middle = float(np.median(values)) if values.size else 0.0
    return 1.4826 * float(np.median(np.abs(values - middle))) / abs(middle) if middle else 1e3


def _level(image: Values, where: Bool) -> float:
    return float(np.median(image[where])) if where.sum() >= FEWEST_VOXELS else float("nan")


def _signed(a: float, b: float, bright: bool) -> float:
    """Return how much `a` differs from `b`, over their mean; above 0 where it is as expected."""
    difference = 2 * (a - b) / max(abs(a) + abs(b), 1e-9)
    return difference if bright else -difference


def lesion_flag(outside_mm3: float, total_mm3: float) -> Flag:
    """Return the flag of the lesion share outside the brain mask."""
    share = outside_mm3 / total_mm3 if total_mm3 > 0 else 0.0
    return at_most("lesion_outside_brain_share", share, limits.OUTSIDE_SHARE_WARN)


def drawn_flags(what: str, given: bool, doubt_mm: float, voxel_mm: float) -> list[Flag]:
    """Return the flags of where a mask was drawn.

    what: name of the mask. given: whether on an image of the scan. doubt_mm: how far it would lie elsewhere
    if it was drawn on another contrast that fits as well. voxel_mm: shortest edge of a voxel.
    """
    position = at_most(f"{what}_position_doubt_mm", doubt_mm, voxel_mm)
    return (
        [position] if given else [position, Flag(f"{what}_drawn_on", "another image", "of the scan", False)]
    )
