"""How deep white matter lies between the ventricle and the cortex, and its layers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image, Region, region_positions
from cpimaging.voxels import bounding_box

LAYER_LIMITS = (1 / 3, 2 / 3)
"""Three LAYERS of equal normalised depth. That there are three (periventricular, middle,
cortico-subcortical) is from Fiori et al. 2014, Dev Med Child Neurol 56:839; equal steps of normalised
depth are from the bullseye plot of Sudre et al. 2018, J Neuroradiol 45:114."""


def white_matter_depth(
    labels: Image, regions: Sequence[Region]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how deep each white-matter voxel lies between the ventricle and the cortex.

    Returns two arrays of the grid's shape: depth d_v / (d_v + d_c), 0 at the wall of the lateral
    ventricle and 1 at the cortex, NaN outside of the cerebral white matter; and d_v in mm, NaN outside
    of the box around the labels. Distances run straight from a voxel's centre to the wall, with real
    spacing. Only the lateral ventricles and only labels of tissue cortex count: neither deep grey matter
    nor an edge or hole of the labels ends the white matter, so that white matter beside deep grey is not
    taken for subcortical. An atlas whose regions name no lateral ventricle, or no cortex, gives NaN.
    Raises ValueError where `regions` name them and the labels hold none.
    Normalised distance: Sudre et al. 2018, J Neuroradiol 45:114 (bullseye plot).
    """
    positions = region_positions(labels.data, regions)
    box = bounding_box(positions > 0)
    inside = positions[box]
    ventricle = _from_ventricle_mm(inside, labels, regions)
    cortex = _distance_mm(inside, _cortices(regions), labels.spacing_mm, "cortex")
    white = member(inside, [region.tissue == "white_matter" for region in regions])
    depth = _unknown(labels)
    depth[box][white] = ventricle[white] / (ventricle[white] + cortex[white])
    distance_mm = _unknown(labels)
    distance_mm[box] = ventricle
    return depth, distance_mm


def ventricle_distance_mm(labels: Image, regions: Sequence[Region]) -> NDArray[np.float32]:
    """Return the second array of `white_matter_depth` alone, in a quarter of the time."""
    positions = region_positions(labels.data, regions)
    box = bounding_box(positions > 0)
    distance_mm = _unknown(labels)
    distance_mm[box] = _from_ventricle_mm(positions[box], labels, regions)
    return distance_mm


def _unknown(labels: Image) -> NDArray[np.float32]:
    return np.full(labels.shape, np.nan, dtype=np.float32)


def _from_ventricle_mm(
    positions: NDArray[np.int32], labels: Image, regions: Sequence[Region]
) -> NDArray[np.float32]:
    return _distance_mm(positions, lateral_ventricles(regions), labels.spacing_mm, "lateral ventricle")


def lateral_ventricles(regions: Sequence[Region]) -> list[bool]:
    """Tell which regions are lateral ventricle."""
    return [region.structure.startswith("lateral_ventricle") for region in regions]


def _cortices(regions: Sequence[Region]) -> list[bool]:
    return [region.tissue == "cortex" for region in regions]


def has_layers(regions: Sequence[Region]) -> bool:
    """Tell whether an atlas names what white matter lies between: the lateral ventricle and the cortex."""
    return any(lateral_ventricles(regions)) and any(_cortices(regions))


def _distance_mm(
    positions: NDArray[np.int32], chosen: Sequence[bool], spacing_mm: tuple[float, ...], what: str
) -> NDArray[np.float32]:
    """Return the distance of every voxel's centre from the wall of the chosen regions, 0 inside.

    The straight line to the nearest voxel of these regions is cut where it enters that voxel, so that
    distances hardly depend on the size of the voxels.
    """
    if not any(chosen):
        return np.full(positions.shape, np.nan, dtype=np.float32)
    target = member(positions, chosen)
    if not target.any():
        raise ValueError(f"the labels hold no {what}: distances from it cannot be measured")
    nearest = ndimage.distance_transform_edt(
        ~target, sampling=spacing_mm, return_distances=False, return_indices=True
    )
    steps, squared = np.full(target.shape, 0.5, dtype=np.float32), np.zeros(target.shape)
    here = np.ogrid[tuple(slice(n) for n in target.shape)]
    for there, place, step_mm in zip(nearest, here, spacing_mm, strict=True):
        away = there - place.astype(there.dtype)
        squared += np.square(away * step_mm)
        np.maximum(steps, np.abs(away), out=steps, casting="same_kind")
    wall_mm: NDArray[np.float32] = (np.sqrt(squared) * (1 - 0.5 / steps)).astype(np.float32)
    return wall_mm


def member(positions: NDArray[np.int32], chosen: Sequence[bool]) -> NDArray[np.bool_]:
    """Return where the region is one of the `chosen`; `positions` count from 1."""
    return np.array([False, *chosen])[positions]


def layers(depth: NDArray[np.floating[Any]]) -> NDArray[np.int8]:
    """Cut normalised depth into 1 periventricular, 2 deep, 3 subcortical; 0 where depth is NaN."""
    layer: NDArray[np.int8] = (np.digitize(depth, LAYER_LIMITS) + 1).astype(np.int8)
    layer[np.isnan(depth)] = 0
    return layer
