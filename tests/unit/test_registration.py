import numpy as np
import pytest

from cpimaging.registration import crop, field_from_transforms, jacobian, moved_points, resample
from cpimaging.types import Image


def shifted(grid: Image, by_mm: tuple[float, float, float]) -> Image:
    """A displacement field that takes every point of the grid `by_mm` further."""
    return Image(np.broadcast_to(by_mm, (*grid.shape, 3)).astype(float), grid.affine)


def test_a_field_pulls_from_where_it_points(small: Image) -> None:
    moved = resample(small, small, shifted(small, (2.0, 0.0, 0.0)))
    assert np.allclose(moved.data[:-1], small.data[1:], atol=1e-5)
    assert np.allclose(moved.data[-1], 0)


def test_a_matrix_does_the_same_as_a_field(small: Image) -> None:
    matrix = np.eye(4)
    matrix[:3, 3] = [0.0, 1.5, 0.0]
    by_matrix = resample(small, small, matrix=matrix)
    by_field = resample(small, small, shifted(small, (0.0, 1.5, 0.0)))
    assert np.allclose(by_matrix.data[:, :-1], by_field.data[:, :-1], atol=1e-5)


def test_beyond_the_field_there_is_nothing(small: Image) -> None:
    near = Image(small.data[:3, :4, 1:], small.affine.copy())
    near.affine[2, 3] += 3.0  # the field covers voxels 0-2, 0-3 and 1-6 of the grid
    for mode in ("linear", "nearest"):
        moved = resample(small, small, shifted(near, (0.0, 0.0, 0.0)), mode=mode)  # type: ignore[arg-type]
        assert np.allclose(moved.data[:3, :4, 1:], near.data)
        assert np.count_nonzero(moved.data) == near.data.size


def test_labels_keep_type_and_numbers(small: Image) -> None:
    labels = small.with_data((small.data > 0.5).astype(np.int32) * 70001)
    assert np.array_equal(resample(labels, small, mode="nearest").data, labels.data)
    assert resample(labels, small, mode="nearest").data.dtype == np.int32
    assert resample(small.with_data(small.data > 0.5), small, mode="nearest").data.dtype == bool


def test_points_go_where_the_field_points(small: Image) -> None:
    """Left, back and up are told apart, between voxels too; beyond the field its edge counts."""
    field = np.zeros((*small.shape, 3), np.float32)
    field[...] = [1.5, -2.0, 0.25]
    field[0] = [3.0, 0.0, 0.0]
    middle, edge = (tuple((small.affine @ [*voxel, 1.0])[:3]) for voxel in ((2, 1, 1), (0, 1, 1)))
    between, far = np.add(edge, [0.5, 0.0, 0.0]), (900.0, -900.0, 900.0)  # a quarter of the way to the next
    found = moved_points(np.array([middle, edge, between, far]), Image(field, small.affine))
    moves = [[1.5, -2.0, 0.25], [3.0, 0.0, 0.0], [2.625, -0.5, 0.0625], [1.5, -2.0, 0.25]]
    np.testing.assert_allclose(found, np.add([middle, edge, between, far], moves), atol=1e-6)


def test_crop_keeps_world_positions(small: Image) -> None:
    mask = np.zeros(small.shape, bool)
    mask[2, 3, 4] = True
    part = crop(small, mask, 2.0)
    assert part.shape == (3, 5, 3)
    assert part.data[1, 2, 1] == small.data[2, 3, 4]
    assert np.allclose(part.affine @ [1, 2, 1, 1], small.affine @ [2, 3, 4, 1])


def test_jacobian_of_a_growth_is_its_volume_factor() -> None:
    """On a grid that is turned by 90° about z and has unequal voxels."""
    affine = np.array([[0.0, -1.0, 0.0, 4.0], [2.0, 0.0, 0.0, 5.0], [0.0, 0.0, 3.0, 6.0], [0, 0, 0, 1]])
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in (5, 6, 7)), indexing="ij"), axis=-1)
    world = grid @ affine[:3, :3].T + affine[:3, 3]
    assert np.allclose(jacobian(Image(world * [0.1, 0.2, 0.0], affine)), 1.1 * 1.2)


def test_field_covers_the_grid_at_two_millimetres(small: Image) -> None:
    import SimpleITK as sitk

    field = field_from_transforms(small, [sitk.Transform(3, sitk.sitkIdentity)])
    assert field.spacing_mm == pytest.approx((2.0, 2.0, 3.0))
    assert np.allclose(field.data, 0)
    last = field.affine @ [*(np.array(field.shape) - 1), 1]
    assert (last[:3] >= (small.affine @ [4, 5, 6, 1])[:3] - 1e-6).all()
