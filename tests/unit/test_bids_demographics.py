"""Age at scan in years and sex, read from tables with certainty or not at all."""

import json
from pathlib import Path

import pytest
from bids_trees import REAL, plant
from hypothesis import given
from hypothesis import strategies as st

from cpimaging.bids import Scan, list_scans, with_demographics
from cpimaging.bids.ages import DAYS, read_age, read_gestation_weeks


def table(path: Path, *rows: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join("\t".join(row.split(" ")) for row in rows) + "\n")


def demographics(root: Path) -> list[Scan]:
    return with_demographics(root, list_scans(root))


@pytest.fixture
def bids(tmp_path):
    return plant(tmp_path, "sub-1/anat/sub-1_T1w.nii.gz")


@pytest.fixture
def visits(tmp_path):
    return plant(tmp_path, *(f"sub-1/ses-{s}/anat/sub-1_ses-{s}_T1w.nii.gz" for s in "ab"))


@pytest.mark.parametrize(
    ("column", "text", "units", "years"),
    [
        ("age", "7.5", None, 7.5),
        ("Age", "7", "Years", 7),
        ("age", "18", "months", 1.5),
        ("age", "10", "weeks", 70 / 365.25),
        ("age", "3", "d", 3 / 365.25),
        ("age_years", "4", None, 4),
        ("age_months", "6", None, 0.5),
        ("age (months)", "6", "month", 0.5),
        ("age_in_weeks", "10", None, 70 / 365.25),
        ("age.days", "1461", None, 4),
        ("age_at_scan", "9", None, 9),
        ("age_at_scan_months", "24", None, 2),
        ("scan_age", "24", "months", 2),
        ("age", "89+", None, 89),
        ("age", "013Y", None, 13),
        ("age", "006M", None, 0.5),
        ("age", "0", None, 0),
        ("age", " 12 ", "yr", 12),
    ],
)
def test_reads_an_age_in_its_unit(column, text, units, years):
    age = read_age(column, text, {"Units": units} if units else {}, None)
    assert age.years == pytest.approx(years, rel=1e-12)


@pytest.mark.parametrize(
    ("column", "text", "described", "told"),
    [
        ("age", "-3", {}, "not plausible"),
        ("age", "121", {}, "not plausible"),
        ("age_days", "999999", {}, "not plausible"),
        ("age_months", "6", {"Units": "years"}, "units that disagree (months, years)"),
        ("age", "6M", {"Units": "years"}, "units that disagree (M, years)"),
        ("age", "6", {"Units": "fortnights"}, "unit that is not known (fortnights)"),
        ("age", "20-25", {}, "cannot be read"),
        ("age", "7,5", {}, "cannot be read"),
        ("age", "adult", {}, "cannot be read"),
        ("scan_age", "41.3", {}, "no stated unit"),
        ("pma_weeks", "41", {}, "gestational age at birth is not known"),
        ("age", "41", {"Units": "weeks", "Description": "Postmenstrual age"}, "gestational age at birth"),
    ],
)
def test_leaves_an_uncertain_age_out_and_says_why(column, text, described, told):
    age = read_age(column, text, described, None)
    assert age.years is None
    assert told in age.note


@pytest.mark.parametrize("column", ["age_at_diagnosis", "birth_age", "agegroup", "stage", "handedness"])
def test_takes_no_other_column_for_the_age_at_scan(column):
    assert read_age(column, "12", {}, 40.0) is None


@pytest.mark.parametrize("text", ["n/a", "", "NaN", "N/A", " none "])
def test_a_missing_age_is_no_age(text):
    assert read_age("age", text, {}, None) is None


@pytest.mark.parametrize(
    ("column", "text", "described"),
    [
        ("pma_weeks", "41.5", {}),
        ("pma", "41.5", {"Units": "weeks"}),
        ("postmenstrual_age", "290.5", {"Units": "days"}),
        ("gestational_age_at_scan", "41.5", {}),
        ("scan_age", "41.5", {}),
        ("age", "41.5", {"Units": "weeks", "Description": "post-menstrual age at scan"}),
    ],
)
def test_a_postmenstrual_age_counts_from_birth(column, text, described):
    age = read_age(column, text, described, 31.5)
    assert age.years == pytest.approx(10 * 7 / 365.25)
    assert "less 31.5 weeks of gestation" in age.note


def test_a_postmenstrual_age_before_birth_is_not_plausible():
    assert read_age("pma_weeks", "30", {}, 39.0).years is None


@pytest.mark.parametrize(
    ("column", "text", "described", "weeks"),
    [
        ("gestational_age", "39+2", {}, 39 + 2 / 7),
        ("ga_weeks", "26.5", {}, 26.5),
        ("birth_age", "38.7", {}, 38.7),
        ("gestational_age_at_birth", "280", {"Units": "days"}, 40),
        ("gestational_age", "280", {}, None),
        ("gestational_age", "9", {"Units": "months"}, 9 * 365.25 / 84),
        ("gestational_age", "n/a", {}, None),
        ("gestational_age_at_scan", "40", {}, None),
        ("age", "40", {}, None),
    ],
)
def test_reads_the_gestational_age_at_birth(column, text, described, weeks):
    assert read_gestation_weeks(column, text, described) == (weeks and pytest.approx(weeks))


@given(years=st.floats(0, 119), unit=st.sampled_from(sorted(DAYS)))
def test_an_age_is_the_same_in_every_unit(years, unit):
    text = repr(years * DAYS["years"] / DAYS[unit])
    for column, described in ((f"age_{unit}", {}), ("age", {"Units": unit})):
        assert read_age(column, text, described, None).years == pytest.approx(years, abs=1e-9)


def test_without_any_table_everything_is_missing(bids):
    assert demographics(bids) == list_scans(bids)
    (scan,) = demographics(bids)
    assert (scan.age_years, scan.sex, scan.age_source) == (None, "n/a", "n/a")
    assert with_demographics(bids, []) == []


def test_participants_table_with_units_from_its_sidecar(bids):
    table(bids / "participants.tsv", "participant_id age sex", "sub-2 1 M", "sub-1 18 female")
    (bids / "participants.json").write_text(json.dumps({"age": {"Units": "months"}}))
    (row,) = demographics(bids)
    assert (row.age_years, row.sex) == (1.5, "F")
    assert row.age_source == "participants.tsv: age (18, months)"


def test_the_table_closest_to_the_scan_goes_first(visits):
    table(visits / "participants.tsv", "participant_id age", "sub-1 3")
    assert [row.age_years for row in demographics(visits)] == [3, 3]
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age_months", "ses-a 48", "ses-b 60")
    assert [row.age_years for row in demographics(visits)] == [4, 5]
    table(
        visits / "sub-1/ses-b/sub-1_ses-b_scans.tsv",
        "filename age",
        "anat/sub-1_ses-b_T2w.nii.gz 9",
        "anat/sub-1_ses-b_T1w.nii.gz 6",
    )
    first, second = demographics(visits)
    assert (first.age_years, second.age_years) == (4, 6)
    assert first.age_source == "sub-1/sub-1_sessions.tsv: age_months (48, months)"
    assert second.age_source.startswith("sub-1/ses-b/sub-1_ses-b_scans.tsv: age (6, years")


def test_a_scans_table_serves_a_dataset_without_sessions(bids):
    table(bids / "sub-1/sub-1_scans.tsv", "filename age", "anat/sub-1_T1w.nii.gz 6")
    assert demographics(bids)[0].age_years == 6


def test_the_next_table_serves_where_the_closer_one_is_missing_or_uncertain(visits):
    table(visits / "participants.tsv", "participant_id age", "1 3")
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age", "a n/a", "b -1")
    first, second = demographics(visits)
    assert (first.age_years, second.age_years) == (3, 3)
    assert first.age_source == "participants.tsv: age (3, years as BIDS has it)"
    assert second.age_source.startswith("sub-1/sub-1_sessions.tsv: age (-1, years as BIDS has it: not plaus")


def test_sidecars_are_inherited_and_the_closer_one_counts(visits):
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age", "ses-a 48", "ses-b 60")
    (visits / "sessions.json").write_text(json.dumps({"age": {"Units": "months"}}))
    assert [row.age_years for row in demographics(visits)] == [4, 5]
    (visits / "sub-1/sub-1_sessions.json").write_text(json.dumps({"age": {"Units": "years"}}))
    assert [row.age_years for row in demographics(visits)] == [48, 60]


def test_gestation_from_participants_dates_a_postmenstrual_age_of_a_session(visits):
    table(visits / "participants.tsv", "participant_id sex birth_age", "sub-1 Male 30")
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id scan_age", "a 40", "b 29")
    first, second = demographics(visits)
    assert first.age_years == pytest.approx(70 / 365.25)
    assert (first.sex, second.sex) == ("M", "M")
    assert second.age_years is None
    assert "not plausible" in second.age_source


def test_a_long_participants_table_is_read_per_session(visits):
    table(visits / "participants.tsv", "participant_id session_id age", "sub-1 ses-a 4", "sub-1 ses-b 5")
    assert [row.age_years for row in demographics(visits)] == [4, 5]


def test_rows_that_contradict_each_other_give_nothing(bids):
    table(bids / "participants.tsv", "participant_id age sex", "sub-1 4 F", "sub-1 5 F")
    (row,) = demographics(bids)
    assert row.age_years is None
    assert row.sex == "F"
    assert row.age_source == "participants.tsv: 2 rows for this scan, only what they agree on is used"


@pytest.mark.parametrize(
    ("text", "sex"),
    [
        ("M", "M"),
        ("male", "M"),
        ("f", "F"),
        ("Female", "F"),
        ("O", "O"),
        ("1", "M"),
        ("2", "F"),
        ("3", "n/a"),
    ],
)
def test_sex_is_one_of_three_words_or_missing(bids, text, sex):
    table(bids / "participants.tsv", "participant_id gender", f"sub-1 {text}")
    levels = {"1": "male", "2": {"Description": "Female"}, "3": "not asked"}
    (bids / "participants.json").write_text(json.dumps({"gender": {"Levels": levels}}))
    assert demographics(bids)[0].sex == sex


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("participants.json", b"{", "participants.tsv: not used, participants.json is not valid JSON"),
        ("participants.json", b"[1]", "participants.tsv: not used, participants.tsv is not as BIDS has it"),
        (
            "participants.tsv",
            b"",
            "participants.tsv: not used, participants.tsv is not a tab-separated table",
        ),
        ("participants.tsv", b"participant_id\tage\nsub-1\t4\xff\n", "not a tab-separated table"),
    ],
)
def test_a_broken_table_is_told_and_stops_nothing(bids, name, content, told):
    table(bids / "participants.tsv", "participant_id age", "sub-1 4")
    (bids / name).write_bytes(content)
    (row,) = demographics(bids)
    assert row.age_years is None
    assert told in row.age_source


def test_a_short_row_is_read_as_missing(bids):
    (bids / "participants.tsv").write_text("participant_id\tsex\tage\nsub-1\tF\n")
    (row,) = demographics(bids)
    assert row.sex == "F"
    assert row.age_years is None


def test_reads_the_real_table():
    if not REAL.is_dir():
        pytest.skip("the real images are not here")
    rows = {scan.label: scan for scan in demographics(REAL)}
    assert (rows["sub-ms07"].age_years, rows["sub-ms07"].sex) == (53, "F")
    assert (rows["sub-ms26"].age_years, rows["sub-ms26"].sex) == (40, "F")
    assert rows["sub-head"].age_years is None
