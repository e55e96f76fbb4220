"""A page that contradicts its tables is not written."""

from copy import deepcopy

import numpy as np
import pytest
import report_content as content
from scorer_tables import CHILD, lesion_table, tables

from cpimaging.report.agreement import contradictions
from cpimaging.report.scan import page_values
from cpimaging.scorers import pattern_content, read_criteria

pytestmark = pytest.mark.slow

TABLES = tables({("thalamus", "left"): 0.5, ("perirolandic", "right"): 0.25, ("pons", "midline"): 0.25})
LESIONS = lesion_table(("left", 5.0, 0.5), ("right", 20.0, 0.5))


B1_TOO = {"call": "B1", "share": 0.2}


def scan(load=None, **changes):
    load = TABLES.load if load is None else load
    pattern = pattern_content(
        "all", lambda scorer: scorer.score(TABLES, CHILD, read_criteria(scorer.criteria))
    )
    pattern["out_of_group"] = None
    report = content.scan_report(
        load=load, lesions=LESIONS, pattern=pattern, qc={"verdict": "pass", "flags": []}
    )
    values = page_values(report) | changes
    return values, deepcopy(pattern), load, LESIONS, content.morphometry()


def test_a_page_agrees_with_its_tables():
    values, pattern, *measured = scan()
    assert values["total_mm3"] == 1000.0
    assert contradictions(values, pattern, *measured) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"total_mm3": 1001.0}, "the page says 1001.000 mm3 of lesion, the load table 1000.000 mm3"),
        ({"sided": []}, "the structures shown 250.000 mm3"),
        ({"panel": "pass", "title": "Not assessed"}, None),
    ],
)
def test_what_the_page_shows_is_what_was_measured(change, told):
    found = contradictions(*scan(**change))
    assert any(told in line for line in found) if told else found == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("shares", "brainstem"), 0.5, "brainstem, all: the page says"),
        (("sides", "left", "deep_grey"), 0.0, "deep_grey, left"),
        (("sides", "midline", "brainstem"), None, "brainstem, midline"),
        (("laterality_index",), 0.9, "laterality is +0.900"),
        (("not_assessed",), "for a reason", "and not assessed: for a reason"),
    ],
)
def test_the_pattern_says_what_the_tables_do(path, value, told):
    values, pattern, *measured = scan()
    place = pattern["dominance"]
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert any(told in line for line in contradictions(values, pattern, *measured))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"group": "B", "subgroup": "C1"}, "MRICS subgroup C1 is none of group B"),
        ({"group": "B", "subgroup": "B1", "secondary": ["B1"]}, "fits beside itself"),
        (
            {"subgroup_confidence": 0.9, "alternatives": [{"call": "B3", "share": 0.14}]},
            "the repetitions add up to 104%",
        ),
        (
            {
                "subgroup": "B1",
                "group": "B",
                "confidence": 0.5,
                "alternatives": [{"call": "B1", "share": 0.2}],
            },
            "B1 is called, and what else came out",
        ),
    ],
)
def test_a_call_does_not_contradict_itself(change, told):
    values, pattern, *measured = scan()
    pattern["mrics"] |= {"not_assessed": None, **change}
    assert any(told in line for line in contradictions(values, pattern, *measured))


def test_nothing_found_wears_no_colour_of_a_finding():
    values, pattern, *measured = scan()
    pattern["dominance"] |= {"call": "not_assessed", "not_assessed": "x"}
    pattern["mrics"] |= {"group": "n/a", "subgroup": "n/a"}
    assert any(
        "the panel is that of a finding" in line for line in contradictions(values, pattern, *measured)
    )
    pattern["out_of_group"] = "x"
    assert any("does not count: x" in line for line in contradictions(values, pattern, *measured))


def test_a_row_that_nobody_searched_leaves_its_voxels_out_with_a_word():
    load = TABLES.load.copy()
    load.loc[load["structure"] == "pons", "lesion_volume_mm3"] = np.nan
    values, pattern, *measured = scan(load)
    assert values["unplaced_mm3"] == pytest.approx(250.0)
    lines = contradictions(values, pattern, *measured)
    assert not any("lesions one by one" in line for line in lines)


def test_an_asymmetry_is_that_of_the_volumes():
    """Thalamus: 5200 and 5900 mm³, so -700 of 11100."""
    values, pattern, load, lesions, volumes = scan()
    row = {**volumes.iloc[0], "measure": "asymmetry_index", "side": "midline", "unit": "1"}
    told = "the asymmetry of thalamus is +0.010, of its volumes -0.0631"
    for value, wrong in ((-700 / 11100, []), (0.01, [told])):
        volumes.loc[4] = {**row, "value": value}
        assert contradictions(values, pattern, load, lesions, volumes) == wrong
