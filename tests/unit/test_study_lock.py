"""One run at a time in a folder of results."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from typer.testing import CliRunner

from cpimaging.bids.listing import single_scan
from cpimaging.cli import app
from cpimaging.layout import pipeline
from cpimaging.study.lock import LOCK, Holder, host_here, locked, release_lock, take_lock
from cpimaging.study.plan import write_plan
from cpimaging.study.record import ASKED
from cpimaging.types import InputError


def lock_of(folder: Path, holder: Holder) -> None:
    (folder / "logs").mkdir(parents=True, exist_ok=True)
    (folder / LOCK).write_text(json.dumps(vars(holder)))


def test_a_lock_is_taken_and_given_back(tmp_path: Path) -> None:
    take_lock(tmp_path)
    assert json.loads((tmp_path / LOCK).read_text()) == vars(Holder.here())
    release_lock(tmp_path)
    assert list((tmp_path / "logs").iterdir()) == []


def test_a_live_run_is_named(tmp_path: Path) -> None:
    take_lock(tmp_path)
    with pytest.raises(InputError) as error:
        take_lock(tmp_path)
    here = Holder.here()
    assert f"in use by process {here.process} on {here.host}" in str(error.value)
    release_lock(tmp_path)


@pytest.mark.parametrize("kind", ["ended", "its number is another's"])
def test_the_lock_of_a_run_that_has_ended_is_removed_with_one_line(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Holder.here()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    holder = Holder(here.host, gone.pid, 1.0) if kind == "ended" else Holder(here.host, here.process, 1.0)
    lock_of(tmp_path, holder)
    take_lock(tmp_path)
    assert capsys.readouterr().err == f"cpimaging: {LOCK} of a run that has ended is removed\n"
    release_lock(tmp_path)


def test_a_run_on_another_host_says_how_to_unlock(tmp_path: Path) -> None:
    lock_of(tmp_path, Holder("node17", 12, 1.0))
    with pytest.raises(InputError) as error:
        take_lock(tmp_path)
    assert "process 12 on node17" in str(error.value)
    assert f"delete {tmp_path / LOCK}" in str(error.value)


def test_somebody_elses_lock_is_not_released(tmp_path: Path) -> None:
    lock_of(tmp_path, Holder("node17", 12, 1.0))
    release_lock(tmp_path)
    assert (tmp_path / LOCK).is_file()


def test_a_lock_that_cannot_be_read_is_removed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / LOCK).write_text("{")
    take_lock(tmp_path)
    release_lock(tmp_path)


def test_jobs_that_a_killed_run_left_are_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        sys.executable,
        "-c",
        "import time; time.sleep(1)",
        "cpimaging",
        "report",
        "--output-dir",
        str(tmp_path),
    ]
    orphan = subprocess.Popen(words)
    take_lock(tmp_path)
    assert "waiting for 1 job(s)" in capsys.readouterr().err
    assert orphan.poll() is not None or orphan.wait(1) == 0
    release_lock(tmp_path)


def test_the_call_that_started_the_run_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both would wait for ever: `python -m cpimaging bids out participant` waits for Snakemake."""
    monkeypatch.chdir(tmp_path)
    words = [sys.executable, "-c", "import time; time.sleep(30)", "cpimaging", "bids", "out", "participant"]
    caller = subprocess.Popen(words)
    take_lock(Path("out"))
    assert capsys.readouterr().err == ""
    caller.kill()
    caller.wait()
    release_lock(Path("out"))


@pytest.mark.parametrize(("own", "waits"), [(True, True), (False, False)])
def test_a_job_belongs_to_the_folder_that_it_works_in(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    own: bool,
    waits: bool,
) -> None:
    """Two studies may both call their results "out"."""
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
    words = [sys.executable, "-c", "import time; time.sleep(1)", "cpimaging", "cohort", "out"]
    job = subprocess.Popen(words, cwd=tmp_path / ("own" if own else "other"))
    monkeypatch.chdir(tmp_path / "own")
    take_lock(Path("out"))
    assert ("waiting for 1 job(s)" in capsys.readouterr().err) == waits
    release_lock(Path("out"))
    job.wait()


def test_the_lock_is_held_in_the_block_and_leaves_no_empty_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "deep/out"):
        assert (tmp_path / "deep/out" / LOCK).is_file()
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path / "out"):
        (tmp_path / "out/index.html").touch()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["index.html"]


def test_a_second_command_is_refused_and_a_job_of_the_workflow_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(tmp_path):
        with pytest.raises(InputError, match="is in use by process"), locked(tmp_path):
            pass
        monkeypatch.setenv(ASKED, "")
        with locked(tmp_path):
            assert (tmp_path / LOCK).is_file()
        assert (tmp_path / LOCK).is_file()


@pytest.mark.parametrize("wrapper", ["timeout", "srun"])
def test_what_started_a_command_is_not_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wrapper: str
) -> None:
    """It names the command in its own words, and would be waited for without end."""
    program = tmp_path / wrapper
    program.symlink_to(sys.executable)
    words = [str(program), "-c", "import time; time.sleep(30)", "cpimaging", "cohort", str(tmp_path / "out")]
    caller = subprocess.Popen(words)
    with locked(tmp_path / "out"):
        assert capsys.readouterr().err == ""
    caller.kill()
    caller.wait()


def test_every_call_of_the_workflow_that_locks_says_that_it_is_one() -> None:
    """Else it would wait for the lock of the run that started it."""
    for path in (pipeline() / "workflow/rules").glob("*.smk"):
        for line in path.read_text().splitlines():
            if "cpimaging cohort {" in line or "cpimaging masks {" in line:
                assert f"{ASKED}=" in line, line


def test_a_run_in_another_container_of_this_host_is_not_taken_for_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbers of processes mean nothing across namespaces: the other one may live."""
    monkeypatch.setattr(os, "stat", lambda path: SimpleNamespace(st_ino=4026532999))
    there = host_here()
    monkeypatch.undo()
    assert there.startswith(f"{socket.gethostname()} (container")
    lock_of(tmp_path, Holder(there, 2**22 + 1, 1.0))
    with pytest.raises(InputError, match="if that run has ended, delete"):
        take_lock(tmp_path)


def test_a_stage_that_is_called_by_hand_waits_for_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that goes on would find its files changed; a job of that run is told so by its environment."""
    write_plan(tmp_path, ".", [single_scan({"T1w": Path("T1w.nii.gz")}, label="sub-01")])
    other = psutil.Process().parent()
    holder = {"host": host_here(), "process": other.pid, "started": other.create_time()}
    (tmp_path / LOCK).write_text(json.dumps(holder))
    words = ["quantify", "--scan", "sub-01", "--output-dir", str(tmp_path)]
    told = CliRunner().invoke(app, words)
    assert (told.exit_code, "is in use by process" in told.stderr) == (2, True)
    monkeypatch.setenv(ASKED, "x")
    assert "is in use" not in CliRunner().invoke(app, words).stderr
