"""The cells of a dataset's tables that are about one scan."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cpimaging.bids.ages import Age, is_age, is_missing, kind_of, normal, read_age
from cpimaging.bids.durations import UNITS, entry, read_duration
from cpimaging.bids.reconcile import Finding
from cpimaging.bids.rows import Names, Owned, Table
from cpimaging.tables import Row, bare

_WORD = "(?:ses|session|visit|timepoint|tp|wave|t|v)"
_OF_SESSION = (
    re.compile(rf"(?P<age>.+?)_(?:{_WORD}_?)?(?P<session>[a-z0-9]+)"),
    re.compile(rf"{_WORD}_?(?P<session>[a-z0-9]+)_(?P<age>.+)"),
)
_UNIT_COLUMNS = frozenset({"age_unit", "age_units", "age_type", "age_measure", "unit_of_age", "units_of_age"})
_UNIT_IN_NAME = re.compile(r"(?:^|_)(?:time|age)?units?(?:_|$)")
_AGE_IN_NAME = re.compile(r"(?:^|_)age(?:_|$)")

_MONTHS = frozenset({"age_m", "month", "months"})
_MONTHS_OF_A_YEAR = re.compile(r"(?:[0-9]|1[01])(?:\.[0-9]+)?")
_LIKE_AGE = re.compile("(?:^|[^a-z])age|^ca(?:_|$)|(?:^|_)(?:pma|pna|dol)(?:_|$)")
_CORRECTED = re.compile("corrected|adjusted")
_IS_CORRECTED = re.compile(
    r"(?:(?:age_)?(?:is_|was_)?)?(?:corrected|adjusted)(?:_age)?(?:_for_(?:prematurity|gestation\w*|preterm\w*))?"
    r"|(?:age_)?correct(?:ed|ion)_for_prematurity|prematurity_correct(?:ed|ion)"
)
_YES = frozenset({"yes", "y", "true", "1", "1.0", "corrected", "adjusted"})


_EXTRA_DAYS = range(7)
_ALWAYS_WEEKS = ("gestation", "postmenstrual")
_LEAST_WEEKS = 2  # ours: one week beside 4 to 6 days may be these days, rounded
_SAME_WEEKS = 1e-6


class Cell(NamedTuple):
    """What a table says in one column on a scan.

    column: as it is called. counts: the column without the session in its name. texts: what the rows on the
    scan give, more than one where they contradict each other. unsure: why it may be about another scan.
    """

    table: str
    column: str
    counts: str
    texts: tuple[str, ...]
    described: Mapping[str, Any]
    unsure: str = ""


def rows_of_session(owned: Sequence[Owned], session: str | None, sessions: Names) -> tuple[list[Row], bool]:
    """Return the rows on a scan's session, or else those that name none, and whether they name it."""
    named = [row for label, row in owned if label and session is not None and sessions.find(label) == session]
    return (named, True) if named else ([row for label, row in owned if not label], False)


def cells_of(
    table: Table, rows: Sequence[Row], session: str | None, sessions: Names, unsure: str = ""
) -> list[Cell]:
    """Return the cells of a scan's rows that hold a value, without those in columns of other sessions.

    unsure: why a column that names no session may be about another scan. It is, too, where a column beside
    it names the scan's session.
    """
    cells = []
    for place, column in enumerate(table.cells.columns):
        counts, label = _session_in(column, sessions)
        texts = dict.fromkeys(
            _with_unit(table, counts, row, bare(row.cells[place]))
            for row in rows
            if not is_missing(row.cells[place])
        )
        if texts and label in (None, session):
            about = table.about(column) or table.about(counts)
            cells.append(Cell(table.name, column, counts, tuple(texts), about, "" if label else unsure))
    if any(cell.counts != cell.column for cell in cells):
        doubt = unsure or "another column names this session"
        return [cell if cell.counts != cell.column else cell._replace(unsure=doubt) for cell in cells]
    return cells


def _with_unit(table: Table, column: str, row: Row, text: str) -> str:
    """Return the cell of an age, behind its number the unit that a column of its own states for the row."""
    if not is_age(column) or re.search(r"[^\W\d_]", text):
        return text
    own = f"{normal(column)}_unit"
    for name, cell in zip(table.cells.columns, row.cells, strict=False):
        said = bare(cell).strip("()[]. ")
        called = normal(name)
        if not is_missing(said) and (called in (own, f"{own}s", *_UNIT_COLUMNS) or _is_unit(called, said)):
            return f"{text} {said}"
    return text


def _is_unit(called: str, said: str) -> bool:
    """Tell whether a column that may be about anything names a unit of time; "age_sex" may be m."""
    named = _UNIT_IN_NAME.search(called) or (len(said) > 1 and _AGE_IN_NAME.search(called))
    return bool(named) and said.lower() in UNITS


def joined(cells: Sequence[Cell]) -> list[Cell]:
    """Return a scan's cells, weeks in one column and 0 to 6 extra days in another as one cell, "38w 4d".

    More days than these are the whole age in days and stand for themselves.
    """
    out, used = [], []
    for cell in cells:
        found = [(other, text) for other in cells if (text := _with_days(cell, other))]
        for other, text in found[:1]:
            cell = cell._replace(column=f"{cell.column} with {other.column}", texts=(text,))
        used += [other for other, _ in found]
        out.append(cell)
    return [cell for cell in out if not any(cell is other for other in used)]


def _with_days(cell: Cell, other: Cell) -> str:
    """Return the weeks of a cell with the days of another on the same age, "" where these are no such two."""
    (kind, unit), (same, extra) = kind_of(cell.counts), kind_of(other.counts)
    if not kind or kind != same or UNITS.get(extra or "") != "days":
        return ""
    if (cell.table, cell.unsure) != (other.table, other.unsure) or len(cell.texts + other.texts) > 2:
        return ""
    weeks = read_duration(cell.texts[0], unit, cell.described)
    days = read_duration(other.texts[0], extra, other.described)
    in_weeks = weeks.unit == "weeks" or (weeks.unit is None and kind in _ALWAYS_WEEKS)
    whole = int(weeks.number + _SAME_WEEKS)
    apart = abs(weeks.number - whole - days.number / len(_EXTRA_DAYS))
    if weeks.fault or days.fault or not in_weeks or whole < _LEAST_WEEKS or days.number not in _EXTRA_DAYS:
        return ""
    fits = weeks.step >= 1 or apart <= weeks.step / 2 + _SAME_WEEKS
    return f"{whole}w {days.number:.0f}d" if fits else ""


def meaning_of(text: str, cell: Cell) -> str:
    """Return what the sidecar says that a text of a cell means, "" where it says nothing."""
    levels = entry(cell.described, "levels")
    level = levels.get(text, "") if isinstance(levels, dict) else ""
    return str(level.get("Description", "") if isinstance(level, dict) else level).strip()


def finding_in(cell: Cell, gestation_weeks: float | None) -> Finding | None:
    """Return the age in a cell, None where it holds none."""
    ages = [read_age(cell.counts, text, cell.described, gestation_weeks) for text in cell.texts]
    found = [age for age in ages if age is not None]
    if not found:
        return None
    age = found[0]
    if len({(each.years, each.corrected, each.refused) for each in found}) > 1:
        told = " and ".join(age.note for age in found)
        age = Age(None, f"{len(found)} rows on this scan contradict each other: {told}", refused=True)
    return Finding(f"{cell.table}: {cell.column}", age, cell.unsure)


def doubted(cells: Sequence[Cell]) -> list[Cell]:
    """Return a scan's cells, an age unsure where a column beside it may be a part of it, or corrects it."""
    return [
        cell._replace(unsure=doubt) if not cell.unsure and (doubt := _doubt(cell, cells)) else cell
        for cell in cells
    ]


def _doubt(cell: Cell, cells: Sequence[Cell]) -> str:
    """Return why an age may lack its months, or count from term though it does not say so; else ""."""
    if not is_age(cell.counts):
        return ""
    whole = all(text.isdecimal() for text in cell.texts)
    for other in (each for each in cells if each.table == cell.table and each is not cell):
        name = normal(other.column)
        if whole and name in _MONTHS and all(_MONTHS_OF_A_YEAR.fullmatch(text) for text in other.texts):
            return f"{other.column} beside it may be a part of it; write both in one cell, as 5y 3m"
        said = _IS_CORRECTED.fullmatch(name) and {text.lower() for text in other.texts} & _YES
        if said and not _CORRECTED.search(normal(cell.counts)):
            return f"{other.column} says that it counts from term; call it corrected_age, with its unit"
    return ""


def unread_ages(table: Table, sessions: Names) -> list[str]:
    """Name the columns that seem to hold an age but are not read as one."""
    unread = [c for c in table.cells.columns if _LIKE_AGE.search(normal(c))]
    unread = [column for column in unread if not is_age(_session_in(column, sessions)[0])]
    return [f"{table.name}: {column} is not read as an age at scan" for column in unread]


def _session_in(column: str, sessions: Names) -> tuple[str, str | None]:
    """Return a column's name without the session in it, and that session: ("age", "02") for "age_ses-02"."""
    name = normal(column)
    if is_age(column):
        return column, None
    for pattern in _OF_SESSION:
        match = pattern.fullmatch(name)
        if match and is_age(match["age"]) and (label := sessions.find(match["session"])):
            return match["age"], label
    return column, None
