"""How far a scan came, from its records and its logs; what is of an earlier run does not pass for done."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from cpimaging.study.group_notes import named
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.plan import planned_labels
from cpimaging.study.record import GROUP_STAGE, finished, record_path
from cpimaging.study.stopped import why_stopped
from cpimaging.types import InputError
from cpimaging.words import UNKNOWN
from cpimaging.writes import unnoted, whole

AGAIN = "run 'cpimaging cohort' on the folder"
BODY = "<body>\n"
OUTDATED = (
    '<p role="alert" style="margin:0;padding:.6em 1em;background:#a4001d;color:#fff"><b>Out of date:</b> this'
    " page is of an earlier run, and the last one did not get through this scan. Do not use it;"
    " logs/summary.tsv says why.</p>\n"
)
"""Stands at the top of a page that an earlier run has left."""


def unfinished_stage(job: Job, last: str = SCAN_STAGES[-1]) -> str | None:
    """Return the first stage, up to the last one that counts, that is not finished.

    A page of an earlier run alone is out of date.
    """
    stages = SCAN_STAGES[: SCAN_STAGES.index(last) + 1]
    return next((stage for stage in stages if not finished(job.output, stage, job.label)), None)


def check_done(job: Job) -> None:
    """Raise InputError for a scan that is not done: its page and tables may be of an earlier run."""
    if stage := unfinished_stage(job):
        problem = f"has no finished page: {stage} failed or has not run"
        raise InputError(job.label, problem, "run the workflow first; cpimaging status says more")


def check_current(output: Path, path: Path, patterns: pd.DataFrame) -> None:
    """Raise InputError where the group table is not of the scans as they are: not done, done anew, or gone.

    Tells, in one line on stderr, which scans of the study are not done and not in the table. path: of the
    table, whose rows are `patterns`. Masks, and a group of several folders, have no plan to compare with.
    """
    planned = planned_labels(output)
    if planned and not record_path(output, GROUP_STAGE).is_file():
        raise InputError(path, "is of before a scan was done anew", AGAIN)
    not_done = {label for label in planned if unfinished_stage(Job(output, label))}
    done = set(planned) - not_done
    for label in labels_of(patterns) if planned else ():
        if label not in done:
            raise InputError(path, f"holds {label}, which is not done now", AGAIN)
    tell_left_out(label for label in planned if label in not_done)


def labels_of(patterns: pd.DataFrame) -> list[str]:
    """Return the labels of the scans of a group table, row by row."""
    ids = zip(patterns["participant_id"], patterns["session_id"], strict=True)
    return [participant if session == UNKNOWN else f"{participant}_{session}" for participant, session in ids]


def tell_left_out(labels: Iterable[str]) -> None:
    """Tell, in one line on stderr, which scans are left out since they are not done."""
    if left_out := list(labels):
        print(f"cpimaging: left out, not done: {named(left_out)}", file=sys.stderr)


def mark_outdated(job: Job) -> None:
    """Say at the top of the page of a scan that is not done that it is old, and take away its PDF."""
    Path(job.files.summary).unlink(missing_ok=True)
    path = Path(job.files.report)
    page = path.read_bytes() if path.is_file() else b""  # whatever somebody made of it
    body, told = BODY.encode(), OUTDATED.encode()
    if body in page and told not in page:
        with unnoted(), whole(path) as temporary:
            temporary.write_bytes(page.replace(body, body + told, 1))


def stage_log(job: Job, stage: str) -> Path:
    """Return where the log of a stage stands, or will."""
    return Path(job.files.log(stage, (job.scan.reference or "T1w") if stage == "register" else ""))


def log_lines(log: Path) -> list[str]:
    """Return the lines of a log; [] where there is none, or nothing in it."""
    return log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.is_file() else []


def message(job: Job, stage: str) -> str:
    """Return what stopped a stage, else the last line of its log without the name of the program."""
    lines = log_lines(stage_log(job, stage))
    stopped = why_stopped(stage, lines, Path())
    told = stopped or (lines[-1].removeprefix("cpimaging: ") if lines else "n/a")
    return job.without_folders(told)
