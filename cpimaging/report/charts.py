"""Charts of a page: where points and lines lie in a box of SVG, and where its axes are marked."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

WIDTH, HEIGHT = 360.0, 250.0
LEFT, BOTTOM, EDGE = 46.0, 40.0, 8.0
"""Room for the numbers of the axes, and around the box, in pixels."""


class Tick(NamedTuple):
    """A mark of an axis: where it stands in pixels, and its number."""

    at: float
    text: str


class Chart(NamedTuple):
    """A chart: what it shows, its axes with marks, points and lines in pixels.

    points: x, y, the two ends of an upright interval (y where there is none) and a text each. lines: x and y
    of both ends and a class of the style sheet.
    """

    title: str
    across: str
    up: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    points: list[tuple[float, float, float, float, str]]
    lines: list[tuple[float, float, float, float, str]]


class Point(NamedTuple):
    """A point in the units of the axes; low and high: its interval."""

    x: float
    y: float
    low: float
    high: float
    text: str


class Line(NamedTuple):
    """A line between two points, in the units of the axes."""

    x0: float
    y0: float
    x1: float
    y1: float
    kind: str = "guide"


class Axes(NamedTuple):
    """What stands at the axes, and their ends."""

    across: str
    up: str
    x: tuple[float, float]
    y: tuple[float, float]


def chart(title: str, axes: Axes, points: Sequence[Point], lines: Sequence[Line] = ()) -> Chart:
    """Return a chart of points and lines."""

    def across(value: float) -> float:
        return _place(value, axes.x, LEFT, WIDTH - EDGE)

    def up(value: float) -> float:
        return _place(value, axes.y, HEIGHT - BOTTOM, EDGE)

    return Chart(
        title,
        axes.across,
        axes.up,
        [Tick(across(value), text) for value, text in _marks(axes.x)],
        [Tick(up(value), text) for value, text in _marks(axes.y)],
        [(across(p.x), up(p.y), up(p.low), up(p.high), p.text) for p in points],
        [(across(line.x0), up(line.y0), across(line.x1), up(line.y1), line.kind) for line in lines],
    )


def _place(value: float, ends: tuple[float, float], first: float, last: float) -> float:
    low, high = ends
    return round(first + (last - first) * (value - low) / (high - low), 1)


def _marks(ends: tuple[float, float]) -> list[tuple[float, str]]:
    """Return four to eight round numbers between the ends."""
    low, high = ends
    rough = (high - low) / 5
    unit = 10 ** np.floor(np.log10(rough))
    step = unit * min((1, 2, 5, 10), key=lambda factor: abs(factor * unit - rough))
    values = np.arange(round(np.ceil(low / step - 1e-9)), round(np.floor(high / step + 1e-9)) + 1) * step
    return [(float(value), f"{value + 0.0:.10g}".replace("-", "−")) for value in values]
