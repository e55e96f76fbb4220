from pathlib import Path

import numpy as np
import pytest

from cpimaging.lesions.kinds import TABLE, kinds_of, percent_of_pieces, read_kinds
from cpimaging.types import InputError


def named(folder: Path, text: str) -> dict[int, str]:
    (folder / TABLE).write_text(text)
    return read_kinds(folder)


def test_a_table_names_the_values_of_masks_beside_it_or_below(tmp_path: Path) -> None:
    assert read_kinds(tmp_path) == {}
    names = named(tmp_path, "index\tkind\n1\tgliosis\n2\tcavity\n")
    assert names == {1: "gliosis", 2: "cavity"}
    (tmp_path / "masks").mkdir()
    assert read_kinds(tmp_path / "masks") == names


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("index\tname\n1\tcavity\n", "no columns index and kind"),
        ("index\tkind\n1\tcyst\n", "1: cyst"),
        ("index\tkind\none\tcavity\n", "one: cavity"),
        ("index\tkind\n1\tcavity\tmore\n", "no columns"),
    ],
)
def test_another_table_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        named(tmp_path, text)


def test_a_value_without_a_name_is_refused(tmp_path: Path) -> None:
    names = {1: "gliosis", 3: "blood"}
    assert kinds_of(np.array([3, 1, 1.0]), names, tmp_path).tolist() == ["blood", "gliosis", "gliosis"]
    with pytest.raises(InputError, match="holds the value 2"):
        kinds_of(np.array([1, 2]), names, tmp_path)


def test_shares_of_pieces_by_hand() -> None:
    """Two pieces, of four voxels and of two: one of the four lies there, and both of the two."""
    member = np.array([0, 0, 1, 0, 1, 0])
    there = np.array([True, False, True, False, True, False])
    assert percent_of_pieces(member, there).tolist() == [25.0, 100.0]
    assert percent_of_pieces(np.empty(0, int), np.empty(0, bool)).tolist() == []
