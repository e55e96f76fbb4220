"""Labels of another template's space brought to ours, by registering that template's T1w."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases.template import load_template
from cpimaging.registration import Matrix, crop, moved_points
from cpimaging.registration.engines import ENGINES
from cpimaging.types import Image, LabelMap

KEPT_BY_VOTE = 0.8
"""Share of a label's nearest-neighbour voxels that the vote must keep, else the label is thin (ours)."""

SLAB_VOXELS = 500_000
"""Voxels that vote at once: bounds the memory."""


def to_template_space(
    label_maps: Mapping[str, LabelMap],
    t1w: Image | None = None,
    *,
    field: Image | None = None,
    matrix: Matrix | None = None,
) -> dict[str, LabelMap]:
    """Bring label maps of another template's space onto the grid of the embedded template (1 mm).

    t1w: that template's T1-weighted image, 0 outside of the brain; it is registered to ours (about a minute).
    Instead of it, a transform: field, displacement in mm, RAS+, or matrix, (4, 4), RAS+ mm, that takes
    points of our template to points of the other space. None of them: only the grid changes.
    """
    template = load_template().t1w
    if t1w is not None:
        engine = ENGINES["greedy"].method
        start = engine.affine(template, t1w, None)
        field = engine.deformable(template, t1w, start, None, threads=1).to_scan
    return {
        name: LabelMap(resample_labels(label_map.labels, template, field, matrix), label_map.regions)
        for name, label_map in label_maps.items()
    }


def resample_labels(
    labels: Image, grid: Image, field: Image | None = None, matrix: Matrix | None = None
) -> Image:
    """Return labels on another grid: of the eight voxels around each point, the linear majority.

    Equal to the largest of all labels resampled linearly one by one, whatever their numbers. A tie goes
    to the nearest voxel, and so does a label so thin that the vote would take much of it away.
    field, matrix: as in `to_template_space`, field on any grid.
    """
    voted, nearest = np.zeros((2, int(np.prod(grid.shape))), labels.data.dtype)
    if not labels.data.any():
        return Image(voted.reshape(grid.shape), grid.affine, grid.axcodes)
    labels = crop(labels, labels.data != 0, 0.0)
    data = np.pad(labels.data, 1)  # background around: what is beyond it needs no vote
    inverse = np.linalg.inv(labels.affine)
    for start, points_mm in _points(grid, field, matrix):
        points_mm[0] *= 1 - 1e-6  # a tie falls alike on both sides: to the voxel nearer the midline
        voxels = inverse[:3, :3] @ points_mm + inverse[:3, 3:] + 1
        near = np.flatnonzero(((voxels >= 0) & (voxels <= np.array(data.shape)[:, None] - 1)).all(axis=0))
        voted[start + near], nearest[start + near] = _vote(data, voxels[:, near])
    thin = _thin(voted, nearest)
    filled = np.where(np.isin(nearest, thin), nearest, voted)
    return Image(filled.reshape(grid.shape), grid.affine, grid.axcodes)


def _points(
    grid: Image, field: Image | None, matrix: Matrix | None
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield, slab by slab, its first voxel and where its voxels lie in the other space: (3, voxels), mm."""
    n = int(np.prod(grid.shape))
    for start in range(0, n, SLAB_VOXELS):
        index = np.stack(np.unravel_index(np.arange(start, min(start + SLAB_VOXELS, n)), grid.shape))
        points = grid.affine[:3, :3] @ index + grid.affine[:3, 3:]
        if matrix is not None:
            points = matrix[:3, :3] @ points + matrix[:3, 3:]
        elif field is not None:
            points = moved_points(points.T, field).T
        yield start, points


def _vote(data: NDArray[Any], voxels: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the majority label at voxel positions (3, points) of a padded image, and the nearest one."""
    low = np.minimum(np.floor(voxels).astype(np.intp), np.array(data.shape)[:, None] - 2)
    rest = voxels - low
    flat, steps = data.ravel(), np.array([data.shape[1] * data.shape[2], data.shape[2], 1])
    corners = np.array(list(product((0, 1), repeat=3)))
    found = flat[(steps @ low)[None] + (corners @ steps)[:, None]]
    weights = np.prod(np.where(corners[:, :, None] == 1, rest, 1 - rest), axis=1)
    closest = weights.argmax(axis=0)
    columns = np.arange(found.shape[1])
    nearest = found[closest, columns]
    best = nearest.copy()
    most = (weights * (found == nearest)).sum(axis=0) + 1e-9  # a tie stays with the nearest voxel
    mixed = np.flatnonzero((found != nearest).any(axis=0))
    for corner in range(len(corners)):
        candidate = found[corner, mixed]
        votes = (weights[:, mixed] * (found[:, mixed] == candidate)).sum(axis=0)
        wins = votes > most[mixed]
        best[mixed[wins]], most[mixed[wins]] = candidate[wins], votes[wins]
    return best, nearest


def _thin(voted: NDArray[Any], nearest: NDArray[Any]) -> NDArray[Any]:
    """Return the labels that the vote takes too much away from."""
    numbers, count = np.unique(nearest, return_counts=True)
    kept, kept_count = np.unique(voted, return_counts=True)
    left = dict(zip(kept.tolist(), kept_count.tolist(), strict=True))
    share = np.array([left.get(number, 0) for number in numbers.tolist()]) / count
    thin: NDArray[Any] = numbers[(share < KEPT_BY_VOTE) & (numbers != 0)]
    return thin
