"""What the first screen of a scan's page says: where, on which side, how sure, and what was not assessed."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from cpimaging.report import words
from cpimaging.report.page import number, two_digits
from cpimaging.report.tables import Row, structure_name
from cpimaging.scorers import AnyScorer, Pattern, results
from cpimaging.scorers.injury import WHOLE_OF
from cpimaging.scorers.results import CallResult, Result
from cpimaging.types import FlagContent, Quality
from cpimaging.words import HEMISPHERES, SIDES

MOST_NAMED = 4
"""So many structures are named on the first screen."""
NOWHERE = "in no structure"
NEVER = "malformations, cause and prognosis: never"


class Broken(NamedTuple):
    """A check that does not hold, as it is told: name, value and limit with units, what it may mean."""

    name: str
    value: str
    limit: str
    hint: str


def facts(
    pattern: Pattern, override: str | None, rows: Sequence[Row], left_out: Sequence[str]
) -> list[tuple[str, str]]:
    """Return what stands under the verdict, name and text: side, places, how sure, what was not assessed.

    rows: where the lesion lies, overlays left out; none where it is no finding. A page without a call says
    nothing of the calls here: the reason stands above.
    """
    told = [("Set by a person", override)] if override else []
    told += _whereabouts(rows)
    for place, (scorer, result) in enumerate(_finest_first(pattern)):
        told += scorer.words.facts(result) if place == 0 else []
        if scorer.answers:
            sure = words.confidence(scorer, cast(CallResult, result))
            told.append((f"Stability, {words.inside(scorer.title)}", sure))
    return [*told, ("Not assessed", "; ".join([*map(words.inside, left_out), NEVER]))]


def numbers(pattern: Pattern) -> list[tuple[str, str]]:
    """Return what the coarser calls and the scales say in numbers: name, text."""
    told = [fact for scorer, result in _finest_first(pattern)[1:] for fact in scorer.words.facts(result)]
    of_scales = results(pattern, scales=True).values()
    return told + [fact for scorer, result in of_scales for fact in scorer.words.facts(result)]


def _finest_first(pattern: Pattern) -> list[tuple[AnyScorer, Result]]:
    calls = results(pattern, scales=False) if words.called(pattern) else {}
    return list(reversed(calls.values()))


def _whereabouts(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return which sides the lesion lies on, in % of its volume, and the structures that hold most of it."""
    places = [
        (cell.amount, NOWHERE if row.tissue == "outside" else side)
        for row in rows
        for side, cell in zip(SIDES[-1:] if row.midline else SIDES, row.cells, strict=False)
        if cell.amount > 0
    ]
    total = sum(amount for amount, _ in places)
    if not total:
        return []
    sides = {side: sum(amount for amount, at in places if at == side) for side in (*SIDES, NOWHERE)}
    shares = [f"{two_digits(100 * mm3 / total)} % {side}" for side, mm3 in sides.items() if mm3 > 0]
    told = {"Side": shares, "Most of it in": _named_places(rows)}
    return [(name, ", ".join(texts)) for name, texts in told.items() if texts]


def _named_places(rows: Sequence[Row]) -> list[str]:
    """Return the structures that hold most of the lesion, a part with its whole, and how much the others do.

    Of each: the volume, and that of either side where both hold some.
    """
    places: dict[str, list[float]] = {}
    for row in rows:
        if row.tissue != "outside" and row.amount > 0:
            sides = places.setdefault(
                structure_name(WHOLE_OF.get(row.structure, row.structure)), [0.0, 0.0, 0.0]
            )
            for place, cell in zip((2,) if row.midline else (0, 1), row.cells, strict=True):
                sides[place] += cell.amount if cell.amount > 0 else 0.0
    largest = sorted(places.items(), key=lambda place: -sum(place[1]))
    named = [_place(name, sides) for name, sides in largest[:MOST_NAMED]]
    if others := largest[MOST_NAMED:]:
        mm3 = sum(sum(sides) for _, sides in others)
        named.append(f"{len(others)} other{'s' if len(others) > 1 else ''} {two_digits(mm3 / 1000)} ml")
    return named


def _place(name: str, sides: Sequence[float]) -> str:
    """Say a structure and its volume; sides: mm³ on the left, on the right and on the midline."""
    held = {side: mm3 for side, mm3 in zip(HEMISPHERES, sides, strict=False) if mm3 > 0}
    whole = f"{two_digits(sum(sides) / 1000)} ml"
    if len(held) == len(HEMISPHERES):
        each = ", ".join(f"{side} {two_digits(mm3 / 1000)}" for side, mm3 in held.items())
        return f"{words.inside(name)} {whole} ({each})"
    return " ".join([words.inside(name), *held, whole])


def reason_told(pattern: Pattern) -> str | None:
    """Return the reason that stands under the title, None where nothing stands there but a call."""
    dominance, mrics = pattern.get("dominance", {}), pattern.get("mrics", {})
    if words.called(pattern):
        return mrics.get("not_assessed") if words.missing(mrics.get("group")) else None
    return dominance.get("not_assessed") or mrics.get("not_assessed")


def not_called(pattern: Pattern) -> list[str]:
    """Return why calls were not made, those of one reason together; what the title says is not said again."""
    reasons: dict[str, list[str]] = {}
    for scorer, result in results(pattern, scales=False).values():
        if reason := result.get("not_assessed"):
            reasons.setdefault(reason, []).append(scorer.title)
    told = reason_told(pattern)
    return [
        f"{', '.join(titles)}: {'the reason stands at the top' if reason == told else reason}"
        for reason, titles in reasons.items()
    ]


def broken(quality: Quality) -> list[Broken]:
    """Return the checks that do not hold, those that fail first."""
    return [
        Broken(words.sentence(words.phrase(flag["name"])), *_beside(flag), words.check(flag["name"]) or "")
        for flag in by_weight(quality)
        if not flag["ok"]
    ]


def by_weight(quality: Quality) -> list[FlagContent]:
    """Return the quality flags: what fails, what warns, what holds."""
    order = {"fail": 0, "warn": 1}
    flags = quality.get("flags") or []
    return sorted(flags, key=lambda flag: 2 if flag["ok"] else order.get(flag.get("severity", "warn"), 1))


def _beside(flag: FlagContent) -> tuple[str, str]:
    """Write value and limit; the value with two significant digits, with more where these are the limit's."""
    name, value, limit = flag["name"], flag["value"], flag["limit"]
    text, digits = number(value), 2
    if not isinstance(value, str | bool) and not isinstance(limit, str | bool):
        text = two_digits(value)
        while value != limit and float(f"{value:.{digits}g}") == limit:
            digits += 1
            text = f"{value:.{digits}g}".replace("-", "−")
    unit = words.limit_unit(name)
    return f"{text}{unit}", f"{words.limit_side(name)}{number(limit)}{unit}"
