"""Ventricles that a given mask covers, on twenty voxels."""

import numpy as np
import pytest

from cpimaging.segment.covered import covered_ventricles
from cpimaging.types import Image, LabelMap, Region

HORNS = (
    Region(1, "left horn", "lateral_ventricle_frontal_horn", "left", "csf"),
    Region(2, "left body", "lateral_ventricle_body", "left", "csf"),
    Region(3, "right horn", "lateral_ventricle_frontal_horn", "right", "csf"),
    Region(4, "thalamus", "thalamus", "right", "deep_grey"),
)
GRID = np.array([1] * 5 + [2] * 5 + [3] * 5 + [4] * 5).reshape(20, 1, 1)


@pytest.mark.parametrize(
    ("first", "last", "told"),
    [
        (0, 1, None),  # 1 of 10
        (4, 6, "covers 20% of the left one"),
        (10, 20, "covers 100% of the right one"),
        (15, 20, None),  # no ventricle
    ],
)
def test_a_mask_over_a_ventricle_leaves_it_unmeasured(first, last, told):
    lesion = np.zeros(GRID.shape, bool)
    lesion[first:last] = True
    found = covered_ventricles(LabelMap(Image(GRID, np.eye(4)), HORNS), Image(lesion, np.eye(4)))
    assert found is None if told is None else told in found


def test_without_a_mask_nothing_is_covered():
    assert covered_ventricles(LabelMap(Image(GRID, np.eye(4)), HORNS), None) is None
