"""pdf: a summary of two pages for each scan, printed from its page by an installed browser."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from cpimaging.browser import page_count, page_to_pdf
from cpimaging.report.summary import ZOOMS, summary_of
from cpimaging.study.job import Job
from cpimaging.study.outcome import check_done
from cpimaging.study.plan import study_labels
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
    job = Job(output, label)
    check_done(job)
    pdf = summary_pdf(job)
    with whole(job.files.summary) as temporary:
        temporary.write_bytes(pdf)
    return job.files.summary


def summary_pdf(job: Job) -> bytes:
    """Return the summary of a finished scan. Raises InputError without one, or a browser."""
    pdf = printed(Path(job.files.report).read_text(encoding="utf-8"))
    if pdf is None:
        raise InputError(job.files.report, "is of an earlier version", "run the workflow again")
    return pdf


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
