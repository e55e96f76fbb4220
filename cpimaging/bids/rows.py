"""Tables of a BIDS dataset: what their sidecars say, and whose each row is."""

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from cpimaging.bids.ages import is_age, is_missing, normal
from cpimaging.bids.durations import UNITS, entry
from cpimaging.io import read_json
from cpimaging.tables import Cells, Row, bare, read_cells
from cpimaging.types import InputError

PARTICIPANT_COLUMNS = ("participant_id", "participant", "subject_id", "subject", "sub_id", "sub")
SESSION_COLUMNS = ("session_id", "session", "ses_id", "ses", "visit_id", "visit", "timepoint")
_ID = re.compile(r"(?:sub[-_])?(?P<participant>.+?)(?:[-_]ses[-_](?P<session>.+))?", re.IGNORECASE)


class Names:
    """The labels there are; finds the one that a table means."""

    def __init__(self, labels: Iterable[str]) -> None:
        self._found: list[tuple[Callable[[str], str], dict[str, list[str]]]] = []
        for key in (str, str.casefold, _without_zeros):
            same: dict[str, list[str]] = defaultdict(list)
            for label in set(labels := list(labels)):
                same[key(label)].append(label)
            self._found.append((key, same))

    def find(self, text: str) -> str | None:
        """Return the label as it is written, else the one that differs by case or leading zeros alone."""
        for key, same in self._found:
            if labels := same.get(key(text)):
                return labels[0] if len(labels) == 1 else None
        return None


class Owned(NamedTuple):
    """A row, and the session that it names, "" where it names none."""

    session: str
    row: Row


@dataclass(frozen=True)
class Table:
    """A table with what its sidecars say of each column; fault: why it is not used, else ""."""

    name: str
    cells: Cells = field(default_factory=lambda: Cells((), ()))
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fault: str = ""

    @property
    def told(self) -> list[str]:
        """What there is to say of the whole table."""
        faults = [f"{self.name}: {fault}" for fault in self.cells.faults]
        return [*faults, *([f"{self.name}: not used, {self.fault}"] if self.fault else [])]

    @property
    def broken(self) -> list[str]:
        """What is wrong with the rows that have too few or too many cells."""
        return [f"{self.name}: not used, {self.cells.told(row)}" for row in self.cells.broken]

    def column(self, names: Sequence[str]) -> int | None:
        """Return the place of the first of `names` among the columns, whatever their case."""
        return column_of(self.cells.columns, names)

    def about(self, column: str) -> Mapping[str, Any]:
        """Return what the sidecar says of a column, {} where nothing."""
        exact = self.described.get(column)
        same = (entry for name, entry in self.described.items() if normal(name) == normal(column))
        return next(same, {}) if exact is None else exact


def column_of(columns: Sequence[str], names: Sequence[str]) -> int | None:
    """Return the place of the first of `names` that is a column, whatever its case."""
    folded = [bare(column).casefold() for column in columns]
    return next((folded.index(name) for name in names if name in folded), None)


def read_id(text: str) -> tuple[str, str]:
    """Return participant and session, "" where there is none, of "sub-01", "01" or "SUB-01_ses-02"."""
    match = _ID.fullmatch(bare(text))
    return (match["participant"], match["session"] or "") if match else ("", "")


def read_session(text: str) -> str:
    """Return the label of a cell such as "ses-02" or "02", "" where it names none."""
    return "" if is_missing(text) else re.sub("^ses[-_]", "", bare(text), flags=re.IGNORECASE)


def read_described(root: Path, name: str, sidecars: Sequence[str], needed: Sequence[str] = ()) -> Table:
    """Read a table, without columns where there is none; what keeps it from being used is its fault.

    Of its sidecars the later ones count more. needed: names of a column of which the table must have one.
    """
    if not os.path.lexists(root / name):  # a link to nothing is a table that is not there
        return Table(name)
    try:
        cells = read_cells(root / name)
        described: dict[str, Mapping[str, Any]] = {}
        for sidecar in sidecars:
            said = read_object(root / sidecar)
            said = _by_column(said)
            described |= {column: about for column, said_of in said.items() if (about := _entry(said_of))}
    except InputError as error:
        own = error.path == root / name
        return Table(name, fault=f"it {error.problem}" if own else f"{Path(error.path).name} {error.problem}")
    table = _with_units(Table(name, cells, described))
    if needed and table.column(needed) is None:
        only = "" if len(cells.columns) > 1 else ", and no tab is in its header"
        return Table(name, fault=f"it lacks the column {needed[0]}{only}")
    twice = [column for column in (*needed, *SESSION_COLUMNS) if _count(cells.columns, column) > 1]
    return Table(name, fault=f"it has the column {twice[0]} twice") if twice else table


def rows_by_owner(table: Table, names: Names) -> dict[str, list[Owned]]:
    """Return the rows of each participant; rows that name two sessions, or nobody, are left out."""
    owned: dict[str, list[Owned]] = defaultdict(list)
    place, session_place = table.column(PARTICIPANT_COLUMNS), table.column(SESSION_COLUMNS)
    for row in table.cells.rows:
        participant, within = ("", "") if place is None else read_id(row.cells[place])
        session = "" if session_place is None else read_session(row.cells[session_place])
        owner = names.find(participant)
        if owner is not None and (not session or not within or session.casefold() == within.casefold()):
            owned[owner].append(Owned(session or within, row))
    return owned


def rows_by_session(table: Table, participant: str) -> list[Owned]:
    """Return the rows of one participant's own table with the session that each names."""
    place, whose = table.column(SESSION_COLUMNS), table.column(PARTICIPANT_COLUMNS)
    if place is None:
        return []
    return [
        Owned(read_session(row.cells[place]), row)
        for row in table.cells.rows
        if whose is None or Names([participant]).find(read_id(row.cells[whose])[0])
    ]


def broken_rows(table: Table, names: Names) -> dict[str, list[str]]:
    """Return, by participant, what is wrong with the rows that have too few or too many cells."""
    told: dict[str, list[str]] = defaultdict(list)
    place = table.column(PARTICIPANT_COLUMNS)
    for row in table.cells.broken:
        ids = [cell for at, cell in enumerate(row.cells) if at == place or cell.lower().startswith("sub-")]
        owners = {names.find(read_id(cell)[0]) for cell in ids}
        for owner in owners - {None}:
            told[str(owner)].append(f"{table.name}: not used, {table.cells.told(row)}")
    return told


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON sidecar, {} where there is none. Raises InputError where it cannot be read."""
    if not os.path.lexists(path):
        return {}
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(path, "is not as BIDS has it", "repair it")
    return content


def _by_column(said: dict[str, Any]) -> dict[str, Any]:
    """Return what a sidecar says by column, also where it says it one level deeper than BIDS has it."""
    for deeper in said.values():
        if isinstance(deeper, list):
            abouts = [about for about in deeper if isinstance(about, dict)]
            deeper = {str(entry(about, "name", "column", "field")): about for about in abouts}
        if isinstance(deeper, dict) and all(isinstance(about, dict) for about in deeper.values()):
            said = {**deeper, **said} if any(map(is_age, deeper)) else said
    return said


def _entry(said: Any) -> dict[str, Any]:
    """Return what a sidecar says of a column; a mere text, or several, describe it."""
    texts = [said] if isinstance(said, str) else said
    if isinstance(texts, list):
        return {"Description": " ".join(text for text in texts if isinstance(text, str))}
    return said if isinstance(said, dict) else {}


def _with_units(table: Table) -> Table:
    """Take a row on nobody with a unit in the place of an age, such as "(months)", for a word on the column.

    The first row may have a word for its label; further down none stands there.
    """
    place = table.column((*PARTICIPANT_COLUMNS, *SESSION_COLUMNS))
    units: dict[str, Mapping[str, Any]] = {}
    for at, row in enumerate(table.cells.rows):
        whose = "" if place is None else row.cells[place]
        if any(map(str.isdigit, whose)) or (at and not is_missing(whose)):
            continue  # a row on somebody
        units |= {
            column: {"Units": bare(cell), **table.about(column)}
            for column, cell in zip(table.cells.columns, row.cells, strict=False)
            if is_age(column) and len(word := bare(cell).strip("()[]. ")) > 1 and word.lower() in UNITS
        }
    return replace(table, described={**table.described, **units}) if units else table


def _without_zeros(label: str) -> str:
    folded = label.casefold()
    return (folded.lstrip("0") or "0") if folded.isdecimal() else folded


def _count(columns: Sequence[str], name: str) -> int:
    return sum(bare(column).casefold() == name for column in columns)
