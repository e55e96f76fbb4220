"""The table of what people decided against the software: read and checked, row by row."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from cpimaging.bids.rows import SESSION_COLUMNS, read_id, read_session
from cpimaging.scorers.dominance import CALLS
from cpimaging.scorers.mrics import GROUPS, SUBGROUPS
from cpimaging.scorers.overrides import Override
from cpimaging.tables import bare, strict_cells
from cpimaging.types import InputError, Verdict

QC_WORDS: dict[str, Verdict] = {"pass": "pass", "warn": "warn", "fail": "fail"}
MRICS_WORDS = tuple(sorted({*GROUPS, *SUBGROUPS}))
DOMINANCE_WORDS = tuple(word for word in CALLS if word != "not_assessed")
_COLUMNS = ("participant_id", "session_id", "verdict", "qc", "reason")
READERS = ("reader", "rater", "by", "initials", "who")
"""Columns of codes of people, which may be letters such as A and B."""
AGAINST = {
    "B": ("deep_grey", "cortex", "none"),
    "C": ("white_matter", "none"),
    "E": tuple(word for word in DOMINANCE_WORDS if word not in ("none", "indeterminate")),
}
"""What of dominance a group cannot be: B is injury of white matter above all, C of grey, E is none."""

LIKE = 0.75
"""Names of columns as alike as this are taken for a slip of the pen (difflib's ratio; ours)."""


def read_overrides(path: Path | str, labels: Iterable[str]) -> dict[str, Override]:
    """Read a table of overrides; labels: the scans there are, such as "sub-01_ses-02".

    Columns: participant_id, reason, session_id where there are sessions, verdict and qc, one of them or
    both. verdict: an MRICS group or subgroup, or a word of dominance, or both with a comma. A row without a
    session counts for all of the participant's. Raises InputError, in one line, for an unknown scan or word,
    a row that decides nothing or gives no reason, two rows on one scan, and a table that cannot be read with
    certainty (`tables.strict_cells`).
    """
    path, known = Path(path), set(labels)
    overrides: dict[str, Override] = {}
    for line, cells in _rows(path):
        override = _override(cells, path, line)
        for label in _labels(cells, known, path, line):
            if label in overrides:
                raise InputError(path, f"line {line}: {label} is there twice", "keep one row")
            overrides[label] = override
    return overrides


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number of each line and its cells by `_COLUMNS`, "" where there is none."""
    table = strict_cells(path)
    columns = [bare(column).casefold() for column in table.columns]
    missing = [name for name in ("participant_id", "reason") if name not in columns]
    if missing or not {"verdict", "qc"} & set(columns):
        lacking = ", ".join(missing or ["verdict or qc"])
        raise InputError(path, f"lacks the column(s) {lacking}", "add them")
    twice = [name for name in _COLUMNS if columns.count(name) > 1]
    unknown = [name for name in SESSION_COLUMNS[1:] if name in columns and "session_id" not in columns]
    if twice or unknown:
        name = (twice or unknown)[0]
        problem = f"has the column '{name}'" + (" twice" if twice else "")
        raise InputError(path, problem, "keep one of them" if twice else "call it session_id")
    for column in columns:
        meant = get_close_matches(column, _COLUMNS, 1, LIKE)
        if column not in _COLUMNS and meant and meant[0] not in columns:
            raise InputError(path, f"has the column '{column}', which is not known", f"is it {meant[0]}?")
    _check_answers(path, columns, [[_cell(cell) for cell in row.cells] for row in table.rows])
    for row in table.rows:
        cells = dict(zip(columns, map(_cell, row.cells), strict=True))
        yield row.line, {name: cells.get(name, "") for name in _COLUMNS}


def _check_answers(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a column of another name that holds verdicts or qc words alone, where their own is not there."""
    for missing, words in (("verdict", (*MRICS_WORDS, *DOMINANCE_WORDS)), ("qc", tuple(QC_WORDS))):
        for at, column in enumerate(columns if missing not in columns else ()):
            cells = [row[at] for row in rows if row[at]]
            if column not in (*_COLUMNS, *READERS) and cells and all(cell in words for cell in cells):
                problem = f"has the column '{column}', which is not known, and none named {missing}"
                raise InputError(path, problem, f"call it {missing}, or take it out")


def _cell(text: str) -> str:
    text = bare(text)
    return "" if text == "n/a" else text


def _labels(cells: Mapping[str, str], known: set[str], path: Path, line: int) -> list[str]:
    """Return the scans that a row is about."""
    label, within = read_id(cells["participant_id"])
    participant, session = f"sub-{label}", read_session(cells["session_id"])
    if within and session and within != session:
        raise InputError(path, f"line {line}: names two sessions, {within} and {session}", "keep one of them")
    session = session or within
    label = f"{participant}_ses-{session}" if session else participant
    found = [label] if label in known else []
    if not found and not session:
        found = sorted(name for name in known if name.startswith(f"{participant}_ses-"))
    if not found:
        raise InputError(
            path, f"line {line}: no scan {label} is processed", "correct the row or leave it out"
        )
    return found


def _override(cells: Mapping[str, str], path: Path, line: int) -> Override:
    words = [word for word in re.split(r"[,;\s]+", cells["verdict"]) if word]
    dominance = [word for word in words if word in DOMINANCE_WORDS]
    mrics = [word for word in words if word in MRICS_WORDS]
    unknown = [word for word in words if word not in (*DOMINANCE_WORDS, *MRICS_WORDS)]
    if unknown or len(dominance) > 1 or len(mrics) > 1:
        cure = f"use one of {', '.join(MRICS_WORDS)}, and one of {', '.join(DOMINANCE_WORDS)}"
        problem = f"has the unknown verdict '{unknown[0]}'" if unknown else "has two verdicts of one kind"
        raise InputError(path, f"line {line}: {problem}", cure)
    if any(word in AGAINST.get(group[:1], ()) for group in mrics for word in dominance):
        problem = f"line {line}: the verdicts {mrics[0]} and {dominance[0]} contradict each other"
        raise InputError(path, problem, "keep one of them")
    if cells["qc"] and cells["qc"] not in QC_WORDS:
        raise InputError(
            path, f"line {line}: has the unknown qc '{cells['qc']}'", f"use {', '.join(QC_WORDS)}"
        )
    if not words and not cells["qc"]:
        raise InputError(path, f"line {line}: decides nothing", "give a verdict or a qc")
    if not cells["reason"]:
        raise InputError(path, f"line {line}: gives no reason", "write one: it is shown with the verdict")
    return Override("".join(dominance), "".join(mrics), QC_WORDS.get(cells["qc"]), cells["reason"])
