import numpy as np
import pytest

from cpimaging.atlases import Template
from cpimaging.atlases.embedded import NAME
from cpimaging.atlases.embedded.build import Canvas
from cpimaging.atlases.embedded.grid import Grid, flood_edges, lines_by, read_markers, read_points
from cpimaging.atlases.embedded.half import Half, beside
from cpimaging.atlases.embedded.landmarks import HERE, above, behind, landmark, tube
from cpimaging.atlases.embedded.manifest import APPROXIMATE, manifest
from cpimaging.atlases.embedded.parts import posterior_third
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.io import read_table
from cpimaging.types import Image
from cpimaging.voxels import largest_piece

STAGES = ("compartments", "deep", "midbrain", "infratentorial", "cortex")


@pytest.fixture
def half() -> Half:
    """Half of an empty template of 21 × 17 × 13 voxels of 1 mm, x from -10 to 10, y from -8, z from -4."""
    affine = np.eye(4)
    affine[:3, 3] = [-10, -8, -4]
    empty = Image(np.zeros((21, 17, 13), np.float32), affine)
    return Half.of(Template("test", empty, empty, empty, empty.with_data(np.ones(empty.shape, bool))))


def test_the_half_ends_at_the_midline(half: Half) -> None:
    assert half.brain.shape == (11, 17, 13)
    assert (half.x.min(), half.x.max()) == (-10, 0)
    assert half.first.tolist() == [-10, -8, -4]
    assert half.y.shape == (1, 17, 1)


def test_height_above_a_plane(half: Half) -> None:
    level = np.broadcast_to(half.height((0, -8, 1), (0, 8, 1)), half.brain.shape)
    assert level[3, 5, 0] == -5  # z = -4, plane at z = 1
    slanted = np.broadcast_to(half.height((0, 0, 0), (0, 4, 3)), half.brain.shape)
    assert slanted[0, 8, 4] == pytest.approx(0)  # y = 0, z = 0
    assert slanted[0, 8, 9] == pytest.approx(4.0)  # 5 mm up: 5 × cos of the plane's slope (4/5)
    tilted = half.height((0, 0, 0), (-10, 0, 10), (0, 1, 0))
    assert tilted[5, 8, 9] == pytest.approx(0)  # x = -5, z = 5 lies on it


def test_largest_piece_by_faces_and_by_corners() -> None:
    mask = np.zeros((4, 4, 2), bool)
    mask[0, 0, 0] = mask[1, 1, 0] = mask[2, 2, 0] = True
    mask[0, 3] = True
    assert largest_piece(mask).sum() == 2
    assert largest_piece(mask, corners=True).sum() == 3
    assert largest_piece(np.zeros((2, 2, 2), bool)).sum() == 0


def test_beside_takes_what_lies_to_the_left_within_reach(half: Half) -> None:
    core = np.zeros(half.brain.shape, bool)
    core[6, 8, 6] = True
    found = beside(half, core, 3.0, 0.5)
    assert found[3, 8, 6]
    assert not found[2, 8, 6]
    assert not found[7, 8, 6]  # to its right
    assert found[5, 9, 6]  # one left, one in front: 1 / √2 > 0.5
    assert not found[5, 10, 6]  # one left, two in front: 1 / √5 < 0.5
    assert not found[6, 8, 6]


def test_lines_are_drawn_without_gaps_on_a_finer_grid(half: Half) -> None:
    grid = Grid(half, (-8, -6, -2), (0, 6, 6), finer=2)
    assert grid.shape == (17, 25, 17)
    markers, names = grid.draw(
        {"a": [np.array([[-8.0, -6, -2], [0, 6, 6]])], "b": [np.array([[-4.0, 6, 6]])]}
    )
    assert names == ["a", "b"]
    assert (markers == 1).sum() == 25  # 12 mm along y in half-millimetre steps
    assert markers[8, 24, 16] == 2
    back = grid.back(markers, names)
    assert back["b"][6, 14, 10]
    assert back["b"].sum() == 1


def test_sampling_keeps_the_values_at_voxel_centres(half: Half, rng: np.random.Generator) -> None:
    volume = rng.random(half.brain.shape).astype(np.float32)
    fine = Grid(half, (-9, -7, -3), (0, 7, 7), finer=2).sample(volume)
    assert np.allclose(fine[::2, ::2, ::2], volume[1:, 1:16, 1:12], atol=1e-5)


def test_flooding_stops_at_the_edge() -> None:
    t1w = np.zeros((20, 8, 9), np.float32)
    t1w[12:] = 1.0
    markers = np.zeros(t1w.shape, np.int32)
    markers[2, 4, 4], markers[18, 4, 4] = 1, 2
    flooded = flood_edges(t1w, markers)
    assert (flooded[:11] == 1).all()
    assert (flooded[13:] == 2).all()


def test_landmarks_and_planes(half: Half) -> None:
    assert landmark("posterior_commissure")[0] == 0
    assert landmark("anterior_commissure")[1] - landmark("posterior_commissure")[1] == 27
    plane = above(half, "posterior_commissure", "mammillary_bodies")
    assert plane.shape == half.brain.shape
    distance = behind(half, "fourth_ventricle_angle", "cerebellopontine_angle")
    assert (np.diff(distance, axis=1) < 0).all()  # further forward is less behind


def test_every_table_row_is_whole() -> None:
    markers = read_table(HERE / "markers.tsv")
    assert set(markers["stage"]) == set(STAGES)
    assert not (markers[["label", "points", "landmark"]] == "").any(axis=None)
    assert set(markers["territory"]) == {"aca", "mca", "pca", "n/a"}
    sources = set(read_table(HERE / "sources.tsv")["key"])
    for name in ("landmarks", "tubes"):
        table = read_table(HERE / f"{name}.tsv")
        assert set(" ".join(table["source"]).split()) <= sources
    for points in (*markers["points"], *read_table(HERE / "tubes.tsv")["points"]):
        places = read_points(points)
        assert places.shape[1] == 3
        assert (places[:, 0] <= 0).all()  # built on the left
    assert len(manifest()["Citations"]) == len(sources)


def test_markers_of_different_labels_never_meet(half: Half) -> None:
    for stage in STAGES:
        if stage == "cortex":
            continue  # gyri of one lobe share points
        points: dict[tuple[float, ...], str] = {}
        for label, lines in read_markers(stage).items():
            for line in lines:
                for point in map(tuple, line):
                    assert points.setdefault(point, label) == label, (stage, point)


def test_every_gyrus_has_a_territory() -> None:
    assert set(lines_by("cortex", "territory")) == {"aca", "mca", "pca"}


def test_tubes_follow_their_course(half: Half) -> None:
    affine = np.eye(4)
    affine[:3, 3] = [-98, -134, -72]
    empty = Image(np.zeros((197, 233, 189), np.float32), affine)
    brain = empty.with_data(np.ones(empty.shape, bool))
    nucleus = tube(Half.of(Template("test", empty, empty, empty, brain)), "subthalamic_nucleus")
    centre = np.argwhere(nucleus).mean(axis=0) - [98, 134, 72]
    assert np.abs(centre - [-12.3, -13.25, -6.5]).max() < 0.6
    assert 100 < nucleus.sum() < 250  # mm³


def test_a_third_by_length() -> None:
    affine = np.eye(4)
    affine[:3, 3] = [-2, 10, 0]
    image = Image(np.zeros((5, 12, 4), np.float32), affine)
    half = Half.of(Template("test", image, image, image, image.with_data(np.ones(image.shape, bool))))
    structure = np.zeros(half.brain.shape, bool)
    structure[1, 2:11, 1] = True  # nine rows
    third = posterior_third(half, structure)
    assert np.flatnonzero(third[1, :, 1]).tolist() == [2, 3, 4]


def test_the_first_claim_wins_and_the_midline_belongs_to_midline_structures(half: Half) -> None:
    canvas = Canvas(half)
    everywhere = np.ones(half.brain.shape, bool)
    small = np.zeros(half.brain.shape, bool)
    small[2:4, 2:4, 2:4] = True
    canvas.claim("caudate", small)
    canvas.claim("putamen", everywhere)
    assert canvas.mask("caudate").sum() == 8
    assert canvas.mask("putamen").sum() == 10 * 17 * 13 - 8
    assert canvas.free[-1].all()
    canvas.claim("pons", everywhere)
    assert not canvas.free.any()


def test_gaps_join_the_nearest_open_structure(half: Half) -> None:
    canvas = Canvas(half)
    left, right = np.zeros(half.brain.shape, bool), np.zeros(half.brain.shape, bool)
    left[:4], right[6:10] = True, True
    canvas.claim("caudate", left)
    canvas.claim("fourth_ventricle", right)
    canvas.fill(np.ones(half.brain.shape, bool), ["fourth_ventricle"])
    assert canvas.mask("caudate")[:6].all()
    assert not canvas.mask("caudate")[6:].any()


def test_the_manifest_names_what_is_approximate() -> None:
    assert set(APPROXIMATE) <= set(load_structures()["structure"])
    assert manifest()["License"] == "Apache-2.0"
    assert NAME == "cpimaging"
