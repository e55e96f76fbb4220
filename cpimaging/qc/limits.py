"""The limits of the quality checks, from the table beside this module, and how a value becomes a flag."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cpimaging.io import read_yaml
from cpimaging.types import Flag

Limit = float | tuple[float, float] | str
"""A number, the two ends of a range, or a word; the limit itself still holds."""


@dataclass(frozen=True)
class Row:
    """Limits under one circumstance. until_years: the age below which they hold, None for any."""

    warn: Limit
    fail: Limit | None = None
    until_years: float | None = None


@dataclass(frozen=True)
class Limits:
    """What is said of a check, and its limits.

    about: what is measured. hint: what it may mean where it does not hold. sense: on which side of the limit
    a value should lie. tag: S read in the source, K not verified, D ours. rows: circumstance -> limits; ""
    where there is one.
    """

    name: str
    about: str
    hint: str
    sense: Literal["at_least", "at_most", "within", "same"]
    unit: str
    tag: str
    source: str
    rows: Mapping[str, Row]

    def flag(self, value: float | str, row: str = "", of: str = "", scale: float = 1.0) -> Flag:
        """Return the flag of a value under a circumstance.

        of: contrast or mask, whose name comes in front. scale: what the limits are multiples of.
        """
        name = f"{of}_{self.name}" if of else self.name
        warn, fail = (_times(limit, scale) for limit in (self.rows[row].warn, self.rows[row].fail))
        if fail is not None and not _holds(value, fail, self.sense):
            return Flag(name, value, _shown(fail), False, "fail")
        return Flag(name, value, _shown(warn), _holds(value, warn, self.sense))

    def row_at(self, age_years: float) -> str:
        """Return the first circumstance that holds at an age."""
        return next(
            name for name, row in self.rows.items() if row.until_years is None or age_years < row.until_years
        )


def _times(limit: Limit | None, scale: float) -> Any:
    return limit * scale if isinstance(limit, float) else limit


def _holds(value: Any, limit: Limit, sense: str) -> bool:
    """Tell whether a value keeps to a limit; what is not a number never does."""
    if isinstance(limit, str):
        return bool(value == limit)
    if isinstance(limit, tuple):
        return bool(limit[0] <= value <= limit[1])
    return bool(value >= limit if sense == "at_least" else value <= limit)


def _shown(limit: Limit) -> float | str:
    return f"{limit[0]:g}–{limit[1]:g}" if isinstance(limit, tuple) else limit


def _read() -> dict[str, Limits]:
    table: dict[str, dict[str, Any]] = read_yaml(Path(__file__).with_suffix(".yaml"))
    return {
        name: Limits(name, **{**entry, "rows": {row: _row(**cells) for row, cells in entry["rows"].items()}})
        for name, entry in table.items()
    }


def _row(warn: Any, fail: Any = None, until_years: float | None = None) -> Row:
    warn, fail = (tuple(limit) if isinstance(limit, list) else limit for limit in (warn, fail))
    return Row(warn, fail, until_years)


LIMITS = _read()
"""Every check by its name."""


def of_flag(name: str) -> Limits | None:
    """Return the check of a flag, also of one contrast ("T2w_noise"); None for an unknown name."""
    found = (
        [LIMITS[name]] if name in LIMITS else [of for of in LIMITS.values() if name.endswith(f"_{of.name}")]
    )
    return found[0] if found else None


def hint(name: str) -> str:
    """Return what a flag hints at: "T2w_side_margin" -> "left and right may be swapped …"; "" for others."""
    found = of_flag(name)
    return found.hint if found else ""


def about(name: str) -> str:
    """Return what a flag's check measures; "" for an unknown name."""
    found = of_flag(name)
    return found.about if found else ""


def side(name: str) -> str:
    """Return on which side of the limit a flag holds, as a sign before it; "" where none is needed."""
    found = of_flag(name)
    return {"at_least": "≥ ", "at_most": "≤ "}.get(found.sense, "") if found else ""


def unit(name: str) -> str:
    """Return the unit of a flag after a space; "" for ratios, words and unknown names."""
    found = of_flag(name)
    return f" {found.unit}" if found and found.unit not in ("ratio", "words") else ""


def documented() -> str:
    """Return the checks as the Markdown table of docs/method/registration.md."""
    rows = [f"| {of.about} | {_side(of, False)} | {_side(of, True)} | {of.hint} |" for of in LIMITS.values()]
    return "\n".join(["| measured | warns | fails | hints at |", "|---|---|---|---|", *rows])


def _side(of: Limits, failing: bool) -> str:
    """Return in words where a check does not hold: "> 2 mm", "T1w < 0.68, T2w < 0.45"."""
    sign = {"at_least": "<", "at_most": ">", "within": "outside", "same": "not"}[of.sense]
    unit = "" if of.unit == "ratio" else f" {of.unit}"
    limits = {
        name: row.fail if failing else row.warn
        for name, row in of.rows.items()
        if failing or row.warn != row.fail
    }
    words = {
        name: f"{sign} {limit if isinstance(limit, str) else f'{limit:g}'}{unit}"
        for name, limit in ((name, _shown(limit)) for name, limit in limits.items() if limit is not None)
    }
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return ", ".join(f"{name} {text}" for name, text in words.items())


if __name__ == "__main__":
    print(documented())
