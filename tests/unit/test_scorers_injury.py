from dataclasses import replace

import pytest
from scorer_tables import CHILD, tables, white

from cpimaging.scorers import SCORERS, read_criteria
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury, no_lesion

CRITERIA = read_criteria(SCORERS["mrics"].criteria)


def test_the_larger_ventricle_is_taken() -> None:
    ratios = {("lateral_ventricle", "left"): 1.2, ("lateral_ventricle", "right"): 1.9}
    assert Injury(tables({}, ratios=ratios)).ventricle_ratio() == 1.9


@pytest.mark.parametrize(("age_years", "group"), [(2.0, "n/a"), (1.99, "B")])
def test_from_two_years_on_more_must_be_found_without_flair(age_years: float, group: str) -> None:
    """1 ml on T1w alone: at two years software may find 3 ml in health, below only 0.4 ml."""
    sides = ("left", "right")
    lesion = {("white_matter", side, "parietal", "periventricular"): 0.5 for side in sides}
    context = replace(CHILD, age_years=age_years, contrasts=("T1w",), lesion_source="detected")
    mrics = SCORERS["mrics"]
    assert mrics.score(tables(lesion), context, read_criteria(mrics.criteria))["group"] == group


@pytest.mark.parametrize(("right_mm3", "crosses"), [(1.0, True), (0.0, False)])
def test_a_lesion_crosses_the_callosum_if_it_holds_tissue_on_either_side(right_mm3, crosses) -> None:
    """Repetitions have parts of no volume where the lesion was moved away."""
    sides = {white(side, "deep", "frontal"): 1.0 for side in ("left", "right")}
    found = tables([sides | {("corpus_callosum_genu", "midline"): 0.5}], more=True)
    right = found.parts["side"] == "right"
    moved = replace(
        found, parts=found.parts.assign(volume_mm3=found.parts["volume_mm3"].mask(right, right_mm3))
    )
    assert Injury(moved).crossed == (frozenset({"corpus_callosum_genu"}) if crosses else frozenset())


def test_amounts_are_those_of_the_sides_that_are_asked_for() -> None:
    """3 ml on the left, 1 ml on the right; 0.5 of 2 ml of one posterior limb."""
    lesion = {
        white("left", "deep", "frontal"): 2.5,
        ("plic", "left"): 0.5,
        ("putamen_posterior", "right"): 1.0,
    }
    injury = Injury(tables({**lesion, ("pons", "midline"): 2.0, ("watershed_anterior", "left"): 2.0}))
    assert injury.total_mm3 == 6000
    assert injury.laterality() == 0.5
    assert injury.structure("plic").load == pytest.approx(100 * 0.5 / 4)
    assert injury.structure("plic", ["left"]).load == 25
    assert injury.structure("putamen", ["right"]).load == pytest.approx(100 * 1 / 5)
    assert injury.lesion_mm3(["white_matter"], ["left"]) == 3000
    assert injury.lesion_mm3(["white_matter", "deep_grey"]) == 4000
    assert injury.of(["brainstem"], ["midline"]).load == pytest.approx(100 * 2 / 27)
    assert injury.layer_load("deep", "left") == pytest.approx(100 * 2.5 / 73.5)
    assert injury.layer_load("deep", "left", ["frontal"]) == pytest.approx(100 * 2.5 / 31.5)


@pytest.mark.parametrize(("share", "reason"), [(0.949, None), (0.951, "the lesion mask fills the brain")])
def test_a_mask_that_fills_nearly_the_whole_brain_is_no_lesion(share, reason) -> None:
    """The limit is 95 % of all tissue; the evidence tells the share."""
    empty = tables({})
    tissue = ~empty.load["tissue"].isin(["overlay", "outside", "csf"])
    filled = (share * empty.load["region_volume_mm3"]).where(tissue, 0.0)
    injury = Injury(replace(empty, load=empty.load.assign(lesion_volume_mm3=filled)))
    trace = Trace(CRITERIA)
    assert no_lesion(injury, trace) == reason
    assert [step.value for step in trace.steps] == ([pytest.approx(95.1)] if reason else [])
