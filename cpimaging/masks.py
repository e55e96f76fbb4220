"""A given mask: how its values are read, where it lies, and on which grid."""

from pathlib import Path

import numpy as np
from scipy import ndimage

from cpimaging.io import read_image
from cpimaging.registration import resample
from cpimaging.types import Image, InputError

LESION_INSIDE_SHARE = 0.5
"""At least this share of a lesion mask must meet the brain, or its position is taken for wrong (ours)."""


def read_mask(path: Path) -> tuple[Image, list[str]]:
    """Read a mask on its own grid as boolean, with notes on how its values were read."""
    return binary_mask(read_image(path, labels=True), path)


def binary_mask(mask: Image, path: Path | str) -> tuple[Image, list[str]]:
    """Return a boolean mask and a note on how its values were read.

    Two values mean outside and inside. Fractions between 0 and 1 count from 0.5; other numbers above
    0 count. Raises InputError on negative or non-finite values.
    """
    data = mask.data
    if not np.isfinite(data).all() or data.min() < 0:
        raise InputError(
            path, "is not a mask: it has negative or non-finite values", "give a mask of 0 and 1"
        )
    top = float(data.max())
    if top <= 1:
        return mask.with_data(data >= 0.5), []
    return mask.with_data(data > 0), [f"mask values up to {top:g}; everything above 0 counts as inside"]


def place_mask(mask: Image, reference: Image, path: Path | str) -> tuple[Image, list[str]]:
    """Return a boolean mask on the reference grid, by world position, and a note where grids differ.

    Raises InputError for a mask that has the shape of the reference but another position: its header
    was lost.
    """
    if mask.same_grid(reference, tolerance_mm=0.1 * min(reference.spacing_mm)):
        return Image(mask.data, reference.affine, reference.axcodes), []
    if mask.shape == reference.shape:
        raise InputError(
            path, "has the shape of the scan but another position", "copy the scan's header to it"
        )
    placed = resample(mask, reference, mode="nearest")
    return placed, ["the mask lies on another grid than the scan; brought over by its position in mm"]


def check_lesion_position(lesion: Image, brain: Image, path: Path | str) -> None:
    """Refuse a lesion mask that lies mostly outside the brain; each on its own grid."""
    if not lesion.data.any():
        return
    near = ndimage.binary_dilation(brain.data, iterations=max(1, round(5 / min(brain.spacing_mm))))
    around = resample(brain.with_data(near), lesion, mode="nearest").data
    inside = float((lesion.data & around).sum() / lesion.data.sum())
    if inside < LESION_INSIDE_SHARE:
        problem = f"lies outside the brain ({100 * inside:.0f} % inside): its position does not fit the scan"
        raise InputError(path, problem, "copy the scan's header to it")
