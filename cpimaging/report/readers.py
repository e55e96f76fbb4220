"""The page of readers and software side by side, and the pages that a blinded reader sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cpimaging.agreement.figures import Floats
from cpimaging.report import pictures, words
from cpimaging.report.charts import Axes, Chart, Line, Point, chart
from cpimaging.report.page import Provenance, render
from cpimaging.types import Image

QUESTIONS = {
    "mrics_group": "MRICS group",
    "mrics_subgroup": "MRICS subgroup",
    "severity": "Severity",
    "fiori": "Fiori sqMRI, points",
}
FIGURES = {
    "agreement": "Agreement",
    "cohen_kappa": "Cohen's κ",
    "weighted_kappa": "Weighted κ",
    "fleiss_kappa": "Fleiss' κ",
    "gwet_ac1": "Gwet's AC1",
    "icc": "ICC(2,1)",
    "bias": "Mean difference",
    "lower_limit": "Lower limit of agreement",
    "upper_limit": "Upper limit of agreement",
}
SHOWN = 25
"""Limits of certainty that the chart of coverage shows at most; the table has all."""
_Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class AgreementReport:
    """All that the page of an agreement study shows.

    agreement, words, coverage, calibration: rows of readers.AGREEMENT and the like. confusion: counts by
    question, readers' consensus (rows) by software (columns). points: readers' mean and software, (scans, 2).
    certainty: what the stated certainty is.
    """

    readers: Sequence[str]
    scans: int
    overridden: int
    agreement: Sequence[_Row]
    words: Sequence[_Row]
    confusion: Mapping[str, pd.DataFrame]
    coverage: Sequence[_Row]
    calibration: Sequence[_Row]
    calibration_error: float
    points: Floats
    certainty: str
    provenance: Provenance = field(default_factory=dict)


def render_agreement(content: AgreementReport) -> str:
    """Return the page of an agreement study as one HTML file that needs no network; text is escaped."""
    return render("agreement.html.jinja", _context(content))


def _context(content: AgreementReport) -> dict[str, object]:
    return {
        "study": content,
        "tables": _tables(content.agreement),
        "values": [
            (QUESTIONS[question], [row for row in content.words if row["question"] == question])
            for question in content.confusion
        ],
        "confusion": [(QUESTIONS[question], table) for question, table in content.confusion.items()],
        "charts": _charts(content),
        "figures": FIGURES,
        "words": words,
    }


def _tables(rows: Sequence[_Row]) -> list[tuple[str, list[str], list[tuple[str, int, list[_Row | None]]]]]:
    """Return one table per question: its title, its figures, and for each set of raters their cells."""
    found = []
    for question, title in QUESTIONS.items():
        own = [row for row in rows if row["question"] == question and row["cases"] > 0]
        names = [name for name in FIGURES if any(row["figure"] == name for row in own)]
        raters = dict.fromkeys(row["raters"] for row in own)
        lines = []
        for who in raters:
            cells = {row["figure"]: row for row in own if row["raters"] == who}
            most = max(row["cases"] for row in cells.values())
            lines.append((who, most, [cells.get(name) for name in names]))
        if lines:
            found.append((title, names, lines))
    return found


def _charts(content: AgreementReport) -> list[Chart]:
    charts = []
    if content.coverage:
        places = np.linspace(0, len(content.coverage) - 1, min(SHOWN, len(content.coverage))).round()
        shown = [content.coverage[int(place)] for place in places]
        points = [_point(row["coverage"], row) for row in shown]
        axes = Axes("Share of scans that are called", "Share right", (0, 1), (0, 1))
        charts.append(chart("Accuracy against coverage", axes, points))
    if content.calibration:
        points = [_point(row["certainty"], row) for row in content.calibration]
        axes = Axes(f"Stated ({content.certainty})", "Share right", (0, 1), (0, 1))
        charts.append(chart("Calibration", axes, points, [Line(0, 0, 1, 1)]))
    pairs = content.points[~np.isnan(content.points).any(axis=1)]
    return [*charts, _bland_altman(pairs)] if len(pairs) > 1 else charts


def _point(x: float, row: _Row) -> Point:
    text = f"{row['accuracy']:.0%} of {row['cases']} scans"
    return Point(x, row["accuracy"], row["accuracy_low"], row["accuracy_high"], text)


def _bland_altman(pairs: Floats) -> Chart:
    means, apart = pairs.mean(axis=1), np.diff(pairs, axis=1)[:, 0]
    middle, spread = float(apart.mean()), 1.96 * float(apart.std(ddof=1))
    x = (float(means.min()) - 1, float(means.max()) + 1)
    reach = max(float(np.abs(apart).max()), abs(middle) + spread, 1.0) * 1.1
    levels = ((0.0, "zero"), (middle, "guide"), (middle - spread, "limit"), (middle + spread, "limit"))
    return chart(
        "Fiori sqMRI, Bland–Altman",
        Axes("Mean of readers and software, points", "Software − readers, points", x, (-reach, reach)),
        [Point(float(a), float(b), float(b), float(b), "") for a, b in zip(means, apart, strict=True)],
        [Line(x[0], level, x[1], level, kind) for level, kind in levels],
    )


def render_case(case: str, age: str, images: Mapping[str, Image]) -> str:
    """Return the page of one scan of a reading list: its pictures and its age, no name and no finding.

    age: in words. images: contrast -> image, the reference first.
    """
    content = {
        "case": case,
        "age": age,
        "contrasts": list(images),
        "views": pictures.reading_views(images),
        "words": words,
    }
    return render("case.html.jinja", content)
