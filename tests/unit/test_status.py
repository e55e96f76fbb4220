"""Each scan stands where its records and logs say; nothing is touched."""

import json
import os
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from cpimaging.bids.scan import Scan
from cpimaging.cli import app
from cpimaging.io import write_json
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.lock import LOCK, Holder
from cpimaging.study.plan import write_plan
from cpimaging.study.record import record_path

BEGAN = "cpimaging: began in SLURM job 7\n"
TRACEBACK = "Traceback (most recent call last):\n  File x\nKeyError: 'a'\n"
LOGS = {
    "02": ("preprocess", "a warning\ncpimaging: sub-02_T1w.nii.gz: is empty; copy it again\n"),
    "03": ("preprocess", TRACEBACK),
    "04": ("preprocess", ""),
    "05": ("register", "a warning of a library\n"),
    "06": ("preprocess", BEGAN),
}
"""What is written while the run goes on; sub-01 is done, sub-07 to sub-13 have not begun."""


@pytest.fixture
def study(tmp_path: Path) -> Path:
    out = tmp_path / "out"
    scans = [
        Scan(name, None, {"T1w": f"sub-{name}/anat/T1w.nii.gz"})
        for name in map("{:02d}".format, range(1, 14))
    ]
    write_plan(out, tmp_path / "bids", scans)
    for stage in SCAN_STAGES:
        write_json(record_path(out, stage, "sub-01"), {"Files": {}})
    write_json(record_path(out, "preprocess", "sub-05"), {"Files": {}})
    for name, (stage, text) in LOGS.items():
        file = f"sub-{name}_T1w.log" if stage == "register" else f"sub-{name}.log"
        log = out / f"logs/{stage}/sub-{name}/{file}"
        log.parent.mkdir(parents=True)
        log.write_text(text)
    return out


def state(out: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in out.rglob("*")}


def status(out: Path) -> list[str]:
    before = state(out)
    result = CliRunner().invoke(app, ["status", str(out)])
    assert result.exit_code == 0, result.stderr
    assert state(out) == before
    return result.stdout.splitlines()


def hold(out: Path, started: float) -> None:
    here = Holder.here()
    content = {"host": here.host, "process": here.process, "started": started}
    (out / LOCK).write_text(json.dumps(content))


def test_a_study_that_has_ended(study: Path) -> None:
    assert status(study) == [
        "13 scans: 1 done, 4 failed, 1 stopped, 7 not run",
        "failed   sub-02: preprocess: sub-02_T1w.nii.gz: is empty; copy it again",
        "failed   sub-03: preprocess: KeyError: 'a'",
        "failed   sub-05: register: a warning of a library",
        "failed   sub-06: preprocess: was stopped from outside, most often for want of memory or time; "
        "raise it: --set-resources preprocess:mem_mb=… or preprocess:runtime=…",
        "stopped  sub-04: preprocess: was interrupted; start again",
        "not run  sub-07, sub-08, sub-09, sub-10, sub-11 and 2 more",
        "page: none yet",
    ]


def test_a_study_that_runs(study: Path) -> None:
    """What failed before this run began is waiting: the run will come to it."""
    started = psutil.Process().create_time()
    hold(study, started)
    os.utime(study / "logs/preprocess/sub-02/sub-02.log", (started - 9, started - 9))
    where = f"process {os.getpid()} on {Holder.here().host} works here"
    assert status(study) == [
        f"13 scans: 1 done, 1 failed, 3 running, 8 waiting; {where}",
        "failed   sub-03: preprocess: KeyError: 'a'",
        "running  sub-04: preprocess",
        "running  sub-05: register",
        "running  sub-06: preprocess",
        "waiting  sub-02, sub-07, sub-08, sub-09, sub-10 and 3 more",
        "page: none yet",
    ]


def test_a_group_of_masks_has_a_summary_and_no_plan(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    header = "participant_id\tsession_id\tstage\tstatus\tmessage\tlog\n"
    rows = "sub-01\tses-1\tmasks\tdone\tn/a\tn/a\nsub-02\tn/a\tmasks\tfailed\tx.nii.gz: is empty\tn/a\n"
    (tmp_path / "logs/summary.tsv").write_text(header + rows)
    (tmp_path / "index.html").touch()
    told = ["2 scans: 1 done, 1 failed", "failed   sub-02: masks: x.nii.gz: is empty"]
    assert status(tmp_path) == [*told, f"page: {tmp_path}/index.html"]


def test_a_folder_without_a_study_is_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["status", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "holds no scan" in result.stderr
