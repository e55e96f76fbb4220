"""What a person set, and tracts and supply side by side, on the pages."""

import numpy as np
import pandas as pd
import report_content as content

from cpimaging.report.cohort import render_cohort
from cpimaging.report.scan import render_scan
from cpimaging.report.tables import tract_rows

LINE = "mrics B1 (software: C3): seen by <i>two</i>"


def test_the_scan_page_says_what_a_person_set() -> None:
    page = render_scan(content.scan_report(override=LINE))
    assert "Set by a person" in page
    assert "seen by &lt;i&gt;two" in page
    assert "Set by a person" not in render_scan(content.scan_report())


def test_the_cohort_page_counts_and_shows_it() -> None:
    patterns = content.patterns()
    patterns.loc[0, "override"] = LINE
    page = render_cohort(content.cohort_report(patterns=patterns))
    assert "<dt>set by a person</dt><dd>1 of 2</dd>" in page
    assert "set by a person: mrics B1 (software: C3): seen by &lt;i&gt;two" in page
    assert "et by a person" not in render_cohort(content.cohort_report())


def test_tracts_and_supply_by_hand() -> None:
    """Tract: 2 of 10 and 1 of 20 ml; territory: 30 and 10 % of the lesion; the PLIC is unhurt."""
    rows = [
        ("corticospinal_tract", "left", 10.0, 2.0, 40.0),
        ("corticospinal_tract", "right", 20.0, 1.0, 20.0),
        ("plic", "left", 2.0, 0.0, 0.0),
        ("plic", "right", 3.0, 0.0, 0.0),
        ("territory_mca", "left", 90.0, 1.5, 30.0),
        ("territory_mca", "right", 90.0, 0.5, 10.0),
        ("territory_pca", "left", 90.0, 0.5, 10.0),
    ]
    names = ["structure", "side", "region_volume_mm3", "lesion_volume_mm3", "percent_lesion"]
    sizes = [
        ("volume", "plic", "left", 2000.0),
        ("volume", "plic", "right", 3000.0),
        ("peduncle_area", "cerebral_peduncle", "left", 180.0),
        ("peduncle_area", "cerebral_peduncle", "right", 220.0),
    ]
    morphometry = pd.DataFrame(sizes, columns=["measure", "structure", "side", "value"])
    sections = [
        ("section_load", "corticospinal_tract", "left", 30.0),
        ("section_load", "corticospinal_tract", "right", 10.0),
        ("largest_section_load", "corticospinal_tract", "left", 60.0),
        ("largest_section_load", "corticospinal_tract", "right", 60.0),
    ]
    profile = pd.DataFrame(sections, columns=["measure", "structure", "side", "value"])
    found = tract_rows(pd.DataFrame(rows, columns=names), morphometry, profile)
    assert [(row.left, row.right, row.unit) for row in found] == [
        (20.0, 5.0, "% of it"),
        (0.0, 0.0, "% of it"),
        (30.0, 10.0, "%"),
        (60.0, 60.0, "%"),
        (2.0, 3.0, "ml"),
        (180.0, 220.0, "mm²"),
        (30.0, 10.0, "% of the lesion"),
    ]
    assert np.allclose(
        [row.asymmetry for row in found], [0.6, np.nan, 0.5, 0.0, -0.2, -0.1, 0.5], equal_nan=True
    )
    assert "corticospinal tract, lesioned" in found[0].name.lower()


def test_an_atlas_without_tracts_has_no_such_table() -> None:
    names = ["structure", "side", "region_volume_mm3", "lesion_volume_mm3", "percent_lesion"]
    empty = pd.DataFrame([("thalamus", "left", 5.0, 1.0, 100.0)], columns=names)
    nothing = pd.DataFrame(columns=["measure", "structure", "side", "value"])
    assert tract_rows(empty, nothing, nothing) == []
