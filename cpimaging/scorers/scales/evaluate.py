"""The evaluator of all scales: whether one is scored, its items, and the total as a range."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cpimaging.scorers.base import (
    NOT_SEEN_BY,
    Criteria,
    Tables,
    Trace,
    check_structures,
    cited,
    not_assessable,
)
from cpimaging.scorers.injury import Injury, injury_of, no_more_than_in_health, unusable
from cpimaging.scorers.results import Points, ScaleItem, ScaleResult
from cpimaging.scorers.words import down
from cpimaging.types import ScanContext

Ends = tuple[float, float]
"""At least, at most."""


@dataclass(frozen=True)
class Item:
    """One item of a scale.

    measured: in `unit`, or words. limit: what it was compared with. points: equal where the item is measured.
    highest: points that it can have. source: where its points come from. why: what keeps it from being
    measured, or None. side: left, right or midline. section: what it is added up with, also by itself.
    """

    name: str
    side: str
    section: str
    measured: float | str
    unit: str
    limit: str
    points: Ends
    highest: float
    source: str
    why: str | None = None


class Fact(NamedTuple):
    """Something that holds for certain, possibly, or not at all; what is certain is possible."""

    certain: bool
    possible: bool

    @classmethod
    def known(cls, holds: bool) -> "Fact":
        """Return a fact without doubt."""
        return cls(holds, holds)

    @classmethod
    def any(cls, facts: "Iterable[Fact]") -> "Fact":
        """Return whether at least one of several facts holds."""
        certain, possible = zip(*facts, strict=True)
        return cls(any(certain), any(possible))

    @classmethod
    def all(cls, facts: "Iterable[Fact]") -> "Fact":
        """Return whether several facts hold together."""
        certain, possible = zip(*facts, strict=True)
        return cls(all(certain), all(possible))


Level = Callable[[Mapping[str, bool]], str]
"""From facts to the name of a level; it must not fall when one more fact holds."""


def _told(facts: Mapping[str, Fact]) -> str:
    """Say in words which facts hold, and which may."""
    words = [name if fact.certain else f"{name} (possibly)" for name, fact in facts.items() if fact.possible]
    return ", ".join(words) or "none"


def source(trace: Trace, name: str) -> str:
    """Return the citation of a criterion with its tag, and who disagrees."""
    return cited(trace.criteria[name])


def levelled(
    section: str, level: Level, facts: Mapping[str, Fact], words: Mapping[str, str], trace: Trace
) -> Item:
    """Return the item of a section that has levels: those that what is certain and what is possible give.

    words: level -> what it means, lowest first; levels are names of criteria, whose values are the points.
    """
    low = level({name: fact.certain for name, fact in facts.items()})
    high = level({name: fact.possible for name, fact in facts.items()})
    points = (trace.points(low), trace.points(high))
    return Item(
        name=section,
        side="midline",
        section=section,
        measured=_told(facts),
        unit="",
        limit=words[low] if low == high else f"{words[low]} – {words[high]}",
        points=points,
        highest=trace.points(list(words)[-1]),
        source=source(trace, high),
        why=None if low == high else "the measurements fit several levels",
    )


def age_told(context: ScanContext) -> str:
    """Say how old the person was, in days below a tenth of a year."""
    years = context.age_years
    if years is None:
        return "not known"
    return f"here {down(365.25 * years)} days" if years < 0.1 else f"here {down(years, 1)} years"


def seen_by_reader(context: ScanContext) -> bool:
    """Tell whether a person drew the lesion, so that what is not drawn is not there."""
    return context.lesion_source == "given mask"


@dataclass(frozen=True)
class Scale:
    """A published scale.

    requires: structures that it cannot do without. needs: in words, what must be known of a scan before it
    is scored, and whether it is. items: from injury and scan to the points. names: the words that stand for
    points, where the scale has no numbers. withheld: why the scale is not for this lesion, or None. by_size:
    sizes give points too, so that a scan in which software found no lesion is scored.
    """

    name: str
    requires: frozenset[str]
    needs: Callable[[ScanContext, Trace], Mapping[str, bool]]
    items: Callable[[Injury, Trace, ScanContext], Iterable[Item]]
    names: Callable[[Trace], Mapping[float, str]] | None = None
    withheld: Callable[[Tables, Injury, Criteria], str | None] | None = None
    by_size: bool = False

    def score(self, tables: Tables, context: ScanContext, criteria: Criteria) -> ScaleResult:
        """Give the points of every item, and their sum.

        Returns total (None where it is a range), range (least and most), maximum, sections (name: [least,
        most, maximum]), items, evidence and not_assessed (the reason, or None). Lesion counts, loss of volume
        does not. Raises ValueError where the load table lacks a required structure.
        """
        check_structures(tables, self.name, self.requires)
        trace = Trace(criteria)
        reason = not_assessable(context) or _lacking(self.needs(context, trace))
        if reason:
            return unscored(reason, trace)
        injury = injury_of(tables)
        reason = unusable(injury, trace) or _too_little(injury, context, trace)
        if self.by_size and injury.total_mm3 == 0:
            reason = None
        if reason is None and self.withheld is not None:
            reason = self.withheld(tables, injury, criteria)
        if reason:
            return unscored(reason, trace)
        return _scored(
            list(self.items(injury, trace, context)), trace, self.names(trace) if self.names else None
        )


def _lacking(needs: Mapping[str, bool]) -> str | None:
    lacking = [need for need, met in needs.items() if not met]
    return f"needs {', '.join(lacking)}" if lacking else None


def _too_little(injury: Injury, context: ScanContext, trace: Trace) -> str | None:
    """Return a reason where there is too little lesion to score; write down how much there is."""
    inside_mm3 = injury.total_mm3 - injury.outside_mm3
    if inside_mm3 == 0:
        found = f"no lesion found{NOT_SEEN_BY.get(context.lesion_source or '', '')}"
        trace.note(found, 0.0)
        return None if seen_by_reader(context) else f"{found}, which is no proof that there is none"
    if not trace.at_least("lesion in the brain", inside_mm3, "minimum_volume"):
        return f"a lesion of {down(inside_mm3)} mm3 is too small to score"
    return no_more_than_in_health(injury, context, trace)


def _scored(items: Sequence[Item], trace: Trace, names: Mapping[float, str] | None) -> ScaleResult:
    sections: dict[str, list[float]] = {}
    for item in items:
        sums = sections.setdefault(item.section, [0.0, 0.0, 0.0])
        for place, value in enumerate((*item.points, item.highest)):
            sums[place] += value
    least, most, highest = (sum(values) for values in zip(*sections.values(), strict=True))
    name: Callable[[float], Points] = names.__getitem__ if names else float
    return {
        "total": name(least) if least == most else None,
        "range": [name(least), name(most)],
        "maximum": name(highest),
        "sections": {section: [name(value) for value in sums] for section, sums in sections.items()},
        "items": [_as_json(item) for item in items],
        "evidence": trace.as_json(),
        "not_assessed": None,
    }


def _as_json(item: Item) -> ScaleItem:
    unseen = isinstance(item.measured, float) and math.isnan(item.measured)
    return {
        "name": item.name,
        "side": item.side,
        "section": item.section,
        "measured": None if unseen else item.measured,
        "unit": item.unit,
        "limit": item.limit,
        "points": list(item.points),
        "highest": item.highest,
        "source": item.source,
        "why": item.why,
    }


def unscored(reason: str, trace: Trace | None = None) -> ScaleResult:
    """Return what `Scale.score` gives where nothing was scored."""
    return {
        "total": None,
        "range": None,
        "maximum": None,
        "sections": {},
        "items": [],
        "evidence": trace.as_json() if trace else [],
        "not_assessed": reason,
    }
