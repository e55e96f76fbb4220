"""What the page of a cohort holds: compact rows, exact maps, spreads, who lacks what."""

import base64
import html
import json
import re
from io import BytesIO

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import report_content as content
from hypothesis import given
from hypothesis import strategies as st

from cpimaging.report.cohort import CohortReport, render_cohort
from cpimaging.report.cohort_charts import WIDTH, broken_checks, check_title, spread
from cpimaging.report.cohort_pictures import count_strip, heat_map, map_cuts
from cpimaging.report.cohort_rows import as_script, rounded
from cpimaging.report.page import two_digits

HOSTILE = '</script><script>alert("x")</script>&amp;'


def rows_of(page: CohortReport) -> dict:
    found = re.search(
        r'<script type="application/json" id="rows">(.*?)</script>', render_cohort(page), re.DOTALL
    )
    assert found
    return json.loads(found[1])


def pixels(address: str) -> np.ndarray:
    return np.asarray(PIL.Image.open(BytesIO(base64.b64decode(address.partition(",")[2]))))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (8.227, "8.2"), (0.0246, "0.025"), (99.4, "99"), (99.6, "100"), (1234.5, "1234")),
        *((-0.0721, "−0.072"), (1.0, "1.0"), (0.999, "1.0"), (None, "n/a"), (np.nan, "n/a"), (9.96, "10")),
    ],
)
def test_people_read_two_significant_digits(value: float | None, text: str) -> None:
    assert two_digits(value) == text


@given(st.floats(0.001, 90))
def test_two_digits_are_near_the_number(value: float) -> None:
    assert float(two_digits(value)) == pytest.approx(value, rel=0.051)


def test_rows_are_columns_of_numbers_and_of_coded_words() -> None:
    rows = rows_of(content.cohort_report(patterns=content.patterns(6)))
    columns = {column["key"]: column for column in rows["columns"]}
    assert rows["n"] == 6
    assert columns["lesion_volume_mm3"]["values"] == [8.227, 0.9, None] * 2
    assert columns["mrics"]["words"] == ["B1", "C1", "n/a"]
    assert columns["mrics"]["values"] == [0, 1, 2] * 2
    assert rows["pages"] == ["", None, None, None, None, None]
    assert rows["inGroup"] == [1, 1, 0] * 2


def test_no_text_ends_the_script() -> None:
    assert "<" not in as_script({"a": HOSTILE})
    assert json.loads(as_script({"a": HOSTILE})) == {"a": HOSTILE}
    patterns = content.patterns(3).assign(mask_source=HOSTILE, override=HOSTILE)
    rows = rows_of(content.cohort_report(patterns=patterns))
    (source,) = (column for column in rows["columns"] if column["key"] == "mask_source")
    assert source["words"] == [HOSTILE]


def test_without_script_the_first_hundred_rows_stand_and_say_so() -> None:
    page = render_cohort(content.cohort_report(patterns=content.patterns(230)))
    assert len(re.findall(r'<th scope="row">(?:<a [^>]*>)?sub-\d+', page.partition('class="rows"')[2])) == 100
    assert "the first 100 of 230" in page
    assert 'href="group_patterns.tsv"' in page


def test_numbers_are_rounded_to_four_digits() -> None:
    assert [rounded(value) for value in (1234.56, 0.00123456, 2.0, None)] == [1235, 0.001235, 2, None]


def test_the_map_holds_exact_counts() -> None:
    mask = content.lesion()
    share = mask.with_data(mask.data * np.float32(700 / 1000))
    cuts = map_cuts(content.scan_image(1.0), share)
    address, most = count_strip(share, 1000, cuts)
    found = pixels(address).astype(int)
    assert most == 700
    assert set(np.unique(found[..., 0] * 256 + found[..., 1])) == {0, 700}


def test_the_heat_map_tells_none_from_not_searched_and_keeps_sides() -> None:
    load = pd.concat([content.load(f"sub-0{n}") for n in (1, 2, 3)], ignore_index=True)
    load.loc[load["participant_id"] == "sub-02", "lesion_volume_mm3"] = 0.0
    load.loc[load["participant_id"] == "sub-03", "lesion_volume_mm3"] = np.nan
    heat = heat_map(load, {(f"sub-0{n}", "n/a"): f"sub-0{n}" for n in (1, 2, 3)})
    assert heat
    codes = dict(zip(heat.rows, pixels(heat.picture).tolist(), strict=True))
    assert codes["L: Thalamus"] == [np.ceil(254 * np.sqrt(0.1)), 0, 255]
    assert codes["R: Thalamus"] == [0, 0, 255]
    assert heat.scans == ["sub-01", "sub-02", "sub-03"]


def test_a_spread_counts_every_known_value() -> None:
    found = spread("Volume", "ml", [1.0, 2.0, np.nan, 3.0])
    assert found
    assert (found.n, found.low, found.high) == (3, 1.0, 3.0)
    assert found.middle == "median 2.0, middle half 1.5 to 2.5"
    assert found.per_scan == [1, 2, None, 3]
    assert sum(height for _, _, height in found.bars) == 3 * max(height for _, _, height in found.bars)
    assert all(x >= 0 and x + width <= WIDTH for x, width, _ in found.bars)
    assert spread("Volume", "ml", [1.0, np.nan]) is None
    assert spread("Volume", "ml", [5.0, 5.0])


def test_checks_that_fail_most_scans_come_first_with_what_they_may_mean() -> None:
    table = content.checks(
        ("sub-01", "affine_rotation_degrees", 3.0, True, "warn"),
        ("sub-01", "T2w_shift_mm", 30.0, False, "warn"),
        ("sub-02", "affine_rotation_degrees", 60.0, False, "warn"),
        ("sub-02", "brain_volume_ml", 20.0, False, "fail"),
    )
    names = {("sub-01", "n/a"): "sub-01", ("sub-02", "n/a"): "sub-02"}
    found = broken_checks(table, names, 5)
    assert [(one.failed, one.warned, one.n, one.names) for one in found] == [
        (1, 0, 1, ["sub-02"]),
        (0, 1, 2, ["sub-02"]),
        (0, 1, 1, ["sub-01"]),
    ]
    assert "header may have lost the orientation" in found[1].hint
    assert check_title("affine_rotation_degrees") == ("Turn of the affine", "degrees")


def test_the_page_tells_who_lacks_what() -> None:
    contrasts = {
        ("sub-01", "n/a"): ("T1w", "FLAIR"),
        ("sub-02", "n/a"): ("T1w",),
        ("sub-03", "n/a"): ("T1w",),
    }
    page = html.unescape(render_cohort(content.cohort_report(contrasts=contrasts)))
    lacking = page.partition("Who is missing what")[2].partition("</table>")[0]
    rows = re.findall(
        r'<th scope="row">(.*?)</th><td class="num">(.*?)</td><td>\s*(.*?)\s*</td>', lacking, re.DOTALL
    )
    told = {what: (count, who) for what, count, who in rows}
    assert told["FLAIR"] == ("2 of 3", "sub-02, sub-03")
    assert told["Pattern call"] == ("1 of 3", "sub-03")
    assert "T1w" not in told
    assert "ADC" not in told


def test_groups_are_compared_by_what_differs() -> None:
    patterns = content.patterns(4).assign(sex=["F", "M", "F", "F"], age_years=[1.0, 2.0, 17.9, 30.0])
    found = {one["title"]: one for one in rows_of(content.cohort_report(patterns=patterns))["compared"]}
    assert found["Age"]["words"] == ["0 to 2 years", "2 to 6 years", "12 to 18 years", "18 years and more"]
    assert found["Sex"]["values"] == [0, 1, 0, 0]
    assert "Lesion from" not in found  # the same for all


def test_groups_of_the_study_are_compared_first_and_as_it_calls_them() -> None:
    compared = {"<b>arm": {("sub-01", "n/a"): "one", ("sub-02", "n/a"): "two"}}
    report = content.cohort_report(patterns=content.patterns(3), compared=compared)
    first = rows_of(report)["compared"][0]
    assert (first["title"], first["words"], first["values"]) == ("<b>arm", ["one", "two", "n/a"], [0, 1, 2])
    assert "<b>arm" not in render_cohort(report)
