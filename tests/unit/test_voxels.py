"""Boxes, pieces, distances and strides, worked by hand."""

import numpy as np
import pytest

from cpimaging.types import Image
from cpimaging.voxels import (
    bounding_box,
    depth_mm,
    largest_piece,
    signed_distance,
    steps_of,
    stride,
    strided,
    voxels_in,
)

SHAPE = (6, 7, 8)


def mask_at(*places: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(np.array(places).T)] = True
    return mask


def test_a_box_holds_the_mask_and_some_room_within_the_grid() -> None:
    mask = mask_at((1, 2, 3), (4, 3, 7))
    assert bounding_box(mask) == (slice(1, 5), slice(2, 4), slice(3, 8))
    assert bounding_box(mask, (2, 1, 1)) == (slice(0, 6), slice(1, 5), slice(2, 8))


def test_the_box_of_nothing_is_empty() -> None:
    assert np.zeros(SHAPE)[bounding_box(np.zeros(SHAPE, bool), (1, 1, 1))].size == 0


def test_a_length_takes_whole_voxels() -> None:
    assert voxels_in(6.0, (2.0, 4.0, 5.9)).tolist() == [3, 2, 2]
    assert steps_of(6.0, (2.0, 4.1, 50.0)).tolist() == [3, 1, 1]


def test_the_largest_piece() -> None:
    pair, single = [(0, 0, 0), (0, 0, 1)], (3, 3, 3)
    assert np.array_equal(largest_piece(mask_at(single, *pair)), mask_at(*pair))
    assert np.array_equal(largest_piece(mask_at(single)), mask_at(single))
    assert not largest_piece(np.zeros(SHAPE, bool)).any()


def test_of_equal_pieces_the_first_is_kept_and_corners_may_join() -> None:
    mask = mask_at((0, 0, 0), (1, 1, 1), (4, 4, 4))
    assert np.array_equal(largest_piece(mask), mask_at((0, 0, 0)))
    assert np.array_equal(largest_piece(mask, corners=True), mask_at((0, 0, 0), (1, 1, 1)))


@pytest.mark.parametrize(
    ("wall_mm", "expected"), [(0.0, [4, 2, -2, -4, -2, 2]), (1.0, [3, 1, -1, -3, -1, 1])]
)
def test_a_distance_has_a_sign(wall_mm: float, expected: list[float]) -> None:
    """Three layers of 2 mm: to centres, and to the faces between voxels."""
    mask = np.zeros((6, 5, 4), bool)
    mask[2:5] = True
    assert signed_distance(mask, (2.0, 9.0, 9.0), wall_mm)[:, 2, 1].tolist() == expected


def test_depth_is_the_way_out_of_a_mask_and_a_grid_s_end_is_no_way_out() -> None:
    """Voxels of 2 mm in layers, of 3 mm across a row; a hole; a mask that the grid cuts; no mask."""
    layers, cut = np.zeros((2, 6, 5, 4), bool)
    layers[2:5] = cut[3:] = True
    assert depth_mm(layers, (2.0, 9.0, 9.0))[:, 2, 1].tolist() == [0, 0, 2, 4, 2, 0]
    assert depth_mm(cut, (2.0, 9.0, 9.0))[:, 2, 1].tolist() == [0, 0, 0, 2, 4, 6]
    cut[4, 2, 1] = False
    assert depth_mm(cut, (2.0, 3.0, 9.0))[4, :, 1].tolist() == [4, 3, 0, 3, 4]
    assert not depth_mm(np.zeros(SHAPE, bool), (1.0, 1.0, 1.0)).any()


def test_every_few_voxels_stay_where_they_were() -> None:
    image = Image(
        np.arange(6 * 7 * 8).reshape(SHAPE),
        np.array([[0, 2.0, 0, 5], [3.0, 0, 0, 6], [0, 0, 4.0, 7], [0, 0, 0, 1]]),
        ("L", "A", "S"),
    )
    thin = strided(image, (2, 3, 1), (1, 2, 0))
    assert thin.shape == (3, 2, 8)
    assert np.array_equal(thin.data, image.data[stride((2, 3, 1), (1, 2, 0))])
    assert thin.data[1, 1, 4] == image.data[3, 5, 4]
    assert np.allclose(thin.affine @ [1, 1, 4, 1], image.affine @ [3, 5, 4, 1])
    assert thin.axcodes == ("L", "A", "S")
