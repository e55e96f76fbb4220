"""What a run tells in the terminal, from Snakemake's events; times by hand."""

import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.settings.enums import Quietness
from snakemake_interface_logger_plugins.common import LogEvent
from snakemake_interface_logger_plugins.registry import LoggerPluginRegistry

from cpimaging.study.job import SCAN_STAGES
from snakemake_logger_plugin_cpimaging import SHARES, LogHandler, duration


class Run:
    """A handler, and what it has written since it was asked last."""

    def __init__(self, capsys: pytest.CaptureFixture[str], **settings: Any) -> None:
        names = ("printshellcmds", "nocolor", "debug_dag", "verbose", "show_failed_logs", "stdout", "dryrun")
        asked = {**dict.fromkeys(names, False), "quiet": None, **settings}
        self.handler = LogHandler(SimpleNamespace(**asked), None)  # type: ignore[arg-type]
        self.capsys = capsys

    def event(self, event: LogEvent | None, at: float = 0, level: int = logging.INFO, **fields: Any) -> str:
        record = logging.LogRecord("snakemake", level, "", 0, fields.pop("msg", None), None, None)
        record.created = at
        record.__dict__ |= {"event": event, **fields} if event else fields
        self.handler.emit(record)
        out, err = self.capsys.readouterr()
        return out + err

    def start(self, job: int, rule: str, scan: str, at: float) -> str:
        words = {"wildcards": {"scan": scan} if scan else {}, "shellcmd": "cpimaging", "rule_msg": None}
        more = {"reason": "", "input": [], "output": [], "log": [], "benchmark": None, "priority": 0}
        more |= {"local": False, "is_checkpoint": False, "threads": 1, "resources": {}}
        return self.event(LogEvent.JOB_INFO, at, jobid=job, rule_name=rule, **words, **more)

    def end(self, job: int, at: float) -> str:
        return self.event(LogEvent.JOB_FINISHED, at, job_id=job, msg=f"Finished jobid: {job}")

    def fail(self, job: int, rule: str, log: Path, at: float) -> str:
        error = {"jobid": job, "rule_name": rule, "log": [str(log)], "msg": "Error in rule"}
        return self.event(LogEvent.JOB_ERROR, at, logging.ERROR, **error)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text("a warning\ncpimaging: sub-02_T1w: is empty; copy it again\n")
    return tmp_path / "a.log"


def test_a_line_per_stage_with_scans_done_what_failed_and_time_left(
    capsys: pytest.CaptureFixture[str], log: Path
) -> None:
    run = Run(capsys)
    stats = {"all": 1, "cohort": 1, "preprocess": 3, "score": 3, "report": 3, "total": 11}
    assert run.event(LogEvent.RUN_INFO, stats=stats, msg="Job stats:") == ""
    assert run.start(1, "preprocess", "sub-01", 100) == ""
    # 56 s for a share of 14: two more preprocess, three scores of 8 s, three reports of 20 s, one at a time
    assert run.end(1, 156) == "sub-01 · preprocess · 56 s · 0 of 3 scans done · about 3 min left\n"  # 196 s
    run.start(2, "preprocess", "sub-02", 156)
    told = run.fail(2, "preprocess", log, 160)
    # sub-02 goes no further: one preprocess, two scores, two reports
    assert told == (
        f"sub-02 · preprocess · FAILED: sub-02_T1w: is empty; copy it again ({log}) · "
        "0 of 3 scans done, 1 failed · about 2 min left\n"  # 112 s
    )
    run.start(3, "report", "sub-01", 160)
    # 66 s of work in 70 s: one preprocess of 56 s, two scores of 2 × 66 / 19 s, one report of 10 s
    assert (
        run.end(3, 170) == "sub-01 · report · 10 s · 1 of 3 scans done, 1 failed · about 80 s left\n"
    )  # 80 s
    run.start(4, "cohort", "", 170)
    assert run.end(4, 172).startswith("cohort · 2 s · 1 of 3 scans done, 1 failed")


def test_a_job_that_is_tried_again_has_not_failed(capsys: pytest.CaptureFixture[str], log: Path) -> None:
    run = Run(capsys)
    run.event(LogEvent.RUN_INFO, stats={"qc": 1, "report": 1, "total": 2})
    run.start(1, "qc", "sub-01", 1)
    assert "1 failed" in run.fail(1, "qc", log, 2)
    run.start(1, "qc", "sub-01", 3)
    assert run.end(1, 4).startswith("sub-01 · qc · 1 s · 0 of 1 scans done · about ")


def test_what_runs_at_once_shortens_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    run = Run(capsys)
    run.event(LogEvent.RUN_INFO, stats={"cpi_report": 4, "total": 4})  # a workflow that uses ours
    for job in (1, 2):
        run.start(job, "cpi_report", f"sub-0{job}", 0.1)
    assert run.end(1, 60.1).endswith("1 of 4 scans done · about 3 min left\n")
    assert run.end(2, 60.1).endswith("2 of 4 scans done · about 60 s left\n")  # 2 × 60 s, two at once


@pytest.mark.parametrize(
    ("settings", "stage", "failure", "warning"),
    [
        ({}, True, True, True),
        ({"quiet": {Quietness.RULES}}, False, True, True),
        ({"quiet": {Quietness.PROGRESS}}, False, True, True),
        ({"quiet": {Quietness.ALL}}, False, False, False),
    ],
    ids=["loud", "rules", "progress", "all"],
)
def test_quiet(
    capsys: pytest.CaptureFixture[str], log: Path, settings: Any, stage: bool, failure: bool, warning: bool
) -> None:
    run = Run(capsys, **settings)
    run.start(1, "qc", "sub-01", 1)
    assert bool(run.end(1, 2)) is stage
    run.start(2, "qc", "sub-02", 1)
    assert bool(run.fail(2, "qc", log, 2)) is failure
    assert ("careful" in run.event(None, level=logging.WARNING, msg="careful")) is warning
    assert run.event(None, msg="Select jobs to execute...") == ""
    assert ("Nothing to be done" in run.event(None, msg="Nothing to be done (all is there).")) is warning
    again = "CalledProcessError in file x: Command 'y' returned non-zero exit status 2."
    assert run.event(LogEvent.ERROR, level=logging.ERROR, msg=again) == ""


@pytest.mark.parametrize("option", ["dryrun", "verbose", "printshellcmds"])
def test_who_asks_for_snakemakes_own_lines_gets_them(capsys: pytest.CaptureFixture[str], option: str) -> None:
    run = Run(capsys, **{option: True})
    assert "rule qc:" in run.start(1, "qc", "sub-01", 1)
    assert "Select jobs" in run.event(None, msg="Select jobs to execute...")


def test_a_broken_event_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Logging error" in Run(capsys).event(LogEvent.RUN_INFO)  # without its numbers


def test_it_is_loaded_without_the_package() -> None:
    """Snakemake imports it for every workflow of the environment; a broken package must not stop those."""
    script = "import sys, snakemake_logger_plugin_cpimaging; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"cpimaging", "numpy", "snakemake"} & set(run.stdout.split())


def test_snakemake_finds_it_and_every_stage_has_a_share() -> None:
    assert LoggerPluginRegistry().get_plugin("cpimaging").log_handler is LogHandler  # type: ignore[attr-defined]
    assert tuple(SHARES) == SCAN_STAGES


@pytest.mark.parametrize(
    ("seconds", "told"), [(99, "99 s"), (100, "2 min"), (5999, "100 min"), (6001, "1.7 h")]
)
def test_durations(seconds: float, told: str) -> None:
    assert duration(seconds) == told
