import re
from dataclasses import replace

import report_content as content
from scorer_tables import BASAL_GANGLIA, CHILD, NO_PIECES, TRIGONES, load_table

from cpimaging.io import typed
from cpimaging.report.cohort import render_cohort
from cpimaging.report.scales import scale_views, unscored
from cpimaging.report.scan import render_scan
from cpimaging.scorers import SCORERS, Tables, read_criteria
from cpimaging.scorers.group import group_dtypes
from cpimaging.stages.cohort import pattern_cells

LESION = {**TRIGONES, ("thalamus", "right"): 0.55, ("perirolandic", "left"): 1.0, ("pons", "midline"): 0.4}
NEWBORN = replace(CHILD, age_years=5 / 365.25)


def scales(lesion_ml, context=CHILD):
    tables = Tables(load_table(lesion_ml, more=True), *NO_PIECES)
    return {
        name: scorer.score(tables, context, read_criteria(scorer.criteria))
        for name, scorer in SCORERS.items()
        if name in ("fiori", "barkovich", "nichd")
    }


def plain(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_left_stands_beside_right():
    (view,) = scale_views({"scales": scales(LESION)})
    rows = {row.name: [(item["side"], item["points"]) for item in row.sides] for row in view.sided}
    assert rows == {
        "parietal, periventricular": [("left", [0.5, 0.5]), ("right", [0.5, 0.5])],
        "occipital, periventricular": [("left", [0.5, 0.5]), ("right", [0.5, 0.5])],
        "thalamus": [("left", [0, 0]), ("right", [1, 1])],
    }
    assert [(row.name, row.sides[0]["points"]) for row in view.midline] == [("brainstem, both sides", [1, 2])]
    assert "frontal, middle" in view.untouched
    assert "thalamus" not in view.untouched


def test_the_total_is_a_range_and_says_what_is_left_open():
    (view,) = scale_views({"scales": scales(LESION)})
    assert (view.total, view.n_open) == ("4 to 9 of 40", 6)
    assert ("basal ganglia and brainstem", "2 to 3 of 10") in view.sections
    opened = {name for _, names in view.left_open for name in names}
    assert opened == {
        "left frontal, cortico-subcortical (0 to 0.5)",
        "left parietal, cortico-subcortical (0 to 0.5)",
        "brainstem, both sides (1 to 2)",
        *(f"corpus callosum, {part} (0 to 1)" for part in ("anterior", "middle", "posterior")),
    }


def test_the_sources_of_the_points_are_numbered_first():
    (view,) = scale_views({"scales": scales(LESION)})
    assert {row.source for row in (*view.sided, *view.midline)} == {1, 2}
    assert all("Fiori 2014" in source and source.endswith("[K]") for source in view.sources)
    everything = [*view.sources, *view.step_sources]
    assert len(everything) == len(set(everything))
    assert {step.source for step in view.steps} <= set(range(1, len(everything) + 1))


def test_the_page_of_a_child():
    page = plain(render_scan(content.scan_report(pattern=content.pattern() | {"scales": scales(LESION)})))
    assert "Fiori sqMRI: 4 to 9 of 40; 6 items not assessed or only in part" in page
    assert "Thalamus 0 % 0 7.3 % 1 30 mm³ and 1 % (ours)" in page
    assert (
        "Barkovich BG + W; NICHD pattern: not scored, needs an age of less than 29 days (here 6 years)."
        in page
    )
    assert "No scale is a prognosis" in page


def test_the_page_of_a_newborn():
    pattern = content.pattern() | {"scales": scales(BASAL_GANGLIA, NEWBORN)}
    page = plain(render_scan(content.scan_report(pattern=pattern)))
    assert "Barkovich BG + W: 2 of 9 " in page
    assert "Basal ganglia (BG) Thalamus, lentiform nucleus 2 Thalamus and lentiform nucleus 1" in page
    assert "NICHD pattern: 2A " in page
    assert "Fiori sqMRI: not scored" in page


def test_parts_are_told_where_several_items_are_added_up():
    """Fiori adds up 40 items in five parts; Barkovich's two items are its parts."""
    (fiori,) = scale_views({"scales": scales(LESION)})
    barkovich, nichd = scale_views({"scales": scales(BASAL_GANGLIA, NEWBORN)})
    assert len(fiori.sections) == 5
    assert barkovich.sections == nichd.sections == []


def test_the_page_warns_where_software_drew_the_lesion():
    pattern, warning = content.pattern() | {"scales": scales(LESION)}, "what it missed gives no points"
    assert warning in render_scan(content.scan_report(pattern=pattern, lesion_source="detected"))
    assert warning not in render_scan(content.scan_report(pattern=pattern))


def test_a_page_without_scales_says_so():
    assert "No scale was chosen." in render_scan(content.scan_report())
    assert "No scale was chosen." in render_scan(
        content.scan_report(pattern=content.pattern() | {"scales": {}})
    )


def test_unscored_scales_are_one_line_for_each_reason():
    lines = unscored({"scales": scales(LESION, replace(CHILD, qc="fail"))})
    assert [(reason, len(titles)) for reason, titles in lines.items()] == [("quality control failed", 3)]


def test_the_group_table_and_the_cohort_page_hold_the_points():
    rows = [
        {**pattern_cells(content.pattern() | {"scales": scales(lesion_ml, context)}, "pass"), **ids}
        for lesion_ml, context, ids in (
            (LESION, CHILD, {"participant_id": "sub-01"}),
            (BASAL_GANGLIA, NEWBORN, {"participant_id": "sub-02"}),
        )
    ]
    table = typed([dict.fromkeys(group_dtypes()) | row for row in rows], group_dtypes())
    assert table["fiori_low"].tolist()[0] == 4
    assert table["fiori_high"].tolist()[0] == 9
    assert table["fiori_low"].isna().tolist() == [False, True]
    assert table["barkovich_low"].tolist()[1] == table["barkovich_high"].tolist()[1] == 2
    assert table["nichd_low"].tolist() == ["n/a", "2A"]
    page = plain(render_cohort(content.cohort_report(patterns=table)))
    assert "Fiori sqMRI Barkovich BG + W NICHD pattern" in page
    assert "4 to 9 n/a n/a" in page
    assert "n/a 2 2A" in page


def test_a_cohort_without_scales_has_no_columns_for_them():
    assert "Fiori" not in render_cohort(content.cohort_report())
