"""The page of readers and software: what stands in its tables and charts."""

import numpy as np
import pandas as pd

from cpimaging.report.charts import Axes, Line, Point, chart
from cpimaging.report.readers import AgreementReport, render_agreement


def row(figure: str, raters: str, value: float, low: float, high: float) -> dict[str, object]:
    return {
        "question": "mrics_group",
        "figure": figure,
        "raters": raters,
        "value": value,
        "low": low,
        "high": high,
        "cases": 30,
    }


def report() -> AgreementReport:
    accuracy = {"accuracy": 0.9, "accuracy_low": 0.8, "accuracy_high": 0.95, "cases": 20}
    return AgreementReport(
        readers=("R<1>", "R2"),
        scans=30,
        overridden=2,
        agreement=[
            row("cohen_kappa", "R<1>, R2", 0.7, 0.5, 0.85),
            row("gwet_ac1", "R<1>, R2", -0.1, np.nan, np.nan),
        ],
        words=[],
        confusion={"mrics_group": pd.DataFrame([[3, 0], [1, 4]], index=list("BC"), columns=list("BC"))},
        coverage=[{"certainty": 0.8, "coverage": 0.5, **accuracy}],
        calibration=[{"certainty": 0.8, **accuracy}],
        calibration_error=0.1,
        points=np.array([[4.0, 5.0], [8.0, 7.0], [np.nan, 3.0]]),
        certainty="confidence",
    )


def test_the_page_tells_figures_with_their_ends() -> None:
    page = render_agreement(report())
    assert '0.70 <span class="ends">0.50 to 0.85</span>' in page
    assert "−0.10" in page
    assert "R&lt;1&gt;, R2" in page
    assert "R<1>" not in page
    assert "set by a person</dt><dd>2</dd>" in page
    assert page.count("<figure>") == 3
    assert '<td class="num same">3</td><td class="num">·</td>' in page


def test_points_stand_where_the_axes_say() -> None:
    """The box runs from 46 to 352 across and from 210 up to 8."""
    axes = Axes("x", "y", (0, 1), (-1, 1))
    found = chart("t", axes, [Point(0.5, 0, -1, 1, "p")], [Line(0, -1, 1, 1)])
    assert found.points == [(199.0, 109.0, 210.0, 8.0, "p")]
    assert found.lines == [(46.0, 210.0, 352.0, 8.0, "guide")]
    assert [tick.text for tick in found.x_ticks] == ["0", "0.2", "0.4", "0.6", "0.8", "1"]
    assert [tick.text for tick in found.y_ticks] == ["−1", "−0.5", "0", "0.5", "1"]
