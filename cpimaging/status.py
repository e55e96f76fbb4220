"""How a study stands: what is done, what failed and why, what runs, what is missing. Nothing is touched."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cpimaging import columns
from cpimaging.io import read_table
from cpimaging.study.job import Job
from cpimaging.study.lock import Holder, held_by
from cpimaging.study.outcome import log_lines, message, stage_log, unfinished_stage
from cpimaging.study.plan import SUMMARY, planned_labels, study_labels
from cpimaging.study.stopped import BEGAN
from cpimaging.types import InputError, plain
from cpimaging.words import DONE

NAMED = 5
"""So many scans that have not begun are named."""
STATES = (DONE, "failed", "running", "waiting", "stopped", "not run")


@dataclass(frozen=True)
class Standing:
    """Where a scan stands. stage: the one that it has come to. told: why it failed."""

    label: str
    state: str
    stage: str = ""
    told: str = ""


def status(output: Path) -> Iterator[str]:
    """Yield how the study in a folder stands, in lines. Raises InputError for a folder that holds none."""
    holder = held_by(output)
    scans = list(_scans(output, holder))
    counts = {state: [scan for scan in scans if scan.state == state] for state in STATES}
    told = ", ".join(f"{len(found)} {state}" for state, found in counts.items() if found)
    runs = f"; process {holder.process} on {holder.host} works here" if holder else ""
    yield f"{len(scans)} scans: {told}{runs}"
    for scan in (scan for state in ("failed", "stopped", "running") for scan in counts[state]):
        yield plain(": ".join(filter(None, (f"{scan.state:8} {scan.label}", scan.stage, scan.told))))
    for state in ("waiting", "not run"):
        if found := counts[state]:
            more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
            yield f"{state:8} {', '.join(scan.label for scan in found[:NAMED])}{more}"
    page = output / "index.html"
    yield f"page: {page}" if page.is_file() else "page: none yet"


def _scans(output: Path, holder: Holder | None) -> Iterator[Standing]:
    if not planned_labels(output) and (output / SUMMARY).is_file():  # masks, or a group of several folders
        yield from _summed_up(output / SUMMARY)
        return
    for label in study_labels(output):
        yield _standing(Job(output, label), holder)


def _summed_up(path: Path) -> Iterator[Standing]:
    table = read_table(path, columns.dtypes(columns.SUMMARY)).fillna("n/a")
    cells = table[["participant_id", "session_id", "status", "stage", "message"]]
    for person, session, state, stage, told in cells.itertuples(index=False):
        label = person if session == "n/a" else f"{person}_{session}"
        known = state if state in STATES else "not run"
        yield Standing(label, known, "" if state == DONE else stage, "" if told == "n/a" else told)


def _standing(job: Job, holder: Holder | None) -> Standing:
    try:
        stage = unfinished_stage(job)
        if stage is None:
            return Standing(job.label, DONE)
        return _begun(job, stage, holder)
    except InputError as error:
        return Standing(job.label, "failed", told=str(job.told(error)))


def _begun(job: Job, stage: str, holder: Holder | None) -> Standing:
    """Tell a stage that goes on from one that has failed: its log is emptied when it starts."""
    log = stage_log(job, stage)
    if not log.is_file():
        return Standing(job.label, "waiting" if holder else "not run", stage)
    if holder and log.stat().st_mtime < holder.started:  # of an earlier run; this one will come to it
        return Standing(job.label, "waiting", stage)
    lines = log_lines(log)
    ended = any(line.startswith("Traceback ") for line in lines) or (
        lines[-1:] and lines[-1].startswith("cpimaging: ") and not BEGAN.search(lines[-1])
    )
    if holder and not ended:
        return Standing(job.label, "running", stage)
    if not lines:
        return Standing(job.label, "stopped", stage, "was interrupted; start again")
    return Standing(job.label, "failed", stage, message(job, stage))
