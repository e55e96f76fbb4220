"""A study's own map of healthy ADC: checked when the workflow is planned, read by the detectors."""

from math import inf
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases import template_brain
from cpimaging.atlases.ages.table import LEAST_WEEKS, weeks_of
from cpimaging.bids.scan import Scan
from cpimaging.images import read_image
from cpimaging.io import read_json
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.preprocess import ADC_MEDIAN_MM2_S
from cpimaging.registration import resample
from cpimaging.types import Image, InputError

Norm = tuple[Image, Image]
"""Mean and SD of healthy ADC in mm²/s, in template space."""

MEAN, SD = "mean.nii.gz", "sd.nii.gz"
AGES = "PostmenstrualWeeks"
"""Key of the JSON file beside the mean: least and greatest age of the healthy people."""
LEAST_COVERED = 0.8  # share of the template's brain, below which the map lies in another space [ours]


def read_norm(folder: Path | str) -> Norm:
    """Return mean and SD of healthy ADC, mm²/s, in template space; the mean is 0 where nothing is known.

    folder: holds MEAN and SD. Raises InputError unless both are there, on one grid, in mm²/s, with an SD
    wherever there is a mean, and over the template's brain; or where the ages that it says are no range.
    """
    read_ages(folder)
    return checked(folder, *(read_image(Path(folder) / name) for name in (MEAN, SD)))


def checked(folder: Path | str, mean: Image, sd: Image) -> Norm:
    """Return both, 0 where nothing is known. Raises InputError as `read_norm` does."""
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


def norm_for(folder: Path | str, scan: Scan) -> tuple[Norm | None, str]:
    """Return the map of a folder where it is one of the scan's age, and what is to be told of its age."""
    ages = read_ages(folder)
    if ages is None:
        return read_norm(folder), f"the map of healthy ADC does not say of which ages it is ({AGES})"
    low, high = ages
    weeks = weeks_of(scan.age_years, scan.pma_weeks)
    if weeks is not None and low <= weeks <= high:
        return read_norm(folder), ""
    return None, f"the map of healthy ADC is of {low:g} to {high:g} postmenstrual weeks and is not used here"


def read_ages(folder: Path | str) -> tuple[float, float] | None:
    """Return least and greatest postmenstrual age of the people of a map, None where it does not say.

    Raises InputError for what is no range.
    """
    path = Path(sidecar_path(str(Path(folder) / MEAN)))
    told = read_json(path).get(AGES) if path.is_file() else None
    if told is None:
        return None
    try:
        low, high = (float(weeks) for weeks in told)
    except (TypeError, ValueError):
        raise InputError(path, f"{AGES} is {told}, no two numbers", "write it as [36, 44]") from None
    if not LEAST_WEEKS <= low <= high < inf:
        problem = f"{AGES}: {low:g} to {high:g} is no range of postmenstrual ages"
        raise InputError(path, problem, "give weeks since the last menstruation: 40 is term, 92 a year later")
    return low, high


def _only(image: Image, known: NDArray[np.bool_]) -> Image:
    return image.with_data(np.where(known, image.data, 0).astype(np.float32))
