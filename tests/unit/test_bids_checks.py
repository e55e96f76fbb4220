"""What the headers of a scan's images give away before any work is spent on them."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bids_trees import REAL

from cpimaging.bids.checks import check_scan
from cpimaging.bids.listing import list_scans, single_scan
from cpimaging.images import read_header
from cpimaging.types import InputError

SHAPE = (20, 24, 18)
AFFINE = np.array([[-2.0, 0, 0, 19], [0, 2, 0, -30], [0, 0, 3, -20], [0, 0, 0, 1]])  # LAS


def write(path: Path, shape=SHAPE, sform=AFFINE, qform=AFFINE) -> Path:
    """Write an image of zeros; a form that is None has code 0."""
    image = nib.Nifti1Image(np.zeros(shape, np.uint8), AFFINE)
    image.set_sform(sform, 0 if sform is None else 1)
    image.set_qform(qform, 0 if qform is None else 1)
    nib.save(image, path)
    return path


def moved(x: float = 0, y: float = 0, z: float = 0) -> np.ndarray:
    affine = AFFINE.copy()
    affine[:3, 3] += x, y, z
    return affine


def problems(folder: Path, lesion: str | None = None) -> tuple[str, ...]:
    return check_scan(folder, single_scan({"T1w": "t1.nii.gz"}, lesion=lesion))


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "t1.nii.gz")
    return tmp_path


def test_a_sound_scan_has_no_problem(folder):
    write(folder / "mask.nii.gz", (*SHAPE, 1, 1))
    assert problems(folder, "mask.nii.gz") == ()


@pytest.mark.parametrize(
    ("sform", "qform"), [(AFFINE, None), (None, AFFINE), (AFFINE, moved(0.4)), (AFFINE, moved(y=0.9))]
)
def test_one_form_or_two_that_nearly_agree_are_sound(tmp_path, sform, qform):
    write(tmp_path / "t1.nii.gz", sform=sform, qform=qform)
    assert problems(tmp_path) == ()


@pytest.mark.parametrize(
    ("sform", "qform", "told"),
    [
        (AFFINE, AFFINE @ np.diag([-1, 1, 1, 1]), "sform and qform are of opposite handedness"),
        (AFFINE, moved(3, 4), "sform and qform place it up to 5.0 mm apart"),
        (AFFINE, moved(z=1.1), "sform and qform place it up to 1.1 mm apart"),
        (AFFINE, AFFINE @ np.diag([-1, -1, 1, 1]), "sform and qform place it up to"),
        (None, None, "states no orientation"),
        (np.diag([2.0, 2, 0, 1]), None, "affine is not usable"),
    ],
)
def test_forms_that_contradict_each_other_are_told(tmp_path, sform, qform, told):
    write(tmp_path / "t1.nii.gz", sform=sform, qform=qform)
    (line,) = problems(tmp_path)
    assert line.startswith("T1w t1.nii.gz: ")
    assert told in line


def test_an_affine_that_is_no_number_is_told(tmp_path):
    content = bytearray(write(tmp_path / "t1.nii").read_bytes())
    content[280:284] = np.float32(np.nan).tobytes()  # first number of srow_x
    (tmp_path / "t1.nii").write_bytes(content)
    (line,) = check_scan(tmp_path, single_scan({"T1w": "t1.nii"}))
    assert "affine is not usable" in line


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ((20, 24, 18, 3), "has 3 volumes (20 × 24 × 18 × 3)"),
        ((20, 24, 18, 1, 2), "has 2 volumes"),
        ((20, 24), "has shape 20 × 24, a volume is expected"),
        ((20, 24, 1), "has shape 20 × 24 × 1, a volume is expected"),
    ],
)
def test_more_or_less_than_one_volume_is_told(tmp_path, shape, told):
    write(tmp_path / "t1.nii.gz", shape)
    (line,) = problems(tmp_path)
    assert told in line


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty (0 bytes)"),
        (b"\x1f\x8b\x08\x00", "header cannot be read"),
        (b"no image", "header cannot be read"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "git lfs pull"),
        (b"/annex/objects/MD5E-s9--0.nii.gz\n", "datalad get"),
    ],
)
@pytest.mark.parametrize("name", ["t1.nii.gz", "t1.nii"])
def test_content_that_is_no_image_is_told(tmp_path, name, content, told):
    (tmp_path / name).write_bytes(content)
    (line,) = check_scan(tmp_path, single_scan({"T1w": name}))
    assert line.startswith(f"T1w {name}: ")
    assert told in line


def test_a_truncated_file_is_told(folder):
    whole = (folder / "t1.nii.gz").read_bytes()
    (folder / "t1.nii.gz").write_bytes(whole[:40])
    assert "header cannot be read" in problems(folder)[0]
    path = write(folder / "t1.nii")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="is truncated"):
        read_header(path)


@pytest.mark.parametrize(
    ("target", "told"),
    [("../.git/annex/objects/aa/bb/key.nii.gz", "datalad get"), ("moved.nii.gz", "restore the file")],
)
def test_a_link_to_nowhere_is_told(tmp_path, target, told):
    (tmp_path / "t1.nii.gz").symlink_to(target)
    (line,) = problems(tmp_path)
    assert "is a link to content that is not there" in line
    assert told in line


def test_every_file_is_looked_at_and_no_absolute_path_is_told(folder):
    (folder / "flair.nii.gz").touch()
    scan = single_scan(
        {"T1w": folder / "t1.nii.gz", "FLAIR": folder / "flair.nii.gz"},
        lesion=folder / "absent.nii.gz",
        brain_mask=folder / "nor_this.nii.gz",
    )
    lines = check_scan(folder, scan)
    assert [line.split(":")[0] for line in lines] == [
        "FLAIR flair.nii.gz",
        "lesion mask absent.nii.gz",
        "brain mask nor_this.nii.gz",
    ]
    assert not any(str(folder) in line for line in lines)


@pytest.mark.parametrize(
    ("shape", "affine"),
    [
        (SHAPE, moved(19, 0, 0)),  # 40 mm wide: 21 mm are common
        ((5, 4, 6), moved(-10, 10, 6)),  # cut to the lesion
        ((10, 48, 36), AFFINE @ np.diag([2, 0.5, 0.5, 1])),  # another grid
        (SHAPE, AFFINE @ np.array([[-1, 0, 0, 19], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])),  # RAS order
        ((60, 60, 60), moved(40, -36, -30)),  # larger than the image
    ],
)
def test_a_mask_on_another_grid_in_the_same_place_is_sound(folder, shape, affine):
    write(folder / "mask.nii.gz", shape, affine, affine)
    assert problems(folder, "mask.nii.gz") == ()


@pytest.mark.parametrize(
    ("affine", "told"),
    [
        (moved(200), "does not meet that of the T1w (centres 200 mm apart)"),
        (moved(0, 30, 40), "meets only"),
        (moved(x=22), "meets only 45% of that of the T1w (centres 22 mm apart)"),
        (np.diag([2.0, 2, 3, 1]), "meets only"),  # its origin was lost
    ],
)
def test_a_mask_that_lies_elsewhere_is_told(folder, affine, told):
    write(folder / "mask.nii.gz", SHAPE, affine, affine)
    (line,) = problems(folder, "mask.nii.gz")
    assert line.startswith("lesion mask: its field of view")
    assert told in line


def test_a_brain_mask_that_lies_elsewhere_is_told(folder):
    write(folder / "brain.nii.gz", SHAPE, moved(z=100), moved(z=100))
    scan = single_scan({"T1w": "t1.nii.gz"}, brain_mask="brain.nii.gz")
    assert check_scan(folder, scan)[0].startswith("brain mask: its field of view does not meet")


def test_a_header_tells_both_forms(tmp_path):
    header = read_header(write(tmp_path / "a.nii", sform=moved(0.5), qform=None))
    assert header.shape == SHAPE
    assert header.qform is None
    np.testing.assert_array_equal(header.sform, moved(0.5))
    np.testing.assert_array_equal(header.affine, moved(0.5))


def test_a_format_without_forms_is_oriented(tmp_path):
    nib.save(nib.MGHImage(np.zeros(SHAPE, np.uint8), AFFINE), tmp_path / "a.mgz")
    header = read_header(tmp_path / "a.mgz")
    assert header.oriented
    assert header.sform is header.qform is None
    np.testing.assert_allclose(header.affine, AFFINE, atol=1e-5)


def test_the_real_images_have_no_problem():
    if not REAL.is_dir():
        pytest.skip("the real images are not here")
    labels = ("sub-head", "sub-ms07", "sub-ms12", "sub-ms26", "sub-stroke")
    assert {scan.label: check_scan(REAL, scan) for scan in list_scans(REAL)} == dict.fromkeys(labels, ())
