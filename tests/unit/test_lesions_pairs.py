"""Detection where two contrasts are read, cavities as part of a lesion, thin rims, and ghosts."""

from dataclasses import replace

import numpy as np
import pytest

from cpimaging.lesions.detect import DETECTORS, Finding, Scene
from cpimaging.lesions.detect.cavities import lost_within
from cpimaging.lesions.detect.detectors.chronic import _supported
from cpimaging.lesions.detect.evidence import _log_likelihood, evidence
from cpimaging.lesions.detect.ghosts import ghost_strength, has_ghost
from cpimaging.lesions.detect.healthy_model import Model, fit_model
from cpimaging.lesions.detect.inputs import GROUPS
from cpimaging.lesions.detect.normal_findings import apply_rules, without_rim
from cpimaging.lesions.detect.regions import own_border
from cpimaging.types import Image

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (24, 28, 20)
LIMBIC = list(GROUPS).index("limbic cortex")


def box(*ranges: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(*r) for r in ranges)] = True
    return mask


def scene(images: dict[str, np.ndarray], **fields: object) -> Scene:
    """All white matter, 2 mm voxels, no ventricle, unless told otherwise."""
    white, none = np.ones(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    plain = Scene(
        {name: Image(data.astype(np.float32), AFFINE) for name, data in images.items()},
        np.ones(SHAPE, bool),
        {"grey": none, "white": white, "fluid": none},
        np.zeros(SHAPE, np.uint8),
        np.zeros(SHAPE, bool),
        8.0,
    )
    return replace(plain, **fields)


def full(value: float) -> np.ndarray:
    return np.full(SHAPE, value, np.float32)


def finding(mask: np.ndarray) -> Finding:
    return Finding(mask.astype(np.float32), mask, np.zeros(SHAPE, np.uint8), ("bright",))


def one_voxel(t1w: float, flair: float, *held: str) -> Model:
    """One voxel of what it may hold: grey matter (100, 100), fluid (20, 20), or both; noise of 10."""
    classes = {"grey": (100.0, 0.0), "white": (150.0, 0.0), "fluid": (20.0, 0.0), "greyfluid": (60.0, 20.0)}
    names = [(name, contrast) for name in classes for contrast in ("FLAIR", "T1w")]
    return Model(
        shares={name: np.float32([float(name in held)]) for name in classes},
        group=np.zeros(1, np.uint8),
        values={"FLAIR": np.float32([flair]), "T1w": np.float32([t1w])},
        mean={key: np.float32([classes[key[0]][0]]) for key in names},
        sd={key: np.float32([10.0]) for key in names},
        spread={key: np.float32([classes[key[0]][1]]) for key in names},
        white_sd={"FLAIR": 10.0, "T1w": 10.0},
        cortex={"FLAIR": (100.0, 10.0), "T1w": (100.0, 10.0)},
    )


def test_shared_voxels_lie_on_the_line_between_their_tissues():
    change = {"FLAIR": 3.0, "T1w": -3.0}
    along = evidence(one_voxel(85.0, 85.0, "grey", "greyfluid"), change)[
        0
    ]  # more tissue than fluid, in both alike
    across = evidence(one_voxel(70.0, 115.0, "grey", "greyfluid"), change)[
        0
    ]  # dark and bright at once: no mixture
    assert along < -3
    assert across > 3


def test_the_likelihood_of_a_mixture_is_that_of_a_correlated_gaussian():
    model = one_voxel(75.0, 55.0, "greyfluid")
    covariance = np.array([[100.0 + 400.0, 400.0], [400.0, 100.0 + 400.0]])
    off = np.array([55.0 - 60.0, 75.0 - 60.0])
    expected = -0.5 * (off @ np.linalg.inv(covariance) @ off + np.log(np.linalg.det(covariance)))
    assert _log_likelihood(model, "greyfluid", {})[0] == pytest.approx(expected, rel=1e-4)


def test_cortex_must_be_dark_on_t1w_too():
    """Healthy cortex may be bright on FLAIR; bright white matter needs no second witness."""
    shift = {"FLAIR": 3.0, "T1w": -3.0}
    cortex, white = one_voxel(100.0, 130.0, "grey"), one_voxel(150.0, 180.0, "white")
    assert evidence(white, shift)[0] > evidence(cortex, shift)[0] + 2
    alone = {"FLAIR": 3.0}
    flair_only = [replace(model, values={"FLAIR": model.values["FLAIR"]}) for model in (cortex, white)]
    assert evidence(flair_only[0], alone)[0] == pytest.approx(evidence(flair_only[1], alone)[0], abs=0.01)


def test_limbic_cortex_may_lie_a_little_off():
    rng = np.random.default_rng(0)
    group = np.where(box((0, 6), (0, 28), (0, 20)), LIMBIC, 0).astype(np.uint8)
    grey = (group == LIMBIC).astype(np.float32)
    values = np.where(box((0, 8), (0, 28), (0, 20)), 130.0, 100.0) + 5 * rng.standard_normal(SHAPE)
    shares = {"grey": grey, "white": 1 - grey, "fluid": full(0)}
    given = scene({"FLAIR": values}, group=group, shares=shares)
    weight = evidence(fit_model(given, {"FLAIR": 1}), {"FLAIR": 5.0}).reshape(SHAPE)
    near, far = weight[7, 4:-4, 4:-4].mean(), 0.0
    values[16] = values[7]
    moved = evidence(
        fit_model(scene({"FLAIR": values}, group=group, shares=shares), {"FLAIR": 1}), {"FLAIR": 5.0}
    )
    far = moved.reshape(SHAPE)[16, 4:-4, 4:-4].mean()
    assert near < far - 3


def test_a_border_counts_every_contrast_that_shows_the_region():
    core, rim = box((10, 16), (10, 18), (8, 14)), box((6, 10), (10, 18), (8, 14))
    flair = np.where(core, 4.0, np.where(rim, 1.6, 0.0)).astype(np.float32)
    dark = np.where(core, 4.0, np.where(rim, 3.6, 0.0)).astype(np.float32)
    given = scene({"FLAIR": full(1)})
    alone = own_border(given, core | rim, [flair])
    both = own_border(given, core | rim, [flair, dark])
    assert not alone[6:9, 11:17, 9:13].any()
    assert both[7:9, 11:17, 9:13].all()
    silent = own_border(given, core | rim, [flair, full(0)])
    assert (silent == alone).all()  # a contrast that shows nothing has no say


def test_cortex_is_not_cut_out_of_a_lesion_of_the_cortex():
    mask = box((4, 20), (10, 18), (8, 14))
    shift = np.where(box((4, 9), (0, 28), (0, 20)), 4.0, 1.0).astype(np.float32)
    for grey, kept in ((0.8, True), (0.0, False)):
        shares = {"grey": full(grey), "white": full(1 - grey), "fluid": full(0)}
        found = own_border(scene({"FLAIR": full(1)}, shares=shares), mask, [shift])
        assert found[14, 14, 11] == kept


def test_fluid_amid_a_lesion_is_lost_tissue():
    mask = box((6, 16), (6, 16), (6, 14))
    hole, beside = box((10, 12), (10, 12), (9, 11)), box((16, 18), (16, 20), (6, 14))
    found = lost_within(scene({"FLAIR": full(1)}), hole | beside, mask & ~hole)
    assert (found & hole).sum() == hole.sum()
    assert not (found & beside).any()  # most of the tissue around it is healthy
    assert not lost_within(scene({"FLAIR": full(1)}, ventricles=hole), hole, mask & ~hole).any()


def test_a_thin_line_along_the_wall_is_cut_off_a_lesion():
    ventricles = box((8, 10), (4, 24), (8, 12))
    lesion, line = box((10, 16), (4, 10), (7, 13)), box((10, 11), (10, 24), (8, 12))
    given = scene({"FLAIR": full(1)}, ventricles=ventricles)
    kept = without_rim(lesion | line, given)
    assert (kept & lesion).sum() == lesion.sum()
    assert not kept[10, 14:24, 8:12].any()
    assert (
        without_rim(lesion | line, scene({"FLAIR": full(1)})) == (lesion | line)
    ).all()  # no ventricle known


@pytest.mark.parametrize(
    ("over_grey", "darker", "grey", "taken"),
    [(1.0, 1.0, 0.4, True), (2.5, 1.0, 0.4, False), (1.0, 2.0, 0.4, False), (1.0, 1.0, 0.1, False)],
)
def test_what_is_like_cortex_in_both_contrasts_is_cortex(over_grey, darker, grey, taken):
    mask = box((10, 14), (10, 14), (8, 12))
    shares = {"grey": full(grey), "white": full(1 - grey), "fluid": full(0)}
    signal = {"over_grey": full(over_grey), "support_over_grey": full(darker)}
    found = apply_rules(finding(mask), scene({"FLAIR": full(1)}, shares=shares), signal)
    assert found.mask.any() != taken
    assert found.rejected == ({"like cortex, and near it": mask.sum() * 8.0} if taken else {})
    group = np.where(box((10, 12), (0, 28), (0, 20)), list(GROUPS).index("putamen"), 0).astype(np.uint8)
    beside = scene({"FLAIR": full(1)}, shares=shares, group=group)
    assert apply_rules(finding(mask), beside, signal).mask.any()  # half of it lies in a nucleus


def test_a_large_region_within_cortex_must_be_clearly_dark_on_t1w():
    mask = box((6, 16), (6, 16), (6, 10))  # 3.2 ml
    shares = {"grey": full(0.7), "white": full(0.3), "fluid": full(0)}
    given = scene({"FLAIR": full(1)}, shares=shares)
    signal = {"shift": full(2.9), "over_grey": full(1.6), "support_over_grey": full(0.2)}
    for support, kept in ((1.4, False), (2.5, True)):
        found = apply_rules(finding(mask), given, {**signal, "support": full(support)})
        assert found.mask.any() == kept


@pytest.mark.parametrize("part", ["optic radiation", "corticospinal tract", "internal capsule"])
def test_a_tract_that_is_dark_on_t1w_is_no_normal_variant(part):
    mask = box((10, 13), (10, 13), (8, 12))
    group = np.full(SHAPE, list(GROUPS).index(part), np.uint8)
    given = scene({"FLAIR": full(1)}, group=group)
    faint = {"shift": full(2.5)}
    assert not apply_rules(finding(mask), given, faint).mask.any()
    assert apply_rules(finding(mask), given, {**faint, "support": full(1.5)}).mask.any()


def head(ghost: float) -> Scene:
    """An egg of white matter in a shell of grey, fluid around it, with a copy moved by 36 mm along y."""
    shape = (50, 60, 46)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    r = np.sqrt(x**2 + (y + 0.1 * x) ** 2 + z**2)
    brain, white, grey = r < 0.95, r < 0.7, (r >= 0.7) & (r < 0.88)
    rng = np.random.default_rng(2)
    data = np.where(brain, 0.55 * white + 0.65 * grey + 0.15 * (brain & ~white & ~grey), 0)
    data = np.where(brain, data + 0.03 * rng.standard_normal(shape), 0)
    data = np.where(brain, data + ghost * np.roll(data, 18, axis=1), 0)
    shares = {"grey": grey, "white": white, "fluid": brain & ~white & ~grey}
    return Scene(
        {"FLAIR": Image(data.astype(np.float32), AFFINE)},
        brain,
        {name: part.astype(np.float32) for name, part in shares.items()},
        np.zeros(shape, np.uint8),
        np.zeros(shape, bool),
        8.0,
    )


def test_a_ghost_is_measured_and_stops_the_search():
    assert ghost_strength(head(0.0), "FLAIR", 1) < 0.05
    assert ghost_strength(head(0.3), "FLAIR", 1) == pytest.approx(0.3, rel=0.5)
    assert not has_ghost(head(0.0), "FLAIR", 1)
    found = DETECTORS["FLAIR"].look(head(0.3))
    assert found.not_assessed == "FLAIR holds a shifted copy of the head (a ghost, as motion makes it)"


def test_injured_nuclei_are_not_lost_with_bright_cortex_beside_them():
    nucleus, cortex = box((8, 13), (10, 15), (8, 13)), box((13, 22), (8, 20), (6, 16))
    group = np.where(nucleus, list(GROUPS).index("putamen"), 0).astype(np.uint8)
    given = scene({"FLAIR": full(1)}, group=group)
    signal = {"shift": full(2.5), "support": np.where(nucleus, 2.5, 0.0).astype(np.float32)}
    kept = _supported(finding(nucleus | cortex), given, signal)
    assert (kept.mask == nucleus).all()
    rule = "faint, and normal in the other contrast"
    assert kept.rejected == {rule: cortex.sum() * 8.0}
    silent = {**signal, "support": full(0)}
    assert not _supported(finding(nucleus | cortex), given, silent).mask.any()
