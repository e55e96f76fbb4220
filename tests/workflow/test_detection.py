"""Scans without a mask: detected by the workflow, or drawn by an external tool."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from workflow_runs import DEMO, planned, snakemake

from cpimaging.images import read_image
from cpimaging.io import read_json, read_table

TOOL = """
import sys
import nibabel as nib
import numpy as np
brain = nib.load(sys.argv[2])
mask = np.zeros(brain.shape, np.uint8)
middle = [n // 2 for n in brain.shape]
mask[middle[0] + 8 : middle[0] + 12, middle[1] : middle[1] + 5, middle[2] + 4 : middle[2] + 7] = 1
nib.save(nib.Nifti1Image(mask, brain.affine), sys.argv[3])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo dataset in bids/, its given masks taken away."""
    folder = tmp_path_factory.mktemp("detection")
    shutil.copytree(DEMO, folder / "bids", ignore=shutil.ignore_patterns("derivatives"))
    return folder


@pytest.fixture(scope="module")
def detected(folder: Path) -> Path:
    """The results of one scan with detection on."""
    run = snakemake(folder, bids_dir="bids", output_dir="out", participant_label="01")
    assert run.returncode == 0, run.stderr[-3000:]
    return folder / "out"


def test_the_lesion_is_detected_and_said_to_be(folder: Path, detected: Path) -> None:
    anat = detected / "sub-01" / "anat"
    image = read_image(anat / "sub-01_space-orig_label-L_mask.nii.gz", labels=True)
    mask = image.data > 0
    truth = next((folder / "bids/sourcedata/truth/sub-01").rglob("*label-L_mask.nii.gz"))
    true = read_image(truth, labels=True).data > 0
    assert 2 * (mask & true).sum() / (mask.sum() + true.sum()) > 0.6
    probability = read_image(anat / "sub-01_space-orig_label-L_probseg.nii.gz").data
    assert probability[mask].min() >= 0.5
    assert read_json(anat / "sub-01_space-orig_label-L_mask.json")["MaskSource"] == "detected"
    record = read_json(anat / "sub-01_desc-lesions_stats.json")
    assert record["MaskSource"] == "detected"
    lesions = read_table(anat / "sub-01_desc-lesions_stats.tsv")
    assert lesions["source"].str.startswith("detected: ").all()
    row = read_table(detected / "group_patterns.tsv").iloc[0]
    assert row["mask_source"] == "detected"
    assert float(row["lesion_volume_mm3"]) == pytest.approx(mask.sum() * image.voxel_volume_mm3)
    page = (detected / "sub-01.html").read_text()
    assert "detected by software" in page
    assert "not drawn by a reader" in page
    strategy = read_json(next(anat.glob("*_to-T1w_mode-image_xfm.json")))["LesionStrategy"]
    first = read_image(anat / "sub-01_space-orig_label-L_desc-first_mask.nii.gz", labels=True)
    assert strategy.startswith("lesion masked" if first.data.any() else "no lesion detected")


def test_another_choice_runs_what_depends_on_it_again(folder: Path, detected: Path) -> None:
    choice = {"bids_dir": "bids", "output_dir": "out", "participant_label": "01"}
    assert planned(snakemake(folder, "-n", **choice)) == {}
    again = planned(snakemake(folder, "-n", detection="off", **choice))
    assert {"register", "segment", "lesions", "quantify"} <= set(again)
    assert "preprocess" not in again


def test_an_external_tool_draws_the_lesion(folder: Path) -> None:
    (folder / "tool.py").write_text(TOOL)
    tool = f"{sys.executable} {folder / 'tool.py'} {{T1w}} {{brain_mask}} {{out}}"
    label = "sub-02/anat/sub-02"
    run = snakemake(
        folder,
        f"drawn/{label}_desc-lesions_stats.tsv",
        bids_dir="bids",
        output_dir="drawn",
        participant_label="02",
        lesion_command=tool,
        engine="identity",
    )
    assert run.returncode == 0, run.stderr[-3000:]
    mask = read_image(folder / f"drawn/{label}_space-orig_label-L_mask.nii.gz", labels=True)
    assert np.count_nonzero(mask.data) == 4 * 5 * 3
    assert read_json(folder / f"drawn/{label}_desc-lesions_stats.json")["MaskSource"] == "lesion_command"
    assert set(read_table(folder / f"drawn/{label}_desc-lesions_stats.tsv")["source"]) == {"lesion_command"}


def test_an_unknown_placeholder_is_refused_at_planning(folder: Path) -> None:
    run = snakemake(
        folder, "-n", bids_dir="bids", output_dir="never", lesion_command="tool {T1w} {colour} {out}"
    )
    assert run.returncode != 0
    assert "unknown placeholder {colour}" in run.stderr + run.stdout
