import io
import re

import numpy as np
import PIL.Image
import pytest
import report_content as content

from cpimaging import figures
from cpimaging.figures import Cut, Frame
from cpimaging.types import Image, LabelMap

FRAME = Frame((-10.0, -20.0, -30.0), (10.0, 22.0, 36.0), 2.0)


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(png)))


def vertices(path: str) -> np.ndarray:
    """Corners (x, y) of SVG path data."""
    return np.array(re.findall(r"(-?[\d.]+),(-?[\d.]+)", path), dtype=float)


def mirrored(image: Image) -> Image:
    """The image reflected in the plane x = 0; its grid is symmetric about that plane."""
    return Image(image.data[::-1].copy(), image.affine)


def one_voxel(index: tuple[int, int, int], shape: tuple[int, int, int] = (9, 11, 13)) -> Image:
    """A bright voxel on a grid of 2 × 2 × 2 mm whose first voxel centre is at (-9, -19, -29) mm."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [-9.0, -19.0, -29.0]
    data = np.zeros(shape, np.uint8)
    data[index] = 1
    return Image(data, affine)


@pytest.mark.parametrize(
    ("plane", "size", "first", "last"),
    [
        ("axial", (10, 21), (-9.0, 21.0, 5.0), (9.0, -19.0, 5.0)),
        ("coronal", (10, 33), (-9.0, 5.0, 35.0), (9.0, 5.0, -29.0)),
        ("sagittal", (21, 33), (5.0, -19.0, 35.0), (5.0, 21.0, -29.0)),
    ],
)
def test_pictures_run_to_the_right_and_downwards_in_world_mm(plane, size, first, last):
    cut = Cut(plane, 5.0, FRAME)
    points = cut.points_mm()
    assert cut.size == size
    assert points.shape == (3, size[1], size[0])
    np.testing.assert_allclose(points[:, 0, 0], first)
    np.testing.assert_allclose(points[:, -1, -1], last)


def test_a_voxel_lands_where_its_world_position_is():
    image = one_voxel((1, 6, 13 - 2))  # world (-7, -7, -7)
    assert np.argwhere(figures.sample(image, Cut("axial", -7.0, FRAME), labels=True)).tolist() == [[14, 1]]
    assert np.argwhere(figures.sample(image, Cut("coronal", -7.0, FRAME), labels=True)).tolist() == [[21, 1]]
    assert np.argwhere(figures.sample(image, Cut("sagittal", -7.0, FRAME), labels=True)).tolist() == [[21, 6]]
    assert not figures.sample(image, Cut("axial", -5.0, FRAME), labels=True).any()


def test_sampling_is_right_for_a_tilted_anisotropic_grid():
    turn = np.deg2rad(20)
    tilt = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0.1, 1]])
    affine = np.eye(4)
    affine[:3, :3] = tilt @ np.diag([1.0, 2.0, 3.0])
    affine[:3, 3] = [-25.0, -50.0, -45.0]
    index = np.indices((60, 50, 31))
    world = np.einsum("ab,bxyz->axyz", affine[:3, :3], index) + affine[:3, 3, None, None, None]
    cut = Cut("coronal", 3.0, Frame((-4.0, -4.0, -4.0), (6.0, 7.0, 8.0), 1.0))
    for axis in range(3):
        got = figures.sample(Image(world[axis], affine), cut)
        np.testing.assert_allclose(got, cut.points_mm()[axis], atol=0.02)


def test_outside_of_the_image_and_where_it_is_not_finite_there_is_nothing():
    image = one_voxel((0, 0, 0))
    assert not figures.sample(image, Cut("axial", 500.0, FRAME)).any()
    broken = Image(np.full((9, 11, 13), np.nan), image.affine)
    assert not figures.sample(broken, Cut("axial", -7.0, FRAME)).any()


def test_mirrored_brain_gives_mirrored_picture():
    brain = content.scan_image()
    frame = figures.frame_around(brain)
    for plane in ("axial", "coronal"):
        cut = Cut(plane, 3.0, frame)
        there, back = (pixels(figures.picture(image, cut)) for image in (brain, mirrored(brain)))
        assert not np.array_equal(there, back)
        np.testing.assert_allclose(there[:, ::-1].astype(int), back, atol=1)


def test_left_lesion_is_outlined_on_the_left():
    mask = content.lesion().with_data(content.ball((-30, 20, 10), (14, 14, 14)))
    frame = figures.frame_around(content.scan_image())
    cut = Cut("axial", 10.5, frame)
    assert cut.size[0] == 128  # 20 voxels of 6 mm, and twice 4 mm
    left = vertices(figures.lesion_outline(mask, cut))
    right = vertices(figures.lesion_outline(mirrored(mask), cut))
    assert left[:, 0].max() < 64 < right[:, 0].min()
    assert (left[:, 1] < cut.size[1] / 2).all()  # it lies in front


def test_outline_runs_along_the_pixel_edges():
    shape = np.zeros((8, 10), bool)
    shape[2:4, 5:8] = True  # rows 2–3, columns 5–7
    corners = vertices(figures.outline(shape))
    assert corners.min(axis=0).tolist() == [5, 2]
    assert corners.max(axis=0).tolist() == [8, 4]


def test_outline_is_closed_at_the_border_and_empty_without_shape():
    full = vertices(figures.outline(np.ones((3, 4), bool)))
    assert full.min(axis=0).tolist() == [0, 0]
    assert full.max(axis=0).tolist() == [4, 3]
    assert full[0].tolist() == full[-1].tolist()
    assert figures.outline(np.zeros((3, 4), bool)) == ""


def test_frame_holds_the_outer_edges_of_the_voxels_and_four_pixels():
    frame = figures.frame_around(one_voxel((1, 6, 11)))  # centre (-7, -7, -7), edges 1 mm off
    assert frame.pixel_mm == 1.0
    assert frame.low_mm == pytest.approx((-12, -12, -12))
    assert frame.high_mm == pytest.approx((-2, -2, -2))
    with pytest.raises(ValueError, match="zeros"):
        figures.frame_around(Image(np.zeros((3, 4, 5)), np.eye(4)))


def test_common_and_spanning_frames():
    other = Frame((-5.0, -40.0, 0.0), (30.0, 10.0, 10.0), 1.0)
    assert figures.common(FRAME, other) == Frame((-5.0, -20.0, 0.0), (10.0, 10.0, 10.0), 2.0)
    assert figures.spanning(FRAME, other) == Frame((-10.0, -40.0, -30.0), (30.0, 22.0, 36.0), 2.0)
    apart = Frame((50.0, 0.0, 0.0), (60.0, 1.0, 1.0), 1.0)
    assert figures.common(FRAME, apart) == FRAME


def test_cuts_run_through_the_fullest_slices_of_the_largest_lesions():
    data = np.zeros((40, 60, 50), bool)
    data[5:9, 10:14, 10:12] = True  # 32 voxels, left, low
    data[30:33, 40:43, 30:33] = True  # 27 voxels, right, high
    data[30, 40, 45] = True  # makes x = 30 and y = 40 the fullest slices of all
    image = Image(data, np.eye(4))
    frame = figures.frame_around(image)
    cuts = figures.lesion_cuts(image, frame, {"axial": 2, "sagittal": 2, "coronal": 1})
    found = [(cut.plane, cut.position_mm) for cut in cuts]
    assert found == [("axial", 11), ("axial", 31), ("sagittal", 7), ("sagittal", 30), ("coronal", 40)]
    for cut in cuts:
        assert figures.lesion_outline(image, cut)


def test_neighbouring_lesions_get_one_cut_and_no_lesion_none():
    data = np.zeros((20, 20, 20), bool)
    data[3, 3, 3] = data[3, 3, 9] = True
    image = Image(data, np.eye(4))
    frame = figures.frame_around(image)
    assert len(figures.lesion_cuts(image, frame, {"axial": 4})) == 1
    assert figures.lesion_cuts(image.with_data(np.zeros_like(data)), frame, {"axial": 4}) == []


def test_a_crescent_is_cut_through_its_voxels():
    data = np.ones((9, 9, 3), bool)
    data[1:, 1:] = False  # an L: its centroid lies outside of it
    image = Image(data, np.eye(4))
    cut = figures.lesion_cuts(image, figures.frame_around(image), {"sagittal": 1})[0]
    assert cut.position_mm == 0


def test_atlas_outlines_by_tissue_merge_white_matter_and_leave_out_cortex():
    data = np.zeros((8, 8, 3), np.int32)
    data[1:3, 1:7], data[3:5, 1:7], data[5:7, 1:7] = 1, 2, 9
    regions = (
        *(r for r in content.REGIONS if r.index in (1, 2)),
        content.Region(9, "Insula left", "insula", "left", "cortex"),
    )
    atlas = LabelMap(Image(data, np.eye(4)), regions)
    cut = Cut("axial", 1.0, Frame((-0.5, -0.5, -0.5), (7.5, 7.5, 2.5), 1.0))
    paths = figures.atlas_outlines(atlas, cut)
    assert set(paths) == {"white_matter"}
    assert paths["white_matter"].count("M") == 1
    assert set(vertices(paths["white_matter"])[:, 0]) >= {1.0, 5.0}


def test_side_of_a_sagittal_plane():
    atlas = content.labels()
    frame = figures.frame_around(atlas.labels)
    sides = [figures.side_of(atlas, Cut("sagittal", x, frame)) for x in (-30.0, 0.0, 30.0)]
    assert sides == ["left", "midline", "right"]


def test_window_ignores_background_and_survives_flat_images():
    data = np.zeros((10, 11, 12))
    data[2:8] = np.linspace(50, 150, 6 * 11 * 12).reshape(6, 11, 12)
    low, high = figures.window(Image(data, np.eye(4)))
    assert low == pytest.approx(50.5, abs=0.2)
    assert high == pytest.approx(149.8, abs=0.2)
    assert figures.window(Image(np.zeros((3, 4, 5)), np.eye(4))) == (0.0, 1.0)
    low, high = figures.window(Image(np.full((3, 4, 5), 7.0), np.eye(4)))
    assert high > low


def test_background_is_black_also_where_values_are_negative():
    data = np.zeros((12, 12, 3))
    data[3:9, 3:9] = np.linspace(-2, 2, 6 * 6 * 3).reshape(6, 6, 3)
    cut = Cut("axial", 1.0, Frame((-0.5, -0.5, -0.5), (11.5, 11.5, 2.5), 1.0))
    shown = pixels(figures.picture(Image(data, np.eye(4)), cut))
    assert (shown[:2] == 0).all()
    assert shown[6, 8] > 128


def test_pictures_are_the_same_every_time():
    brain = content.scan_image()
    cut = Cut("axial", 0.0, figures.frame_around(brain))
    assert figures.picture(brain, cut) == figures.picture(brain, cut)


def test_frequency_is_coloured_where_it_is_and_grey_elsewhere():
    brain, mask = content.scan_image(), content.lesion()
    cut = Cut("axial", 10.5, figures.frame_around(brain))
    shown = pixels(figures.frequency_picture(brain, mask, cut, 1.0)).astype(int)
    there = figures.sample(mask, cut, labels=True) > 0
    spread = shown.max(axis=-1) - shown.min(axis=-1)
    assert there.any()
    assert (spread[there] > 50).all()
    assert (spread[~there] == 0).all()
    top = np.array(figures.HEAT[-1][1])
    assert (abs(shown[there] - 0.85 * top) <= 0.15 * 255 + 1).all()


def test_tissue_levels_part_three_tissues():
    data = np.repeat([0.0, 10.0, 50.0, 90.0], 60).reshape(4, 60, 1) + np.zeros((4, 60, 2))
    data[1:] += np.linspace(-2, 2, 60)[None, :, None]
    first, second = figures.tissue_levels(Image(data, np.eye(4)))
    assert 12 < first < 48 + 1e-9
    assert 52 < second < 88 + 1e-9
    assert figures.tissue_levels(Image(np.zeros((3, 3, 3)), np.eye(4))) == ()


def test_edges_lie_where_the_image_crosses_the_level():
    data = np.zeros((10, 10, 3))
    data[6:] = 1.0
    cut = Cut("axial", 1.0, Frame((-0.5, -0.5, -0.5), (9.5, 9.5, 2.5), 1.0))
    x = vertices(figures.edges(Image(data, np.eye(4)), cut, (0.5,)))[:, 0]
    np.testing.assert_allclose(x, 6.0, atol=0.1)
