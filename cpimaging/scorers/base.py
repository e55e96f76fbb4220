"""What all scorers share: their record, their tables, their criteria and the trace of a decision."""

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

from cpimaging.columns import Column
from cpimaging.io import read_yaml
from cpimaging.scorers.results import Result, Step, Value
from cpimaging.scorers.words import phrase
from cpimaging.types import Evidence, ScanContext, Table, rows_of

NOT_ASSESSED = "not assessed"
GIVEN_UNITS = ("points", "level")
"""Units of what a scale gives, which is not uncertain; in any other unit stands what it asks for."""

NEWBORN_TO_YEARS = 0.25
"""Age of maturation below which a scan is a newborn's, as where punctate lesions are looked for."""


class Criterion(TypedDict):
    """A number that a scorer compares with.

    tag: S read in the source, S2 in one that restates it, K not verified, D ours. disagrees: what another
    source says instead, with that source and its tag. newborn: what it is on a reader's mask of a newborn.
    """

    value: float
    unit: str
    tag: str
    source: str
    disagrees: NotRequired[str]
    newborn: NotRequired["Newborn"]


class Newborn(TypedDict):
    """What a criterion is on a reader's mask of a newborn."""

    value: float
    source: str


Criteria = Mapping[str, Criterion]
"""Criteria by name."""


def cited(criterion: Criterion) -> str:
    """Return the source of a criterion with its tag, and what another source says."""
    other = f"; sources disagree: {criterion['disagrees']}" if "disagrees" in criterion else ""
    return f"{criterion['source']} [{criterion['tag']}]{other}"


@dataclass(frozen=True, eq=False)
class Tables:
    """The tables of one scan; id columns may be present or not. Nobody changes them.

    Read them by `types.rows_of`: those of the repetitions are lists and arrays by column.
    """

    load: Table
    lesions: Table
    parts: Table
    morphometry: Table


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, kw_only=True)
class GroupColumn(Column, Generic[R]):
    """A column of the group table that a scorer fills. cell: how it is got from the result."""

    cell: Callable[[R], Value]


Row = Mapping[str, Value]
"""A row of the group table, by column."""


@dataclass(frozen=True)
class Words(Generic[R]):
    """How pages tell a result.

    facts: lines of the scan page, name and text. code: what a scan is called, from its row of the group
    table, "n/a" or "" where it is not. say: a code in words. codes: all of a call, as pages list them.
    """

    facts: Callable[[R], list[tuple[str, str]]]
    code: Callable[[Row], str]
    say: Callable[[str], str] = phrase
    codes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Scorer(Generic[R]):
    """A scorer, whole: what it needs, gives, and is called. All else is made from this record.

    name: in the configuration and the pattern JSON. title: on pages. ages: whom it is for. requires:
    structures that it cannot do without. score: a pure function of the tables, the scan's context and the
    criteria. unscored: its result where it did not run, from the reason. criteria: their YAML.
    example: a scan that it is for. keys: of its result. columns: of the group table, that it fills.
    words: how pages tell the result.
    answers: keys of the result whose stability is measured, coarse before fine; uncalled: values of the
    first one that are no call; undecided: what an unstable answer becomes; details: keys that are None then.
    graded: key of a detail whose stability is measured, among the repetitions that keep the finest answer.
    agreement: how often a reader would agree with a result whose repetitions were counted.
    scale: it gives points, and its result stands among the scales.
    """

    name: str
    title: str
    ages: str
    requires: frozenset[str]
    score: Callable[[Tables, ScanContext, Criteria], R]
    unscored: Callable[[str], R]
    criteria: Path
    example: ScanContext
    keys: tuple[Column, ...]
    columns: tuple[GroupColumn[R], ...]
    words: Words[R]
    answers: tuple[str, ...] = ()
    uncalled: frozenset[str] = frozenset({"n/a"})
    undecided: str = "n/a"
    details: tuple[str, ...] = ()
    graded: str = ""
    agreement: Callable[[R], Value] | None = None
    scale: bool = False

    def missing(self, structures: Iterable[str]) -> list[str]:
        """Return the required structures that are not among `structures`, sorted."""
        return sorted(self.requires - set(structures))


AnyScorer = Scorer[Any]
"""A scorer whose kind of result is its own affair."""

CHILD = ScanContext(age_years=6.0, contrasts=("T1w", "T2w", "FLAIR"), lesion_source="given mask", qc="pass")
NEWBORN = replace(CHILD, age_years=5 / 365.25, pma_weeks=40.0)


@cache
def read_criteria(path: Path) -> Criteria:
    """Read a scorer's criteria, and those of the file that it includes, named from its own folder.

    Each file is read once: most scorers include the same two.
    """
    content = read_yaml(path)
    included = read_criteria((path.parent / content["include"]).resolve()) if "include" in content else {}
    return MappingProxyType({**included, **content["criteria"]})


def for_scan(criteria: Criteria, context: ScanContext) -> Criteria:
    """Return criteria as a scan asks for them: some have another value for a reader's mask of a newborn."""
    newborn = context.age_years is not None and context.age_years < NEWBORN_TO_YEARS
    if not newborn or context.lesion_source != "given mask":
        return criteria
    return {
        name: {**criterion, **criterion["newborn"]} if "newborn" in criterion else criterion
        for name, criterion in criteria.items()
    }


@lru_cache(maxsize=64)
def _sides(tables: Tables) -> dict[str, set[str]]:
    sides: dict[str, set[str]] = {}
    for structure, side in rows_of(tables.load, ("structure", "side")):
        sides.setdefault(structure, set()).add(side)
    return sides


def check_structures(tables: Tables, scorer: str, requires: frozenset[str]) -> None:
    """Raise ValueError where the load table lacks a required structure, or one of its two sides."""
    sides = _sides(tables)
    missing = sorted(requires - set(sides))
    if missing:
        raise ValueError(
            f"the scorer {scorer} needs {', '.join(missing)}, which the lesion-load table does not hold; "
            "choose an atlas that labels them"
        )
    one_sided = halved(sides, requires)
    if one_sided:
        raise ValueError(
            f"the scorer {scorer} needs both sides of {', '.join(one_sided)}; "
            "choose an atlas that labels them"
        )


def halved(sides: Mapping[str, Collection[str]], requires: Iterable[str]) -> list[str]:
    """Return the required structures of which there is a left or a right one, but not the other."""
    return sorted(name for name in requires if len({"left", "right"} & set(sides.get(name, ()))) == 1)


def as_step(step: Evidence) -> Step:
    """Return a step as it stands in a pattern JSON."""
    return {"rule": step.rule, "value": step.value, "limit": step.limit, "source": step.source}


class Trace:
    """The steps of a decision, in order, each compared with a criterion."""

    def __init__(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self.steps: list[Evidence] = []

    def limit(self, name: str) -> float:
        """Return the value of a criterion that is asked for; it is varied in the repetitions."""
        return self._value(name, given=False)

    def points(self, name: str) -> float:
        """Return what a scale gives, which is the same in every repetition."""
        return self._value(name, given=True)

    def _value(self, name: str, given: bool) -> float:
        """Return a criterion. Raises ValueError where its unit says that it is of the other kind."""
        criterion = self.criteria[name]
        if (criterion["unit"] in GIVEN_UNITS) != given:
            wanted = (
                f"has the unit {' or '.join(GIVEN_UNITS)}" if given else "has the unit of what is measured"
            )
            raise ValueError(
                f"the criterion {name} has the unit {criterion['unit']!r}: what a scale "
                f"{'gives' if given else 'asks for'} {wanted}"
            )
        return float(criterion["value"])

    def at_least(self, rule: str, value: float, name: str) -> bool:
        """Record a comparison and tell whether `value` reaches the criterion; NaN never does."""
        return self._compare(rule, value, name, "≥", value >= self.limit(name))

    def below(self, rule: str, value: float, name: str) -> bool:
        """Record a comparison and tell whether `value` stays under the criterion; NaN never does."""
        return self._compare(rule, value, name, "<", value < self.limit(name))

    def _compare(self, rule: str, value: float, name: str, sign: str, holds: bool) -> bool:
        criterion = self.criteria[name]
        limit = f"{sign} {criterion['value']:g} {criterion['unit']}".rstrip()
        shown = NOT_ASSESSED if math.isnan(value) else float(value)
        self.steps.append(Evidence(rule, shown, limit, cited(criterion)))
        return bool(holds)

    def note(self, rule: str, value: float | str, source: str = "measured") -> None:
        """Record what was seen, without a limit."""
        shown = NOT_ASSESSED if isinstance(value, float) and math.isnan(value) else value
        self.steps.append(Evidence(rule, shown, "n/a", source))

    def as_json(self) -> list[Step]:
        """Return the steps as plain dictionaries."""
        return [as_step(step) for step in self.steps]


NOT_SEEN_BY = {
    "given mask": " (given mask is empty)",
    "detected": " (detected)",
    "lesion_command": " (lesion_command)",
}
"""Who saw no lesion, in words that follow "no lesion found"."""


def not_assessable(context: ScanContext) -> str | None:
    """Return why a scan's lesion cannot be judged at all, or None."""
    if context.lesion_source is None:
        return context.lesion_not_assessed or "no mask and no detector"
    if context.qc == "fail":
        return "quality control failed"
    if not context.contrasts and context.qc != "not_applicable":
        return "no usable image"
    return None
