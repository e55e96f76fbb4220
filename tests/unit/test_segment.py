import numpy as np
import pytest

from cpimaging.registration import crop
from cpimaging.segment import (
    CAVITY,
    CORTICAL_GREY,
    CSF,
    DEEP_GREY,
    VENTRICLE,
    WHITE_MATTER,
    Segmentation,
    segment,
)
from cpimaging.segment.labels import follow_ventricles
from cpimaging.segment.mixture import (
    GREY,
    WALL_MM,
    WALL_SDS,
    Mixture,
    _tissue_nearby,
    fit_mixture,
    fluid_share,
    posteriors,
    prior_shares,
    signals,
)
from cpimaging.segment.ventricles import PLEXUS_MM, _without_gaps, find_ventricles
from cpimaging.types import Image, LabelMap, Region

STEP_MM = 2.0
SHAPE = (50, 62, 46)
CENTRE = np.array([24.5, 30.0, 21.0])  # the midline lies between two voxels: x mirrors exactly
VENTRICLE_LEFT, VENTRICLE_RIGHT, WHITE_LEFT, WHITE_RIGHT, CORTEX, THALAMUS = range(11, 17)
REGIONS = (
    Region(VENTRICLE_LEFT, "VL", "lateral_ventricle_body", "left", "csf"),
    Region(VENTRICLE_RIGHT, "VR", "lateral_ventricle_body", "right", "csf"),
    Region(WHITE_LEFT, "WL", "white_matter", "left", "white_matter", "frontal"),
    Region(WHITE_RIGHT, "WR", "white_matter", "right", "white_matter", "frontal"),
    Region(CORTEX, "C", "frontal_cortex", "midline", "cortex"),
    Region(THALAMUS, "T", "thalamus", "left", "deep_grey"),
)
T1W = {"fluid": 200.0, "grey": 600.0, "white": 900.0}
T2W = {"fluid": 900.0, "grey": 500.0, "white": 350.0}
MIRROR = {VENTRICLE_LEFT: VENTRICLE_RIGHT, WHITE_LEFT: WHITE_RIGHT}


def ellipsoid(centre: tuple[float, float, float], radii: tuple[float, float, float]) -> np.ndarray:
    grid = np.indices(SHAPE, dtype=float)
    scaled = [(grid[i] - CENTRE[i] - centre[i]) / radii[i] for i in range(3)]
    return sum(axis**2 for axis in scaled) <= 1


def image(data: np.ndarray) -> Image:
    return Image(data, np.diag([STEP_MM, STEP_MM, STEP_MM, 1.0]))


BRAIN = ellipsoid((0, 0, 0), (23, 29, 20))
INNER = ellipsoid((0, 0, 0), (18, 24, 15))
SULCUS = ellipsoid((0, 24, 8), (3, 6, 4)) & BRAIN & ~INNER
NUCLEUS = ellipsoid((-11, -2, -2), (2.5, 3, 3))


def pools(left: float, right: float) -> np.ndarray:
    """Two ventricles, of these sizes in voxels."""
    left_pool = ellipsoid((-5.5, 0, 0), (left, 3 * left, left))
    return left_pool | ellipsoid((5.5, 1, 0), (right, 3 * right, right))


def atlas_of(ventricles: np.ndarray) -> LabelMap:
    right = np.indices(SHAPE)[0] > CENTRE[0]
    labels = np.where(BRAIN & ~SULCUS, CORTEX, 0)
    labels[INNER] = np.where(right, WHITE_RIGHT, WHITE_LEFT)[INNER]
    labels[NUCLEUS] = THALAMUS
    labels[ventricles] = np.where(right, VENTRICLE_RIGHT, VENTRICLE_LEFT)[ventricles]
    return LabelMap(image(labels.astype(np.int16)), REGIONS)


def priors_of(atlas: LabelMap) -> dict[str, Image]:
    labels = atlas.labels.data
    fluid = np.isin(labels, [VENTRICLE_LEFT, VENTRICLE_RIGHT]) | (SULCUS & (labels == 0))
    white = np.isin(labels, [WHITE_LEFT, WHITE_RIGHT])
    maps = {"fluid": fluid, "grey": BRAIN & ~fluid & ~white, "white": white}
    return {name: image(data.astype(np.float32)) for name, data in maps.items()}


def scan_of(fluid: np.ndarray, signal: dict[str, float], seed: int = 0) -> Image:
    data = np.where(INNER & ~NUCLEUS, signal["white"], signal["grey"])
    data = np.where(fluid | SULCUS, signal["fluid"], data)
    noisy = data + np.random.default_rng(seed).normal(0, 25, SHAPE)
    return image(np.where(BRAIN, noisy, 0).astype(np.float32))


def run(
    true: np.ndarray,
    prior: np.ndarray,
    contrasts: tuple[str, ...] = ("T1w",),
    lesion: np.ndarray | None = None,
    age_years: float | None = 8.0,
) -> Segmentation:
    atlas, signal = atlas_of(prior), {"T1w": T1W, "T2w": T2W}
    images = {name: scan_of(true, signal[name]) for name in contrasts}
    given = None if lesion is None else image(lesion)
    young = "below 2 years" if age_years is not None and age_years < 2 else ""
    return segment(images, image(BRAIN), atlas, priors_of(atlas), given, young)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.mark.parametrize("contrasts", [("T1w",), ("T2w",), ("T1w", "T2w")])
@pytest.mark.parametrize(("left", "right"), [(2, 2.5), (4, 3), (5, 4.5)])
def test_ventricles_follow_the_image(left: float, right: float, contrasts: tuple[str, ...]) -> None:
    true, prior = pools(left, right), pools(3, 3)
    found = run(true, prior, contrasts)
    assert dice(prior, true) < 0.85
    assert dice(found.ventricles.data, true) > 0.97
    labels = found.labels.data
    assert set(np.unique(labels[true & found.ventricles.data])) == {VENTRICLE_LEFT, VENTRICLE_RIGHT}
    assert not np.isin(labels[~found.ventricles.data], [VENTRICLE_LEFT, VENTRICLE_RIGHT]).any()
    assert found.assessed
    assert found.notes == []


def test_tissue_beside_a_larger_ventricle_is_pushed_not_swallowed() -> None:
    found = run(pools(5.5, 3), pools(3, 3))
    before = (atlas_of(pools(3, 3)).labels.data == THALAMUS) & pools(5.5, 3)
    assert before.sum() > 0
    assert (found.labels.data == THALAMUS).sum() > 0.8 * NUCLEUS.sum()


def test_classes_of_tissue() -> None:
    found = run(pools(3, 2.5), pools(3, 3))
    tissue = found.tissue.data
    assert (tissue[SULCUS & ~pools(3, 3)] == CSF).mean() > 0.9
    assert (tissue[NUCLEUS] == DEEP_GREY).all()
    assert (tissue[INNER & ~NUCLEUS & ~pools(4, 4)] == WHITE_MATTER).mean() > 0.98
    assert (tissue[BRAIN & ~INNER & ~SULCUS] == CORTICAL_GREY).mean() > 0.98
    np.testing.assert_array_equal(tissue == VENTRICLE, found.ventricles.data)
    assert not tissue[~BRAIN].any()


def test_lesion_voxels_are_never_ventricle() -> None:
    true = pools(4, 3)
    lesion = ellipsoid((-5.5, 8, 0), (4, 4, 4))
    assert (lesion & true).sum() > 50
    found = run(true, pools(3, 3), lesion=lesion)
    assert not (found.ventricles.data & lesion).any()
    assert dice(found.ventricles.data, true & ~lesion) > 0.97


def test_a_cavity_is_named_and_keeps_its_tissue_labels() -> None:
    ventricles, cavity = pools(3, 3), ellipsoid((11.5, 0, 3), (5, 5, 5)) & INNER
    found = run(ventricles | cavity, ventricles)
    assert found.cavity.data.sum() > 0.6 * (cavity & ~ventricles).sum()
    assert not (found.cavity.data & ~(cavity | ventricles)).any()
    assert not (found.cavity.data & found.ventricles.data).any()
    assert set(np.unique(found.labels.data[found.cavity.data])) <= {WHITE_RIGHT, CORTEX}
    np.testing.assert_array_equal(found.tissue.data == CAVITY, found.cavity.data)
    assert "a cavity joined to it" in found.notes[0]


def test_mirrored_input_gives_mirrored_labels() -> None:
    true, prior = pools(5, 3), pools(3, 2.5)
    atlas = atlas_of(prior)
    scan = scan_of(true, T1W)

    def labelled(turned: bool) -> np.ndarray:
        flip = slice(None, None, -1 if turned else 1)
        given = {name: image(share.data[flip]) for name, share in priors_of(atlas).items()}
        labels = LabelMap(image(swapped(atlas.labels.data[flip]) if turned else atlas.labels.data), REGIONS)
        found = segment({"T1w": image(scan.data[flip])}, image(BRAIN[flip]), labels, given, None, None)
        return swapped(found.labels.data)[flip] if turned else found.labels.data

    assert (labelled(False) == labelled(True)).mean() > 0.999


def swapped(labels: np.ndarray) -> np.ndarray:
    out = labels.copy()
    for a, b in MIRROR.items():
        out[labels == a], out[labels == b] = b, a
    return out


def test_an_atlas_without_ventricles_is_left_as_it_is() -> None:
    labels = atlas_of(pools(0.1, 0.1)).labels
    atlas = LabelMap(labels, tuple(region for region in REGIONS if region.tissue != "csf"))
    found = segment({"T1w": scan_of(pools(3, 3), T1W)}, image(BRAIN), atlas, priors_of(atlas), None, "")
    np.testing.assert_array_equal(found.labels.data, labels.data)
    assert not found.assessed
    assert not found.ventricles.data.any()
    assert found.notes == ["the atlas has no ventricles: its labels are not corrected"]


def test_below_two_years_only_fluid_is_read_and_measured_on_t2w_alone() -> None:
    true, prior = pools(4, 3), pools(3, 3)
    without = run(true, prior, ("T1w",), age_years=0.5)
    assert not without.assessed
    assert not without.fluid.data.any()
    ventricles = np.isin(without.labels.data, (VENTRICLE_LEFT, VENTRICLE_RIGHT))
    assert dice(ventricles, true) > 0.97  # labels follow it all the same
    assert without.notes[1] == (
        "ventricles: not assessed below 2 years without a T2w; labels follow those that the T1w shows"
    )
    neither = run(true, prior, (), age_years=0.5)
    np.testing.assert_array_equal(neither.labels.data, atlas_of(prior).labels.data)
    assert "ventricles: not assessed below 2 years without a T2w" in neither.notes
    found = run(true, prior, ("T1w", "T2w"), age_years=0.5)
    assert found.assessed
    assert dice(found.ventricles.data, true) > 0.97
    assert set(np.unique(found.tissue.data)) == {0, CSF, VENTRICLE}
    assert found.notes == ["tissue classes: not assessed below 2 years"]


def test_without_contrast_nothing_is_assessed() -> None:
    flat = {"fluid": 600.0, "grey": 600.0, "white": 610.0}
    atlas = atlas_of(pools(3, 3))
    found = segment({"T1w": scan_of(pools(4, 4), flat)}, image(BRAIN), atlas, priors_of(atlas), None, "")
    assert not found.assessed
    assert not found.tissue.data.any()
    assert "SD from tissue" in found.notes[0]


@pytest.mark.parametrize("contrasts", [("T2w",), ("T1w", "T2w")])
def test_veins_and_dura_are_not_taken_for_fluid(contrasts: tuple[str, ...]) -> None:
    """Dark on all contrasts, at the brain's edge and in the sulci, as many voxels as there is fluid."""
    true, prior = pools(4, 3), pools(3, 3)
    atlas = atlas_of(prior)
    edge = BRAIN & ~ellipsoid((0, 0, 0), (21.5, 27.5, 18.5))
    assert edge.sum() > 3 * true.sum()
    signal = {"T1w": T1W, "T2w": T2W}
    images = {name: scan_of(true, signal[name]) for name in contrasts}
    images = {name: scan.with_data(np.where(edge, 20, scan.data)) for name, scan in images.items()}
    found = segment(images, image(BRAIN), atlas, priors_of(atlas), None, "")
    assert found.assessed
    assert dice(found.ventricles.data, true) > 0.97


def test_ventricles_that_vanish_are_not_believed() -> None:
    found = run(ellipsoid((-5.5, 0, 0), (1.6, 1.6, 1.6)), pools(4, 4))
    assert not found.assessed
    np.testing.assert_array_equal(found.ventricles.data, pools(4, 4))


def test_half_fluid_is_half_whatever_lies_behind() -> None:
    atlas, true = atlas_of(pools(4, 4)), pools(4, 4)
    scan, inside = scan_of(true, T1W), BRAIN
    mixed = np.zeros(SHAPE, bool)
    mixed[24, 20:40, 33] = mixed[24, 30, 2] = True  # in white matter, and one voxel of cortex
    around = np.where(INNER, T1W["white"], T1W["grey"])
    scan = scan.with_data(np.where(mixed, (around + T1W["fluid"]) / 2, scan.data).astype(np.float32))
    x, priors = signals({"T1w": scan}, inside), prior_shares(priors_of(atlas), inside)
    usable = np.ones(len(x), bool)
    mixture = fit_mixture(x, priors, usable, true[inside])
    share = fluid_share(x, posteriors(x, priors, mixture), mixture, image(inside), usable)
    assert mixture.means[GREY, 0] == pytest.approx(600, abs=15)
    np.testing.assert_allclose(share[mixed], 0.5, atol=0.1)
    assert share[true].mean() > 0.95
    assert share[~inside].max() == 0


@pytest.mark.parametrize("first", [0, 12, 30])
def test_half_a_kernel_around_the_brain_is_room_enough(first: int) -> None:
    """A brain in the middle, and at either end, of a grid of 1 mm: to the last digit as on the whole grid."""
    inside = np.zeros((60, 50, 50), bool)
    inside[first : first + 30, 20:40, 15:45] = True
    grid = Image(inside, np.eye(4))
    rng = np.random.default_rng(0)
    signal = rng.normal(500, 50, (int(inside.sum()), 1)).astype(np.float32)
    mixture = Mixture(np.array([[200.0], [600], [900]]), np.full((3, 1, 1), 100.0))
    near = crop(grid, inside, WALL_MM * WALL_SDS / 2)
    found = [
        _tissue_nearby(signal, np.zeros(part.shape, bool), mixture, part, np.ones(len(signal), bool))
        for part in (grid, near)
    ]
    assert near.data.size < inside.size
    assert np.array_equal(*found)


def test_gaps_and_holes_are_closed_only_where_they_may_be() -> None:
    """Two slabs of 1 mm voxels with 3 mm between them, a hole in the first; closing reaches 2 mm."""
    slabs = np.zeros((20, 15, 15), bool)
    slabs[5:8, 4:11, 4:11] = slabs[11:14, 4:11, 4:11] = True
    slabs[6, 6, 6] = False
    filled = _without_gaps(slabs, np.ones_like(slabs), (1.0, 1.0, 1.0))
    assert PLEXUS_MM == 2
    assert filled[6, 6, 6]
    assert filled[8:11, 7, 7].all()
    assert not filled[:5].any()
    assert not filled[14:].any()
    allowed = np.broadcast_to(np.arange(20)[:, None, None] != 9, slabs.shape)
    assert not _without_gaps(slabs, allowed, (1.0, 1.0, 1.0))[9].any()


def test_labels_follow_by_distance_worked_by_hand() -> None:
    """A wall at x = 3 in the atlas, at x = 8 in the image: 5 mm; the layer behind it moves along."""
    line = np.ones((30, 9, 7), np.int16)  # 1: tissue, 2: the layer at the wall, 7: ventricle
    line[:3], line[3:6] = 7, 2
    regions = (
        Region(1, "a", "white_matter", "left", "white_matter"),
        Region(2, "b", "caudate", "left", "deep_grey"),
        Region(7, "v", "lateral_ventricle_body", "left", "csf"),
    )
    ventricles = np.where(np.arange(30)[:, None, None] < 8, 7, 0) * np.ones((1, 9, 7), np.int16)
    everywhere = np.ones(line.shape, bool)
    out = follow_ventricles(Image(line, np.eye(4)), regions, ventricles.astype(np.int16), everywhere)
    out = out.data[:, 4, 3]
    assert (out[:8] == 7).all()
    assert out[8] == 2
    assert 2 <= (out == 2).sum() <= 4
    assert (out[14:] == 1).all()


@pytest.mark.parametrize("wall_mm", [14, 18, 22, 26])
def test_labels_do_not_follow_over_the_edge_of_the_brain(wall_mm: int) -> None:
    """A ventricle of 10 mm in a brain of 30 mm that grew: its mantle is what lies between wall and edge."""
    at = np.arange(60) - 29.5
    from_centre = np.sqrt(at[:, None, None] ** 2 + at[:, None] ** 2 + at**2)
    brain = from_centre < 28
    prior = np.where(from_centre < 10, 7, brain).astype(np.int16)
    regions = (
        Region(1, "a", "frontal_white_matter", "left", "white_matter"),
        Region(7, "v", "lateral_ventricle_body", "left", "csf"),
    )
    ventricles = np.where(from_centre < wall_mm, 7, 0).astype(np.int16)
    out = follow_ventricles(Image(prior, np.eye(4)), regions, ventricles, brain).data
    assert np.array_equal(out, np.where(from_centre < wall_mm, 7, brain))


def test_fluid_beyond_the_box_or_in_sulci_is_no_ventricle() -> None:
    prior = atlas_of(pools(3, 3))
    share = (pools(3, 3) | SULCUS).astype(np.float32)
    found = find_ventricles(
        share, prior.labels, REGIONS, priors_of(prior)["fluid"].data, np.zeros(SHAPE, bool)
    )
    np.testing.assert_array_equal(found.labels > 0, pools(3, 3))
    assert not found.cavity.any()
