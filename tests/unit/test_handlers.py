"""What a run says in the end; as a module of another workflow: tests/workflow/test_module.py."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.cli import parse_args
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from cpimaging.handlers import DEFAULT_RATE, told_in_the_end, without_idle_rounds


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("sub-01\tdone\nsub-02\tfailed\n", "1 done, 1 failed: out/logs/summary.tsv"),
        ("sub-01\tnot run\nsub-02\tfailed\n", "0 done, 1 failed, 1 not run: out/logs/summary.tsv"),
        ("sub-01\tdone\nsub-02\tdone\n", "2 done"),
    ],
    ids=["failed", "not run", "done"],
)
def test_the_last_lines_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: str, told: str
) -> None:
    told_in_the_end(tmp_path, "out")
    assert capsys.readouterr().err == ""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/summary.tsv").write_text(f"participant_id\tstatus\n{rows}")
    told_in_the_end(tmp_path, "out")
    assert capsys.readouterr().err == f"cpimaging: {told}\ncpimaging: out/index.html\n"


@pytest.mark.parametrize(("asked", "stays"), [("100/1s", False), ("60/1m", True), (None, False)])
def test_a_limit_of_jobs_stays_where_it_was_asked_for(asked: str | None, stays: bool) -> None:
    limit = MaxJobsPerTimespan.parse_choice(asked) if asked else None
    scheduler = SimpleNamespace(job_rate_limiter=JobRateLimiter(limit) if limit else None)
    without_idle_rounds(scheduler)
    assert (scheduler.job_rate_limiter is not None) == stays


def test_the_limit_that_is_taken_away_is_snakemake_s_default() -> None:
    _, asked = parse_args([])
    assert (asked.max_jobs_per_timespan.max_jobs, asked.max_jobs_per_timespan.timespan) == DEFAULT_RATE
