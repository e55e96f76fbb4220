"""Masks without images through the workflow, and what people decided."""

from pathlib import Path

import numpy as np
import pytest
from workflow_runs import planned, snakemake

from cpimaging.images import write_image
from cpimaging.io import read_json, read_table
from cpimaging.scorers.group import group_dtypes
from cpimaging.types import Image

SPACE = "MNI152NLin6Asym"
AFFINE = np.array([[4.0, 0, 0, -98], [0, 4, 0, -134], [0, 0, 4, -72], [0, 0, 0, 1]])


def save(folder: Path, name: str, x: int) -> None:
    """A block of 6 × 5 × 4 voxels in the cortex and below it, at voxel x."""
    data = np.zeros((50, 58, 47), np.uint8)
    data[x : x + 6, 30:35, 20:24] = 1
    write_image(folder / f"{name}.nii.gz", Image(data, AFFINE))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("masks")
    save(folder / "in", "sub-01_mask", 10)
    save(folder / "in", "sub-02_mask", 34)
    (folder / "in" / "sub-03_mask.nii.gz").write_bytes(b"broken")
    (folder / "o.tsv").write_text("participant_id\tverdict\treason\nsub-02\tB2\tseen by a reader\n")
    run = snakemake(folder, **choices())
    assert run.returncode == 0, run.stderr[-3000:]
    return folder


def choices(**more: object) -> dict[str, object]:
    told = {"masks_dir": "in", "masks_space": SPACE, "masks_stability": "on"}
    return {**told, "output_dir": "out", "overrides": "o.tsv", **more}


def test_one_job_writes_the_group_and_lists_the_broken_mask(folder: Path) -> None:
    patterns = read_table(folder / "out/group_patterns.tsv", group_dtypes()).set_index("participant_id")
    assert list(patterns.index) == ["sub-01", "sub-02"]
    assert patterns.loc["sub-02", "mrics_subgroup"] == "B2"
    assert "seen by a reader" in patterns.loc["sub-02", "override"]
    assert patterns.loc["sub-01", "confidence"] > 0
    assert "cannot be read" in (folder / "out/logs/summary.tsv").read_text()
    assert SPACE in read_json(folder / "out/group_patterns.json")["Space"]
    assert (folder / f"out/group_space-{SPACE}_label-L_probseg.nii.gz").is_file()
    page = (folder / "out/index.html").read_text()
    assert "seen by a reader" in page
    assert str(folder) not in page


def test_nothing_runs_twice_until_a_mask_is_new(folder: Path) -> None:
    assert planned(snakemake(folder, "-n", **choices())) == {}
    save(folder / "in", "sub-04_mask", 12)
    assert set(planned(snakemake(folder, "-n", **choices()))) == {"masks", "all"}
    (folder / "in/sub-04_mask.nii.gz").unlink()


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"masks_space": ""}, "masks_space"),
        ({"masks_space": "dhcpVol"}, "dhcpVol: is no MNI152 space"),
        ({"masks_dir": "nowhere"}, "nowhere: no such folder"),
        ({"overrides": "bad.tsv"}, "line 2: no scan sub-77 is processed"),
    ],
)
def test_wrong_choices_stop_before_anything_runs(folder: Path, changed: dict, problem: str) -> None:
    (folder / "bad.tsv").write_text("participant_id\tverdict\treason\nsub-77\tB2\twhy\n")
    run = snakemake(folder, "-n", **choices(**changed))
    assert run.returncode != 0
    told = [line for line in run.stderr.splitlines() if line.startswith("cpimaging: ")]
    assert len(told) == 1
    assert problem in told[0]
    assert "Traceback" not in run.stderr


def test_an_override_scores_its_scan_again_and_no_other(demo: Path, tmp_path: Path) -> None:
    table = tmp_path / "overrides.tsv"
    table.write_text("participant_id\tverdict\tqc\treason\nsub-02\tC1\tpass\ttwo readers\n")
    config = {"bids_dir": "bids", "output_dir": "out", "overrides": table}
    jobs = planned(snakemake(demo, "-n", **config))
    assert jobs["score"] == {"sub-02"}
    assert not {"quantify", "lesions", "register"} & set(jobs)
    table.write_text("participant_id\tverdict\treason\nsub-02\tZ9\ttwo readers\n")
    run = snakemake(demo, "-n", **config)
    assert "has the unknown verdict 'Z9'" in run.stderr
    assert run.returncode != 0
