"""Labels brought to another grid: the linear majority, thin structures kept, any label numbers."""

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.atlases.space import resample_labels
from cpimaging.types import Image

NUMBERS = np.array([0, 3, 127, 300, 70001])


@pytest.fixture
def coarse(rng: np.random.Generator) -> Image:
    """Five smooth labels of 3 mm voxels, unequal sides."""
    fields = ndimage.gaussian_filter(rng.standard_normal((5, 9, 11, 8)), (0, 1.5, 1.5, 1.5))
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = [-12, -15, -10]
    return Image(NUMBERS[fields.argmax(axis=0)], affine)


def fine_grid() -> Image:
    affine = np.diag([1.0, 1, 1, 1])
    affine[:3, 3] = [-9.6, -12.3, -8.2]
    return Image(np.zeros((19, 24, 15), np.uint8), affine)


def one_by_one(labels: Image, grid: Image, matrix: np.ndarray) -> np.ndarray:
    """The reference: every label resampled linearly by itself, the largest wins."""
    index = np.indices(grid.shape).reshape(3, -1)
    to_voxel = np.linalg.inv(labels.affine) @ matrix @ grid.affine
    voxels = to_voxel[:3, :3] @ index + to_voxel[:3, 3:]
    shares = [ndimage.map_coordinates((labels.data == n) * 1.0, voxels, order=1) for n in NUMBERS]
    return NUMBERS[np.argmax(shares, axis=0)].reshape(grid.shape)


def test_the_vote_is_the_largest_of_all_labels_resampled_linearly(coarse: Image) -> None:
    matrix = np.array([[0.95, 0.05, 0, 1.3], [-0.04, 1.02, 0.03, -0.7], [0, 0.02, 0.97, 0.4], [0, 0, 0, 1]])
    moved = resample_labels(coarse, fine_grid(), matrix=matrix)
    expected = one_by_one(coarse, fine_grid(), matrix)
    assert set(np.unique(moved.data)) == set(NUMBERS)
    assert np.mean(moved.data == expected) > 0.999  # ties may fall either way


def test_a_matrix_and_the_same_move_as_a_field_agree(coarse: Image) -> None:
    grid = fine_grid()
    move = np.array([1.0, -2.0, 0.5])
    matrix = np.eye(4)
    matrix[:3, 3] = move
    field = Image(np.broadcast_to(move, (*grid.shape, 3)), grid.affine)
    by_field, by_matrix = resample_labels(coarse, grid, field), resample_labels(coarse, grid, matrix=matrix)
    assert np.array_equal(by_field.data, by_matrix.data)


def test_the_same_grid_changes_nothing(coarse: Image) -> None:
    assert np.array_equal(resample_labels(coarse, coarse).data, coarse.data)


def test_the_direction_is_that_of_a_pull() -> None:
    """A point of the grid at x = 2 takes the label at x = 2 + 3."""
    data = np.zeros((12, 4, 5), np.int32)
    data[5] = 70001
    labels, matrix = Image(data, np.eye(4)), np.eye(4)
    matrix[0, 3] = 3.0
    moved = resample_labels(labels, labels, matrix=matrix)
    assert np.unique(np.argwhere(moved.data == 70001)[:, 0]).tolist() == [2]


def test_a_single_voxel_and_a_thin_sheet_survive_a_shift_of_half_a_voxel() -> None:
    data = np.zeros((12, 10, 8), np.int32)
    data[3, 4, 5] = 300
    data[8] = 3
    labels, matrix = Image(data, np.eye(4)), np.eye(4)
    matrix[:3, 3] = [0.4, 0.45, 0.4]
    moved = resample_labels(labels, labels, matrix=matrix).data
    assert (moved == 300).sum() == 1
    assert (moved == 3).sum() == pytest.approx((data == 3).sum(), rel=0.05)


def test_points_outside_of_the_image_are_background() -> None:
    labels = Image(np.full((3, 4, 5), 7, np.uint8), np.eye(4))
    grid = Image(np.zeros((9, 4, 5), np.uint8), np.eye(4) + np.array([[0, 0, 0, -3.0], *[[0] * 4] * 3]))
    moved = resample_labels(labels, grid).data
    assert moved.dtype == np.uint8
    assert [bool(plane.all()) for plane in moved] == [False] * 3 + [True] * 3 + [False] * 3
    assert not moved[:3].any()


def test_ties_fall_alike_on_both_sides() -> None:
    """Voxels of 2 mm whose borders meet the points of a 1 mm grid; mirror-symmetric about x = 0."""
    data = np.zeros((12, 6, 6), np.int32)
    data[1:4, 1:5, 1:5] = 7
    data[8:11, 1:5, 1:5] = 8
    affine = np.diag([2.0, 2, 2, 1])
    affine[0, 3] = -11.0
    fine = np.eye(4)
    fine[:3, 3] = [-12, -1, -1]
    moved = resample_labels(Image(data, affine), Image(np.zeros((25, 12, 12), np.uint8), fine)).data
    assert np.array_equal(moved == 7, (moved == 8)[::-1])
    assert (moved == 7).any()


def test_nothing_stays_nothing() -> None:
    empty = Image(np.zeros((3, 4, 5), np.int32), np.eye(4))
    assert not resample_labels(empty, fine_grid()).data.any()
