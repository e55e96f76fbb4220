"""What a mask's name tells of the image that it was drawn on."""

from pathlib import Path

import pytest

from cpimaging.bids.drawn_on import image_of_acquisition, named_contrasts


@pytest.mark.parametrize(
    ("name", "space", "word"),
    [
        ("sub-1_acq-spc3_run-6_T2w_desc-lesion_mask.nii.gz", None, "T2w"),
        ("sub-1_FLAIR_roi.nii.gz", None, "FLAIR"),
        ("sub-1_T1w_label-lesion_roi.nii", None, "T1w"),
        ("sub-1_desc-T1lesion_mask.nii.gz", None, "T1w"),
        ("sub-1_desc-FLAIRlesionmask_mask.nii.gz", None, "FLAIR"),
        ("sub-1_space-T2w_label-L_mask.nii.gz", "T2w", None),
        ("sub-1_space-FLAIR_desc-T1lesion_mask.nii.gz", "FLAIR", "T1w"),
        ("sub-1_space-TRACE_lesion.nii.gz", "ADC", None),
        ("sub-1_dwi_lesion_mask.nii.gz", None, "ADC"),
        ("sub-1_space-orig_label-L_mask.nii.gz", None, None),
        ("sub-1_desc-lesion_mask.nii.gz", None, None),
        ("sub-1_T1w_FLAIR_lesion.nii.gz", None, None),  # seen on both
        ("sub-1_T1w.nii.gz", None, "T1w"),
    ],
)
def test_a_name_tells_of_a_space_and_of_what_was_looked_at(
    name: str, space: str | None, word: str | None
) -> None:
    assert named_contrasts(name) == (space, word)


FILES = (
    "sub-1_run-1_T1w.nii.gz",
    "sub-1_run-02_T1w.nii.gz",
    "sub-1_acq-a_run-3_T1w.nii.gz",
    "sub-1_acq-b_run-3_T1w.nii.gz",
    "sub-1_run-1_T2w.nii.gz",
    "sub-1_run-1_T1w.json",
)


@pytest.mark.parametrize(
    ("mask", "other"),
    [
        ("sub-1_run-01_desc-brain_mask.nii.gz", "sub-1_run-1_T1w.nii.gz"),
        ("sub-1_run-1_T1w_brainmask.nii.gz", "sub-1_run-1_T1w.nii.gz"),
        ("sub-1_run-2_desc-brain_mask.nii.gz", None),  # the chosen one
        ("sub-1_desc-brain_mask.nii.gz", None),
        ("sub-1_acq-b_desc-brain_mask.nii.gz", "sub-1_acq-b_run-3_T1w.nii.gz"),
        ("sub-1_run-3_desc-brain_mask.nii.gz", None),  # of two
        ("sub-1_run-7_desc-brain_mask.nii.gz", None),  # not there
    ],
)
def test_a_mask_of_another_run_leads_to_its_image(tmp_path: Path, mask: str, other: str | None) -> None:
    folder = tmp_path / "anat"
    folder.mkdir()
    for name in FILES:
        (folder / name).touch()
    found = image_of_acquisition(mask, "T1w", folder / "sub-1_run-02_T1w.nii.gz")
    assert (found and found.name) == other
