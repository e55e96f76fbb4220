from collections import defaultdict
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scorer_tables import (
    BASAL_GANGLIA,
    CAVITY,
    CHILD,
    HEMISPHERES,
    MCA_WEDGE,
    TRIGONES,
    both,
    by_side,
    mirrored,
    tables,
    white,
)

from cpimaging.quantify.margins import MARGIN_COLUMNS, MARGIN_MM
from cpimaging.quantify.partition import Cell
from cpimaging.scorers import SCORERS, Tables, read_criteria, score_surely
from cpimaging.scorers.confidence import PAIRS, Draw, _draw, _largest_on, _Uncertain, repetitions
from cpimaging.types import InputError, rows_of

MRICS, DOMINANCE = SCORERS["mrics"], SCORERS["dominance"]
SWAP = {"left_mm3": "right_mm3", "right_mm3": "left_mm3"}


def margins(measured: Tables, border=0.3, shift=0.1):
    """Return margins: the border changes each volume by a share, moves carry some into white matter."""
    volume = measured.load["lesion_volume_mm3"]
    factors = {"shrunk_mm3": 1 - border, "grown_mm3": 1 + border}
    into_white = np.where(measured.load["tissue"] == "white_matter", shift, -shift)
    for name in MARGIN_COLUMNS[2:]:
        factors[name] = 1 - into_white if name.startswith(("left", "back", "down")) else 1 + into_white
    table = measured.load[list(Cell._fields)]
    return table.assign(**{name: volume * factors[name] for name in MARGIN_COLUMNS})


def sure(scorer, lesion, context=CHILD, ratios=None, **moved):
    measured = tables(lesion, ratios=ratios)
    found = margins(measured, **moved)
    return score_surely(scorer, measured, found, context, read_criteria(scorer.criteria))


def scaled(lesion_ml, factor):
    return {key: factor * ml for key, ml in lesion_ml.items()}


@pytest.mark.parametrize("lesion_ml", [TRIGONES, BASAL_GANGLIA, CAVITY, MCA_WEDGE])
@pytest.mark.parametrize("scorer", [MRICS, DOMINANCE], ids=["mrics", "dominance"])
def test_clear_cases_stay(scorer, lesion_ml):
    result = sure(scorer, lesion_ml)
    assert result["confidence"] >= 0.95
    assert result["not_assessed"] is None


@pytest.mark.parametrize(
    ("lesion_ml", "grade", "share"),
    [(TRIGONES, "mild", 1.0), (BASAL_GANGLIA, "moderate", 1.0), (MCA_WEDGE, None, None)],
    ids=["trigones", "nuclei", "wedge"],
)
def test_a_grade_has_a_stability_of_its_own(lesion_ml, grade, share):
    result = sure(MRICS, lesion_ml)
    assert (result["severity"], result["severity_stability"]) == (grade, share)


def without_hindbrain(measured: Tables) -> Tables:
    """Return tables of a scan whose brainstem and cerebellum were not searched."""
    load = measured.load.copy()
    load.loc[load["tissue"].isin(["brainstem", "cerebellum"]), "lesion_volume_mm3"] = np.nan
    return replace(measured, load=load)


def test_what_was_not_searched_stays_unknown_in_every_repetition():
    measured = without_hindbrain(tables({**TRIGONES, ("pons", "midline"): 9.0}))
    found = margins(measured)
    result = score_surely(DOMINANCE, measured, found, CHILD, read_criteria(DOMINANCE.criteria))
    assert (result["call"], result["confidence"]) == ("white_matter", 1.0)
    assert result["shares"]["brainstem"] is result["shares"]["cerebellum"] is None
    for varied, _ in repetitions(measured, found, read_criteria(DOMINANCE.criteria)):
        unknown = np.isnan(varied.load["lesion_volume_mm3"])
        assert unknown.tolist() == measured.load["lesion_volume_mm3"].isna().tolist()
        assert not np.isnan(varied.lesions["volume_mm3"]).any()


def test_a_borderline_case_is_less_sure_than_a_clear_one():
    clear = sure(DOMINANCE, {**BASAL_GANGLIA, **scaled(TRIGONES, 0.2)})
    borderline = sure(DOMINANCE, {**BASAL_GANGLIA, **scaled(TRIGONES, 1.5)})
    assert clear["confidence"] == 1
    assert borderline["confidence"] < 0.9
    assert {other["call"] for other in borderline["alternatives"]} & {"white_matter", "mixed"}


def test_on_the_limit_the_two_candidates_are_named_instead_of_a_call():
    """1.5 times 4.28 of 428 ml of white matter is as much as 0.735 of 49 ml of deep grey."""
    result = sure(
        DOMINANCE, [{("putamen", "left"): 0.735}, {white("left", "periventricular", "frontal"): 4.28}]
    )
    assert result["call"] == "indeterminate"
    assert result["confidence"] < 0.6
    assert {other["call"] for other in result["alternatives"]} == {"deep_grey", "mixed"}
    assert sum(other["share"] for other in result["alternatives"]) == pytest.approx(1)
    assert result["not_assessed"].startswith("call is indeterminate: ")


def test_an_unstable_group_takes_its_details_with_it():
    """19 of 428 ml of white matter are 4.4 %, 2 of 49 ml of deep grey 4.1 %."""
    balanced = [*by_side(scaled(TRIGONES, 6.3)), *by_side(BASAL_GANGLIA)]
    result = sure(MRICS, balanced, context=replace(CHILD, gestation_weeks=40.0))
    assert (result["group"], result["subgroup"], result["severity"], result["side"]) == (
        "n/a",
        "n/a",
        None,
        None,
    )
    assert not result["discordant"]  # B1, taken back, is rare at term
    assert {other["call"] for other in result["alternatives"]} == {"B1", "C1"}
    assert "B1" in result["not_assessed"]
    assert "C1" in result["not_assessed"]


def test_an_unstable_subgroup_leaves_the_group():
    """A fan of 1 in 4 ml: 25 %, the limit."""
    fan = {white("left", "periventricular", "parietal"): 3.6, white("left", "subcortical", "parietal"): 1.2}
    result = sure(MRICS, [fan, {white("right", "periventricular", "parietal"): 0.5}])
    assert (result["group"], result["subgroup"]) == ("B", "n/a")
    assert result["confidence"] == 1
    assert result["subgroup_confidence"] < 0.6
    assert [other["call"] for other in result["alternatives"]] in (["B1", "B3"], ["B3", "B1"])


def test_the_trace_ends_with_how_often_the_call_stays():
    steps = sure(MRICS, TRIGONES)["evidence"][-2:]
    assert [step["rule"] for step in steps] == [
        "repetitions that keep the group B",
        "repetitions that keep the subgroup B1",
    ]
    assert steps[0] == {
        "rule": "repetitions that keep the group B",
        "value": 1.0,
        "limit": "≥ 0.6",
        "source": "ours: below, the two most frequent calls are named instead of one [D]",
    }


def test_the_same_scan_is_as_sure_again_and_in_any_row_order():
    measured = tables({**BASAL_GANGLIA, **TRIGONES})
    found, criteria = margins(measured), read_criteria(MRICS.criteria)
    once = score_surely(MRICS, measured, found, CHILD, criteria)
    shuffled = Tables(*(table.iloc[::-1].reset_index(drop=True) for table in vars(measured).values()))
    again = score_surely(MRICS, shuffled, found.sample(frac=1, random_state=1), CHILD, criteria)
    assert {k: v for k, v in again.items() if k != "evidence"} == {
        k: v for k, v in once.items() if k != "evidence"
    }


def detected(scorer, lesions, probabilities, mirror=False):
    """Return the result of lesions that detection gives a probability each."""
    measured = tables([mirrored(lesion) for lesion in lesions] if mirror else lesions)
    measured = replace(measured, lesions=measured.lesions.assign(probability=probabilities))
    return score_surely(scorer, measured, margins(measured), CHILD, read_criteria(scorer.criteria))


@pytest.mark.parametrize(
    ("probability", "least", "most"), [(np.nan, 1, 1), (0.76, 1, 1), (0.7, 0.65, 0.95), (0.5, 0, 0.2)]
)
def test_a_lesion_that_detection_doubts_is_left_out_of_repetitions(probability, least, most):
    """Nuclei of both sides are C1, of one side not; 0.7 is below 1 in 5 thresholds of 0.5 to 0.75."""
    left, right = by_side(BASAL_GANGLIA)
    result = detected(MRICS, [left, right], [0.99, probability])
    assert least <= result["subgroup_confidence"] <= most
    again = detected(MRICS, [left, right], [0.99, probability], mirror=True)
    assert again["subgroup_confidence"] == result["subgroup_confidence"]


def test_what_is_left_out_is_missing_from_load_and_parts_and_from_nothing_else():
    left, right = by_side(TRIGONES)
    measured = tables([left, right])
    measured = replace(measured, lesions=measured.lesions.assign(probability=[0.99, 0.5]))
    criteria = read_criteria(MRICS.criteria)
    for varied, _ in repetitions(measured, margins(measured, border=0.0, shift=0.0), criteria):
        volume = dict.fromkeys(("left", "right", "midline"), 0.0)
        for side, tissue, mm3 in rows_of(varied.load, ("side", "tissue", "lesion_volume_mm3")):
            volume[side] += mm3 * (tissue != "overlay")
        assert volume["left"] == pytest.approx(1000 * sum(left.values()))
        assert volume["right"] == 0
        parts = rows_of(varied.parts, ("index", "volume_mm3"))
        assert {number for number, mm3 in parts if mm3 > 0} == {1}


@pytest.mark.parametrize("lesion_ml", [CAVITY, {**scaled(BASAL_GANGLIA, 0.2), **CAVITY}])
def test_a_mirrored_scan_is_exactly_as_sure(lesion_ml):
    criteria = read_criteria(MRICS.criteria)
    plain, other = tables(lesion_ml), tables(mirrored(lesion_ml))
    here, there = margins(plain), margins(other).rename(columns=SWAP)[list(margins(other))]
    once, again = (score_surely(MRICS, *pair, CHILD, criteria) for pair in ((plain, here), (other, there)))
    same = ("group", "subgroup", "confidence", "subgroup_confidence", "alternatives")
    assert [again[name] for name in same] == [once[name] for name in same]


def test_repetitions_lie_between_what_was_measured_and_what_was_moved():
    measured = tables(CAVITY)
    found = list(repetitions(measured, margins(measured, 0.3, 0.1), read_criteria(MRICS.criteria)))
    assert len(found) == 2 * PAIRS
    lesion = np.array([varied.load["lesion_volume_mm3"] for varied, _ in found])
    volume = measured.load["lesion_volume_mm3"].to_numpy()
    assert (lesion >= volume * 0.4 - 1e-9).all()  # 1 − 0.3 − 3 × 0.1
    assert (lesion <= volume * 1.6 + 1e-9).all()
    assert (lesion[:, volume > 0].std(axis=0) > 0).all()
    limits = [criteria["minimum_volume"]["value"] for _, criteria in found]
    assert 24 <= min(limits) < 26
    assert 34 < max(limits) <= 36


def test_margins_of_another_table_are_refused():
    measured = tables(CAVITY)
    with pytest.raises(InputError, match="lacks rows of the load table"):
        score_surely(MRICS, measured, margins(measured)[1:], CHILD, read_criteria(MRICS.criteria))


def test_a_lesion_never_outgrows_its_region():
    measured = tables({("putamen", "left"): 3.5, ("putamen", "right"): 3.4})
    for varied, _ in repetitions(measured, margins(measured), read_criteria(MRICS.criteria)):
        region = np.array(varied.load["region_volume_mm3"])
        assert (region > 0).sum() > 2
        assert (varied.load["lesion_volume_mm3"] <= region)[region > 0].all()


def test_a_cell_that_only_the_moved_lesion_reaches_falls_to_the_largest_of_its_side():
    measured = tables([{("putamen", "left"): 1.0}, {("caudate", "left"): 3.0}, {("putamen", "right"): 4.0}])
    found = margins(measured)
    here = (measured.load["structure"] == "thalamus") & (measured.load["side"] == "left")
    found.loc[here, "grown_mm3"] = 50.0
    reached = set()
    for varied, _ in repetitions(measured, found, read_criteria(MRICS.criteria)):
        rows = rows_of(varied.parts, ("structure", "index", "volume_mm3"))
        ((number, volume),) = [row[1:] for row in rows if row[0] == "thalamus"]
        assert number == 2
        reached.add(volume > 0)
    assert reached == {True, False}


@pytest.mark.parametrize("reached_mm3", [0.0, 0.5, 50.0])
def test_the_parts_of_two_lesions_add_up_to_the_load_of_every_repetition(reached_mm3):
    """A third of the putamen's lesion is of one lesion; the border alone reaches the thalamus."""
    measured = tables([{("putamen", "left"): 0.5, ("caudate", "left"): 0.2}, {("putamen", "left"): 1.0}])
    found = margins(measured)
    here = (measured.load["structure"] == "thalamus") & (measured.load["side"] == "left")
    found.loc[here, "grown_mm3"] = reached_mm3
    names = ("structure", "side", "tissue", "lobe", "layer")
    for varied, _ in repetitions(measured, found, read_criteria(MRICS.criteria)):
        held, putamen = defaultdict(float), {}
        for *cell, number, mm3 in rows_of(varied.parts, (*names, "index", "volume_mm3")):
            held[tuple(cell)] += mm3
            if cell[0] == "putamen":
                putamen[number] = mm3
        load = {tuple(cell): mm3 for *cell, mm3 in rows_of(varied.load, (*names, "lesion_volume_mm3"))}
        assert held == pytest.approx({cell: load[cell] for cell in held})
        assert sum(held.values()) == pytest.approx(sum(load.values()))
        assert {cell[0] for cell in held} == {"putamen", "caudate"} | ({"thalamus"} if reached_mm3 else set())
        assert putamen[2] == pytest.approx(2 * putamen[1])


NOT_CONFIDENT = {
    "one voxel": ({("thalamus", "left"): 0.001}, {}, "too small to classify"),
    "a voxel of 3 mm": ({("thalamus", "left"): 0.027}, {}, "too small to classify"),
    "whole brain": (
        {**HEMISPHERES, ("pons", "midline"): 15.0, **both({"cerebellum_cortex": 55.0})},
        {},
        "the lesion mask fills the brain",
    ),
    "outside": ({("outside_brain", "midline"): 2.0}, {}, "the lesion lies outside of the brain"),
    "failed checks": (TRIGONES, {"qc": "fail"}, "quality control failed"),
    "no mask": (TRIGONES, {"lesion_source": None}, "no mask and no detector"),
    "empty, age unknown": ({}, {"age_years": None}, "age of 24 months or more"),
    "nothing detected": (
        {},
        {"lesion_source": "detected"},
        "a reader's mask (software misses small lesions)",
    ),
    "no lesion by a tool": ({}, {"lesion_source": "lesion_command"}, "a reader's mask"),
    "empty, one contrast": ({}, {"contrasts": ("T1w",)}, "T2w or FLAIR"),
}


@pytest.mark.parametrize("case", NOT_CONFIDENT)
def test_what_cannot_be_judged_is_never_a_confident_call(case):
    lesion_ml, change, reason = NOT_CONFIDENT[case]
    result = sure(MRICS, lesion_ml, context=replace(CHILD, **change))
    assert (result["group"], result["confidence"], result["alternatives"]) == ("n/a", None, [])
    assert reason in result["not_assessed"]
    assert sure(DOMINANCE, lesion_ml, context=replace(CHILD, **change))["confidence"] is None


def test_a_lesion_near_the_minimum_is_not_sure():
    result = sure(MRICS, {("thalamus", "left"): 0.032}, border=0.9)
    assert result["confidence"] < 0.9


def test_a_given_lesion_is_judged_without_flair_and_age():
    context = replace(CHILD, contrasts=("T1w",), age_years=None)
    assert sure(MRICS, TRIGONES, context=context)["subgroup"] == "B1"


def test_a_scale_gets_the_spread_of_its_points():
    fiori = SCORERS["fiori"]
    lesion_ml = {**TRIGONES, ("caudate", "left"): 0.045}  # of 4 ml: just above the limit of 1 %
    result = sure(fiori, lesion_ml)
    assert result["range"] == [3, 7]  # vermis and callosum are not in these tables
    assert result["spread"] == [2, 7]
    clear = sure(fiori, {**TRIGONES, ("caudate", "left"): 1.0})
    assert clear["spread"] == clear["range"] == [3, 7]


def test_levels_spread_in_their_order():
    newborn = replace(CHILD, age_years=5 / 365.25)
    focus = white("left", "subcortical", "parietal")
    result = sure(SCORERS["nichd"], {focus: 2.7}, newborn)  # 0.28 % of 978 ml: 1A, at the limit of 0.3 %
    assert (result["range"], result["spread"]) == (["1A", "1A"], ["1A", "1B"])


def test_points_are_not_varied():
    criteria = read_criteria(SCORERS["fiori"].criteria)
    measured = tables(TRIGONES)
    for _, varied in repetitions(measured, margins(measured), criteria):
        assert varied["structure_points"] == criteria["structure_points"]
        assert varied["layer_most"]["value"] != criteria["layer_most"]["value"]


def test_an_unscored_scale_has_no_spread():
    result = sure(SCORERS["fiori"], TRIGONES, replace(CHILD, age_years=None))
    assert (result["range"], result["spread"]) == (None, None)


def test_the_spread_leaves_out_a_twentieth_at_either_end():
    """Of 100 repetitions that give 0 to 100, 1 to 101 and so on: the sixth lowest, the sixth highest."""
    counted = iter(range(-1, 100))  # the scan itself comes first

    def score(tables, context, criteria):
        place = next(counted)
        return {"range": [float(place), float(place + 100)], "evidence": [], "not_assessed": None}

    result = sure(replace(SCORERS["fiori"], score=score), TRIGONES)
    assert result["spread"] == [5.0, 194.0]


def test_the_spread_is_that_of_the_repetitions_in_which_the_scale_is_scored():
    """Of 95 that give 0 to 94, the others nothing: a twentieth are 4 whole ones at either end."""
    counted = iter(range(-1, 100))

    def score(tables, context, criteria):
        place = next(counted)
        return {"range": [place, place] if place < 95 else None, "evidence": [], "not_assessed": None}

    assert sure(replace(SCORERS["fiori"], score=score), TRIGONES)["spread"] == [4, 90]


@pytest.mark.parametrize("first", ["brainstem", "cerebellum"])
def test_calls_as_frequent_as_each_other_are_told_by_name(first):
    """Whichever the repetitions begin with: 50 of 100 each."""
    (second,) = {"brainstem", "cerebellum"} - {first}
    calls = iter(["cortex", *[first] * 50, *[second] * 50])

    def score(tables, context, criteria):
        return {"call": next(calls), "evidence": [], "not_assessed": None}

    result = sure(replace(DOMINANCE, score=score), TRIGONES)
    assert result["not_assessed"].startswith("call is indeterminate: brainstem (50%) or cerebellum (50%)")
    assert [other["call"] for other in result["alternatives"]] == ["brainstem", "cerebellum"]


def test_another_call_is_told_from_a_twentieth_on():
    """Of 100 repetitions 90 keep the cortex, 5 say brainstem, 4 cerebellum and 1 mixed."""
    calls = iter(["cortex"] * 91 + ["brainstem"] * 5 + ["cerebellum"] * 4 + ["mixed"])

    def score(tables, context, criteria):
        return {"call": next(calls), "evidence": [], "not_assessed": None}

    result = sure(replace(DOMINANCE, score=score), TRIGONES)
    assert result["confidence"] == 0.9
    assert result["alternatives"] == [{"call": "brainstem", "share": 0.05}]


def test_pieces_grow_as_the_whole_lesion_does():
    measured = tables(TRIGONES)
    whole_mm3 = measured.load["lesion_volume_mm3"].sum()
    criteria = read_criteria(MRICS.criteria)
    grown = set()
    for varied, _ in repetitions(measured, margins(measured), criteria):
        factor = varied.load["lesion_volume_mm3"].sum() / whole_mm3
        assert varied.lesions["volume_mm3"].tolist() == pytest.approx([1500 * factor] * 2)  # 1.5 ml each
        grown.add(round(factor, 3))
    assert min(grown) < 0.95 < 1.05 < max(grown)


def test_a_mirrored_draw_moves_the_other_side_as_far_and_left_for_right():
    shift, near = np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]), np.array([0.7, 0.8])
    draw = Draw(0.5, shift, near, {}, {"x": np.array([1, 2])}, 0.6)
    mirror = draw.mirrored()
    assert mirror.shift.tolist() == [[-0.4, 0.5, 0.6], [-0.1, 0.2, 0.3]]
    assert mirror.near.tolist() == [0.8, 0.7]
    assert mirror.ratios["x"].tolist() == [2, 1]
    assert mirror.border == 0.5


def test_draws_reach_from_minus_to_plus_one_step():
    draws = [_draw(np.random.default_rng(seed), ["limit"], ["thalamus"]) for seed in range(300)]
    for drawn in (
        [draw.border for draw in draws],
        np.stack([draw.shift for draw in draws]),
        np.stack([draw.near for draw in draws]),
        [draw.criteria["limit"] for draw in draws],
        [draw.ratios["thalamus"] for draw in draws],
    ):
        assert -1 <= np.min(drawn) < -0.9
        assert 0.9 < np.max(drawn) <= 1


@pytest.mark.parametrize(
    ("border", "near", "farther_mm"),
    [(1.0, 0.0, -1.0), (-1.0, 0.0, 1.0), (0.0, 0.5, -0.5), (0.25, 0.5, -0.75)],
)
def test_a_border_that_lies_farther_out_lies_nearer_to_the_ventricle(border, near, farther_mm):
    measured = tables(TRIGONES)
    measured = replace(measured, lesions=measured.lesions.assign(distance_ventricle_mm=10.0))
    still = defaultdict(lambda: np.zeros(2))
    draw = Draw(border, np.zeros((2, 3)), np.array([near, near]), {}, still, 0.5)
    varied = _Uncertain(measured, margins(measured)).varied(draw)
    found = np.array([float(cell) for cell in varied.lesions["distance_ventricle_mm"]])
    assert found == pytest.approx(10.0 + MARGIN_MM * farther_mm)


@pytest.mark.parametrize(
    ("axis", "back", "forth"), [(0, "left", "right"), (1, "back", "front"), (2, "down", "up")]
)
def test_a_lesion_moves_where_the_draw_says(axis, back, forth):
    """Half a step does half of what a whole one does: moved forth it doubles here, moved back it is gone."""
    measured = tables({("putamen", "left"): 1.0, ("putamen", "right"): 1.0})
    found = margins(measured, border=0.0, shift=0.0)
    volume = measured.load["lesion_volume_mm3"]
    found = found.assign(**{f"{back}_mm3": 0 * volume, f"{forth}_mm3": 2 * volume})
    shift = np.zeros((2, 3))
    shift[:, axis] = 0.5, -0.25
    draw = Draw(0.0, shift, np.zeros(2), {}, defaultdict(lambda: np.zeros(2)), 0.5)
    varied = _Uncertain(measured, found).varied(draw)
    cells = rows_of(varied.load, ("structure", "side", "lesion_volume_mm3"))
    moved = {side: mm3 for structure, side, mm3 in cells if structure == "putamen"}
    assert moved == {"left": pytest.approx(1500), "right": pytest.approx(750)}


def test_the_largest_lesion_of_a_side_is_so_by_tissue_not_by_tracts():
    """Lesion 1 holds 3 + 2 mm3 on the left, lesion 2 holds 4; its 9 mm3 within a tract were counted there."""
    parts = pd.DataFrame(
        [
            (1, "left", "white_matter", 3.0),
            (1, "left", "deep_grey", 2.0),
            (2, "left", "white_matter", 4.0),
            (2, "left", "overlay", 9.0),
            (2, "right", "cortex", 1.0),
        ],
        columns=["index", "side", "tissue", "volume_mm3"],
    )
    assert [_largest_on(parts, side) for side in ("left", "right", "midline")] == [1, 2, 1]


@pytest.mark.parametrize(
    ("age_years", "source", "focus_ml", "called"),
    [
        (0.0, "given mask", 0.010, True),
        (0.0, "given mask", 0.007, False),
        (-0.1, "given mask", 0.010, True),  # before term
        (0.24, "given mask", 0.010, True),
        (0.26, "given mask", 0.010, False),
        (None, "given mask", 0.010, False),
        (0.0, "lesion_command", 0.010, False),
        (6.0, "given mask", 0.025, False),
    ],
)
def test_a_reader_s_focus_counts_from_8_mm3_in_a_newborn_and_from_30_later(
    age_years, source, focus_ml, called
):
    context = replace(CHILD, age_years=age_years, lesion_source=source)
    result = sure(MRICS, [{white("right", "deep", "frontal"): focus_ml}], context)
    assert ("too small" not in str(result["not_assessed"])) == called
