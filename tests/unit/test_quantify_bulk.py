"""Counting many masks on one grid by their voxels alone gives what counting each mask gives."""

import numpy as np
import pandas as pd
import pytest

from cpimaging.quantify.load import cell_rows, filled_rows, hits_in, load_in
from cpimaging.quantify.margins import load_margins
from cpimaging.quantify.partition import partition
from cpimaging.quantify.sparse_margins import margins_in
from cpimaging.types import Image, LabelMap, Region

REGIONS = (
    Region(3, "A", "n/a", "left", "n/a"),
    Region(5, "B", "n/a", "right", "n/a"),
)


def grid() -> LabelMap:
    labels = np.zeros((2, 3, 4), np.int16)
    labels[0, :, 0] = 3
    labels[1, 0] = 5
    return LabelMap(Image(labels, np.diag([1.0, 2, 3, 1])), REGIONS)


def test_counts_by_hand() -> None:
    atlas = grid()
    parts = partition(atlas.labels, atlas, {"over": atlas}, atlas.labels.with_data(np.ones((2, 3, 4), bool)))
    lesion = np.ravel_multi_index(([0, 0, 1, 1], [0, 2, 0, 2], [0, 0, 3, 3]), (2, 3, 4))
    rows = filled_rows(cell_rows(parts, 6.0), hits_in(lesion, parts), 4, 6.0).set_index(
        ["structure", "tissue"]
    )
    assert rows.loc["A", "lesion_volume_mm3"].tolist() == [12.0, 12.0]  # label and overlay
    assert rows.loc["A", "region_volume_mm3"].tolist() == [18.0, 18.0]
    assert np.allclose(rows.loc["A", "percent_region"], 200 / 3)
    assert rows.loc["B", "percent_region"].tolist() == [25.0, 25.0]
    assert rows.loc[("outside_atlas", "outside"), "percent_lesion"] == 25.0


def test_many_masks_at_once_are_each_alone(rng: np.random.Generator) -> None:
    atlas = grid()
    parts = partition(atlas.labels, atlas, {}, atlas.labels.with_data(np.ones((2, 3, 4), bool)))
    masks = [rng.random((2, 3, 4)) < share for share in (0.2, 0.6, 0.0)]
    alone = [load_in(Image(mask, atlas.labels.affine), parts) for mask in masks]
    rows = cell_rows(parts, 6.0)
    hits = np.concatenate([hits_in(np.flatnonzero(mask), parts) for mask in masks])
    sizes = np.repeat([mask.sum() for mask in masks], len(rows))
    together = filled_rows(pd.concat([rows] * 3, ignore_index=True), hits, sizes, 6.0)
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 1.0, 1.0), (1.0, 2.0, 3.0)])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_margins_of_voxels_are_those_of_the_mask(
    rng: np.random.Generator, spacing: tuple[float, ...], share: float
) -> None:
    """Also at the edge of the grid, and where a step is two voxels or a part of one."""
    shape = (6, 7, 8)
    labels = Image(np.zeros(shape, np.int16), np.diag([*spacing, 1]))
    labels.data[:3], labels.data[3:] = 3, 5
    atlas = LabelMap(labels, REGIONS)
    parts = partition(labels, atlas, {"over": atlas}, labels.with_data(np.ones(shape, bool)))
    mask = labels.with_data(rng.random(shape) < share)
    cells = cell_rows(parts, labels.voxel_volume_mm3)
    found = margins_in(np.flatnonzero(mask.data), labels, parts, cells)
    pd.testing.assert_frame_equal(found, load_margins(mask, parts), check_dtype=False)
