import pytest
import report_content as content

from cpimaging.report import first_screen, tables
from cpimaging.report.first_screen import Broken, broken, facts


def test_sides_and_places_of_the_lesion_are_told_by_volume():
    """2 ml left white matter, 0.5 left thalamus, 0.25 pons, 0.1 outside: of 2.85 ml 88 % lie left."""
    rows = [row for row in tables.load_rows(content.load()) if row.tissue != "overlay"]
    told = dict(facts(content.pattern(), None, rows, ["T2w, ADC: not given"]))
    assert told["Side"] == "88 % left, 8.8 % midline, 3.5 % in no structure"
    where = "lobar white matter left (2.0 ml), thalamus left (0.50 ml), pons (0.25 ml)"
    assert told["Most of it in"] == where
    assert told["Not assessed"] == "T2w, ADC: not given; malformations, cause and prognosis: never"


def test_without_a_call_nothing_is_told_of_calls():
    reason = {"not_assessed": "quality control failed"}
    pattern = {"dominance": {"call": "not_assessed", **reason}, "mrics": {"group": "n/a", **reason}}
    assert facts(pattern, None, [], []) == [("Not assessed", first_screen.NEVER)]
    assert first_screen.reason_told(pattern) == "quality control failed"
    assert first_screen.not_called(pattern) == ["Dominance, MRICS group: the reason stands at the top"]


@pytest.mark.parametrize(
    ("value", "told"), [(0.4, "0.40"), (0.497, "0.497"), (0.49996, "0.49996"), (0.5, "0.50"), (-0.8, "−0.80")]
)
def test_a_value_is_never_rounded_to_its_limit(value, told):
    flag = {"name": "similarity", "value": value, "limit": 0.5, "ok": False}
    assert broken({"verdict": "warn", "flags": [flag]}) == [Broken("Similarity", told, "0.5", "")]
