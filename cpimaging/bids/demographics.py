"""Age at the scan and sex, from the tables of a BIDS dataset. What is not certain is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from cpimaging.bids.ages import is_missing, read_age, read_gestation_weeks
from cpimaging.bids.listing import Scan
from cpimaging.io import read_json, read_table
from cpimaging.types import InputError

_SEX_COLUMNS = frozenset({"sex", "gender", "sex_at_birth"})
_SEX = {
    **dict.fromkeys(("m", "male", "boy", "man"), "M"),
    **dict.fromkeys(("f", "female", "girl", "woman"), "F"),
    **dict.fromkeys(("o", "other", "intersex", "diverse"), "O"),
}


class _Table(NamedTuple):
    """A table: its name, its rows, what its sidecar says of each column, and what is wrong with it."""

    name: str
    rows: list[dict[str, str]]
    columns: Mapping[str, Mapping[str, Any]]
    fault: str = ""


class _Cell(NamedTuple):
    table: str
    column: str
    text: str
    described: Mapping[str, Any]


def with_demographics(bids_dir: Path | str, scans: Sequence[Scan]) -> list[Scan]:
    """Return the scans with age at scan in years (None where none is certain), sex (M, F, O), and sources.

    An age is looked for in *_scans.tsv, then *_sessions.tsv, then participants.tsv; the first that
    can be read with certainty counts. age_source tells the table, the column and how the cell was
    read, and why others were not used; a broken table is told there and stops nothing.
    """
    root = Path(bids_dir)
    participants = _read(root, "participants.tsv", ["participants.json"])
    by_label: dict[str, list[dict[str, str]]] = {}
    for row in participants.rows:
        by_label.setdefault(row.get("participant_id", "").removeprefix("sub-"), []).append(row)
    told = []
    for scan in scans:
        own = participants._replace(rows=by_label.get(scan.participant, []))
        tables = [*_scan_tables(root, scan), _of_session(own, scan)]
        age_years, source = _age(tables)
        told.append(replace(scan, age_years=age_years, sex=_sex(tables), age_source=source))
    return told


def _scan_tables(root: Path, scan: Scan) -> list[_Table]:
    """Return the rows on a scan's images and on its session, in the order of precedence."""
    folder = f"sub-{scan.participant}"
    stem = f"{scan.folder}/{scan.label}_scans"
    sidecars = ["scans.json", f"{folder}/{folder}_scans.json", f"{stem}.json"]
    table = _read(root, f"{stem}.tsv", sidecars)
    found = {row.get("filename", ""): row for row in table.rows}
    names = [path.removeprefix(f"{scan.folder}/") for path in scan.images.values()]
    images = [table._replace(rows=[found[name]]) for name in names if name in found]
    if scan.session is None:
        return images or [table._replace(rows=[])]
    stem = f"{folder}/{folder}_sessions"
    sessions = _read(root, f"{stem}.tsv", ["sessions.json", f"{stem}.json"])
    own = [row for row in sessions.rows if row.get("session_id", "").removeprefix("ses-") == scan.session]
    return [*(images or [table._replace(rows=[])]), sessions._replace(rows=own)]


def _of_session(table: _Table, scan: Scan) -> _Table:
    """Keep a participant's rows on the scan's session, where the table tells sessions apart."""
    session = scan.session or ""
    rows = [
        row
        for row in table.rows
        if is_missing(row.get("session_id", "")) or row["session_id"].removeprefix("ses-") == session
    ]
    return table._replace(rows=rows)


def _read(root: Path, name: str, sidecars: Sequence[str]) -> _Table:
    """Read a table, empty where there is none; of its sidecars the later ones count more."""
    if not (root / name).exists():
        return _Table(name, [], {})
    try:
        frame = read_table(root / name).fillna("n/a")
        columns: dict[str, Mapping[str, Any]] = {}
        for sidecar in sidecars:
            if (root / sidecar).exists():
                content = read_json(root / sidecar)
                columns |= {key: entry for key, entry in dict(content).items() if isinstance(entry, dict)}
    except (InputError, TypeError, ValueError) as error:
        problem = error.problem if isinstance(error, InputError) else "is not as BIDS has it"
        broken = Path(error.path).name if isinstance(error, InputError) else name
        return _Table(name, [], {}, f"{name}: not used, {broken} {problem}")
    rows = [{str(key).strip(): str(text) for key, text in row.items()} for row in frame.to_dict("records")]
    return _Table(name, rows, columns)


def _cells(table: _Table) -> list[_Cell]:
    """Return the cells of a table's row; of several rows, the cells in which they agree."""
    if not table.rows:
        return []
    return [
        _Cell(table.name, column, text, table.columns.get(column, {}))
        for column, text in table.rows[0].items()
        if all(row[column] == text for row in table.rows)
    ]


def _age(tables: Sequence[_Table]) -> tuple[float | None, str]:
    """Return the age in years (None where none is certain) and the account of it."""
    cells = [cell for table in tables for cell in _cells(table)]
    gestations = (read_gestation_weeks(cell.column, cell.text, cell.described) for cell in cells)
    gestation = next((weeks for weeks in gestations if weeks is not None), None)
    notes = [table.fault for table in tables if table.fault]
    notes += [
        f"{table.name}: {len(table.rows)} rows for this scan, only what they agree on is used"
        for table in tables
        if len(table.rows) > 1
    ]
    for cell in cells:
        age = read_age(cell.column, cell.text, cell.described, gestation)
        if age is None:
            continue
        notes.append(f"{cell.table}: {cell.column} ({age.note})")
        if age.years is not None:
            return age.years, "; ".join(notes)
    return None, "; ".join(notes) or "n/a"


def _sex(tables: Sequence[_Table]) -> str:
    for table in tables:
        for cell in _cells(table):
            if cell.column.lower() not in _SEX_COLUMNS:
                continue
            levels = cell.described.get("Levels")
            level = levels.get(cell.text, "") if isinstance(levels, dict) else ""
            meaning = level.get("Description", "") if isinstance(level, dict) else level
            for text in (cell.text, str(meaning)):
                if text.strip().lower() in _SEX:
                    return _SEX[text.strip().lower()]
    return "n/a"
