"""What readers said of scans, and what the software says of the same: tables of scan by rater."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations

import pandas as pd

from cpimaging.types import InputError

IDS = ("participant_id", "session_id")
CASE, READER, SOFTWARE, CONSENSUS = "case", "reader", "software", "consensus"
GROUPS = ("A", "B", "C", "D", "E")
SUBGROUPS = ("A", "A1", "A2", "B1", "B2", "B3", "C1", "C2", "C3", "D", "E")
SEVERITIES = ("mild", "moderate", "severe")
QUESTIONS: Mapping[str, Sequence[str]] = {
    "mrics_group": GROUPS,
    "mrics_subgroup": SUBGROUPS,
    "severity": SEVERITIES,
}
"""What readers and software both answer in words, and the words of each, severity in order."""
NUMBER = "fiori"
LIKE = 0.8
"""Likeness from which a column's name is taken for a slip in that of a question (ours)."""
_NO = ("n/a", "", "na", "nan", "-")


@dataclass(frozen=True)
class Readings:
    """Answers by question: one row per scan (participant_id, session_id), one column per rater.

    words: "n/a" where there is none. points: of the Fiori scale, NaN where there are none. The software is
    the last column; overridden: scans whose call a person replaced. Its column has nothing for them, and
    they count neither as right nor as missed.
    """

    words: Mapping[str, pd.DataFrame]
    points: pd.DataFrame
    readers: tuple[str, ...]
    overridden: pd.MultiIndex


def read_readings(path: str, table: pd.DataFrame, cases: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Return a reader's table with ids, reader and all answers, words as they are declared.

    table: cells as text. cases: of a reading list, number -> ids. A subgroup gives its group. Rows without
    any answer are left out. Raises InputError for a column that is missing or a word that is none.
    """
    if READER not in table or not (CASE in table or IDS[0] in table):
        cure = (
            "name the reader in 'reader', the scan in 'case' or 'participant_id' (docs/method/agreement.md)"
        )
        raise InputError(path, "lacks the column of the reader, or of the scan", cure)
    _check_columns(path, [str(column) for column in table])
    rows = []
    for line, row in enumerate(table.to_dict("records"), start=2):
        answers = _answers(f"{path}, line {line}", row)
        if any(value is not None for value in answers.values()):
            ids = _ids(f"{path}, line {line}", row, cases)
            rows.append({**dict(zip(IDS, ids, strict=True)), READER: _reader(path, line, row), **answers})
    return pd.DataFrame(rows, columns=[*IDS, READER, *QUESTIONS, NUMBER])


def _check_columns(path: str, columns: Sequence[str]) -> None:
    """Refuse a column whose name is almost that of a question: its answers would be passed over."""
    for column in columns:
        name = column.strip().lower().replace(" ", "_")
        meant = get_close_matches(name, (*QUESTIONS, NUMBER), 1, LIKE)
        meant = meant or [question for question in QUESTIONS if question.endswith(f"_{name}")]
        if column not in (*QUESTIONS, NUMBER) and meant and meant[0] not in columns:
            raise InputError(path, f"has the column '{column}', which is not known", f"is it {meant[0]}?")


def _ids(place: str, row: Mapping[str, str], cases: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if CASE in row:
        if row[CASE] not in cases:
            raise InputError(
                place, f"case {row[CASE]} is not in the reading list", "use the list's own numbers"
            )
        ids = cases[row[CASE]]
        if IDS[0] in row and row[IDS[0]].strip().lower() not in _NO and _named(row)[0] != ids[0]:
            problem = f"case {row[CASE]} of the reading list is not {_named(row)[0]}"
            raise InputError(place, problem, "keep case or participant_id")
        return ids
    return _named(row)


def _named(row: Mapping[str, str]) -> tuple[str, str]:
    """Return the ids in a row's own columns."""
    participant, session = (row.get(name, "n/a").strip() for name in IDS)
    participant = participant if participant.startswith("sub-") else f"sub-{participant}"
    if session.lower() in _NO:
        return participant, "n/a"
    return participant, session if session.startswith("ses-") else f"ses-{session}"


def _reader(path: str, line: int, row: Mapping[str, str]) -> str:
    name = row[READER].strip()
    if name.lower() in (*_NO, SOFTWARE, CONSENSUS) or "," in name:
        cure = f"give a code, but not '{SOFTWARE}' or '{CONSENSUS}', and none with a comma"
        raise InputError(path, f"line {line} names no reader", cure)
    return name


def _answers(place: str, row: Mapping[str, str]) -> dict[str, str | float | None]:
    found: dict[str, str | float | None] = {
        question: _word(place, question, row.get(question, "n/a"), words)
        for question, words in QUESTIONS.items()
    }
    subgroup, group = found["mrics_subgroup"], found["mrics_group"]
    if isinstance(subgroup, str):
        if group is not None and group != subgroup[0]:
            raise InputError(place, f"{subgroup} is not of group {group}", "correct one of them")
        found["mrics_group"] = subgroup[0]
    found[NUMBER] = _points(place, row.get(NUMBER, "n/a"))
    return found


def _word(place: str, question: str, text: str, words: Sequence[str]) -> str | None:
    text = text.strip()
    if text.lower() in _NO:
        return None
    for word in words:
        if text.replace(".", "").lower() == word.lower():
            return word
    raise InputError(place, f"{question} is '{text}'", f"use one of {', '.join(words)}, or n/a")


def _points(place: str, text: str) -> float | None:
    if text.strip().lower() in _NO:
        return None
    points = float(text) if re.fullmatch(r"\s*[0-9]+(\.[0-9]*)?\s*", text, re.ASCII) else float("nan")
    if not 0 <= points <= 40:
        raise InputError(place, f"{NUMBER} is '{text}'", "give points from 0 to 40, or n/a")
    return points


def assembled(readings: pd.DataFrame, patterns: pd.DataFrame) -> Readings:
    """Set readers and software side by side, over the scans that a reader rated.

    readings: of `read_readings`, all readers. patterns: rows of the group table: ids, override, answers
    to QUESTIONS, fiori_low and fiori_high. The software's points are the middle of its range. Raises
    InputError where two rows of a reader are of one scan, or a scan is not in the results.
    """
    ids = list(IDS)
    scans = pd.MultiIndex.from_frame(readings[ids].drop_duplicates()).sort_values()
    software = patterns.set_index(ids)
    _check(readings, [scan for scan in scans if scan not in software.index])
    software = software.loc[scans]
    own = software["override"] == "n/a"
    by_reader = {str(reader): rows.set_index(ids) for reader, rows in readings.groupby(READER)}

    def wide(question: str) -> pd.DataFrame:
        columns = {reader: rows[question].reindex(scans) for reader, rows in by_reader.items()}
        return pd.DataFrame(columns, index=scans)

    words = {
        question: wide(question).fillna("n/a").assign(**{SOFTWARE: software[question].where(own, "n/a")})
        for question in QUESTIONS
    }
    middle = (software["fiori_low"] + software["fiori_high"]) / 2
    points = wide(NUMBER).astype("float64").assign(**{SOFTWARE: middle})
    return Readings(words, points, tuple(by_reader), scans[~own.to_numpy()])


def _check(readings: pd.DataFrame, strange: Sequence[tuple[str, str]]) -> None:
    """Refuse readings without any answer, two of one reader and scan, and those of strange scans."""
    if readings.empty:
        raise InputError("readings", "hold no answer", f"fill in one of {', '.join([*QUESTIONS, NUMBER])}")
    readers = sorted(set(readings[READER]))
    for name, other in combinations(readers, 2):
        if name.casefold() == other.casefold():
            raise InputError(
                "readings", f"{name} and {other} differ by case alone", "give one reader one code"
            )
    twice = readings[readings.duplicated([*IDS, READER])]
    if len(twice):
        scan, _, reader = twice.iloc[0][[*IDS, READER]]
        raise InputError("readings", f"{reader} rated {scan} twice", "keep one row for each scan")
    if strange:
        scan = strange[0][0]
        raise InputError("readings", f"{scan} is not in the results", "give the readings of this study")


def consensus(words: pd.DataFrame) -> pd.Series:
    """Return, per scan, the word that more than half of its readers gave; "n/a" where there is none.

    words: (scans, readers).
    """
    given = words.where(words != "n/a")
    most = given.mode(axis=1)
    if most.empty:
        return pd.Series("n/a", index=words.index)
    first = most[0]
    votes = given.eq(first, axis=0).sum(axis=1)
    return first.where(2 * votes > given.notna().sum(axis=1), "n/a").fillna("n/a")
