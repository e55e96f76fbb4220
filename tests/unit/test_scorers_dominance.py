from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scorer_tables import (
    BASAL_GANGLIA,
    CAVITY,
    CHILD,
    HEMISPHERES,
    MCA_WEDGE,
    OVERLAY_ML,
    SEVERE_BASAL_GANGLIA,
    TRIGONES,
    WATERSHED,
    both,
    mirrored,
    tables,
    white,
)

from cpimaging.scorers import SCORERS, read_criteria, score_dominance

CRITERIA = read_criteria(SCORERS["dominance"].criteria)
LARGE_VENTRICLES = {("lateral_ventricle", side): 3.0 for side in ("left", "right")}
THIN_WHITE = {("white_matter", side): 0.7 for side in ("left", "right")}
FOCI = {
    white("left", "periventricular", "parietal"): 0.06,
    white("right", "periventricular", "frontal"): 0.03,
}


def score(lesion_ml, ratios=None, context=CHILD, criteria=CRITERIA):
    return score_dominance(tables(lesion_ml, ratios=ratios), context, criteria)


def rules(result):
    return [step["rule"] for step in result["evidence"]]


@pytest.mark.parametrize(
    ("lesion_ml", "call"),
    [
        (TRIGONES, "white_matter"),
        (FOCI, "white_matter"),
        (CAVITY, "white_matter"),
        (BASAL_GANGLIA, "deep_grey"),
        (SEVERE_BASAL_GANGLIA, "deep_grey"),
        (MCA_WEDGE, "cortex"),
        (WATERSHED, "cortex"),
        (HEMISPHERES, "mixed"),
        ({**TRIGONES, **BASAL_GANGLIA}, "mixed"),
        ({("pons", "midline"): 0.5}, "brainstem"),
        ({("cerebellum_cortex", "left"): 3.0}, "cerebellum"),
        ({}, "none"),
    ],
    ids=[
        "trigones",
        "foci",
        "cavity",
        "ganglia",
        "severe",
        "mca",
        "watershed",
        "hemispheres",
        "two",
        "pons",
        "cerebellum",
        "empty",
    ],
)
def test_worked_cases(lesion_ml, call):
    result = score(lesion_ml)
    assert result["call"] == call
    assert result["not_assessed"] is None


def test_shares_and_index_by_hand():
    result = score({**TRIGONES, ("thalamus", "left"): 0.45})
    assert result["shares"] == {
        "white_matter": pytest.approx(100 * 3.0 / 428),  # 2 × (210 + 4) ml
        "deep_grey": pytest.approx(100 * 0.45 / 95),  # 2 × (22.5 nuclei + 25 perirolandic) ml
        "cortex": 0,
        "brainstem": 0,
        "cerebellum": 0,
    }
    white_load, deep_load = 100 * 3.0 / 63, 100 * 0.45 / 45
    assert result["index"] == pytest.approx((white_load - deep_load) / (white_load + deep_load))
    assert result["laterality_index"] == pytest.approx(0.45 / 3.45)


def test_deep_white_matter_counts_half():
    result = score({white("left", "deep", "frontal"): 3.65, **both({"putamen": 0.225})})
    index = (0.5 * 1.0 - 1.0) / (0.5 * 1.0 + 1.0)  # 3.65 of 365 ml, 0.45 of 45 ml
    assert result["index"] == pytest.approx(index)


def test_a_speck_in_a_small_nucleus_does_not_compete():
    result = score({**TRIGONES, ("pallidum", "left"): 0.025})
    assert result["call"] == "white_matter"
    assert not any("deep grey" in rule and "against" in rule for rule in rules(result))


def test_the_structure_that_makes_a_tissue_count_must_hold_the_minimum_itself():
    nucleus = {("pallidum", "left"): 0.4, ("hippocampus", "left"): 0.02, ("caudate", "left"): 0.02}
    assert not any("rests on little" in rule for rule in rules(score(nucleus)))
    strict = {**CRITERIA, "minimum_volume": {**CRITERIA["minimum_volume"], "value": 410}}
    assert any("rests on little" in rule for rule in rules(score(nucleus, criteria=strict)))


def test_the_edge_of_a_white_matter_lesion_in_the_cortex_does_not_make_it_cortical():
    lesion = {
        white("left", "periventricular", "parietal"): 0.2,
        white("right", "periventricular", "parietal"): 0.2,
        white("right", "subcortical", "parietal"): 0.1,
        ("parietal_cortex", "right"): 0.15,
    }
    result = score(lesion)
    assert result["call"] == "white_matter"
    assert any(rule.startswith("cortical lesion: cortex, of its and") for rule in rules(result))


def test_little_lesion_is_called_but_the_trace_says_so():
    assert any("rests on little" in rule for rule in rules(score(FOCI)))
    assert not any("rests on little" in rule for rule in rules(score(TRIGONES)))


@pytest.mark.parametrize(("ml", "call"), [(0.029, "none"), (0.030, "white_matter")])
def test_the_minimum_volume(ml, call):
    assert score({white("left", "periventricular", "frontal"): ml})["call"] == call


@pytest.mark.parametrize(("ml", "call"), [(1.40, "mixed"), (1.51, "deep_grey")])
def test_a_tissue_must_be_hit_half_as_much_again_as_the_next(ml, call):
    lesion = {white("left", "periventricular", "frontal"): 1.26}  # 2 % of 63 ml
    result = score({**lesion, **both({"putamen": 0.45 * ml})})  # 2 % of 45 ml, times ml
    assert result["call"] == call


def test_perirolandic_cortex_goes_with_the_nuclei_only_if_both_sides_are_hit():
    one = score({("perirolandic", "left"): 4.0, ("putamen", "left"): 0.3})
    two = score({**both({"perirolandic": 4.0}), **both({"putamen_posterior": 0.3})})
    assert (one["call"], two["call"]) == ("cortex", "deep_grey")


def test_loss_of_white_matter_counts_where_the_ventricle_is_large_and_the_white_matter_thin():
    assert score({}, ratios={**LARGE_VENTRICLES, **THIN_WHITE})["call"] == "white_matter"
    assert score({}, ratios=LARGE_VENTRICLES)["call"] == "none"
    assert score({}, ratios=THIN_WHITE)["call"] == "none"


def test_a_small_thalamus_beside_white_matter_injury_is_no_grey_matter_pattern():
    small = {("thalamus", side): 0.5 for side in ("left", "right")}
    result = score(TRIGONES, ratios={**LARGE_VENTRICLES, **THIN_WHITE, **small})
    assert result["call"] == "white_matter"
    assert result["index"] == 1


def test_morphometry_may_be_missing():
    measured = tables(TRIGONES)
    without = replace(measured, morphometry=measured.morphometry.iloc[:0])
    assert score_dominance(without, CHILD, CRITERIA)["call"] == "white_matter"


def test_a_class_out_of_the_image_is_not_assessed_and_not_zero():
    cut = tables(TRIGONES)
    below = cut.load["tissue"] == "cerebellum"
    cut.load.loc[below, ["region_volume_mm3", "lesion_volume_mm3"]] = 0.0
    result = score_dominance(cut, CHILD, CRITERIA)
    assert result["shares"]["cerebellum"] is None
    assert result["call"] == "white_matter"
    assert {"rule": "compared load of cerebellum, %", "value": "not assessed"}.items() <= next(
        step for step in result["evidence"] if step["rule"] == "compared load of cerebellum, %"
    ).items()


def test_a_lesion_in_no_class_is_indeterminate():
    assert score({("lateral_ventricle_body", "left"): 0.5})["call"] == "indeterminate"


def test_a_lesion_outside_of_the_brain_is_not_assessed():
    result = score({("outside_brain", "midline"): 0.5})
    assert result["call"] == "not_assessed"
    assert result["not_assessed"] == "the lesion lies outside of the brain"


def test_an_empty_mask_is_told_from_nothing_detected():
    given_mask = score({})
    detected = score({}, context=replace(CHILD, lesion_source="detected"))
    assert "no lesion found (given mask is empty)" in rules(given_mask)
    assert "no lesion found (detected)" in rules(detected)


def test_every_step_of_the_trace_has_its_source():
    step = score(TRIGONES)["evidence"][0]
    assert step == {
        "rule": "lesion in the brain",
        "value": 3000.0,
        "limit": "≥ 30 mm3",
        "source": "ours: about four voxels of 2 mm [D]",
    }


def test_criteria_are_what_is_passed_in():
    strict = {**CRITERIA, "minimum_volume": {**CRITERIA["minimum_volume"], "value": 5000}}
    assert score(TRIGONES, criteria=strict)["call"] == "none"


KEYS = [key for key in HEMISPHERES if key[0] != "amygdala"]


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), st.floats(0.0, 1.0), max_size=8))
def test_mirrored_tables_give_the_same_call_and_the_opposite_side(shares):
    lesion = {key: share * HEMISPHERES[key] for key, share in shares.items()}
    plain, mirror = score(lesion), score(mirrored(lesion))
    assert mirror["call"] == plain["call"]
    assert mirror["index"] == pytest.approx(plain["index"], abs=1e-9)
    assert mirror["shares"] == pytest.approx(plain["shares"])
    if plain["laterality_index"] is not None:
        assert mirror["laterality_index"] == pytest.approx(-plain["laterality_index"], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(KEYS), st.floats(0.0, 0.9), min_size=1, max_size=8),
    st.sampled_from(KEYS),
)
def test_more_lesion_in_one_structure_raises_its_class_and_no_other(shares, extra):
    lesion = {key: share * HEMISPHERES[key] for key, share in shares.items()}
    more = {**lesion, extra: lesion.get(extra, 0.0) + 0.1 * HEMISPHERES[extra]}
    before, after = tables(lesion), tables(more)
    grown = after.load["percent_region"] - before.load["percent_region"]
    assert (grown.dropna() != 0).sum() == 1
    assert grown.max() > 0
    shares_before, shares_after = score(lesion)["shares"], score(more)["shares"]
    changed = [name for name in shares_after if shares_after[name] != pytest.approx(shares_before[name])]
    assert len(changed) <= 1
    assert all(shares_after[name] > shares_before[name] for name in changed)


def test_overlays_alone_change_nothing():
    covered = {(name, side): ml for name, ml in OVERLAY_ML.items() for side in ("left", "right")}
    assert score({**TRIGONES, **covered})["shares"] == score(TRIGONES)["shares"]


def test_too_little_detected_is_not_assessed():
    detected = score({("pons", "midline"): 0.35}, context=replace(CHILD, lesion_source="detected"))
    assert detected["call"] == "not_assessed"
    assert "healthy brain" in detected["not_assessed"]
    assert score({("pons", "midline"): 0.35})["call"] == "brainstem"
