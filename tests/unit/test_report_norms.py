"""What pages show of norms: names, places, counts, and what they leave out."""

import numpy as np
import pandas as pd

from cpimaging.report.norms import Distance, cohort_norms, norm_name, scan_rows, without_own_tables


def table(**z: float) -> pd.DataFrame:
    """One scan with a z of its left thalamus and its cerebellum; the interval is one SD wide."""
    places = {"thalamus": ("thalamus_whole", "left"), "cerebellum": ("cerebellum", "midline")}
    rows = [
        (f"group_volume_z{end}", *places[name], value + step)
        for name, value in z.items()
        for end, step in (("", 0), ("_low", -0.5), ("_high", 0.5))
    ]
    rows += [("ratio_to_template", "thalamus", "left", 0.7), ("group_volume", "cerebellum", "midline", 9.0)]
    return pd.DataFrame(rows, columns=["measure", "structure", "side", "value"])


def test_a_scan_has_one_row_per_structure() -> None:
    assert scan_rows(table(thalamus=-2.5, cerebellum=0.25)) == [
        ("Thalamus", [Distance(-2.5, -3.0, -2.0), None, None]),
        ("Cerebellum", [None, None, Distance(0.25, -0.25, 0.75)]),
    ]
    assert scan_rows(table()) == []


def test_only_what_lies_beyond_two_stands_out() -> None:
    assert [Distance(z, z, z).beyond for z in (-2.1, -2, 2, 2.1, np.nan)] == [True, False, False, True, False]


def test_a_cohort_counts_what_stands_out() -> None:
    scans = {
        "sub-01": table(thalamus=-2.5, cerebellum=3.0),
        "sub-02": table(cerebellum=np.nan),
        "sub-03": table(),
    }
    found = cohort_norms(scans)
    assert found is not None
    assert found.heads == ["Thalamus L", "Cerebellum"]
    assert [name for name, _ in found.rows] == ["sub-01", "sub-02"]
    assert found.beyond == [(1, 1), (1, 1)]
    assert found.rows[1][1][0] is None
    assert cohort_norms({"sub-03": table()}) is None


def test_ratios_to_the_adult_template_are_for_adolescents_and_adults() -> None:
    for age, shown in ((11.9, False), (12.0, True), (None, True)):
        left = without_own_tables(table(thalamus=1.0), age).set_index("measure")["value"]
        assert list(left.index) == ["ratio_to_template", "group_volume"]
        assert (left["ratio_to_template"] == 0.7) == shown
        assert left["group_volume"] == 9.0


def test_ratios_to_a_template_of_the_age_are_shown_at_any_age() -> None:
    left = without_own_tables(table(thalamus=1.0), 0.1, True).set_index("measure")["value"]
    assert left["ratio_to_template"] == 0.7


def test_groups_have_names() -> None:
    assert norm_name("white_matter_frontal") == "White matter, frontal"
    assert norm_name("corpus_callosum_posterior_third") == "Callosum, back"
