"""What runs when scans or ages are added to finished results: nothing of the scans that did not change."""

import shutil
from pathlib import Path

import pytest
from workflow_runs import planned, snakemake

FROM_AGE = {"register", "segment", "lesions", "quantify", "qc", "score", "report"}
FIFTH = "sub-05/anat/sub-05_{}.nii.gz"


@pytest.fixture
def grown(demo_copy: Path) -> Path:
    """A copy of the demo dataset and its results, to be added to."""
    assert would_run(demo_copy) == {}
    return demo_copy


def would_run(folder: Path) -> dict[str, set[str]]:
    jobs = planned(snakemake(folder, "-n", bids_dir="bids", output_dir="out"))
    for name in ("all", "cohort", "index"):
        assert jobs.pop(name, set()) == set()
    return jobs


def test_a_new_scan_runs_alone(grown: Path) -> None:
    new = grown / "bids" / FIFTH.format("T1w")
    new.parent.mkdir(parents=True)
    shutil.copy(grown / "bids/sub-01/anat/sub-01_T1w.nii.gz", new)
    jobs = would_run(grown)
    assert set(jobs) > FROM_AGE
    assert set.union(*jobs.values()) == {"sub-05"}


def test_a_new_age_runs_its_own_scan(grown: Path) -> None:
    people = grown / "bids/participants.tsv"
    rows = people.read_text().splitlines()
    assert rows[2].startswith("sub-02\t4.5\t")
    people.write_text("\n".join([*rows[:2], rows[2].replace("4.5", "4.6"), *rows[3:]]) + "\n")
    assert would_run(grown) == {rule: {"sub-02"} for rule in FROM_AGE}
