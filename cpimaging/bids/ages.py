"""Read one age out of a table's cell: what it counts, in which unit, from when."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

DAYS = {"years": 365.25, "months": 365.25 / 12, "weeks": 7.0, "days": 1.0}
MAX_AGE_YEARS = 120.0  # ours: beyond it an age is a typing error
GESTATION_WEEKS = (20.0, 45.0)  # ours: outside of it a gestational age at birth is one

_SPELLINGS = {
    "years": "years year yrs yr y a",
    "months": "months month mos mo m",
    "weeks": "weeks week wks wk w",
    "days": "days day d",
}
_UNITS = {spelling: unit for unit, spellings in _SPELLINGS.items() for spelling in spellings.split()}
_AT_SCAN = "(?:_at)?_(?:scan|mri|imaging|session|visit)"
_IN_UNIT = "(?:_(?:in_)?(?P<unit>[a-z]+))?"
_AGE = re.compile(rf"(?:age(?:{_AT_SCAN})?|(?:scan|mri)_age){_IN_UNIT}")
_POSTMENSTRUAL = re.compile(
    rf"(?:(?:pma|post_?menstrual_age)(?:{_AT_SCAN})?|(?:gestational_age|ga){_AT_SCAN}){_IN_UNIT}"
)
_GESTATION = re.compile(rf"(?:gestational_age|gestation|ga|birth_age|birth_ga)(?:(?:_at)?_birth)?{_IN_UNIT}")
_MISSING = frozenset({"", "n/a", "na", "nan", "none", "null", "unknown"})
_WEEKS_AND_DAYS = re.compile(r"(?P<weeks>[0-9]{1,2})\+(?P<days>[0-6])")
_NUMBER = re.compile(
    r"(?P<number>-?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?)(?P<capped>\+)?\s*(?P<unit>[A-Za-z]*)"
)


class Age(NamedTuple):
    """An age at scan in years, None where it is not certain, and how it was read or why not."""

    years: float | None
    note: str


class _Quantity(NamedTuple):
    """A number; its unit, None where none is stated; why neither can be used, else ""."""

    number: float
    unit: str | None
    fault: str = ""


def is_missing(text: str) -> bool:
    """Tell whether a cell holds no value."""
    return text.strip().lower() in _MISSING


def read_age(
    column: str, text: str, described: Mapping[str, Any], gestation_weeks: float | None
) -> Age | None:
    """Read the age at scan from a cell; None where the column holds no age, or the cell no value.

    column: e.g. age, age_months, scan_age, pma_weeks. described: its entry in the JSON sidecar.
    A postmenstrual age counts from birth only with gestation_weeks, the gestational age at birth.
    "age" without a stated unit is in years, as BIDS has it; "89+" is 89.
    """
    name = _normal(column)
    postmenstrual, plain = _POSTMENSTRUAL.fullmatch(name), _AGE.fullmatch(name)
    match = postmenstrual or plain
    if match is None or is_missing(text):
        return None
    quantity = _quantity(text, match["unit"], described)
    if quantity.fault:
        return Age(None, quantity.fault)
    about = str(described.get("Description", "")) + str(described.get("LongName", ""))
    if postmenstrual or re.search("post-?(menstrual|conception)", about, re.IGNORECASE):
        return _since_birth(quantity, gestation_weeks)
    if quantity.unit is None and name == "scan_age":
        # dHCP gives weeks after menstruation in scan_age, beside birth_age, and no unit
        if gestation_weeks is None:
            return Age(None, f"{text} has no stated unit")
        return _since_birth(quantity, gestation_weeks)
    unit = quantity.unit or "years"
    note = f"{text}, {unit}" if quantity.unit else f"{text}, years as BIDS has it"
    return _plausible(quantity.number * DAYS[unit], note)


def read_gestation_weeks(column: str, text: str, described: Mapping[str, Any]) -> float | None:
    """Read the gestational age at birth in weeks; None where the cell holds no plausible one."""
    match = _GESTATION.fullmatch(_normal(column))
    if match is None or is_missing(text):
        return None
    quantity = _quantity(text, match["unit"], described)
    weeks = quantity.number * DAYS[quantity.unit or "weeks"] / DAYS["weeks"]
    low, high = GESTATION_WEEKS
    return weeks if not quantity.fault and low <= weeks <= high else None


def _normal(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")


def _since_birth(quantity: _Quantity, gestation_weeks: float | None) -> Age:
    unit = quantity.unit or "weeks"
    note = f"{quantity.number:g} {unit} postmenstrual age"
    if gestation_weeks is None:
        return Age(None, f"{note}, but the gestational age at birth is not known")
    days = quantity.number * DAYS[unit] - gestation_weeks * DAYS["weeks"]
    return _plausible(days, f"{note}, less {gestation_weeks:.4g} weeks of gestation")


def _plausible(days: float, note: str) -> Age:
    years = days / DAYS["years"]
    return Age(years, note) if 0 <= years <= MAX_AGE_YEARS else Age(None, f"{note}: not plausible")


def _quantity(text: str, named: str | None, described: Mapping[str, Any]) -> _Quantity:
    """Read a number with the unit that the cell, the column's name and the sidecar agree on."""
    text = text.strip()
    if both := _WEEKS_AND_DAYS.fullmatch(text):
        number, own = int(both["weeks"]) + int(both["days"]) / 7, "weeks"
    elif match := _NUMBER.fullmatch(text):
        number, own = float(match["number"]), match["unit"]
    else:
        return _Quantity(0.0, None, f"{text} cannot be read as a number")
    stated = [word for word in (own, named, str(described.get("Units") or "")) if word]
    units = {_UNITS.get(word.strip().lower()) for word in stated}
    if None in units:
        return _Quantity(number, None, f"{text} has a unit that is not known ({', '.join(stated)})")
    if len(units) > 1:
        return _Quantity(number, None, f"{text} has units that disagree ({', '.join(stated)})")
    return _Quantity(number, next(iter(units), None))
