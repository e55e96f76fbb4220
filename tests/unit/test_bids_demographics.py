"""Age at scan in years and sex, read from tables with certainty or not at all."""

import json
from pathlib import Path

import pytest
from bids_trees import REAL, TREES, plant

from cpimaging.bids.demographics import with_demographics, with_given_ages
from cpimaging.bids.listing import list_scans
from cpimaging.bids.scan import Scan
from cpimaging.types import InputError

DAY = 1 / 365.25


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


def test_a_scans_table_serves_a_dataset_without_sessions(bids):
    table(bids / "sub-1/sub-1_scans.tsv", "filename age", "anat/sub-1_T1w.nii.gz 6")
    assert demographics(bids)[0].age_years == 6


def test_sidecars_are_inherited_and_the_closer_one_counts(visits):
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age", "ses-a 48", "ses-b 60")
    (visits / "sessions.json").write_text(json.dumps({"age": {"Units": "months"}}))
    assert [row.age_years for row in demographics(visits)] == [4, 5]
    (visits / "sub-1/sub-1_sessions.json").write_text(json.dumps({"age": {"Units": "years"}}))
    assert [row.age_years for row in demographics(visits)] == [48, 60]


def test_a_long_participants_table_is_read_per_session(visits):
    table(visits / "participants.tsv", "participant_id session_id age", "sub-1 ses-a 4", "sub-1 ses-b 5")
    assert [row.age_years for row in demographics(visits)] == [4, 5]


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
    ("column", "text", "clinical"),
    [
        ("GMFCS", "III", {"GMFCS": "III"}),
        ("gmfcs_level", "2", {"GMFCS": "II"}),
        ("gmfcs", "GMFCS-IV", {"GMFCS": "IV"}),
        ("gmfcs", "9", {}),
        ("MACS", "Level-V", {"MACS": "V"}),
        ("macs", "a", {"MACS": "I"}),
        ("macs", "b", {}),
        ("cp_type", "spastic-diplegia", {"CP subtype": "bilateral spastic"}),
        ("CP_subtype", "USCP", {"CP subtype": "unilateral spastic"}),
        ("cp_subtype", "dyskinetic", {"CP subtype": "dyskinetic"}),
        ("cp_subtype", "spastic", {}),
        ("cp_subtype", "hemiplegia-and-ataxia", {}),
        ("cp_subtype", "n/a", None),
    ],
)
def test_clinical_words_are_read_with_certainty_or_told(bids, column, text, clinical):
    table(bids / "participants.tsv", f"participant_id {column}", f"sub-1 {text}")
    levels = {"a": "Level I: handles objects easily", "b": "handles few objects"}
    (bids / "participants.json").write_text(json.dumps({"macs": {"Levels": levels}}))
    scan = scan_of(bids)
    assert scan.clinical == (clinical or {})
    assert any("is not read as" in line for line in scan.decisions) == (clinical == {})


def test_clinical_words_that_contradict_each_other_are_told(bids):
    table(bids / "participants.tsv", "participant_id gmfcs gmfcs_level", "sub-1 2 III")
    assert scan_of(bids).clinical == {}
    assert "GMFCS is not shown: the tables give II and III" in scan_of(bids).decisions


def scan_of(root: Path) -> Scan:
    (scan,) = demographics(root)
    return scan


def not_known(scan: Scan, *told: str) -> bool:
    """Tell whether a scan runs without an age, and its decisions say why."""
    (line,) = (line for line in scan.decisions if line.startswith("age at scan n/a: "))
    assert not scan.problems
    return scan.age_years is None and all(word in line and word in scan.age_source for word in told)


def refused(scan: Scan, *told: str) -> bool:
    """Tell whether a scan is not processed, in one line that says why."""
    (line,) = scan.problems
    return scan.age_years is None and "\n" not in line and all(word in line for word in told)


@pytest.mark.parametrize(
    ("columns", "cells", "years"),
    [  # the first nine: the shared list of cells that were read wrongly, values by hand
        ("pma_weeks", "41", 7 * DAY),
        ("scan_age", "41.3", None),
        ("scan_age birth_age", "41.3 39.3", 14 * DAY),
        ("pma_weeks GA_birth", "41 27", 7 * DAY),
        ("age", "12", 12),
        ("age", "300", None),
        ("age", "-1", None),
        ("postnatal_age_days", "5", 5 * DAY),
        ("age", "0.01", 0.01),
        ("pma_weeks", "36", 0),
        ("pma_days GA_birth", "287 38", 21 * DAY),
        ("age", "999", None),
        ("age_weeks", "-2", None),
    ],
)
def test_an_age_is_right_or_its_scan_refused(bids, columns, cells, years):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    scan = scan_of(bids)
    if years is None:
        assert refused(
            scan, f"participants.tsv: {columns.split()[0]} ({cells.split()[0]}", "n/a where it is not"
        )
    else:
        assert scan.age_years == pytest.approx(years)
        assert not scan.problems


def test_a_corrected_age_is_read_with_its_unit(bids):
    (bids / "participants.tsv").write_text("participant_id\tcorrected_age\nsub-1\t24 months\n")
    scan = scan_of(bids)
    assert scan.age_years == 2
    assert scan.age_source == "participants.tsv: corrected_age (24 months, months corrected age)"


def test_years_without_a_stated_unit_are_told_on_the_page(bids):
    table(bids / "participants.tsv", "participant_id age", "sub-1 12")
    assert scan_of(bids).decisions == ("age at scan: participants.tsv: age (12, years as BIDS has it)",)
    (bids / "participants.json").write_text(json.dumps({"age": {"Units": "years"}}))
    assert scan_of(bids).decisions == ()


def test_no_whole_year_is_any_age_under_one(bids):
    table(bids / "participants.tsv", "participant_id age", "sub-1 0")
    assert refused(scan_of(bids), "under a year, give it in days or months")
    table(bids / "participants.tsv", "participant_id age age_months", "sub-1 0 9")
    assert scan_of(bids).age_years == 0.75
    table(bids / "participants.tsv", "participant_id age_months", "sub-1 0")
    assert scan_of(bids).age_years == 0


def test_groups_are_no_years(bids):
    table(bids / "participants.tsv", "participant_id age", "sub-1 4")
    levels = {"1": "11-15", "4": "16-20"}
    (bids / "participants.json").write_text(json.dumps({"age": {"Levels": levels}}))
    assert not_known(scan_of(bids), "a group, by the Levels in its sidecar")


@pytest.mark.parametrize("key", ["age", "Age", "AGE"])
def test_the_case_of_a_sidecars_key_does_not_matter(bids, key):
    table(bids / "participants.tsv", "participant_id age", "sub-1 18")
    (bids / "participants.json").write_text(json.dumps({key: {"units": "Months"}}))
    assert scan_of(bids).age_years == 1.5


def test_the_unit_of_participants_json_holds_where_a_closer_sidecar_is_silent(visits):
    (visits / "participants.json").write_text(json.dumps({"age": {"Units": "months"}}))
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age", "ses-a 48", "ses-b 60")
    assert [scan.age_years for scan in demographics(visits)] == [4, 5]


def test_one_age_of_several_sessions_is_that_of_none(visits):
    table(visits / "participants.tsv", "participant_id age", "sub-1 3")
    assert all(not_known(scan, "age (3,", "of which of 2 sessions") for scan in demographics(visits))
    (one,) = with_demographics(visits, list_scans(visits, session_label="a"))
    assert not_known(one, "of which of 2 sessions")


def test_a_session_that_only_its_table_knows_counts(tmp_path):
    root = plant(tmp_path, "sub-1/ses-a/anat/sub-1_ses-a_T1w.nii.gz")
    table(root / "participants.tsv", "participant_id age", "sub-1 3")
    assert scan_of(root).age_years == 3
    table(root / "sub-1/sub-1_sessions.tsv", "session_id age", "ses-a n/a", "ses-b 5")
    assert not_known(scan_of(root), "of which of 2 sessions")


def test_the_table_of_sessions_wins_over_the_participants(visits):
    table(visits / "participants.tsv", "participant_id age", "sub-1 3")
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id age_months", "ses-a 48", "ses-b n/a")
    first, second = demographics(visits)
    assert first.age_years == 4
    assert first.age_source.startswith(
        "sub-1/sub-1_sessions.tsv: age_months (48, months); participants.tsv: age (3"
    )
    assert not_known(second, "of which of 2 sessions")


@pytest.mark.parametrize(
    "form", ["age_ses{}", "age_ses-{}", "age_{}", "ses-{}_age", "age_session_{}", "Age_V{}"]
)
@pytest.mark.parametrize(("one", "two"), [("01", "02"), ("1", "2")])
def test_a_column_may_name_its_session(tmp_path, form, one, two):
    root = plant(tmp_path, *(f"sub-1/ses-{s}/anat/sub-1_ses-{s}_T1w.nii.gz" for s in ("01", "02")))
    columns = f"{form.format(one)}\tage\t{form.format(two)}"
    (root / "participants.tsv").write_text(f"participant_id\t{columns}\nsub-1\t4\t9\t6\n")
    assert [scan.age_years for scan in demographics(root)] == [4, 6]


def test_a_column_of_another_session_is_not_read(tmp_path):
    root = plant(tmp_path, *(f"sub-1/ses-{s}/anat/sub-1_ses-{s}_T1w.nii.gz" for s in ("01", "02")))
    table(root / "participants.tsv", "participant_id age_02 age_03", "sub-1 6 7")
    first, second = demographics(root)
    assert (first.age_years, second.age_years) == (None, 6)


@pytest.mark.parametrize("name", ["sub-01_ses-a", "sub-01-ses-a", "01_ses-a", "SUB-01_SES-A"])
def test_an_id_may_name_its_session(tmp_path, name):
    root = plant(tmp_path, *(f"sub-01/ses-{s}/anat/sub-01_ses-{s}_T1w.nii.gz" for s in "ab"))
    table(root / "participants.tsv", "participant_id age", f"{name} 4", f"{name[:-1]}b 5")
    assert [scan.age_years for scan in demographics(root)] == [4, 5]


@pytest.mark.parametrize("column", ["session_id", "session", "ses", "visit", "Session"])
def test_rows_tell_their_session_in_a_column(visits, column):
    table(visits / "participants.tsv", f"participant_id {column} age", "sub-1 ses-b 5", "sub-1 a 4")
    assert [scan.age_years for scan in demographics(visits)] == [4, 5]


def test_a_row_of_another_session_is_not_read(visits):
    table(visits / "participants.tsv", "participant_id session_id age", "sub-1 ses-b 5", "sub-1 ses-c 9")
    first, second = demographics(visits)
    assert not_known(first, "no row on this session")
    assert second.age_years == 5


@pytest.mark.parametrize(
    "header", ["participant_id", "Participant_ID", "PARTICIPANT_ID", "subject", '"participant_id"']
)
@pytest.mark.parametrize("name", ["sub-01", "01", "SUB-01", "sub-01 ", "1", '"sub-01"'])
def test_participants_are_found_however_they_are_written(tmp_path, header, name):
    root = plant(tmp_path, "sub-01/anat/sub-01_T1w.nii.gz", "sub-11/anat/sub-11_T1w.nii.gz")
    (root / "participants.tsv").write_text(f"{header}\tage\nsub-11\t7\n{name}\t5\n")
    assert [scan.age_years for scan in demographics(root)] == [5, 7]


def test_a_name_that_fits_two_participants_fits_none(tmp_path):
    root = plant(tmp_path, *(f"sub-{name}/anat/sub-{name}_T1w.nii.gz" for name in ("01", "001", "a", "A")))
    table(root / "participants.tsv", "participant_id age", "sub-1 5", "sub-a 6", "sub-001 7")
    ages = {scan.participant: scan.age_years for scan in demographics(root)}
    assert ages == {"01": None, "001": 7, "a": 6, "A": None}
    (one,) = with_demographics(root, list_scans(root, participant_label="01"))
    assert not_known(one, "no row on this participant")


@pytest.mark.parametrize("mark", [",", ";"])
def test_commas_or_semicolons_between_cells_are_read_and_told(bids, mark):
    (bids / "participants.tsv").write_text("participant_id,age,sex\nsub-1,5,M\n".replace(",", mark))
    scan = scan_of(bids)
    assert (scan.age_years, scan.sex) == (5, "M")
    assert "between its cells, not tabs" in scan.age_source


def test_a_decimal_comma_between_commas_shifts_no_column(bids):
    (bids / "participants.tsv").write_text("participant_id,height,age\nsub-1,88,5,4\n")
    assert not_known(scan_of(bids), "line 2 has 4 cells, the header 3")
    (bids / "participants.tsv").write_text("participant_id;height;age\nsub-1;88;5,4\n")
    assert scan_of(bids).age_years == 5.4


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffparticipant_id\tage\nsub-1\t4\n".encode(),
        "participant_id\tage\nsub-1\t4\n".encode("utf-16"),
        b"participant_id\tage\r\nsub-1\t4\r\n",
        "participant_id\tage\tnote\nsub-1\t4\tMünchen\n".encode("latin-1"),
    ],
)
def test_encodings_lose_no_age(bids, content):
    (bids / "participants.tsv").write_bytes(content)
    assert scan_of(bids).age_years == 4


def test_a_tab_at_the_end_shifts_no_column(tmp_path):
    root = plant(tmp_path, *(f"sub-{n}/anat/sub-{n}_T1w.nii.gz" for n in "125"))
    people = "participant_id\tage\theight\tsex\nsub-1\t2\t88\tM\t\nsub-2\t5\t110\tF\t\nsub-5\t1\t75\tF\t\n"
    (root / "participants.tsv").write_text(people)
    assert [(scan.age_years, scan.sex) for scan in demographics(root)] == [(2, "M"), (5, "F"), (1, "F")]


@pytest.mark.parametrize(
    "line", ["sub-2\t\t110\t5\tF", "sub-2\t\t110\t5\t", "sub-2\t110 5\tF", "sub-2\t5\tF", "\tsub-2\t5\t8\tF"]
)
def test_a_row_with_a_tab_too_many_or_missing_is_nobodys_and_stops_no_other(tmp_path, line):
    root = plant(tmp_path, *(f"sub-{n}/anat/sub-{n}_T1w.nii.gz" for n in "12"))
    text = f"participant_id\theight\tage\tsex\n{line}\nsub-1\t88\t2\tM\n"
    (root / "participants.tsv").write_text(text)
    first, second = demographics(root)
    assert (first.age_years, first.sex) == (2, "M")
    assert not_known(second, "participants.tsv: not used, line 2 has")
    assert second.sex == "n/a"


def test_quotes_swallow_no_rows(tmp_path):
    root = plant(tmp_path, *(f"sub-0{n}/anat/sub-0{n}_T1w.nii.gz" for n in "123"))
    text = 'participant_id\tnote\tage\nsub-01\t"left\t4\nsub-02\tx\t5\nsub-03\tright"\t6\n'
    (root / "participants.tsv").write_text(text)
    assert [scan.age_years for scan in demographics(root)] == [4, 5, 6]


@pytest.mark.parametrize(
    ("rows", "years"),
    [
        (("sub-1 4 F", "sub-1 5 F"), None),
        (("sub-1 4 F", "01 4.4 F"), None),
        (("sub-1 4 F", "sub-1 4 F"), 4),
        (("sub-1 4 n/a", "sub-1 n/a F"), 4),
    ],
)
def test_rows_on_one_participant_agree_or_give_nothing(bids, rows, years):
    table(bids / "participants.tsv", "participant_id age sex", *rows)
    scan = scan_of(bids)
    assert scan.age_years == years
    assert scan.sex == "F"
    if years is None:
        assert refused(
            scan, "2 rows on this scan contradict each other: 4, years", f"and {rows[1].split()[1]}, years"
        )


@pytest.mark.parametrize(("cells", "years"), [("4 5", None), ("4 4", 4), ("4 n/a", 4)])
@pytest.mark.parametrize("columns", ["age age", "age Age", "age age_years"])
def test_two_columns_with_one_meaning_agree_or_give_nothing(bids, columns, cells, years):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    scan = scan_of(bids)
    assert scan.age_years == years
    if years is None:
        assert refused(scan, "(4, years", "(5, years", "contradict each other")


def test_a_column_of_ids_that_is_there_twice_is_not_used(bids):
    table(bids / "participants.tsv", "participant_id age participant_id", "sub-1 4 sub-2")
    assert not_known(scan_of(bids), "participants.tsv: not used, it has the column participant_id twice")


@pytest.fixture
def visit(tmp_path):
    return plant(tmp_path, "sub-1/ses-a/anat/sub-1_ses-a_T1w.nii.gz")


@pytest.mark.parametrize(
    ("people", "session", "image", "sidecar", "years"),
    [
        ("5", "5", "5", "005Y", 5),
        ("5", "5.4", None, None, 5.4),  # "5" covers it
        ("5", "64.8 months", None, None, 5.4),
        (None, None, None, "006M", 0.5),
        (None, "n/a", "4", None, 4),
        ("3", "4", None, None, None),
        (None, "5", "6", None, None),
        ("5", None, None, "007Y", None),
        ("5", None, None, "5", 5),
        ("3", "-1", None, None, None),
    ],
)
def test_all_that_is_said_of_a_scan_must_agree(visit, people, session, image, sidecar, years):
    for path, column, key, cell in (
        ("participants.tsv", "participant_id", "sub-1", people),
        ("sub-1/sub-1_sessions.tsv", "session_id", "ses-a", session),
        ("sub-1/ses-a/sub-1_ses-a_scans.tsv", "filename", "anat/sub-1_ses-a_T1w.nii.gz", image),
    ):
        if cell is not None:
            (visit / path).write_text(f"{column}\tage\n{key}\t{cell}\n")
    if sidecar is not None:
        (visit / "sub-1/ses-a/anat/sub-1_ses-a_T1w.json").write_text(json.dumps({"PatientAge": sidecar}))
    scan = scan_of(visit)
    assert scan.age_years == (years and pytest.approx(years))
    if session == "-1":
        assert refused(scan, "sub-1_sessions.tsv: age (-1")
    elif years is None:
        given = [text for text in (people, session, image) if text] + (["007Y"] if sidecar else [])
        assert refused(scan, "contradict each other", *(f"({text}, years" for text in given))


def test_a_corrected_age_goes_before_one_from_birth_that_fits(bids):
    table(bids / "participants.tsv", "participant_id age_days pma_weeks ga", "sub-1 98 41 27")
    assert scan_of(bids).age_years == pytest.approx(7 * DAY)
    table(bids / "participants.tsv", "participant_id age_days pma_weeks ga", "sub-1 400 41 27")
    assert refused(scan_of(bids), "age_days (400", "pma_weeks (41", "contradict")


def test_the_images_of_one_scan_must_agree(tmp_path):
    root = plant(tmp_path, *(f"sub-1/anat/sub-1_{name}.nii.gz" for name in ("T1w", "FLAIR")))
    rows = "filename age", "anat/sub-1_T1w.nii.gz 6", "anat/sub-1_FLAIR.nii.gz 6", "anat/sub-1_T2w.nii.gz 9"
    table(root / "sub-1/sub-1_scans.tsv", *rows)
    assert scan_of(root).age_years == 6
    table(root / "sub-1/sub-1_scans.tsv", *rows, "./anat/sub-1_T1w.nii.gz 8")
    assert refused(scan_of(root), "contradict each other: 6, years", "8, years")


def test_a_session_tables_row_of_another_participant_is_not_read(visit):
    table(
        visit / "sub-1/sub-1_sessions.tsv", "participant_id session_id age", "sub-2 ses-a 9", "sub-1 ses-a 4"
    )
    assert scan_of(visit).age_years == 4


def test_gestation_from_participants_dates_a_postmenstrual_age_of_a_session(visits):
    table(visits / "participants.tsv", "participant_id sex birth_age", "sub-1 Male 30")
    table(visits / "sub-1/sub-1_sessions.tsv", "session_id scan_age", "a 44", "b 29")
    first, second = demographics(visits)
    assert first.age_years == pytest.approx(28 * DAY)
    assert (first.sex, second.sex) == ("M", "M")
    assert refused(second, "before birth at 30 weeks of gestation")


def test_tables_that_contradict_each_other_give_no_sex(visit):
    table(visit / "participants.tsv", "participant_id sex", "sub-1 M")
    table(visit / "sub-1/sub-1_sessions.tsv", "session_id sex", "a F")
    scan = scan_of(visit)
    assert scan.sex == "n/a"
    assert scan.decisions[1:] == ("sex n/a: the tables give F and M",)


def test_a_table_without_a_column_of_ages_is_told(bids):
    table(bids / "participants.tsv", "participant_id edad sex", "sub-1 5 M")
    scan = scan_of(bids)
    assert scan.age_years is None
    told = "participants.tsv: none of its columns is known as an age; name it age, age_months or pma_weeks"
    assert scan.age_source == told


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("participants.json", b"{", "participants.tsv: not used, participants.json is not valid JSON"),
        ("participants.json", b"[1]", "participants.tsv: not used, participants.json is not as BIDS has it"),
        ("participants.json", b"[" * 100_000, "participants.tsv: not used, participants.json"),
        ("participants.tsv", b"", "participants.tsv: not used, it is empty"),
        ("participants.tsv", b"a\0b", "participants.tsv: not used, it is not text"),
        ("participants.tsv", b"/annex/objects/x", "participants.tsv: not used, it is a git-annex pointer"),
        ("participants.tsv", b"participant_id\tage\nsub-1\t4\xff\n", "holds bytes that are not UTF-8"),
        ("participants.tsv", b"participant_id age\nsub-1 4\n", "lacks the column participant_id, and no tab"),
        ("participants.tsv", b"code\tage\nsub-1\t4\n", "it lacks the column participant_id"),
        ("participants.tsv", b"participant_id\tage\nsub-2\t4\n", "no row on this participant"),
        ("participants.tsv", b"participant_id\tage_group\nsub-1\t4\n", "age_group is not read as an age"),
        ("sub-1/anat/sub-1_T1w.json", b"{", None),
    ],
)
def test_a_broken_table_is_told_and_stops_nothing(bids, name, content, told):
    table(bids / "participants.tsv", "participant_id age", "sub-1 4")
    (bids / name).write_bytes(content)
    scan = scan_of(bids)
    if told is None:
        assert scan.age_years == 4
        assert "sub-1_T1w.json: not used, it is not valid JSON" in scan.age_source
    else:
        assert not_known(scan, told)


@pytest.mark.parametrize("name", ["participants.tsv", "participants.json"])
def test_a_link_to_nothing_or_a_folder_is_told(bids, name):
    table(bids / "participants.tsv", "participant_id age", "sub-1 4")
    (bids / name).unlink(missing_ok=True)
    (bids / name).symlink_to(".git/annex/objects/x")
    assert not_known(
        scan_of(bids), "participants.tsv: not used, ", "is a link" if name.endswith("tsv") else name
    )
    (bids / name).unlink()
    (bids / name).mkdir()
    assert not_known(
        scan_of(bids), "participants.tsv: not used, ", "is a folder" if name.endswith("tsv") else name
    )


def test_ages_that_stand_elsewhere_are_told(bids):
    table(bids / "participants.csv", "participant_id,age", "sub-1,4")
    assert not_known(scan_of(bids), "participants.csv is not read")
    table(bids / "phenotype/bayley.tsv", "participant_id age score", "sub-1 4 90")
    table(bids / "phenotype/other.tsv", "participant_id score", "sub-1 90")
    assert not_known(scan_of(bids), "phenotype/bayley.tsv: its age is that of an examination")
    table(bids / "participants.tsv", "participant_id age", "sub-1 5")
    assert scan_of(bids).age_source == "participants.tsv: age (5, years as BIDS has it)"


def test_no_name_or_date_in_a_shifted_cell_is_told(bids):
    for text in ("Anna Smith", "2015-03-02", "02.03.2015"):
        (bids / "participants.tsv").write_text(f"participant_id\tage\nsub-1\t{text}\n")
        scan = scan_of(bids)
        assert not_known(scan, "its text cannot be read as a number")
        assert text not in f"{scan}"


@pytest.mark.parametrize(
    "tree",
    [
        "openneuro-ds004498",
        "bids-examples-7t_trt",
        "bids-examples-ds000117",
        "bids-examples-ds001",
        "bids-examples-ds114",
        "bids-examples-synthetic",
    ],
)
def test_file_lists_of_real_datasets_plan_without_their_contents(tmp_path, tree):
    if not TREES.is_dir():
        pytest.skip("the file lists of real datasets are not here")
    plant(tmp_path, *(TREES / f"{tree}.txt").read_text().split())
    for path in tmp_path.rglob("dataset_description.json"):
        path.write_text(json.dumps({"Name": tree}))
    scans = demographics(tmp_path)
    assert [scan.label for scan in scans] == [scan.label for scan in list_scans(tmp_path)]
    assert not any(scan.problems or scan.age_years is not None for scan in scans)
    if "participants.tsv" in (TREES / f"{tree}.txt").read_text():
        assert all("participants.tsv: not used, it is empty" in scan.age_source for scan in scans)


def test_reads_the_real_table():
    if not REAL.is_dir():
        pytest.skip("the real images are not here")
    rows = {scan.label: scan for scan in demographics(REAL)}
    assert (rows["sub-ms07"].age_years, rows["sub-ms07"].sex) == (53, "F")
    assert (rows["sub-ms26"].age_years, rows["sub-ms26"].sex) == (40, "F")
    assert rows["sub-head"].age_years is None


SPELLED = [
    # columns, cells, (years of maturation, postmenstrual weeks, days since birth) or what the refusal says
    ("pma_weeks", "23", (0, 23, None)),
    ("pma_weeks", "34+4", (0, 34 + 4 / 7, None)),
    ("pma", "38+4", (0, 38 + 4 / 7, None)),
    ("pma_weeks", "41", (7 * DAY, 41, None)),
    ("post_menstrual_age", "52 weeks", (84 * DAY, 52, None)),
    ("scan_age birth_age", "40.5 39.5", (7 * DAY, 40.5, 7)),  # dHCP, weeks
    ("scan_age birth_age", "41 27", (7 * DAY, 41, 98)),
    ("age_days ga", "98 27", (7 * DAY, 41, 98)),  # 27 + 14 weeks: at term-equivalent
    ("age_weeks gestational_age", "14 27+0", (7 * DAY, 41, 98)),
    ("postnatal_age_days ga", "3 40", (3 * DAY, 40 + 3 / 7, 3)),
    ("corrected_age_days", "7", (7 * DAY, 41, None)),
    ("corrected_age_months ga", "24 28", (2, 40 + 730.5 / 7, 814.5)),
    ("age_months", "6", (0.5, None, 182.625)),  # as NiBabies names it
    ("age ga", "6 27", (6, 27 + 6 * 365.25 / 7, 6 * 365.25)),  # past three years nothing is corrected
    ("scan_pma birth_ga", "41 27", (7 * DAY, 41, 98)),
    ("pma_weeks_at_scan", "41", (7 * DAY, 41, None)),
    ("age_months_at_scan", "24", (2, None, 730.5)),
    ("subject_age", "5", (5, None, 5 * 365.25)),
    ("age", "45", (45, None, 45 * 365.25)),
    ("age", "12", (12, None, 12 * 365.25)),  # years, as BIDS has it
    ("age", "5y 3m", (5.25, None, 5.25 * 365.25)),
    ("age", "P3W", (21 * DAY, None, 21)),
    ("age", "n/a", (None, None, None)),
    ("age", "300", "300, years"),
    ("age", "-1", "-1, years"),
    ("age", "\N{MINUS SIGN}1", "-1, years"),
    ("age", "38+4", "pma_weeks or postnatal_age_weeks"),
    ("age", "0", "give it in days or months"),
    ("age ga", "41 27", "may be years or postmenstrual weeks"),
    ("cga", "41", (7 * DAY, 41, None)),
    ("age_at_scan_weeks ga", "41 27", "41 weeks beside 27 weeks of gestation may be those since birth or"),
    ("postnatal_age_weeks ga", "14 27", (7 * DAY, 41, 98)),
    ("weeks_pma", "41", (7 * DAY, 41, None)),
    ("gestational_age_at_scan ga", "41 27", (7 * DAY, 41, 98)),  # at the scan it is postmenstrual
    ("dol ga", "98 27", (7 * DAY, 41, 98)),
    ("dol age_days ga", "99 98 27", (7 * DAY, 41, 98)),  # birth was day 1
    ("dol age_days", "3 1", "contradict each other"),
    ("day_of_life", "-1", "not between 0 and 120 years"),
    ("ca_months ga", "24 28", (2, 40 + 730.5 / 7, 814.5)),
    ("pma_weeks age_days", "42 7", (14 * DAY, 42, 7)),  # born at 41 weeks
    ("pma_weeks age_days", "47 6", "contradict each other"),  # born at 46 weeks
    ("corrected_age_days age_days", "14 6", "contradict each other"),
    ("scan_age", "41", "may count from birth or not"),
    ("corrected_age", "7", "say corrected_age_weeks"),
    ("pma_weeks", "12", "not between 21 and 200 weeks"),
    ("pma_weeks ga", "30 32", "before birth at 32 weeks"),
    ("age_days pma_weeks ga", "30 41 27", "contradict each other: born at 27 weeks"),
]


@pytest.mark.parametrize(("columns", "cells", "expected"), SPELLED)
def test_an_age_is_read_as_all_that_it_says_or_refused(bids, columns, cells, expected):
    head, row = f"participant_id {columns}".split(" "), ["sub-1", *cells.split(" ")]
    if "weeks" in row or "3m" in row:
        row = ["sub-1", cells]
    (bids / "participants.tsv").write_text("\t".join(head) + "\n" + "\t".join(row) + "\n")
    scan = scan_of(bids)
    if isinstance(expected, str):
        assert refused(scan, expected)
        return
    found = (scan.age_years, scan.pma_weeks, scan.postnatal_days)
    assert found == tuple(value if value is None else pytest.approx(value) for value in expected)
    assert not scan.problems


@pytest.mark.parametrize(
    ("columns", "cells", "weeks"),
    [
        ("pma_weeks age_days", "44\t98", 30),
        ("pma_weeks age_months", "44\t3", None),  # three months are 12 to 16 weeks
        ("pma_weeks age_days", "44\t28", 40),
        ("pma_weeks age_days ga", "44\t98\t30.4", 30.4),  # what is given goes before what follows
        ("pma_weeks", "44", None),
    ],
)
def test_two_ages_of_a_newborn_give_its_gestation(bids, columns, cells, weeks):
    head = "\t".join(f"participant_id {columns}".split(" "))
    (bids / "participants.tsv").write_text(f"{head}\nsub-1\t{cells}\n")
    assert scan_of(bids).gestation_weeks == (weeks and pytest.approx(weeks))


@pytest.mark.parametrize(
    ("columns", "cells", "told"),
    [
        ("age_weeks", "41", "since birth, as BIDS has it; a postmenstrual age belongs in a column pma_weeks"),
        ("age_weeks", "28", "since birth, as BIDS has it; a postmenstrual age belongs in a column pma_weeks"),
        ("age_weeks", "23", None),
        ("age_weeks", "47", None),
        ("postnatal_age_weeks", "41", None),
        ("age_days ga_weeks", "30 early", "not read as weeks of gestation at birth: taken for born at term"),
        ("age_days ga_weeks", "0 early", "not read as weeks of gestation at birth: taken for born at term"),
        ("age_years ga_weeks", "8 early", None),
        ("dol", "3", "3, days of life, birth taken for day 0; if it is day 1, give postnatal_age_days"),
        ("ca_months", "9", "9, months corrected age, as ca is taken for"),
        ("corrected_months", "9", None),
    ],
)
def test_an_age_that_may_be_misread_is_told_on_the_page(bids, columns, cells, told):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    assert any(told in line for line in scan_of(bids).decisions) if told else not scan_of(bids).decisions


def test_a_contradiction_tells_both_values(bids):
    table(bids / "participants.tsv", "participant_id age_days pma_weeks ga", "sub-1 30 41 27")
    assert refused(scan_of(bids), "pma_weeks (41 weeks", "age_days (30, days", "is 31.29 weeks")


@pytest.mark.parametrize(("days", "fits"), [("91", True), ("105", True), ("89", False), ("107", False)])
def test_completed_weeks_may_be_a_week_short(bids, days, fits):
    table(bids / "participants.tsv", "participant_id age_days pma_weeks ga", f"sub-1 {days} 41 27")
    assert (scan_of(bids).age_years is not None) == fits


@pytest.mark.parametrize(
    ("columns", "cells", "told"),
    [
        ("ga", "45", "ga (45, weeks: not between 21 and 44 weeks of gestation at birth); correct it"),
        ("ga", "20", "ga (20, weeks: not between 21 and 44"),
        ("gestational_age", "20+6", "gestational_age (20+6, weeks: not between"),
        ("birth_age_days", "146", "birth_age_days (146, days: not between"),
        ("ga_weeks", "260", "where it is in days the column's name must say so"),
        ("ga_weeks ga", "39 20", "ga (20, weeks: not between"),
    ],
)
@pytest.mark.parametrize(("age", "cell"), [("age_days", "3"), ("pma_weeks", "40"), ("age_years", "2.9")])
def test_a_gestation_that_no_child_has_is_refused_where_an_age_depends_on_it(
    bids, columns, cells, told, age, cell
):
    table(bids / "participants.tsv", f"participant_id {age} {columns}", f"sub-1 {cell} {cells}")
    assert refused(scan_of(bids), told)


@pytest.mark.parametrize(("columns", "cells"), [("age_years ga", "3 20"), ("age_years ga", "30 999")])
def test_past_three_years_a_gestation_that_no_child_has_is_told_and_not_used(bids, columns, cells):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    scan = scan_of(bids)
    assert (scan.age_years, scan.gestation_weeks, scan.problems) == (float(cells.split()[0]), None, ())
    assert "weeks of gestation at birth): not used" in scan.age_source


@pytest.mark.parametrize("cell", ["21", "44+6", "30"])
def test_a_gestation_that_a_child_may_have_is_read(bids, cell):
    table(bids / "participants.tsv", "participant_id age_days ga", f"sub-1 3 {cell}")
    assert scan_of(bids).gestation_weeks == pytest.approx({"21": 21, "44+6": 44 + 6 / 7, "30": 30}[cell])


def test_a_code_for_none_is_no_gestation(bids):
    table(bids / "participants.tsv", "participant_id age_days ga", "sub-1 3 999")
    (bids / "participants.json").write_text('{"ga": {"Description": "weeks, 999 = unknown"}}')
    scan = scan_of(bids)
    assert (scan.postnatal_days, scan.gestation_weeks, scan.problems) == (3, None, ())


@pytest.mark.parametrize(
    ("columns", "cells", "gestation", "pma"),
    [
        ("ga_weeks ga_days", "38 4", 38 + 4 / 7, None),
        ("ga_days ga_weeks", "4 38", 38 + 4 / 7, None),
        ("ga ga_days", "38 0", 38, None),
        ("ga_w ga_d", "38 4", 38 + 4 / 7, None),
        ("ga_weeks ga_extra_days", "38 4", 38 + 4 / 7, None),
        ("GestationalAge gestational_age_days", "38 4", 38 + 4 / 7, None),
        ("birth_age_weeks birth_age_days", "38 4", 38 + 4 / 7, None),
        ("ga_weeks_at_birth ga_days_at_birth", "38 4", 38 + 4 / 7, None),
        ("gestation_weeks gestation_days", "38.57 4", 38 + 4 / 7, None),  # said twice
        ("ga_weeks ga_days", "38+4 4", 38 + 4 / 7, None),
        ("ga_weeks ga_days", "38 270", 38 + 4 / 7, None),  # all of it in days
        ("ga ga_weeks", "38 38.5", 38.5, None),  # the finest of those that agree
        ("pma_weeks pma_days", "40 3", None, 40 + 3 / 7),
        ("pma_at_scan_weeks pma_at_scan_days", "40 3", None, 40 + 3 / 7),
        ("pma_weeks pma_days ga_weeks ga_days", "40 3 38 4", 38 + 4 / 7, 40 + 3 / 7),
    ],
)
def test_weeks_in_one_column_and_days_in_another_are_one_age(bids, columns, cells, gestation, pma):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    scan = scan_of(bids)
    assert (scan.gestation_weeks, scan.problems) == (gestation and pytest.approx(gestation), ())
    assert scan.pma_weeks == (pma and pytest.approx(pma))


@pytest.mark.parametrize(
    ("columns", "cells", "told"),
    [
        ("age_days ga_weeks ga_days", "3 38.4 4", "ga_days (4, days: not between"),  # 38.4 is 38 + 3
        ("age_days ga_weeks ga_days", "3 n/a 4", "extra days need whole weeks beside them"),
        ("age_days ga_weeks ga_days", "3 38 9", "ga_days (9, days: not between"),
        ("pma_weeks pma_days", "38.4 4", "extra days need whole weeks beside them"),
        ("pma_weeks pma_days", "38 200", "contradict each other"),
        ("age_weeks age_days", "1 6", "contradict each other"),  # 6 days, or 13
        ("age_weeks age_days", "38 4", "may count from birth or not"),
    ],
)
def test_weeks_and_days_that_do_not_fit_are_refused(bids, columns, cells, told):
    table(bids / "participants.tsv", f"participant_id {columns}", f"sub-1 {cells}")
    assert refused(scan_of(bids), told)


def test_weeks_since_birth_and_extra_days_add_up(bids):
    table(bids / "participants.tsv", "participant_id age_weeks age_days", "sub-1 10 4")
    assert scan_of(bids).postnatal_days == pytest.approx(74)


def test_gestation_that_two_columns_tell_otherwise_is_not_used(bids):
    table(bids / "participants.tsv", "participant_id age_days ga_weeks ga_days", "sub-1 3 38 200")
    scan = scan_of(bids)
    assert scan.gestation_weeks is None
    assert any("told in several ways: taken for born at term" in line for line in scan.decisions)


@pytest.mark.parametrize("given", [{"age": "3d", "ga_weeks": "45"}, {"pma_weeks": "40", "ga_weeks": "19"}])
def test_a_given_gestation_that_no_child_has_is_refused(bids, given):
    with pytest.raises(InputError, match="not between 21 and 44 weeks of gestation at birth"):
        with_given_ages(scan_of(bids), given)
