"""What a lesion is made of: gliosis, cavity or blood, from labels of a reader or fluid in the image."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpimaging.tables import read_cells
from cpimaging.types import InputError

KINDS = ("gliosis", "cavity", "blood")
TABLE = "labels.tsv"
"""Names the values of masks: columns index and kind, beside the masks or in the folder above."""


def read_kinds(folder: Path) -> dict[int, str]:
    """Return the kind of each value of the masks in a folder; empty where no TABLE names them.

    Raises InputError for a table without the columns, a value that is no whole number or has two
    kinds, or another word.
    """
    path = next(
        (place / TABLE for place in (folder, folder.resolve().parent) if (place / TABLE).is_file()), None
    )
    if path is None:
        return {}
    cells = read_cells(path)
    if not {"index", "kind"} <= set(cells.columns) or cells.broken:
        raise InputError(path, "has no columns index and kind", "give one row for each value of the masks")
    if more := [name for name in ("index", "kind") if cells.columns.count(name) > 1]:
        raise InputError(path, f"has the column '{more[0]}' twice", "keep one of them")
    at = cells.columns.index("index"), cells.columns.index("kind")
    named = [(row.cells[at[0]].strip(), row.cells[at[1]].strip()) for row in cells.rows]
    if not named:
        raise InputError(path, "names no value", "give one row for each value of the masks, or delete it")
    wrong = [f"{value}: {kind}" for value, kind in named if not _is_value(value) or kind not in KINDS]
    if wrong:
        raise InputError(path, f"names {', '.join(wrong)}", f"give whole numbers and {', '.join(KINDS)}")
    found = {(int(value), kind) for value, kind in named}
    values = [value for value, _ in found]
    if twice := [value for value in values if values.count(value) > 1]:
        raise InputError(path, f"gives the value {min(twice)} two kinds", "keep one of them")
    return dict(found)


def _is_value(text: str) -> bool:
    """Tell whether a text is a value that a voxel of a lesion can have; 0 is the background."""
    return text.isascii() and text.isdecimal() and int(text) > 0


def kinds_of(values: NDArray[Any], names: Mapping[int, str], path: Path) -> NDArray[np.str_]:
    """Return the kind of voxels by their values. Raises InputError for a value without a name."""
    unnamed = sorted(set(np.unique(values).tolist()) - set(names))
    if unnamed:
        raise InputError(
            path, f"holds the value {unnamed[0]:g}, which {TABLE} does not name", "name it there"
        )
    out: NDArray[np.str_] = np.array([names[int(value)] for value in values.tolist()], dtype="U7")
    return out


def percent_of_pieces(member: NDArray[np.integer], there: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how much of each piece lies somewhere, in percent.

    member: the piece, from 0, that each voxel belongs to. there: whether the voxel does.
    """
    n = int(member.max(initial=-1)) + 1
    return 100 * np.bincount(member, there, minlength=n) / np.bincount(member, minlength=n)
