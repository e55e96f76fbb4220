"""What one cell says of an age: a number of years, or why it is none. Values are worked by hand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cpimaging.bids.ages import is_age, read_age, read_gestation
from cpimaging.bids.durations import DAYS, unit_of

DAY = 1 / 365.25
WEEK = 7 * DAY
BANDS = {"1": "0-15 years", "4": "16-20 years"}


def about(units: str | None = None, description: str | None = None) -> dict[str, str]:
    return {key: text for key, text in (("Units", units), ("Description", description)) if text}


@pytest.mark.parametrize(
    ("column", "text", "units", "years"),
    [
        ("age", "7.5", None, 7.5),
        ("Age", "7", "Years", 7),
        ("age", "18", "months", 1.5),
        ("age", "10", "weeks", 10 * WEEK),
        ("age", "3", "d", 3 * DAY),
        ("age_years", "4", None, 4),
        ("age_months", "6", None, 0.5),
        ("age (months)", "6", "month", 0.5),
        ("age_in_weeks", "10", None, 10 * WEEK),
        ("age.days", "1461", None, 4),
        ("AgeMonths", "6", None, 0.5),
        ("agemonths", "6", None, 0.5),
        ("AgeAtScan", "6", None, 6),
        ('"age"', '"6"', None, 6),
        ("PatientAge", "018M", None, 1.5),
        ("age_at_scan", "9", None, 9),
        ("age_at_scan_months", "24", None, 2),
        ("scan_age", "24", "months", 2),
        ("postnatal_age_days", "5", None, 5 * DAY),
        ("days_since_birth", "5", None, 5 * DAY),
        ("days_old", "5", None, 5 * DAY),
        ("postnatal_days", "5", None, 5 * DAY),
        ("uncorrected_age_months", "6", None, 0.5),
        ("chronological_age_weeks", "40", None, 40 * WEEK),
        ("months_corrected_age", "24", None, 2),
        ("corrected_months", "24", None, 2),
        ("adjusted_weeks_at_scan", "10", None, 10 * WEEK),
        ("ca_months", "24", None, 2),
        ("dol", "5", None, 5 * DAY),
        ("DOL at MRI", "5", None, 5 * DAY),
        ("day_of_life", "5", None, 5 * DAY),
        ("chronological_age", "5", None, 5),
        ("corrected_age", "24 months", None, 2),
        ("corrected_age_weeks", "3", None, 3 * WEEK),
        ("age", "89+", None, 89),
        ("age", "013Y", None, 13),
        ("age", "006M", None, 0.5),
        ("age", "P3Y", None, 3),
        ("age", "P1Y6M", None, 1.5),
        ("age", "P10D", "days", 10 * DAY),
        ("age", "5y 3m", None, 5.25),
        ("age", "5 years, 3 months", "years", 5.25),
        ("age", "5 yrs and 6 mos.", None, 5.5),
        ("age", "2w3d", None, 17 * DAY),
        ("age", "7,5", None, 7.5),
        ("age", '"26,9"', None, 26.9),
        ("age", ".5", None, 0.5),
        ("age", "0.01", None, 0.01),
        ("age", "1e1", None, 10),
        ("age", "0", None, 0),
        ("age", " 12 ", "yr", 12),
        ("age", "12", "year(s)", 12),
        ("age", "12", "[months]", 1),
        ("age", "12", "decimal years", 12),
    ],
)
def test_reads_an_age_in_its_unit(column, text, units, years):
    age = read_age(column, text, about(units), None)
    assert age.years == pytest.approx(years, rel=1e-12)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("units", "months"),
        ("Unit", "months"),
        ("Description", "Age in months"),
        ("Description", "age at scan (months)"),
        ("LongName", "Age at scan, months"),
        ("Description", "in completed months at the MRI"),
    ],
)
def test_a_unit_is_heard_wherever_the_sidecar_states_it(key, value):
    assert read_age("age", "18", {key: value}, None).years == 1.5


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("Yrs.", "years"),
        ("a", "years"),
        ("mo", "months"),
        ("MONTH(S)", "months"),
        ("wk", "weeks"),
        ("days", "days"),
        ("moths", None),
        ("years.months", None),
        ("fortnights", None),
        ("", None),
    ],
)
def test_units_are_known_or_not(text, unit):
    assert unit_of(text) == unit


@pytest.mark.parametrize(
    ("column", "text", "described", "told"),
    [
        ("age_months", "6", about("years"), "units that disagree (months, years)"),
        ("age", "6M", about("years"), "units that disagree (months, years)"),
        ("age", "6", about("years", "age in months"), "units that disagree (years, months)"),
        ("age", "6", about("fortnights"), "unit that is not known (fortnights)"),
        ("age", "6", about("moths"), "unit that is not known (moths)"),
        ("age", "5.11", about("years.months"), "unit that is not known"),
        ("age", "6", about(None, "age, some weeks after the operation"), "no clear unit"),
        ("age", "20-25", {}, "20-25 cannot be read"),
        ("age", "16–20", {}, "cannot be read"),
        ("age", "1,234", {}, "cannot be read"),
        ("age", "18+", {}, "open-ended"),
        ("age", "89+", about("months"), "open-ended"),
        ("age", "5;3", {}, "cannot be read"),
        ("age", "5y 14m", {}, "cannot be read"),
        ("age", "27 + 14 weeks", {}, "may be gestation and age since birth; say ga_weeks and age_weeks"),
        ("age", "3m 5y", {}, "cannot be read"),
        ("age", "PT3H", {}, "cannot be read"),
        ("age", "adult", {}, "its text cannot be read"),
        ("age", "2015-03-02", {}, "its text cannot be read"),
        ("age", "4" * 300, {}, "cannot be read"),
        ("age", "4", {"Levels": BANDS}, "a group, by the Levels in its sidecar"),
        ("age", "7", {"Levels": BANDS}, "a group, by the Levels in its sidecar"),
        ("age", "4", {"levels": list(BANDS)}, "a group, by the Levels in its sidecar"),
        ("pma_weeks", "4", {"Levels": BANDS}, "a group, by the Levels in its sidecar"),
        ("age", "4", about("years", "Age at diagnosis"), "not the age at scan"),
        ("age", "31", about("years", "maternal age"), "not the age at scan"),
    ],
)
def test_leaves_an_uncertain_age_out_and_says_why(column, text, described, told):
    age = read_age(column, text, described, None)
    assert (age.years, age.refused) == (None, False)
    assert told in age.note


def test_a_sidecar_that_lists_missing_values_makes_no_groups():
    assert read_age("age", "4", {"Levels": {"n/a": "not known"}}, None).years == 4


@pytest.mark.parametrize(
    ("column", "text", "described", "told"),
    [
        ("age", "300", {}, "300, years as BIDS has it: not between 0 and 120 years"),
        ("age", "-1", {}, "-1, years as BIDS has it: not between 0 and 120 years"),
        ("age", "121", {}, "not between 0 and 120 years"),
        ("age", "999", {}, "not between 0 and 120 years"),
        ("age", "1e400", {}, "not between 0 and 120 years"),
        ("age", "-3 months", {}, "not between 0 and 120 years"),
        ("age_days", "999999", {}, "not between 0 and 120 years"),
        ("corrected_age", "-25 weeks", {}, "not between"),
        ("scan_age", "41.3", {}, "say pma_weeks or postnatal_age_weeks"),
        ("scan_age", "41.3", about("weeks"), "say pma_weeks or postnatal_age_weeks"),
        ("age", "38+4", {}, "38+4 may count from birth or not"),
        ("age", "38w4d", {}, "38w4d may count from birth or not"),
        ("age", "38", about("weeks of gestation"), "may count from birth or not"),
        (
            "age",
            "38",
            about("weeks", "PMA; chronological age stands elsewhere"),
            "may count from birth or not",
        ),
        ("postconceptional_age", "38", {}, "may count from birth or not"),
        ("corrected_age", "24", {}, "no stated unit; say corrected_age_weeks"),
        ("postnatal_age", "5", {}, "no stated unit; say postnatal_age_weeks"),
        ("pma_weeks", "290", {}, "not between 21 and 200 weeks"),
        ("pma", "290", {}, "not between 21 and 60 weeks"),
        ("pma_weeks", "5", {}, "not between 21 and 200 weeks"),
    ],
)
def test_refuses_what_cannot_be_or_may_be_a_newborn(column, text, described, told):
    age = read_age(column, text, described, None)
    assert (age.years, age.refused) == (None, True)
    assert told in age.note


@pytest.mark.parametrize(
    "column",
    [
        "ca",
        "ca_years",
        "corrected",
        "old",
        "postnatal",
        "mo_age",
        "dol_at_cooling",
        "age_at_diagnosis",
        "birth_age",
        "agegroup",
        "age_group",
        "age_m",
        "mother_age",
        "stage",
        "handedness",
    ],
)
def test_takes_no_other_column_for_the_age_at_scan(column):
    assert read_age(column, "12", {}, 40.0) is None
    assert not is_age(column)


@pytest.mark.parametrize("text", ["n/a", "", "NaN", "N/A", " none ", "n.a.", "NA", '"n/a"', "-"])
def test_a_missing_age_is_no_age(text):
    assert read_age("age", text, {}, None) is None


@pytest.mark.parametrize(
    ("column", "text", "described"),
    [
        ("pma_weeks", "41.5", {}),
        ("pma", "41.5", about("weeks")),
        ("pma", "41.5", {}),
        ("postmenstrual_age", "290.5", about("days")),
        ("gestational_age_at_scan", "41.5", {}),
        ("ga_at_scan", "41.5", {}),
        ("ga_at_scan_weeks", "41.5", {}),
        ("scan_ga", "41.5", {}),
        ("scan_pma", "41.5", {}),
        ("weeks_pma", "41.5", {}),
        ("weeks_of_postmenstrual_age", "41.5", {}),
        ("postmenstrual_weeks", "41.5", {}),
        ("pma_w", "41.5", {}),
        ("gestational_age", "41.5", about("weeks", "gestational age at scan")),
        ("scan_age", "41.5", {}),
        ("scan_age", "41.5", about("weeks")),
        ("age", "41.5", about("weeks", "post-menstrual age at scan")),
        ("age", "41.5", about("weeks PMA")),
    ],
)
@pytest.mark.parametrize(
    ("born_at_weeks", "weeks_old", "corrected"), [(31.5, 1.5, True), (27, 1.5, True), (39, 2.5, False)]
)
def test_a_postmenstrual_age_is_corrected_or_after_a_term_birth_counts_from_there(
    column, text, described, born_at_weeks, weeks_old, corrected
):
    age = read_age(column, text, described, born_at_weeks)
    assert age.years == pytest.approx(weeks_old * WEEK)
    assert age.corrected == corrected
    assert ("corrected age" if corrected else "less 39 weeks of gestation") in age.note


@pytest.mark.parametrize(
    ("text", "born_at_weeks", "days"),
    [
        ("41", None, 7),  # a newborn
        ("41", 27.0, 7),  # 98 days since birth, and as mature as a week after term
        ("38+4", None, 0),  # before term
        ("38+4", 37.0, 11),
        ("42 3/7", None, 17),
        ("42w3", None, 17),
        ("42 weeks 3", None, 17),
        ("92", None, 364),
        ("38", 38.6, 0),  # completed weeks
    ],
)
def test_a_postmenstrual_age_in_weeks(text, born_at_weeks, days):
    age = read_age("pma_weeks", text, {}, born_at_weeks)
    assert age.years == pytest.approx(days * DAY)
    assert f"{days} days" in age.note


@pytest.mark.parametrize(("text", "born_at_weeks"), [("30", 39.0), ("29", 30.0), ("10", 30.0)])
def test_a_postmenstrual_age_before_birth_is_refused(text, born_at_weeks):
    assert read_age("scan_age", text, about("weeks"), born_at_weeks).refused


@pytest.mark.parametrize(
    ("text", "born_at_weeks", "described", "refused"),
    [
        ("40.3", 38.6, {}, True),  # 40 years, or a newborn of 40 weeks
        ("27", 27.0, {}, True),
        ("46", 27.0, {}, True),
        ("47", 27.0, {}, False),
        ("25", 27.0, {}, False),  # before birth: no postmenstrual age
        ("40.3", None, {}, False),
        ("40.3", 38.6, about("years"), False),
        ("40.3", 38.6, about("weeks"), True),  # nine months, or a newborn
        ("40.3", 38.6, about("days"), False),
    ],
)
def test_a_number_beside_a_gestation_that_may_be_weeks_is_refused(text, born_at_weeks, described, refused):
    age = read_age("age", text, described, born_at_weeks)
    assert age.refused is refused
    assert (
        bool(re.search("name the column (age_years|postnatal_age_weeks) or pma_weeks", age.note))
    ) is refused


@pytest.mark.parametrize("text", ["40 weeks 5 weeks", "40w5 weeks", "40 5"])
def test_two_numbers_of_weeks_are_no_weeks_and_days(text):
    assert read_age("pma_weeks", text, {}, None).years is None


def test_a_corrected_age_before_term_is_that_of_a_newborn():
    age = read_age("corrected_age", "-2 weeks", {}, None)
    assert (age.years, age.corrected) == (0, True)
    assert "before term" in age.note


def test_a_few_days_are_told_as_days():
    assert read_age("age", "0.01", {}, None).note == "0.01, years as BIDS has it: 4 days"


@pytest.mark.parametrize(
    ("column", "text", "described", "weeks"),
    [
        ("gestational_age", "39+2", {}, 39 + 2 / 7),
        ("GA_birth", "27", {}, 27),
        ("ga", "27 3/7", {}, 27 + 3 / 7),
        ("ga", "27w3d", {}, 27 + 3 / 7),
        ("ga_weeks", "26.5", {}, 26.5),
        ("birth_age", "38.7", {}, 38.7),
        ("gestational_age_at_birth", "280", about("days"), 40),
        ("gestational_age", "280", {}, None),
        ("gestational_age", "9", about("months"), 9 * 365.25 / 84),
        ("gestational_age", "n/a", {}, None),
        ("gestational_age", "40", about("weeks", "gestational age at scan"), None),
        ("gestational_age", "25", {"Levels": {"25": "25 or less"}}, None),
        ("gestational_age_at_scan", "40", {}, None),
        ("age", "40", {}, None),
    ],
)
def test_reads_the_gestational_age_at_birth(column, text, described, weeks):
    read = read_gestation(column, text, described)
    assert (read and read.weeks) == (weeks and pytest.approx(weeks))


@given(years=st.floats(0, 119), unit=st.sampled_from(sorted(DAYS)))
def test_an_age_is_the_same_in_every_unit(years, unit):
    text = repr(years * DAYS["years"] / DAYS[unit])
    for column, described in ((f"age_{unit}", {}), ("age", {"Units": unit})):
        assert read_age(column, text, described, None).years == pytest.approx(years, abs=1e-9)


@given(st.text(max_size=50))
def test_no_text_stops_the_reading(text):
    age = read_age("age", text, {}, None)
    assert age is None or age.years is None or 0 <= age.years <= 120
