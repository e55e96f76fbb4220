"""Scales, shaped for reading: the total, items left beside right, and what was not assessed."""

from collections.abc import Iterable
from typing import NamedTuple, cast

from cpimaging.report import words
from cpimaging.scorers import Pattern, results
from cpimaging.scorers.results import ScaleItem, ScaleResult
from cpimaging.scorers.scales.record import total


class Row(NamedTuple):
    """An item of both sides, or of the midline. source: its number in the list of sources."""

    name: str
    sides: list[ScaleItem]
    limit: str
    source: int


class Step(NamedTuple):
    """One step of a decision; source: number of the source in the list below the table."""

    rule: str
    value: float | str
    limit: float | str
    source: int


class ScaleView(NamedTuple):
    """What the page shows of one scale.

    spread: points, or levels, of nine in ten repetitions. sections: name and points where items are added up.
    untouched: items that give no points. left_open: why, and the items. steps: what was asked before, and
    while giving points. sources: of the items, then of the steps, numbered on.
    """

    title: str
    total: str
    spread: str | None
    n_open: int
    sections: list[tuple[str, str]]
    sided: list[Row]
    midline: list[Row]
    untouched: list[str]
    left_open: list[tuple[str, list[str]]]
    steps: list[Step]
    sources: list[str]
    step_sources: list[str]


def scale_views(pattern: Pattern) -> list[ScaleView]:
    """Return the scales of a pattern JSON that were scored."""
    return [_view(title, result) for title, result in _scales(pattern) if result["range"]]


def unscored(pattern: Pattern) -> dict[str, list[str]]:
    """Return why scales were not scored, and which of them for each reason."""
    reasons: dict[str, list[str]] = {}
    for title, result in _scales(pattern):
        if not result["range"]:
            reasons.setdefault(str(result["not_assessed"]), []).append(title)
    return reasons


def _scales(pattern: Pattern) -> list[tuple[str, ScaleResult]]:
    found = results(pattern, scales=True).values()
    return [(scorer.title, cast(ScaleResult, result)) for scorer, result in found]


def _view(title: str, result: ScaleResult) -> ScaleView:
    items = result["items"]
    sources = list(dict.fromkeys(item["source"] for item in items))
    numbers = list(dict.fromkeys([*sources, *(step["source"] for step in result["evidence"])]))
    pairs = _by_name(items)
    shown = [row for row in pairs if any(_is_shown(item) for item in row)]
    rows = [Row(row[0]["name"], row, row[0]["limit"], sources.index(row[0]["source"]) + 1) for row in shown]
    added_up = len(result["sections"]) < len(items)
    return ScaleView(
        title=title,
        total=total(result),
        spread=_spread(result),
        n_open=sum(item["why"] is not None for item in items),
        sections=[
            (section, words.points(least, most, highest))
            for section, (least, most, highest) in result["sections"].items()
            if added_up
        ],
        sided=[row for row in rows if len(row.sides) > 1],
        midline=[row for row in rows if len(row.sides) == 1],
        untouched=[row[0]["name"] for row in pairs if row not in shown and row[0]["why"] is None],
        left_open=_left_open(items),
        steps=[
            Step(step["rule"], step["value"], step["limit"], numbers.index(step["source"]) + 1)
            for step in result["evidence"]
        ],
        sources=sources,
        step_sources=numbers[len(sources) :],
    )


def _spread(result: ScaleResult) -> str | None:
    spread = result.get("spread")
    return words.points(spread[0], spread[1]) if spread else None


def _by_name(items: Iterable[ScaleItem]) -> list[list[ScaleItem]]:
    """Return the items in rows: left and right of one name together."""
    rows: dict[str, list[ScaleItem]] = {}
    for item in items:
        rows.setdefault(item["name"], []).append(item)
    return list(rows.values())


def _is_shown(item: ScaleItem) -> bool:
    """Tell whether an item deserves a row: it gives points, may for lesion in it, or was graded in words."""
    least, most = item["points"]
    return least > 0 or isinstance(item["measured"], str) or (most > 0 and bool(item["measured"]))


def _left_open(items: Iterable[ScaleItem]) -> list[tuple[str, list[str]]]:
    """Return the items that were not assessed, or in part, with their points, by reason."""
    reasons: dict[str, list[str]] = {}
    for item in items:
        if item["why"]:
            side = "" if item["side"] == "midline" else f"{item['side']} "
            text = f"{side}{item['name']} ({words.points(*item['points'])})"
            reasons.setdefault(item["why"], []).append(text)
    return list(reasons.items())
