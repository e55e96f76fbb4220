"""A reference: the controls, the regression of every measure, whom it covers, and z-scores against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cpimaging.norms.regression import Fit, Floats, fit, knots_of, left_out_z, spline
from cpimaging.types import measures_of
from cpimaging.words import NORMED

Key = tuple[str, str, str]
"""Measure, structure and side, as in the morphometry table."""

LEAST, FEW = 20, 100
"""Controls without which there are no norms, and below which they are said to be few (ours)."""
LEAST_OF_SCANNER = 5
"""Controls that each scanner needs (ours)."""
GAP = 0.5
"""An age is covered if a control on either side of it is no farther than this share of it (ours)."""
ENDS = 1.96
MOST_YEARS = 120.0
EXPECTED = {"group_volume": (300.0, 1e6), "callosal_area": (10.0, 1e5)}
"""Wide on purpose (ours): volumes in ml and areas in cm² lie below, numbers that are no logarithms beyond."""


@dataclass(frozen=True)
class Person:
    """Whom a measure is compared for. scanner: what the norms tell scanners apart by, "" where by nothing."""

    age_years: float
    sex: str
    scanner: str = ""


@dataclass(frozen=True)
class Design:
    """How people become rows of a design. Other sexes and scanners are compared with the first one."""

    knots: tuple[float, ...]
    sexes: tuple[str, ...]
    scanners: tuple[str, ...]

    def rows(self, people: Sequence[Person]) -> Floats:
        """Return (people, coefficients): constant, age, sex, scanners."""
        ages = np.array([person.age_years for person in people])
        columns = [np.ones((len(people), 1)), spline(ages, self.knots)]
        columns += [_is(people, "sex", sex) for sex in self.sexes[1:]]
        columns += [_is(people, "scanner", scanner) for scanner in self.scanners[1:]]
        return np.column_stack(columns)


def _is(people: Sequence[Person], what: str, word: str) -> Floats:
    return np.array([[float(getattr(person, what) == word)] for person in people])


@dataclass(frozen=True)
class Check:
    """Each control against all others: SD of its z in the younger, middle and older third; share beyond 2."""

    sd: tuple[float, float, float]
    beyond: float


@dataclass(frozen=True)
class Norms:
    """A reference. ages: of the controls, sorted. fits, checks: by measure. about: the rest of its file."""

    ages: tuple[float, ...]
    design: Design
    fits: Mapping[Key, Fit]
    checks: Mapping[Key, Check]
    about: Mapping[str, Any]

    def why_not(self, person: Person) -> str | None:
        """Return why a person is not covered, or None."""
        age = person.age_years
        if not self.ages[0] <= age <= self.ages[-1]:
            return f"norms are of {self.ages[0]:.1f} to {self.ages[-1]:.1f} years"
        ages = np.array(self.ages)
        if max(age - ages[ages <= age].max(), ages[ages >= age].min() - age) > GAP * age:
            return f"norms have no control near {age:.1f} years"
        if person.sex not in self.design.sexes:
            return f"norms are of {' and '.join(self.design.sexes)} alone, sex is {person.sex}"
        if self.design.scanners and person.scanner not in self.design.scanners:
            return "norms do not know the scanner"
        return None


def build_norms(people: Sequence[Person], values: pd.DataFrame, about: Mapping[str, Any]) -> Norms:
    """Fit every measure that LEAST controls have.

    values: one row per person, columns NORMED; mm³ or mm², NaN where not measured. Raises ValueError for
    fewer controls, a scanner with too few, and where age, sex and scanner cannot be told apart.
    """
    if len(people) < LEAST:
        raise ValueError(f"{len(people)} controls are too few: {LEAST} are needed")
    ages = np.array([person.age_years for person in people])
    scanners = _levels(person.scanner for person in people)
    for scanner in scanners:
        if (count := sum(person.scanner == scanner for person in people)) < LEAST_OF_SCANNER:
            raise ValueError(f"scanner {scanner} has {count} controls: {LEAST_OF_SCANNER} are needed")
    design = Design(knots_of(ages), _levels(person.sex for person in people), scanners)
    rows = design.rows(people)
    fits: dict[Key, Fit] = {}
    checks: dict[Key, Check] = {}
    for key in NORMED:
        measured = values[key].to_numpy(np.float64)
        known = measured > 0
        if known.sum() >= LEAST:
            logs = np.log(measured[known])
            fits[key] = fit(rows[known], logs)
            checks[key] = _checked(ages[known], left_out_z(rows[known], logs, fits[key]))
    return Norms(tuple(sorted(ages.tolist())), design, fits, checks, about)


def _levels(words: Any) -> tuple[str, ...]:
    return tuple(sorted({word for word in words if word}))


def _checked(ages: Floats, z: Floats) -> Check:
    young, middle, old = (
        float(np.std(part, ddof=1)) for part in np.array_split(z[np.argsort(ages, kind="stable")], 3)
    )
    return Check((young, middle, old), float(np.mean(np.abs(z) > 2)))


def z_rows(norms: Norms, person: Person, morphometry: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of a morphometry table: "<measure>_z" with "_z_low" and "_z_high", its 95 % interval.

    morphometry: measure, structure, side, value. NaN where the scan lacks the measure; no row where the norms
    lack it. The interval is that of the norms' size, not of the measurement. The person must be covered.
    """
    found = measures_of(morphometry)
    design = norms.design.rows([person])
    rows = []
    for key, fitted in norms.fits.items():
        value = found.get(key, np.nan)
        log = np.array([np.log(value) if value > 0 else np.nan])
        z = fitted.z(design, log)
        half = ENDS * fitted.z_error(design, z)
        for end, number in (("", z), ("_low", z - half), ("_high", z + half)):
            measure, structure, side = key
            rows.append(
                {
                    "measure": f"{measure}_z{end}",
                    "structure": structure,
                    "side": side,
                    "value": float(number[0]),
                    "unit": "SD",
                }
            )
    return rows


def as_json(norms: Norms) -> dict[str, Any]:
    """Return the content of a norms.json: ages, design and regressions, no person."""
    measures = [
        {
            "Measure": measure,
            "Structure": structure,
            "Side": side,
            "Coefficients": fitted.coefficients.tolist(),
            "Spread": fitted.spread.tolist(),
            "ResidualSD": fitted.sd,
            "DegreesOfFreedom": fitted.freedom,
            "LeftOutSD": list(norms.checks[measure, structure, side].sd),
            "LeftOutBeyondTwo": norms.checks[measure, structure, side].beyond,
        }
        for (measure, structure, side), fitted in norms.fits.items()
    ]
    return {
        **norms.about,
        "Ages": list(norms.ages),
        "Knots": list(norms.design.knots),
        "Sexes": list(norms.design.sexes),
        "Scanners": list(norms.design.scanners),
        "Measures": measures,
    }


def from_json(content: Mapping[str, Any]) -> Norms:
    """Return the norms of a norms.json. Raises KeyError, TypeError or ValueError where it is none."""
    own = ("Ages", "Knots", "Sexes", "Scanners", "Measures")
    ages, knots, sexes, scanners, measures = (content[name] for name in own)
    fits: dict[Key, Fit] = {}
    checks: dict[Key, Check] = {}
    for item in measures:
        key = (str(item["Measure"]), str(item["Structure"]), str(item["Side"]))
        if key in fits or key not in NORMED:
            raise ValueError("a measure is there twice, or is none that is compared")
        coefficients, spread = np.array(item["Coefficients"], float), np.array(item["Spread"], float)
        fits[key] = Fit(coefficients, spread, float(item["ResidualSD"]), int(item["DegreesOfFreedom"]))
        young, middle, old = item["LeftOutSD"]
        checks[key] = Check((young, middle, old), float(item["LeftOutBeyondTwo"]))
    design = Design(tuple(knots), tuple(sexes), tuple(scanners))
    count = design.rows([Person(float(ages[0]), "")]).shape[1]
    if not np.isfinite([*ages, *knots]).all() or not all(_is_sound(found, count) for found in fits.values()):
        raise ValueError("coefficients do not fit the design, or are no numbers")
    if not fits or not 0 <= min(ages) <= max(ages) <= MOST_YEARS or (np.diff(knots) <= 0).any():
        raise ValueError("no measures, or ages and knots that are none in years")
    middle = design.rows([Person(float(np.median(ages)), *sexes[:1], *scanners[:1])])
    for (measure, *_), found in fits.items():
        low, high = EXPECTED[measure]
        if not np.log(low) <= found.expected(middle)[0] <= np.log(high):
            raise ValueError("what is expected is no volume in mm³ and no area in mm²")
    about = {name: value for name, value in content.items() if name not in own}
    return Norms(tuple(sorted(map(float, ages))), design, fits, checks, about)


def _is_sound(found: Fit, count: int) -> bool:
    """Tell whether a regression that was read has so many coefficients, and gives numbers."""
    numbers = [*found.coefficients, *found.spread.ravel(), found.sd]
    whole = found.coefficients.shape == (count,) and found.spread.shape == (count, count)
    if whole and np.isfinite(numbers).all() and np.linalg.eigvalsh(found.spread).min() < -1e-9:
        return False  # an uncertainty below 0
    return bool(whole and np.isfinite(numbers).all() and found.sd > 0 and found.freedom > 0)
