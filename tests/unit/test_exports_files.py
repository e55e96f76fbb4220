from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat

from cpimaging.exports.files import each_row, write_csv, write_lesion_mat
from cpimaging.types import InputError

COLUMNS = {"participant_id": "str", "value": "float64"}


def test_rows_come_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "long.tsv").write_text("participant_id\tvalue\nsub-01\t1.5\nsub-02\tn/a\n")
    assert list(each_row(tmp_path / "long.tsv", COLUMNS)) == [["sub-01", "1.5"], ["sub-02", "n/a"]]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("participant_id\n", "has not the columns"),
        ("participant_id\tvalue\nsub-01\n", "line 2 has 1 cells"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "long.tsv").write_text(text)
    with pytest.raises(InputError, match=told):
        list(each_row(tmp_path / "long.tsv", COLUMNS))


def test_cells_with_commas_are_quoted(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", [["a", "b"], ["1, one | 2, two", 'say "x"']])
    assert (tmp_path / "a.csv").read_text() == 'a,b\n"1, one | 2, two","say ""x"""\n'


def test_a_lesion_for_niistat_has_the_header_of_spm(tmp_path: Path) -> None:
    """Voxel (0, 0, 0) at −4, 7, 10 mm is voxel (1, 1, 1) of SPM: its origin lies one voxel before."""
    affine = np.array([[2.0, 0, 0, -4], [0, 1.5, 0, 7], [0, 0, 3, 10], [0, 0, 0, 1]])
    mask = np.zeros((2, 3, 4), bool)
    mask[1, 2, 3] = True
    write_lesion_mat(tmp_path / "sub-01.mat", mask, affine)
    write_lesion_mat(tmp_path / "again.mat", mask, affine)
    lesion = loadmat(tmp_path / "sub-01.mat", simplify_cells=True)["lesion"]
    assert (lesion["dat"] == mask).all()
    assert lesion["hdr"]["dim"].tolist() == [2, 3, 4]
    assert (lesion["hdr"]["mat"] @ [1, 1, 1, 1]).tolist() == [-4, 7, 10, 1]
    assert (lesion["hdr"]["mat"] @ [2, 3, 4, 1]).tolist() == [-2, 10, 19, 1]
    first, second = ((tmp_path / f"{name}.mat").read_bytes() for name in ("sub-01", "again"))
    assert first[:124] == second[:124]
    assert b"Created" not in first
