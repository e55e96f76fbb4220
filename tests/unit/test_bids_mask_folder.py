from pathlib import Path

import pytest

from cpimaging.bids import list_masks
from cpimaging.types import InputError


def listed(folder: Path, names: str, **options: object) -> dict[str, str]:
    for name in names.split():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return {str(scan.lesion_mask): scan.label for scan in list_masks(folder, **options)}


def test_labels_come_from_the_name_in_natural_order(tmp_path: Path) -> None:
    found = listed(
        tmp_path, "sub-10_mask.nii.gz a/sub-2_ses-1_mask.nii sub-2_ses-10_mask.nii ._sub-3_mask.nii"
    )
    assert list(found.items()) == [
        ("a/sub-2_ses-1_mask.nii", "sub-2_ses-1"),
        ("sub-2_ses-10_mask.nii", "sub-2_ses-10"),
        ("sub-10_mask.nii.gz", "sub-10"),
    ]


def test_a_name_without_sub_is_the_label(tmp_path: Path) -> None:
    found = listed(tmp_path, "lesion_0007-final.nii.gz X.nii")
    assert found == {"lesion_0007-final.nii.gz": "sub-lesion0007final", "X.nii": "sub-X"}


def test_pattern_and_skipped_folders(tmp_path: Path) -> None:
    names = "sub-1_mask.nii sub-1_T1w.nii out/sub-2_mask.nii"
    assert listed(tmp_path, names, pattern="*_mask.nii*", skip=[tmp_path / "out"]) == {
        "sub-1_mask.nii": "sub-1"
    }


def test_problems_are_told_for_each_mask(tmp_path: Path) -> None:
    listed(tmp_path, "sub-1_space-orig_mask.nii sub-2_a.nii sub-2_b.nii sub-3_space-MNI152_mask.nii")
    problems = {scan.lesion_mask: scan.problems for scan in list_masks(tmp_path)}
    assert "space orig, the scan's own" in problems["sub-1_space-orig_mask.nii"][0]
    for name in ("sub-2_a.nii", "sub-2_b.nii"):
        assert problems[name] == ("2 masks have these labels, none is guessed: sub-2_a.nii, sub-2_b.nii",)
    assert problems["sub-3_space-MNI152_mask.nii"] == ()


def test_no_folder_and_no_mask_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        list_masks(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no NIfTI file"):
        list_masks(tmp_path)
