"""Kidokoro's items on hand-made tables: points where something is measured, a range where it is not."""

from dataclasses import replace

import pandas as pd
import pytest
from scorer_tables import CHILD, NO_PIECES, load_table, tables, white

from cpimaging.io import typed
from cpimaging.scorers import SCORERS, Tables, read_criteria
from cpimaging.types import MORPHOMETRY_COLUMNS

KIDOKORO = SCORERS["kidokoro"]
TERM = replace(CHILD, age_years=7 / 365.25, pma_weeks=40.0)
SIZES = {
    ("plic_sign", "plic", "left"): 1,
    ("plic_sign", "plic", "right"): 1,
    ("callosal_thickness", "corpus_callosum_genu", "midline"): 3.0,
    ("callosal_thickness", "corpus_callosum_body", "midline"): 2.0,
    ("callosal_thickness", "corpus_callosum_splenium", "midline"): 3.0,
    ("atrial_width", "lateral_ventricle_trigone", "left"): 6.0,
    ("atrial_width", "lateral_ventricle_trigone", "right"): 6.0,
    ("biparietal_width", "brain", "midline"): 80.0,
    ("interhemispheric_distance", "brain", "midline"): 2.0,
    ("deep_grey_area", "deep_grey", "midline"): 1100.0,
    ("transcerebellar_diameter", "cerebellum", "midline"): 53.0,
}
"""A healthy newborn's."""


def morphometry(sizes: dict[tuple[str, str, str], float]) -> pd.DataFrame:
    names = ("measure", "structure", "side")
    rows = [{**dict(zip(names, key, strict=True)), "value": value} for key, value in sizes.items()]
    declared = {name: kind for name, kind in MORPHOMETRY_COLUMNS.items() if not name.endswith("_id")}
    return typed([{"unit": "mm", **row} for row in rows], declared)


def measured(lesion_ml, sizes=SIZES):
    lesions, parts, _ = NO_PIECES
    return Tables(load_table(lesion_ml, more=True), lesions, parts, morphometry(sizes))


def score(lesion_ml=None, sizes=SIZES, context=TERM):
    return KIDOKORO.score(measured(lesion_ml or {}, sizes), context, read_criteria(KIDOKORO.criteria))


def points(name, **changes):
    (item,) = [item for item in score(**changes)["items"] if item["name"] == name]
    return item["points"]


def test_a_healthy_newborn_has_points_only_where_nothing_was_measured():
    """Corona radiata 1, gyri 2 of 40."""
    result = score()
    assert (result["range"], result["maximum"]) == ([0, 3], 40)
    assert sum(item["why"] is None for item in result["items"]) == 11


@pytest.mark.parametrize(
    ("name", "changed", "expected"),
    [
        ("dilated lateral ventricles", {("atrial_width", "lateral_ventricle_trigone", "left"): 7.5}, [1, 1]),
        ("dilated lateral ventricles", {("atrial_width", "lateral_ventricle_trigone", "left"): 10}, [2, 2]),
        (
            "dilated lateral ventricles",
            {("atrial_width", "lateral_ventricle_trigone", side): 8 for side in ("left", "right")},
            [2, 2],
        ),
        (
            "dilated lateral ventricles",
            {("atrial_width", "lateral_ventricle_trigone", side): 10 for side in ("left", "right")},
            [3, 3],
        ),
        (
            "dilated lateral ventricles",
            {("atrial_width", "lateral_ventricle_trigone", "left"): float("nan")},
            [0, 2],
        ),
        (
            "thinning of the corpus callosum",
            {("callosal_thickness", "corpus_callosum_body", "midline"): 0.6},
            [1, 1],
        ),
        (
            "thinning of the corpus callosum",
            {
                ("callosal_thickness", "corpus_callosum_body", "midline"): 0.6,
                ("callosal_thickness", "corpus_callosum_splenium", "midline"): 1.3,
            },
            [2, 2],
        ),
        (
            "thinning of the corpus callosum",
            {("callosal_thickness", "corpus_callosum_genu", "midline"): 2.0},
            [0, 0],
        ),
        (
            "thinning of the corpus callosum",
            {("callosal_thickness", "corpus_callosum_body", "midline"): 1.2},
            [0, 1],  # half a voxel from 1.3
        ),
        (
            "thinning of the corpus callosum",
            {("callosal_thickness", "corpus_callosum_splenium", "midline"): 2.7},
            [0, 0],
        ),
        (
            "thinning of the corpus callosum",
            {("callosal_thickness", "corpus_callosum_splenium", "midline"): float("nan")},
            [0, 1],
        ),
        ("biparietal width", {("biparietal_width", "brain", "midline"): 77.0}, [0, 0]),
        ("biparietal width", {("biparietal_width", "brain", "midline"): 76.9}, [1, 1]),
        ("biparietal width", {("biparietal_width", "brain", "midline"): 66.9}, [3, 3]),
        ("interhemispheric distance", {("interhemispheric_distance", "brain", "midline"): 5.0}, [2, 2]),
        ("interhemispheric distance", {("interhemispheric_distance", "brain", "midline"): 6.0}, [3, 3]),
        ("deep grey area", {("deep_grey_area", "deep_grey", "midline"): 740.0}, [0, 3]),
        ("cerebellar diameter", {("transcerebellar_diameter", "cerebellum", "midline"): 43.9}, [3, 3]),
        ("myelination delay", {("plic_sign", "plic", "left"): 0}, [0, 2]),
        ("myelination delay", {("plic_sign", "plic", side): 0 for side in ("left", "right")}, [1, 2]),
    ],
)
def test_a_size_beyond_its_limit_gives_points(name, changed, expected):
    assert points(name, sizes={**SIZES, **changed}) == expected


def test_what_is_not_measured_is_open_and_never_0():
    result = score(sizes={("biparietal_width", "brain", "midline"): 80.0})
    assert result["range"] == [0, 2 + 2 + 3 + 2 + 3 + 3 + 3]


def test_what_was_measured_is_told_with_its_limit():
    changed = {
        ("atrial_width", "lateral_ventricle_trigone", "right"): 7.26,
        ("atrial_width", "lateral_ventricle_trigone", "left"): float("nan"),
        ("plic_sign", "plic", "left"): 0,
    }
    told = {item["name"]: (item["measured"], item["limit"]) for item in score(sizes=SIZES | changed)["items"]}
    assert told["dilated lateral ventricles"] == ("n/a, 7.3 mm", "from 7.5 and 10 mm, each side")
    assert told["thinning of the corpus callosum"] == (
        "3.0, 2.0, 3.0 mm",
        "below 1.3 mm in genu or body, 2 mm in the splenium",
    )
    assert told["myelination delay"][0] == "bright on 1 of 2 sides"
    assert told["biparietal width"] == (80.0, "below 77, 72, 67 mm")
    assert told["interhemispheric distance"] == (2.0, "from 4, 5, 6 mm")


def test_the_evidence_tells_the_size_at_40_weeks():
    """53 mm at 38 weeks stand for 53 + 2 × 1.88 mm, 1100 mm2 for 1134 mm2; a distance does not grow."""
    steps = score(context=replace(TERM, pma_weeks=38.0))["evidence"]
    told = {step["rule"]: step["value"] for step in steps}
    assert told["cerebellar diameter, at 40 weeks"] == pytest.approx(56.76)
    assert told["deep grey area, at 40 weeks"] == pytest.approx(1134)
    assert told["interhemispheric distance, at 40 weeks"] == 2


@pytest.mark.parametrize(
    ("ml", "expected"), [((0.03, 0.0), [1, 3]), ((0.03, 0.03), [2, 4]), ((0.029, 0.03), [1, 3])]
)
def test_a_side_is_hit_from_the_least_volume_on(ml, expected):
    lesion_ml = {("thalamus", side): part for side, part in zip(("left", "right"), ml, strict=True)}
    more = {("vermis", "midline"): 1.0}
    assert points("signal of deep grey matter", lesion_ml=lesion_ml | more) == expected


@pytest.mark.parametrize("weeks", [36.0, 42.9])
def test_ages_of_the_scale_are_scored(weeks):
    assert score(context=replace(TERM, pma_weeks=weeks))["not_assessed"] is None


def test_sizes_are_corrected_to_40_weeks():
    """50 mm at 37 weeks stands for 50 + 3 × 1.88 = 55.6, at 42 weeks for 46.2 mm."""
    sizes = {**SIZES, ("transcerebellar_diameter", "cerebellum", "midline"): 50.0}
    for weeks, expected in ((37.0, 0), (42.0, 2)):
        context = replace(TERM, pma_weeks=weeks)
        assert points("cerebellar diameter", sizes=sizes, context=context) == [expected, expected]


@pytest.mark.parametrize(
    ("lesion_ml", "source", "expected"),
    [
        ({}, "given mask", [0, 0]),
        ({}, "detected", [0, 4]),
        ({("thalamus", "left"): 0.5}, "given mask", [1, 3]),
        ({("thalamus", "left"): 0.5}, "detected", [1, 4]),
        ({("thalamus", "left"): 0.5, ("caudate", "right"): 0.5}, "given mask", [2, 4]),
    ],
)
def test_signal_is_a_range_by_sides(lesion_ml, source, expected):
    context = replace(TERM, lesion_source=source)
    assert points("signal of deep grey matter", lesion_ml=lesion_ml, context=context) == expected


@pytest.mark.parametrize(
    ("nuclei_ml", "white_ml", "expected"),
    [
        (0.5, 0.04, [0, 3]),
        (0.5, 0.999, [0, 3]),
        (0.5, 1.0, [1, 3]),
        (0.029, 0.04, [1, 3]),
        (0.5, 0.02, [0, 0]),
    ],
)
def test_a_little_white_matter_beside_injured_nuclei_may_be_their_edge(nuclei_ml, white_ml, expected):
    lesion_ml = {("thalamus", "left"): nuclei_ml, white("left", "deep", "frontal"): white_ml}
    context = replace(TERM, lesion_source="given mask")
    assert points("signal of white matter", lesion_ml=lesion_ml, context=context) == expected


@pytest.mark.parametrize(
    ("lesion_ml", "source", "expected"),
    [
        ({}, "given mask", [0, 0]),
        ({}, "detected", [0, 4]),
        ({white("left", "deep", "frontal"): 0.5}, "given mask", [0, 4]),
        ({("thalamus", "left"): 0.5}, "given mask", [0, 0]),
    ],
)
def test_cysts_are_open_where_white_matter_is_lesion_or_nobody_looked(lesion_ml, source, expected):
    context = replace(TERM, lesion_source=source)
    assert points("cystic lesions", lesion_ml=lesion_ml, context=context) == expected


@pytest.mark.parametrize(
    ("mm3", "reason", "expected"),
    [
        ({"left": 500.0}, "detected: bright on T2w, fluid within white matter: cyst", [1, 4]),
        ({"left": 500.0, "right": 30.0}, "detected: bright on T2w, fluid within white matter: cyst", [2, 4]),
        ({"left": 500.0, "right": 29.0}, "detected: bright on T2w, fluid within white matter: cyst", [1, 4]),
        ({"left": 500.0}, "detected: bright spot on T1w in white matter of a newborn", [0, 4]),
    ],
)
def test_cysts_that_software_found_are_a_lower_bound(mm3, reason, expected):
    """One point a side, of at least 30 mm³ there; more, where they are extensive, stays open."""
    lesion = {white(side, "deep", "frontal"): part / 1000 for side, part in mm3.items()}
    found = tables([lesion], more=True)
    context = replace(TERM, lesion_source="detected")
    found = replace(found, lesions=found.lesions.assign(source=reason), morphometry=morphometry(SIZES))
    result = KIDOKORO.score(found, context, read_criteria(KIDOKORO.criteria))
    found = {item["name"]: item["points"] for item in result["items"]}
    assert found["cystic lesions"] == expected
    assert found["signal of white matter"] == [int(expected[0] == 0), 3]  # a cyst counts once


def test_the_signal_of_what_was_not_searched_is_open():
    found = measured({("thalamus", "left"): 0.5})
    unsearched = found.load["tissue"].eq("cerebellum")
    load = found.load.assign(lesion_volume_mm3=found.load["lesion_volume_mm3"].mask(unsearched))
    result = KIDOKORO.score(replace(found, load=load), TERM, read_criteria(KIDOKORO.criteria))
    (item,) = [item for item in result["items"] if item["name"] == "signal of cerebellum"]
    assert (item["measured"], item["points"]) == (None, [0, 4])
    assert item["why"] == "not in the atlas, not in the image or not searched"


def test_cysts_are_open_where_no_white_matter_is_in_the_image():
    found = measured({})
    gone = found.load["tissue"].eq("white_matter")
    load = found.load.assign(region_volume_mm3=found.load["region_volume_mm3"].mask(gone, 0.0))
    result = KIDOKORO.score(replace(found, load=load), TERM, read_criteria(KIDOKORO.criteria))
    items = {item["name"]: item["points"] for item in result["items"]}
    assert items["cystic lesions"] == [0, 4]
    assert items["signal of white matter"] == [0, 3]
    assert items["signal of cerebellum"] == [0, 0]


def test_an_age_that_misses_the_limit_is_not_told_as_the_limit():
    reason = score(context=replace(TERM, pma_weeks=35.97))["not_assessed"]
    assert reason == "needs a postmenstrual age of 36 to less than 43 weeks (here 35.9)"


@pytest.mark.parametrize("weeks", [None, 35.9, 43.0])
def test_other_ages_are_not_scored(weeks):
    reason = score(context=replace(TERM, pma_weeks=weeks))["not_assessed"]
    assert "a postmenstrual age of 36 to less than 43 weeks" in reason


def test_items_whose_highest_points_are_restated_otherwise_say_so():
    """Five of six items of white matter have less than the 4 points that another source gives all six."""
    items = score()["items"]
    disputed = {item["name"] for item in items if "sources disagree: 0 to 4 points" in item["source"]}
    assert disputed == {
        item["name"] for item in items if item["section"] == "white matter" and item["highest"] < 4
    }
    assert len(disputed) == 5
