from dataclasses import replace

import numpy as np
import pandas as pd
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
    ratio_table,
    tables,
    white,
)

from cpimaging.scorers import SCORERS, read_criteria, score_mrics
from cpimaging.scorers.base import for_scan
from cpimaging.scorers.mrics import say
from cpimaging.words import LOBES

CRITERIA = read_criteria(SCORERS["mrics"].criteria)
LARGE_VENTRICLES = {("lateral_ventricle", side): 3.0 for side in ("left", "right")}
THIN_WHITE = {("white_matter", side): 0.7 for side in ("left", "right")}
LENTICULOSTRIATE = {
    ("putamen", "left"): 1.0,
    ("caudate", "left"): 0.5,
    ("plic", "left"): 0.3,
    white("left", "deep", "frontal"): 0.5,
}
BRANCH = {
    ("parietal_cortex", "right"): 3.0,
    white("right", "subcortical", "parietal"): 3.0,
    ("territory_mca", "right"): 6.0,
}
FAN = {
    white("right", "periventricular", "parietal"): 1.5,
    white("right", "deep", "parietal"): 4.0,
    white("right", "subcortical", "parietal"): 4.0,
}


def score(lesion, mm=1.0, ratios=None, context=CHILD):
    return score_mrics(tables(lesion, mm, ratios), context, CRITERIA)


def call(result):
    return result["subgroup"], result["severity"], result["side"], result["territory"]


def named(result):
    return {result["subgroup"], *result["secondary"]}


def scaled(lesion, factor):
    return {key: factor * ml for key, ml in lesion.items()}


@pytest.mark.parametrize(
    ("lesion", "expected"),
    [
        (TRIGONES, ("B1", "mild", "both", None)),
        (CAVITY, ("B2", None, "right", None)),
        (FAN, ("B2", None, "right", None)),
        ([FAN, *by_side(TRIGONES)], ("B3", None, "both", None)),
        (BASAL_GANGLIA, ("C1", "moderate", "both", None)),
        (both({"putamen_posterior": 0.3}), ("C1", "mild", "both", None)),
        (SEVERE_BASAL_GANGLIA, ("C1", "severe", "both", None)),
        (both({"caudate": 0.5}), ("C1", None, "both", None)),
        (WATERSHED, ("C2", None, "both", None)),
        (MCA_WEDGE, ("C3", None, "left", "mca")),
        (LENTICULOSTRIATE, ("C3", None, "left", "mca")),
        ({("pons", "midline"): 0.5}, ("D", None, None, None)),
        ({("cerebellum_cortex", "left"): 3.0}, ("D", None, None, None)),
        ({("thalamus", "left"): 1.0}, ("C3", None, "left", None)),
        ({}, ("E", None, None, None)),
    ],
    ids=[
        "trigones",
        "cavity",
        "fan",
        "fan and both trigones",
        "ganglia",
        "putamina",
        "severe",
        "caudates",
        "watershed",
        "mca",
        "deep mca",
        "pons",
        "cerebellum",
        "one thalamus",
        "empty",
    ],
)
def test_worked_cases(lesion, expected):
    result = score(lesion)
    assert call(result) == expected
    assert result["group"] == expected[0][0]
    assert result["secondary"] == []
    assert result["not_assessed"] is None
    assert result["confidence"] is None


# --- loss grades, it never decides

INJURIES = {"none": {}, "PVL": TRIGONES, "BGT": BASAL_GANGLIA, "MCA": MCA_WEDGE}


@pytest.mark.parametrize("ventricles", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("white_matter", [1.0, 0.8, 0.55])
@pytest.mark.parametrize("injury", INJURIES)
def test_loss_never_decides_between_groups(injury, ventricles, white_matter):
    sides = ("left", "right")
    ratios = {("lateral_ventricle", side): ventricles for side in sides}
    ratios |= {("white_matter", side): white_matter for side in sides}
    result = score(INJURIES[injury], ratios=ratios)
    expected = {"none": "E", "PVL": "B", "BGT": "C", "MCA": "C"}[injury]
    if injury == "none" and (ventricles, white_matter) != (1.0, 1.0):
        expected = "n/a"
        assert "no norms" in result["not_assessed"]
    assert result["group"] == expected


def with_norms(lesion, ventricles_z, white_z):
    measured = tables(lesion)
    lobes = [(f"white_matter_{lobe}", side) for lobe in LOBES for side in ("left", "right")]
    cells = {("ventricles", "midline"): ventricles_z, **dict.fromkeys(lobes, white_z)}
    norms = ratio_table(cells).assign(measure="group_volume_z", unit="SD")
    return replace(measured, morphometry=pd.concat([measured.morphometry, norms], ignore_index=True))


@pytest.mark.parametrize(
    ("z", "group", "grade"), [((0, 0), "E", "mild"), ((2.1, 0), "D", "severe"), ((0, -2.1), "D", "severe")]
)
def test_loss_beyond_norms_is_d_without_a_lesion_and_severe_with_one(z, group, grade):
    without = score_mrics(with_norms({}, *z), CHILD, CRITERIA)
    assert without["group"] == group
    assert without["instead"] == (["B1"] if group == "D" else [])
    assert call(score_mrics(with_norms(TRIGONES, *z), CHILD, CRITERIA))[:2] == ("B1", grade)


@pytest.mark.parametrize(("z", "group"), [((2.1, 0), "D"), ((0, -2.1), "D"), ((float("nan"), -2.1), "D")])
def test_lobes_that_the_image_does_not_show_hide_no_loss(z, group):
    """The occipital lobes are cut by the field of view; the other lobes and the ventricles tell."""
    seen = with_norms({}, *z)
    cut = (seen.morphometry["measure"] == "group_volume_z") & (
        seen.morphometry["structure"] == "white_matter_occipital"
    )
    blind = replace(seen, morphometry=seen.morphometry.assign(value=seen.morphometry["value"].mask(cut)))
    assert score_mrics(blind, CHILD, CRITERIA)["group"] == group


@pytest.mark.parametrize("measured", ["lateral_ventricle", "white_matter"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_normal_asks_for_both_sides(measured, side):
    names = ("lateral_ventricle", "white_matter")
    ratios = {(name, each): 1.0 for name in names for each in ("left", "right")}
    result = score({}, ratios=ratios | {(measured, side): float("nan")})
    assert result["group"] == "n/a"
    assert f"{'ventricles' if 'vent' in measured else 'white matter'} measured" in result["not_assessed"]


@pytest.mark.parametrize("pair", [(0.6, float("nan")), (float("nan"), 0.6)])
def test_a_side_that_was_not_measured_hides_no_small_one(pair):
    ratios = {("lateral_ventricle", side): 1.0 for side in ("left", "right")}
    ratios |= {("white_matter", side): ratio for side, ratio in zip(("left", "right"), pair, strict=True)}
    assert "no norms" in score({}, ratios=ratios)["not_assessed"]


def test_much_white_matter_is_severe_without_any_ventricle():
    """15 % of 2 * 210 + 8 ml of white matter are 64.2 ml."""
    for ml, grade in ((21.0, "mild"), (21.7, "severe")):
        half = {"periventricular": 0.1, "deep": 0.4}
        lesion = {
            white(side, layer, "frontal"): part * ml
            for side in ("left", "right")
            for layer, part in half.items()
        }
        measured = tables(lesion)
        blind = replace(measured, morphometry=measured.morphometry.iloc[:0])
        assert call(score_mrics(blind, CHILD, CRITERIA))[:2] == ("B1", grade)


def test_a_thalamus_that_is_mostly_lesion_is_not_mild():
    assert score(both({"thalamus_ventrolateral": 0.9, "thalamus": 2.0}))["severity"] == "mild"
    assert score(both({"thalamus_ventrolateral": 1.1, "thalamus": 2.0}))["severity"] == "moderate"


# --- piece by piece


def test_whole_hemispheres_name_cortex_and_deep_grey():
    result = score(HEMISPHERES)
    assert (result["group"], result["subgroup"], result["secondary"]) == ("C", "C2", ["C1"])


@pytest.mark.parametrize(
    ("factor", "main", "secondary"), [(1.0, "C1", []), (8.0, "C1", ["B1"]), (16.0, "B1", ["C1"])]
)
def test_the_pattern_that_explains_more_stands_first(factor, main, secondary):
    """2 of 49 ml of deep grey are 4.1 %; 1.8 of 428 ml of white matter 0.42 %, 9 % of both."""
    result = score([*by_side(scaled(TRIGONES, 0.6 * factor)), *by_side(BASAL_GANGLIA)])
    assert (result["subgroup"], result["secondary"]) == (main, secondary)


def test_a_branch_infarct_beside_periventricular_injury_names_both():
    result = score([BRANCH, *by_side(TRIGONES)], mm=[20.0, 1.0, 1.0])
    assert named(result) == {"C3", "B1"}


def test_periventricular_injury_stands_before_the_cerebellum():
    result = score([{("cerebellum_cortex", "right"): 10.0}, *by_side(TRIGONES)], mm=[40.0, 1.0, 1.0])
    assert (result["subgroup"], result["secondary"]) == ("B1", ["D"])


def test_periventricular_injury_and_both_striata_are_both_named():
    result = score([*by_side(TRIGONES), *by_side(both({"caudate": 0.6, "putamen": 0.6}))])
    assert named(result) == {"B1", "C1"}


def test_striata_that_touch_periventricular_injury_are_named_too():
    touching = {**scaled(TRIGONES, 2), **both({"caudate": 1.0, "putamen": 1.0})}
    assert named(score(touching)) == {"B1", "C1"}


def test_the_edge_of_a_venous_infarct_in_the_nuclei_is_part_of_it():
    assert named(score({**FAN, ("caudate", "right"): 1.0})) == {"B2"}


def test_the_tract_of_a_venous_infarct_is_part_of_it():
    assert named(score([FAN, {("plic", "right"): 0.5}], mm=[1.0, 9.0])) == {"B2"}
    assert call(score({("plic", "right"): 0.5}, mm=9.0)) == ("C3", None, "right", "mca")


def test_the_caudate_beside_a_venous_infarct_is_part_of_it_and_the_putamen_is_not():
    wedge = {**FAN, white("right", "deep", "frontal"): 3.0}
    assert named(score([wedge, {("caudate", "right"): 1.0}], mm=[1.0, 1.0])) == {"B2"}
    assert named(score([wedge, {("putamen", "right"): 1.0}], mm=[1.0, 9.0])) == {"B2", "C3"}


def test_uneven_nuclei_are_c1():
    lesion = {("putamen_posterior", "left"): 1.2, ("putamen_posterior", "right"): 0.09}
    assert call(score(lesion))[0] == "C1"
    assert call(score({("putamen_posterior", "left"): 1.2}))[0] == "C3"


def test_a_deep_lesion_beside_the_nuclei_of_the_other_side_is_c1():
    lesion = {("pallidum", "left"): 0.3, ("plic", "right"): 0.3}
    assert score(lesion)["subgroup"] == "C1"


def test_what_it_may_be_as_well_stands_in_the_group_table():
    column = next(column for column in SCORERS["mrics"].columns if column.name == "mrics_instead")
    assert column.cell(score({("thalamus", "left"): 2.0})) == "C1,D"
    assert column.cell(score(TRIGONES)) is None


def test_a_thalamus_of_one_side_is_an_infarct_that_may_be_something_else():
    striatal = score({**LENTICULOSTRIATE, ("thalamus", "left"): 0.6})
    assert (striatal["subgroup"], striatal["ground"], striatal["territory"]) == ("C3", "deep branches", "mca")
    thalamic = score({**LENTICULOSTRIATE, ("thalamus", "left"): 2.0})
    assert (thalamic["subgroup"], thalamic["ground"], thalamic["territory"]) == ("C3", "one thalamus", None)
    assert (thalamic["side"], thalamic["instead"]) == ("left", ["C1", "D"])


@pytest.mark.parametrize(("other_ml", "subgroup"), [(0.3, "C3"), (0.34, "D")])
def test_other_nuclei_of_one_side_are_no_infarct_unless_most_of_it_is_thalamus(other_ml, subgroup):
    assert score({("thalamus", "left"): 0.32, ("hippocampus", "left"): other_ml})["subgroup"] == subgroup


def test_pallidal_injury_with_putamen_spared_is_flagged():
    result = score(both({"pallidum": 0.4}))
    assert (result["subgroup"], result["severity"]) == ("C1", None)
    assert any("kernicterus" in step["rule"] for step in result["evidence"])


def test_brainstem_is_part_of_severe_c1_and_named():
    result = score({**BASAL_GANGLIA, ("midbrain", "midline"): 0.5})
    assert (call(result), result["secondary"]) == (("C1", "severe", "both", None), [])
    beyond = [step["value"] for step in result["evidence"] if step["rule"].startswith("C1: injured beyond")]
    assert beyond == ["brainstem"]


def test_an_atlas_without_the_ventrolateral_part_uses_the_whole_thalamus_and_says_so():
    measured = tables(both({"thalamus": 0.6}))
    load = measured.load[measured.load["structure"] != "thalamus_ventrolateral"]
    result = score_mrics(replace(measured, load=load), CHILD, CRITERIA)
    assert call(result) == ("C1", "mild", "both", None)
    assert any("not in this atlas" in step["rule"] for step in result["evidence"])


# --- white matter


def test_uneven_periventricular_bands_are_b1():
    lesion = {
        white("left", "periventricular", "parietal"): 0.6,
        white("right", "periventricular", "parietal"): 8,
    }
    result = score(lesion)
    assert (result["subgroup"], result["instead"]) == ("B1", ["B3"])


@pytest.mark.parametrize(("outer_ml", "expected"), [(1.5, "B3"), (0.5, "B1")])
def test_b3_has_a_fan_into_the_outer_white_matter_of_one_side(outer_ml, expected):
    """1.5 of 4.5 ml are 33 %, and 1.4 % of 105 ml below the cortex; 0.5 of 3.5 ml are 14 %."""
    lesion = {white(side, "periventricular", "parietal"): 1.0 for side in ("left", "right")}
    lesion |= {white("right", "deep", "parietal"): 2.0, white("right", "subcortical", "parietal"): outer_ml}
    assert score(lesion)["subgroup"] == expected
    assert score(mirrored(lesion))["subgroup"] == expected


@pytest.mark.parametrize(("other_ml", "expected"), [(4.0, "B3"), (5.0, "B1")])
def test_b3_has_more_lesion_on_one_side_and_not_only_farther_out(other_ml, expected):
    """9.5 ml of FAN against 4 ml are 2.4 times, against 5 ml 1.9 times."""
    lesion = {**FAN, white("left", "periventricular", "parietal"): other_ml}
    assert score(lesion)["subgroup"] == expected
    assert score(mirrored(lesion))["subgroup"] == expected


def test_fans_of_both_sides_are_b1_or_b2():
    result = score({**FAN, **mirrored(FAN)})
    assert (result["subgroup"], result["instead"]) == ("B1", ["B2"])


BODY = {
    white("right", "periventricular", "frontal"): 1.0,
    white("right", "deep", "frontal"): 2.0,
    white("right", "subcortical", "parietal"): 2.0,
}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"frontal": 0.6}, "B2"),
        ({"frontal": 0.4}, "B3"),
        ({"frontal": 0.2, "parietal": 0.4}, "B2"),
        ({"frontal": 0.1, "parietal": 0.5}, "B3"),
        ({"frontal": 0.5, "parietal": 0.4, "temporal": 0.1}, "B3"),
    ],
)
def test_venous_infarcts_of_both_sides_lie_before_the_trigone(other, expected):
    """0.2 of 0.6 ml are 33 % in the frontal lobe, 0.1 are 17 %; 0.1 of 1 ml are 10 % behind it."""
    opposite = {white("left", "periventricular", lobe): ml for lobe, ml in other.items()}
    result = score({**BODY, **opposite})
    assert result["subgroup"] == expected
    assert expected == "B3" or (result["instead"], result["side"]) == (["B1"], "both")
    assert score(mirrored({**BODY, **opposite}))["subgroup"] == expected


def test_much_white_matter_of_both_sides_is_no_venous_infarct():
    """Twice 10 ml are 4.8 % of 420 ml, twice 11 ml 5.2 %."""
    for factor, expected in ((2.0, "B2"), (2.2, "B1")):
        assert score(scaled({**BODY, **mirrored(BODY)}, factor))["subgroup"] == expected


def test_the_callosum_alone_is_d():
    callosum = {("corpus_callosum_splenium", "midline"): 1.0}
    for rim_ml, expected in ((0.2, "D"), (0.5, "B1")):
        rim = {white("left", "periventricular", "occipital"): rim_ml}
        assert score_mrics(tables([rim | callosum], more=True), CHILD, CRITERIA)["subgroup"] == expected


def test_gliosis_of_one_trigone_is_b1_or_b2_and_a_small_frontal_lesion_the_other_way_round():
    trigone, horn = ({white("left", "periventricular", lobe): 1.0} for lobe in ("occipital", "frontal"))
    assert (score(trigone)["subgroup"], score(trigone)["instead"]) == ("B1", ["B2"])
    assert (score(horn)["subgroup"], score(horn)["instead"]) == ("B2", ["B1"])


@pytest.mark.parametrize(("outer_ml", "expected"), [(0.3, "B1"), (0.6, "B2")])
def test_a_long_rim_of_one_side_is_b1_and_what_reaches_outwards_b2(outer_ml, expected):
    """0.3 of 4.3 ml are 7 %, 0.6 of 4.6 ml are 13 %."""
    lesion = {
        white("left", "periventricular", "parietal"): 4.0,
        white("left", "subcortical", "parietal"): outer_ml,
    }
    assert score(lesion)["subgroup"] == expected


def test_a_whole_territory_does_not_hide_injury_of_the_other_side():
    large = scaled(MCA_WEDGE, 10)
    rim = {white("right", "periventricular", "parietal"): 3.0}
    assert named(score([large, rim])) == {"C3", "B1"}
    assert named(score([large, scaled(rim, 0.3)])) == {"C3"}


def test_foci_of_one_side_are_b1():
    foci = [{white("right", "deep", "frontal"): 0.03} for _ in range(6)]
    assert call(score(foci, mm=5.0))[:3] == ("B1", "mild", "right")


@pytest.mark.parametrize(("mm", "expected"), [(14.0, "B1"), (16.0, "D")])
def test_foci_of_the_corona_radiata_are_b1(mm, expected):
    foci = [{white(side, "deep", "frontal"): 0.05} for side in ("left", "right") for _ in range(3)]
    assert score(foci, mm=mm)["subgroup"] == expected


def labelled(lesion, hollow, mm=1.0):
    """Return tables of lesions of which it is known how much is cavity, in percent."""
    measured = tables(lesion, mm)
    return replace(measured, lesions=measured.lesions.assign(cavity_percent=hollow, blood_percent=0.0))


def test_a_cavity_tells_b2_from_b1_and_ends_the_doubt():
    trigone, horn = ({white("left", "periventricular", lobe): 1.0} for lobe in ("occipital", "frontal"))
    for lesion in (trigone, horn):
        for hollow, expected in ((80.0, "B2"), (0.0, "B1")):
            result = score_mrics(labelled([lesion], hollow), CHILD, CRITERIA)
            assert (result["subgroup"], result["instead"]) == (expected, [])


def test_a_cavity_of_one_side_beside_gliosis_is_b3_and_cysts_of_both_sides_severe_b1():
    sides = by_side(TRIGONES)
    calls = {
        hollow: call(score_mrics(labelled(sides, list(hollow)), CHILD, CRITERIA))[:2]
        for hollow in ((0.0, 0.0), (60.0, 0.0), (60.0, 60.0))
    }
    assert calls == {(0.0, 0.0): ("B1", "mild"), (60.0, 0.0): ("B3", None), (60.0, 60.0): ("B1", "severe")}


def test_many_lesions_of_one_side_are_no_venous_infarct():
    many = [scaled(FAN, part) for part in (0.34, 0.33, 0.33)]
    assert score(many)["subgroup"] == "B1"
    assert score([scaled(FAN, 0.6), scaled(FAN, 0.4)])["subgroup"] == "B2"


def test_white_matter_of_the_border_zones_is_c2_and_elsewhere_d():
    lesion = {white(side, "subcortical", "frontal"): 4.0 for side in ("left", "right")}
    assert score(lesion, mm=12.0)["subgroup"] == "D"
    assert call(score(lesion | both({"watershed_anterior": 3.0}), mm=12.0)) == ("C2", None, "both", None)


@pytest.mark.parametrize(("ml", "expected"), [(0.2, "D"), (1.0, "C3")])
def test_a_focus_of_white_matter_in_a_border_zone_is_no_infarct(ml, expected):
    lesion = {white("left", "subcortical", "frontal"): ml, ("watershed_anterior", "left"): ml}
    result = score({**lesion, ("territory_mca", "left"): ml}, mm=20.0)
    assert result["subgroup"] == expected
    assert (result["ground"] == "a focus of one side") == (expected == "D")


@pytest.mark.parametrize(("white_ml", "expected"), [(0.08, "C3"), (0.12, "D")])
def test_a_focus_of_the_cortex_is_called_in_doubt(white_ml, expected):
    """0.1 of 0.18 ml are 56 % in the cortex, of 0.22 ml 45 %."""
    lesion = {("frontal_cortex", "left"): 0.1, white("left", "subcortical", "frontal"): white_ml}
    result = score({**lesion, ("territory_mca", "left"): 0.2}, mm=20.0)
    assert (result["subgroup"], result["expected_agreement"] < 0.8) == (expected, True)
    assert {"C3", "D"} <= {result["subgroup"], *result["instead"]}


def test_capsules_of_both_sides_are_no_infarct_of_both():
    result = score(by_side(both({"plic": 0.5})), mm=20.0)
    assert (result["subgroup"], result["instead"], result["side"]) == ("C1", ["D"], "both")
    assert score({("plic", "left"): 0.5}, mm=20.0)["subgroup"] == "C3"


@pytest.mark.parametrize(("lobe", "limit_ml"), [("frontal", 18.0), ("parietal", 16.0)])
def test_white_matter_up_to_the_cortex_is_d_in_front_or_behind(lobe, limit_ml):
    """40 % of 45 ml of the frontal, or 40 ml of the parietal and occipital, subcortical layer of a side."""
    whole = {white(side, "periventricular", "frontal"): 9.0 for side in ("left", "right")}
    for ml, expected in ((limit_ml + 0.1, "D"), (limit_ml - 0.1, "B1")):
        outer = {white(side, "subcortical", lobe): ml for side in ("left", "right")}
        assert score(whole | outer)["subgroup"] == expected
        (one, _) = outer
        assert score(whole | outer | {one: limit_ml - 0.1})["subgroup"] == "B1"


def test_a_lesion_that_touches_the_ventricle_may_hold_a_little_cortex():
    wedge = {**CAVITY, ("frontal_cortex", "right"): 4.0}
    assert score(wedge)["subgroup"] == "B2"
    assert score({**CAVITY, ("frontal_cortex", "right"): 6.0})["subgroup"] == "C3"


# --- cortex


def test_both_middle_cerebral_arteries_are_c3_if_their_territories_are_filled():
    """122 of 300 ml are 41 % of the territory."""
    two = {**MCA_WEDGE, **mirrored(MCA_WEDGE)}
    assert score(two)["subgroup"] == "C2"
    whole = scaled(two, 1.45) | {("territory_mca", side): 122.0 for side in ("left", "right")}
    assert call(score(whole)) == ("C3", None, "both", "mca")


def test_infarcts_of_both_sides_fill_one_territory_or_lie_in_different_ones():
    """93 of 300 ml are 31 %, 87 ml 29 %; the other side fills 6 %."""
    left = scaled(MCA_WEDGE, 1.2)
    branch = {**BRANCH, ("parietal_cortex", "right"): 15.0, ("territory_mca", "right"): 18.0}
    whole = {**left, **branch, ("territory_mca", "left"): 93.0}
    assert call(score(whole)) == ("C3", None, "both", "mca")
    assert score({**whole, ("territory_mca", "left"): 87.0})["subgroup"] == "C2"
    other = {key: ml for key, ml in branch.items() if key[0] != "territory_mca"}
    other |= {("territory_pca", "right"): 18.0}
    assert call(score({**left, ("territory_mca", "left"): 87.0, **other})) == ("C3", None, "both", "several")


@pytest.mark.parametrize(("zone_ml", "expected"), [(1.0, "D"), (1.5, "C2")])
def test_both_frontal_lobes_outside_of_border_zones_are_d(zone_ml, expected):
    """1 of 6 ml are 17 % of each side, 1.5 ml 25 %."""
    lesion = both({"frontal_cortex": 6.0, "watershed_anterior": zone_ml})
    assert score(lesion, mm=20.0)["subgroup"] == expected


@pytest.mark.parametrize("artery", ["aca", "pca"])
def test_the_territory_is_named(artery):
    infarct = {
        ("occipital_cortex", "right"): 8.0,
        white("right", "subcortical", "occipital"): 4.0,
        (f"territory_{artery}", "right"): 11.0,
        ("territory_mca", "right"): 1.0,
    }
    assert call(score(infarct)) == ("C3", None, "right", artery)


def test_one_side_in_several_territories_is_c2_or_with_deep_grey_c3():
    lesion = {
        ("frontal_cortex", "left"): 20.0,
        white("left", "subcortical", "frontal"): 10.0,
        ("territory_mca", "left"): 15.0,
        ("territory_aca", "left"): 15.0,
    }
    assert call(score(lesion)) == ("C2", None, "left", None)
    assert call(score({**lesion, ("caudate", "left"): 2.0})) == ("C3", None, "left", "several")


def test_border_zones_four_times_more_on_one_side_are_c2():
    left = {key: ml / 4 if "left" in key else ml for key, ml in WATERSHED.items()}
    assert call(score(left)) == ("C2", None, "both", None)


@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_border_zone_lesions_stand_beside_deep_grey(factor):
    result = score([*by_side(BASAL_GANGLIA), *by_side(scaled(WATERSHED, factor))])
    assert named(result) == {"C1", "C2"}


def test_rolandic_cortex_goes_with_the_nuclei_if_they_are_injured():
    rolandic = by_side(both({"perirolandic": 3.0}))
    assert named(score(rolandic)) == {"C2"}
    assert named(score([*rolandic, *by_side(BASAL_GANGLIA)])) == {"C1"}


def test_scattered_foci_in_grey_and_white_matter_are_d():
    kinds = (("frontal_cortex", "left"), ("putamen", "right"), white("left", "subcortical", "parietal"))
    foci = [{kind: 0.1} for kind in kinds for _ in range(4)]
    result = score(foci, mm=20.0)
    assert (result["subgroup"], result["secondary"]) == ("D", [])
    assert named(score(foci[:9], mm=20.0)) != {"D"}


@pytest.mark.parametrize(("times", "flagged"), [(0.995, False), (1.005, True)])
def test_pallida_are_unusual_from_their_share_of_the_nuclei_on(times, flagged):
    share = times * CRITERIA["mimic_share"]["value"] / 100
    found = score(both({"pallidum": share, "thalamus_ventrolateral": 1 - share}))
    assert found["subgroup"] == "C1"
    assert any("pallida" in flag for flag in found["unusual"]) is flagged


@pytest.mark.parametrize(
    ("lesion", "word"),
    [
        (both({"caudate": 0.5, "putamen": 0.6}), "striata"),
        (both({"putamen_posterior": 0.5}), None),  # mild C1 itself
        (both({"pallidum": 0.4}), "pallida"),
        (both({"temporal_cortex": 3.0}), "temporal"),
        (both({"temporal_cortex": 1.0, "hippocampus": 1.0, "frontal_cortex": 0.8}), "temporal"),
        (both({"frontal_cortex": 3.0}), "frontal"),
        ({("temporal_cortex", "left"): 3.0, ("territory_mca", "left"): 3.0}, None),
        (BASAL_GANGLIA, None),
        (SEVERE_BASAL_GANGLIA, None),
        (WATERSHED, None),
    ],
)
def test_what_is_unusual_for_cerebral_palsy_is_flagged(lesion, word):
    flags = score(lesion)["unusual"]
    assert [word in flag for flag in flags] == ([True] if word else [])
    assert all("consider" in flag for flag in flags)


@pytest.mark.parametrize(("right_ml", "flagged"), [(0.301, True), (0.299, False)])
def test_an_edge_in_the_other_temporal_lobe_is_no_lesion_of_both(right_ml, flagged):
    """300 mm³ are a focus."""
    lesion = {
        ("temporal_cortex", "left"): 3.0,
        ("territory_mca", "left"): 1.0,
        ("temporal_cortex", "right"): right_ml,
    }
    flags = score(by_side(lesion))["unusual"]
    assert any("temporal" in flag for flag in flags) is flagged


@pytest.mark.parametrize(
    ("putamen_ml", "ground"), [(0.49, "caudates of both sides"), (0.51, "nuclei of both sides")]
)
def test_caudates_may_be_the_place_of_a_past_bleeding(putamen_ml, ground):
    result = score(by_side(both({"caudate": 0.5, "putamen": putamen_ml})))
    assert (result["subgroup"], result["ground"]) == ("C1", ground)
    assert result["instead"] == (["B2"] if ground.startswith("caudates") else [])


@pytest.mark.parametrize(
    ("lesion", "weeks", "cell"),
    [
        (TRIGONES, 37.0, "B1_at_term"),
        (TRIGONES, 36.9, None),
        (TRIGONES, None, None),
        (BASAL_GANGLIA, 31.9, "C1_before_32_weeks"),
        (BASAL_GANGLIA, 32.0, None),
        (WATERSHED, 40.0, None),
    ],
)
def test_what_is_rare_at_a_gestation_is_flagged_and_changes_no_call(lesion, weeks, cell):
    born = score(lesion, context=replace(CHILD, gestation_weeks=weeks))
    assert [cell[3:].replace("_", " ") in flag for flag in born["discordant"]] == ([True] if cell else [])
    column = next(column for column in SCORERS["mrics"].columns if column.name == "mrics_discordant")
    assert column.cell(born) == cell
    assert cell is None or cell in column.levels
    assert call(born) == call(score(lesion))


# --- how often a reader would agree


def test_every_ground_has_an_expected_agreement_and_doubt_has_less():
    sure, doubt = score(TRIGONES), score({white("left", "periventricular", "occipital"): 1.0})
    assert (sure["ground"], doubt["ground"]) == ("both sides", "one side")
    assert 0 < doubt["expected_agreement"] < sure["expected_agreement"] < 1


def test_the_page_says_what_the_call_rests_on_and_what_stands_beside_it():
    words = SCORERS["mrics"].words
    told = dict(
        words.facts(
            {**score({white("left", "periventricular", "occipital"): 1.0}), "expected_agreement": 0.75}
        )
    )
    assert told == {
        "Expected agreement with a reader": "75 in 100, counted on drawn masks like this (one side), "
        "not on patients",
    }
    rows = [{"mrics_group": "B", "mrics_subgroup": code} for code in ("B1", "n/a", None)]
    assert [words.code(row) for row in rows] == ["B1", "B", "B"]
    assert words.say("n/a") == "not called"


@pytest.mark.parametrize(
    ("measured", "differs"),
    [((1.79, 0.86), False), ((1.8, 1.0), True), ((1.0, 0.85), False), ((1.0, 0.84), True)],
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_normal_is_not_said_where_one_side_differs_from_the_template(side, measured, differs):
    """Ventricles from 1.8 times the template's on, white matter below 0.85 times."""
    groups = ("lateral_ventricle", "white_matter")
    result = score({}, ratios={(group, side): ratio for group, ratio in zip(groups, measured, strict=True)})
    assert (result["group"] == "n/a") is differs
    told = {step["rule"]: step["value"] for step in result["evidence"]}
    assert told["larger lateral ventricle"] == max(measured[0], 1.0)
    assert told["smaller white matter"] == min(measured[1], 1.0)


# --- normal, and what cannot be called


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        ({"age_years": None}, "age of 24 months"),
        ({"age_years": 1.9}, "age of 24 months"),
        ({"contrasts": ("T1w",)}, "T2w or FLAIR"),
        ({"contrasts": ("FLAIR",)}, "T1w"),
        ({"qc": "warn"}, "quality control passed"),
        ({"qc": "not_applicable", "contrasts": ()}, "quality control passed"),
    ],
)
def test_normal_is_not_said_lightly(change, lacking):
    result = score({}, context=replace(CHILD, **change))
    assert (result["group"], result["subgroup"]) == ("n/a", "n/a")
    assert result["not_assessed"].startswith("no lesion found (given mask is empty); E is not called without")
    assert lacking in result["not_assessed"]


def test_normal_needs_measured_ventricles():
    measured = tables({})
    result = score_mrics(replace(measured, morphometry=measured.morphometry.iloc[:0]), CHILD, CRITERIA)
    assert "ventricles measured" in result["not_assessed"]


def test_one_voxel_is_no_pattern_and_not_normal():
    result = score({("thalamus", "left"): 0.001})
    assert result["group"] == "n/a"
    assert result["not_assessed"] == "a lesion of 1 mm3 is too small to classify"


def test_a_lesion_that_misses_the_least_volume_is_not_told_to_have_it():
    """29.7 mm³ are less than 30, and 399.6 mm³ less than the 400 that software may find in health."""
    assert score({("thalamus", "left"): 0.0297})["not_assessed"].startswith("a lesion of 29 mm3 is too small")
    found = score({("pons", "midline"): 0.3996}, context=replace(CHILD, lesion_source="detected"))
    assert found["not_assessed"].startswith("software found 399 mm3, no more than")


def test_a_lesion_in_the_ventricle_only_is_not_classified():
    result = score({("lateral_ventricle_body", "left"): 0.5})
    assert result["not_assessed"] == "the lesion lies in no assessed structure"


def test_maldevelopment_is_never_called_and_always_said_to_be_open():
    for lesion in (TRIGONES, BASAL_GANGLIA, MCA_WEDGE, {}):
        last = score(lesion)["evidence"][-1]
        assert last["rule"] == "group A (maldevelopment)"
        assert last["value"] == "not assessed"


def test_the_trace_tells_each_piece_and_what_decided():
    rules = [step["rule"] for step in score([*by_side(TRIGONES), *by_side(BASAL_GANGLIA)])["evidence"]]
    assert [rule for rule in rules if rule.startswith("lesion ") and "ml: " in rule] == [
        "lesion 1, left, 1.50 ml: periventricular",
        "lesion 2, right, 1.50 ml: periventricular",
        "lesion 3, left, 1.00 ml: central grey",
        "lesion 4, right, 1.00 ml: central grey",
    ]
    assert [rule for rule in rules if rule.startswith("decided")] == ["decided: C1, it explains most injury"]


COVERED = {(name, side): ml for name, ml in OVERLAY_ML.items() for side in ("left", "right")}
SWAP = {"left": "right", "right": "left"}


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(HEMISPHERES) + sorted(COVERED)), st.floats(0.0, 1.0), max_size=9),
    st.tuples(st.floats(0, 20), st.floats(0, 20)),
)
def test_mirrored_tables_give_the_mirrored_verdict(shares, near_mm):
    whole = {**HEMISPHERES, **COVERED}
    lesion = {key: share * whole[key] for key, share in shares.items()}
    halves = {side: {key: ml for key, ml in lesion.items() if key[1] == side} for side in ("left", "right")}
    plain = score([halves["left"], halves["right"]], list(near_mm))
    mirror = score([mirrored(halves["right"]), mirrored(halves["left"])], list(near_mm[::-1]))
    expected = {**plain, "side": SWAP.get(plain["side"], plain["side"])}
    assert {k: v for k, v in mirror.items() if k != "evidence"} == {
        k: v for k, v in expected.items() if k != "evidence"
    }


@pytest.mark.parametrize("source", ["given mask", "lesion_command", "detected"])
@pytest.mark.parametrize("ml", [0.35, 0.45])
def test_software_that_finds_no_more_than_in_health_calls_nothing(source, ml):
    found = score({("pons", "midline"): ml}, context=replace(CHILD, lesion_source=source))
    if source == "detected" and ml < 0.4:
        assert found["subgroup"] == "n/a"
        reason = f"software found {1000 * ml:.0f} mm3, no more than it may find in a healthy brain"
        assert found["not_assessed"] == reason
    else:
        assert found["subgroup"] == "D"


@pytest.mark.parametrize(
    ("contrasts", "age_years", "least_ml"),
    [
        (("T1w", "FLAIR"), 6.0, 0.4),
        (("FLAIR",), 6.0, 0.8),
        (("T2w",), 6.0, 3.0),
        (("T1w", "T2w"), None, 3.0),
        (("T1w", "T2w"), 0.1, 0.4),
    ],
)
def test_the_less_it_reads_the_more_software_must_find(contrasts, age_years, least_ml):
    context = replace(CHILD, lesion_source="detected", contrasts=contrasts, age_years=age_years)
    calls = [
        score({("pons", "midline"): least_ml + more}, context=context)["subgroup"] for more in (-0.05, 0.05)
    ]
    assert calls == ["n/a", "D"]


def test_a_flair_that_was_not_searched_is_no_flair():
    measured = tables({white("left", "deep", "frontal"): 2.0})
    unsearched = measured.load["tissue"].isin(["brainstem", "cerebellum"])
    measured.load.loc[unsearched, "lesion_volume_mm3"] = np.nan
    context = replace(CHILD, lesion_source="detected")
    result = score_mrics(measured, context, CRITERIA)
    assert result["not_assessed"] == "software found 2000 mm3, no more than it may find in a healthy brain"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("B1", "B1: periventricular leukomalacia pattern"),
        ("C", "C: predominant grey-matter injury"),
        ("E", "E: normal"),
        ("n/a", "n/a"),
        ("Z", "Z"),
    ],
)
def test_groups_and_subgroups_are_said_in_words(code, words):
    assert say(code) == words


def test_the_trace_tells_how_much_the_call_explains_and_where_nothing_is_wrong():
    rules = [step["rule"] for step in score(TRIGONES)["evidence"]]
    assert "B1 explains, % of tissue" in rules
    rules = [step["rule"] for step in score({})["evidence"]]
    assert "decided: E" in rules


@pytest.mark.parametrize(
    ("caudate_ml", "subgroup"), [(0.0, "B1"), (0.026, "B1"), (0.2, "C3")], ids=["none", "border", "infarct"]
)
def test_a_newborn_s_focus_on_the_border_of_the_caudate_is_no_infarct(caudate_ml, subgroup):
    """Foci of both sides, 20 mm3 in all, and some whose label is caudate."""
    newborn = replace(CHILD, age_years=5 / 365.25)
    foci = {white(side, "periventricular", "parietal"): 0.01 for side in ("left", "right")}
    lesion = tables({**foci, ("caudate", "left"): caudate_ml})
    assert score_mrics(lesion, newborn, for_scan(CRITERIA, newborn))["subgroup"] == subgroup
