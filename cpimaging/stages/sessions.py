"""Sessions of one participant side by side, written by the cohort stage once their scans are finished."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from cpimaging.atlases import load_template
from cpimaging.images import read_image
from cpimaging.io import read_record, write_text
from cpimaging.layout import sessions_page
from cpimaging.report.sessions import Session, render_sessions
from cpimaging.scorers.base import Row
from cpimaging.study.job import Job, lesion_record
from cpimaging.study.used import template_used
from cpimaging.types import InputError
from cpimaging.versions import software_versions


def write_sessions(
    output: Path, finished: Sequence[tuple[Job, Row, str]]
) -> tuple[dict[str, str], list[str]]:
    """Write a page for each participant of several finished sessions.

    finished: job, row of the group table and address of the page of each scan. Returns the pages by
    participant, and who has none since a file cannot be read. Pages of fewer sessions are taken away.
    """
    people: dict[str, list[tuple[Job, Row, str]]] = defaultdict(list)
    for one in finished:
        people[str(one[1]["participant_id"])].append(one)
    pages: dict[str, str] = {}
    notes: list[str] = []
    for participant, scans in people.items():
        path = Path(sessions_page(output, participant))
        path.unlink(missing_ok=True)
        if len(scans) > 1:
            try:
                sessions = [_session(*scan) for scan in scans]
            except InputError as error:
                notes.append(f"{participant}: sessions not shown side by side: {error}")
                continue
            software: Mapping[str, Mapping[str, str]] = {"Software": software_versions()}
            write_text(path, render_sessions(participant, sessions, load_template().t1w, software))
            pages[participant] = path.name
    return pages, notes


def _session(job: Job, row: Row, href: str) -> Session:
    try:
        return _read(job, row, href)
    except InputError as error:
        raise job.told(error) from error


def _read(job: Job, row: Row, href: str) -> Session:
    source = lesion_record(job)["MaskSource"]
    order = [job.reference, *(name for name in job.images if name != job.reference)]
    return Session(
        session_id=str(row["session_id"]),
        href=href,
        row=row,
        pma_weeks=job.scan.pma_weeks,
        postnatal_days=job.scan.postnatal_days,
        template_told=template_used(job).told,
        lesion_source=source,
        pattern=read_record(job.files.pattern),
        images={name: read_image(job.files.preproc(name)) for name in order},
        lesion=read_image(job.files.lesion_mask, labels=True) if source else None,
        template_lesion=read_image(job.files.lesion_mask_template, labels=True) if source else None,
    )
