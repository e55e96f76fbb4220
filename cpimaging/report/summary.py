"""The summary of a scan on two sheets of paper: its page, with all but the summary hidden."""

from collections.abc import Sequence
from typing import NamedTuple

from cpimaging.report.page import source_of
from cpimaging.report.tables import Row

ZOOMS = (0.78, 0.68, 0.58, 0.5)
"""How large the summary is printed: the first of these that fits on two pages (ours)."""
HEAD_END = "</head>"
MARK = 'id="summary"'
MOST_ROWS = 14
MOST_REASONS = 7


class Largest(NamedTuple):
    """The structures that hold most of the lesion, and how many more there are, with their volume in mm³."""

    rows: list[Row]
    others: int
    others_mm3: float


def largest(rows: Sequence[Row]) -> Largest:
    """Return the rows with most lesion, largest first, and what the others add up to."""
    lesioned = sorted((row for row in rows if row.amount > 0), key=lambda row: -row.amount)
    others = lesioned[MOST_ROWS:]
    return Largest(lesioned[:MOST_ROWS], len(others), sum(row.amount for row in others))


def summary_of(page: str, zoom: float) -> str | None:
    """Return a scan's page as it is printed as a summary; None where the page holds none."""
    if MARK not in page:
        return None
    style = f"<style>{source_of('summary.css')}@media print {{ body {{ zoom: {zoom}; }} }}</style>"
    return page.replace(HEAD_END, style + HEAD_END, 1)
