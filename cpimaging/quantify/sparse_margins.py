"""The margins of a lesion that is given by its voxels alone: fast where a step is a whole voxel."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.columns import MARGIN_MM
from cpimaging.quantify.load import hits_in
from cpimaging.quantify.margins import MARGIN_COLUMNS, MOVES, load_margins
from cpimaging.quantify.partition import Cell, Partition
from cpimaging.types import Image


def margins_in(lesion: NDArray[np.intp], grid: Image, parts: Partition, cells: pd.DataFrame) -> pd.DataFrame:
    """Return `load_margins` of voxels that are given by their flat index, C order.

    grid: whose voxels they are; its own data are not looked at. cells: one row for each of `cell_rows`.
    """
    steps = np.array([MARGIN_MM / spacing for spacing in grid.spacing_mm])
    whole = np.rint(steps).astype(np.intp)
    if np.abs(steps - whole).max() > 1e-3 or whole.min() < 1:
        mask = np.zeros(grid.shape, bool)
        mask.ravel()[lesion] = True
        return load_margins(Image(mask, grid.affine), parts)
    at = np.unravel_index(lesion, grid.shape)
    moved, inside = {}, np.zeros(parts.codes.size, bool)
    inside[lesion] = True
    kept, reached = np.ones(lesion.size, bool), []
    for name, (axis, sign) in MOVES.items():
        there = [*at[:axis], at[axis] + sign * whole[axis], *at[axis + 1 :]]
        within = (there[axis] >= 0) & (there[axis] < grid.shape[axis])
        moved[name] = np.ravel_multi_index([place[within] for place in there], grid.shape)
        held = np.zeros(lesion.size, bool)
        held[within] = inside[moved[name]]
        kept &= held
        reached.append(moved[name][~inside[moved[name]]])
    grown = np.concatenate([lesion, np.unique(np.concatenate(reached))])
    table = cells[list(Cell._fields)].copy()
    for column, voxels in zip(MARGIN_COLUMNS, (lesion[kept], grown, *moved.values()), strict=True):
        table[column] = hits_in(voxels, parts) * grid.voxel_volume_mm3
    return table
