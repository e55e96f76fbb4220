"""Steps on arrays of voxels that several rooms take: boxes, pieces, distances, every so many voxels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image

Bool = NDArray[np.bool_]
Steps = NDArray[np.int_]
Spacing = tuple[float, ...]


def bounding_box(mask: Bool, room: Sequence[int] | Steps = (0, 0, 0)) -> tuple[slice, ...]:
    """Return the smallest box around a mask, within the grid; an empty one where the mask is empty.

    room: voxels more on both ends of each axis.
    """
    axes = range(mask.ndim)
    # not by ndimage.find_objects, which takes five times as long
    along = [np.flatnonzero(mask.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    if not along[0].size:
        return tuple(slice(0, 0) for _ in axes)
    return tuple(
        slice(max(int(places[0] - more), 0), min(int(places[-1] + more) + 1, n))
        for places, more, n in zip(along, room, mask.shape, strict=True)
    )


def voxels_in(length_mm: float, spacing_mm: Spacing) -> Steps:
    """Return how many voxels, at least, a length takes along each axis."""
    voxels: Steps = np.ceil(length_mm / np.array(spacing_mm)).astype(int)
    return voxels


def largest_piece(mask: Bool, corners: bool = False) -> Bool:
    """Return the largest connected piece of a mask, the first of equals; by faces, or by corners too."""
    pieces, count = ndimage.label(mask, np.ones((3, 3, 3)) if corners else None)
    if count < 2:
        return mask
    largest: Bool = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    return largest


def depth_mm(mask: Bool, spacing_mm: Spacing) -> NDArray[np.float64]:
    """Return the distance in mm of the voxels of a mask from the nearest one that is not in it, 0 outside.

    Only the box around the mask and one voxel more is looked at: nothing that lies beyond is nearer.
    """
    depth = np.zeros(mask.shape)
    box = bounding_box(mask, (1, 1, 1))
    depth[box] = ndimage.distance_transform_edt(mask[box], sampling=spacing_mm)
    return depth


def signed_distance(mask: Bool, spacing_mm: Spacing, wall_mm: float = 0.0) -> NDArray[np.float64]:
    """Return the distance in mm from the surface of a mask, negative inside, float64.

    Distances run to the centre of the nearest voxel beyond the surface, less wall_mm: half a voxel makes
    both sides meet.
    """
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    distance: NDArray[np.float64] = np.where(mask, wall_mm - depth_mm(mask, spacing_mm), outside - wall_mm)
    return distance


def steps_of(length_mm: float, spacing_mm: Spacing) -> Steps:
    """Return every how many voxels of each axis are about a length apart, at least every one."""
    steps: Steps = np.maximum(np.round(length_mm / np.array(spacing_mm)).astype(int), 1)
    return steps


def stride(steps: Sequence[int] | Steps, first: Sequence[int] | Steps = (0, 0, 0)) -> tuple[slice, ...]:
    """Return the index of every so many voxels along each axis, from the first on."""
    return tuple(slice(int(start), None, int(step)) for start, step in zip(first, steps, strict=True))


def strided(image: Image, steps: Sequence[int] | Steps, first: Sequence[int] | Steps = (0, 0, 0)) -> Image:
    """Return an image of every so many voxels; what lies between is dropped, so smooth it before."""
    change = np.diag([*steps, 1.0])
    change[:3, 3] = first
    kept = np.ascontiguousarray(image.data[stride(steps, first)])
    return Image(kept, image.affine @ change, image.axcodes)
