from dataclasses import replace

import pytest
from scorer_tables import CHILD, tables, white

from cpimaging.scorers import SCORERS, read_criteria
from cpimaging.scorers.injury import Injury


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
