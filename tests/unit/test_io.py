import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpimaging import io
from cpimaging.types import LESIONS_COLUMNS, InputError


def test_an_output_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.txt"

    def fail() -> None:
        with io.whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(path.parent.iterdir()) == []
    io.write_text(path, "all")
    assert path.read_text() == "all"
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_table_is_complete_and_typed(tmp_path: Path) -> None:
    io.write_table(tmp_path / "a.tsv", io.typed([], LESIONS_COLUMNS))
    table = io.read_table(tmp_path / "a.tsv", LESIONS_COLUMNS)
    assert list(table) == list(LESIONS_COLUMNS)
    assert table["volume_mm3"].dtype == np.float64
    assert len(table) == 0


@pytest.mark.parametrize("as_rows", [True, False])
@pytest.mark.parametrize(
    ("row", "told"),
    [({"x": 1.0, "y": "a", "z": 2.0}, "z is unknown"), ({"x": 1.0}, "y is missing"), ({}, "x is missing, y")],
)
def test_a_table_has_exactly_its_columns(row: dict, told: str, as_rows: bool) -> None:
    whole = [{"x": 0.5, "y": "b"}, row]
    with pytest.raises(ValueError, match=told):
        io.typed(whole if as_rows else pd.DataFrame([row]), {"x": "float64", "y": "str"})


def test_rows_become_typed_columns_in_the_order_asked_for() -> None:
    table = io.typed([{"y": None, "x": 1}, {"y": "b", "x": None}], {"x": "float64", "y": "str"})
    assert list(table) == ["x", "y"]
    assert table["y"].tolist() == ["n/a", "b"]
    assert table["x"].tolist()[0] == 1.0
    assert np.isnan(table["x"].tolist()[1])


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_a_table(value: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        io.write_table(Path(folder) / "a.tsv", pd.DataFrame({"x": [value, np.nan]}))
        back = io.read_table(Path(folder) / "a.tsv", {"x": "float64"})
    assert back["x"][0] == value
    assert np.isnan(back["x"][1])


def test_columns_are_those_of_the_data_frame(tmp_path: Path) -> None:
    kinds = {"n": "int64", "t": "str", "x": "float64"}
    (tmp_path / "a.tsv").write_text("t\tmore\tx\tn\nn/a\t-\t1e-3\t7\n5\t-\tn/a\t-2\n")
    found, frame = io.read_columns(tmp_path / "a.tsv", kinds), io.read_table(tmp_path / "a.tsv", kinds)
    assert list(found) == list(frame) == ["n", "t", "x"]
    assert (found["n"], found["t"]) == ([7, -2], ["n/a", "5"])
    assert found["x"][0] == 0.001
    assert np.isnan(found["x"][1])
    for name, column in found.items():
        assert [type(cell) for cell in column] == [type(cell) for cell in frame[name].tolist()]
        assert np.array_equal(column, frame[name].tolist(), equal_nan=name == "x")


@pytest.mark.parametrize(
    ("text", "told"),
    [("x\n1\n", "lacks the column(s) y"), ("x\ty\n1\tone\n", "holds in the column 'y' what is no number")],
)
def test_columns_that_are_missing_or_no_numbers_are_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(InputError, match=re.escape(told)):
        io.read_columns(tmp_path / "a.tsv", {"x": "float64", "y": "int64"})


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    io.write_table(tmp_path / "a.tsv", pd.DataFrame({"x": [1]}))
    with pytest.raises(InputError, match=r"lacks the column\(s\) y"):
        io.read_table(tmp_path / "a.tsv", {"x": "int64", "y": "str"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "lacks verdict"),
        ('{"verdict": {}}', "lacks reason"),
        ("[]", "is not what was written"),
        ("5", "is not what was written"),
        ("{", "is not valid JSON"),
    ],
)
def test_a_record_of_ours_that_was_emptied_is_told(tmp_path, text, words):
    path = tmp_path / "sub-01_desc-quality_stats.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        io.read_record(path)["verdict"]["reason"]
    assert path.name in str(refused.value)


def test_a_record_is_what_was_written(tmp_path):
    content = {"verdict": {"a": [1, {"b": None}]}}
    io.write_json(tmp_path / "a.json", content)
    assert io.read_record(tmp_path / "a.json") == content
    assert io.read_record(tmp_path / "a.json").get("none") is None
