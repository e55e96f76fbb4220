"""Masks as runs of voxels, and tables read as text."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from cpimaging.io import read_rows, read_runs, read_table, runs_of, write_table
from cpimaging.types import LESIONRUNS_COLUMNS, LESIONS_COLUMNS, InputError


@given(arrays(bool, array_shapes(min_dims=3, max_dims=3, max_side=5)))
def test_runs_give_the_mask_back(tmp_path_factory: pytest.TempPathFactory, mask: np.ndarray) -> None:
    path = tmp_path_factory.mktemp("runs") / "runs.tsv"
    write_table(path, runs_of(mask, LESIONRUNS_COLUMNS))
    assert np.array_equal(read_runs(path, LESIONRUNS_COLUMNS, mask.shape), np.flatnonzero(mask))


def test_a_run_ends_where_its_row_of_voxels_does() -> None:
    mask = np.zeros((2, 2, 3), bool)
    mask[0, 0, 1:] = mask[0, 1, 0] = True
    rows = runs_of(mask, LESIONRUNS_COLUMNS).to_numpy().tolist()
    assert rows == [[0, 0, 1, 2], [0, 1, 0, 1]]


@pytest.mark.parametrize(
    "text",
    [
        "x\ty\tz\tlength\n0\t0\t1\t3\n",  # beyond the last voxel
        "x\ty\tz\tlength\n2\t0\t0\t1\n",
        "x\ty\tz\tlength\n-1\t0\t0\t1\n",
        "x\ty\tz\tlength\n0\t0\t0\n",
        "x\ty\tz\tlength\n0\t0\t0\tone\n",
        "x\ty\tz\tlength\n0\t0\t0\t1\n0\t0\t0",
        "x\ty\tz\n0\t0\t0\n",
        "",
    ],
)
def test_what_holds_no_runs_of_the_grid_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "runs.tsv").write_text(text)
    with pytest.raises(InputError):
        read_runs(tmp_path / "runs.tsv", LESIONRUNS_COLUMNS, (2, 2, 3))


@given(
    st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"])), min_size=1, max_size=4)
)
def test_rows_are_those_of_the_strict_reader(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "t.tsv"
    names = {f"c{place}": "str" for place in range(len(cells))}
    if not any(cell.strip() for cell in cells):
        return
    path.write_text("\t".join(names) + "\n" + "\t".join(cells) + "\n", encoding="utf-8")
    assert read_rows(path, names) == read_table(path).to_numpy().tolist()


@pytest.mark.parametrize("content", [b"index\n1\n", b"", b"\xff\xfe"])
def test_a_table_with_other_columns_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.tsv").write_bytes(content)
    with pytest.raises(InputError):
        read_rows(tmp_path / "t.tsv", LESIONS_COLUMNS)


def test_other_line_ends_are_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes(b"a\tb\r\n1\tn/a\r\n")
    assert read_rows(tmp_path / "t.tsv", {"a": "str", "b": "str"}) == [["1", "n/a"]]
