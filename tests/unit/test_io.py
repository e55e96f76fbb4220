from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpimaging import io
from cpimaging.types import LESIONS_COLUMNS, Image, InputError


def save(path: Path, data: np.ndarray, axcodes: str = "RAS") -> Path:
    orientation = nib.orientations.axcodes2ornt(axcodes)
    flips = np.diag([*np.where(orientation[:, 1] > 0, 1.0, -1.0), 1.0])
    affine = np.zeros((4, 4))
    for disk, (axis, _) in enumerate(orientation):
        affine[int(axis), disk] = flips[disk, disk] * (disk + 1)
    affine[3, 3] = 1
    nib.save(nib.Nifti1Image(data, affine), path)
    return path


@pytest.mark.parametrize("axcodes", ["RAS", "LAS", "LPS", "ASR", "PIL"])
def test_axes_are_turned_to_ras_and_back(tmp_path: Path, axcodes: str, rng: np.random.Generator) -> None:
    data = rng.integers(0, 200, (3, 4, 5)).astype(np.uint8)
    path = save(tmp_path / "a.nii.gz", data, axcodes)
    image = io.read_image(path, labels=True)
    assert nib.aff2axcodes(image.affine) == ("R", "A", "S")
    assert image.axcodes == tuple(axcodes)
    for voxel in [(0, 0, 0), (2, 1, 3)]:
        world = nib.load(path).affine @ [*voxel, 1]
        there = np.linalg.solve(image.affine, world)[:3].round().astype(int)
        assert image.data[tuple(there)] == data[voxel]

    io.write_image(tmp_path / "b.nii.gz", image)
    again = nib.load(tmp_path / "b.nii.gz")
    assert np.array_equal(np.asanyarray(again.dataobj), data)
    assert np.allclose(again.affine, nib.load(path).affine)


@pytest.mark.parametrize("top", [1, 255, 300, 70001])
def test_labels_keep_their_numbers(tmp_path: Path, top: int) -> None:
    labels = np.zeros((3, 4, 5), np.int64)
    labels[1, 2, 3] = top
    io.write_image(tmp_path / "a.nii.gz", Image(labels, np.eye(4)))
    assert io.read_image(tmp_path / "a.nii.gz", labels=True).data[1, 2, 3] == top


def test_trailing_axes_of_one_are_dropped_and_more_volumes_refused(tmp_path: Path) -> None:
    save4 = nib.Nifti1Image(np.ones((3, 4, 5, 1), np.uint8), np.eye(4))
    nib.save(save4, tmp_path / "one.nii.gz")
    assert io.read_image(tmp_path / "one.nii.gz").shape == (3, 4, 5)
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5, 2), np.uint8), np.eye(4)), tmp_path / "two.nii.gz")
    with pytest.raises(InputError, match="one 3-D volume is expected"):
        io.read_image(tmp_path / "two.nii.gz")


def test_a_truncated_file_is_told_in_one_line(tmp_path: Path, rng: np.random.Generator) -> None:
    path = save(tmp_path / "a.nii.gz", rng.random((20, 30, 25)).astype(np.float32))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="truncated") as caught:
        io.read_image(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        io.read_image(tmp_path / "b.nii.gz")


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


def test_the_same_image_gives_the_same_bytes(tmp_path: Path, small: Image) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        io.write_image(tmp_path / name, small)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


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


@pytest.mark.parametrize(("template_space", "code"), [(True, 4), (False, 1)])
def test_the_header_says_in_which_space_an_image_lies(
    tmp_path: Path, small: Image, template_space: bool, code: int
) -> None:
    """NIfTI-1 has 4 for MNI152, 1 for the scanner's own space; both affines say the same."""
    io.write_image(tmp_path / "a.nii.gz", small, template_space=template_space)
    header = nib.load(tmp_path / "a.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (code, code)
    assert header.get_xyzt_units()[0] == "mm"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_survive_a_table(value: float) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        io.write_table(Path(folder) / "a.tsv", pd.DataFrame({"x": [value, np.nan]}))
        back = io.read_table(Path(folder) / "a.tsv", {"x": "float64"})
    assert back["x"][0] == value
    assert np.isnan(back["x"][1])


def test_a_table_without_a_column_is_refused(tmp_path: Path) -> None:
    io.write_table(tmp_path / "a.tsv", pd.DataFrame({"x": [1]}))
    with pytest.raises(InputError, match=r"lacks the column\(s\) y"):
        io.read_table(tmp_path / "a.tsv", {"x": "int64", "y": "str"})


def test_displacements_survive_and_are_lps_on_disk(
    tmp_path: Path, small: Image, rng: np.random.Generator
) -> None:
    field = Image(rng.random((*small.shape, 3)), small.affine)
    io.write_displacement(tmp_path / "x.nii.gz", field)
    back = io.read_displacement(tmp_path / "x.nii.gz")
    assert np.allclose(back.data, field.data, atol=1e-6)
    stored = np.asanyarray(nib.load(tmp_path / "x.nii.gz").dataobj)
    assert stored.shape == (5, 6, 7, 1, 3)
    assert np.allclose(stored[..., 0, 0], -field.data[..., 0], atol=1e-6)
    assert np.allclose(stored[..., 0, 2], field.data[..., 2], atol=1e-6)


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
