"""What an edit of the code runs again: done on a copy of the project, planned on finished results."""

import shutil
from pathlib import Path

import pytest
from workflow_runs import ROOT, planned, snakemake

EVERY_SCAN = {"sub-01", "sub-02", "sub-03", "sub-04"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's code and configuration."""
    copy = tmp_path / "project"
    copy.mkdir()
    shutil.copy(ROOT / "Snakefile", copy)
    for folder in ("workflow", "config", "profiles", "cpimaging"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def runs_again(demo: Path, project: Path) -> dict[str, set[str]]:
    jobs = planned(snakemake(demo, "-n", root=project, bids_dir="bids", output_dir="out"))
    jobs.pop("all", None)
    return jobs


def test_docstrings_and_comments_run_nothing_again(demo: Path, project: Path) -> None:
    for path in (project / "cpimaging").rglob("*.py"):
        path.write_text(f"# a new comment\n{path.read_text()}")
    replace(project / "cpimaging/qc/__init__.py", '"""Return fail if', '"""Say fail if')
    assert runs_again(demo, project) == {}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("scorers/mrics.yaml", "value: ", "value: 1"),
        ("scorers/dominance.py", "def score_dominance(", "NEW = 1\n\n\ndef score_dominance("),
    ],
)
def test_an_edit_in_a_scorer_runs_score_and_report_again(
    demo: Path, project: Path, file: str, old: str, new: str
) -> None:
    replace(project / "cpimaging" / file, old, new)
    jobs = runs_again(demo, project)
    assert jobs.pop("cohort") == set()
    assert jobs == {"score": EVERY_SCAN, "report": EVERY_SCAN}


def test_an_edit_in_a_page_runs_the_pages_again(demo: Path, project: Path) -> None:
    replace(project / "cpimaging/report/templates/scan.html.jinja", "<h1", "<h1 id='top'")
    jobs = runs_again(demo, project)
    assert jobs.pop("cohort") == set()
    assert jobs == {"report": EVERY_SCAN}


def test_an_edit_in_the_registration_spares_what_comes_before(demo: Path, project: Path) -> None:
    replace(project / "cpimaging/stages/register.py", "@recorded\n", "NEW = 1\n\n\n@recorded\n")
    jobs = runs_again(demo, project)
    assert "register" in jobs
    assert jobs["report"] == EVERY_SCAN
    assert not {"preprocess", "index", "atlas"} & set(jobs)
