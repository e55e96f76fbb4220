"""What each piece of a lesion holds: its volume in every cell of the load table that it reaches."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.columns import LESIONPARTS, dtypes
from cpimaging.io import typed
from cpimaging.quantify.partition import Cell, Partition
from cpimaging.types import Image

PART_COLUMNS = {k: v for k, v in dtypes(LESIONPARTS).items() if k not in ("participant_id", "session_id")}


def lesion_parts(pieces: Image, parts: Partition) -> pd.DataFrame:
    """Return what each numbered piece holds, as PART_COLUMNS: its cells, then those of the overlays.

    pieces: numbers from 1, 0 elsewhere, as from `components`, on the grid of the partition. The rows of one
    cell add up to the lesion that `load_in` counts there.
    """
    if pieces.data.size != parts.codes.size:
        raise ValueError("the pieces are not on the grid of the partition")
    lesion = np.flatnonzero(pieces.data)
    numbers = pieces.data.ravel()[lesion].astype(np.intp) - 1
    cells = pd.DataFrame(
        [cell for part in (parts, *parts.overlays) for cell in part.cells], columns=list(Cell._fields)
    )
    return typed(held(lesion, numbers, parts, cells, pieces.voxel_volume_mm3), PART_COLUMNS)


def held(
    lesion: NDArray[np.intp],
    numbers: NDArray[np.intp],
    parts: Partition,
    cells: pd.DataFrame,
    voxel_mm3: float,
) -> pd.DataFrame:
    """Return `lesion_parts` of voxels that are given by their flat index, C order.

    numbers: of the piece, from 0, of each voxel. cells: the columns of Cell, one row for each of `cell_rows`.
    """
    found, first = [], 0
    for part in (parts, *parts.overlays):
        n, table = len(part.cells), _tally(numbers, part.codes[lesion], part)
        piece, cell = np.nonzero(table)
        found.append((piece, cell + first, table[piece, cell]))
        first += n
    piece, row, voxels = (np.concatenate(column) for column in zip(*found, strict=True))
    names = {name: cells[name].to_numpy(object)[row] for name in Cell._fields}
    return pd.DataFrame({"index": piece + 1, **names, "volume_mm3": voxels * voxel_mm3})


def _tally(numbers: NDArray[np.intp], codes: NDArray[np.int32], part: Partition) -> NDArray[np.float64]:
    """Count voxels by piece and cell: (pieces, cells); those of a shared code are half and half."""
    n_pieces, n_codes = int(numbers.max(initial=-1)) + 1, len(part.cells) + max(len(part.shared), 1)
    counts = np.bincount(numbers * n_codes + codes, minlength=n_pieces * n_codes)
    table = counts.reshape(n_pieces, n_codes).astype(np.float64)
    for code, sides in enumerate(part.shared, start=len(part.cells)):
        table[:, list(sides)] += table[:, [code]] / 2
    return table[:, : len(part.cells)]
