"""A study's own map of healthy ADC: checked when the workflow is planned, read by the detectors."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases import template_brain
from cpimaging.images import read_image
from cpimaging.layout import TEMPLATE
from cpimaging.preprocess import ADC_MEDIAN_MM2_S
from cpimaging.registration import resample
from cpimaging.types import Image, InputError

MEAN, SD = "mean.nii.gz", "sd.nii.gz"
LEAST_COVERED = 0.8  # share of the template's brain, below which the map lies in another space [ours]


def read_norm(folder: Path | str) -> tuple[Image, Image]:
    """Return mean and SD of healthy ADC, mm²/s, in template space; the mean is 0 where nothing is known.

    folder: holds MEAN and SD. Raises InputError unless both are there, on one grid, in mm²/s, with an SD
    wherever there is a mean, and over the template's brain.
    """
    mean, sd = (read_image(Path(folder) / name) for name in (MEAN, SD))
    if not mean.same_grid(sd):
        raise InputError(folder, f"{MEAN} and {SD} lie on different grids", "write both on one grid")
    known = np.isfinite(mean.data) & (mean.data > 0)
    low, high = ADC_MEDIAN_MM2_S
    middle = float(np.median(mean.data[known])) if known.any() else 0.0
    if not low <= middle <= high:
        raise InputError(Path(folder) / MEAN, f"has a median of {middle:.3g}, no ADC in mm²/s", "scale it")
    unsure = int((known & ~((sd.data > 0) & np.isfinite(sd.data))).sum())
    if unsure:
        problem = f"has {unsure} voxels without an SD above 0 where there is a mean"
        raise InputError(Path(folder) / SD, problem, "set the mean to 0 there")
    brain = template_brain()
    covered = float(resample(mean.with_data(known), brain, mode="nearest").data[brain.data].mean())
    if covered < LEAST_COVERED:
        raise InputError(
            folder, f"covers {100 * covered:.0f} % of the template's brain", f"bring both to {TEMPLATE}"
        )
    return _only(mean, known), _only(sd, known)


def _only(image: Image, known: NDArray[np.bool_]) -> Image:
    return image.with_data(np.where(known, image.data, 0).astype(np.float32))
