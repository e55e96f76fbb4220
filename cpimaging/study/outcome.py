"""How far a scan came, from its records and its logs."""

from pathlib import Path

from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.record import finished
from cpimaging.study.stopped import why_stopped


def unfinished_stage(job: Job) -> str | None:
    """Return the first stage that is not finished; a page of an earlier run alone is out of date."""
    return next((stage for stage in SCAN_STAGES if not finished(job.output, stage, job.label)), None)


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
