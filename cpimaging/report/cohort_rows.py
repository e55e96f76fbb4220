"""The rows of a cohort as compact data: columns of numbers and of coded words, which the page draws from."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from cpimaging.report import words
from cpimaging.scorers.base import Row

DIGITS = 4
"""Significant digits of the numbers that the page holds: it shows two, and sorts by these."""


@dataclass(frozen=True)
class DataColumn:
    """One column: numbers (None where not known), or texts. shaded: whether a cell shows how large it is."""

    key: str
    title: str
    values: Sequence[Any]
    numeric: bool = False
    shaded: bool = False

    def packed(self) -> dict[str, object]:
        """Return the column as JSON takes it: numbers rounded, texts as codes of a list of words."""
        about: dict[str, object] = {"key": self.key, "title": self.title, "numeric": self.numeric}
        if self.numeric:
            return {**about, "shaded": self.shaded, "values": [rounded(value) for value in self.values]}
        known = {str(text): None for text in self.values}
        codes = {text: code for code, text in enumerate(known)}
        return {**about, "words": list(known), "values": [codes[str(text)] for text in self.values]}


def rounded(value: Any) -> float | int | None:
    """Return a number with DIGITS significant digits, None where it is not known."""
    if words.missing(value) or not math.isfinite(float(value)):
        return None
    short = float(f"{float(value):.{DIGITS}g}")
    return int(short) if short == int(short) else short


def table_columns(
    scans: Sequence[Row], classes: Sequence[tuple[str, str]], told: Sequence[Any]
) -> list[DataColumn]:
    """Return the columns of the table of scans. told: of further scorers, title and texts."""
    found = [rounded(scan["lesion_volume_mm3"]) for scan in scans]
    volume = [None if mm3 is None else mm3 / 1000 for mm3 in found]
    return [
        DataColumn("name", "Scan", [scan["name"] for scan in scans]),
        DataColumn("age_years", "Age, years", [scan["age_years"] for scan in scans], True),
        DataColumn("sex", "Sex", [scan["sex"] for scan in scans]),
        DataColumn("mrics", "MRICS", [scan["mrics"] for scan in scans]),
        DataColumn("dominance", "Dominance", [words.phrase(scan["dominance"]) for scan in scans]),
        DataColumn("dominance_index", "Index", [scan["dominance_index"] for scan in scans], True),
        DataColumn("lesion_volume_mm3", "Lesion, ml", volume, True),
        *(
            DataColumn(key, f"{name}, %", [scan[key] for scan in scans], True, shaded=True)
            for key, name in classes
        ),
        DataColumn("qc", "Quality", [words.phrase(scan["qc"]) for scan in scans]),
        DataColumn("mask_source", "Lesion from", [scan["mask_source"] for scan in scans]),
        *(DataColumn(f"told{place}", one.title, one.texts) for place, one in enumerate(told)),
        DataColumn("remark", "Remark", [remark(scan) for scan in scans]),
    ]


def remark(scan: Row) -> str:
    """Say why a scan was not assessed, why it is not in the group, and what a person set; "" if nothing."""
    parts = []
    if not words.missing(scan["not_assessed_reason"]):
        parts.append(str(scan["not_assessed_reason"]))
    if scan["in_group"] != "true":
        reason = scan["out_of_group_reason"]
        same = words.missing(reason) or reason == scan["not_assessed_reason"]
        parts.append("not in the group" if same else f"not in the group: {reason}")
    if not words.missing(scan["override"]):
        parts.append(f"set by a person: {scan['override']}")
    return "; ".join(parts)


def as_script(content: Mapping[str, object] | Sequence[object]) -> Markup:
    """Return data as JSON that may stand inside a script element: no text in it can end the element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for mark, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(mark, escape)
    return Markup(text)
