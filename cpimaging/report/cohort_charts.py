"""How the numbers of a cohort spread: one small chart per measure, on which a scan can be shown as a dot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cpimaging.qc.limits import LIMITS
from cpimaging.report.cohort_rows import rounded
from cpimaging.report.page import two_digits
from cpimaging.report.tables import KEY_MEASURES
from cpimaging.report.words import phrase, sentence

BARS = 24
WIDTH, HEIGHT = 240.0, 60.0
"""Of the drawing, in pixels."""
FEWEST = 2
"""Fewer values have no spread."""


@dataclass(frozen=True)
class Spread:
    """The values of one measure over the scans. bars: x, width and height of each, in pixels."""

    title: str
    unit: str
    n: int
    low: float
    high: float
    middle: str
    bars: list[tuple[float, float, float]]
    per_scan: list[float | int | None]


def spread(title: str, unit: str, values: Sequence[float]) -> Spread | None:
    """Return the spread of values, one per scan, NaN where not known; None where fewer than two are known."""
    known = np.array([value for value in values if np.isfinite(value)])
    if known.size < FEWEST:
        return None
    low, high = float(known.min()), float(known.max())
    if low == high:
        low, high = low - abs(low or 1) / 2, high + abs(high or 1) / 2
    counts, _ = np.histogram(known, bins=BARS, range=(low, high))
    step = WIDTH / BARS
    bars = [
        (round(place * step, 2), round(step - 1, 2), round(HEIGHT * count / counts.max(), 2))
        for place, count in enumerate(counts)
        if count
    ]
    quarter, median, three = (two_digits(value) for value in np.percentile(known, (25, 50, 75)))
    middle = f"median {median}, middle half {quarter} to {three}"
    return Spread(title, unit, known.size, low, high, middle, bars, [rounded(value) for value in values])


def of_morphometry(table: pd.DataFrame, ids: Sequence[tuple[str, str]]) -> list[Spread]:
    """Return the spreads of KEY_MEASURES, by side; volumes in ml."""
    found = []
    for (measure, structure), name in KEY_MEASURES.items():
        part = table[(table["measure"] == measure) & (table["structure"] == structure)]
        for side in dict.fromkeys(part["side"]):
            own = part[part["side"] == side]
            unit = str(own["unit"].iloc[0])
            scale, unit = (1 / 1000, "ml") if unit == "mm3" else (1.0, {"mm2": "mm²"}.get(unit, unit))
            title = name if side == "midline" else f"{name}, {side}"
            found.append(spread(title, "" if unit in ("ratio", "1") else unit, _by_scan(own, ids, scale)))
    return [one for one in found if one is not None]


def of_checks(table: pd.DataFrame, ids: Sequence[tuple[str, str]]) -> list[Spread]:
    """Return the spreads of the quality checks that measure a number."""
    found = []
    for check in dict.fromkeys(table["check"]):
        own = table[table["check"] == check]
        title, unit = check_title(str(check))
        found.append(spread(title, unit, _by_scan(own, ids, 1.0)))
    return [one for one in found if one is not None]


def check_title(name: str) -> tuple[str, str]:
    """Return what a check measures and its unit, after the contrast or mask that it is of."""
    for known, limits in LIMITS.items():
        if name == known or name.endswith(f"_{known}"):
            of = name.removesuffix(known).rstrip("_")
            unit = "" if limits.unit in ("ratio", "1") else limits.unit
            return sentence(f"{phrase(of)}: {limits.about}" if of else limits.about), unit
    return sentence(phrase(name)), ""


def _by_scan(own: pd.DataFrame, ids: Sequence[tuple[str, str]], scale: float) -> list[float]:
    keys = zip(own["participant_id"], own["session_id"], strict=True)
    values: Mapping[Any, float] = dict(zip(keys, own["value"] * scale, strict=True))
    return [float(values.get(one, np.nan)) for one in ids]


@dataclass(frozen=True)
class Broken:
    """A quality check that does not hold in some scans. names: some of the scans that fail it, or warn."""

    title: str
    hint: str
    failed: int
    warned: int
    n: int
    names: list[str]


def broken_checks(table: pd.DataFrame, names: Mapping[tuple[str, str], str], most: int) -> list[Broken]:
    """Return the checks that do not hold somewhere, those that fail most scans first; up to `most` names."""
    found = []
    for check, own in table.groupby("check", sort=False, observed=True):
        wrong = own[~own["ok"].astype(bool)]
        failing = wrong["severity"] == "fail"
        worst = pd.concat([wrong[failing], wrong[~failing]])
        keys = zip(worst["participant_id"][:most], worst["session_id"][:most], strict=True)
        hint = next((of.hint for name, of in LIMITS.items() if str(check).endswith(name)), "")
        told = [names[key] for key in keys if key in names]
        counts = int(failing.sum()), int((~failing).sum())
        found.append(Broken(check_title(str(check))[0], hint, *counts, len(own), told))
    return sorted(
        (one for one in found if one.failed or one.warned), key=lambda one: (-one.failed, -one.warned)
    )
