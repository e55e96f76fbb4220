"""One row per scan: the group table, and beside it what the long tables say of each scan."""

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.columns import GROUP_LESIONLOAD, LESIONLOAD, Column
from cpimaging.words import UNKNOWN

Ids = tuple[str, str]
Cells = Sequence[str]

_LOAD = [column.name for column in GROUP_LESIONLOAD]
_NUMBERS = tuple(column for column in LESIONLOAD if column.dtype == "float64")
_PART = ("structure", "side", "tissue", "lobe", "layer")
NOT_HELD = Column("qc_not_held", "str", "Quality checks that do not hold, with commas.")


class Wide:
    """The columns beside the group table, filled row by row of the long tables.

    Of a scan that is out of the group nothing is taken that depends on its lesion, of one that failed its
    quality checks no measure: so the group table has it.
    """

    def __init__(self, patterns: pd.DataFrame) -> None:
        ids = zip(patterns["participant_id"], patterns["session_id"], strict=True)
        self._place: dict[Ids, int] = {key: place for place, key in enumerate(ids)}
        self._patterns = patterns
        self._in_group = (patterns["in_group"] == "true").to_numpy()
        self._failed = (patterns["qc"] == "fail").to_numpy()
        self._columns: dict[str, Column] = {}
        self._values: dict[str, NDArray[np.float64]] = {}
        self._names: dict[Cells, str] = {}
        self._not_held: list[list[str]] = [[] for _ in self._place]

    def add_load(self, rows: Iterable[Cells]) -> None:
        """Take the lesion loads: rows of columns.GROUP_LESIONLOAD."""
        for row in rows:
            place = self._place[row[0], row[1]]
            cells = dict(zip(_LOAD, row, strict=True))
            part = self._part(tuple(cells[name] for name in _PART))
            for column in _NUMBERS:
                known = not self._failed[place] if column.name.startswith("region") else self._in_group[place]
                name = f"load_{part}_{column.name}"
                if name not in self._columns:
                    text = f"{_sentence(part)}: {column.text[0].lower()}{column.text[1:]}"
                    self._new(Column(name, "float64", text, column.unit))
                self._put(name, place, cells[column.name] if known else UNKNOWN)

    def _part(self, cells: tuple[str, ...]) -> str:
        """Return what a part of the brain is called: by its tissue too where another has its name."""
        if cells not in self._names:
            structure, side, tissue, lobe, layer = cells
            name = "_".join(word for word in (structure, side, lobe, layer) if word != UNKNOWN)
            self._names[cells] = f"{name}_{tissue}" if name in self._names.values() else name
        return self._names[cells]

    def add_measures(self, rows: Iterable[Cells], front: str, *, of_lesion: bool = False) -> None:
        """Take measures: rows that begin as columns.MORPHOMETRY. of_lesion: whether they depend on it."""
        for participant, session, measure, structure, side, value, unit, *_ in rows:
            place = self._place[participant, session]
            known = self._in_group[place] if of_lesion else not self._failed[place]
            name = f"{front}_{measure}_{structure}_{side}"
            if name not in self._columns:
                told = f"{_sentence(measure)} of {structure.replace('_', ' ')}, {side}."
                self._new(Column(name, "float64", told, "" if unit == UNKNOWN else unit))
            self._put(name, place, value if known else UNKNOWN)

    def add_checks(self, rows: Iterable[Cells]) -> None:
        """Take the quality checks: rows of columns.GROUP_QC. A value in words is n/a here."""
        for participant, session, _, check, value, _, ok, _ in rows:
            place, name = self._place[participant, session], f"qc_{check}"
            if name not in self._columns:
                self._new(Column(name, "float64", f"Quality check {check}, the value."))
            self._put(name, place, value)
            if ok != "true":
                self._not_held[place].append(check)

    def _new(self, column: Column) -> None:
        self._columns[column.name] = column
        self._values[column.name] = np.full(len(self._place), np.nan)

    def _put(self, name: str, place: int, text: str) -> None:
        try:
            self._values[name][place] = float(text)
        except ValueError:  # n/a, or a word
            self._values[name][place] = np.nan

    def table(self, columns: Sequence[Column]) -> tuple[pd.DataFrame, list[Column]]:
        """Return the table and its columns. columns: of the group table."""
        beside = {NOT_HELD.name: [",".join(names) or UNKNOWN for names in self._not_held], **self._values}
        table = pd.concat([self._patterns, pd.DataFrame(beside, index=self._patterns.index)], axis=1)
        return table, [*columns, NOT_HELD, *self._columns.values()]


def _sentence(code: str) -> str:
    words = code.replace("_", " ")
    return words[:1].upper() + words[1:]
