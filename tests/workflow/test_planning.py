"""What is planned for a dataset, from file names alone: dry runs on empty files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflow_runs import ROOT, environment, planned, snakemake

SCAN_RULES = {"preprocess", "register", "segment", "lesions", "quantify", "qc", "score", "report"}


def plant(folder: Path, *paths: str) -> Path:
    """Make a BIDS dataset of empty files in folder/bids."""
    for path in paths:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    (folder / "bids").mkdir(exist_ok=True)
    (folder / "bids/dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.10.0"}')
    return folder


def dry(folder: Path, *options: str, **config: object) -> subprocess.CompletedProcess[str]:
    return snakemake(folder, "-n", *options, **{"bids_dir": "bids", "output_dir": "out", **config})


def told(run: subprocess.CompletedProcess[str]) -> str:
    """Return the one line in which the workflow says what is wrong."""
    assert run.returncode == 2
    lines = [line for line in run.stderr.splitlines() if line.startswith("cpimaging: ")]
    assert len(lines) == 1, run.stderr
    assert "Traceback" not in run.stderr
    return lines[0]


def test_a_scan_that_cannot_be_used_does_not_stop_the_plan_of_the_others(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "bids/sub-01/anat/sub-01_T1w.nii.gz",
        "bids/sub-02/dwi/sub-02_ADC.nii.gz",
        "bids/sub-03/func/sub-03_task-rest_bold.nii.gz",
        "bids/sub-04/anat/sub-05_T1w.nii.gz",
        "bids/sub-06/anat/sub-06_FLAIR.nii.gz",
    )
    jobs = planned(dry(tmp_path))
    everyone = {"sub-01", "sub-02", "sub-03", "sub-04", "sub-06"}
    assert {rule: jobs[rule] for rule in SCAN_RULES} == dict.fromkeys(SCAN_RULES, everyone)


def test_the_reference_contrast_names_the_transform(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-01/anat/sub-01_FLAIR.nii.gz", "bids/sub-02/anat/sub-02_T2w.nii.gz")
    found = set(re.findall(r"sub-0\d_from-(?:T2w|FLAIR)_to", dry(tmp_path).stdout))
    assert found == {"sub-01_from-FLAIR_to", "sub-02_from-T2w_to"}


def test_numbers_fit_the_label_with_that_value(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-007/anat/sub-007_T1w.nii.gz", "bids/sub-01/anat/sub-01_T1w.nii.gz")
    for asked in ("007", "7"):
        assert planned(dry(tmp_path, participant_label=asked))["score"] == {"sub-007"}


def test_a_number_that_fits_two_labels_says_how_to_write_it(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-07/anat/sub-07_T1w.nii.gz", "bids/sub-007/anat/sub-007_T1w.nii.gz")
    line = told(dry(tmp_path, participant_label="7"))
    assert "fits 2 labels" in line
    assert "sub-07" in line
    assert "sub-007" in line


def test_labels_as_a_list(tmp_path: Path) -> None:
    plant(tmp_path, *(f"bids/sub-{n}/anat/sub-{n}_T1w.nii.gz" for n in ("01", "02", "10")))
    jobs = planned(dry(tmp_path, participant_label='["01", sub-10]'))
    assert jobs["report"] == {"sub-01", "sub-10"}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"lesions_dir": "nowhere"}, ("nowhere", "no such folder", "check lesions_dir")),
        ({"session_label": "1"}, ("session_label=1", "no session")),
        ({"output_dir": "bids"}, ("is also the output_dir",)),
        ({"output_dir": "theirs"}, ("theirs", "holds participants.tsv, which was not written here")),
        ({"atlas": "empty"}, ("empty", "holds 0 label images")),
        ({"adc_norm": "empty"}, ("empty/mean.nii.gz", "no such file")),
        ({"detection": "maybe"}, ("detection", "'maybe' is not one of")),
        ({"lesion_dir": "masks"}, ("lesion_dir", "did you mean lesions_dir?")),
        ({"output_dir": "o{u}t"}, ("output_dir", "holds a brace")),
        ({"output_dir": "bids/dataset_description.json/out"}, ("cannot be made",)),
        ({"masks_dir": "empty"}, ("masks_space", "is not given")),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_wrong_choices_are_told_in_one_line(
    tmp_path: Path, config: dict[str, str], words: tuple[str, ...]
) -> None:
    plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz", "empty/readme.txt", "theirs/participants.tsv")
    line = told(dry(tmp_path, **config))
    assert all(word in line for word in words), line
    assert not (tmp_path / "out").exists()


def test_our_own_results_are_not_a_dataset(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz")
    content = {"Name": "x", "DatasetType": "derivative", "GeneratedBy": [{"Name": "cpimaging"}]}
    (tmp_path / "bids/dataset_description.json").write_text(json.dumps(content))
    assert "holds results of this workflow" in told(dry(tmp_path))


def test_planning_writes_nothing(tmp_path: Path) -> None:
    plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "bids").rglob("*")}
    planned(dry(tmp_path))
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "bids").rglob("*")} == before
    assert not (tmp_path / "out").exists()


def test_two_keys_are_enough_from_any_folder(tmp_path: Path) -> None:
    """No --configfile, no PATH: the Snakefile is named, the folder is another."""
    plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz")
    words = [sys.executable, "-m", "snakemake", "-n", "--snakefile", str(ROOT / "Snakefile")]
    words += ["--directory", str(tmp_path), "--cores", "1", "--config", "bids_dir=bids", "output_dir=o u t"]
    env = {**environment(), "PATH": "/usr/bin:/bin"}
    run = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    assert planned(run)["report"] == {"sub-01"}


def test_the_published_atlas_that_was_not_fetched_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CPIMAGING_CACHE", str(tmp_path / "cache"))
    run = dry(plant(tmp_path, "bids/sub-01/anat/sub-01_T1w.nii.gz"), atlas="published")
    assert run.returncode == 2
    assert "run `cpimaging atlas fetch` once" in told(run)
    assert not (tmp_path / "cache").exists()
