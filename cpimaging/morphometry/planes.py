"""Planes that lie as the template's, through the brain as it lies."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.registration import Matrix, crop, resample
from cpimaging.types import Image, LabelMap

GRID_MM = 1.0
"""Grid of the planes; edges are interpolated between its points (ours)."""

Floats = NDArray[np.float32]


def aligned_grid(brain: Image, to_template: Matrix) -> Image:
    """Return an empty grid around the brain whose axes are those of the template, in mm of the scan.

    The rotation is that of the affine fit (its polar decomposition): lengths stay the scan's own.
    """
    u, _, vt = np.linalg.svd(to_template[:3, :3])
    turn = u @ vt
    surface = np.argwhere(brain.data & ~ndimage.binary_erosion(brain.data))[:, :, None]  # (voxel, axis, 1)
    points = ((brain.affine[:3, :3] @ surface)[..., 0] + brain.affine[:3, 3]) @ turn.T
    low, high = points.min(axis=0) - 2.0, points.max(axis=0) + 2.0
    affine = np.eye(4)
    affine[:3, :3] = turn.T * GRID_MM
    affine[:3, 3] = turn.T @ low
    return Image(np.zeros(tuple(np.ceil((high - low) / GRID_MM).astype(int) + 1), np.uint8), affine)


def on_grid(grid: Image, image: Image, chosen: NDArray[Any]) -> Floats:
    """Return a mask or shares on the grid of `image` on the aligned grid, 0–1, interpolated."""
    if not chosen.any():
        return np.zeros(grid.shape, np.float32)
    part = crop(image.with_data(chosen), chosen != 0, max(image.spacing_mm))  # a voxel of room for the edge
    return np.asarray(resample(part.with_data(part.data.astype(np.float32)), grid).data)


def named(labels: LabelMap, beginning: str, but: str = "-") -> NDArray[np.bool_]:
    """Return where a structure is whose name begins so, but for one."""
    numbers = [r.index for r in labels.regions if r.structure.startswith(beginning) and r.structure != but]
    return np.isin(labels.labels.data, numbers)
