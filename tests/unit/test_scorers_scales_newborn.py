"""The scales of term newborns: Barkovich and the NICHD network."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scorer_tables import (
    BASAL_GANGLIA,
    CHILD,
    HEMISPHERES,
    MCA_WEDGE,
    NO_PIECES,
    WATERSHED,
    both,
    load_table,
    mirrored,
    tables,
    white,
)

from cpimaging.scorers import SCORERS, Tables, read_criteria
from cpimaging.scorers.scales import barkovich, nichd
from cpimaging.scorers.scales.evaluate import age_told

DAY = 1 / 365.25
NEWBORN = replace(CHILD, age_years=5 * DAY)
FOCUS = white("left", "subcortical", "parietal")
LENTIFORM = {**both({"thalamus": 0.5}), ("pallidum", "left"): 0.1}
ROLANDIC = {**LENTIFORM, ("perirolandic", "right"): 0.5}
ZONE = {("watershed_anterior", "left"): 5.0, white("left", "subcortical", "frontal"): 5.0}
"""5 of 25 ml of one border zone, all of the lesion, white matter alone."""
OTHER_ZONE = {("watershed_posterior", "right"): 5.0, white("right", "subcortical", "parietal"): 5.0}
CROSSING = {**MCA_WEDGE, ("watershed_anterior", "left"): 5.0}
"""A large infarct that runs through a border zone."""


def score(name, lesion_ml, context=NEWBORN):
    scorer = SCORERS[name]
    measured = Tables(load_table(lesion_ml, more=True), *NO_PIECES)
    return scorer.score(measured, context, read_criteria(scorer.criteria))


def barkovich_points(lesion_ml):
    result = score("barkovich", lesion_ml)
    deep, border = (item["points"] for item in result["items"])
    assert result["range"] == [deep[0] + border[0], deep[1] + border[1]]
    assert result["maximum"] == 9
    return deep, border


@pytest.mark.parametrize(
    ("lesion_ml", "expected"),
    [
        ({}, 0),
        ({FOCUS: 2.0}, 0),
        ({("perirolandic", "left"): 2.0}, 0),
        ({("thalamus", "left"): 0.03}, 1),
        (both({"thalamus_ventrolateral": 0.3}), 1),
        (both({"putamen": 0.3}), 1),  # in no published level: ours
        (BASAL_GANGLIA, 2),
        (LENTIFORM, 2),
        (ROLANDIC, 3),
        ({**LENTIFORM, ("hippocampus", "left"): 2.0}, 2),
        ({**ROLANDIC, ("hippocampus", "left"): 0.3}, 3),  # of 8 ml: 3.75 %
        ({**ROLANDIC, ("hippocampus", "left"): 0.4}, 4),  # 5 %
        ({**ROLANDIC, ("caudate", "right"): 0.5}, 4),
        ({**ROLANDIC, ("midbrain", "midline"): 1.4}, 4),  # of 27.4 ml: 5.1 %
        ({**ROLANDIC, ("midbrain", "midline"): 1.3}, 3),
    ],
)
def test_basal_ganglia_score(lesion_ml, expected):
    deep, _ = barkovich_points(lesion_ml)
    assert deep == [expected, expected]


@pytest.mark.parametrize(
    ("lesion_ml", "expected"),
    [
        ({}, [0, 0]),
        (BASAL_GANGLIA, [0, 0]),
        ({("plic", "left"): 0.3}, [0, 0]),
        (ROLANDIC, [0, 0]),  # the basal ganglia score counts it
        ({("perirolandic", "right"): 0.5}, [1, 1]),
        ({("perirolandic", "right"): 0.5, ("caudate", "right"): 0.5}, [1, 1]),
        ({("perirolandic", "right"): 0.5, ("thalamus", "right"): 0.5}, [0, 1]),
        ({FOCUS: 0.05}, [1, 1]),
        ({**BASAL_GANGLIA, FOCUS: 0.5}, [0, 1]),  # may be the edge of the nuclei
        ({**BASAL_GANGLIA, FOCUS: 1.2}, [1, 1]),
        (MCA_WEDGE, [1, 1]),  # 35 of 504 ml of cortex: 7 %
        (CROSSING, [1, 3]),
        (ZONE, [2, 2]),
        ({**ZONE, ("watershed_anterior", "left"): 1.2}, [1, 1]),  # 4.8 % of the zone
        ({**ZONE, FOCUS: 4.0}, [1, 2]),  # 5 of 9 ml: 56 % in border zones
        ({**ZONE, ("frontal_cortex", "left"): 0.5}, [3, 3]),
        ({**ZONE, **OTHER_ZONE}, [4, 4]),
        (WATERSHED, [4, 4]),
        (both({"frontal_cortex": 25.1}), [1, 1]),  # 50.2 of 504 ml of cortex: 9.96 %
        (both({"frontal_cortex": 25.3}), [5, 5]),  # 10.04 %
    ],
)
def test_watershed_score(lesion_ml, expected):
    _, border = barkovich_points(lesion_ml)
    assert border == expected


def test_the_sum_is_one_number_where_both_scores_are():
    result = score("barkovich", {**BASAL_GANGLIA, **ZONE})
    assert (result["total"], result["range"], result["sections"]) == (
        4,
        [4, 4],
        {"basal ganglia (BG)": [2, 2, 4], "watershed (W)": [2, 2, 5]},
    )


ALL_ZONES = {**ZONE, **OTHER_ZONE}
# cortex and white matter: 2 × (277 + 212) + 6.5 = 984.5 ml without the internal capsule


@pytest.mark.parametrize(
    ("lesion_ml", "expected"),
    [
        ({}, ["0", "0"]),
        ({("cerebellum_cortex", "left"): 1.0}, ["0", "1A"]),  # not told by the levels
        ({FOCUS: 0.5}, ["1A", "1A"]),
        ({FOCUS: 2.9}, ["1A", "1A"]),  # 0.294 %
        ({FOCUS: 3.0}, ["1B", "1B"]),  # 0.305 %
        (MCA_WEDGE | {("putamen", "left"): 0.0, ("putamen_posterior", "left"): 0.0}, ["1B", "1B"]),
        (BASAL_GANGLIA, ["2A", "2A"]),
        ({("caudate", "left"): 0.05}, ["2A", "2A"]),
        ({("pallidum", "left"): 0.05}, ["2A", "2A"]),
        ({("plic", "right"): 0.05}, ["2A", "2A"]),
        ({("alic", "right"): 0.05}, ["2A", "2A"]),
        ({("hippocampus", "right"): 0.5}, ["0", "1A"]),
        (ZONE, ["2A", "2A"]),
        (ALL_ZONES, ["2A", "2A"]),
        ({**ZONE, FOCUS: 2.0}, ["2A", "2B"]),  # around the zone, or apart from it
        ({**BASAL_GANGLIA, FOCUS: 0.5}, ["2A", "2B"]),
        ({**BASAL_GANGLIA, FOCUS: 1.2}, ["2B", "2B"]),
        ({**BASAL_GANGLIA, **ZONE}, ["2A", "2B"]),  # both: not told by the levels
        ({**CROSSING, ("putamen", "left"): 0.0, ("putamen_posterior", "left"): 0.0}, ["1B", "2B"]),
        ({key: 0.45 * ml for key, ml in HEMISPHERES.items()}, ["2B", "2B"]),
        ({key: 0.55 * ml for key, ml in HEMISPHERES.items()}, ["3", "3"]),
    ],
)
def test_nichd_levels(lesion_ml, expected):
    result = score("nichd", lesion_ml)
    assert (result["range"], result["maximum"]) == (expected, "3")
    (item,) = result["items"]
    assert item["why"] == (None if expected[0] == expected[1] else "the measurements fit several levels")
    assert result["total"] == (expected[0] if expected[0] == expected[1] else None)


@pytest.mark.parametrize("name", ["barkovich", "nichd"])
def test_an_arterial_infarct_is_not_graded(name):
    scorer = SCORERS[name]
    for lesion_ml, withheld in ((MCA_WEDGE, True), (WATERSHED, False), (BASAL_GANGLIA, False)):
        result = scorer.score(tables(lesion_ml), NEWBORN, read_criteria(scorer.criteria))
        assert ("arterial infarct" in (result["not_assessed"] or "")) == withheld
        assert (result["range"] is None) == withheld


@pytest.mark.parametrize("name", ["barkovich", "nichd"])
@pytest.mark.parametrize("lesion_ml", [BASAL_GANGLIA, ROLANDIC, ZONE, CROSSING, {**ZONE, FOCUS: 4.0}])
def test_sides_do_not_matter(name, lesion_ml):
    assert score(name, mirrored(lesion_ml))["range"] == score(name, lesion_ml)["range"]


@pytest.mark.parametrize("name", ["barkovich", "nichd"])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"age_years": None}, "needs an age of less than 29 days (not known)"),
        ({"age_years": 29 * DAY}, "needs an age of less than 29 days (here 29 days)"),
        ({"age_years": 6.0}, "needs an age of less than 29 days (here 6 years)"),
        (
            {"lesion_source": "detected", "contrasts": ("T1w", "T2w"), "postnatal_days": 5.0},
            "needs a reader's lesion, or ADC in the first two weeks",
        ),
        (
            {"lesion_source": "detected", "contrasts": ("T1w", "ADC"), "postnatal_days": 20.0},
            "needs a reader's lesion, or ADC in the first two weeks",
        ),
        (  # a postmenstrual age alone does not tell when birth was
            {"lesion_source": "detected", "contrasts": ("T1w", "ADC"), "pma_weeks": 40.5},
            "needs a reader's lesion, or ADC in the first two weeks (days since birth are not known)",
        ),
    ],
)
def test_what_must_be_known(name, change, reason):
    result = score(name, BASAL_GANGLIA, replace(NEWBORN, **change))
    assert result["not_assessed"] == reason
    assert (result["total"], result["range"], result["items"]) == (None, None, [])
    assert SCORERS[name].words.facts(result) == []


def test_a_page_has_one_line_for_the_total():
    title, words = SCORERS["nichd"].title, SCORERS["nichd"].words
    assert words.facts(score("nichd", BASAL_GANGLIA)) == [(title, "2A")]


@pytest.mark.parametrize(
    ("name", "low", "high", "words"),
    [
        ("nichd", "2A", "2A", "2A"),
        ("nichd", "1A", "2B", "1A to 2B"),
        ("barkovich", 2.0, 2.0, "2"),
        ("barkovich", 0.0, 9.0, "0 to 9"),
        ("barkovich", float("nan"), float("nan"), ""),
    ],
)
def test_the_group_page_says_the_points_of_a_row(name, low, high, words):
    assert SCORERS[name].words.code({f"{name}_low": low, f"{name}_high": high}) == words


@pytest.mark.parametrize(
    ("name", "lesion_ml", "cells"),
    [
        ("barkovich", {**ZONE, FOCUS: 4.0}, [1, 2]),
        ("nichd", {**ZONE, FOCUS: 2.0}, ["2A", "2B"]),
        ("nichd", {("thalamus", "left"): 0.008}, [None, None]),  # too small to score
    ],
)
def test_the_group_table_has_the_least_and_the_most_of_a_scale(name, lesion_ml, cells):
    result = score(name, lesion_ml)
    columns = {column.name: column.cell(result) for column in SCORERS[name].columns}
    assert columns == {f"{name}_low": cells[0], f"{name}_high": cells[1]}


@pytest.mark.parametrize(
    ("weeks", "birth"),
    [(None, "not known here"), (39.0, "at 39 weeks of gestation"), (36.86, "at 36.86 weeks of gestation")],
)
def test_the_evidence_says_for_whom_the_scale_is_and_when_this_one_was_born(weeks, birth):
    steps = score("nichd", BASAL_GANGLIA, replace(NEWBORN, gestation_weeks=weeks))["evidence"]
    (told,) = [step["value"] for step in steps if step["rule"] == "born at term"]
    assert told == f"{birth}: the scale is for term newborns"


UNEVEN = {
    ("thalamus", "left"): 0.3,
    ("thalamus", "right"): 0.5,
    ("plic", "right"): 0.2,
    ("watershed_anterior", "left"): 2.0,
    ("watershed_anterior", "right"): 2.5,
    white("right", "subcortical", "frontal"): 4.0,
    ("frontal_cortex", "left"): 2.0,
}
"""6 ml of 984.5 ml of cortex and white matter, 4.5 ml of them in one border zone, which has 25 ml a side."""


def told(name, lesion_ml):
    return {step["rule"]: step["value"] for step in score(name, lesion_ml)["evidence"]}


@pytest.mark.parametrize("lesion_ml", [UNEVEN, mirrored(UNEVEN)])
def test_the_evidence_tells_volumes_of_the_larger_side_and_shares_of_both(lesion_ml):
    evidence = told("nichd", lesion_ml)
    assert evidence["lesion of the thalamus, larger side"] == pytest.approx(500)
    assert evidence["lesion of the posterior limb of the internal capsule, larger side"] == pytest.approx(200)
    assert evidence["lesion of the anterior limb of the internal capsule, larger side"] == 0
    assert evidence["lesion of cortex and white matter in border zones"] == pytest.approx(75)
    assert evidence["watershed anterior, larger side"] == pytest.approx(10)
    assert evidence["watershed posterior, larger side"] == 0
    assert evidence["lesion around the border zones"] == pytest.approx(1500)
    assert evidence["lesion of cortex and white matter"] == pytest.approx(6000)
    assert evidence["cortex and white matter"] == pytest.approx(100 * 6 / 984.5)


def test_the_evidence_of_barkovich_tells_loads_of_both_sides():
    """0.4 of 8 ml of the hippocampi; 4 ml of cortex of 554, of which 1.5 ml are rolandic."""
    lesion_ml = {**LENTIFORM, ("perirolandic", "right"): 1.5, ("hippocampus", "left"): 0.4}
    evidence = told("barkovich", {**lesion_ml, ("frontal_cortex", "left"): 2.5})
    assert evidence["hippocampus"] == pytest.approx(5)
    assert evidence["caudate"] == evidence["brainstem"] == 0
    assert evidence["lesion of the perirolandic cortex, larger side"] == pytest.approx(1500)
    assert evidence["lesion of cortex and white matter"] == pytest.approx(2500)
    assert evidence["lesion of the cortex"] == pytest.approx(2500)
    assert evidence["lesion of cortex and white matter in border zones"] == 0


@pytest.mark.parametrize(
    ("zone_ml", "all_ml", "expected"),
    [
        (1.25, 1.25, [2, 2]),  # 5 % of 25 ml, the limit
        (1.24, 1.24, [1, 1]),
        (3.0, 5.0, [2, 2]),  # 60 % of the lesion, the limit
        (2.9, 5.0, [1, 2]),
    ],
)
def test_a_border_zone_is_infarcted_from_its_limits_on(zone_ml, all_ml, expected):
    lesion_ml = {("watershed_anterior", "left"): zone_ml, white("left", "subcortical", "frontal"): all_ml}
    for given_ml in (lesion_ml, mirrored(lesion_ml)):
        assert barkovich_points(given_ml)[1] == expected


@pytest.mark.parametrize(
    ("years", "told"),
    [
        (None, "not known"),
        (5 * DAY, "here 5 days"),
        (0.099, "here 36 days"),
        (0.1, "here 0.1 years"),
        (28.9 * DAY, "here 28 days"),
        (29 * DAY, "here 29 days"),
        (0.105, "here 0.1 years"),
        (1.96, "here 1.9 years"),
        (2.0, "here 2 years"),
        (12.34, "here 12.3 years"),
    ],
)
def test_an_age_is_told_in_whole_days_below_a_tenth_of_a_year_and_rounded_down(years, told):
    assert age_told(replace(NEWBORN, age_years=years)) == told


def test_a_level_that_a_later_revision_draws_otherwise_says_so():
    (level,) = score("nichd", BASAL_GANGLIA)["items"]
    assert level["source"].endswith("(Shankaran 2025, JAMA Pediatr 179:383 [S])")
    (less,) = score("nichd", {white("left", "periventricular", "parietal"): 0.1})["items"]
    assert "disagree" not in less["source"]


@pytest.mark.parametrize("name", ["barkovich", "nichd"])
@pytest.mark.parametrize(
    "change",
    [
        {"age_years": 0.0},
        {"age_years": 28 * DAY},
        {"lesion_source": "detected", "contrasts": ("T1w", "ADC"), "postnatal_days": 5.0},
    ],
)
def test_what_is_enough(name, change):
    assert score(name, BASAL_GANGLIA, replace(NEWBORN, **change))["not_assessed"] is None


@pytest.mark.parametrize("name", ["barkovich", "nichd"])
def test_one_voxel_is_too_small(name):
    result = score(name, {("thalamus", "left"): 0.008})
    assert result["not_assessed"] == "a lesion of 8 mm3 is too small to score"


LEVELS = [
    (barkovich._deep_level, barkovich.BG, ("thalamus", "lentiform nucleus", "perirolandic cortex", "more")),
    (
        barkovich._border_level,
        barkovich.W,
        ("focal infarction", "border zone", "cortex", "both border zones", "extensive cortex"),
    ),
    (
        nichd._level,
        nichd.LEVELS,
        (
            "basal ganglia, thalamus or internal capsule",
            "border zone",
            "other lesions",
            "cerebral lesions",
            "extensive lesions",
            "devastation",
        ),
    ),
]


@pytest.mark.parametrize(("level", "levels", "names"), LEVELS, ids=["bg", "w", "nichd"])
def test_one_more_finding_never_lowers_a_level_and_every_level_is_reached(level, levels, names):
    order, reached = list(levels), set()
    for holds in product([False, True], repeat=len(names)):
        facts = dict(zip(names, holds, strict=True))
        here = order.index(level(facts))
        reached.add(here)
        for name in names:
            assert order.index(level({**facts, name: True})) >= here
    assert len(reached) == len(order)


WHERE = [
    *(
        (name, side)
        for name in ("thalamus", "putamen", "perirolandic", "caudate")
        for side in ("left", "right")
    ),
    FOCUS,
    ("frontal_cortex", "right"),
    ("midbrain", "midline"),
]
amounts = st.dictionaries(st.sampled_from(WHERE), st.floats(0.0, 2.0), max_size=5)


@settings(max_examples=60, deadline=None)
@given(amounts, st.sampled_from(WHERE), st.floats(0.03, 3.0))
def test_more_lesion_never_lowers_the_sum(lesion_ml, key, added_ml):
    base = {("hippocampus", "left"): 0.1, **lesion_ml}  # enough to be scored
    more = {**base, key: base.get(key, 0.0) + added_ml}
    before, after = score("barkovich", base)["range"], score("barkovich", more)["range"]
    assert after[0] >= before[0]
    assert after[1] >= before[1]


@settings(max_examples=60, deadline=None)
@given(amounts)
def test_injured_nuclei_are_at_least_level_2a(lesion_ml):
    order = ["0", "1A", "1B", "2A", "2B", "3"]
    low, high = score("nichd", {**lesion_ml, ("thalamus", "right"): 0.1})["range"]
    assert order.index("2A") <= order.index(low) <= order.index(high)
