"""How the values of a mask are read: one code for scans, masks in bulk, and external tools."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from cpimaging.images import read_image, read_sparse
from cpimaging.masks import binary_mask, read_mask, values_inside
from cpimaging.types import Image, InputError

FILE = "sub-01_mask.nii.gz"
STEPS = np.arange(101)


@pytest.mark.parametrize(
    ("values", "inside", "noted"),
    [
        ([0, 1, 1], [False, True, True], ""),
        ([0, 255, 255], [False, True, True], "mask values 0 and 255: the higher"),
        ([1, 2, 2], [False, True, True], "mask values 1 and 2: the higher"),
        ([0.0, 0.45, 0.45], [False, True, True], "mask values 0 and 0.45: the higher"),
        ([0.0, 2.5, 2.5], [False, True, True], "mask values 0 and 2.5: the higher"),
        ([0.0, 0.9999999997, 1.0], [False, True, True], ""),
        ([0.0, 1.00000006, 1.0], [False, True, True], ""),
        ([0.0, 0.49, 0.5, 1.0], [False, False, True, True], "soft mask"),
        ([0.0, 0.49, 0.5, 1.00000006], [False, False, True, True], "soft mask"),
        ([0.1, 0.3, 0.6, 0.7], [False, False, True, True], "soft mask"),
        ([0, 1, 3], [False, True, True], "labels up to 3: everything above 0"),
        ([0.0, 1.00000006, 3.0000001], [False, True, True], "labels up to 3: everything above 0"),
        ([0.0, 1e-6, 2.0, 1.0], [False, False, True, True], "labels up to 2"),
        (range(11), [False] + [True] * 10, "labels up to 10"),
        (STEPS, STEPS >= 50, "in percent: voxels of 50 and more"),
        (STEPS * 2.55, STEPS * 2.55 >= 127.5, "soft mask of 255: voxels of 127.5"),
        ([0.0, 12.5, 49.9, 50.0, 62.5], [False, False, False, True, True], "in percent"),
        (np.arange(256), np.arange(256) >= 128, "soft mask of 255"),
        ([0, 0, 0], [False, False, False], ""),
        ([False, True, False], [False, True, False], ""),
        ([-1e-9, 0.0, 1.0], [False, False, True], ""),
        ([np.nan, 1.0, 0.0], [False, True, False], "no numbers count as outside"),
        ([np.nan, 3.0, np.nan], [False, True, False], "mask values 0 and 3: the higher"),
    ],
)
def test_how_mask_values_are_read(values: list[float], inside: list[bool], noted: str) -> None:
    data = np.array(values).reshape(-1, 1, 1)
    mask, notes = binary_mask(Image(data, np.eye(4)), FILE)
    assert mask.data.dtype == bool
    assert mask.data.ravel().tolist() == list(inside)
    assert bool(notes) == bool(noted)
    assert noted in "; ".join(notes)
    assert all("\n" not in note for note in notes)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([0.0, 1.0, -1.0], "negative or infinite"),
        ([0.0, 1.0, np.inf], "negative or infinite"),
        ([0.0, np.nan, 0.0], "nothing but 0 and voxels that are no numbers"),
        ([np.nan, np.nan, np.nan], "nothing but 0"),
        ([0.0, 0.2, 0.45], "nowhere reaches 0.5 (at most 0.45)"),
        ([0.0, 1.2, 7.5], "up to 7.5 are none of a mask"),
        ([0.0, 300.5, 999.0], "up to 999 are none"),
        (np.arange(61), "up to 60 are none"),  # sixty numbered lesions, or percent
        ([1 + 2j, 0, 1], "colours or no plain numbers"),
    ],
)
def test_what_fits_no_kind_of_mask_is_refused(values: list[float], problem: str) -> None:
    with pytest.raises(InputError) as error:
        binary_mask(Image(np.array(values).reshape(-1, 1, 1), np.eye(4)), FILE)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def soft_lesion() -> np.ndarray:
    """A ball of 1 whose border is smooth, 0-1."""
    x, y, z = np.meshgrid(*(np.arange(n) for n in (20, 22, 24)), indexing="ij")
    ball = (x - 9) ** 2 + (y - 11) ** 2 + (z - 12) ** 2 < 25
    soft = ndimage.gaussian_filter(ball.astype(float), 1)
    return np.asarray(soft / soft.max())


STORED = {
    "float": (1.0, np.float32, False),
    "8 bits with a slope": (1.0, np.uint8, False),
    "16 bits with a slope": (1.0, np.int16, False),
    "percent": (100.0, np.float32, False),
    "of 255": (255.0, np.float32, False),
    "background not a number": (1.0, np.float32, True),
}


@pytest.mark.parametrize("name", STORED)
def test_a_stored_soft_mask_holds_what_numpy_counts(tmp_path: Path, name: str) -> None:
    """Read whole and read sparse, a soft mask is cut at half; truth from the array before it was stored."""
    scale, dtype, hollow = STORED[name]
    soft = soft_lesion()
    data = np.where(soft < 0.01, np.nan, soft) if hollow else soft
    image = nib.Nifti1Image(data * scale, np.diag([2.0, 2, 2, 1]))
    image.set_data_dtype(dtype)
    path = tmp_path / FILE
    nib.save(image, path)
    if "slope" in name:
        assert nib.load(path).dataobj.slope != 1
    mask, notes = read_mask(path)
    near = np.abs(soft - 0.5) < 0.005  # where the steps of 8 bits decide
    assert np.array_equal(mask.data[~near], (soft >= 0.5)[~near])
    assert any(word in notes[0] for word in ("0.5", "50", "127.5"))
    sparse = read_sparse(path)
    inside, same_notes = values_inside(sparse.found, path, zeros=sparse.index.size < soft.size)
    assert np.array_equal(np.sort(sparse.index[inside]), np.flatnonzero(mask.data))
    assert same_notes == notes


def test_zeros_that_were_left_out_still_count_as_a_value() -> None:
    """Found voxels of 1 and 2 beside zeros are labels; a mask of nothing but 1 and 2 has an inside."""
    found = np.array([1, 2, 2])
    assert values_inside(found, FILE, zeros=True)[0].tolist() == [True, True, True]
    assert values_inside(found, FILE)[0].tolist() == [False, True, True]
    assert values_inside(np.array([]), FILE, zeros=True)[0].size == 0


def test_a_mask_in_colours_is_refused(tmp_path: Path) -> None:
    colours = np.zeros((4, 5, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"][1, 2, 3] = 255
    nib.save(nib.Nifti1Image(colours, np.eye(4)), tmp_path / FILE)
    with pytest.raises(InputError, match="colours"):
        binary_mask(read_image(tmp_path / FILE, labels=True), FILE)
