"""pdf: a summary of two pages for each scan, printed from its page by an installed browser."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cpimaging.browser import page_count, page_to_pdf
from cpimaging.layout import ScanFiles
from cpimaging.report.summary import ZOOMS, summary_of
from cpimaging.study.plan import study_labels
from cpimaging.study.record import finished
from cpimaging.types import InputError
from cpimaging.writes import whole

MOST_PAGES = 2


def run(output: Path, labels: Sequence[str] = ()) -> Iterator[str | InputError]:
    """Write sub-XX.pdf beside each page; yield its path, or why there is none: one scan stops no other.

    labels: of the scans; all of the study if none is named. Raises InputError where one is not of the study.
    """
    known = study_labels(output)
    if unknown := [label for label in labels if label not in known]:
        raise InputError(output, f"holds no scan {unknown[0]}", "see logs/index.tsv for the labels")
    for label in labels or known:
        try:
            yield _written(output, label)
        except InputError as error:
            yield error


def _written(output: Path, label: str) -> str:
    files = ScanFiles.of(output, label)
    if not finished(output, "report", label):
        raise InputError(label, "has no finished page", "run the workflow first; cpimaging status says more")
    pdf = printed(Path(files.report).read_text(encoding="utf-8"))
    if pdf is None:
        raise InputError(files.report, "is of an earlier version", "run the workflow again")
    with whole(files.summary) as temporary:
        temporary.write_bytes(pdf)
    return files.summary


def printed(page: str) -> bytes | None:
    """Print the summary of a scan's page, smaller where it would not fit; None where it holds no summary."""
    pdf = None
    for zoom in ZOOMS:
        html = summary_of(page, zoom)
        if html is None:
            return None
        pdf = page_to_pdf(html)
        if page_count(pdf) <= MOST_PAGES:
            break
    return pdf
