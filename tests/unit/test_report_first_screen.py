import pytest
import report_content as content

from cpimaging.report import first_screen, tables
from cpimaging.report.first_screen import Broken, broken, facts


def test_sides_and_places_of_the_lesion_are_told_by_volume():
    """2 ml left white matter, 0.5 left thalamus, 0.25 pons, 0.1 outside: of 2.85 ml 88 % lie left."""
    rows = [row for row in tables.load_rows(content.load()) if row.tissue != "overlay"]
    told = dict(facts(content.pattern(), None, rows, ["T2w, ADC: not given"]))
    assert told["Side"] == "88 % left, 8.8 % midline, 3.5 % in no structure"
    where = "lobar white matter left 2.0 ml, thalamus left 0.50 ml, pons 0.25 ml"
    assert told["Most of it in"] == where
    assert told["Not assessed"] == "T2w, ADC: not given; malformations, cause and prognosis: never"


def row(structure, left, right):
    return tables.Row(
        structure, structure, "deep_grey", tables.Cell(left, 1.0), tables.Cell(right, 1.0), None
    )


def test_a_part_counts_with_its_whole_and_what_is_not_named_is_added_up():
    """Thalami: 300 + 100 and 200 mm³; five more structures of 50, 40, 30, 20 and 10 mm³."""
    rows = [row("thalamus", 300.0, 0.0), row("thalamus_ventrolateral", 100.0, 200.0)]
    names = ("caudate", "putamen", "pallidum", "hippocampus", "amygdala")
    rows += [row(name, 0.0, 50.0 - 10 * place) for place, name in enumerate(names)]
    told = dict(facts(content.pattern(), None, rows, []))
    assert told["Most of it in"] == (
        "thalamus 0.60 ml (left 0.40, right 0.20), caudate right 0.050 ml, putamen right 0.040 ml, "
        "pallidum right 0.030 ml, 2 others 0.030 ml"
    )


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
