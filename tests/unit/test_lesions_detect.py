from dataclasses import replace

import numpy as np
import pytest

from cpimaging.lesions.detect import Finding, Scene, detect, make_scene, norm_on, nothing, on_grid, thinned
from cpimaging.lesions.detect import combine as combine_module
from cpimaging.lesions.detect.cavities import cavities
from cpimaging.lesions.detect.detectors.adc import _regions, adc
from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.detectors.punctate import PUNCTATE
from cpimaging.lesions.detect.evidence import calibrated, centre_and_spread, evidence
from cpimaging.lesions.detect.healthy_model import fit_model, robust
from cpimaging.lesions.detect.inputs import GROUPS
from cpimaging.lesions.detect.normal_findings import apply_rules, minimum_size
from cpimaging.lesions.detect.regions import large, own_border
from cpimaging.lesions.detect.searchable import unfit
from cpimaging.registration import resample
from cpimaging.types import Atlas, Image, LabelMap, Region

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])
SHAPE = (20, 24, 16)


def box(*ranges: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[tuple(slice(*r) for r in ranges)] = True
    return mask


def plain(**arrays: np.ndarray) -> Scene:
    """A brain of white matter, 2 mm voxels, with a ventricle and a layer of fluid where x < 2."""
    fluid = box((0, 2), (0, 24), (0, 16)).astype(np.float32)
    shares = {"grey": np.zeros(SHAPE, np.float32), "white": 1 - fluid, "fluid": fluid}
    images = {name: Image(data.astype(np.float32), AFFINE) for name, data in arrays.items()}
    return Scene(
        images,
        np.ones(SHAPE, bool),
        shares,
        np.zeros(SHAPE, np.uint8),
        box((8, 11), (8, 14), (6, 9)),
        8.0,
    )


def finding(mask: np.ndarray) -> Finding:
    return Finding(mask.astype(np.float32), mask, np.zeros(SHAPE, np.uint8), ("bright",))


@pytest.mark.parametrize(
    ("mask", "rule"),
    [
        (box((15, 16), (3, 4), (3, 4)), "minimum size"),
        (box((8, 11), (8, 11), (6, 9)), "choroid plexus or flow in the ventricle"),
        (box((0, 2), (2, 6), (2, 6)), "sulcus, cistern or vessel"),
        (box((11, 12), (8, 14), (6, 9)), "rim or cap of the ventricle"),
    ],
)
def test_each_rule_names_what_it_took(mask, rule):
    kept = box((15, 18), (18, 22), (10, 14))
    result = apply_rules(finding(mask | kept), plain(FLAIR=np.ones(SHAPE)))
    assert (result.mask == kept).all()
    assert result.rejected == {rule: mask.sum() * 8.0}


def test_what_a_rule_took_keeps_no_origin():
    kept, small = box((15, 18), (18, 22), (10, 14)), box((15, 16), (3, 4), (3, 4))
    wet = replace(finding(kept | small), origin=(kept | small).astype(np.uint8))
    result = apply_rules(wet, plain(FLAIR=np.ones(SHAPE)), rules={"minimum size": minimum_size})
    assert (result.mask == kept).all()
    assert (result.origin == kept).all()


def test_a_thick_lesion_at_the_ventricle_is_no_rim():
    mask = box((11, 15), (8, 14), (6, 10))
    result = apply_rules(finding(mask), plain(FLAIR=np.ones(SHAPE)))
    assert (result.mask == mask).all()
    assert result.rejected == {}


def test_contrasts_that_cannot_be_searched_say_why():
    rng = np.random.default_rng(0)
    scene = plain(FLAIR=1 + 0.02 * rng.standard_normal(SHAPE))
    fluid = scene.shares["fluid"] > 0

    def told(**image: np.ndarray) -> str | None:
        name = next(iter(image))
        return unfit(replace(scene, images={name: Image(image[name].astype(np.float32), AFFINE)}), name)

    tissue = 1 + 0.02 * rng.standard_normal(SHAPE)
    grey = np.where(box((2, 6), (0, 24), (0, 16)), 0.25, 0.0)
    scene = replace(
        scene,
        shares={
            **scene.shares,
            "grey": (grey * 4).astype(np.float32) * ~fluid,
            "white": 1.0 * ((grey == 0) & ~fluid),
        },
    )
    assert told(FLAIR=np.where(fluid, 0.2, tissue)) is None
    assert told(T2w=np.where(fluid, 2.0, tissue)) is None
    assert told(T1w=np.where(fluid, 0.2, tissue - grey)) is None
    assert "fluid is not clearly darker" in str(told(FLAIR=np.where(fluid, 2.0, tissue)))
    assert "fluid is not clearly darker" in str(told(T1w=np.where(fluid, 2.0, tissue)))
    assert "fluid is not clearly brighter" in str(told(T2w=np.where(fluid, 0.2, tissue)))
    assert "white matter is not clearly brighter" in str(told(T1w=np.where(fluid, 0.2, tissue + grey)))
    few_slices = np.where((np.arange(16) % 4 == 0), tissue, 0)
    assert told(FLAIR=few_slices) == "FLAIR shows only 25 % of the brain"


def adc_scene(**fields: object) -> Scene:
    rng = np.random.default_rng(1)
    values = 0.8e-3 + 0.03e-3 * rng.standard_normal(SHAPE)
    values[box((0, 2), (0, 24), (0, 16))] = 3e-3
    values[box((13, 19), (15, 22), (4, 12))] = 0.4e-3
    return replace(plain(ADC=values), **fields)


def test_low_adc_is_found():
    truth = box((13, 19), (15, 22), (4, 12))
    found = adc(adc_scene()).mask
    assert 2 * (found & truth).sum() / (found.sum() + truth.sum()) > 0.85


def test_adc_is_compared_with_tissue_of_its_own_kind():
    rng = np.random.default_rng(6)
    grey = box((2, 11), (0, 24), (0, 16))
    values = np.where(grey, 1.05e-3, 0.75e-3) + 0.03e-3 * rng.standard_normal(SHAPE)
    infarct = box((4, 9), (3, 10), (2, 9))
    values[infarct] = 0.72e-3  # low for grey matter, and not for white
    values[box((0, 2), (0, 24), (0, 16))] = 3e-3
    scene = plain(ADC=values)
    shares = {**scene.shares, "grey": grey.astype(np.float32), "white": scene.shares["white"] * ~grey}
    found = adc(replace(scene, shares=shares, ventricles=np.zeros(SHAPE, bool))).mask
    assert 2 * (found & infarct).sum() / (found.sum() + infarct.sum()) > 0.85


@pytest.mark.parametrize(("value", "low"), [(0.6e-3, False), (0.35e-3, True)])
def test_a_tract_may_have_a_somewhat_lower_adc(value, low):
    tract = box((13, 17), (4, 20), (2, 12))
    rng = np.random.default_rng(7)
    values = np.where(tract, value, 0.8e-3) + 0.02e-3 * rng.standard_normal(SHAPE)
    values[:2] = 3e-3
    group = np.where(tract, list(GROUPS).index("internal capsule"), 0).astype(np.uint8)
    found = adc(replace(plain(ADC=values), group=group)).mask
    assert found.any() == low
    assert not (found & ~tract).any()


def test_regions_of_low_adc_hold_a_seed_are_no_noise_and_end_half_way():
    """Voxels of 2 mm: 56 mm³ are noise, 64 mm³ are not; a region of z = −6 ends at −3, one of −4 at −2."""
    noise, small = box((1, 8), (1, 2), (1, 2)), box((1, 3), (5, 7), (1, 3))
    core, rim = box((10, 14), (5, 9), (1, 5)), box((14, 15), (5, 9), (1, 5))
    unseeded = box((10, 14), (15, 19), (1, 5))
    z = np.zeros(SHAPE, np.float32)
    z[noise] = z[small] = -4.0
    mild, around = box((10, 14), (11, 13), (1, 5)), box((10, 14), (13, 14), (1, 5))
    z[core], z[rim], z[unseeded] = -6.0, -2.9, -2.9
    z[mild], z[around] = -4.0, -2.1
    found = _regions(z, np.ones(SHAPE, bool), (2.0, 2.0, 2.0))
    assert (found == small | core | mild | around).all()


def test_controls_that_are_all_alike_make_no_lesion_of_a_shift():
    """SD 1 %: 8 % lower is z = −8 by the map, yet −1.6 by the 5 % that healthy people differ by at least."""
    scene = adc_scene()
    fluid = box((0, 2), (0, 24), (0, 16))
    for lower, found in ((0.92, False), (0.80, True)):
        values = np.where(fluid, 3e-3, 1.2e-3).astype(np.float32)
        values[6:12, 6:12, 6:12] *= lower
        images = {"ADC": scene.images["ADC"].with_data(values)}
        mean = np.full(SHAPE, 1.2e-3, np.float32)
        assert adc(replace(scene, images=images, norm=(mean, mean * np.float32(0.01)))).mask.any() == found


def test_adc_evidence_is_ordered_and_labelled():
    scene = adc_scene()
    own = adc(scene)
    assert own.reasons == ("low ADC, z against the own brain (evidence 2 of 3)",)
    low_everywhere = (np.full(SHAPE, 0.4e-3, np.float32), np.full(SHAPE, 0.1e-3, np.float32))
    by_norm = adc(replace(scene, norm=low_everywhere))
    assert by_norm.reasons == ("low ADC, z against a normative map (evidence 1 of 3)",)
    assert own.mask.any()
    assert not by_norm.mask.any()  # what is low for this brain is normal for that map
    assert by_norm.notes == ("ADC searched: low ADC, z against a normative map (evidence 1 of 3)",)
    unknown = (np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32))
    assert not adc(replace(scene, norm=unknown)).mask.any()


def test_a_map_of_healthy_adc_keeps_its_values_up_to_its_edge():
    """Known to x = 3, brought half a voxel further: what lies at 3.5 is half known, what lies at 4.5 not."""
    known = np.zeros((8, 8, 8), np.float32)
    known[:4] = 1
    norm = (Image(1.2e-3 * known, np.eye(4)), Image(0.1e-3 * known, np.eye(4)))
    shifted = np.eye(4)
    shifted[0, 3] = 0.5
    mean, sd = norm_on(norm, Image(np.zeros((7, 8, 8), np.uint8), shifted), resample)
    assert mean.data[:4, 3, 3] == pytest.approx(1.2e-3)
    assert sd.data[:4, 3, 3] == pytest.approx(0.1e-3)
    assert not mean.data[4:].any()
    assert not sd.data[4:].any()


def test_adc_with_many_negatives_is_not_assessed():
    scene = adc_scene()
    negative = scene.grid.data.copy()
    negative[10:] = -0.1e-3
    broken = replace(scene, images={"ADC": scene.grid.with_data(negative)})
    assert adc(broken).not_assessed == "ADC shows only 50 % of the brain"
    assert not adc(broken).mask.any()


def test_punctate_lesions_of_a_newborn():
    rng = np.random.default_rng(2)
    values = 1 + 0.02 * rng.standard_normal(SHAPE)
    spot = box((15, 17), (15, 17), (10, 12))
    values[spot] += 0.3
    newborn = replace(plain(T1w=values), age_years=0.02)
    found = PUNCTATE.look(newborn)
    assert (found.mask == spot).all()
    assert PUNCTATE.look(replace(newborn, age_years=0.25)).mask.any()
    for age_years in (0.26, 3.0, None):
        told = PUNCTATE.look(replace(newborn, age_years=age_years)).not_assessed
        assert told == "punctate lesions are looked for in newborns only"
    capsule = np.full(SHAPE, list(GROUPS).index("internal capsule"), np.uint8)
    myelin = replace(newborn, group=np.where(spot, capsule, 0).astype(np.uint8))
    assert not PUNCTATE.look(myelin).mask.any()  # bright there because it is myelinated


@pytest.mark.parametrize(
    ("size", "found"), [((1, 1, 1), False), ((1, 1, 7), False), ((2, 2, 2), True), ((4, 4, 8), False)]
)
def test_a_punctate_lesion_has_8_to_100_mm3(size, found):
    values = 1 + 0.02 * np.random.default_rng(2).standard_normal(SHAPE)
    values[tuple(slice(start, start + length) for start, length in zip((12, 12, 3), size, strict=True))] += (
        0.3
    )
    fine = replace(plain(T1w=values), age_years=0.02)
    images = {"T1w": Image(fine.images["T1w"].data, np.eye(4))}
    assert PUNCTATE.look(replace(fine, images=images)).mask.any() == found


def test_a_cavity_begins_where_only_tissue_is_expected():
    scene = plain(T1w=np.ones(SHAPE))
    hole = box((14, 19), (16, 22), (4, 10))
    beside_fluid = box((2, 5), (2, 8), (2, 8))
    near_fluid = replace(
        scene,
        shares={
            **scene.shares,
            "fluid": np.where(np.arange(20)[:, None, None] < 6, 0.3, 0) + 0 * scene.shares["fluid"],
        },
    )
    thin = box((14, 15), (2, 12), (2, 12))
    assert (cavities(scene, hole) == hole).all()
    assert not cavities(near_fluid, beside_fluid).any()
    assert not cavities(scene, thin).any()


def test_robust_by_hand():
    assert robust(np.array([1.0, 2.0, 3.0, 4.0, 100.0])) == (3.0, pytest.approx(1.4826))


def test_healthy_places_are_made_alike():
    raw = np.array([-2.0, -2.0, -2.0, 0.0, -1.0, -1.0, -1.0, 2.0], np.float32)
    kinds = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    centre, spread = centre_and_spread(raw, kinds)
    assert centre.tolist() == [-2.0] * 4 + [-1.0] * 4
    assert (spread == 0.1).all()
    even = calibrated(raw, kinds)
    assert even[4] == pytest.approx(-1.3)
    assert even[7] == pytest.approx(2.0 + 1.0 - 1.3)
    assert even[0] == pytest.approx(-2.0 + 1.9 - 1.3)


def test_small_pieces_are_dropped():
    big, small = box((2, 4), (2, 4), (2, 4)), box((10, 11), (10, 11), (10, 11))
    assert (large(big | small, 2) == big).all()


def test_evidence_grows_with_the_shift():
    rng = np.random.default_rng(3)
    values = 1 + 0.05 * rng.standard_normal(SHAPE)
    values[:2] = 0.1
    scene = plain(FLAIR=values)
    model = fit_model(scene, {"FLAIR": 1})
    assert model.white_sd["FLAIR"] == pytest.approx(0.05, rel=0.1)
    weight = evidence(model, {"FLAIR": 3.0}).reshape(SHAPE)
    order = np.argsort(values[10:].ravel())
    assert weight[10:].ravel()[order[:50]].max() < 0
    assert weight[10:].ravel()[order[-1]] > weight[10:].ravel()[order[0]]


def registry(**found: Finding | str) -> dict[str, Detector]:
    """Return detectors that give these findings, or say these words; T1w needs T1w, and so on."""
    return {
        name: Detector(
            name,
            ("T1w",) if name == "punctate" else (name,),
            lambda scene, result=result: nothing(scene, result) if isinstance(result, str) else result,
            "what is made up",
            ages_years=(0.0, 0.25 if name == "punctate" else 99.0),
            other_age=str(result),
            beside=name in ("punctate", "ADC"),
            quiet=name == "punctate",
        )
        for name, result in found.items()
    }


def test_several_detectors_combine(monkeypatch):
    first, second = box((2, 5), (2, 5), (2, 5)), box((4, 8), (2, 5), (2, 5))
    scene = plain(FLAIR=np.ones(SHAPE), ADC=np.ones(SHAPE), T1w=np.ones(SHAPE))
    results: dict[str, Finding | str] = {
        "FLAIR": "FLAIR shows only 5 % of the brain",
        "T2w": "never asked, there is none",
        "T1w": replace(
            finding(first), reasons=("dark on T1w", "cavity"), rejected={"a": 1.0}, not_searched=("pons",)
        ),
        "punctate": "not a newborn",
        "ADC": replace(finding(second), reasons=("low ADC",), rejected={"a": 2.0}),
    }
    monkeypatch.setattr(combine_module, "DETECTORS", registry(**results))
    found = detect(scene)
    assert (found.mask == first | second).all()
    assert found.reasons == ("dark on T1w", "cavity", "low ADC")
    assert (found.origin[first] == 0).all()
    assert (found.origin[second & ~first] == 2).all()
    assert found.rejected == {"a": 3.0}
    assert found.notes == ("Not searched: FLAIR shows only 5 % of the brain",)
    assert found.not_searched == ()  # ADC has looked there
    monkeypatch.setattr(combine_module, "DETECTORS", registry(**{**results, "ADC": "ADC is blank"}))
    assert detect(scene).not_searched == ("pons",)
    assert detect(scene).notes[-1] == "Not searched: ADC is blank"
    monkeypatch.setattr(combine_module, "DETECTORS", registry(**{**results, "T1w": "blank", "ADC": "blank"}))
    other = detect(scene, {"T2w": "not at this age", "FLAIR": "not at this age"}).not_assessed
    assert other == "not at this age; blank"  # a T2w would not serve
    assert (
        detect(scene).not_assessed == "FLAIR shows only 5 % of the brain; no T2w; blank"
    )  # what is for newborns has no word here


def test_of_the_detectors_for_the_scan_alone_the_first_that_can_look_does(monkeypatch):
    first, second = box((2, 5), (2, 5), (2, 5)), box((14, 18), (2, 5), (2, 5))
    scene = plain(FLAIR=np.ones(SHAPE), T1w=np.ones(SHAPE), ADC=np.ones(SHAPE))
    results = {"ADC": "blank", "FLAIR": finding(first), "T1w": finding(second)}
    monkeypatch.setattr(combine_module, "DETECTORS", registry(**results))  # whatever the order beside them
    found = detect(scene)
    assert (found.mask == first).all()
    assert found.notes == ("Not searched: blank",)
    given = replace(scene, images={name: scene.images[name] for name in ("T1w", "ADC")})
    assert (detect(given).mask == second).all()


@pytest.mark.parametrize(
    ("age_years", "known_age", "looks"),
    [
        (1.99, False, False),
        (2.0, False, True),
        (5.0, True, True),
        (5.01, False, False),
        (None, False, True),
        (None, True, False),
    ],
)
def test_a_detector_looks_at_scans_of_its_ages(age_years, known_age, looks):
    scene = replace(plain(T1w=np.ones(SHAPE)), age_years=age_years)
    mask = box((2, 5), (2, 5), (2, 5))
    detector = Detector(
        "toy", ("T1w",), lambda s: finding(mask), "", (2.0, 5.0), known_age, other_age="2 to 5 years"
    )
    found = detector.look(scene)
    assert found.not_assessed == (None if looks else "2 to 5 years")
    assert found.mask.any() == looks
    both = replace(detector, contrasts=("T2w", "T1w", "ADC"))
    assert both.look(scene).not_assessed == "no T2w and no ADC"


def test_a_scene_is_cropped_and_comes_back():
    grid = Image(np.zeros(SHAPE, np.float32), AFFINE)
    brain = grid.with_data(box((4, 16), (3, 21), (2, 14)))
    labels = LabelMap(
        grid.with_data(np.where(box((4, 8), (3, 9), (2, 6)), 7, 0).astype(np.uint16)),
        (Region(7, "thalamus", "thalamus", "left", "deep_grey"),),
    )
    atlas = Atlas("toy", "1", "toy", labels)
    half = grid.with_data(np.full(SHAPE, 0.5, np.float32))
    scene = make_scene({"T1w": half}, brain, {"grey": half, "white": half}, atlas, np.eye(4), None)
    assert scene.brain.shape == (12, 18, 12)
    assert scene.rough
    assert set(np.unique(scene.group)) == {0, list(GROUPS).index("thalamus")}
    total = sum(scene.shares.values())
    assert total == pytest.approx(np.ones(scene.brain.shape), abs=1e-3)
    mask = np.zeros(scene.brain.shape, bool)
    mask[3:5, 4:7, 5] = True
    back = on_grid(mask, scene, grid)
    assert (back.data == box((7, 9), (7, 10), (7, 8))).all()


def test_the_grey_rim_of_ventricles_is_no_grey_matter():
    """The map has 0.4 grey everywhere; of white matter beside the ventricle, at x < 2, there is none."""
    grid = Image(np.zeros(SHAPE, np.float32), AFFINE)
    ventricle = box((0, 2), (0, 24), (0, 16))
    regions = (
        Region(1, "ventricle", "lateral_ventricle", "left", "csf"),
        Region(2, "white", "white_matter", "left", "white_matter"),
    )
    labels = LabelMap(grid.with_data(np.where(ventricle, 1, 2).astype(np.uint16)), regions)
    brain = grid.with_data(np.ones(SHAPE, bool))
    maps = {
        name: grid.with_data(np.full(SHAPE, v, np.float32)) for name, v in (("grey", 0.4), ("white", 0.6))
    }
    scene = make_scene({"T1w": grid}, brain, maps, Atlas("toy", "1", "toy", labels), np.eye(4), None)
    grey = scene.shares["grey"][:, 12, 8]
    assert grey[0] < 0.05
    assert grey[2] < 0.1
    assert grey[-1] == pytest.approx(0.4, abs=1e-3)
    assert (scene.ventricles == ventricle).all()


def test_a_map_of_healthy_adc_comes_along():
    grid = Image(np.zeros(SHAPE, np.float32), AFFINE)
    brain = grid.with_data(box((4, 16), (3, 21), (2, 14)))
    labels = LabelMap(
        grid.with_data(np.zeros(SHAPE, np.uint16)), (Region(7, "thalamus", "thalamus", "left", "deep_grey"),)
    )
    half = grid.with_data(np.full(SHAPE, 0.5, np.float32))
    known = box((0, 9), (0, 24), (0, 16))
    mean = grid.with_data(np.where(known, 0.8e-3, 0).astype(np.float32))
    sd = grid.with_data(np.where(known, 0.1e-3, 0).astype(np.float32))
    shifted = np.eye(4)
    shifted[0, 3] = 2.5  # no whole voxels: the edge is mixed with what is not known
    maps = {"grey": half, "white": half}
    scene = make_scene(
        {"ADC": half}, brain, maps, Atlas("toy", "1", "toy", labels), shifted, None, (mean, sd)
    )
    assert scene.norm is not None
    inside = box((0, 8), (0, 24), (0, 16))[4:16, 3:21, 2:14]
    for found, value in zip(scene.norm, (0.8e-3, 0.1e-3), strict=True):
        assert found == pytest.approx(np.where(inside, value, 0), rel=1e-5)


def test_thinning_keeps_volumes_and_places():
    scene = plain(FLAIR=np.ones(SHAPE))
    mask = box((4, 12), (4, 12), (4, 12))
    small = thinned(replace(scene, brain=mask), 4.0)
    assert small.brain.shape == (10, 12, 8)
    assert small.brain.sum() * small.voxel_mm3 == mask.sum() * scene.voxel_mm3
    back = on_grid(small.brain, small, scene.grid)
    assert (back.data == mask).all()
    assert thinned(scene, 2.0) is scene


@pytest.mark.parametrize(
    ("part", "mask", "rule"),
    [
        ("corticospinal tract", box((15, 18), (3, 6), (3, 6)), "faint in the corticospinal tract"),
        ("internal capsule", box((15, 18), (3, 6), (3, 6)), "faint in the corticospinal tract"),
        ("optic radiation", box((14, 18), (3, 8), (3, 7)), "faint in a terminal zone of myelination"),
        ("cerebrum", box((11, 13), (8, 13), (6, 9)), "rim or cap of the ventricle"),
    ],
)
def test_what_is_faint_at_a_known_place_is_normal(part, mask, rule):
    group = np.full(SHAPE, list(GROUPS).index(part), np.uint8)
    scene = replace(plain(FLAIR=np.ones(SHAPE)), group=group)
    faint, clear = np.full(SHAPE, 2.0, np.float32), np.full(SHAPE, 4.0, np.float32)
    assert apply_rules(finding(mask), scene, {"shift": faint}).rejected == {rule: mask.sum() * 8.0}
    assert (apply_rules(finding(mask), scene, {"shift": clear}).mask == mask).all()


def test_a_faint_piece_needs_the_other_contrast():
    mask = box((12, 18), (14, 22), (2, 12))
    scene = plain(FLAIR=np.ones(SHAPE))
    faint, clear, none, dark = (np.full(SHAPE, value, np.float32) for value in (2.0, 4.0, 0.0, 1.5))
    rule = "faint, and normal in the other contrast"
    assert apply_rules(finding(mask), scene, {"shift": faint, "support": none}).rejected == {
        rule: mask.sum() * 8.0
    }
    for signal in ({"shift": faint, "support": dark}, {"shift": clear, "support": none}, {"shift": faint}):
        assert (apply_rules(finding(mask), scene, signal).mask == mask).all()


def test_a_quarter_of_the_brain_may_be_infarct():
    rng = np.random.default_rng(4)
    infarct = box((12, 20), (8, 24), (0, 16))
    values = 0.8e-3 + 0.05e-3 * rng.standard_normal(SHAPE)
    values[infarct] -= 0.25e-3
    values[box((0, 2), (0, 24), (0, 16))] = 3e-3
    scene = replace(plain(ADC=values), ventricles=np.zeros(SHAPE, bool))
    assert infarct.mean() > 0.25
    found = adc(scene).mask
    assert 2 * (found & infarct).sum() / (found.sum() + infarct.sum()) > 0.9


def test_a_region_ends_where_its_own_contrast_has_fallen_by_half():
    core, cap = box((2, 6), (4, 12), (4, 12)), box((2, 6), (12, 16), (4, 12))
    faint = box((13, 18), (4, 14), (4, 12))
    cyst = box((3, 5), (6, 8), (6, 8))
    shift = np.where(core, 6.0, np.where(cap | faint, 2.0, 0.0)).astype(np.float32)
    shift[cyst] = np.inf
    kept = own_border(plain(FLAIR=np.ones(SHAPE)), core | cap | faint, [shift])
    assert (kept & core).sum() == core.sum()
    assert not kept[2:6, 13:16, 4:12].any()  # the cap beside a bright lesion is not part of it
    assert (kept & faint).sum() > 0.8 * faint.sum()  # a lesion as faint as that stays


@pytest.mark.parametrize(
    ("where", "white", "kept"),
    [
        (((14, 20), (8, 16), (5, 11)), 0.1, False),
        (((6, 14), (9, 15), (6, 10)), 0.1, True),
        (((14, 20), (8, 16), (5, 11)), 0.5, True),
    ],
)
def test_shallow_fluid_outside_of_white_matter_is_a_wide_sulcus(where, white, kept):
    mask = box(*where)
    wet = replace(finding(mask), origin=mask.astype(np.uint8))
    scene = replace(plain(T2w=np.ones(SHAPE)), ventricles=np.zeros(SHAPE, bool))
    shares = {"white": np.full(SHAPE, white, np.float32), "grey": np.full(SHAPE, 1 - white, np.float32)}
    scene = replace(scene, shares={**scene.shares, **shares})
    result = apply_rules(wet, scene, {"support": np.full(SHAPE, np.inf, np.float32)})
    assert result.mask.any() == kept
    if white > 0.3:
        assert not apply_rules(wet, scene).mask.any()  # one contrast alone does not tell
    assert result.rejected == ({} if kept else {"wide sulcus or fluid over the brain": mask.sum() * 8.0})
    assert apply_rules(finding(mask), scene).mask.any()  # tissue may be injured there


def test_on_flair_alone_what_looks_like_cortex_near_cortex_is_cortex():
    mask, deep = box((13, 16), (3, 8), (3, 8)), box((13, 16), (15, 20), (3, 8))
    grey = np.where(np.arange(24)[None, :, None] < 10, 0.2, 0.0) * np.ones(SHAPE, np.float32)
    scene = plain(FLAIR=np.ones(SHAPE))
    scene = replace(scene, shares={**scene.shares, "grey": grey, "white": scene.shares["white"] - grey})
    alike, unlike = np.full(SHAPE, 1.0, np.float32), np.full(SHAPE, 2.0, np.float32)
    found = apply_rules(finding(mask | deep), scene, {"over_grey": alike})
    assert (found.mask == deep).all()
    assert found.rejected == {"like cortex, and near it": mask.sum() * 8.0}
    for signal in ({"over_grey": unlike}, {}):
        assert (apply_rules(finding(mask | deep), scene, signal).mask == mask | deep).all()


def test_a_thin_piece_where_fluid_looks_like_a_lesion_is_a_vessel_or_a_tract():
    thin, long = box((15, 17), (4, 10), (4, 6)), box((15, 17), (2, 22), (4, 6))  # 192 and 640 mm³
    thick = box((15, 18), (4, 7), (4, 7))  # 216 mm³, its middle lies 3 mm deep
    scene = plain(T2w=np.ones(SHAPE))
    faint = {"shift": np.full(SHAPE, 2.0, np.float32)}
    for mask, signal in ((thin, {}), (long, faint)):
        told = apply_rules(finding(mask), scene, signal, fluid_alike=True)
        assert told.rejected == {"thin: space around a vessel, or tract": mask.sum() * 8.0}
    for mask, alike in ((thin, False), (thick, True), (long, True)):
        assert (apply_rules(finding(mask), scene, fluid_alike=alike).mask == mask).all()
