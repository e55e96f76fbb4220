"""Structures that a template cannot place: their voxels go to the tissue around them."""

from collections.abc import Collection, Sequence

import numpy as np
from scipy import ndimage

from cpimaging.types import Image, Region
from cpimaging.voxels import bounding_box, voxels_in

AROUND_MM = 20.0
"""The label that takes a voxel over is looked for within this margin (ours)."""


def without_unplaced(labels: Image, regions: Sequence[Region], structures: Collection[str]) -> Image:
    """Return the labels without some structures.

    Each of their voxels takes the nearest label of the same tissue, on its side or the midline; 0 where there
    is none.
    """
    out = labels.data.copy()
    for region in regions:
        where = labels.data == region.index
        if region.structure not in structures or not where.any():
            continue
        heirs = [
            other.index
            for other in regions
            if other.tissue == region.tissue
            and other.side in (region.side, "midline")
            and other.structure not in structures
        ]
        box = bounding_box(where, voxels_in(AROUND_MM, labels.spacing_mm))
        near = labels.data[box]
        others = ~np.isin(near, heirs)
        if others.all():
            out[where] = 0
            continue
        nearest = ndimage.distance_transform_edt(
            others, sampling=labels.spacing_mm, return_distances=False, return_indices=True
        )
        out[box] = np.where(where[box], near[tuple(nearest)], out[box])
    return labels.with_data(out)
