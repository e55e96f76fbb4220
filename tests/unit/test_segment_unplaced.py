"""Structures that a template cannot place go to the tissue around them; worked by hand."""

import numpy as np

from cpimaging.segment.unplaced import without_unplaced
from cpimaging.types import Image, Region

PLIC = Region(1, "plic left", "plic", "left", "white_matter")
WHITE = Region(2, "white left", "white_matter", "left", "white_matter", "frontal")
THALAMUS = Region(3, "thalamus left", "thalamus", "left", "deep_grey")
OTHER = Region(4, "white right", "white_matter", "right", "white_matter", "frontal")
CALLOSUM = Region(5, "callosum", "corpus_callosum_body", "midline", "white_matter")


def row(*numbers: int, spacing_mm: float = 1.0) -> Image:
    data = np.array(numbers, np.int16).reshape(-1, 1, 1)
    return Image(data, np.diag([spacing_mm, 1, 1, 1]))


def merged(labels: Image, *regions: Region) -> list[int]:
    return without_unplaced(labels, regions, {"plic"}).data.ravel().tolist()


def test_voxels_take_the_nearest_label_of_their_tissue_and_side():
    regions = (PLIC, WHITE, THALAMUS, OTHER, CALLOSUM)
    assert merged(row(4, 3, 1, 1, 3, 2, 0), *regions) == [4, 3, 2, 2, 3, 2, 0]
    assert merged(row(5, 1, 1, 1, 1, 2), *regions) == [5, 5, 5, 2, 2, 2]


def test_without_an_heir_they_lie_outside_of_the_atlas():
    assert merged(row(3, 1, 4), PLIC, THALAMUS, OTHER) == [3, 0, 4]
    assert merged(row(2, 1, *[0] * 30, spacing_mm=30.0), PLIC, WHITE)[1] == 2  # its own box holds a neighbour


def test_nothing_else_moves():
    labels = row(4, 3, 2, 5)
    assert merged(labels, PLIC, WHITE, THALAMUS, OTHER, CALLOSUM) == [4, 3, 2, 5]
    assert merged(row(1, 1), PLIC) == [0, 0]
