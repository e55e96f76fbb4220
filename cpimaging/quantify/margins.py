"""The load again with the lesion's border, or its place, a little elsewhere."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.columns import MARGIN_MM, MARGINS, dtypes
from cpimaging.quantify.partition import Cell, Partition
from cpimaging.types import Image
from cpimaging.voxels import bounding_box

MOVES = {"left": (0, -1), "right": (0, 1), "back": (1, -1), "front": (1, 1), "down": (2, -1), "up": (2, 1)}
"""Where a lesion is moved to: axis of the array, and sign."""

MARGIN_COLUMNS = tuple(dtypes(MARGINS))


def load_margins(mask: Image, parts: Partition) -> pd.DataFrame:
    """Count a lesion again with its border or its position moved by MARGIN_MM.

    Returns the rows of `load_in` as the columns of Cell, and MARGIN_COLUMNS: the lesion volume in mm³ where
    the border lies that much farther in or out, and where the lesion lies that much to the left, right,
    back, front, bottom or top along the axes of the array. A voxel that is passed in part counts in part,
    so voxels larger than the step move as well. The method is ours.
    """
    if mask.data.size != parts.codes.size:
        raise ValueError("the mask is not on the grid of the partition")
    steps = [MARGIN_MM / spacing for spacing in mask.spacing_mm]
    box = bounding_box(mask.data.astype(bool, copy=False), [int(np.ceil(step)) + 1 for step in steps])
    lesion = mask.data[box].astype(np.float32)
    moved = {name: _shifted(lesion, axis, sign * steps[axis]) for name, (axis, sign) in MOVES.items()}
    shrunk, grown = lesion.copy(), 1 - lesion
    for one, other in (("left", "right"), ("back", "front"), ("down", "up")):
        shrunk *= np.maximum(moved[one] + moved[other] - 1, 0)
        grown *= np.maximum(1 - moved[one] - moved[other], 0)
    variants = (shrunk, 1 - grown, *moved.values())
    tables = []
    for part in (parts, *parts.overlays):
        codes = part.codes.reshape(mask.shape)[box].ravel()
        table = pd.DataFrame(part.cells, columns=list(Cell._fields))
        for column, weights in zip(MARGIN_COLUMNS, variants, strict=True):
            table[column] = part.count(codes, weights.ravel()) * mask.voxel_volume_mm3
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _shifted(data: NDArray[np.float32], axis: int, voxels: float) -> NDArray[np.float32]:
    """Return an array moved along one axis by a number of voxels, whole or not; zeros come in."""
    whole = int(np.floor(voxels))
    part = np.float32(voxels - whole)
    moved: NDArray[np.float32] = (1 - part) * _rolled(data, axis, whole)
    return moved + part * _rolled(data, axis, whole + 1) if part else moved


def _rolled(data: NDArray[np.float32], axis: int, voxels: int) -> NDArray[np.float32]:
    out = np.zeros_like(data)
    n = data.shape[axis]
    if abs(voxels) < n:
        source, target = [slice(None)] * 3, [slice(None)] * 3
        source[axis] = slice(max(-voxels, 0), n - max(voxels, 0))
        target[axis] = slice(max(voxels, 0), n - max(-voxels, 0))
        out[tuple(target)] = data[tuple(source)]
    return out
