"""Tables of people and their sidecars: an age is right, or missing and told; never that of another."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest.mock import patch

import numpy as np
from kinds import Kind

from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.bids.scan import Scan

DAY, WEEK, MONTH = 1 / 365.25, 7 / 365.25, 1 / 12
"""In years."""

Ages = Mapping[str, float | None]
Files = Mapping[str, str | bytes]
Make = Callable[[Path], object]
PEOPLE = "participants.tsv"
DESCRIPTION = '{"Name": "x", "BIDSVersion": "1.10.0"}'


def tree(folder: Path, labels: tuple[str, ...] = ("01", "02")) -> Path:
    """Write a dataset of zero-byte images; labels such as "01" or "01/ses-1"."""
    for label in labels:
        scan = f"sub-{label.replace('/', '_')}"
        path = folder / f"sub-{label}/anat/{scan}_T1w.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (folder / "dataset_description.json").write_text(DESCRIPTION)
    return folder


def write(folder: Path, files: Files) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def listed(folder: Path) -> dict[str, Scan]:
    return {scan.label: scan for scan in with_demographics(folder, list_scans(folder))}


def told_of(scan: Scan) -> str:
    return " | ".join([scan.age_source, *scan.decisions, *scan.problems])


def check_ages(scans: Mapping[str, Scan], ages: Ages, words: str) -> None:
    assert {f"sub-{label}" for label in ages} == set(scans)
    for label, age in ages.items():
        scan = scans[f"sub-{label}"]
        if age is None:
            assert scan.age_years is None, scan
        else:
            assert scan.age_years is not None, told_of(scan)
            assert np.isclose(scan.age_years, age, rtol=1e-9), (scan.age_years, age)
        assert told_of(scan).isprintable()
    first = scans[f"sub-{next(iter(ages))}"]
    assert words in told_of(first), told_of(first)


def result(ages: Ages, words: str) -> str:
    told = ", ".join(f"{label}: {'n/a' if age is None else f'{age:.4g}'}" for label, age in ages.items())
    return f"{told}; told: “{words}”" if words else told


def table(
    made: str, text: str | bytes, ages: Ages, words: str = "", area: str = "tables", **files: str | bytes
) -> Kind:
    """Return a kind of participants.tsv; the first of `ages` is the one that `words` are told of."""

    def check(folder: Path) -> None:
        tree(folder, tuple(label.replace("_", "/") for label in ages))
        write(folder, {PEOPLE: text, **{name.replace("__", "."): content for name, content in files.items()}})
        check_ages(listed(folder), ages, words)

    return Kind(area, made, result(ages, words), check)


def age(
    column: str, cell: str, years: float | None, words: str = "", born: str = "", sidecar: str = "{}"
) -> Kind:
    """Return a kind of one cell; 02 always has 5 years."""
    more, value, other = ("\tbirth_age", f"\t{born}", "\tn/a") if born else ("", "", "")
    text = f"participant_id\t{column}\tage_years{more}\nsub-01\t{cell}\tn/a{value}\nsub-02\tn/a\t5{other}\n"
    made = (
        f"{column} {cell}"
        + (f", born at {born} weeks" if born else "")
        + (f", sidecar {sidecar}" if sidecar != "{}" else "")
    )
    return table(made, text, {"01": years, "02": 5.0}, words, area="ages", participants__json=sidecar)


FIVE = {"01": 5.0, "02": 7.0}
ROWS = "participant_id\tage\tsex\nsub-01\t5\tF\nsub-02\t7\tM\n"
AGES = [
    age("pma_weeks", "41", WEEK, "7 days"),
    age("pma_weeks", "39", 0.0, "corrected age"),
    age("pma_weeks", "25+3", 0.0, "postmenstrual"),
    age("pma_weeks", "41", WEEK, "corrected age", born="27"),
    age("pma_weeks", "42", 3 * WEEK, "less 39 weeks", born="39"),
    age("pma", "300", None, "not between 21 and 60 weeks"),
    age("scan_age", "41.3", None, "may count from birth or not"),
    age("scan_age", "41.3", 1.3 * WEEK, "postmenstrual", born="27"),
    age("scan_age", "38", None, "may count from birth or not"),
    age("age", "12", 12.0, "years as BIDS has it"),
    age("age", "300", None, "not between 0 and 120 years"),
    age("age", "-1", None, "not between 0 and 120 years"),
    age("age", "121", None, "not between 0 and 120 years"),
    age("age_months", "2000", None, "not between 0 and 120 years"),
    age("corrected_age", "24 months", 2.0, "corrected age"),
    age("corrected_age_months", "-1", 0.0, "before term"),
    age("corrected_age", "24", None, "has no stated unit"),
    age("postnatal_age_days", "5", 5 * DAY, "days"),
    age("pna_weeks", "3", 3 * WEEK, "weeks"),
    age("age", "0.01", 0.01, "4 days"),
    age("age_months", "0.5", 0.5 * MONTH, "15 days"),
    age("age", "38+4", None, "may count from birth or not"),
    age("age", "40w2d", None, "may count from birth or not"),
    age("age", "16-20", None, "cannot be read as a number"),
    age("age", "5y 3m", 5 + 3 * MONTH),
    age("age", "5.5y 6m", None, "cannot be read as a number"),
    age("age", "5y 3.5m", 5 + 3.5 * MONTH),
    age("age", "P3Y", 3.0),
    age("age", "P2Y6M", 2.5),
    age("age", "7,5", 7.5),
    age("age", "89+", 89.0),
    age("age", "5+", None, "is open-ended"),
    age("age", "<2", None, "cannot be read as a number"),
    age("age", "inf", None, "cannot be read as a number"),
    age("age", "1e9", None, "not between 0 and 120 years"),
    age("age", "9" * 400, None),
    age("age", "٧", None, "cannot be read as a number"),
    age("age", "0x10", None, "cannot be read as a number"),
    age("age", "2019-03-04", None, "its text cannot be read"),
    age("age", "Anna Meyer", None, "its text cannot be read"),
    age("age", "12", 1.0, "months", sidecar='{"age": {"Units": "months"}}'),
    age("age", "400", 400 * DAY, "days", sidecar='{"age": {"Units": "d"}}'),
    age("age", "12", None, "unit that is not known", sidecar='{"age": {"Units": "parsec"}}'),
    age("age", "4", None, "a group, by the Levels", sidecar='{"age": {"Levels": {"4": "16 to 20 years"}}}'),
    age("age", "2", None, "a group, by the Levels", sidecar='{"age": {"Levels": ["young", "old"]}}'),
    age("age", "12", None, "not the age at scan", sidecar='{"age": {"Description": "age at onset in years"}}'),
    age("age", "12", None, "not the age at scan", sidecar='{"age": {"Description": "age of the mother"}}'),
    age("age", "12 months", None, "units that disagree", sidecar='{"age": {"Units": "years"}}'),
]  # fmt: skip


def described(cell: str, years: float | None, words: str, sidecar: str) -> Kind:
    """Return a kind of an age whose sidecar says in words what it counts."""
    return age("age", cell, years, words, sidecar=sidecar)


GROUP, ANOTHER, NO_AMOUNT = "a group, by its", "not the age at scan", "no amount of time"
UNKNOWN_UNIT = "unit that is not known"
MEANINGS = [
    described("2", None, GROUP, '{"age": {"Description": "age group: 1 = 0-2 years, 2 = 2-5 years"}}'),
    described("2", None, GROUP, '{"age": {"LongName": "Age band"}}'),
    described("3", None, GROUP, '{"age": {"Description": "1: 0 to 2, 2: 2 to 5, 3: older"}}'),
    described("15", None, GROUP, '{"age": {"Description": "Age in years, rounded to 5-year bins"}}'),
    described("2", None, GROUP, '{"age": {"Description": "decade of life"}}'),
    described("2", None, "by the Levels", '{"age": {"Levels": "1-3"}}'),
    described("1.2", None, NO_AMOUNT, '{"age": {"Description": "standardised age (z-score)"}}'),
    described("1.2", None, NO_AMOUNT, '{"age": {"Description": "log of age in years"}}'),
    described("1.2", None, NO_AMOUNT, '{"age": {"Description": "age in years, mean-centred"}}'),
    described("1.2", None, NO_AMOUNT, '{"age": {"Description": "difference in age to the sibling, years"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "bone age at scan"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "brain age of the model"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "age of onset of symptoms"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "Age when injured, in years"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "age at first seizure"}}'),
    described("10", None, ANOTHER, '{"age": {"Description": "year of birth"}}'),
    described("5", 5.0, "years", '{"age": {"Description": "Age at first scan in years"}}'),
    described("5", 5.0, "years", '{"age": {"Description": "Age at scan; that of onset is in another column"}}'),
    described("5", 5.0, "years", '{"age": {"Description": "Age in years (range 2-18) of patients and controls"}}'),
    described("18", 1.5, "months", '{"age": "Age in months"}'),
    described("18", 1.5, "months", '{"age": ["Age", "in months"]}'),
    described("2", None, UNKNOWN_UNIT, '{"age": {"Units": "10 years"}}'),
    described("25", None, UNKNOWN_UNIT, '{"age": {"Units": "years^2"}}'),
    described("2", None, UNKNOWN_UNIT, '{"age": {"Units": "half-years"}}'),
    described("2", None, NO_AMOUNT, '{"age": {"Units": "log(years)"}}'),
    age("age²", "25", None, "age² is not read as an age at scan"),
    age("Δage", "1", None, "Δage is not read as an age at scan"),
]  # fmt: skip

SEVERAL = {"01_ses-1": None, "01_ses-2": None}
ARE_SHIFTED = "line 2 has 4 cells, the header 3"
TABLES = [
    table("a plain table", ROWS, FIVE),
    table("a tab too many at the end of each row", ROWS.replace("F\n", "F\t\n").replace("M\n", "M\t\n"), FIVE),
    table("a tab too many at the end of rows, cells empty", "participant_id\tage\tsex\nsub-01\t5\t\t\nsub-02\t7\tM\t\n", {"01": None, "02": 7.0}, ARE_SHIFTED),
    table("a tab too many within a row", "participant_id\tage\tsex\nsub-01\t88\t5\tF\nsub-02\t7\tM\n", {"01": None, "02": 7.0}, ARE_SHIFTED),
    table("a tab too few in a row", "participant_id\tsex\tage\nsub-01\t5\nsub-02\tM\t7\n", {"01": None, "02": 7.0}, "line 2 has 2 cells, the header 3"),
    table("a quote that is never closed", 'participant_id\tnote\tage\nsub-01\t"tall\t5\nsub-02\tx\t7\n', FIVE),
    table("quotes around every cell", ROWS.replace("sub-01\t5\tF", '"sub-01"\t"5"\t"F"'), FIVE),
    table("commas between the cells", ROWS.replace("\t", ","), FIVE, "has commas between its cells"),
    table("semicolons between the cells", ROWS.replace("\t", ";"), FIVE, "has semicolons between its cells"),
    table("Participant_ID", ROWS.replace("participant_id", "Participant_ID"), FIVE),
    table("subject for participant_id", ROWS.replace("participant_id", "subject"), FIVE),
    table("no column of participants", ROWS.replace("participant_id", "who"), {"01": None, "02": None}, "lacks the column participant_id"),
    table("spaces behind the labels", ROWS.replace("sub-01", "sub-01 "), FIVE),
    table("labels without sub-", ROWS.replace("sub-0", "0"), FIVE),
    table("labels without their zero", ROWS.replace("sub-0", ""), FIVE),
    table("labels in capitals", ROWS.replace("sub-", "SUB-"), FIVE),
    table("a label that fits two people", "participant_id\tage\nsub-1\t5\n", {"01": None, "001": None}, "no row on this participant"),
    table("UTF-16", ROWS.encode("utf-16"), FIVE),
    table("a byte order mark", b"\xef\xbb\xbf" + ROWS.encode(), FIVE),
    table("Latin-1", ROWS.replace("sex", "größe").encode("latin-1"), FIVE, "holds bytes that are not UTF-8"),
    table("line ends of Windows", ROWS.replace("\n", "\r\n"), FIVE),
    table("line ends of old Macs", ROWS.replace("\n", "\r"), FIVE),
    table("empty lines between", ROWS.replace("\n", "\n\n"), FIVE),
    table("an empty file", "", {"01": None, "02": None}, "is empty"),
    table("nothing but commas", ",,\n,,\n", {"01": None, "02": None}, "has no text in its cells"),
    table("nothing but semicolons", ";\n", {"01": None, "02": None}, "has no text in its cells"),
    table("the header alone", "participant_id\tage\n", {"01": None, "02": None}, "no row on this participant"),
    table("zero bytes within", ROWS.replace("F", "\0"), {"01": None, "02": None}, "is not text"),
    table("a workbook of Excel", b"PK\x03\x04" + bytes(range(200)), {"01": None, "02": None}, "participants.tsv: not used"),
    table("a git-annex pointer", "/annex/objects/MD5E-s1--0.tsv\n", {"01": None, "02": None}, "is a git-annex pointer"),
    table("a git-lfs pointer", "version https://git-lfs.github.com/spec/v1\n", {"01": None, "02": None}, "is a git-lfs pointer"),
    table("the same row twice", ROWS + "sub-01\t5\tF\n", FIVE),
    table("two rows that contradict each other", ROWS + "sub-01\t6\tF\n", {"01": None, "02": 7.0}, "2 rows on this scan contradict each other"),
    table("two columns of ages that contradict each other", "participant_id\tage\tage_months\nsub-01\t5\t12\nsub-02\t7\t84\n", {"01": None, "02": 7.0}, "contradict each other"),
    table("the column participant_id twice", "participant_id\tparticipant_id\tage\nsub-01\tsub-02\t5\n", {"01": None, "02": None}, "twice"),
    table("one age for two sessions", "participant_id\tage\nsub-01\t5\n", SEVERAL, "of which of 2 sessions"),
    table("columns per session", "participant_id\tage_ses-1\tage_ses02\nsub-01\t5\t7\n", {"01_ses-1": 5.0, "01_ses-2": 7.0}),
    table("sessions within the label", "participant_id\tage\nsub-01_ses-1\t5\nsub-01_ses-2\t7\n", {"01_ses-1": 5.0, "01_ses-2": 7.0}),
    table("sub-01-ses-1 as label", "participant_id\tage\nsub-01-ses-1\t5\nsub-01-ses-2\t7\n", {"01_ses-1": 5.0, "01_ses-2": 7.0}),
    table("a column session", "participant_id\tsession\tage\nsub-01\t1\t5\nsub-01\t2\t7\n", {"01_ses-1": 5.0, "01_ses-2": 7.0}),
    table("a row on one of two sessions", "participant_id\tsession_id\tage\nsub-01\tses-2\t7\n", {"01_ses-1": None, "01_ses-2": 7.0}, "no row on this session"),
    table("a thousand columns", "participant_id\t" + "\t".join(f"c{n}" for n in range(1000)) + "\tage\nsub-01" + "\t1" * 1000 + "\t5\n", {"01": 5.0}),
    table("a second line with the units", "participant_id\tage\n\t(months)\nsub-01\t18\nsub-02\t60\n", {"01": 1.5, "02": 5.0}, "months"),
    table("a unit for the age of one person", "participant_id\tage\nsub-01\tmonths\nsub-02\t7\n", {"01": None, "02": 7.0}, "cannot be read as a number"),
    table("the same age twice, as 5 and as 5.0", ROWS + "sub-01\t5.0\tF\n", FIVE),
    table("a comma within quotes, in a row that lacks cells", 'participant_id,note,x,age,w,h\nsub-01,"left, 9, 8",5,6\nsub-02,y,y,7,y,y\n', {"01": None, "02": 7.0}, "quotes around what may be one cell"),
    table("tabs within quotes, in a row that lacks cells", 'participant_id\tnote\tx\tage\tw\nsub-01\t"left\t9\t8"\t5\nsub-02\ty\ty\t7\ty\n', {"01": None, "02": 7.0}, "quotes around what may be one cell"),
    table("two gestations at birth", "participant_id\tage_months\tga_weeks\tga_at_birth\nsub-01\t3\t28\t40\n", {"01": 0.25}, "told in several ways"),
    table("a gestation at birth of 200, without a unit", "participant_id\tage_months\tga\nsub-01\t3\t200\n", {"01": None}, "where it is in days the column's name must say so"),
    table("a cell of a million characters", ROWS.replace("F", "F" * 1_000_000), {"01": None, "02": None}, "is not a table of text"),
]  # fmt: skip


def files(made: str, make: Make, ages: Ages, words: str) -> Kind:
    """Return a kind that `make` writes into a dataset of 01 and 02 without any table."""

    def check(folder: Path) -> None:
        make(tree(folder))
        check_ages(listed(folder), ages, words)

    return Kind("tables", made, result(ages, words), check)


NONE = {"01": None, "02": None}
FILES = [
    files("participants.tsv is a folder", lambda f: (f / PEOPLE).mkdir(), NONE, "is a folder, not a table"),
    files("participants.tsv is a dangling link", lambda f: (f / PEOPLE).symlink_to(".git/annex/objects/x"), NONE, "is a link to content that is not there"),
    files("participants.tsv is a link to itself", lambda f: (f / PEOPLE).symlink_to(PEOPLE), NONE, "participants.tsv: not used"),
    files("participants.csv beside the images", lambda f: write(f, {"participants.csv": ROWS}), NONE, "participants.csv is not read"),
    files("participants.xlsx beside the images", lambda f: write(f, {"participants.xlsx": b"PK"}), NONE, "participants.xlsx is not read"),
    files("*_scans.tsv that names a .nii for the .nii.gz", lambda f: write(f, {"sub-01/sub-01_scans.tsv": "filename\tage\nanat/sub-01_T1w.nii\t5\n"}), {"01": 5.0, "02": None}, "years"),
    files("ages in phenotype/ alone", lambda f: write(f, {"phenotype/bayley.tsv": "participant_id\tage\nsub-01\t2\n"}), NONE, "its age is that of an examination"),
    files("an age in the JSON file of the image", lambda f: write(f, {"sub-01/anat/sub-01_T1w.json": '{"PatientAge": "007Y"}'}), {"01": 7.0, "02": None}, "PatientAge"),
    files("an age of 3 months in the JSON file of the image", lambda f: write(f, {"sub-01/anat/sub-01_T1w.json": '{"PatientAge": "003M"}'}), {"01": 0.25, "02": None}, "PatientAge"),
    files("a broken JSON file beside the image", lambda f: write(f, {PEOPLE: ROWS, "sub-01/anat/sub-01_T1w.json": "{"}), FIVE, "is not valid JSON"),
]  # fmt: skip


def sidecar(made: str, text: str | bytes, ages: Ages = NONE, words: str = "participants.json") -> Kind:
    def check(folder: Path) -> None:
        write(tree(folder), {PEOPLE: ROWS, "participants.json": text})
        check_ages(listed(folder), ages, words)

    return Kind("sidecars", f"participants.json: {made}", result(ages, words), check)


SIDECARS = [
    sidecar("broken", "{"),
    sidecar("empty", b""),
    sidecar("null", "null"),
    sidecar("a list", "[1, 2]"),
    sidecar("100,000 brackets", "[" * 100_000),
    sidecar("a number of 6000 digits", '{"age": ' + "9" * 6000 + "}"),
    sidecar("half of a character", '{"age": {"Units": "\\ud800"}}'),
    sidecar("not UTF-8", b'{"age": {"Units": "Jahre \xfc"}}'),
    sidecar("an annex pointer", "/annex/objects/MD5E-s1--0.json\n"),
    sidecar("a text for a column", '{"age": "in years"}', FIVE, ""),
    sidecar("lists for texts", '{"age": {"Units": ["years"], "Description": 7}}', FIVE, ""),
]


def sex(made: str, cell: str, levels: str, want: str) -> Kind:
    """Return a kind of a sex whose sidecar says what it means."""

    def check(folder: Path) -> None:
        rows = ROWS.replace("\tF\n", f"\t{cell}\n")
        write(tree(folder), {PEOPLE: rows, "participants.json": f'{{"sex": {{"Levels": {levels}}}}}'})
        assert listed(folder)["sub-01"].sex == want

    return Kind("sidecars", made, want, check)


SEXES = [
    sex("sex 1, Levels say female", "1", '{"1": "female"}', "F"),
    sex("sex M, Levels say female", "M", '{"M": "female"}', "n/a"),
]


def denied(made: str, name: str, words: str) -> Kind:
    """Return a kind of a table that another user owns: root may read all, so the refusal is played."""

    def check(folder: Path) -> None:
        write(tree(folder), {PEOPLE: ROWS})
        real, closed = Path.read_bytes, folder / name

        def deny(path: Path) -> bytes:
            if path == closed:
                raise PermissionError(13, os.strerror(13), str(path))
            return real(path)

        with patch.object(Path, "read_bytes", deny):
            check_ages(listed(folder), NONE, words)

    return Kind("tables", made, result(NONE, words), check)


KINDS = [
    *AGES,
    *MEANINGS,
    *TABLES,
    *FILES,
    denied("no right to read participants.tsv", PEOPLE, "cannot be opened"),
    *SIDECARS,
    *SEXES,
]
