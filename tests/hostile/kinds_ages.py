"""Ages that are told in odd places: units in columns and sidecars, sessions, codes for none."""

import json
from pathlib import Path

from kinds import Kind
from kinds_tables import (
    ANOTHER,
    GROUP,
    NONE,
    PEOPLE,
    ROWS,
    UNKNOWN_UNIT,
    Ages,
    check_ages,
    described,
    files,
    listed,
    result,
    sex,
    table,
    tree,
    write,
)

NO_UNIT = "has no clear unit"


def visits(made: str, text: str, ages: Ages, words: str, *sessions: str) -> Kind:
    """Return a kind of participants.tsv in a dataset with sessions; the first of `ages` is told of."""

    def check(folder: Path) -> None:
        tree(folder, sessions)
        write(folder, {PEOPLE: text})
        check_ages({key: scan for key, scan in listed(folder).items() if key[4:] in ages}, ages, words)

    return Kind("tables", made, result(ages, words), check)


def unit_column(name: str, ages: Ages, *units: str, words: str = "") -> Kind:
    rows = "".join(f"sub-0{n + 1}\t18\t{unit}\n" for n, unit in enumerate(units))
    return table(f"a column {name}: {', '.join(units)}", f"participant_id\tage\t{name}\n{rows}", ages, words)


def units(made: str, sidecar: object, age: float | None, words: str) -> Kind:
    """Return a kind of a sidecar that is not built as BIDS has it; the cell is 18."""
    text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
    rows = "participant_id\tage\tage_years\nsub-01\t18\tn/a\nsub-02\tn/a\tn/a\n"
    return table(made, rows, {"01": age, "02": None}, words, area="sidecars", participants__json=text)


BOTH = {"01": 1.5, "02": 18.0}
UNITS = [
    unit_column("age_unit", BOTH, "months", "years"),
    unit_column("age_units", BOTH, "(mo)", "y"),
    unit_column("unit", BOTH, "M", "Y"),
    unit_column("units", {"01": 18.0, "02": 18.0}, "NICU", "PICU"),
    unit_column("age_unit", {"01": None, "02": 18.0}, "hours", "n/a", words="cannot be read"),
    table("a column age_unit beside age_months", "participant_id\tage_months\tage_unit\nsub-01\t18\tyears\nsub-02\t18\tmonths\n", {"01": None, "02": 1.5}, "units that disagree"),
    table("a line with the units below the rows", "participant_id\tage\nsub-01\t18\nn/a\tmonths\nsub-02\t60\n", {"01": 1.5, "02": 5.0}, "months"),
    units("participants.json: columns one level deeper", {"columns": {"age": {"Units": "months"}}}, 1.5, "months"),
    units("participants.json: a list of columns", {"Columns": [{"name": "age", "Units": "months"}]}, 1.5, "months"),
    units("participants.json: age twice, months and years", '{"age": {"Units": "months"}, "age": {"Units": "years"}}', None, "is not valid JSON"),
    units("participants.json: age twice, the same", '{"age": {"Units": "months"}, "age": {"Units": "months"}}', 1.5, "months"),
    described("18", None, NO_UNIT, '{"age": {"Description": "Alter in Monaten"}}'),
    described("18", None, NO_UNIT, '{"age": {"Description": "âge en mois"}}'),
    described("40", None, NO_UNIT, '{"age": {"Description": "age in hours"}}'),
    described("18", None, UNKNOWN_UNIT, '{"age": {"Units": "Monate"}}'),
    described("2", None, UNKNOWN_UNIT, '{"age": {"Units": "tens of years"}}'),
    described("5", 5.0, "years", '{"age": {"Units": "completed years at scan"}}'),
]  # fmt: skip

MEANINGS = [
    described("2", None, GROUP, '{"age": {"Description": "1 = infant; 2 = toddler; 3 = child"}}'),
    described("2", None, GROUP, '{"age": {"Description": "infant=1, toddler=2"}}'),
    described("2", None, GROUP, '{"age": {"Description": "age code, see the codebook"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "time since lesion", "Units": "years"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "years post stroke"}}'),
    described("5", None, ANOTHER, '{"age": {"Description": "Age at Bayley assessment, years"}}'),
    described("5", 5.0, "years", '{"age": {"Description": "time since birth in years"}}'),
    described("99", None, "", '{"age": {"Description": "age in years, 99 = unknown"}}'),
    described("5", 5.0, "years", '{"age": {"Description": "age in years, 99 = unknown"}}'),
    described("99", None, "", '{"age": {"Units": "years", "Levels": {"99": "not known"}}}'),
    described("5", 5.0, "years", '{"age": {"Units": "years", "Levels": {"99": "not known"}}}'),
]

FIRST, SECOND = "01/ses-1", "01/ses-2"
ONE = "participant_id\tage\nsub-01\t5\n"
SESSIONS = [
    visits("the age of one who came to ses-2 alone, others to ses-1 too", ONE, {"01_ses-2": None}, "may be that of an earlier session", SECOND, "02/ses-1", "02/ses-2"),
    visits("the age of one who came to ses-1 alone, others to ses-2 too", ONE, {"01_ses-1": 5.0}, "years", FIRST, "02/ses-1", "02/ses-2"),
    visits("the age of one of whom there is a follow-up alone", ONE, {"01_ses-followup": None}, "may be that of an earlier session", "01/ses-followup"),
    files("an age without a unit in the JSON file of the image", lambda f: write(f, {"sub-01/anat/sub-01_T1w.json": '{"PatientAge": 60}'}), NONE, UNKNOWN_UNIT),
    files("demographics.csv beside the images", lambda f: write(f, {"demographics.csv": ROWS}), NONE, "demographics.csv is not read"),
    files("participants.tsv.gz beside the images", lambda f: write(f, {"participants.tsv.gz": b"\x1f\x8b"}), NONE, "participants.tsv.gz is not read"),
    table("columns per session, their unit in the sidecar of age", "participant_id\tage_ses-1\tage_ses-2\nsub-01\t60\t72\n", {"01_ses-1": 5.0, "01_ses-2": 6.0}, "months", participants__json='{"age": {"Units": "months"}}'),
    table("*_sessions.tsv that calls the sessions otherwise", "participant_id\tsex\nsub-01\tF\n", {"01_ses-1": None, "01_ses-2": None}, "no row on this session", **{"sub-01/sub-01_sessions__tsv": "session_id\tage\nbaseline\t5\nlater\t6\n"}),
]  # fmt: skip

SEXES = [
    sex("sex M, Levels say Mädchen", "M", '{"M": "Mädchen"}', "n/a"),
    sex("sex 1, Levels say Female (at birth)", "1", '{"1": "Female (at birth)"}', "F"),
]

HEAD, OTHER = "participant_id\tage_days\tga_weeks\tga_days\n", "sub-02\t3\tn/a\tn/a\n"
BIRTHS = [
    table("gestation of 45 weeks", f"{HEAD}sub-01\t3\t45\tn/a\n{OTHER}", {"01": None, "02": 3 / 365.25}, "not between 21 and 44 weeks"),
    table("gestation of 34 weeks, 6 days in a column of their own", f"{HEAD}sub-01\t50\t34\t6\n{OTHER}", {"01": 14 / 365.25, "02": 3 / 365.25}, "born at 34.86 weeks"),
    table("extra days of gestation without weeks", f"{HEAD}sub-01\t3\tn/a\t6\n{OTHER}", {"01": None, "02": 3 / 365.25}, "need whole weeks"),
]  # fmt: skip

KINDS = [
    *UNITS,
    *BIRTHS,
    *MEANINGS,
    *SESSIONS,
    *SEXES,
    table("a name for the column in Spanish", ROWS.replace("age", "edad"), NONE),
]
