from contextlib import nullcontext

import numpy as np
import pytest
import SimpleITK as sitk

from cpimaging.itk import affine_transform, from_itk, one_thread, read_field, to_itk
from cpimaging.types import Image, InputError


def oblique(shape: tuple[int, ...], rng: np.random.Generator) -> Image:
    """Random values on a grid that is turned about two axes, with three voxel sizes."""
    a, b = np.deg2rad([20.0, -35.0])
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag([0.8, 1.5, 3.0])
    affine[:3, 3] = [-31.0, 12.0, 7.5]
    return Image(rng.standard_normal(shape).astype(np.float32), affine)


@pytest.mark.parametrize("shape", [(4, 6, 9), (4, 6, 9, 3)], ids=["image", "field"])
def test_an_oblique_grid_comes_back(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    image = oblique(shape, rng)
    back = from_itk(to_itk(image))
    assert np.array_equal(back.data, image.data)
    assert np.allclose(back.affine, image.affine, atol=1e-12)


def test_a_voxel_lies_at_the_same_place_with_x_and_y_turned(rng: np.random.Generator) -> None:
    image = oblique((4, 6, 9), rng)
    itk = to_itk(image)
    assert itk.GetSize() == (4, 6, 9)
    for index in [(0, 0, 0), (3, 1, 7), (1, 5, 2)]:
        x, y, z = (image.affine @ [*index, 1.0])[:3]
        assert itk.TransformIndexToPhysicalPoint(index) == pytest.approx((-x, -y, z), abs=1e-9)
        assert itk.GetPixel(index) == image.data[index]


def test_an_upright_grid_by_hand(small: Image) -> None:
    itk = to_itk(small)
    assert itk.GetOrigin() == (4.0, -7.0, 10.0)
    assert itk.GetSpacing() == (2.0, 1.5, 3.0)
    assert itk.GetDirection() == (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)


def test_a_shift_to_the_right_front_and_up_is_left_front_up_turned_for_itk(small: Image) -> None:
    field = Image(np.zeros((*small.shape, 3)), small.affine)
    field.data[2, 3, 4] = [5.0, 7.0, 11.0]
    itk = to_itk(field)
    assert itk.GetNumberOfComponentsPerPixel() == 3
    assert itk.GetPixel((2, 3, 4)) == (-5.0, -7.0, 11.0)
    move = sitk.DisplacementFieldTransform(itk)
    x, y, z = (small.affine @ [2, 3, 4, 1])[:3]
    assert move.TransformPoint((-x, -y, z)) == pytest.approx((-(x + 5), -(y + 7), z + 11))


def test_a_matrix_moves_points_alike_on_both_sides() -> None:
    matrix = np.array([[0.9, -0.2, 0.1, 4], [0.3, 1.1, 0, -6], [0, 0.1, 0.8, 9], [0, 0, 0, 1]])
    point = np.array([10.0, -20.0, 30.0, 1.0])
    x, y, z, _ = matrix @ point
    assert affine_transform(matrix).TransformPoint((-10.0, 20.0, 30.0)) == pytest.approx((-x, -y, z))


def test_a_mask_becomes_numbers_and_labels_stay_exact(small: Image) -> None:
    assert to_itk(small.with_data(small.data > 0.5)).GetPixelID() == sitk.sitkUInt8
    labels = small.with_data(np.full(small.shape, 70001, np.int32))
    back = from_itk(to_itk(labels)).data
    assert back.dtype == np.int32
    assert (back == 70001).all()


@pytest.mark.parametrize("failing", [False, True])
def test_one_thread_is_asked_of_everything_within_and_of_nothing_after(failing: bool) -> None:
    count = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads
    before = count()
    try:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(3)
        with nullcontext() if not failing else pytest.raises(ZeroDivisionError), one_thread():
            assert count() == 1
            assert 1 // (not failing)
        assert count() == 3
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


@pytest.mark.parametrize("kept", [0, 348, 352, 2000, -20])
@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_a_field_that_was_not_written_whole_is_refused(tmp_path, kept, ending):
    """ITK reads zeros for what a full disk cut off, which is a transform that moves nothing there."""
    field = Image(np.random.default_rng(2).random((6, 7, 8, 3)), np.eye(4))
    path = tmp_path / f"warp{ending}"
    sitk.WriteImage(to_itk(field), str(path))
    assert read_field(path).GetDisplacementField().GetSize() == (6, 7, 8)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match="was not written whole") as error:
        read_field(path)
    assert "TMPDIR" in str(error.value)
