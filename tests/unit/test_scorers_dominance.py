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
    by_side,
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


def scaled(lesion, factor):
    return {key: factor * ml for key, ml in lesion.items()}


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
        (HEMISPHERES, "cortex"),
        ([*by_side(scaled(TRIGONES, 4)), *by_side(BASAL_GANGLIA)], "mixed"),
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
    result = score([*by_side(TRIGONES), {("thalamus", "left"): 0.45}])
    assert result["shares"] == {
        "white_matter": pytest.approx(100 * 3.0 / 428),  # 2 × (210 + 4) ml
        "deep_grey": pytest.approx(100 * 0.45 / 95),  # 2 × (22.5 nuclei + 25 perirolandic) ml
        "cortex": 0,
        "brainstem": 0,
        "cerebellum": 0,
    }
    white_load, deep_load = 100 * 3.0 / 428, 100 * 0.45 / 49  # 2 × 24.5 ml of deep grey, amygdala included
    assert result["index"] == pytest.approx((white_load - deep_load) / (white_load + deep_load))
    assert result["laterality_index"] == pytest.approx(0.45 / 3.45)


def test_a_large_infarct_beside_little_periventricular_injury_is_cortical():
    """82 ml that start in the cortex against 3 ml beside the ventricles, whose layer is small."""
    assert score([MCA_WEDGE, *by_side(TRIGONES)])["call"] == "cortex"


def test_the_subthalamic_nuclei_are_deep_grey():
    measured = tables(both({"pallidum": 0.1}))
    for table in (measured.load, measured.parts):
        table["structure"] = table["structure"].replace("amygdala", "subthalamic_nucleus")
    measured.parts["structure"] = "subthalamic_nucleus"
    result = score_dominance(measured, CHILD, CRITERIA)
    assert (result["call"], result["index"]) == ("deep_grey", -1)


def test_a_speck_in_a_small_nucleus_does_not_compete():
    result = score([*by_side(TRIGONES), {("pallidum", "left"): 0.025}])
    assert result["call"] == "white_matter"


def test_the_edge_of_a_white_matter_lesion_in_the_cortex_does_not_make_it_cortical():
    lesion = {
        white("left", "periventricular", "parietal"): 0.2,
        white("right", "periventricular", "parietal"): 0.2,
        white("right", "subcortical", "parietal"): 0.1,
        ("parietal_cortex", "right"): 0.12,
    }
    result = score(lesion)  # 29 % of what lies on the right
    assert (result["call"], result["index"]) == ("white_matter", 1)


@pytest.mark.parametrize(("ml", "call"), [(0.029, "none"), (0.030, "white_matter")])
def test_the_minimum_volume(ml, call):
    assert score({white("left", "periventricular", "frontal"): ml})["call"] == call


@pytest.mark.parametrize(("factor", "call"), [(1.45, "mixed"), (1.55, "deep_grey")])
def test_a_tissue_must_be_hit_half_as_much_again_as_the_next(factor, call):
    lesion = {white("left", "periventricular", "frontal"): 4.28}  # 1 % of 428 ml
    result = score([lesion, *by_side(both({"putamen": 0.245 * factor}))])  # 1 % of 49 ml, times the factor
    assert result["call"] == call


def test_the_evidence_tells_how_much_more_one_tissue_bears():
    """1 % of 428 ml of white matter, 2 % of 49 ml of deep grey."""
    lesion = {white("left", "periventricular", "frontal"): 4.28}
    result = score([lesion, *by_side(both({"putamen": 0.49}))])
    told = {step["rule"]: step["value"] for step in result["evidence"]}
    assert told["load of deep grey against white matter"] == pytest.approx(2)
    assert result["index"] == pytest.approx(-1 / 3)
    assert result["sides"]["left"]["white_matter"] == pytest.approx(100 * 4.28 / 214)
    assert result["sides"]["right"]["white_matter"] == 0


def test_the_page_says_both_indices_with_their_ends():
    words = SCORERS["dominance"].words
    lesion = [{white("right", "periventricular", "frontal"): 4.28}, {("putamen", "left"): 0.49}]
    told = dict(words.facts(score(lesion)))
    assert told["Tissue that bears most"] == "mixed"
    assert told["White matter against deep grey"] == (
        "+0.00 (+1 white matter alone, −1 deep grey alone; a lesion counts whole for where it began)"
    )
    assert told["Laterality index"] == "−0.79 (of the cerebrum: +1 all left, −1 all right)"
    cortical = dict(words.facts(score({("frontal_cortex", "left"): 10.0, ("territory_mca", "left"): 10.0})))
    assert "White matter against deep grey" not in cortical
    assert cortical["Laterality index"].startswith("+1.00")


def test_perirolandic_cortex_goes_with_the_nuclei_only_if_both_sides_are_hit():
    one = score([{("perirolandic", "left"): 4.0}, {("putamen", "left"): 0.3}])
    two = score([*by_side(both({"perirolandic": 4.0})), *by_side(both({"putamen_posterior": 0.3}))])
    assert (one["call"], two["call"]) == ("cortex", "deep_grey")


def test_lost_white_matter_is_no_lesion():
    assert score({}, ratios={**LARGE_VENTRICLES, **THIN_WHITE})["call"] == "none"
    assert score(BASAL_GANGLIA, ratios={**LARGE_VENTRICLES, **THIN_WHITE})["call"] == "deep_grey"


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


def test_a_lesion_of_no_class_is_told_with_its_load_of_none():
    """All of it in a tract's cell outside of the atlas: the trace ends with 0 % of each class."""
    found = score({("outside_atlas", "midline"): 2.0})
    last = next(
        step for step in found["evidence"] if str(step["rule"]).startswith("no lesion in white matter")
    )
    assert last["value"] == 0
