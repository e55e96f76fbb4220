"""The corticospinal tract's cross-sections, by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from cpimaging.quantify.partition import Cell, Partition
from cpimaging.quantify.tracts import SectionLoad, section_loads, section_rows, tract_cells, tract_sections
from cpimaging.types import Image

TRACT = "corticospinal_tract"
Loads = dict[str, SectionLoad]
GRID = Image(np.zeros((10, 4, 3), np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))


def tract() -> NDArray[np.int32]:
    """Left: 4 voxels at the bottom, 1 in the middle, 5 at the top. Right: 2 at the bottom. 2: nothing."""
    codes = np.full(GRID.shape, 2, np.int32)
    codes[0:4, 0, 0] = codes[0, 0, 1] = codes[0:5, 1, 2] = 0
    codes[8:10, 0, 0] = 1
    return codes


def parts(codes: NDArray[np.int32]) -> Partition:
    cells = (Cell(TRACT, "left", "overlay", "n/a"), Cell(TRACT, "right", "overlay", "n/a"))
    overlay = Partition(cells, codes.ravel(), np.bincount(codes.ravel(), minlength=3)[:2].astype(float))
    return Partition((), np.zeros(codes.size, np.int32), np.empty(0), (overlay,))


def lesion(*voxels: tuple[int, int, int]) -> NDArray[np.intp]:
    return np.ravel_multi_index(tuple(np.array(voxels, int).reshape(-1, 3).T), GRID.shape)


def loads(grid: Image, *voxels: tuple[int, int, int], turn: NDArray[np.float64] | None = None) -> Loads:
    sections = tract_sections(parts(tract()), grid, np.eye(4) if turn is None else turn)
    return section_loads(sections, lesion(*voxels))


def test_a_narrow_section_counts_as_much_as_a_wide_one() -> None:
    """One voxel of ten is the whole of one section of three; the section is less than half of the median."""
    assert loads(GRID, (0, 0, 1))["left"] == pytest.approx((100 / 3, 0))
    assert loads(GRID, (0, 0, 0), (1, 0, 0))["left"] == pytest.approx((50 / 3, 50))
    found = loads(GRID, (0, 1, 2), (9, 0, 0))
    assert found["left"] == pytest.approx((20 / 3, 20))
    assert found["right"] == pytest.approx((50, 50))
    assert loads(GRID) == {"left": (0, 0), "right": (0, 0)}


def test_the_whole_tract_is_a_hundred_percent() -> None:
    everything = [tuple(voxel) for voxel in np.argwhere(tract() < 9).tolist()]
    assert loads(GRID, *everything) == {"left": (100, 100), "right": (100, 100)}


def test_sections_lie_across_the_template_s_height() -> None:
    """Where the template's height runs along the scan's first axis, the left tract has five sections."""
    turn = np.eye(4)[[2, 1, 0, 3]]  # at x = 0 lie three of its voxels, at x = 4 one
    assert loads(GRID, (0, 0, 1), turn=turn)["left"].mean == pytest.approx(100 / 5 / 3)
    assert loads(GRID, (4, 1, 2), turn=turn)["left"].mean == pytest.approx(100 / 5)


def test_fine_voxels_of_one_height_are_one_section() -> None:
    fine = Image(GRID.data, np.diag([1.0, 1.0, 1.0, 1.0]))  # heights 0, 1 and 2 mm: two sections of 5
    assert loads(fine, (0, 0, 1))["left"] == pytest.approx((50 / 5, 20))


def test_a_tract_that_the_grid_does_not_show_has_no_load() -> None:
    nothing = np.full(GRID.shape, 2, np.int32)
    assert tract_sections(parts(nothing), GRID, np.eye(4)) == {}
    assert tract_sections(Partition((), np.zeros(3, np.int32), np.empty(0)), GRID, np.eye(4)) == {}


def load(lesion_mm3: float = 2.0) -> pd.DataFrame:
    rows = [
        (TRACT, "left", 10.0, lesion_mm3),
        (TRACT, "right", 20.0, 1.0),
        ("plic", "left", 3.0, 1.0),
        ("plic", "left", 5.0, 1.0),  # another layer of the same
        ("optic_radiation", "left", 0.0, 0.0),
        ("thalamus", "left", 5.0, 5.0),
    ]
    return pd.DataFrame(rows, columns=["structure", "side", "region_volume_mm3", "lesion_volume_mm3"])


def test_where_nobody_looked_there_is_no_section_load() -> None:
    rows = section_rows({"left": SectionLoad(4.0, 8.0), "right": SectionLoad(5.0, 9.0)}, load(np.nan))
    assert [(row["measure"], row["structure"], row["side"]) for row in rows] == [
        ("section_load", TRACT, "left"),
        ("largest_section_load", TRACT, "left"),
        ("section_load", TRACT, "right"),
        ("largest_section_load", TRACT, "right"),
    ]
    assert all(math.isnan(row["value"]) for row in rows[:2])
    assert [row["value"] for row in rows[2:]] == [5.0, 9.0]


def test_the_cells_of_the_group_table() -> None:
    assert tract_cells(load(), {"left": SectionLoad(7.0, 40.0)}) == pytest.approx(
        {
            "corticospinal_left_percent": 20.0,
            "corticospinal_right_percent": 5.0,
            "plic_left_percent": 25.0,
            "plic_right_percent": np.nan,
            "optic_radiation_left_percent": np.nan,
            "optic_radiation_right_percent": np.nan,
            "corticospinal_sections_left_percent": 7.0,
            "corticospinal_sections_right_percent": np.nan,
            "corticospinal_cut_left_percent": 40.0,
            "corticospinal_cut_right_percent": np.nan,
        },
        nan_ok=True,
    )
