"""What the scorers add to the outputs of a study."""

from cpimaging.scorers import SCORERS
from cpimaging.scorers.group import pattern_keys


def test_the_pattern_has_each_scorer_below_its_name_and_scales_below_theirs():
    kinds = {key.name: key.dtype for key in pattern_keys()}
    places = {f"scales.{name}" if scorer.scale else name for name, scorer in SCORERS.items()}
    assert {"mrics", "dominance", "scales.fiori"} <= places
    assert {name for name, kind in kinds.items() if name in places and kind == "object"} == places
    assert (kinds["mrics.subgroup"], kinds["scales.fiori.range"]) == ("str", "list")
