"""Move the surface of a rough brain to where brain ends in the image.

A surface of the brain, moved along its normals: each vertex weighs how brain-like the voxels within and
beyond are, its neighbours weigh in, and the distance from the rough surface costs. In the spirit of
Smith 2002 (BET), with grey levels learned from the scan itself instead of a fixed fraction.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from cpimaging.types import Image
from cpimaging.voxels import signed_distance

CORE_MM, AROUND_MM = -5.0, (2.0, 14.0)
"""Depths from which the grey levels of brain, and of what surrounds it, are learned (ours)."""

TISSUE_SHARE, FLUID_SHARE = 0.85, 0.15
"""Shares of tissue by the atlas that make a voxel one of brain, or of fluid (ours)."""

GREY_LEVELS = 64
BRAIN_CAP, OTHER_CAP = 2.0, 1.0
"""Most that one voxel can speak for, and against, brain (log likelihood ratio; ours).

The second is lower: fluid between the convolutions must not outweigh their crowns."""

STEP_MM = 0.5
PRIOR_MM = 12.0
"""A vertex may move this far for 2 mm of clear tissue (ours)."""

STIFFNESS = 1.0
"""Cost per squared mm away from the mean of the neighbours (ours)."""

ROUNDS = 40
REACH_MM = (12.0, 6.0)
"""How far the surface is searched in the first and in the second pass (ours)."""

Bool = NDArray[np.bool_]
Field = NDArray[np.float64]


def brain_likeness(image: Image, depth_mm: Field, tissue: Field) -> Field:
    """Return the log likelihood ratio of brain tissue to all else from the grey level, capped.

    depth_mm: signed distance to a rough surface, negative inside. tissue: share of grey and white matter
    by the atlas. All else is what surrounds the brain and, as much, the fluid in the ventricles.
    """
    core = (depth_mm < CORE_MM) & (tissue > TISSUE_SHARE)
    fluid = (depth_mm < 2 * CORE_MM) & (tissue < FLUID_SHARE)
    around = (depth_mm > AROUND_MM[0]) & (depth_mm < AROUND_MM[1])
    top = 1.6 * float(np.percentile(image.data[core], 99.5))
    level = np.clip(image.data / top * GREY_LEVELS, 0, GREY_LEVELS - 1).astype(int)
    brain, inner, outer = (_shares(level[part]) for part in (core, fluid, around))
    ratio = np.clip(np.log(brain / ((inner + outer) / 2)), -OTHER_CAP, BRAIN_CAP)
    found: Field = ratio[level]
    return found


def _shares(level: NDArray[np.int64]) -> Field:
    count = np.bincount(level, minlength=GREY_LEVELS) / max(len(level), 1)
    shares: Field = ndimage.gaussian_filter1d(count, 1.5, mode="nearest") + 1e-3
    return shares


def fit_surface(image: Image, depth_mm: Field, tissue: Field) -> Field:
    """Return the signed distance in mm to the brain's surface, negative inside, on the image's grid.

    image: about 2 mm, without its bias field. depth_mm: the same of a rough brain. tissue: share of
    grey and white matter by the atlas.
    """
    likeness = brain_likeness(image, depth_mm, tissue)
    for reach_mm in REACH_MM:
        moved = _move(likeness, depth_mm, image.spacing_mm, reach_mm)
        depth_mm = smooth_distance(moved < 0, image.spacing_mm)
    return depth_mm


def smooth_distance(mask: Bool, spacing_mm: tuple[float, float, float]) -> Field:
    """Return the signed distance to a mask without holes, smoothed over a voxel."""
    distance: Field = ndimage.gaussian_filter(
        signed_distance(ndimage.binary_fill_holes(mask), spacing_mm, wall_mm=min(spacing_mm) / 2), 1.0
    )
    return distance


def _move(likeness: Field, depth_mm: Field, spacing_mm: tuple[float, float, float], reach_mm: float) -> Field:
    spacing = np.array(spacing_mm)
    vertices, faces, _, _ = marching_cubes(depth_mm, 0.0)
    tree = cKDTree(vertices * spacing)
    offsets = np.arange(-reach_mm, reach_mm + STEP_MM / 2, STEP_MM)
    along = _normals(depth_mm, vertices, spacing)[:, None, :] * offsets[:, None] / spacing
    points = (vertices[:, None, :] + along).reshape(-1, 3).T
    values = ndimage.map_coordinates(likeness, points, order=1, cval=-OTHER_CAP)
    cost = -STEP_MM * np.cumsum(values.reshape(len(vertices), -1), axis=1)
    near = tree.query(vertices * spacing, k=9)[1]
    for _ in range(2):
        cost = cost[near].mean(axis=1)
    moved = _settle(cost + 2 * (offsets / PRIOR_MM) ** 2, offsets, near, _neighbours(faces, len(vertices)))
    return _shifted(depth_mm, moved, tree, spacing, reach_mm)


def _normals(depth_mm: Field, vertices: Field, spacing: Field) -> Field:
    slopes = [
        ndimage.gaussian_filter(depth_mm, 1.0, order=[int(a == axis) for a in range(3)]) / spacing[axis]
        for axis in range(3)
    ]
    normals = np.stack([ndimage.map_coordinates(s, vertices.T, order=1) for s in slopes], axis=-1)
    unit: Field = normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-6)
    return unit


def _neighbours(faces: NDArray[np.int32], count: int) -> sparse.csr_array:
    """Return the matrix that replaces each vertex's value by the mean of its neighbours'."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    edges = np.unique(np.concatenate([edges, edges[:, ::-1]]), axis=0)
    degree = np.bincount(edges[:, 0], minlength=count)
    weights = 1.0 / degree[edges[:, 0]]
    return sparse.csr_array((weights, (edges[:, 0], edges[:, 1])), shape=(count, count))


def _settle(cost: Field, offsets: Field, near: NDArray[np.intp], mean: sparse.csr_array) -> Field:
    """Return the offset of each vertex: its own best one, then what it and its neighbours agree on."""
    moved: Field = offsets[cost.argmin(axis=1)]
    for _ in range(5):
        moved = np.median(moved[near], axis=1)
    for _ in range(ROUNDS):
        around = mean @ (mean @ (mean @ (mean @ moved)))
        moved = offsets[(cost + STIFFNESS * (offsets - around[:, None]) ** 2).argmin(axis=1)]
    for _ in range(4):
        moved = mean @ moved
    return moved


def _shifted(depth_mm: Field, moved: Field, tree: cKDTree, spacing: Field, reach_mm: float) -> Field:
    """Return the distance to the moved surface: each voxel follows the vertices nearest to it."""
    band = np.abs(depth_mm) < reach_mm + 4
    nearest = tree.query(np.argwhere(band) * spacing, k=4)[1]
    shifted = depth_mm.copy()
    shifted[band] -= moved[nearest].mean(axis=1)
    return shifted
