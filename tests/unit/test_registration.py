import numpy as np
import pytest

from cpimaging.registration import (
    crop,
    field_from_transforms,
    jacobian,
    labels_within,
    moved_points,
    resample,
    resample_within,
)
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


def test_within_a_mask_it_is_the_same_and_outside_there_is_nothing(small: Image) -> None:
    """Pulled by one voxel along y; the mask has a gap, and its box is a part of the grid."""
    mask = np.zeros(small.shape, bool)
    mask[1:4, 2:6, 3:5] = True
    mask[2, 3, 3] = False
    expected = np.zeros(small.shape, np.float32)
    expected[:, :-1] = small.data[:, 1:]
    expected[~mask] = 0
    field = shifted(small, (0.0, 1.5, 0.0))
    moved = resample_within(small, small.with_data(mask), field)
    assert np.allclose(moved.data, expected, atol=1e-5)
    assert moved.same_grid(small)
    labels = small.with_data((small.data * 70001).astype(np.int32))
    found = resample_within(labels, small.with_data(mask), field, mode="nearest").data
    assert found.dtype == np.int32
    assert np.array_equal(found[:, :-1][mask[:, :-1]], labels.data[:, 1:][mask[:, :-1]])
    assert not resample_within(small, small.with_data(np.zeros(small.shape, bool)), field).data.any()


def test_several_labels_take_one_way(small: Image) -> None:
    """Each as if it went alone. Along y the last plane lies beyond the image, the first off the mask."""
    mask = small.with_data(np.broadcast_to(np.arange(6)[:, None] > 0, small.shape))
    field = shifted(small, (0.0, 1.5, 0.0))
    one, other = ((small.data * top).astype(kind) for top, kind in ((9, np.uint8), (70001, np.int32)))
    moved = labels_within({"a": small.with_data(one), "b": small.with_data(other)}, mask, field)
    for name, data in (("a", one), ("b", other)):
        expected = np.zeros_like(data)
        expected[:, 1:-1] = data[:, 2:]
        assert np.array_equal(moved[name].data, expected)
        assert moved[name].data.dtype == data.dtype
    assert labels_within({}, mask, field) == {}


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
    bent = Image(world * [0.1, 0.2, 0.0] * (world > 6), affine)
    where = np.arange(5 * 6 * 7).reshape(5, 6, 7) % 3 == 1
    assert np.array_equal(jacobian(bent, where), jacobian(bent)[where])


def test_field_covers_the_grid_at_two_millimetres(small: Image) -> None:
    import SimpleITK as sitk

    field = field_from_transforms(small, [sitk.Transform(3, sitk.sitkIdentity)])
    assert field.spacing_mm == pytest.approx((2.0, 2.0, 3.0))
    assert np.allclose(field.data, 0)
    last = field.affine @ [*(np.array(field.shape) - 1), 1]
    assert (last[:3] >= (small.affine @ [4, 5, 6, 1])[:3] - 1e-6).all()
