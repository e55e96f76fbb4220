import numpy as np

from cpimaging.study.lesion_maps import FLIPPED, LesionMaps
from cpimaging.types import Image

GRID = Image(np.zeros((5, 2, 2), np.uint8), np.diag([1.0, 1.0, 1.0, 1.0]))


def flat(*places: tuple[int, int, int]) -> np.ndarray:
    return np.array([np.ravel_multi_index(place, GRID.shape) for place in places], dtype=np.intp)


def test_scans_are_counted_over_all_and_by_pattern() -> None:
    maps = LesionMaps(GRID)
    maps.add(flat((0, 0, 0), (0, 1, 1)), "B1")
    maps.add(flat((0, 0, 0)), "C1")
    maps.add(flat(), None)
    shares = maps.shares()
    assert {name: n for name, (_, n) in shares.items()} == {"": 3, "B1": 1, "C1": 1, FLIPPED: 3}
    assert shares[""][0].data[0, 0, 0] == np.float32(2 / 3)
    assert shares[""][0].data[0, 1, 1] == np.float32(1 / 3)
    assert shares["C1"][0].data.sum() == 1


def test_a_lesion_of_the_right_is_turned_to_the_left_and_no_other() -> None:
    right, left, even = flat((4, 1, 0), (3, 0, 1), (0, 0, 0)), flat((1, 1, 0)), flat((0, 0, 1), (4, 1, 1))
    maps = LesionMaps(GRID)
    for voxels in (right, left, even):
        maps.add(voxels, None)
    found = maps.shares()[FLIPPED][0].data * 3
    assert maps.mirrored == 1
    expected = np.zeros(GRID.shape)
    for place in [(0, 1, 0), (1, 0, 1), (4, 0, 0), (1, 1, 0), (0, 0, 1), (4, 1, 1)]:
        expected[place] += 1
    assert np.allclose(found, expected)


def test_the_middle_plane_belongs_to_no_side() -> None:
    maps = LesionMaps(GRID)
    maps.add(flat((2, 0, 0), (2, 0, 1), (1, 0, 0), (3, 0, 0)), None)
    assert maps.mirrored == 0
