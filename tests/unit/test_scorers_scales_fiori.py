from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scorer_tables import (
    CHILD,
    HEMISPHERES,
    LATERAL_ML,
    NO_PIECES,
    TRIGONES,
    lesion_table,
    load_table,
    parts_table,
    ratio_table,
    white,
)

from cpimaging.scorers import SCORERS, Tables, read_criteria
from cpimaging.scorers.scales.fiori import ABSENT, LAYERS, LITTLE, LOBES, THIN, TWO_LOBES

FIORI = SCORERS["fiori"]
CRITERIA = read_criteria(FIORI.criteria)
SIDES = ("left", "right")


def score(lesion_ml, context=CHILD, more=True):
    return FIORI.score(Tables(load_table(lesion_ml, more), *NO_PIECES), context, CRITERIA)


def points(result):
    """Return what has points, or may have: (name, side) -> [least, most]; the callosum only if it is hit."""
    return {
        (item["name"], item["side"]): item["points"]
        for item in result["items"]
        if item["points"][1] > 0 and item["why"] != THIN
    }


def test_without_lesion_only_the_callosum_is_open():
    result = score({})
    assert (result["total"], result["range"], result["maximum"]) == (None, [0, 3], 40)
    assert result["sections"] == {
        "left hemisphere": [0, 0, 12],
        "right hemisphere": [0, 0, 12],
        "basal ganglia and brainstem": [0, 0, 10],
        "corpus callosum": [0, 3, 3],
        "cerebellum": [0, 0, 3],
    }
    assert len(result["items"]) == 39  # the two of the brainstem are one
    assert {item["section"] for item in result["items"] if item["why"]} == {"corpus callosum"}
    assert points(result) == {}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("lobe", LOBES)
def test_each_layer(lobe, layer, side):
    key, item = white(side, layer, lobe), (f"{lobe}, {LAYERS[layer]}", side)
    whole_ml = LATERAL_ML["white_matter", "white_matter", lobe, layer]
    cortex = {}
    if layer == "subcortical":  # this layer holds the cortex of the lobe
        cortex = {(f"{lobe}_cortex", side): 0.6 * LATERAL_ML[f"{lobe}_cortex", "cortex", lobe, "n/a"]}
    assert points(score({key: 0.05 * whole_ml, **_part(cortex, 0.05)})) == {item: [0.5, 0.5]}
    assert points(score({key: 0.4 * whole_ml})) == {item: [0.5, 0.5]}
    assert points(score({key: 0.6 * whole_ml, **cortex})) == {item: [1, 1]}


def _part(lesion_ml, share):
    return {key: share * ml for key, ml in lesion_ml.items()}


def test_half_of_a_layer_is_not_more_than_half():
    half = score({white("left", "deep", "temporal"): 7.0})  # of 14 ml
    assert points(half) == {("temporal, middle", "left"): [0.5, 0.5]}
    assert half["range"] == [0.5, 3.5]


def test_a_trace_of_lesion_in_a_layer_is_not_counted_and_a_little_is_left_open():
    trace, little = white("left", "deep", "parietal"), white("left", "deep", "temporal")  # of 21 and 14 ml
    result = score({white("left", "deep", "frontal"): 1.0, trace: 0.029, little: 0.13})
    assert points(result) == {("frontal, middle", "left"): [0.5, 0.5], ("temporal, middle", "left"): [0, 0.5]}
    assert LITTLE in {item["why"] for item in result["items"]}
    assert points(score({little: 0.15})) == {("temporal, middle", "left"): [0.5, 0.5]}


def test_cortex_counts_with_its_lobe():
    assert points(score({("temporal_cortex", "right"): 0.9})) == {  # of 60 + 20 ml
        ("temporal, cortico-subcortical", "right"): [0.5, 0.5]
    }
    most = score({("occipital_cortex", "right"): 23.0})  # of 35 + 10 ml: 51 %
    assert points(most) == {("occipital, cortico-subcortical", "right"): [1, 1]}


@pytest.mark.parametrize("cortex", ["perirolandic", "cingulate"])
def test_cortex_between_two_lobes_is_left_open(cortex):
    result = score({(cortex, "left"): 1.0})
    frontal, parietal = (f"{lobe}, cortico-subcortical" for lobe in ("frontal", "parietal"))
    assert points(result) == {(frontal, "left"): [0, 0.5], (parietal, "left"): [0, 0.5]}
    assert {item["why"] for item in result["items"]} == {None, THIN, TWO_LOBES}
    sure = score({(cortex, "left"): 1.0, ("frontal_cortex", "left"): 2.0})
    assert points(sure)[frontal, "left"] == [0.5, 0.5]


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("structure", "name"),
    [
        ("caudate", "caudate"),
        ("putamen", "lenticular nucleus"),
        ("putamen_posterior", "lenticular nucleus"),
        ("pallidum", "lenticular nucleus"),
        ("thalamus", "thalamus"),
        ("thalamus_ventrolateral", "thalamus"),
        ("plic", "posterior limb of the internal capsule"),
        ("cerebellum_cortex", "cerebellar hemisphere"),
    ],
)
def test_each_structure_of_two_sides(structure, name, side):
    assert points(score({(structure, side): 0.6})) == {(name, side): [1, 1]}
    assert score({(structure, side): 0.6})["range"] == [1, 4]


def test_little_lesion_in_a_structure_is_left_open():
    little = score({("caudate", "left"): 0.035})  # of 4 ml: 0.9 %
    assert points(little) == {("caudate", "left"): [0, 1]}
    assert points(score({("caudate", "left"): 0.045})) == {("caudate", "left"): [1, 1]}
    assert points(score({("caudate", "left"): 0.02, ("caudate", "right"): 0.2})) == {
        ("caudate", "right"): [1, 1]
    }


@pytest.mark.parametrize(
    ("ml", "expected"),
    [
        (0.04, [1, 1]),  # 1 % of 4 ml, the limit
        (0.03, [0, 1]),  # the least volume
        (0.029, None),
    ],
)
def test_a_structure_is_hit_from_both_limits_on(ml, expected):
    result = score({("caudate", "left"): ml, ("vermis", "midline"): 1.0})
    assert points(result).get(("caudate", "left")) == expected
    (item,) = [item for item in result["items"] if (item["name"], item["side"]) == ("caudate", "left")]
    assert item["measured"] == pytest.approx(100 * ml / 4)
    assert item["limit"] == "30 mm3 and 1 % (ours)"


def test_the_vermis():
    result = score({("vermis", "midline"): 0.1})
    assert (points(result), result["range"]) == ({("vermis", "midline"): [1, 1]}, [1, 4])


@pytest.mark.parametrize(
    ("structure", "name"),
    [
        ("corpus_callosum_genu", "corpus callosum, anterior"),
        ("corpus_callosum_body", "corpus callosum, middle"),
        ("corpus_callosum_splenium", "corpus callosum, posterior"),
    ],
)
def test_a_part_of_the_callosum_is_certain_where_the_lesion_crosses_it(structure, name):
    lesion = {(structure, "midline"): 0.1}
    outer = score(lesion)
    assert (points(outer), outer["range"]) == ({(name, "midline"): [0, 1]}, [0, 3])
    across = [lesion | {white(side, "deep", "frontal"): 0.001 for side in ("left", "right")}]
    measured = Tables(load_table(lesion, True), lesion_table(), parts_table(across, True), ratio_table({}))
    crossed = FIORI.score(measured, CHILD, CRITERIA)
    assert (points(crossed), crossed["range"]) == ({(name, "midline"): [1, 1]}, [1, 3])


@pytest.mark.parametrize(
    ("lesion_ml", "expected"),
    [
        ({("pons", "midline"): 0.5}, [1, 2]),
        ({("pons", "midline"): 0.2}, [0, 2]),  # of 27.4 ml: 0.7 %
        ({("red_nucleus", "left"): 0.05}, [1, 1]),
        ({("red_nucleus", "left"): 0.05, ("pons", "midline"): 0.1}, [1, 2]),
        ({("red_nucleus", "left"): 0.05, ("red_nucleus", "right"): 0.05}, [2, 2]),
    ],
)
def test_the_brainstem_has_two_points_for_two_sides(lesion_ml, expected):
    assert points(score(lesion_ml)) == {("brainstem, both sides", "midline"): expected}


def test_a_brainstem_that_is_not_there_is_open():
    load = load_table({}, more=True)
    load.loc[load["tissue"] == "brainstem", "region_volume_mm3"] = 0.0
    items = FIORI.score(Tables(load, *NO_PIECES), CHILD, CRITERIA)["items"]
    (item,) = [item for item in items if item["name"].startswith("brainstem")]
    assert (item["points"], item["why"]) == ([0, 2], ABSENT)


def test_trigones():
    result = score(TRIGONES)  # 0.9 of 9 ml parietal, 0.6 of 3 ml occipital, both sides
    assert result["sections"]["left hemisphere"] == result["sections"]["right hemisphere"] == [1, 1, 12]
    assert (result["total"], result["range"]) == (None, [2, 5])
    measured = {item["name"]: item["measured"] for item in result["items"] if item["side"] == "left"}
    assert measured["parietal, periventricular"] == pytest.approx(10)
    assert measured["occipital, periventricular"] == pytest.approx(20)
    assert measured["parietal, middle"] == 0


def test_a_structure_that_the_atlas_lacks_is_not_assessed():
    lacking = score({}, more=False)
    assert lacking["range"] == [0, 4]  # vermis and three parts of the callosum
    assert {item["name"] for item in lacking["items"] if item["measured"] is None} == {
        "vermis",
        *(f"corpus callosum, {part}" for part in ("anterior", "middle", "posterior")),
    }


def test_a_layer_that_is_not_in_the_image_is_not_assessed():
    load = load_table({("temporal_cortex", "left"): 1.0}, more=True)  # of 60 ml
    temporal = (load["lobe"] == "temporal") & (load["structure"] == "white_matter") & (load["side"] == "left")
    result = FIORI.score(Tables(load[~temporal], *NO_PIECES), CHILD, CRITERIA)
    assert points(result) == {
        ("temporal, periventricular", "left"): [0, 1],
        ("temporal, middle", "left"): [0, 1],
        ("temporal, cortico-subcortical", "left"): [0.5, 1],
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age_years": None}, "needs an age of 24 months or more (not known)"),
        ({"age_years": 1.9}, "needs an age of 24 months or more (here 1.9 years)"),
        (
            {"lesion_source": "detected", "contrasts": ("T1w",)},
            "needs T2w or FLAIR where no reader drew the lesion",
        ),
    ],
)
def test_what_must_be_known(change, reason):
    result = score(TRIGONES, replace(CHILD, **change))
    assert result["not_assessed"] == reason
    assert (result["total"], result["range"], result["items"]) == (None, None, [])


@pytest.mark.parametrize(
    "change",
    [
        {"age_years": 2.0},
        {"contrasts": ("T1w",)},
        {"lesion_source": "detected", "contrasts": ("T1w", "FLAIR")},
        {"contrasts": (), "qc": "not_applicable"},
    ],
)
def test_what_is_enough(change):
    assert score(TRIGONES, replace(CHILD, **change))["range"] == [2, 5]


def test_software_that_finds_nothing_gives_no_points():
    found = replace(CHILD, lesion_source="detected")
    reason = "no lesion found (detected), which is no proof that there is none"
    assert score({}, found)["not_assessed"] == reason
    assert score({}, found)["range"] is None


def test_one_voxel_is_too_small():
    assert score({("caudate", "left"): 0.008})["not_assessed"] == "a lesion of 8 mm3 is too small to score"


def test_a_mask_that_fills_the_brain_is_no_lesion():
    below = {("cerebellum_cortex", side): 55.0 for side in SIDES}
    stem = {("midbrain", "midline"): 7.0, ("pons", "midline"): 15.0, ("medulla", "midline"): 5.0}
    everything = {**HEMISPHERES, **below, **stem}
    assert score(everything, more=False)["not_assessed"] == "the lesion mask fills the brain"


WHERE = [
    *((white(side, layer, lobe)) for side in SIDES for layer in LAYERS for lobe in LOBES),
    *((name, side) for name in ("thalamus", "putamen", "perirolandic", "red_nucleus") for side in SIDES),
    *((name, "midline") for name in ("pons", "vermis", "corpus_callosum_body")),
]
SHARED = {
    "perirolandic": {"frontal, cortico-subcortical", "parietal, cortico-subcortical"},
    "pons": {"brainstem, both sides"},
    "red_nucleus": {"brainstem, both sides"},
}
amounts = st.dictionaries(st.sampled_from(WHERE), st.floats(0.0, 0.15), max_size=6)


@settings(max_examples=60, deadline=None)
@given(amounts, st.sampled_from(WHERE), st.floats(0.03, 0.15))
def test_more_lesion_never_lowers_an_item_and_touches_no_other(lesion_ml, key, added_ml):
    base = {("caudate", "left"): 1.0, **lesion_ml}  # enough to be scored
    before, after = score(base), score({**base, key: base.get(key, 0.0) + added_ml})
    changed = set()
    for old, new in zip(before["items"], after["items"], strict=True):
        assert new["measured"] >= old["measured"]
        assert new["points"][0] >= old["points"][0]
        if old["why"] != THIN:
            assert new["points"][1] >= old["points"][1]
        if (old["measured"], old["points"]) != (new["measured"], new["points"]):
            changed.add(new["name"])
    assert after["range"][0] >= before["range"][0]
    assert changed <= SHARED.get(key[0], {*_names(key)})


def _names(key):
    if key[0] == "white_matter":
        return {f"{key[2]}, {LAYERS[key[3]]}"}
    others = {"putamen": "lenticular nucleus", "corpus_callosum_body": "corpus callosum, middle"}
    return {others.get(key[0], key[0])}
