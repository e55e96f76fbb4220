"""A run that was killed, and how scans are asked for."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from workflow_runs import DEMO, command, environment, planned, snakemake

from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.lock import release_lock, take_lock

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
    again = snakemake(tmp_path, **choice)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "logs/lock.json of a run that has ended is removed" in again.stderr
    assert again.stderr.splitlines()[-2:] == ["cpimaging: 1 done", "cpimaging: out/index.html"]
    assert not (tmp_path / "out/logs/lock.json").exists()
    for table in TABLES:
        name = f"sub-02/anat/sub-02_{table}"
        assert (tmp_path / "out" / name).read_bytes() == (demo / "out" / name).read_bytes(), table
    assert not [path for path in (tmp_path / "out/sub-02").rglob(".*") if path.is_file()]


def runs_again(folder: Path, **choice: object) -> dict[str, set[str]]:
    jobs = planned(snakemake(folder, "-n", bids_dir="bids", output_dir="out", **choice))
    return {rule: scans for rule, scans in jobs.items() if rule != "all"}


AFTER = {
    "space-orig_label-brain_mask.json": "preprocess",
    "desc-preproc_FLAIR.nii.gz": "preprocess",
    "from-MNI152NLin2009aSym_to-T1w_mode-image_xfm.nii.gz": "register",
    "from-T1w_to-MNI152NLin2009aSym_mode-points_desc-affine_xfm.txt": "register",
    "space-orig_seg-tissue_dseg.nii.gz": "segment",
    "space-orig_label-L_mask.nii.gz": "lesions",
    "space-MNI152NLin2009aSym_label-L_mask.nii.gz": "lesions",
    "atlas-cpimaging_desc-lesionload_stats.tsv": "quantify",
    "desc-qc_stats.json": "qc",
    "desc-pattern_stats.json": "score",
}


@pytest.mark.parametrize("name", AFTER)
def test_a_result_that_is_gone_runs_its_stage_and_what_follows_again(
    own_demo: Path, tmp_path: Path, name: str
) -> None:
    path = own_demo / f"out/sub-02/anat/sub-02_{name}"
    aside = path.rename(tmp_path / "aside")
    try:
        jobs = runs_again(own_demo)
    finally:
        aside.rename(path)
    first = SCAN_STAGES.index(AFTER[name])
    assert jobs == {**{stage: {"sub-02"} for stage in SCAN_STAGES[first:]}, "cohort": set()}
    assert runs_again(own_demo) == {}


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("sub-02.html", {"report", "cohort"}),
        ("group_patterns.tsv", {"cohort"}),
        ("group_space-MNI152NLin2009aSym_label-L_probseg.nii.gz", {"cohort"}),
        ("participants.tsv", {"index", "cohort"}),
        ("dataset_description.json", {"index", "cohort"}),
        ("atlas-cpimaging_description.json", {"atlas"}),
    ],
)
def test_what_stands_for_the_study_comes_back(
    own_demo: Path, tmp_path: Path, name: str, rules: set[str]
) -> None:
    path = own_demo / "out" / name
    aside = path.rename(tmp_path / "aside")
    try:
        assert set(runs_again(own_demo)) == rules
    finally:
        aside.rename(path)
    assert runs_again(own_demo) == {}


def test_results_of_an_earlier_plan_do_not_count_beside_a_new_one(demo_copy: Path) -> None:
    """An age is mended, and the run is stopped once it is planned: the old call must not stand beside it."""
    folder = demo_copy
    people = folder / "bids/participants.tsv"
    first, *rows = people.read_text().splitlines()
    place = first.split("\t").index("age")
    cells = next(row for row in rows if row.startswith("sub-01\t")).split("\t")
    mended = [*cells[:place], "0.5", *cells[place + 1 :]]
    people.write_text(people.read_text().replace("\t".join(cells), "\t".join(mended)))
    stopped = snakemake(folder, "--until", "index", bids_dir="bids", output_dir="out")
    assert stopped.returncode == 0, stopped.stderr
    subprocess.run(["cpimaging", "cohort", "out"], cwd=folder, env=environment(), check=True)
    listed = (folder / "out/group_patterns.tsv").read_text()
    assert "sub-01\t" not in listed
    assert "sub-02\t" in listed
    again = snakemake(folder, bids_dir="bids", output_dir="out")
    assert again.returncode == 0, again.stderr
    listed = (folder / "out/group_patterns.tsv").read_text()
    assert "sub-01\t" in listed


def test_a_dry_run_of_one_scan_leaves_the_study_as_it_is(own_demo: Path) -> None:
    """The page of the study is made of other scans' pages than before, so it alone would be made again."""
    before = {path: path.stat().st_mtime_ns for path in (own_demo / "out").rglob("*")}
    assert runs_again(own_demo, participant_label="02") == {"cohort": set()}
    assert {path: path.stat().st_mtime_ns for path in (own_demo / "out").rglob("*")} == before


def test_a_second_run_is_stopped_while_one_goes_on(own_demo: Path) -> None:
    """From another working directory; the page is removed so that there is something to do."""
    take_lock(own_demo / "out")
    page = own_demo / "out/sub-01.html"
    content = page.read_bytes()
    page.unlink()
    try:
        run = snakemake(own_demo.parent, bids_dir=str(own_demo / "bids"), output_dir=str(own_demo / "out"))
    finally:
        release_lock(own_demo / "out")
        page.write_bytes(content)
    assert run.returncode != 0
    lines = [line for line in run.stderr.splitlines() if line.startswith("cpimaging: ")]
    assert len(lines) == 1
    assert f"is in use by process {os.getpid()}" in lines[0]


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
