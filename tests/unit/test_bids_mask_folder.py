import os
from pathlib import Path

import pytest

from cpimaging.bids.mask_folder import list_masks
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
        assert problems[name] == (
            "2 masks have these labels, none is guessed: sub-2_a.nii, sub-2_b.nii; "
            "name them after their participants, or keep one",
        )
    assert problems["sub-3_space-MNI152_mask.nii"] == ()


def test_no_folder_and_no_mask_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such folder"):
        list_masks(tmp_path / "absent")
    with pytest.raises(InputError, match="holds no image file"):
        list_masks(tmp_path)


def test_the_map_of_an_earlier_run_is_no_mask(tmp_path: Path) -> None:
    sidecar = '{"GeneratedBy": [{"Name": "cpimaging"}], "Stage": "masks"}'
    (tmp_path / "group_space-MNI152NLin6Asym_label-L_probseg.json").write_text(sidecar)
    found = listed(tmp_path, "sub-1_mask.nii group_space-MNI152NLin6Asym_label-L_probseg.nii.gz group_a.nii")
    assert list(found) == ["sub-1_mask.nii", "group_a.nii"]


def test_other_formats_hidden_files_and_odd_names(tmp_path: Path) -> None:
    names = "sub-1.nrrd sub-2.mha sub-3.mgz sub-4.img sub-4.hdr .sub-5.nii ._sub-1.nrrd "
    assert list(listed(tmp_path, names + "sub-6_{x}.nii sub-7_\udcfc.nii").values()) == [
        "sub-1",
        "sub-2",
        "sub-3",
        "sub-4",
        "sub-6",
        "sub-7",
    ]
    problems = [scan.problems for scan in list_masks(tmp_path)]
    assert [len(lines) for lines in problems] == [0, 0, 0, 0, 1, 1]
    assert all(line.isprintable() for lines in problems for line in lines)


def test_a_folder_that_cannot_be_opened_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed(tmp_path, "sub-1.nii sub-2/a.nii")
    real = os.scandir

    def deny(path: str) -> object:
        if str(path).endswith("sub-2"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", deny)
    first, second = list_masks(tmp_path)
    assert first.problems == ()
    assert second.problems == ("sub-2: cannot be opened; check its permissions",)
