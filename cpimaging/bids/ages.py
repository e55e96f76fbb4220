"""Read one age out of a table's cell: what it counts, in which unit, from when."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from cpimaging.bids.described import is_at_scan, means_none, no_amount, not_an_age, stands_for_none
from cpimaging.bids.durations import (
    DAYS,
    GESTATION_WEEKS,
    UNITS,
    Duration,
    description_of,
    entry,
    read_duration,
)
from cpimaging.tables import bare

MAX_AGE_YEARS = 120.0  # ours: beyond it an age is a typing error
TERM_WEEKS, FROM_TERM_WEEKS = 40.0, 37.0
"""Corrected age counts from 40 weeks, for those born before 37 (AAP 2004. Pediatrics 114:1362) [S]."""
POSTMENSTRUAL_WEEKS = (GESTATION_WEEKS[0], 200.0)  # ours: three years after term nobody counts in it
NEWBORN_WEEKS = 46.0  # ours: up to this a number beside a gestation may be a postmenstrual age
MAYBE_PMA_WEEKS = (24.0, NEWBORN_WEEKS)  # ours: so may an age of so many weeks, which counts from birth
UNSTATED_WEEKS = (GESTATION_WEEKS[0], 60.0)  # ours: a number that is a postmenstrual age without its unit
TWO_COUNTS_DAYS = 2.0  # days of life agree with an age in days that is less than this away
FEW_DAYS = 60.0  # ours: below it an age in years or months is told in days too

_COLUMN_UNITS = "|".join(name for name in UNITS if len(name) > 1 or name == "y")  # age_m may be the mother's
_AT_SCAN = "(?:_at)?_(?:scan|mri|imaging|session|visit)"
_AT_BIRTH = "(?:_at)?_birth"
_IN_UNIT = f"(?:_(?:in_)?(?P<unit>{_COLUMN_UNITS}))?"
_IN_SHORT = f"(?:_(?:in_)?(?P<unit>{_COLUMN_UNITS}|w|d))?"  # of ages that are always in weeks and days
_WITH_UNIT = f"(?=(?:{_AT_SCAN})?_(?:in_)?(?:{_COLUMN_UNITS})$)"
_YOUNG = "|".join(name for name, unit in UNITS.items() if unit != "years" and len(name) > 1)
_KINDS = {
    kind: re.compile(names + (_IN_SHORT if kind in ("postmenstrual", "gestation") else _IN_UNIT))
    for kind, names in {
        "age": f"(?:(?:patient_|participant_|subject_)?age(?:{_AT_SCAN})?)",
        "chronological": f"(?:(?:chrono(?:logic(?:al)?)?|actual|uncorrected|unadjusted)_age(?:{_AT_SCAN})?)",
        "postnatal": "(?:(?:postnatal_age|pna|(?:postnatal|old|(?:age_)?(?:since|after|from)_birth)"
        f"{_WITH_UNIT})(?:{_AT_SCAN})?)",
        "day of life": f"(?:(?:(?:scan|mri)_)?(?:dol|days?_of_life)(?:{_AT_SCAN})?)",
        "scan age": "(?:(?:scan|mri)_age)",
        "corrected": f"(?:(?:(?:corrected|adjusted)_age|(?:corrected|adjusted){_WITH_UNIT})(?:{_AT_SCAN})?"
        "|age_(?:corrected|adjusted))",
        "ca": f"(?:ca(?=(?:{_AT_SCAN})?_(?:in_)?(?:{_YOUNG})$)(?:{_AT_SCAN})?)",
        "postmenstrual": "(?:(?:(?:(?:scan|mri|age)_)?pma|post_?menstrual_age|post_?menstrual"
        f"{_WITH_UNIT})(?:{_AT_SCAN})?|(?:gest(?:ational)?_age|ga){_AT_SCAN}|(?:scan|mri)_ga"
        f"|(?:corrected_gestational_age|corrected_ga|cga)(?:{_AT_SCAN})?)",
        "postconceptional": f"(?:(?:pca|post_?concept(?:ion)?(?:al|ual)_age)(?:{_AT_SCAN})?)",
        "gestation": "(?:(?:gest(?:ational)?_?age|gestation|ga|birth_age|birth_ga"
        f"|gest(?:ational)?{_WITH_UNIT})(?:{_AT_BIRTH})?|weeks_(?:of_)?gestation)",
    }.items()
}
_GESTATION_WORDS = re.compile(
    r"gestation|(?:^|_)(?:gest|ga)(?:_|$)|prematur|preterm|birth_weeks?|pregnancy_w"
)
_NO_GESTATION = re.compile(r"diabet|hypert|weight|size|retinopath|multiple|correct|adjust")
_UNIT_FIRST = re.compile(rf"(?P<counts>.+)_(?P<unit>{_COLUMN_UNITS})(?P<at>{_AT_SCAN}|{_AT_BIRTH})")
_UNIT_LEADS = re.compile("(?P<unit>years?|months?|weeks?|wks?|days?)_(?:of_)?(?P<counts>.+)")
_EXTRA_DAYS = re.compile("_(?:plus|extra|additional)_days?$")
_COLUMNS_KEPT = 4096  # the same columns are asked for with every scan
_MISSING = frozenset({"", "n/a", "na", "nan", "none", "null", "unknown", "missing", "-", "."})
_COUNTED_FROM = {
    "postmenstrual": re.compile(r"post-? ?menstrual|\bpma\b"),
    "postconceptional": re.compile(r"post-? ?concept|\bpca\b"),
    "corrected": re.compile(r"(?<!not )\b(?:corrected|adjusted)\b"),
    "gestation": re.compile(r"(?<!corrected for )(?<!adjusted for )gestation|\bga\b"),
    "postnatal": re.compile(r"chronological|post-? ?natal|\b(?:since|after|from) birth"),
}


class Gestation(NamedTuple):
    """Gestational age at birth in weeks, None where the cell holds no number that can be one.

    step_weeks: how fine it is. told: how it was read. refused: the cell says what cannot be.
    """

    weeks: float | None
    told: str = ""
    step_weeks: float = 0.0
    refused: bool = False


class Age(NamedTuple):
    """An age at scan in years, None where it is not certain, and how it was read or why not.

    step_years: how fine the age is. corrected: counted from term, not from birth. refused: the cell says
    something that cannot be, so that nothing is to be computed. assumed: the unit is years, or birth what it
    counts from, for want of a word.
    days: the same since birth or term, below 0 before it. postmenstrual: it was told as such an age.
    """

    years: float | None
    note: str
    step_years: float = 0.0
    corrected: bool = False
    refused: bool = False
    assumed: bool = False
    days: float = 0.0
    postmenstrual: bool = False


def is_missing(text: str) -> bool:
    """Tell whether a cell holds no value."""
    word = bare(text).lower()
    return word in _MISSING or word.replace(".", "") == "na"


def is_age(column: str) -> bool:
    """Tell whether a column is read as an age at scan."""
    kind, _ = kind_of(column)
    return kind not in ("", "gestation")


def read_age(
    column: str, text: str, described: Mapping[str, Any], gestation_weeks: float | None
) -> Age | None:
    """Read the age at scan from a cell; None where the column holds no age, or the cell no value.

    column: e.g. age, age_months, scan_age, pma_weeks. described: its entry in the JSON sidecar.
    A postmenstrual age becomes a corrected one, or counts from birth where gestation_weeks, the gestational
    age at birth, is that of a term birth. "age" without a unit is in years, as BIDS has it; "89+" is 89.
    """
    named, unit = kind_of(column)
    kind = _by_description(named, described)
    if kind in ("", "gestation") or is_missing(text) or _none_by_sidecar(text, described):
        return None
    if _groups(described):
        return Age(None, "a group, by the Levels in its sidecar, and no number")
    if why := not_an_age(_words(described)):
        return Age(None, why)
    duration = read_duration(text, unit, described)
    if duration.fault:
        return Age(None, duration.fault)
    return _of_kind(kind, column, duration, gestation_weeks)


def _of_kind(kind: str, column: str, duration: Duration, gestation_weeks: float | None) -> Age:
    """Return the age that a number is, by what its column counts."""
    if kind == "scan age":
        kind = _of_scan_age(duration, gestation_weeks)
    if kind == "postmenstrual":
        return _since_term(duration, gestation_weeks)
    if kind == "day of life":
        return _day_of_life(duration)
    if kind == "ca":
        age = _plausible(duration, "corrected")
        return age._replace(note=f"{age.note}, as ca is taken for", assumed=True)
    if kind == "chronological":
        kind = "postnatal" if duration.unit else "age"
    if kind in ("postnatal", "corrected") and duration.unit is None:
        return _refused(f"{duration.told} has no stated unit; say {normal(column)}_weeks or the like")
    if kind == "age" and _may_be_postmenstrual(duration, gestation_weeks):
        return _refused(_either(duration, gestation_weeks))
    if kind not in ("age", "postnatal", "corrected") or (kind == "age" and duration.gestational):
        return _refused(f"{duration.told} may count from birth or not; say pma_weeks or postnatal_age_weeks")
    return _plausible(duration, kind)


def read_gestation(column: str, text: str, described: Mapping[str, Any]) -> Gestation | None:
    """Read the gestational age at birth; None where the column holds none, or the cell no value."""
    kind, unit = kind_of(column)
    if kind != "gestation" or is_missing(text) or _none_by_sidecar(text, described):
        return None
    if _by_description(kind, described) != kind:
        return None
    duration = read_duration(text, unit, described)
    if _groups(described) or no_amount(_words(described)) or duration.fault:
        return Gestation(None)
    scale = DAYS[duration.unit or "weeks"] / DAYS["weeks"]
    weeks, (low, high) = duration.number * scale, GESTATION_WEEKS
    told = f"{duration.told}, {duration.unit or 'weeks'}"
    if low <= weeks < high:
        return Gestation(weeks, told, duration.step * scale)
    told += f": not between {low:g} and {high - 1:g} weeks of gestation at birth"
    if duration.unit != "days" and low <= duration.number / DAYS["weeks"] < high:
        told += "; where it is in days the column's name must say so"
    return Gestation(None, told + _lone_days(duration), refused=True)


def is_gestation(column: str, described: Mapping[str, Any], *, by_its_name: bool = False) -> bool:
    """Tell whether a column seems to be about the gestational age at birth; by_its_name: whether it is."""
    kind, _ = kind_of(column)
    if kind or by_its_name:
        return kind == "gestation" and _by_description(kind, described) == kind
    return bool(_GESTATION_WORDS.search(normal(column))) and not _NO_GESTATION.search(normal(column))


@lru_cache(_COLUMNS_KEPT)
def normal(column: str) -> str:
    """Return a column's name in lower case with underscores, e.g. "age_months" for "Age (months)"."""
    words = unicodedata.normalize("NFKC", bare(column))  # age² is age2
    words = re.sub("(?<=[a-z])(?=[A-Z])", "_", words).lower()
    words = re.sub("(?<=age)(?=years|months|weeks|days)", "_", words)
    return re.sub(r"[\W_]+", "_", words).strip("_")


@lru_cache(_COLUMNS_KEPT)
def kind_of(column: str) -> tuple[str, str | None]:
    """Return what a column counts, "" where it is no age, and the unit in its name.

    The unit may stand before: weeks_pma, days_since_birth. Extra days beside weeks are days: ga_extra_days.
    """
    name = _EXTRA_DAYS.sub("_days", normal(column))
    orders = (
        _UNIT_FIRST.sub(r"\g<counts>\g<at>_\g<unit>", name),
        _UNIT_LEADS.sub(r"\g<counts>_\g<unit>", name),
    )
    found = ((kind, names.fullmatch(order)) for order in orders for kind, names in _KINDS.items())
    return next(((kind, match["unit"]) for kind, match in found if match), ("", None))


def _by_description(kind: str, described: Mapping[str, Any]) -> str:
    """Return what a column counts once its sidecar has been heard."""
    words = _words(described)
    if kind == "gestation":
        return "postmenstrual" if is_at_scan(words) else kind
    if kind not in ("age", "scan age", "postnatal", "chronological", "ca"):
        return kind
    told = [count for count, phrase in _COUNTED_FROM.items() if phrase.search(words)]
    if len(told) > 1 or (told and kind in ("postnatal", "chronological") and told != ["postnatal"]):
        return "unclear"
    if kind == "ca" and told:
        return told[0]
    if told and told[0] == "gestation":
        return "postmenstrual" if is_at_scan(words) and "gestational age" in words else "unclear"
    return told[0] if told and told[0] != "postnatal" else kind


def _words(described: Mapping[str, Any]) -> str:
    return f"{description_of(described)} {entry(described, 'units', 'unit') or ''}".lower().strip()


def _groups(described: Mapping[str, Any]) -> bool:
    levels = entry(described, "levels")
    told = [levels] if isinstance(levels, str) else levels
    if isinstance(told, Mapping):
        told = [level for level, meaning in told.items() if not means_none(meaning)]
    return isinstance(told, list) and not all(is_missing(str(level)) for level in told)


def _none_by_sidecar(text: str, described: Mapping[str, Any]) -> bool:
    return stands_for_none(bare(text), _words(described), described)


def _of_scan_age(duration: Duration, gestation_weeks: float | None) -> str:
    """Return what "scan_age" counts: dHCP gives weeks after menstruation, without unit, beside birth_age."""
    low, high = UNSTATED_WEEKS
    if duration.unit not in (None, "weeks"):
        return "age"
    if gestation_weeks is not None and (duration.unit or low <= duration.number <= high):
        return "postmenstrual"
    return "scan age"


def _may_be_postmenstrual(duration: Duration, gestation_weeks: float | None) -> bool:
    """Tell whether a number without a unit, or in weeks, may be those since the last menstruation."""
    if gestation_weeks is None or duration.unit not in (None, "weeks"):
        return False
    return gestation_weeks <= duration.number + duration.step and duration.number <= NEWBORN_WEEKS


def _either(duration: Duration, gestation_weeks: float | None) -> str:
    """Return what an age beside a gestation may be, and how to say which."""
    beside = f"beside {gestation_weeks:.4g} weeks of gestation may be"
    if duration.unit:
        return (
            f"{duration.told} weeks {beside} those since birth or postmenstrual ones; "
            "name the column postnatal_age_weeks or pma_weeks"
        )
    return (
        f"{duration.told} without a unit {beside} years or postmenstrual weeks; "
        "name the column age_years or pma_weeks, or add Units"
    )


def _lone_days(duration: Duration) -> str:
    """Return what extra days without their weeks lack, "" for any other age."""
    lone = duration.unit == "days" and duration.number < DAYS["weeks"]
    return "; extra days need whole weeks beside them" if lone else ""


def _since_term(duration: Duration, gestation_weeks: float | None) -> Age:
    low, high = UNSTATED_WEEKS if duration.unit is None else POSTMENSTRUAL_WEEKS
    scale = DAYS[duration.unit or "weeks"] / DAYS["weeks"]
    weeks, step = duration.number * scale, duration.step * scale
    told = f"{duration.told} {duration.unit or 'weeks'} postmenstrual age"
    if not low <= weeks <= high:
        return _refused(f"{told}: not between {low:g} and {high:g} weeks{_lone_days(duration)}")
    if gestation_weeks is not None and weeks + step <= gestation_weeks:
        return _refused(f"{told}: before birth at {gestation_weeks:.4g} weeks of gestation")
    born = TERM_WEEKS
    if gestation_weeks is not None and gestation_weeks >= FROM_TERM_WEEKS:
        born = gestation_weeks
    exact = (weeks - born) * DAYS["weeks"]
    days = max(exact, 0.0)
    corrected = born is TERM_WEEKS
    how = "corrected age, from 40 weeks" if corrected else f"less {born:.4g} weeks of gestation"
    note = f"{told}: {days:.0f} days, {how}"
    step_years = step * DAYS["weeks"] / DAYS["years"]
    return Age(days / DAYS["years"], note, step_years, corrected, days=exact, postmenstrual=True)


def _day_of_life(duration: Duration) -> Age:
    """Return the age on a day of life, which one clinic counts from 0 and another from 1."""
    if duration.unit not in (None, "days"):
        return _refused(
            f"{duration.told} {duration.unit} is no day of life; say postnatal_age_{duration.unit}"
        )
    age = _plausible(duration._replace(unit="days", step=max(duration.step, TWO_COUNTS_DAYS)), "postnatal")
    told = f"{age.note} of life, birth taken for day 0; if it is day 1, give postnatal_age_days"
    return age if age.refused else age._replace(note=told, assumed=True)


def _plausible(duration: Duration, kind: str) -> Age:
    unit = duration.unit or "years"
    days = duration.number * DAYS[unit]
    years, corrected = days / DAYS["years"], kind == "corrected"
    note = f"{duration.told}, {unit}" + ("" if duration.unit else " as BIDS has it")
    least = (GESTATION_WEEKS[0] - TERM_WEEKS) * DAYS["weeks"] if corrected else 0.0
    if not (least <= days and years <= MAX_AGE_YEARS):
        return _refused(f"{note}: not between 0 and {MAX_AGE_YEARS:g} years")
    if corrected:
        note += " corrected age" + (" (before term)" if days < 0 else "")
    if unit in ("years", "months") and 0 < days < FEW_DAYS:
        note += f": {days:.0f} days"
    low, high = MAYBE_PMA_WEEKS
    doubtful = kind == "age" and unit == "weeks" and low <= duration.number <= high
    if doubtful:
        note += " since birth, as BIDS has it; a postmenstrual age belongs in a column pma_weeks"
    step_years = duration.step * DAYS[unit] / DAYS["years"]
    assumed = duration.unit is None or doubtful
    return Age(max(years, 0.0), note, step_years, corrected, assumed=assumed, days=days)


def _refused(note: str) -> Age:
    return Age(None, note, refused=True)
