"""The names are a contract, so they stand here in full, as people type them."""

import pytest

from cpimaging.layout import ScanFiles, sessions_page, sidecar_path
from cpimaging.types import CONTRASTS

ANAT = "out/sub-01/ses-02/anat/sub-01_ses-02_"
NAMES = {
    "brain_mask": "space-orig_label-brain_mask.nii.gz",
    "lesion_mask": "space-orig_label-L_mask.nii.gz",
    "lesion_mask_template": "space-MNI152NLin2009aSym_label-L_mask.nii.gz",
    "lesions_dseg": "space-orig_seg-lesions_dseg.nii.gz",
    "atlas_dseg": "space-orig_atlas-cpimaging_dseg.nii.gz",
    "tissue_dseg": "space-orig_seg-tissue_dseg.nii.gz",
    "lesionload": "atlas-cpimaging_desc-lesionload_stats.tsv",
    "load_margins": "atlas-cpimaging_desc-loadmargins_stats.tsv",
    "lesion_parts": "atlas-cpimaging_desc-lesionparts_stats.tsv",
    "lesions": "desc-lesions_stats.tsv",
    "lesion_profile": "desc-profile_stats.tsv",
    "morphometry": "desc-morphometry_stats.tsv",
    "newborn_lines": "desc-newborn_lines.svg",
    "pattern": "desc-pattern_stats.json",
    "qc": "desc-qc_stats.json",
}


@pytest.mark.parametrize(("file", "name"), NAMES.items())
def test_files_of_a_session(file: str, name: str) -> None:
    assert getattr(ScanFiles.of("out", "sub-01_ses-02"), file) == ANAT + name


@pytest.mark.parametrize(("file", "name"), NAMES.items())
def test_files_without_sessions(file: str, name: str) -> None:
    assert getattr(ScanFiles.of("out", "sub-01"), file) == f"out/sub-01/anat/sub-01_{name}"


def test_files_that_depend_on_a_contrast() -> None:
    files = ScanFiles.of("out", "sub-01_ses-02")
    assert [files.preproc(name) for name in CONTRASTS[:3]] == [
        f"{ANAT}desc-preproc_T1w.nii.gz",
        f"{ANAT}desc-preproc_T2w.nii.gz",
        f"{ANAT}desc-preproc_FLAIR.nii.gz",
    ]
    there, back = files.xfm_to_template("T2w"), files.xfm_to_scan("T2w")
    assert there == f"{ANAT}from-T2w_to-MNI152NLin2009aSym_mode-image_xfm.nii.gz"
    assert back == f"{ANAT}from-MNI152NLin2009aSym_to-T2w_mode-image_xfm.nii.gz"
    affine = f"{ANAT}from-T2w_to-MNI152NLin2009aSym_mode-points_desc-affine_xfm.txt"
    assert files.affine("T2w") == affine
    assert sidecar_path(affine) == affine.replace(".txt", ".json")


def test_another_atlas_has_its_name_in_four_files_only() -> None:
    plain, other = (ScanFiles.of("out", "sub-01", atlas) for atlas in ("cpimaging", "AAL3"))
    changed = {name for name in NAMES if getattr(plain, name) != getattr(other, name)}
    assert changed == {"atlas_dseg", "lesionload", "load_margins", "lesion_parts"}
    assert other.lesionload == "out/sub-01/anat/sub-01_atlas-AAL3_desc-lesionload_stats.tsv"


def test_pages_and_logs() -> None:
    files = ScanFiles.of("out", "sub-01_ses-02")
    assert files.report == "out/sub-01_ses-02.html"
    assert files.log("qc") == "out/logs/qc/sub-01/ses-02/sub-01_ses-02.log"
    assert files.log("register", "T1w") == "out/logs/register/sub-01/ses-02/sub-01_ses-02_T1w.log"
    assert files.log("report") == "out/logs/report/sub-01_ses-02.log"


def test_wildcards_pass_through() -> None:
    files = ScanFiles("out", "{folder}", "{scan}")
    assert files.qc == "out/{folder}/anat/{scan}_desc-qc_stats.json"
    assert files.xfm_to_scan("{reference}").endswith("_to-{reference}_mode-image_xfm.nii.gz")


@pytest.mark.parametrize("name", ["a_mask.nii.gz", "a_stats.tsv"])
def test_a_sidecar_lies_beside_its_file(name: str) -> None:
    assert sidecar_path(f"out/{name}") == f"out/{name.split('.')[0]}.json"


def test_the_page_of_a_participants_sessions() -> None:
    assert sessions_page("out", "sub-01") == "out/sub-01_sessions.html"
