import numpy as np
import pytest

from cpimaging.lesions.components import components, members, piece_table
from cpimaging.types import LESIONS_COLUMNS, Image, LabelMap, Region

AFFINE = np.array([[2.0, 0, 0, -9.0], [0, 1.0, 0, 5.0], [0, 0, 3.0, -4.0], [0, 0, 0, 1.0]])
REGIONS = (
    Region(3, "left", "thalamus", "left", "deep_grey"),
    Region(127, "right", "thalamus", "right", "deep_grey"),
    Region(300, "pons", "pons", "midline", "brainstem"),
    Region(70001, "right putamen", "putamen", "right", "deep_grey"),
)


def brain() -> Image:
    """Return left in columns 1-3, midline in 4-5, right in 6-8, where the outer two are putamen."""
    labels = np.zeros((10, 7, 6), dtype=np.uint32)
    labels[1:4, 1:6, 1:5] = 3
    labels[4:6, 1:6, 1:5] = 300
    labels[6, 1:6, 1:5] = 127
    labels[7:9, 1:6, 1:5] = 70001
    return Image(labels, AFFINE)


def describe(mask: np.ndarray, labels: Image | None = None):
    labels = labels or brain()
    distance = np.where(labels.data > 0, np.arange(10.0)[:, None, None], np.nan)
    return components(Image(mask, AFFINE), labels, LabelMap(labels, REGIONS), distance, "given mask")


def empty() -> np.ndarray:
    return np.zeros((10, 7, 6), bool)


def test_pieces_are_numbered_by_falling_volume_then_position():
    mask = empty()
    mask[1, 1, 1] = mask[8, 5, 4] = True
    mask[4:6, 3, 3] = True
    numbered, table = describe(mask)
    assert table["index"].tolist() == [1, 2, 3]
    assert table["volume_mm3"].tolist() == [12.0, 6.0, 6.0]
    assert numbered.data[4, 3, 3] == numbered.data[5, 3, 3] == 1
    assert numbered.data[1, 1, 1] == 2
    assert numbered.data[8, 5, 4] == 3
    assert (numbered.data > 0).sum() == 4
    assert list(table) == [name for name in LESIONS_COLUMNS if not name.endswith("_id")]


def test_pieces_of_equal_size_are_numbered_by_their_centroid_x_first_then_y_then_z():
    """All of four voxels; the order in which they begin, and by which they are found, is another."""
    pieces = {
        1: np.s_[2, 4, 1:5],  # x = 2, y = 4
        2: np.s_[2, 6, 0:4],  # x = 2, y = 6, although lower
        3: np.s_[1:5, 1, 1],  # begins at x = 1, but its middle lies at 2.5
        4: np.s_[7, 3:5, 0:2],  # x = 7, y = 3.5, z = 0.5
        5: np.s_[7, 2:6, 5],  # begins at y = 2, but x = 7, y = 3.5, z = 5
    }
    mask = empty()
    for where in pieces.values():
        mask[where] = True
    numbered, table = describe(mask)
    assert table["volume_mm3"].tolist() == [24.0] * 5
    assert {n: np.unique(numbered.data[where]).tolist() for n, where in pieces.items()} == {
        n: [n] for n in pieces
    }
    assert table["centroid_x_mm"].tolist() == [-5.0, -5.0, -4.0, 5.0, 5.0]
    assert table["centroid_y_mm"].tolist() == [9.0, 11.0, 6.0, 8.5, 8.5]
    assert table["centroid_z_mm"].tolist() == [3.5, 0.5, -1.0, -2.5, 11.0]


def test_voxels_that_share_a_corner_are_one_piece():
    mask = empty()
    mask[2, 2, 2] = mask[3, 3, 3] = True
    _, table = describe(mask)
    assert len(table) == 1
    row = table.iloc[0]
    assert (row["centroid_x_mm"], row["centroid_y_mm"], row["centroid_z_mm"]) == (-4.0, 7.5, 3.5)
    assert row["distance_ventricle_mm"] == 2.0
    assert (row["side"], row["main_structure"], row["source"]) == ("left", "thalamus", "given mask")


def test_the_structure_and_the_side_with_most_voxels_win():
    mask = empty()
    mask[5:9, 2, 2] = True  # one midline, one thalamus, two putamen
    _, table = describe(mask)
    assert table.loc[0, "side"] == "right"
    assert table.loc[0, "main_structure"] == "putamen"


def test_a_lesion_in_balance_is_of_the_midline():
    mask = empty()
    mask[3:7, 2, 2] = True
    _, table = describe(mask)
    assert table.loc[0, "side"] == "midline"


def test_voxels_without_a_label_take_the_side_of_the_nearer_hemisphere():
    mask = empty()
    mask[4, 6, 5] = True  # x = −1 mm, but nearer to the left half of this head
    mask[9, 0, 0] = True
    _, table = describe(mask)
    assert table["side"].tolist() == ["left", "right"]
    assert table["main_structure"].tolist() == ["outside_atlas"] * 2
    assert table["distance_ventricle_mm"].isna().all()


def test_sides_follow_the_head_and_not_the_scanner():
    off_centre = Image(brain().data, AFFINE + np.array([[0, 0, 0, 40.0], *[[0] * 4] * 3]))
    mask = empty()
    mask[1, 6, 5] = True  # x = 33 mm, yet left in this head
    _, table = components(
        Image(mask, off_centre.affine), off_centre, LabelMap(off_centre, REGIONS), mask * np.nan, "detected"
    )
    assert table.loc[0, "side"] == "left"


def test_voxels_between_both_hemispheres_lie_on_the_midline_but_for_rounding():
    labels = Image(np.zeros((10, 7, 6), np.uint8), AFFINE + np.array([[0, 0, 0, -1.0005], *[[0] * 4] * 3]))
    mask = empty()
    mask[5, 1, 1] = mask[3, 1, 1] = True  # x = −0.0005 and −4.0005 mm
    none = np.full(mask.shape, np.nan)
    _, table = components(Image(mask, labels.affine), labels, LabelMap(labels, REGIONS), none, "given mask")
    assert table["side"].tolist() == ["left", "midline"]


def test_the_distance_to_the_midline_is_in_mm():
    """The slices are sheared by 0.5 µm each: voxels in the middle lie 0.25 and 1.25 µm beside it."""
    labels = np.zeros((9, 7, 6), np.uint32)
    labels[1:4, 1:6, 1:5], labels[5:8, 1:6, 1:5] = 3, 127
    affine = np.array([[20.0, 0, 5e-4, -80], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 0, 1]])
    mask = np.zeros(labels.shape, bool)
    mask[4, 1, 3] = mask[4, 6, 5] = True
    image = Image(labels, affine)
    none = np.full(mask.shape, np.nan)
    _, table = components(Image(mask, affine), image, LabelMap(image, REGIONS), none, "given mask")
    assert table["side"].tolist() == ["midline", "right"]


@pytest.mark.parametrize(
    ("x_mm", "side"), [(1e-3, "midline"), (-1e-3, "midline"), (2e-3, "right"), (-2e-3, "left")]
)
def test_the_midline_ends_at_a_micrometre(x_mm, side):
    affine = np.eye(4)
    affine[0, 3] = x_mm
    labels = Image(np.zeros((2, 2, 2), np.uint8), affine)
    mask = np.zeros(labels.shape, bool)
    mask[0, 0, 0] = True
    _, table = components(
        Image(mask, affine), labels, LabelMap(labels, REGIONS), np.full(mask.shape, np.nan), "given mask"
    )
    assert table["side"].tolist() == [side]


def test_a_head_without_labels_is_halved_at_zero():
    mask = empty()
    mask[1, 1, 1] = mask[8, 1, 1] = True
    _, table = describe(mask, Image(np.zeros((10, 7, 6), np.uint8), AFFINE))
    assert table["side"].tolist() == ["left", "right"]


def test_an_empty_mask_gives_an_empty_typed_table():
    numbered, table = describe(empty())
    assert len(table) == 0
    assert table["volume_mm3"].dtype == np.float64
    assert table["index"].dtype == np.int64
    assert numbered.data.max() == 0


def test_volumes_add_up_to_the_mask():
    rng = np.random.default_rng(4)
    mask = rng.random((10, 7, 6)) > 0.8
    numbered, table = describe(mask)
    assert table["volume_mm3"].sum() == mask.sum() * 6.0
    counts = np.bincount(numbered.data.ravel())[1:]
    assert (counts * 6.0).tolist() == table["volume_mm3"].tolist()


def test_mask_and_labels_must_share_a_grid():
    mask = Image(empty(), np.eye(4))
    with pytest.raises(ValueError, match="one grid"):
        components(mask, brain(), LabelMap(brain(), REGIONS), np.zeros((10, 7, 6)), "given mask")


def test_pieces_of_voxels_are_those_of_the_mask() -> None:
    """Two voxels that touch at a corner, on the left, and three apart in a row, mostly on the right."""
    voxels = np.array([[0, 0, 0], [1, 1, 1], [9, 5, 5], [9, 6, 5], [9, 7, 5]])
    member = members(voxels)
    table = piece_table(member, np.array([0, 0, 1, 0, 1]), np.array([4.0, np.nan, 3.0, 2.0, np.nan]), 8.0)
    assert sorted(table.itertuples(index=False, name=None)) == [
        (1, "left", 16.0, 4.0),
        (2, "right", 24.0, 2.0),
    ]
    none = piece_table(members(np.empty((0, 3), int)), np.empty(0, int), np.empty(0), 8.0)
    assert list(none) == ["index", "side", "volume_mm3", "distance_ventricle_mm"]
    assert none.empty
