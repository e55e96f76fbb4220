import pytest
from scorer_tables import CHILD, tables

from cpimaging.scorers import SCORERS, read_criteria
from cpimaging.scorers.injury import Injury


def test_the_larger_ventricle_is_taken() -> None:
    ratios = {("lateral_ventricle", "left"): 1.2, ("lateral_ventricle", "right"): 1.9}
    assert Injury(tables({}, ratios=ratios)).ventricle_ratio() == 1.9


@pytest.mark.parametrize(("age_years", "group"), [(2.0, "n/a"), (1.99, "B")])
def test_from_two_years_on_more_must_be_found_without_flair(age_years: float, group: str) -> None:
    """1 ml on T1w alone: at two years software may find 3 ml in health, below only 0.4 ml."""
    from dataclasses import replace

    sides = ("left", "right")
    lesion = {("white_matter", side, "parietal", "periventricular"): 0.5 for side in sides}
    context = replace(CHILD, age_years=age_years, contrasts=("T1w",), lesion_source="detected")
    mrics = SCORERS["mrics"]
    assert mrics.score(tables(lesion), context, read_criteria(mrics.criteria))["group"] == group
