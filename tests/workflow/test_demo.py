"""The demo dataset from end to end: files, verdicts, volumes, what runs again."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from workflow_runs import DEMO, environment, planned, snakemake

from cpimaging.images import read_image
from cpimaging.io import read_table
from cpimaging.scorers.group import group_dtypes
from cpimaging.types import LESIONLOAD_COLUMNS

SCAN_FILES = """
atlas-cpimaging_desc-lesionload_stats.tsv
atlas-cpimaging_desc-lesionparts_stats.tsv
atlas-cpimaging_desc-loadmargins_stats.tsv
desc-lesions_stats.json
desc-lesions_stats.tsv
desc-morphometry_stats.tsv
desc-pattern_stats.json
desc-preproc_FLAIR.json
desc-preproc_FLAIR.nii.gz
desc-preproc_T1w.json
desc-preproc_T1w.nii.gz
desc-profile_stats.tsv
desc-qc_stats.json
from-MNI152NLin2009aSym_to-T1w_mode-image_xfm.json
from-MNI152NLin2009aSym_to-T1w_mode-image_xfm.nii.gz
from-T1w_to-MNI152NLin2009aSym_mode-image_xfm.json
from-T1w_to-MNI152NLin2009aSym_mode-image_xfm.nii.gz
from-T1w_to-MNI152NLin2009aSym_mode-points_desc-affine_xfm.json
from-T1w_to-MNI152NLin2009aSym_mode-points_desc-affine_xfm.txt
space-MNI152NLin2009aSym_desc-lesionruns_stats.tsv
space-MNI152NLin2009aSym_label-L_mask.json
space-MNI152NLin2009aSym_label-L_mask.nii.gz
space-orig_atlas-cpimaging_dseg.json
space-orig_atlas-cpimaging_dseg.nii.gz
space-orig_label-L_mask.json
space-orig_label-L_mask.nii.gz
space-orig_label-brain_mask.json
space-orig_label-brain_mask.nii.gz
space-orig_seg-lesions_dseg.json
space-orig_seg-lesions_dseg.nii.gz
space-orig_seg-tissue_dseg.json
space-orig_seg-tissue_dseg.nii.gz
""".split()

TOP_FILES = """
.bidsignore README.md
atlas-cpimaging_description.json atlas-cpimaging_dseg.json atlas-cpimaging_dseg.tsv
atlas-cpimaging_desc-lesionload_stats.json atlas-cpimaging_desc-lesionparts_stats.json
atlas-cpimaging_desc-loadmargins_stats.json
dataset_description.json descriptions.json descriptions.tsv
desc-lesions_stats.json desc-morphometry_stats.json desc-profile_stats.json
group_desc-lesionload_stats.json group_desc-lesionload_stats.tsv group_patterns.json group_patterns.tsv
group_morphometry.json group_morphometry.tsv group_qc.json group_qc.tsv
group_space-MNI152NLin2009aSym_label-L_desc-B1_probseg.json
group_space-MNI152NLin2009aSym_label-L_desc-B1_probseg.nii.gz
group_space-MNI152NLin2009aSym_label-L_desc-C1_probseg.json
group_space-MNI152NLin2009aSym_label-L_desc-C1_probseg.nii.gz
group_space-MNI152NLin2009aSym_label-L_desc-C3_probseg.json
group_space-MNI152NLin2009aSym_label-L_desc-C3_probseg.nii.gz
group_space-MNI152NLin2009aSym_label-L_desc-flipped_probseg.json
group_space-MNI152NLin2009aSym_label-L_desc-flipped_probseg.nii.gz
group_space-MNI152NLin2009aSym_label-L_probseg.json group_space-MNI152NLin2009aSym_label-L_probseg.nii.gz
index.html participants.json participants.tsv seg-tissue_dseg.json seg-tissue_dseg.tsv
space-MNI152NLin2009aSym_desc-lesionruns_stats.json
sub-01.html sub-02.html sub-03.html sub-04.html
""".split()


def test_exactly_the_files_of_the_contract_are_there(demo: Path) -> None:
    out = demo / "out"
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    found = {name for name in found if not name.startswith("logs/")}
    scans = {f"sub-0{n}/anat/sub-0{n}_{name}" for n in (1, 2, 3, 4) for name in SCAN_FILES}
    assert found == scans | set(TOP_FILES)


def test_the_verdicts_are_the_truth(demo: Path) -> None:
    found = read_table(demo / "out/group_patterns.tsv").set_index("participant_id")
    truth = read_table(DEMO / "sourcedata/truth/truth.tsv").set_index("participant_id")
    words = ["dominance", "mrics_group", "mrics_subgroup"]
    assert found[words].to_dict("index") == truth[words].to_dict("index")


def test_the_control_says_that_the_mask_was_empty(demo: Path) -> None:
    page = (demo / "out/sub-04.html").read_text().lower()
    assert "no lesion found (given mask is empty)" in page


@pytest.mark.parametrize("scan", ["sub-01", "sub-02", "sub-03", "sub-04"])
def test_the_parts_add_up_to_the_mask(demo: Path, scan: str) -> None:
    mask = read_image(
        DEMO / f"derivatives/lesions/{scan}/anat/{scan}_space-orig_label-L_mask.nii.gz", labels=True
    )
    volume = np.count_nonzero(mask.data) * mask.voxel_volume_mm3
    load = read_table(
        demo / f"out/{scan}/anat/{scan}_atlas-cpimaging_desc-lesionload_stats.tsv", LESIONLOAD_COLUMNS
    )
    parts = load.loc[load["tissue"] != "overlay", "lesion_volume_mm3"]
    assert parts.sum() == pytest.approx(volume, rel=1e-12)
    group = read_table(demo / "out/group_patterns.tsv", group_dtypes()).set_index("participant_id")
    assert group.loc[scan, "lesion_volume_mm3"] == pytest.approx(volume, rel=1e-12)


def test_images_lie_on_the_grid_of_the_scan(demo: Path) -> None:
    reference = read_image(DEMO / "sub-01/anat/sub-01_T1w.nii.gz")
    for name in SCAN_FILES:
        if name.endswith(".nii.gz") and name.startswith(("space-orig", "desc-preproc")):
            image = read_image(demo / "out/sub-01/anat" / f"sub-01_{name}", labels=True)
            assert image.same_grid(reference), name
            assert image.axcodes == reference.axcodes


def test_no_path_of_the_machine_is_in_the_results(demo: Path) -> None:
    for path in (demo / "out").rglob("*"):
        if path.suffix in {".json", ".tsv", ".html"}:
            text = path.read_text(encoding="utf-8")
            assert str(demo) not in text, path
            assert str(DEMO.parents[1]) not in text, path


def test_the_frequency_map_counts_scans(demo: Path) -> None:
    name = "group_space-MNI152NLin2009aSym_label-L_probseg"
    share = read_image(demo / f"out/{name}.nii.gz").data
    assert json.loads((demo / f"out/{name}.json").read_text())["NumberOfScans"] == 4
    assert set(np.unique(share * 4).round(5)) <= {0, 1, 2, 3, 4}
    assert share.max() >= 0.25


def test_a_second_run_has_nothing_to_do(demo: Path) -> None:
    run = snakemake(demo, "-n", bids_dir="bids", output_dir="out")
    assert "Nothing to be done" in run.stdout


def test_an_edited_mask_runs_again_what_depends_on_it(demo_copy: Path) -> None:
    folder = demo_copy
    mask = folder / "bids/derivatives/lesions/sub-02/anat/sub-02_space-orig_label-L_mask.nii.gz"
    other = mask.parents[2] / "sub-01/anat/sub-01_space-orig_label-L_mask.nii.gz"
    assert "Nothing to be done" in snakemake(folder, "-n", bids_dir="bids", output_dir="out").stdout
    mask.write_bytes(other.read_bytes())
    jobs = planned(snakemake(folder, "-n", bids_dir="bids", output_dir="out"))
    assert jobs.pop("cohort") == set()
    jobs.pop("all")
    assert set(jobs) == {"register", "segment", "lesions", "quantify", "qc", "score", "report"}
    assert all(scans == {"sub-02"} for scans in jobs.values())


@pytest.mark.parametrize("dataset", ["bids", "out"])
def test_the_bids_validator_finds_no_error(demo: Path, dataset: str) -> None:
    validator = Path(sys.executable).with_name("bids-validator-deno")
    if not validator.is_file():
        pytest.skip("bids-validator-deno is not installed")
    folder = str((demo / dataset).resolve())
    run = subprocess.run([str(validator), "--json", folder], capture_output=True, text=True, check=False)
    if not run.stdout.strip():
        pytest.skip(f"the validator did not start: {run.stderr[-200:]}")
    issues = pd.DataFrame(json.loads(run.stdout)["issues"]["issues"])
    errors = issues[issues["severity"] == "error"] if len(issues) else issues
    assert errors.empty, errors.to_string()


def test_the_call_does_not_depend_on_the_order_of_sets(demo_copy: Path) -> None:
    patterns = set()
    for seed in ("1", "2", "3", "4"):
        words = [
            str(Path(sys.executable).with_name("cpimaging")),
            "score",
            "--scan",
            "sub-02",
            "--output-dir",
            "out",
        ]
        subprocess.run(words, cwd=demo_copy, check=True, env={**environment(), "PYTHONHASHSEED": seed})
        patterns.add((demo_copy / "out/sub-02/anat/sub-02_desc-pattern_stats.json").read_bytes())
    assert len(patterns) == 1
