"""Read an amount of time out of text: a number and its unit, as people write them."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from cpimaging.tables import bare

DAYS = {"years": 365.25, "months": 365.25 / 12, "weeks": 7.0, "days": 1.0}
GESTATION_WEEKS = (21.0, 45.0)
"""Completed weeks of gestation at birth, 21 to 44 (ours: of children born earlier none is known to have
lived, later ones are errors of dating or typing)."""
_LIKE_GESTATION = (20.0, 46.0)  # ours: weeks and days in it may count from the last menstruation
CAPPED_YEARS = 89.0  # BIDS: ages above are written as 89, which protects the person
_LONGEST = 40  # ours: a longer cell is a sentence

_SPELLINGS = {
    "years": "years year yrs yr y a",
    "months": "months month mths mth mos mo m",
    "weeks": "weeks week wks wk w",
    "days": "days day d",
}
UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_WORD = "years?|yrs?|months?|mths?|weeks?|wks?|days?"
_IN_UNITS = re.compile(
    rf"\bin (?:(?:completed|decimal|full|whole|calendar) )?({_WORD})\b|[-,;:(\[]\s*({_WORD})\s*(?:[)\].;]|$)"
)
_NO_UNIT = re.compile(
    r"[\^²³*×%]|\b[0-9]+[ -]?(?:y|m|w|d)|\b(?:log|ln|half|square|quarter|per)"
)  # 10 years, years²
_SPLIT = re.compile(r"\b(?:years?\W{1,3}(?:and )?months?|(?:months?|weeks?)\W{1,3}(?:and )?days?)\b")
"""Two units for one column: "5.11" may be 5 years and 11 months."""
_ANY_UNIT = re.compile(rf"\b({_WORD})\b")
_OTHER_UNIT = re.compile(
    r"\b(?:hours?|minutes?|seconds?|decades?|lustr\w+|fortnights?|trimesters?|quarters?"
    r"|monate?n?|wochen?|tagen?|mois|semaines?|jours?|mes|meses|semanas?|d[ií]as?|mesi|settiman[ae]|giorn[io]"
    r"|maand(?:en)?|weken|dagen|m[åa]n(?:e|a)d(?:er)?|veckor|uker|dagar|dager)\b"
)
"""Units of time that are not read, or not in this language: an age that has one is not in years."""
_OF_UNITS = re.compile(
    "in|of|at|the|and|ages?|scan|mri|old|life|units?|completed|decimal|full|whole|calendar|rounded|exact|integer|float"
    "|fractional|chronological|corrected|adjusted|gestation(?:al)?|(?:post)?(?:natal|menstrual|conceptional)|post"
    "|since|from|after|birth|term|pma|pca|ga"
)
"""Words that may stand beside a unit; with any other, such as "tens of years", it is not known."""


_WEEKS_AND_DAYS = re.compile(
    r"([0-9]{1,2})(?:(?:\s*\+\s*([0-6])(?:/7)?|\s+([0-6])/7)(?:\s*(?:w|wks?|weeks))?|\s*w(?:ks?|eeks)?\s*([0-6]))"
)
"""38+4, 38 4/7, 38w4."""
_GESTATION_AND_AGE = re.compile(r"[0-9]{2}\s*(?:w|wks?|weeks)?\s*\+\s*[0-9]{1,2}\s*(?:w|wks?|weeks)?")
_NUMBER = re.compile(r"(?P<number>-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)(?P<capped>\+?)")
_COMMA = re.compile(r"-?[0-9]+,[0-9]{1,2}")  # three digits after it may be thousands
_PART = r"[0-9]+(?:\.[0-9]+|,[0-9]{1,2})?\s*[A-Za-z]+\.?"
_PARTS = re.compile(rf"-?{_PART}(?:(?:\s*,\s*|\s+and\s+|\s*){_PART})*")
_ISO = re.compile(r"P((?:[0-9.]+Y)?(?:[0-9.]+M)?(?:[0-9.]+W)?(?:[0-9.]+D)?)")  # ISO 8601, e.g. P3Y6M
_SHOWN = re.compile(r"[-+<>=~.,;:/–\s0-9]{1,10}")


class Duration(NamedTuple):
    """A number with its unit, None where none is stated; what cannot be used has a fault.

    step: how fine the number is, in its unit. gestational: weeks and days, as ages before birth are written.
    """

    number: float
    unit: str | None
    step: float
    told: str
    gestational: bool = False
    fault: str = ""


def read_duration(text: str, named: str | None, described: Mapping[str, Any]) -> Duration:
    """Read a number with the unit that the cell, the column's name and the sidecar agree on.

    named: the unit in the column's name. described: the column's entry in the JSON sidecar.
    """
    text = bare(text).replace("\N{MINUS SIGN}", "-")
    found = _read(text) if len(text) <= _LONGEST else None
    if found is None and _GESTATION_AND_AGE.fullmatch(text):
        return _faulty(f"{_shown(text)} may be gestation and age since birth; say ga_weeks and age_weeks")
    if found is None:
        return _faulty(f"{_shown(text)} cannot be read as a number")
    number, own, step, capped = found
    stated = [word for word in (named, *_units_of(described)) if word]
    units = {unit_of(word) for word in stated}
    spelled = ", ".join(dict.fromkeys([*own, *stated]))
    if None in units:
        return _faulty(f"{_shown(text)} has a unit that is not known ({spelled})")
    if not own and step < 1 and _SPLIT.search(description_of(described)):
        return _faulty(f"{_shown(text)} may be one unit before the point and another behind it; write 5y 3m")
    if (own and not units <= set(own)) or len(units) > 1:
        return _faulty(f"{_shown(text)} has units that disagree ({spelled})")
    unit = own[0] if own else next(iter(units), None)
    if unit is None and (_hints(described) - {"years"} or _OTHER_UNIT.search(description_of(described))):
        return _faulty(f"{_shown(text)} has no clear unit, the sidecar's description names one; add Units")
    if capped and (number < CAPPED_YEARS or unit not in (None, "years")):
        return _faulty(f"{_shown(text)} is open-ended")
    return Duration(number, unit, step, _shown(text, read=True), _is_gestational(text, own, number))


def unit_of(text: str) -> str | None:
    """Return the unit of a text such as "yrs", "year(s)" or "decimal years", None where there is not one."""
    text = text.lower().replace("(s)", "s").strip(" .()[]")
    if _NO_UNIT.search(text):
        return None
    words = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 1 or word == text]
    units = {UNITS[word] for word in words if word in UNITS}
    known = all(word in UNITS or _OF_UNITS.fullmatch(word) for word in words)
    return units.pop() if known and len(units) == 1 else None


def description_of(described: Mapping[str, Any]) -> str:
    """Return what a sidecar says of a column in words, in lower case."""
    return " ".join(str(described.get(key) or "") for key in ("LongName", "Description")).lower()


def entry(described: Mapping[str, Any], *names: str) -> Any:
    """Return an entry of a sidecar, whatever the case of its key."""
    return next((value for key, value in described.items() if key.lower() in names), None)


def _read(text: str) -> tuple[float, tuple[str, ...], float, bool] | None:
    """Return number, units of the cell itself, step in the first of them, and whether the number is a cap."""
    if both := _WEEKS_AND_DAYS.fullmatch(text):
        weeks, days = (int(part) for part in both.groups() if part)
        return weeks + days / 7, ("weeks", "days"), 1 / 7, False
    if _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    if match := _NUMBER.fullmatch(text):
        return float(match["number"]), (), _step(match["number"]), bool(match["capped"])
    iso = _ISO.fullmatch(text)
    text = iso[1] if iso else text
    return _sum(text) if _PARTS.fullmatch(text) else None


def _sum(text: str) -> tuple[float, tuple[str, ...], float, bool] | None:
    """Add up "5y 3m"; None where a unit is not known or its number is more than one of the unit before.

    A fraction may stand with the last unit alone, as in ISO 8601: "5.5y 6m" may be said twice, or a sum.
    """
    parts = re.findall(r"([0-9]+(?:[.,][0-9]+)?)\s*([A-Za-z]+)", text)
    units = [UNITS.get(word.lower()) for _, word in parts if word.lower() != "and"]
    known = [unit for unit in units if unit]
    if len(known) < len(parts):
        return None
    numbers = [number.replace(",", ".") for number, _ in parts]
    if any("." in number for number in numbers[:-1]):
        return None
    days = [float(number) * DAYS[unit] for number, unit in zip(numbers, known, strict=True)]
    for (before, unit), later in zip(pairwise(known), days[1:], strict=True):
        if DAYS[unit] >= DAYS[before] or later >= DAYS[before]:
            return None
    first = DAYS[known[0]]
    step = _step(numbers[-1]) * DAYS[known[-1]] / first
    return (-1 if text.startswith("-") else 1) * sum(days) / first, tuple(known), step, False


def _step(number: str) -> float:
    """Return what the last digit of a number stands for; "7.0" is as fine as "7"."""
    if "e" in number.lower():
        return 0.0
    return float(10.0 ** -len(number.partition(".")[2].rstrip("0")))


def _is_gestational(text: str, own: tuple[str, ...], number: float) -> bool:
    low, high = _LIKE_GESTATION
    return ("+" in text and own == ("weeks", "days")) or (
        own[:2] == ("weeks", "days") and low <= number <= high
    )


def _units_of(described: Mapping[str, Any]) -> list[str]:
    """Return the units that a sidecar states: under Units, and as "in months" or "(months)" in its words."""
    stated = [word for pair in _IN_UNITS.findall(description_of(described)) for word in pair if word]
    return [*_units(described), *stated]


def _units(described: Mapping[str, Any]) -> list[str]:
    """Return what stands under Units and Unit, in whatever case."""
    return [str(value) for key, value in described.items() if key.lower() in ("units", "unit") and value]


def _hints(described: Mapping[str, Any]) -> set[str]:
    return {UNITS[word] for word in _ANY_UNIT.findall(description_of(described))}


def _shown(text: str, *, read: bool = False) -> str:
    """Return a text that may be told: nothing that can be a name or a date."""
    few_digits = sum(map(str.isdigit, text)) <= 5
    return text if read or (few_digits and _SHOWN.fullmatch(text)) else "its text"


def _faulty(fault: str) -> Duration:
    return Duration(0.0, None, 0.0, "", fault=fault)
