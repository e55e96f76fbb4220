"""Fine structures kept inside the parents that a template's own labels give."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.ages.names import as_parents
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.io import read_table
from cpimaging.types import Image, InputError, Region
from cpimaging.words import SIDES

if TYPE_CHECKING:  # most stages have no table of labels to read
    import pandas as pd

LEAST_AGREEMENT = 0.2
"""Share of a template's own labels in which the carried atlas must have the same structures (ours)."""
LEAST_OF_ONE = 0.05
LARGE_MM3 = 300.0
"""The same of each label of this volume or more, of what is smaller of it and what was carried (ours, low,
since the atlas may be off by the width of a small nucleus)."""
COLUMNS = ("index", "structures", "side")


def read_parents(
    path: Path, regions: Sequence[Region], there: Collection[int] | None = None
) -> dict[int, list[int]]:
    """Return which labels of the atlas may lie in each label of a template: number -> numbers.

    The table has the columns index, structures (words of the vocabulary with commas) and side (left, right,
    midline, or any); or index and name, as BIDS has it, whose names are looked up (`names`). there: as
    in `read_held`. Raises InputError as it does, and where no label holds a structure of the atlas.
    """
    parents: dict[int, list[int]] = {}
    for number, (words, side) in read_held(path, there).items():
        sides = {"any": SIDES}.get(side, (side, "midline"))
        children = [r.index for r in regions if r.structure in words and r.side in sides]
        if children:
            parents[number] = children
    if not parents:
        raise InputError(path, "names no structure of the atlas", f"give it the columns {' '.join(COLUMNS)}")
    return parents


def read_held(path: Path, there: Collection[int] | None = None) -> dict[int, tuple[list[str], str]]:
    """Return what each label of a template's table may hold, without those that hold nothing: words and side.

    there: numbers that the labels have, None for any; rows on others are as if they were not written. Raises
    InputError for a word that is no structure, a number or a side that is none, and a number told twice.
    """
    known = set(load_structures()["structure"])
    held: dict[int, tuple[list[str], str]] = {}
    for row in _rows(path, there):
        words = [word.strip() for word in row["structures"].split(",") if word.strip() not in ("", "n/a")]
        if strange := [word for word in words if word not in known]:
            raise InputError(path, f"{', '.join(strange)} is no structure", "use words of the vocabulary")
        if words:
            told = words, row["side"]
            if held.setdefault(_number(path, row), told) != told:
                raise InputError(path, f"tells label {row['index']} twice", "give each label one row")
    return held


def _rows(path: Path, there: Collection[int] | None) -> list[dict[str, str]]:
    """Return the rows of a table with COLUMNS; those of a table of names are made of them."""
    table = read_table(path).astype(str)
    if {"index", "name"} <= set(table) and "structures" not in table:
        names: dict[int, str] = {}
        for row in _of(table, path, there):
            if names.setdefault(_index(path, row), row["name"]) != row["name"]:
                raise InputError(path, f"tells label {row['index']} twice", "give each label one row")
        return [dict(row) for row in as_parents(names)]
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        problem = f"lacks the column(s) {', '.join(missing)}"
        raise InputError(path, problem, f"it needs {' '.join(COLUMNS)}, or index and name")
    return _of(table, path, there)


def _of(table: "pd.DataFrame", path: Path, there: Collection[int] | None) -> list[dict[str, str]]:
    """Return the rows on labels that are there; tables often tell more than an image holds."""
    rows = [{str(key): str(value) for key, value in row.items()} for row in table.to_dict("records")]
    return [row for row in rows if there is None or _index(path, row) in there]


def _number(path: Path, row: Mapping[Any, str]) -> int:
    """Return the number of a row's label. Raises InputError where number or side is none."""
    if row["side"] not in (*SIDES, "any"):
        raise InputError(path, f"{row['side']} is no side", f"use {', '.join(SIDES)} or any")
    return _index(path, row)


def _index(path: Path, row: Mapping[Any, str]) -> int:
    if not row["index"].removesuffix(".0").isdecimal():
        raise InputError(path, f"{row['index']} is no number of a label", "use whole numbers")
    return int(float(row["index"]))


def check_parents(
    carried: Image, own: Image, parents: Mapping[int, Sequence[int]], regions: Sequence[Region], path: Path
) -> None:
    """Raise InputError where a template's own labels lie elsewhere than those of the atlas carried there.

    carried, own: labels on one grid. path: the file of its own. Then the table is that of other labels, or
    left and right are swapped.
    """
    held = np.isin(own.data, list(parents)) & (carried.data != 0)
    if not held.any():
        raise InputError(path, "holds none of the labels of its table", "name the table of these labels")
    theirs, ours = own.data[held], carried.data[held]
    agree = _share_held(theirs, ours, parents)
    if agree >= LEAST_AGREEMENT:
        _check_each(carried, own, parents, path)
        return
    mirrored = _share_held(theirs, _mirrored(regions)(ours), parents)
    why = (
        "are left and right swapped?" if mirrored >= LEAST_AGREEMENT else "is dseg_table that of its labels?"
    )
    problem = f"its labels lie elsewhere than those of the atlas ({100 * agree:.0f} % agree)"
    raise InputError(path, problem, why)


def _check_each(carried: Image, own: Image, parents: Mapping[int, Sequence[int]], path: Path) -> None:
    """Raise InputError where one of the labels lies elsewhere than what it is said to hold."""
    for parent, children in parents.items():
        theirs, ours = own.data == parent, np.isin(carried.data, children)
        smaller = min(int(theirs.sum()), int(ours.sum()))
        if smaller * own.voxel_volume_mm3 >= LARGE_MM3 and (theirs & ours).sum() < LEAST_OF_ONE * smaller:
            problem = f"its label {parent} lies elsewhere than what dseg_table says that it holds"
            raise InputError(path, problem, "correct the number, the words or the side of its row")


def _share_held(own: NDArray[Any], carried: NDArray[Any], parents: Mapping[int, Sequence[int]]) -> float:
    """Return the share of voxels whose carried label is one that their own label may hold."""
    within = [(own == parent) & np.isin(carried, children) for parent, children in parents.items()]
    return float(np.any(within, axis=0).mean())


def _mirrored(regions: Sequence[Region]) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """Return what turns numbers of labels into those of the other side."""
    other = {"left": "right", "right": "left"}
    numbers = {
        (region.called, region.tissue, region.lobe, str(region.side)): region.index for region in regions
    }
    table = np.arange(max(region.index for region in regions) + 1)
    for region in regions:
        key = (region.called, region.tissue, region.lobe, other.get(region.side, region.side))
        table[region.index] = numbers.get(key, region.index)
    return lambda labels: np.asarray(table[labels])


def kept_inside(carried: Image, own: Image, parents: Mapping[int, Sequence[int]]) -> Image:
    """Return the carried labels within the template's own: each of its labels holds its children alone.

    own: the template's labels, on the same grid. A voxel of a parent takes the nearest of its children; a
    child outside of its parents gives its voxels to the nearest label that has none.
    """
    out = carried.data.copy()
    kept = sorted({child for children in parents.values() for child in children})
    within = np.isin(own.data, list(parents))
    stray = ~within & np.isin(carried.data, kept)
    if stray.any():
        others = (carried.data != 0) & ~np.isin(carried.data, kept)
        out[stray] = _nearest(carried, others)[stray]
    for parent, children in parents.items():
        here = own.data == parent
        if here.any() and np.isin(carried.data, children).any():
            out[here] = _nearest(carried, np.isin(carried.data, children))[here]
    return carried.with_data(out)


def _nearest(labels: Image, of: NDArray[np.bool_]) -> NDArray[Any]:
    """Return at each voxel the nearest label of some; 0 where there is none at all."""
    if not of.any():
        return np.zeros_like(labels.data)
    index = ndimage.distance_transform_edt(
        ~of, sampling=labels.spacing_mm, return_distances=False, return_indices=True
    )
    return np.asarray(labels.data[tuple(index)])
