"""Why a stage was stopped from outside."""

from pathlib import Path

import pytest

from cpimaging.study.stopped import SLURM_LOGS, why_stopped

BEGAN = "cpimaging: began in SLURM job 12"
KILLED = "cpimaging: register was killed (signal 9), most often for want of memory"


@pytest.mark.parametrize(
    ("slurm", "expected"),
    [
        (
            "error: *** JOB 12 ON n1 CANCELLED DUE TO TIME LIMIT ***",
            "ran out of time; raise it: {}runtime=…",
        ),
        ("error: Detected 1 oom-kill event(s) in StepId=12.0", "ran out of memory; raise it: {}mem_mb=…"),
    ],
)
@pytest.mark.parametrize("lines", [[BEGAN], [BEGAN, KILLED]])
def test_slurm_says_what_did_not_suffice(tmp_path: Path, lines: list[str], slurm: str, expected: str) -> None:
    log = tmp_path / SLURM_LOGS / "group_scan" / "12.log"
    log.parent.mkdir(parents=True)
    log.write_text(slurm)
    (log.parent / "13.log").write_text("nothing")
    assert why_stopped("register", lines, tmp_path) == expected.format("--set-resources register:")


def test_without_its_log_both_are_named(tmp_path: Path) -> None:
    told = why_stopped("register", [BEGAN], tmp_path) or ""
    assert "register:mem_mb=…" in told
    assert "register:runtime=…" in told


def test_a_kill_on_one_machine_is_memory_most_often(tmp_path: Path) -> None:
    told = why_stopped("lesions", [KILLED], tmp_path) or ""
    assert told == "was killed, most often for want of memory; raise it: --set-resources lesions:mem_mb=…"


@pytest.mark.parametrize("lines", [[], [BEGAN, "cpimaging: T1w.nii.gz is damaged"], ["cpimaging: no brain"]])
def test_what_ended_by_itself_is_left_to_say_why(tmp_path: Path, lines: list[str]) -> None:
    assert why_stopped("register", lines, tmp_path) is None
