"""What a run says in its last lines, and its handlers where another workflow uses ours as a module."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cpimaging.io import read_table
from cpimaging.study.plan import SUMMARY
from cpimaging.words import DONE

Handler = Callable[[Any], None]
"""What Snakemake calls at the start and after an error, with the path of its log."""
DEFAULT_RATE = (100, 1)
"""Jobs and seconds of Snakemake's default of --max-jobs-per-timespan."""


def told_in_the_end(output: Path, shown: str) -> None:
    """Say how many scans are done and failed, where those are listed, and in the last line where to look.

    shown: how the user called the folder.
    """
    path = output / SUMMARY
    if not path.is_file():
        return
    counts = read_table(path)["status"].value_counts()
    told = ", ".join(
        f"{counts.get(status, 0)} {status}" for status in (DONE, *counts.index.difference([DONE]))
    )
    listed = f": {shown}/{SUMMARY}" if counts.get(DONE, 0) < counts.sum() else ""
    print(f"cpimaging: {told}{listed}\ncpimaging: {shown}/index.html", file=sys.stderr)


def without_idle_rounds(scheduler: Any) -> None:
    """Take Snakemake's default limit of 100 jobs a second away, which no run of ours comes near.

    With a limit Snakemake 9.27 looks for jobs once more per second for each job that has ended, a thread
    each (docs/decisions.md). A limit that somebody asked for stays.
    """
    limit = getattr(scheduler, "job_rate_limiter", None)  # Snakemake's own affair
    if limit is not None and (limit.max_jobs, limit.timespan) == DEFAULT_RATE:
        scheduler.job_rate_limiter = None


def beside_its_caller(workflow: Any, **handlers: Callable[[], None]) -> None:
    """Make Snakemake run a module's handlers (onstart, onerror) before those of the workflow that uses it.

    Snakemake hears the main workflow alone; without ours there would be no plan and no lock.
    """
    for name, ours in handlers.items():
        setattr(workflow, f"_{name}", _both(ours, getattr(workflow, f"_{name}")))  # what was read before
        setattr(workflow, name, _heard_with(ours, getattr(workflow, name)))  # what will be


def _heard_with(ours: Callable[[], None], register: Callable[[Handler], None]) -> Callable[[Handler], None]:
    return lambda theirs: register(_both(ours, theirs))


def _both(ours: Callable[[], None], theirs: Handler) -> Handler:
    def run(log: Any) -> None:
        ours()
        theirs(log)

    return run
