"""Ages that are told in several columns, or whose sidecar says in passing what the numbers are."""

import json

from kinds import Kind
from kinds_tables import GROUP, MONTH, NONE, UNKNOWN_UNIT, WEEK, described, table

AGAINST, PARTS = "contradict each other", "beside it may be a part of it"
CORRECTED, SPLIT = "says that it counts from term", "one unit before the point and another behind it"
GESTATION = "is not read as weeks of gestation at birth"


def columns(years: float | None, words: str, **cells: str) -> Kind:
    """Return a kind of one person's row, by the names of its columns."""
    names, row = "\t".join(cells), "\t".join(cells.values())
    made = ", ".join(f"{name} {cell}" for name, cell in cells.items())
    return table(made, f"participant_id\t{names}\nsub-01\t{row}\n", {"01": years}, words, area="ages")


def said(cell: str, years: float | None, words: str, **entries: object) -> Kind:
    return described(cell, years, words, json.dumps({"age": entries}))


KINDS = [
    columns(None, AGAINST, pma_weeks="27", age_weeks="20"),
    columns(WEEK, "corrected age", pma_weeks="41", age_weeks="5"),
    columns(None, AGAINST, age_years="1", age_months="6"),
    columns(None, AGAINST, age_months="1", age_days="20"),
    columns(62 * MONTH, "months", age_years="5", age_months="62"),
    columns(None, PARTS, age_y="1", age_m="11"),
    columns(None, PARTS, age_years="5", months="3"),
    columns(5.0, "years", age_years="5", months="27"),
    columns(None, CORRECTED, age_months="12", ga="27", corrected="yes"),
    columns(None, CORRECTED, age_months="12", corrected_for_prematurity="1"),
    columns(12 * MONTH, "months", age_months="12", age_is_corrected="no"),
    columns(1.0, "months", age="12", timeUnit="months"),
    columns(1.0, "months", age="12", age_scale="months"),
    columns(12.0, "years", age="12", age_sex="m"),
    columns(20 * WEEK - 13 * WEEK, "born at 27 weeks", age_weeks="20", gest_age_wk="27"),
    columns(20 * WEEK, GESTATION, age_weeks="20", weeks_premature="13"),
    columns(20 * WEEK, GESTATION, age_weeks="20", birth_week="27"),
    columns(20 * WEEK, "weeks", age_weeks="20", gestational_diabetes="1"),
    said("5.11", None, SPLIT, Description="age in years.months"),
    said("5.11", None, SPLIT, Description="age in years and months"),
    said("5y 11m", 71 * MONTH, "years", Description="age in years and months"),
    said("50", None, UNKNOWN_UNIT, Units="% of a year"),
    said("3", None, GROUP, Description="age in quintiles"),
    said("5", None, GROUP, Description="midpoint of the age range", Units="years"),
    said("5", None, GROUP, Description="5 -> toddlers"),
    said("5", None, "units that disagree", Unit="years", Units="months"),
    said("41", None, "may count from birth or not", Units="weeks GA"),
    said("99", None, "", Units="years", MissingValues=[99]),
    said("99", None, "", Units="years", Description="Age. Missing: 99"),
    said("99", None, "", Units="years", Description="99 if not recorded"),
    said("5", 5.0, "years", Units="years", Description="missing values are coded 99"),
    table("no column of ages beside a year of birth", "participant_id\tyear_of_birth\nsub-01\t2010\nsub-02\t2011\n", NONE),
]  # fmt: skip
