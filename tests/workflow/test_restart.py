"""A run that was killed, and how scans are asked for."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from workflow_runs import DEMO, command, environment, snakemake

TABLES = ("atlas-cpimaging_desc-lesionload_stats.tsv", "desc-lesions_stats.tsv", "desc-pattern_stats.json")


def start_and_kill(folder: Path, until: Path, **config: object) -> None:
    """Start the workflow in a session of its own and kill all of it once a file is there."""
    process = subprocess.Popen(
        command(folder, **config),
        env=environment(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not until.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, "it ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_run_is_taken_up_with_the_same_result(demo: Path, tmp_path: Path) -> None:
    shutil.copytree(DEMO, tmp_path / "bids")
    choice = {"bids_dir": "bids", "output_dir": "out", "participant_label": "02"}
    log = tmp_path / "out/logs/register/sub-02/sub-02_T1w.log"
    start_and_kill(tmp_path, until=log, **choice)
    assert not (tmp_path / "out/sub-02.html").exists()
    assert snakemake(tmp_path, "--unlock", **choice).returncode == 0
    again = snakemake(tmp_path, **choice)
    assert again.returncode == 0, again.stderr[-2000:]
    for table in TABLES:
        name = f"sub-02/anat/sub-02_{table}"
        assert (tmp_path / "out" / name).read_bytes() == (demo / "out" / name).read_bytes(), table
    assert not [path for path in (tmp_path / "out/sub-02").rglob(".*") if path.is_file()]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """A dataset of empty files: two participants without sessions, one with two."""
    scans = ["sub-01/anat/sub-01", "sub-A07/anat/sub-A07"]
    scans += [f"sub-50/ses-{session}/anat/sub-50_ses-{session}" for session in ("38659", "baseline")]
    for scan in scans:
        path = tmp_path / "bids" / f"{scan}_T1w.nii.gz"
        path.parent.mkdir(parents=True)
        path.touch()
    (tmp_path / "bids/dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return tmp_path


@pytest.mark.parametrize(
    ("config", "scans"),
    [
        ({}, {"sub-01", "sub-A07", "sub-50_ses-38659", "sub-50_ses-baseline"}),
        ({"participant_label": "01"}, {"sub-01"}),
        ({"participant_label": "sub-01"}, {"sub-01"}),
        ({"participant_label": "01,A07"}, {"sub-01", "sub-A07"}),
        ({"participant_label": "50", "session_label": "38659"}, {"sub-50_ses-38659"}),
        ({"participant_label": "50", "session_label": "ses-baseline"}, {"sub-50_ses-baseline"}),
    ],
)
def test_scans_are_chosen_by_label(names: Path, config: dict[str, str], scans: set[str]) -> None:
    done = snakemake(names, "-n", bids_dir="bids", output_dir="out", **config)
    assert done.returncode == 0, done.stderr
    assert set(re.findall(r"scan=([\w-]+)", done.stdout)) == scans


def test_a_label_that_fits_nothing_says_how_to_write_it(names: Path) -> None:
    done = snakemake(names, "-n", bids_dir="bids", output_dir="out", participant_label="007")
    assert done.returncode == 2
    assert "sub-01" in done.stderr
    assert "sub-A07" in done.stderr
