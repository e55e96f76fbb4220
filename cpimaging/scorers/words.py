"""How codes of tables become plain words, for scorers and pages alike."""

import math

from cpimaging.scorers.results import Value


def missing(value: object) -> bool:
    """Tell whether a value stands for "not known": None, NaN, "" or "n/a"."""
    return value is None or value in ("", "n/a") or value != value


def phrase(code: object) -> str:
    """Return a code of the tables as plain words: "deep_grey" -> "deep grey"; missing is "n/a"."""
    return "n/a" if missing(code) else str(code).replace("_", " ")


def down(value: float, digits: int = 0) -> str:
    """Say a number rounded down, so that what misses a limit is not told as the limit: 1.96 -> "1.9"."""
    return (
        f"{math.floor(value * 10**digits + 1e-6) / 10**digits:g}"  # what is added: rounding of days in years
    )


def points(least: Value, most: Value, highest: Value = None) -> str:
    """Say points, or levels: "0.5", "0 to 0.5", "6 to 9 of 40"; levels go without their highest."""
    low, high = (value if isinstance(value, str) else f"{value:g}" for value in (least, most))
    text = low if low == high else f"{low} to {high}"
    return text if highest is None or isinstance(highest, str) else f"{text} of {highest:g}"
