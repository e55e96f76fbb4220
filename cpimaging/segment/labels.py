"""The atlas labels brought to the ventricles of the image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.segment.ventricles import is_ventricle
from cpimaging.types import Image, Region
from cpimaging.voxels import bounding_box, signed_distance, voxels_in

REACH_MM = 15.0
"""The shift of the labels beside a ventricle fades to nothing over this distance (ours)."""

SMOOTH_MM = 2.0

TRUST_VOXELS = (1.0, 2.0)
"""Walls closer than the first need no shift, the registration is not surer than that; beyond the second
the shift is whole (ours)."""


def follow_ventricles(
    prior: Image, regions: Sequence[Region], ventricles: NDArray[np.integer], brain: NDArray[np.bool_]
) -> Image:
    """Return the labels with these ventricles, the tissue beside them shifted along with the wall.

    prior: atlas labels on the scan. ventricles: label of each ventricle voxel, 0 elsewhere. A tissue
    voxel takes the label that lay as far from the atlas's ventricle as it lies from the image's; where
    that would be a ventricle, the nearest tissue label. Outside of the brain no label moves: where the mantle
    is thinner than REACH_MM, those within would reach over its edge.
    """
    numbers = [region.index for region in regions if is_ventricle(region)]
    old, new = np.isin(prior.data, numbers), ventricles > 0
    if not (old.any() and new.any()):
        return prior
    box = bounding_box(old | new, voxels_in(REACH_MM, prior.spacing_mm))
    labels = prior.data.copy()
    shifted = _shifted(prior.data[box], old[box], new[box], prior.spacing_mm)
    labels[box] = np.where(brain[box], shifted, prior.data[box])
    labels[new] = ventricles[new]
    return prior.with_data(labels)


def _shifted(
    labels: NDArray[np.integer], old: NDArray[np.bool_], new: NDArray[np.bool_], spacing_mm: tuple[float, ...]
) -> NDArray[np.integer]:
    """Return, for the tissue of the image, the label looked up at the same distance from the old wall."""
    far, near = (signed_distance(wall, spacing_mm).astype(np.float32) for wall in (old, new))
    fade = np.clip(1 - np.maximum(near, 0) / np.float32(REACH_MM), 0, 1)
    apart = near - far
    low, high = (voxels * max(spacing_mm) for voxels in TRUST_VOXELS)
    shift = apart * np.clip((np.abs(apart) - low) / (high - low), 0, 1) * fade
    outward = np.gradient(ndimage.gaussian_filter(near, [SMOOTH_MM / s for s in spacing_mm]), *spacing_mm)
    length = np.maximum(np.sqrt(sum(np.square(g) for g in outward)), 0.5)
    places = np.indices(labels.shape, np.float32)
    for place, gradient, step, n in zip(places, outward, spacing_mm, labels.shape, strict=True):
        place += shift * gradient / length / step
        np.clip(np.rint(place), 0, n - 1, out=place)
    there = tuple(places.astype(np.intp))
    found, lost = labels[there], old[there] & ~new
    nearest = ndimage.distance_transform_edt(
        lost | new, return_distances=False, return_indices=True, sampling=spacing_mm
    )
    shifted: NDArray[np.integer] = np.where(lost, found[tuple(nearest)], found)
    return shifted
