"""What both pages share: the template environment and how numbers are written."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from cpimaging import report
from cpimaging.report.words import TISSUES, missing, phrase, sentence

NONE = "n/a"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(report.__name__),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ml": millilitres,
        "percent": percent,
        "number": number,
        "two": two_digits,
        "two_ml": lambda mm3: NONE if missing(mm3) else two_digits(float(mm3) / 1000),
        "phrase": phrase,
        "capital": sentence,
        "data_png": data_png,
        "data_svg": data_svg,
        "shade": shade,
        "fraction": fraction,
        "tissue": lambda name: TISSUES.get(name, sentence(phrase(name))),
        "count": lambda value: "0" if missing(value) else decimals(value, 0),
        "whole": lambda value: decimals(value, 0),
        "tenth": lambda value: decimals(value, 1),
    }
    environment.tests["missing"] = missing
    return environment


Provenance = Mapping[str, str | Sequence[str] | Mapping[str, str]]
"""Heading -> text, entries, or name -> value."""


def render(template: str, content: Mapping[str, object]) -> str:
    """Fill a template; all text from `content` is escaped."""
    return (
        _environment().get_template(template).render(style=source_of("style.css"), whole=source_of, **content)
    )


def source_of(name: str) -> Markup:
    """Return a file beside the templates as it is."""
    environment = _environment()
    source, _, _ = environment.loader.get_source(environment, name)  # type: ignore[union-attr]
    return Markup(source)


def millilitres(volume_mm3: Any) -> str:
    """Write a volume in ml from mm³: three decimals below 10 ml, then fewer."""
    if missing(volume_mm3):
        return NONE
    value = float(volume_mm3) / 1000
    places = 3 if abs(value) < 10 else 2 if abs(value) < 100 else 1
    return f"{value:.{places}f}" if value else "0"


def percent(value: Any) -> str:
    """Write a percentage without its sign: one decimal, two below 1, "<0.01" when smaller still."""
    if missing(value):
        return NONE
    value = float(value)
    if value == 0:
        return "0"
    if abs(value) < 0.01:
        return "<0.01"
    return f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"


def number(value: Any) -> str:
    """Write a number with up to three significant digits after rounding; text as it is."""
    if missing(value):
        return NONE
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _text(value)
    if not math.isfinite(value):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}".replace("-", "−")


def two_digits(value: Any) -> str:
    """Write a number with two significant digits, whole numbers above 99 in full; "n/a" where not known."""
    if missing(value) or not math.isfinite(float(value)):
        return NONE
    number = float(f"{float(value):.2g}") if abs(float(value)) < 99.5 else round(float(value))
    if number == 0:
        return "0"
    places = max(0, 1 - math.floor(math.log10(abs(number))))
    text = f"{number:.{places}f}" if abs(number) >= 1e-4 else f"{number:.1e}"
    return text.replace("-", "−")


def decimals(value: Any, places: int) -> str:
    """Write a number with a fixed count of decimals."""
    if missing(value):
        return NONE
    text = f"{float(value):.{places}f}".replace("-", "−")
    return text.removeprefix("−") if not text.strip("−0.") else text


def fraction(value: Any, largest: Any) -> str:
    """Return a bar's length as a share of the longest, 0 to 1."""
    if missing(value) or missing(largest) or largest <= 0:
        return "0"
    return f"{max(0.0, min(1.0, float(value) / float(largest))):.3f}"


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(number(item) for item in value) or NONE
    if isinstance(value, Mapping):
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    return str(value).replace("mm3", "mm³").replace("mm2", "mm²")


def data_png(content: bytes) -> str:
    """Return a PNG file as a data address for a page."""
    return "data:image/png;base64," + base64.b64encode(content).decode("ascii")


def data_svg(content: str) -> str:
    """Return an SVG as a data address for a page: shown as a picture, whose scripts never run."""
    return "data:image/svg+xml;base64," + base64.b64encode(content.encode()).decode("ascii")


def shade(value: Any, full: float = 100.0) -> str:
    """Return how strongly to shade a cell, 0 to 1: the square root, so that small shares show."""
    if missing(value) or missing(full) or full <= 0:
        return "0"
    return f"{min(1.0, math.sqrt(max(0.0, float(value)) / full)):.2f}"
