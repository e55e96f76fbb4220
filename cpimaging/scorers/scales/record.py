"""The record of a scale: all scales give the same keys, and fill two columns."""

from collections.abc import Mapping
from pathlib import Path

from cpimaging.columns import Column
from cpimaging.scorers.base import GroupColumn, Row, Scorer, Words
from cpimaging.scorers.results import REPEATED, STEP_KEYS, ScaleResult, Value
from cpimaging.scorers.scales.evaluate import Scale, unscored
from cpimaging.scorers.words import missing, points
from cpimaging.types import ScanContext
from cpimaging.words import SIDE_WORDS as SIDES

SCORED = "where the scale is scored"
KEYS = (
    Column("total", "object", "Points, or the level; null where they are a range."),
    Column("range", "list", "Least and most points, or levels; null where it is not scored."),
    Column("maximum", "object", "Most points that the scale has, or its highest level."),
    Column("spread", "list", "Least and most points in nine of ten repetitions, or null.", when=REPEATED),
    Column("sections", "object", "Points of the parts that are added up."),
    Column("sections.*", "list", "Least, most and highest points of one part.", when=SCORED),
    Column("items", "list", "The items."),
    Column("items[].name", "str", "What is looked at.", when=SCORED),
    Column("items[].side", "str", "Its side.", levels=SIDES, when=SCORED),
    Column("items[].section", "str", "What it is added up with.", when=SCORED),
    Column("items[].measured", "object", "A number or words; null where it cannot be measured.", when=SCORED),
    Column("items[].unit", "str", "Unit of the number.", when=SCORED),
    Column("items[].limit", "str", "What it was compared with.", when=SCORED),
    Column("items[].points", "list", "Least and most points.", when=SCORED),
    Column("items[].highest", "float64", "Points that it can have.", when=SCORED),
    Column("items[].source", "str", "Where its points come from, with the tag.", when=SCORED),
    Column("items[].why", "str", "What keeps it from being measured, or null.", when=SCORED),
    *STEP_KEYS,
)


def scale_scorer(
    scale: Scale,
    module: str,
    *,
    title: str,
    ages: str,
    example: ScanContext,
    levels: Mapping[str, str] | None = None,
) -> Scorer[ScaleResult]:
    """Return the record of a scale.

    module: the file of its module; its criteria lie beside it. levels: name -> meaning, of a scale that has
    no points.
    """

    def end(place: int, word: str) -> GroupColumn[ScaleResult]:
        what = "level" if levels else "points"
        return GroupColumn(
            f"{scale.name}_{word}",
            "str" if levels else "float64",
            f"{title}: the {'lowest' if place == 0 else 'highest'} {what} that the scan allows.",
            unit="" if levels else "points",
            levels=levels or {},
            cell=lambda result: _end(result, place),
        )

    return Scorer(
        name=scale.name,
        title=title,
        ages=ages,
        requires=scale.requires,
        score=scale.score,
        unscored=unscored,
        criteria=Path(module).with_suffix(".yaml"),
        example=example,
        keys=KEYS,
        columns=(end(0, "low"), end(1, "high")),
        words=Words(lambda result: _facts(title, result), lambda row: _points(row, scale.name), str),
        scale=True,
    )


def _end(result: ScaleResult, place: int) -> Value:
    return result["range"][place] if result["range"] else None


def total(result: ScaleResult) -> str:
    """Say a scale's total: "6 to 9 of 40", "2A"; "" where it was not scored."""
    if not result["range"]:
        return ""
    least, most = result["range"]
    return points(least, most, result["maximum"])


def _facts(title: str, result: ScaleResult) -> list[tuple[str, str]]:
    return [(title, total(result))] if result["range"] else []


def _points(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return "" if missing(low) else points(low, high)
