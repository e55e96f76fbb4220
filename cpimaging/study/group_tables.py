"""The long tables of all scans, written scan by scan: a table is never held in memory."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from sys import intern
from typing import Any, TextIO

import numpy as np
import pandas as pd

from cpimaging import columns
from cpimaging.columns import Column
from cpimaging.io import cell_text, whole
from cpimaging.report.tables import KEY_MEASURES
from cpimaging.study.gathered import CODE, VERSIONS, Gathered, Part
from cpimaging.study.group_notes import copied, named

LONG: Mapping[str, Sequence[Column]] = {
    "group_desc-lesionload_stats": columns.GROUP_LESIONLOAD,
    "group_morphometry": columns.GROUP_MORPHOMETRY,
    "group_qc": columns.GROUP_QC,
}
"""Name -> columns of the tables that hold several rows per scan."""


@dataclass(frozen=True)
class LongTables:
    """The open files of the long tables, by name."""

    streams: Mapping[str, TextIO]

    def add(self, scan: Gathered, ids: Sequence[str], cells: Mapping[str, object]) -> None:
        """Write the rows of one scan. cells: its row of the group table."""
        in_group, qc = str(cells["in_group"]), str(cells["qc"])
        self._write("group_desc-lesionload_stats", scan.load, f"\t{in_group}\n")
        self._write("group_morphometry", scan.morphometry, f"\t{qc}\n")
        self._write("group_qc", _checks(scan, ids), "\n")

    def _write(self, name: str, rows: list[list[str]], end: str) -> None:
        if rows:
            self.streams[name].write(end.join(map("\t".join, rows)) + end)


@contextmanager
def long_tables(output: Path) -> Iterator[LongTables]:
    """Yield the long tables, open; each stands in its place, whole, once the block has succeeded."""
    with ExitStack() as stack:
        streams = {}
        for name, declared in LONG.items():
            temporary = stack.enter_context(whole(output / f"{name}.tsv"))
            streams[name] = stack.enter_context(temporary.open("w", encoding="utf-8", newline="\n"))
            streams[name].write("\t".join(column.name for column in declared) + "\n")
        yield LongTables(streams)


def _checks(scan: Gathered, ids: Sequence[str]) -> list[list[str]]:
    """Return the quality checks of one scan as rows of columns.GROUP_QC."""
    rows = []
    for flag in scan.quality.get("flags", []):
        told = (flag["name"], flag["value"], flag["limit"])
        holds = "true" if flag["ok"] else "false"
        rows.append([*ids, scan.quality["verdict"], *map(_text, told), holds, flag.get("severity", "warn")])
    return rows


def _text(value: object) -> str:
    """Return a value as the other tables write it: "n/a" for what is not known, floats in full."""
    if value is None or value != value:
        return "n/a"
    return str(cell_text(value))


@dataclass
class PageTables:
    """What the page of the group shows of the long tables, kept as numbers: far less than their text."""

    ids: list[tuple[str, str]] = field(default_factory=list)
    loads: list[tuple[int, str, Part, float, float]] = field(default_factory=list)
    measured: list[tuple[int, str, str, str, float, str]] = field(default_factory=list)
    checked: list[tuple[int, str, float, bool, str]] = field(default_factory=list)
    marks: list[tuple[str, bytes]] = field(default_factory=list)
    made: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def add(self, ids: Mapping[str, str], scan: Gathered, cells: Mapping[str, object]) -> None:
        """Keep what the page shows of one scan. cells: its row of the group table."""
        place, inside = len(self.ids), str(cells["in_group"])
        loads = [(place, inside, part, *volumes) for part, volumes in scan.parts().items()]
        measured = [
            (place, intern(measure), intern(structure), intern(side), value, intern(unit))
            for (*_, measure, structure, side, _text, unit), value in zip(
                scan.morphometry, scan.values, strict=True
            )
            if (measure, structure) in KEY_MEASURES or "_z" in measure
        ]
        checked = [
            (place, intern(flag["name"]), _measured(flag["value"]), flag["ok"], flag.get("severity", "warn"))
            for flag in scan.quality.get("flags", [])
        ]
        self.ids.append((ids["participant_id"], ids["session_id"]))
        self.loads += loads
        self.measured += measured if cells["qc"] != "fail" else []
        self.checked += checked
        for what, word in scan.made.items():
            self.made.setdefault(what, {}).setdefault(word, []).append(scan.job.label)
        values = np.array(scan.values)
        if np.isfinite(values).any():
            self.marks.append((scan.job.label, sha256(values.tobytes()).digest()))

    def copies(self) -> list[str]:
        """Return a line for every scan under several labels: its volumes agree to the last digit."""
        return copied(self.marks, "scans are the same in every volume of the brain")

    def mixed(self) -> list[str]:
        """Return a line for what the scans differ in that changes numbers; code within one version alone."""
        of = {what: words for what, words in self.made.items() if len(words) > 1}
        if VERSIONS in of:
            of.pop(CODE, None)
        return [
            f"scans of different {what}, whose numbers may differ for that alone: "
            + ", ".join(f"{word} ({named(labels)})" for word, labels in sorted(words.items()))
            + "; process all of them with one"
            for what, words in of.items()
        ]

    def load(self) -> pd.DataFrame:
        """Return the load of each structure and side per scan: some columns of columns.GROUP_LESIONLOAD."""
        tissue, structure, side = (
            zip(*(part for _, _, part, *_ in self.loads), strict=True) if self.loads else ((),) * 3
        )
        return self._frame(
            [row[0] for row in self.loads],
            tissue=pd.Categorical(tissue),
            structure=pd.Categorical(structure),
            side=pd.Categorical(side),
            region_volume_mm3=[row[3] for row in self.loads],
            lesion_volume_mm3=[row[4] for row in self.loads],
            in_group=pd.Categorical([row[1] for row in self.loads]),
        )

    def morphometry(self) -> pd.DataFrame:
        """Return what the page shows of the morphometry tables of scans that can be trusted."""
        names = ("measure", "structure", "side", "value", "unit")
        columns = {name: [row[1 + place] for row in self.measured] for place, name in enumerate(names)}
        return self._frame([row[0] for row in self.measured], **columns)

    def checks(self) -> pd.DataFrame:
        """Return the quality checks: name, value (NaN for a word), whether it holds, how much it weighs."""
        names = ("check", "value", "ok", "severity")
        columns = {name: [row[1 + place] for row in self.checked] for place, name in enumerate(names)}
        return self._frame([row[0] for row in self.checked], **columns)

    def _frame(self, places: list[int], **cells: Any) -> pd.DataFrame:
        ids = {
            name: pd.Categorical.from_codes(*_coded(places, [of[place] for of in self.ids]))
            for place, name in enumerate(("participant_id", "session_id"))
        }
        return pd.DataFrame({**ids, **cells})


def _coded(places: Sequence[int], names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the code of each row's name, and the names that codes stand for."""
    codes = {name: code for code, name in enumerate(dict.fromkeys(names))}
    return [codes[names[place]] for place in places], list(codes)


def _measured(value: object) -> float:
    return float(value) if isinstance(value, int | float) else math.nan
