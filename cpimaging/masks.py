"""A given mask: how its values are read, where it lies, and on which grid."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.images import read_image
from cpimaging.registration import Matrix, resample, to_voxels
from cpimaging.types import Image, InputError

LESION_INSIDE_SHARE = 0.5
"""At least this share of a lesion mask must meet the brain, or its position is taken for wrong (ours)."""


CURE = "give a mask of 0 and 1"

Bool = NDArray[np.bool_]

SOFT_CUT = 0.5
"""Share of its scale from which a voxel of a soft mask counts as inside."""

ROUNDING = 1e-3
"""Share of their scale by which stored values may be off: 8 bits with a slope read as 1.00000006 (ours)."""

LABELS_AT_MOST = 10
"""So many different whole numbers above 0 are labels; more are the steps of a soft mask (ours)."""

SCALES = {100.0: "a soft mask in percent", 255.0: "a soft mask of 255"}

WHOLE_SCALE = 0.9
"""Whole numbers whose top does not reach this share of a scale may as well be numbered lesions (ours)."""


MOST_PADDED_VOXELS = 64_000_000
"""A whole head at 0.5 mm has fewer; measuring more takes several gigabytes (ours)."""

LATTICE_VOXELS = 0.1
"""Voxels closer than this share of their edge lie on one another: headers are rounded (ours)."""


def read_mask(path: Path, shown: Path | str | None = None) -> tuple[Image, list[str]]:
    """Read a mask on its own grid as boolean, with notes on how its values were read. shown: its name."""
    return binary_mask(read_image(path, labels=True), shown or path)


def binary_mask(mask: Image, path: Path | str) -> tuple[Image, list[str]]:
    """Return a boolean mask and notes on how its values were read, as `values_inside`."""
    inside, notes = values_inside(mask.data, path)
    return mask.with_data(inside), notes


def values_inside(values: NDArray[Any], path: Path | str, zeros: bool = False) -> tuple[Bool, list[str]]:
    """Tell which values of a mask mean inside, with notes where that was not plain.

    values: of any shape. zeros: whether voxels of 0 were left out of them. Fractions count from 0.5. Above 1:
    of two values the higher counts, a few whole numbers are labels that all count, and of percent or 255
    the upper half counts. Not-a-number counts as 0. Raises InputError for what is none of these, and for
    a mask that would read as empty although its values are not all 0.
    """
    if values.dtype.kind not in "biuf":
        raise InputError(path, "is not a mask: its voxels are colours or no plain numbers", CURE)
    unknown = np.isnan(values) if values.dtype.kind == "f" else np.zeros((), bool)
    known = np.where(unknown, 0, values) if unknown.any() else values
    top, low = float(known.max(initial=0)), float(known.min(initial=0))
    if not np.isfinite(top) or low < -ROUNDING * top:
        raise InputError(path, "is not a mask: it has negative or infinite values", CURE)
    if top == 0:
        if unknown.any():
            raise InputError(
                path, "is not a mask: it holds nothing but 0 and voxels that are no numbers", CURE
            )
        return np.zeros(values.shape, bool), []
    zeros = zeros or bool(unknown.any())
    cut, notes = _cut(known, top, zeros, path)
    if unknown.any():
        notes = [*notes, "voxels of the mask that are no numbers count as outside"]
    return known >= cut, notes


def _cut(values: NDArray[Any], top: float, zeros: bool, path: Path | str) -> tuple[float, list[str]]:
    """Return the value from which voxels are inside, and notes. values: numbers up to `top`, above 0."""
    soft = "soft mask: voxels of 0.5 and more count as inside"
    if abs(top - 1) <= ROUNDING:
        between = (values > ROUNDING) & (values < 1 - ROUNDING)
        return SOFT_CUT, [soft] if between.any() else []
    levels = np.unique(values)
    if zeros and levels[0] != 0:
        levels = np.concatenate([[0], levels])
    if len(levels) <= 2:
        lowest = levels[0] if len(levels) == 2 else 0
        return top, [f"mask values {lowest:g} and {top:g}: the higher counts as inside"]
    if SOFT_CUT <= top < 1:
        return SOFT_CUT, [soft]
    whole = top > 1 and bool((np.abs(levels - np.rint(levels)) <= ROUNDING).all())
    labels = np.unique(np.rint(levels)).size - 1
    if whole and labels <= LABELS_AT_MOST:
        return 0.5, [f"mask values are labels up to {top:g}: everything above 0 counts as inside"]
    for scale, name in SCALES.items():
        least = WHOLE_SCALE if whole else SOFT_CUT
        if least * scale <= top <= (1 + ROUNDING) * scale:
            return SOFT_CUT * scale, [f"{name}: voxels of {SOFT_CUT * scale:g} and more count as inside"]
    problem = f"its values up to {top:g} are none of a mask (0 and 1, fractions, labels, percent, 255)"
    if top < SOFT_CUT:
        problem = (
            f"is a soft mask that nowhere reaches {SOFT_CUT:g} (at most {top:g}): nothing would be inside"
        )
    raise InputError(path, problem, CURE)


def of_same_grid(mask: Image, images: Mapping[str, Image]) -> list[str]:
    """Return the names of the images on whose grid a mask lies; if on none as a whole, of which it is a part.

    images: grids, whatever way their axes run. The voxels of a part, a cropped mask, lie on the image's.
    """
    parts = {name: part for name, image in images.items() if (part := _part_of(mask, image)) is not None}
    whole = [name for name, (low, high) in parts.items() if _is_whole(low, high, images[name])]
    return whole or list(parts)


def _part_of(mask: Image, image: Image) -> tuple[NDArray[np.int_], NDArray[np.int_]] | None:
    """Return the first and last voxel of an image that a mask covers, None where their voxels do not meet."""
    between = np.linalg.inv(image.affine) @ mask.affine
    whole = np.rint(between)
    steps = np.abs(whole[:3, :3])
    if (steps.sum(axis=0) != 1).any() or (steps.sum(axis=1) != 1).any():
        return None
    ends = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]) * [*np.subtract(mask.shape, 1), 1]
    if np.abs((between - whole)[:3] @ ends.T).max() > LATTICE_VOXELS:
        return None
    at = (whole[:3] @ ends.T).astype(int)
    low, high = at.min(axis=1), at.max(axis=1)
    return (low, high) if (low >= 0).all() and (high < image.shape).all() else None


def _is_whole(low: NDArray[np.int_], high: NDArray[np.int_], image: Image) -> bool:
    return not low.any() and bool((high + 1 == image.shape).all())


def check_header(mask: Image, images: Mapping[str, Image], path: Path | str) -> None:
    """Refuse a mask that has the shape of an image but another position than any: its header was lost.

    images: name in messages -> grid.
    """
    alike = [name for name, image in images.items() if sorted(image.shape) == sorted(mask.shape)]
    if alike and not of_same_grid(mask, images):
        cure = f"if it was drawn on {alike[0]}, copy that image's header to it"
        raise InputError(path, "has the shape of the scan but another position", cure)


def place_mask(mask: Image, reference: Image) -> tuple[Image, list[str]]:
    """Return a boolean mask on the reference grid, by world position, and a note where grids differ."""
    if mask.same_grid(reference, tolerance_mm=LATTICE_VOXELS * min(reference.spacing_mm)):
        return Image(mask.data, reference.affine, reference.axcodes), []
    placed = resample(mask, reference, mode="nearest")
    return placed, ["the mask lies on another grid than the scan; brought over by its position in mm"]


def moved_mask(mask: Image, matrix: Matrix) -> Image:
    """Return a mask that was drawn on another image where it lies on the reference: no voxel is changed.

    matrix: rigid, takes points of the reference to points of that image, (4, 4) mm. Its turn is made exact:
    that of a fit stretches by 1e-7, and the volume of a voxel must not change.
    """
    if np.array_equal(matrix, np.eye(4)):
        return mask
    left, _, right = np.linalg.svd(matrix[:3, :3])
    exact = matrix.copy()
    exact[:3, :3] = left @ right
    return Image(mask.data, np.linalg.inv(exact) @ mask.affine, mask.axcodes)


def covering_mask(mask: Image, brain: Image, path: Path | str) -> Image:
    """Return a mask on a grid that covers the brain, both boolean, padded with background; no voxel changes.

    A part of the brain's grid becomes the whole of it; a mask that covers the brain is returned as it is.
    Raises InputError where the voxels are too fine to cover a brain with them.
    """
    part = _part_of(mask, brain)
    if part is not None and mask.affine[:3, :3].round(3).tolist() == brain.affine[:3, :3].round(3).tolist():
        first, size, affine = -part[0], np.array(brain.shape), brain.affine
    else:
        edge = brain.data & ~ndimage.binary_erosion(brain.data)
        points = np.argwhere(edge) @ brain.affine[:3, :3].T + brain.affine[:3, 3]
        voxels = np.rint(to_voxels(points, mask)).astype(int)
        first = np.minimum(voxels.min(axis=0, initial=0), 0)
        size = np.maximum(voxels.max(axis=0, initial=0) + 1, mask.shape) - first
        affine = mask.affine.copy()
        affine[:3, 3] = (mask.affine @ [*first, 1.0])[:3]
    if (size == mask.shape).all():
        return mask
    if int(np.prod(size)) > MOST_PADDED_VOXELS:
        problem = "is a part of a grid too fine for the whole brain to be measured on"
        raise InputError(path, problem, "give it on the grid of the image that it was drawn on")
    data = np.zeros(size, bool)
    data[tuple(slice(-start, n - start) for start, n in zip(first, mask.shape, strict=True))] = mask.data
    return Image(data, affine, mask.axcodes)


def check_lesion_position(lesion: Image, brain: Image, path: Path | str, drawn_on: str | None = None) -> None:
    """Refuse a lesion mask that lies mostly outside the brain; each on its own grid.

    drawn_on: the image whose grid it has, so that its header is not what is wrong; None for one of its own.
    """
    if not lesion.data.any():
        return
    near = ndimage.binary_dilation(brain.data, iterations=max(1, round(5 / min(brain.spacing_mm))))
    around = resample(brain.with_data(near), lesion, mode="nearest").data
    inside = float((lesion.data & around).sum() / lesion.data.sum())
    if inside < LESION_INSIDE_SHARE:
        problem = f"lies outside the brain ({100 * inside:.0f} % inside)"
        cure = "its position does not fit the scan: give it on the grid of the image that it was drawn on"
        if drawn_on:
            cure = f"its grid is that of {drawn_on}: check whose and when it is, and the brain mask"
        raise InputError(path, problem, cure)
