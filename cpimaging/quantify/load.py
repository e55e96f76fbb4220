"""Lesion load per structure, side, lobe and layer."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.io import typed
from cpimaging.quantify.partition import Cell, Partition, partition
from cpimaging.types import LESIONLOAD_COLUMNS, Image, LabelMap

_COLUMNS = {
    name: kind for name, kind in LESIONLOAD_COLUMNS.items() if name not in ("participant_id", "session_id")
}


def load_in(mask: Image, parts: Partition) -> pd.DataFrame:
    """Count a lesion mask (bool) in the cells of its grid.

    Returns LESIONLOAD_COLUMNS without the two id columns; see `lesion_load`.
    """
    if mask.data.size != parts.codes.size:
        raise ValueError("the mask is not on the grid of the partition")
    lesion = np.flatnonzero(mask.data)
    rows = cell_rows(parts, mask.voxel_volume_mm3)
    return filled_rows(rows, hits_in(lesion, parts), lesion.size, mask.voxel_volume_mm3)


def cell_rows(parts: Partition, voxel_mm3: float) -> pd.DataFrame:
    """Return the load table of a grid without a lesion: its cells, then those of the overlays, and volumes.

    What is the same for all masks on one grid; `filled_rows` adds the lesion.
    """
    tables = []
    for part in (parts, *parts.overlays):
        table = pd.DataFrame(part.cells, columns=list(Cell._fields))
        table["region_volume_mm3"] = part.counts * voxel_mm3
        tables.append(table)
    known = {name: kind for name, kind in _COLUMNS.items() if name in tables[0]}
    return typed(pd.concat(tables, ignore_index=True), known)


def rows_within(parts: Partition, tissues: Collection[str]) -> NDArray[np.bool_]:
    """Tell which rows of `cell_rows` lie in some tissues; those of an overlay by more than half."""
    if not tissues:
        return np.zeros(len(parts.cells) + sum(len(part.cells) for part in parts.overlays), bool)
    there = np.array([cell.tissue in tissues for cell in parts.cells_of_codes])[parts.codes]
    rows = [part.count(part.codes, there) > part.counts / 2 for part in (parts, *parts.overlays)]
    return np.concatenate(rows)


def hits_in(lesion: NDArray[np.intp], parts: Partition) -> NDArray[np.float64]:
    """Count lesion voxels, given by their flat index in C order, in the rows of `cell_rows`."""
    return np.concatenate([part.count(part.codes[lesion]) for part in (parts, *parts.overlays)])


def filled_rows(
    rows: pd.DataFrame, hits: NDArray[np.float64], lesion_voxels: NDArray[np.intp] | int, voxel_mm3: float
) -> pd.DataFrame:
    """Return `cell_rows` with the columns of the lesion.

    hits: of `hits_in`, one per row. lesion_voxels: size of the lesion, of all rows or of each.
    """
    region_voxels = rows["region_volume_mm3"].to_numpy() / voxel_mm3
    with np.errstate(invalid="ignore", divide="ignore"):
        return rows.assign(
            lesion_volume_mm3=hits * voxel_mm3,
            percent_region=100 * hits / region_voxels,
            percent_lesion=100 * hits / np.asarray(lesion_voxels, dtype=np.float64),
        )


def lesion_load(
    mask: Image,
    labels: Image,
    atlas: LabelMap,
    overlays: Mapping[str, LabelMap],
    brain: Image,
    depth: NDArray[np.floating[Any]] | None = None,
) -> pd.DataFrame:
    """Measure the lesion in every structure, side, lobe and layer, also where there is none.

    mask: bool. labels, overlays, brain, depth: as in `partition`, on the mask's grid. Returns
    LESIONLOAD_COLUMNS without the two id columns, volumes in mm³. Rows whose tissue is not "overlay"
    hold every lesion voxel once: regions first, then outside_atlas (brain without a label) and
    outside_brain (whose region has no volume: NaN). percent_region is NaN where the region is empty,
    percent_lesion where the mask is.
    """
    if not mask.same_grid(labels):
        raise ValueError("the mask and the labels must be on one grid")
    return load_in(mask, partition(labels, atlas, overlays, brain, depth))
