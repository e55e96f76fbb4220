import pytest
from scorer_tables import CHILD, tables

from cpimaging.scorers import SCORERS, read_criteria
from cpimaging.scorers.base import Trace
from cpimaging.scorers.injury import Injury, white_matter_load

LOST_LEFT = {("lateral_ventricle", "left"): 2.0, ("white_matter", "left"): 0.6}
"""The left ventricle is twice the template's, and two fifths of the left white matter are gone."""


@pytest.fixture
def trace() -> Trace:
    return Trace(read_criteria(SCORERS["dominance"].criteria))


@pytest.mark.parametrize(
    ("sides", "load"), [(("left", "right"), 20.0), (("left",), 40.0), (("right",), 0.0)], ids=str
)
def test_tissue_lost_on_one_side_counts_half_for_both(
    trace: Trace, sides: tuple[str, ...], load: float
) -> None:
    """Without any lesion: 40 % lost on the left, 0 % on the right, so 20 % of the white matter."""
    injury = Injury(tables({}, ratios=LOST_LEFT))
    assert white_matter_load(injury, trace, sides) == pytest.approx(load)


def test_a_load_and_a_loss_add_up(trace: Trace) -> None:
    """15 % of 90 + 60 + 40 + 20 ml is 31.5 ml periventricular on each side: 3.15 of 63 ml are 5 %."""
    lesion = {("white_matter", "left", "frontal", "periventricular"): 3.15}
    injury = Injury(tables(lesion, ratios=LOST_LEFT))
    assert white_matter_load(injury, trace) == pytest.approx(5.0 + 20.0)
    assert white_matter_load(injury, trace, ["left"]) == pytest.approx(10.0 + 40.0)


def test_the_most_affected_row_needs_no_more_than_the_least_volume() -> None:
    """0.03 of 4 ml caudate are 0.75 %, and exactly 30 mm³."""
    injury = Injury(tables({("caudate", "left"): 0.03}))
    assert injury.highest_load(["nuclei"], 30.0) == pytest.approx(0.75)
    assert injury.highest_load(["nuclei"], 30.1) == 0.0


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
