"""What the rules tell in the evidence, and where their verdicts turn: at each limit, and beside it."""

from dataclasses import replace

import pytest
from scorer_tables import (
    CHILD,
    TRIGONES,
    both,
    by_side,
    mirrored,
    tables,
    white,
)

from cpimaging.scorers import SCORERS, Tables, read_criteria, score_mrics

CRITERIA = read_criteria(SCORERS["mrics"].criteria)
FAN = {
    white("right", "periventricular", "parietal"): 1.5,
    white("right", "deep", "parietal"): 4.0,
    white("right", "subcortical", "parietal"): 4.0,
}


def score(lesion, mm=1.0, more=False):
    return score_mrics(tables(lesion, mm, more=more), CHILD, CRITERIA)


def told(result):
    """Return what the evidence tells: rule -> value."""
    return {step["rule"]: step["value"] for step in result["evidence"]}


# --- D as a whole


def foci(*ml, kinds=3):
    """Return foci of some ml: subcortical, cortical, deep, and so on."""
    where = (white("left", "subcortical", "parietal"), ("frontal_cortex", "left"), ("putamen", "right"))
    return [{where[place % kinds]: size} for place, size in enumerate(ml)]


def test_scattered_foci_are_told_by_the_share_of_the_largest():
    """0.15 of 9 * 0.1 + 0.15 ml are 14.3 %; 6 of the 10 foci are of cortex and white matter."""
    result = score(foci(*[0.1] * 9, 0.15), mm=20.0)
    assert result["ground"] == "scattered foci"
    evidence = told(result)
    assert evidence["many foci: share of the largest"] == pytest.approx(100 / 7)
    assert evidence["many foci: kinds of injury"] == 3
    assert evidence["many foci: in the border zones"] == 0


@pytest.mark.parametrize(
    ("lesions", "scattered"),
    [
        (foci(*[0.1] * 10), True),
        (foci(*[0.1] * 9), False),
        (foci(*[0.1] * 9, 0.22), True),  # 19.6 %
        (foci(*[0.1] * 9, 0.23), False),  # 20.4 %
        (foci(*[0.1] * 12, kinds=2), False),
        ([*foci(*[0.1] * 12, kinds=2), {("putamen", "right"): 0.051}], True),  # 4.1 %
        ([*foci(*[0.1] * 12, kinds=2), {("putamen", "right"): 0.049}], False),  # 3.9 %
    ],
)
def test_foci_are_scattered_if_they_are_many_and_small_and_of_three_kinds(lesions, scattered):
    assert (score(lesions, mm=20.0)["ground"] == "scattered foci") is scattered


def test_foci_in_the_border_zones_are_not_scattered():
    """Each focus lies in the zone by 59 or 61 %."""
    for share, scattered in ((0.59, True), (0.61, False)):
        lesions = [
            focus | {("watershed_anterior", side): share * ml}
            for focus in foci(*[0.1] * 12)
            for (_, side, *_), ml in focus.items()
        ]
        result = score(lesions, mm=20.0)
        assert (result["ground"] == "scattered foci") is scattered
        assert told(result)["many foci: in the border zones"] == pytest.approx(100 * share)


def test_foci_below_the_tentorium_too_are_scattered_wherever_the_others_lie():
    """Two of 14 foci, 14 %, lie in the cerebellum; without one that counts, border zones explain the rest."""
    zones = [
        focus | {("watershed_anterior", side): 0.7 * ml}
        for focus in foci(*[0.1] * 12)
        for (_, side, *_), ml in focus.items()
    ]
    for ml, scattered in ((0.1, True), (0.02, False)):
        result = score([*zones, *[{("cerebellum_cortex", "left"): ml}] * 2], mm=20.0)
        assert (result["ground"] == "scattered foci") is scattered


@pytest.mark.parametrize(
    ("lesions", "ground"),
    [
        ([{("hippocampus", "left"): 1.0}, {("cerebellum_cortex", "left"): 1.0}], "below the tentorium"),
        ([{("hippocampus", "left"): 1.0}, {("cerebellum_cortex", "left"): 0.9}], "unexplained"),
        ([{("pons", "midline"): 0.03}], "below the tentorium"),
        ([{white("left", "subcortical", "parietal"): 1.0}], "unexplained"),
    ],
)
def test_what_nothing_explains_is_d_and_told_by_where_half_of_it_lies(lesions, ground):
    result = score(lesions, mm=20.0)
    assert (result["subgroup"], result["ground"]) == ("D", ground)


BEHIND = {
    white("left", "subcortical", "parietal"): 6.0,
    white("left", "subcortical", "occipital"): 2.0,
    white("left", "subcortical", "frontal"): 0.45,
    white("left", "deep", "parietal"): 3.55,
    white("right", "subcortical", "parietal"): 4.0,
    white("right", "subcortical", "occipital"): 2.0,
    white("right", "subcortical", "frontal"): 0.9,
    white("right", "deep", "parietal"): 1.1,
    ("corpus_callosum_splenium", "midline"): 1.0,
}
"""12 ml on the left, 8 ml on the right, and half of the splenium."""


@pytest.mark.parametrize("lesion", [BEHIND, mirrored(BEHIND)])
def test_confluent_white_matter_behind_is_told_in_full(lesion):
    """15.35 of 21 ml of white matter lie below the cortex; 8 and 6 of 40 ml of that layer behind, 0.45 and
    0.9 of 45 ml before. The smaller half is 8 ml and two fifths of the splenium's."""
    result = score([lesion], more=True)
    assert (result["subgroup"], result["ground"]) == ("D", "confluent white matter")
    evidence = told(result)
    assert evidence["white matter up to the cortex: cortex"] == 0
    assert evidence["splenium"] == pytest.approx(50)
    assert evidence["of the white matter lesion, subcortical"] == pytest.approx(100 * 15.35 / 21)
    assert evidence["one lesion of both sides, smaller half"] == pytest.approx(8400)
    assert evidence["white matter up to the cortex behind, less injured side"] == pytest.approx(15)
    assert evidence["white matter up to the cortex in front, less injured side"] == pytest.approx(1)
    assert evidence["and behind, less injured side"] == pytest.approx(15)
    assert evidence["the same, times the frontal one"] == pytest.approx(7.5)


def test_lesions_of_either_side_that_do_not_cross_are_not_one():
    """The splenium lies in the right one, which holds all of it."""
    left, right, middle = by_side(BEHIND)
    result = score([left, right | middle], more=True)
    assert told(result)["one lesion of both sides, smaller half"] == 0
    assert result["ground"] != "confluent white matter"


def test_the_lesion_that_reaches_farthest_to_both_sides_counts():
    small = {white(side, "deep", "parietal"): 0.5 for side in ("left", "right")}
    for lesions in ([BEHIND, small], [small, BEHIND]):
        assert told(score(lesions, more=True))["one lesion of both sides, smaller half"] == pytest.approx(
            8400
        )


@pytest.mark.parametrize(
    ("change", "confluent"),
    [
        ({("corpus_callosum_splenium", "midline"): 0.8}, True),  # 40 %, the limit
        ({("corpus_callosum_splenium", "midline"): 0.79}, False),
        ({white("left", "deep", "parietal"): 13.0}, True),  # 15.35 of 30.45 ml lie below the cortex: 50.4 %
        ({white("left", "deep", "parietal"): 13.5}, False),  # of 30.95 ml: 49.6 %
        ({white("right", "subcortical", "frontal"): 1.68}, True),  # 15 % are 4.02 times 3.73 %
        ({white("right", "subcortical", "frontal"): 1.7}, False),  # 3.97 times 3.78 %
        ({("frontal_cortex", "left"): 55.0, ("parietal_cortex", "left"): 55.0}, True),  # of 554 ml: 19.9 %
        ({("frontal_cortex", "left"): 56.0, ("parietal_cortex", "left"): 55.0}, False),  # 20.04 %
    ],
)
def test_confluent_white_matter_behind_needs_all_of_it(change, confluent):
    for given in (BEHIND | change, mirrored(BEHIND | change)):
        assert (score([given], more=True)["ground"] == "confluent white matter") is confluent


CALLOSAL = {
    white("right", "subcortical", "frontal"): 4.4,
    white("left", "subcortical", "frontal"): 1.2,
    ("corpus_callosum_genu", "midline"): 1.9,
}
"""One lesion: 25.3 % of it lies in the callosum, 1.6 ml on the left."""


@pytest.mark.parametrize("given", [CALLOSAL, mirrored(CALLOSAL)])
def test_one_lesion_through_the_callosum_is_no_pattern_and_flagged(given):
    result = score([given], more=True)
    assert (result["subgroup"], result["secondary"], result["ground"]) == ("D", [], "unexplained")
    assert result["unusual"] == [
        "one lesion of both sides through the callosum: consider tumour or demyelination"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {("corpus_callosum_genu", "midline"): 1.85},  # 24.8 %
        {
            white("left", "subcortical", "frontal"): 0.5,
            ("corpus_callosum_genu", "midline"): 2.0,
        },  # 0.7 ml left
    ],
)
def test_a_lesion_that_hardly_crosses_stays_beside_the_ventricle(change):
    result = score([CALLOSAL | change], more=True)
    assert result["group"] == "B"
    assert result["unusual"] == []


# --- white matter


def test_the_callosum_is_told_as_a_share_of_the_periventricular_lesion():
    """0.6 of 0.8 ml are 75 %, of 0.75 ml the limit of 80 %."""
    callosum = {("corpus_callosum_splenium", "midline"): 0.6}
    for rim_ml, share, subgroup in ((0.2, 75, "B1"), (0.15, 80, "D")):
        result = score([callosum | {white("left", "periventricular", "occipital"): rim_ml}], more=True)
        assert result["subgroup"] == subgroup
        assert told(result)["B: of the periventricular lesion, callosum"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("other_ml", "fan", "ground", "instead"),
    [
        (1.0, True, "both sides, one more", "B1"),
        (5.0, True, "both sides, a fan among them", "B3"),
        (5.0, False, "both sides", None),
        (2.0, False, "both sides, uneven", "B3"),
    ],
)
def test_what_b1_of_both_sides_rests_on(other_ml, fan, ground, instead):
    """9.5 ml against 5 ml are 1.9 times; against 2 ml their laterality is 0.65."""
    inner = {white("right", "periventricular", "parietal"): 3.5, white("right", "deep", "parietal"): 6.0}
    lesion = (FAN if fan else inner) | {white("left", "periventricular", "parietal"): other_ml}
    for given in (lesion, mirrored(lesion)):
        result = score(given)
        assert (result["ground"], result["instead"]) == (ground, [instead] if instead else [])


def test_a_fan_is_told_by_its_share_and_that_of_the_outer_layer():
    """4 of 9.5 ml, and of 105 ml."""
    for side, lesion in (("right", FAN), ("left", mirrored(FAN))):
        result = score(lesion)
        assert (result["subgroup"], result["side"], result["ground"]) == ("B2", side, "one side, a fan")
        evidence = told(result)
        assert evidence[f"B2: {side}, one lesion that fans out, subcortical"] == pytest.approx(100 * 4 / 9.5)
        assert evidence[f"B2: {side}, one lesion that fans out, of the outer layer"] == pytest.approx(
            100 * 4 / 105
        )
        assert evidence[f"B: periventricular lesion, {side}, mm3"] == pytest.approx(9500)


@pytest.mark.parametrize(("outer_ml", "fans"), [(0.85, True), (0.83, False)])
def test_a_fan_holds_some_of_the_outer_layer(outer_ml, fans):
    """0.84 of 105 ml are 0.8 %."""
    lesion = {white("left", "deep", "parietal"): 1.0, white("left", "subcortical", "parietal"): outer_ml}
    assert (score(lesion)["ground"] == "one side, a fan") is fans


def test_a_fan_of_one_side_is_told_against_the_other():
    """4 against 0.8 ml below the cortex, 9.5 against 4 ml of all."""
    other = {white("left", "deep", "parietal"): 3.2, white("left", "subcortical", "parietal"): 0.8}
    result = score(FAN | other)
    assert result["ground"] == "both sides, one more"
    evidence = told(result)
    assert evidence["B3: outer white matter, times the other side's"] == pytest.approx(5)
    assert evidence["B3: all of the lesion, times the other side's"] == pytest.approx(2.375)


def test_a_lesion_before_the_trigone_is_told_by_its_lobes():
    """0.3 of 1.5 ml in the frontal lobe, 0.06 ml in the two behind."""
    lobes = {"frontal": 0.3, "parietal": 1.14, "temporal": 0.02, "occipital": 0.04}
    result = score({white("left", "periventricular", lobe): ml for lobe, ml in lobes.items()})
    assert (result["subgroup"], result["ground"]) == ("B2", "one side, one lesion")
    evidence = told(result)
    assert evidence["B2: one lesion, in the frontal lobe"] == pytest.approx(20)
    assert evidence["B2: and in the lobes behind it"] == pytest.approx(4)
    assert evidence["B2: and not punctate"] == pytest.approx(1500)


def test_a_large_lesion_of_one_side_is_told_by_what_lies_below_the_cortex():
    """0.5 of 4 ml are 12.5 %."""
    rim = {white("left", "periventricular", "parietal"): 3.5, white("left", "subcortical", "parietal"): 0.5}
    evidence = told(score(rim))
    assert evidence["B2: one lesion of one side"] == pytest.approx(4000)
    assert evidence["B2: and no rim, below the cortex"] == pytest.approx(12.5)


def test_how_much_white_matter_is_lesion_is_told():
    """3 of 428 ml."""
    assert told(score(TRIGONES))["B1 severe: of the white matter"] == pytest.approx(100 * 3 / 428)


def test_without_norms_nothing_is_said_of_loss_and_the_evidence_says_so():
    assert told(score(TRIGONES))["tissue loss against norms"] == "no norms"


# --- deep grey matter


def test_pallidum_is_flagged_alone_only_where_the_putamen_of_either_side_is_spared():
    """0.2 of 5 ml of putamen are 4 %, 0.3 ml 6 %."""
    for putamen_ml, flagged in ((0.0, True), (0.2, True), (0.3, False)):
        for side in ("left", "right"):
            lesion = both({"pallidum": 0.4}) | {("putamen", side): putamen_ml}
            result = score(by_side(lesion))
            assert result["subgroup"] == "C1"
            assert any("pallidum without putamen" in rule for rule in told(result)) is flagged


@pytest.mark.parametrize(("nuclei_ml", "expected"), [(0.029, {"B2"}), (0.03, {"B2", "C3"})])
def test_a_deep_lesion_beside_a_venous_infarct_is_part_of_it_if_it_spares_the_nuclei(nuclei_ml, expected):
    """From the least volume that counts as a lesion on, nuclei are not spared."""
    result = score([FAN, {("plic", "right"): 1.5, ("thalamus", "right"): nuclei_ml}], mm=[1.0, 9.0])
    assert {result["subgroup"], *result["secondary"]} == expected


def without_nuclei(found: Tables, side: str) -> Tables:
    """Return tables of an image in which the nuclei of one side do not lie."""
    gone = (found.load["tissue"] == "deep_grey") & (found.load["side"] == side)
    return replace(
        found, load=found.load.assign(region_volume_mm3=found.load["region_volume_mm3"].mask(gone, 0.0))
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_nuclei_of_one_side_that_are_not_in_the_image_count_as_spared(side):
    touching = {**TRIGONES, **{key: ml for key, ml in both({"caudate": 1.0}).items() if key[1] != side}}
    result = score_mrics(without_nuclei(tables(touching), side), CHILD, CRITERIA)
    assert (result["subgroup"], result["side"]) == ("B1", "both")


def test_nuclei_are_told_by_the_less_injured_side():
    """0.2 and 0.4 of 2 ml of the thalamus, 0.3 and 0.6 of 1.5 ml of the putamen."""
    lesion = {
        ("thalamus_ventrolateral", "left"): 0.2,
        ("thalamus_ventrolateral", "right"): 0.4,
        ("putamen_posterior", "left"): 0.6,
        ("putamen_posterior", "right"): 0.3,
    }
    for given in (lesion, mirrored(lesion)):
        evidence = told(score(given))
        assert evidence["C1: thalamus ventrolateral, less injured side"] == pytest.approx(10)
        assert evidence["C1: putamen posterior, less injured side"] == pytest.approx(20)
        assert evidence["C1: most of one of them, less injured side"] == pytest.approx(20)


# --- cortex


@pytest.mark.parametrize(
    ("zone_ml", "ground"), [(6.0, "border zones of both sides"), (5.99, "cortex of both sides")]
)
def test_c2_lies_in_the_border_zones_from_their_share_on(zone_ml, ground):
    """6 of 10 ml of each side are 60 %, the limit."""
    result = score(
        both({"frontal_cortex": 5.0, "parietal_cortex": 5.0, "watershed_anterior": zone_ml}), mm=20.0
    )
    assert (result["subgroup"], result["ground"]) == ("C2", ground)


@pytest.mark.parametrize(
    ("smaller_ml", "ground"), [(26.7, "cortex at large"), (26.6, "cortex of both sides")]
)
def test_c2_is_at_large_by_the_less_injured_side(smaller_ml, ground):
    """26.7 of 267 ml of a side are 10 %, the limit."""
    lesion = {("parietal_cortex", "left"): smaller_ml, ("parietal_cortex", "right"): 40.0}
    for given in (lesion, mirrored(lesion)):
        assert score(given, mm=20.0)["ground"] == ground


@pytest.mark.parametrize(("parietal_ml", "subgroup"), [(3.0, "D"), (3.1, "C2")])
def test_both_frontal_lobes_are_d_from_their_share_of_the_cortex_on(parietal_ml, subgroup):
    """7 of 10 ml are 70 %, the limit."""
    lesion = both({"frontal_cortex": 7.0, "parietal_cortex": parietal_ml})
    assert score(lesion, mm=20.0)["subgroup"] == subgroup


def test_arteries_of_both_sides_are_no_ground_in_border_zones():
    """Middle left, posterior right; 60 % in the border zones is C2 all the same."""
    lesion = {
        ("frontal_cortex", "left"): 10.0,
        ("territory_mca", "left"): 10.0,
        ("occipital_cortex", "right"): 10.0,
        ("territory_pca", "right"): 10.0,
    }
    for zone_ml, subgroup in ((5.99, "C3"), (6.0, "C2")):
        zones = {("watershed_anterior", "left"): zone_ml, ("watershed_posterior", "right"): zone_ml}
        assert score(lesion | zones, mm=20.0)["subgroup"] == subgroup


def test_the_share_of_a_territory_and_the_laterality_are_told():
    """9 ml on the left, 1 ml on the right; 6.3 of 9 ml are 70 %, the limit."""
    lesion = {("frontal_cortex", "left"): 9.0, ("frontal_cortex", "right"): 1.0}
    result = score(lesion | {("territory_mca", "left"): 6.3}, mm=20.0)
    assert (result["subgroup"], result["side"], result["territory"]) == ("C3", "left", "mca")
    evidence = told(result)
    assert evidence["C3: cortical lesions of one side, |laterality|"] == pytest.approx(0.8)
    assert evidence["C3: in the territory of the left MCA"] == pytest.approx(70)


def test_periventricular_injury_within_cortical_lesions_is_named_where_it_is_hit_more_than_the_cortex():
    """3 of 31.5 ml of the inner layer are 9.5 %; 20 of 267 ml of the cortex 7.5 %, 30 ml 11.2 %."""
    inner = {white(side, "periventricular", "parietal"): 3.0 for side in ("left", "right")}
    for cortex_ml, secondary in ((20.0, ["B1"]), (30.0, [])):
        lesion = inner | both({"parietal_cortex": cortex_ml})
        result = score(lesion, mm=20.0)
        assert (result["subgroup"], result["secondary"]) == ("C2", secondary)


# --- what stands beside the main pattern


def test_patterns_beside_the_main_one_stand_by_what_they_explain():
    """3 of 428 ml of white matter are 0.7 %; 2.2 of 110 ml of the cerebellum 2 %, 0.66 ml 0.6 %."""
    nuclei = by_side(both({"thalamus_ventrolateral": 0.5, "putamen_posterior": 0.5}))
    for cerebellum_ml, order in ((2.2, ["D", "B1"]), (0.66, ["B1", "D"])):
        result = score([*nuclei, *by_side(TRIGONES), {("cerebellum_cortex", "left"): cerebellum_ml}])
        assert (result["subgroup"], result["secondary"]) == ("C1", order)


def test_the_evidence_tells_what_each_pattern_explains_and_how_the_lesion_lies():
    """2 of 49 ml of deep grey, 4.28 of 428 ml of white matter; all in all 5.28 ml left, 1 ml right."""
    nuclei = by_side(both({"thalamus_ventrolateral": 0.5, "putamen_posterior": 0.5}))
    rim = {white("left", "periventricular", "occipital"): 4.28}
    for lesions, laterality in (([*nuclei, rim], 4.28 / 6.28), ([*nuclei, mirrored(rim)], -4.28 / 6.28)):
        evidence = told(score(lesions))
        assert evidence["lesion in the brain"] == pytest.approx(6280)
        assert evidence["laterality: left 1, right −1"] == pytest.approx(laterality)
        assert evidence["C1 explains, % of tissue"] == pytest.approx(100 * 2 / 49)
        assert evidence["B1 explains, % of tissue"] == pytest.approx(1)
        assert evidence["decided: C1, it explains most injury"] == pytest.approx(100 * 2 / 49)
        assert evidence["B1 beside it: of all injury"] == pytest.approx(100 / (1 + 200 / 49))


def test_the_evidence_tells_from_where_on_a_nucleus_counts_as_injured():
    """0.1 of 2 ml of the pallidum are 5 %, yet 100 mm³; 0.099 of 4 ml of the caudate are neither."""
    criteria = {**CRITERIA, "nucleus_load": {**CRITERIA["nucleus_load"], "value": 7.0}}
    found = score_mrics(tables(both({"pallidum": 0.1, "caudate": 0.099})), CHILD, criteria)
    (step,) = [step for step in found["evidence"] if step["rule"] == "C1: injured nuclei, left"]
    assert step["source"] == "7 % and 30 mm3 of one, or 100 mm3; ours [D]"
    assert step["value"] == "pallidum"


@pytest.mark.parametrize(("ml", "nuclei"), [(0.1, "pallidum"), (0.099, "none")])
def test_a_nucleus_is_injured_from_its_load_on(ml, nuclei):
    """0.1 of 2 ml are 5 %, the limit; 0.099 ml are less, and less than 100 mm³."""
    result = score(by_side(both({"pallidum": ml})))
    assert told(result)["C1: injured nuclei, left"] == nuclei


def test_a_tract_goes_to_the_pattern_of_its_own_side_and_leaves_the_other_as_it_is():
    """9.5 + 0.5 of 428 ml on the right; 20 of 534 ml of cortex on the left."""
    infarct = {("parietal_cortex", "left"): 20.0, ("territory_mca", "left"): 20.0}
    tract = {("plic", "right"): 0.5}
    for lesions in ([infarct, FAN, tract], [mirrored(infarct), mirrored(FAN), mirrored(tract)]):
        result = score(lesions, mm=[20.0, 1.0, 9.0])
        evidence = told(result)
        assert evidence["B2 explains, % of tissue"] == pytest.approx(100 * 10 / 428)
        assert evidence["C3 explains, % of tissue"] == pytest.approx(100 * 20 / 534)
        assert (result["subgroup"], result["secondary"]) == ("C3", ["B2"])


def test_the_evidence_tells_capsules_and_deep_lesions_in_mm3():
    capsules = told(score(by_side(both({"plic": 0.5})), mm=20.0))
    assert capsules["C1: capsules of both sides, mm3"] == pytest.approx(1000)
    deep = {("putamen", "left"): 1.0, ("caudate", "left"): 0.5, ("thalamus", "left"): 0.3}
    for side, lesion in (("left", deep), ("right", mirrored(deep))):
        evidence = told(score(lesion))
        assert evidence[f"C3: deep lesion, {side}: striatum, mm3"] == pytest.approx(1500)
        assert evidence[f"C3: deep lesion, {side}: thalamus, mm3"] == pytest.approx(300)
        assert evidence[f"C1: injured nuclei, {side}"] == "caudate, putamen, thalamus"
        opposite = {"left": "right", "right": "left"}[side]
        assert evidence[f"C1: injured nuclei, {opposite}"] == "none"
    hosted = told(score([FAN, {("plic", "right"): 0.5}], mm=[1.0, 9.0]))
    assert hosted["deep lesion, right: part of B2, mm3"] == pytest.approx(500)


def test_nothing_is_unusual_about_capsules_or_white_matter_alone():
    """Shares of nuclei, or of cortex, say nothing where none is injured."""
    capsules = score(by_side(both({"plic": 0.5})), mm=20.0)
    zones = both({"watershed_anterior": 4.0})
    outer = {white(side, "subcortical", "temporal"): 4.0 for side in ("left", "right")}
    white_only = score(outer | zones, mm=20.0)
    assert [capsules["subgroup"], white_only["subgroup"]] == ["C1", "C2"]
    assert capsules["unusual"] == white_only["unusual"] == []


@pytest.mark.parametrize(("parietal_ml", "flagged"), [(3.0, True), (3.1, False)])
def test_temporal_lobes_are_unusual_from_their_share_of_the_cortex_on(parietal_ml, flagged):
    """7 of 10 ml are 70 %, the limit; of the less injured side, which is either."""
    lesion = both({"temporal_cortex": 7.0, "parietal_cortex": parietal_ml}) | {
        ("temporal_cortex", "left"): 9.0
    }
    for given in (lesion, mirrored(lesion)):
        assert any("temporal" in flag for flag in score(given, mm=20.0)["unusual"]) is flagged
