from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from cpimaging import images
from cpimaging.types import Image, InputError


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
    image = images.read_image(path, labels=True)
    assert nib.aff2axcodes(image.affine) == ("R", "A", "S")
    assert image.axcodes == tuple(axcodes)
    for voxel in [(0, 0, 0), (2, 1, 3)]:
        world = nib.load(path).affine @ [*voxel, 1]
        there = np.linalg.solve(image.affine, world)[:3].round().astype(int)
        assert image.data[tuple(there)] == data[voxel]

    images.write_image(tmp_path / "b.nii.gz", image)
    again = nib.load(tmp_path / "b.nii.gz")
    assert np.array_equal(np.asanyarray(again.dataobj), data)
    assert np.allclose(again.affine, nib.load(path).affine)


@pytest.mark.parametrize("top", [1, 255, 300, 70001])
def test_labels_keep_their_numbers(tmp_path: Path, top: int) -> None:
    labels = np.zeros((3, 4, 5), np.int64)
    labels[1, 2, 3] = top
    images.write_image(tmp_path / "a.nii.gz", Image(labels, np.eye(4)))
    assert images.read_image(tmp_path / "a.nii.gz", labels=True).data[1, 2, 3] == top


def test_trailing_axes_of_one_are_dropped_and_more_volumes_refused(tmp_path: Path) -> None:
    save4 = nib.Nifti1Image(np.ones((3, 4, 5, 1), np.uint8), np.eye(4))
    nib.save(save4, tmp_path / "one.nii.gz")
    assert images.read_image(tmp_path / "one.nii.gz").shape == (3, 4, 5)
    nib.save(nib.Nifti1Image(np.ones((3, 4, 5, 2), np.uint8), np.eye(4)), tmp_path / "two.nii.gz")
    with pytest.raises(InputError, match="one 3-D volume is expected"):
        images.read_image(tmp_path / "two.nii.gz")


def test_a_truncated_file_is_told_in_one_line(tmp_path: Path, rng: np.random.Generator) -> None:
    path = save(tmp_path / "a.nii.gz", rng.random((20, 30, 25)).astype(np.float32))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match="truncated") as caught:
        images.read_image(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        images.read_image(tmp_path / "b.nii.gz")


def test_the_same_image_gives_the_same_bytes(tmp_path: Path, small: Image) -> None:
    for name in ("a.nii.gz", "b.nii.gz"):
        images.write_image(tmp_path / name, small)
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize(("template_space", "code"), [(True, 4), (False, 1)])
def test_the_header_says_in_which_space_an_image_lies(
    tmp_path: Path, small: Image, template_space: bool, code: int
) -> None:
    """NIfTI-1 has 4 for MNI152, 1 for the scanner's own space; both affines say the same."""
    images.write_image(tmp_path / "a.nii.gz", small, template_space=template_space)
    header = nib.load(tmp_path / "a.nii.gz").header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (code, code)
    assert header.get_xyzt_units()[0] == "mm"


def test_displacements_survive_and_are_lps_on_disk(
    tmp_path: Path, small: Image, rng: np.random.Generator
) -> None:
    field = Image(rng.random((*small.shape, 3)), small.affine)
    images.write_displacement(tmp_path / "x.nii.gz", field)
    back = images.read_displacement(tmp_path / "x.nii.gz")
    assert np.allclose(back.data, field.data, atol=1e-6)
    stored = np.asanyarray(nib.load(tmp_path / "x.nii.gz").dataobj)
    assert stored.shape == (5, 6, 7, 1, 3)
    assert np.allclose(stored[..., 0, 0], -field.data[..., 0], atol=1e-6)
    assert np.allclose(stored[..., 0, 2], field.data[..., 2], atol=1e-6)
