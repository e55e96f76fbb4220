"""Whether an image can be used: size of the brain, holes, noise, clipped values, the right contrast."""

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from cpimaging.qc.fit import FEWEST_VOXELS, Bool, Fit, Values
from cpimaging.types import LOOKS
from cpimaging.voxels import bounding_box

NOTHING = 1e-3
"""Share of the median signal up to which a voxel counts as empty (ours)."""

SURE_WHITE = 0.95
PURE = 0.8
"""Share from which a voxel of the warped template counts as one tissue (ours)."""


def saturated_share(values: Values) -> float:
    """Return the share of values that are the highest."""
    return float((values == values.max()).mean())


def empty_share(image: Values, brain: Bool) -> float:
    """Return the share of the brain mask in which an image, on the same grid, shows nothing."""
    values = image[brain]
    middle = abs(float(np.median(values))) if values.size else 0.0
    return float((np.abs(values) <= NOTHING * middle).mean()) if middle > 0 else 1.0


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


class Levels(NamedTuple):
    """Median signal where the warped template is sure of one tissue; NaN where too few voxels are."""

    fluid: float
    grey: float
    white: float


def levels(image: Values, fit: Fit, off_edge: bool = False) -> Levels:
    """Return the signal of each tissue outside of the lesion. image: intensities on the fit's grid.

    off_edge: fluid is not read from the outermost voxels of the brain, where that around a newborn's is
    averaged with what was cut away.
    """
    where = fit.brain & ~fit.lesion & (image != 0)
    wet = where & ndimage.binary_erosion(fit.brain) if off_edge else where
    shares = ((fit.template_fluid, wet), (fit.template_gm, where), (fit.template_wm, where))
    return Levels(*(_level(image, counted & (share > PURE)) for share, counted in shares))


def fluid_contrast(of: Levels, contrast: str, grey_alone: bool = False) -> float | None:
    """Return fluid against tissue over their mean, above 0 where it is as expected; None if one is not seen.

    grey_alone: tissue is grey matter. An infant's white matter, wet and without myelin, is nearly as bright
    on T2w and as dark on T1w as fluid; the order of fluid and grey matter holds at any age.
    """
    if not np.isfinite(of).all():
        return None
    tissue = of.grey if grey_alone else (of.grey + of.white) / 2
    return _signed(of.fluid, tissue, LOOKS[contrast].fluid_bright)


def white_grey_contrast(of: Levels, contrast: str) -> float | None:
    """Return white against grey matter as in `fluid_contrast`; what is expected is so from two years on."""
    bright = LOOKS[contrast].white_bright
    return None if bright is None or not np.isfinite(of).all() else _signed(of.white, of.grey, bright)


def white_variation(image: Values, fit: Fit) -> float:
    """Return the robust coefficient of variation in white matter outside of the lesion."""
    where = fit.brain & ~fit.lesion & (image != 0)
    return _variation(image[where & (fit.template_wm > SURE_WHITE)])


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
