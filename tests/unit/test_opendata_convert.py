"""Three public layouts, made up in small, become BIDS datasets that our own reader takes as meant."""

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner, Result

from cpimaging.bids.checks import check_scan
from cpimaging.bids.listing import list_scans
from cpimaging.cli import app
from cpimaging.images import read_image

AFFINE = np.diag([-1.0, 1.0, 3.0, 1.0])
SPACE = "space-MNI152NLin2009aSym"


def nifti(path: Path, data: np.ndarray | int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.broadcast_to(np.asarray(data, np.int16), (4, 5, 6))
    nib.save(nib.Nifti1Image(values.copy(), AFFINE), path)


def mha(path: Path, data: np.ndarray) -> None:
    """Write an image as ITK does: array z, y, x; world axes LPS."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(data)
    image.SetSpacing((1.0, 2.0, 3.0))
    sitk.WriteImage(image, str(path), True)


def bonbid(root: Path) -> None:
    adc = np.zeros((4, 5, 6), np.int16)
    adc[1, 2, 0] = 1234
    for part, label in (("BONBID2023_Train", "3LABEL"), ("BONBID2023_Val", "3Label")):
        who = f"MGHNICU_01{len(part) % 7}-VISIT_01"
        mha(root / part / f"1ADC_ss/{who}-ADC_ss.mha", adc)
        zmap = np.full((4, 5, 6), -2.5, np.float32)
        mha(root / part / f"2Z_ADC/Zmap_{who}-ADC_smooth2mm_clipped10.mha", zmap)
        mha(root / part / f"{label}/{who}_lesion.mha", (adc > 0).astype(np.uint8))


def atlas2(root: Path) -> None:
    for split, site, who in (("Training", "R001", "r001s001"), ("Testing", "R005", "r005s002")):
        start = root / split / site / f"sub-{who}/ses-1/anat/sub-{who}_ses-1_{SPACE}"
        nifti(Path(f"{start}_T1w.nii.gz"))
        if split == "Training":
            nifti(Path(f"{start}_label-L_desc-T1lesion_mask.nii.gz"), 1)


def wmh(root: Path) -> None:
    labels = np.zeros((4, 5, 6), np.int16)
    labels[0, 0, 0], labels[3, 4, 5] = 1, 2
    for case, mask in (
        ("training/Utrecht/0", labels),
        ("test/Amsterdam/Philips_VU .PETMR_01./160", labels * 0),
    ):
        for name in ("orig/FLAIR", "orig/3DT1", "orig/T1", "pre/FLAIR", "pre/T1"):
            nifti(root / case / f"{name}.nii.gz")
        nifti(root / case / "wmh.nii.gz", mask)
    nifti(root / "additional_annotations/observer_o3/training/Utrecht/0/result.nii.gz", labels)


RELEASES: dict[str, Callable[[Path], None]] = {"bonbid": bonbid, "atlas2": atlas2, "wmh": wmh}


@pytest.fixture
def release(tmp_path: Path) -> Callable[[str], Path]:
    def made(name: str) -> Path:
        RELEASES[name](tmp_path / "release")
        return tmp_path

    return made


def convert(folder: Path, name: str, *options: str) -> Result:
    return CliRunner().invoke(app, ["convert", name, str(folder / "release"), str(folder / "bids"), *options])


def voxels(path: Path) -> np.ndarray:
    return read_image(path, labels=True).data


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.nii.gz"))


def test_bonbid(release: Callable[[str], Path]) -> None:
    folder = release("bonbid")
    result = convert(folder, "bonbid")
    assert result.exit_code == 0, result.stderr
    assert "2 scans, 2 with a lesion mask" in result.stdout
    assert "licence: Creative Commons, non-commercial" in result.stdout
    bids = folder / "bids"
    scans = list_scans(bids)
    assert [scan.label for scan in scans] == ["sub-MGHNICU010_ses-01", "sub-MGHNICU012_ses-01"]
    first = "sub-MGHNICU010/ses-01/dwi/sub-MGHNICU010_ses-01"
    assert scans[0].images == {"ADC": f"{first}_ADC.nii.gz"}
    assert scans[0].lesion_mask == f"derivatives/bonbid/{first}_label-L_mask.nii.gz"
    assert [check_scan(bids, scan) for scan in scans] == [(), ()]
    adc = read_image(bids / scans[0].images["ADC"], labels=True)
    # x 0, y 2, z 1 of the file: in RAS+ the first two axes are turned
    assert np.argwhere(adc.data).tolist() == [[5, 2, 1]]
    assert adc.data.max() == 1234
    assert (adc.affine @ [5, 2, 1, 1]).tolist() == [0, -4, 3, 1]
    zmap = bids / "derivatives/bonbid" / f"{first}_desc-zscore_ADC.nii.gz"
    assert np.unique(voxels(zmap)).tolist() == [-2.5]


def test_atlas2(release: Callable[[str], Path]) -> None:
    folder = release("atlas2")
    result = convert(folder, "atlas2")
    assert "2 scans, 1 with a lesion mask" in result.stdout
    bids = folder / "bids"
    trained, tested = list_scans(bids)
    name = f"sub-r001s001/ses-1/anat/sub-r001s001_ses-1_{SPACE}"
    assert trained.images == {"T1w": f"{name}_T1w.nii.gz"}
    assert trained.lesion_mask == f"derivatives/atlas2/{name}_label-L_desc-T1lesion_mask.nii.gz"
    assert any("its volumes are those of that space" in line for line in trained.decisions)
    assert (tested.label, tested.lesion_mask) == ("sub-r005s002_ses-1", None)
    people = pd.read_csv(bids / "participants.tsv", sep="\t")
    assert people.to_numpy().tolist() == [
        ["sub-r005s002", "R005", "Testing"],
        ["sub-r001s001", "R001", "Training"],
    ]
    source = folder / f"release/Training/R001/{name}_T1w.nii.gz"
    assert (bids / f"{name}_T1w.nii.gz").read_bytes() == source.read_bytes()


def test_wmh_of_which_label_2_is_no_lesion(release: Callable[[str], Path]) -> None:
    folder = release("wmh")
    assert "2 scans, 2 with a lesion mask" in convert(folder, "wmh", "--link").stdout
    bids, derived = folder / "bids", folder / "bids/derivatives/wmh"
    assert files(derived) == [
        "sub-0/anat/sub-0_space-FLAIR_label-L_mask.nii.gz",
        "sub-0/anat/sub-0_space-FLAIR_label-other_mask.nii.gz",
        "sub-160/anat/sub-160_space-FLAIR_label-L_mask.nii.gz",
    ]
    mask, other = (derived / name for name in files(derived)[:2])
    assert np.argwhere(voxels(mask)).tolist() == [[3, 0, 0]]  # stored from right to left
    assert np.argwhere(voxels(other)).tolist() == [[0, 4, 5]]
    assert not voxels(derived / files(derived)[2]).any()  # a reader saw none
    scan = list_scans(bids)[0]
    assert scan.images == {"T1w": "sub-0/anat/sub-0_T1w.nii.gz", "FLAIR": "sub-0/anat/sub-0_FLAIR.nii.gz"}
    assert scan.lesion_mask == f"derivatives/wmh/{files(derived)[0]}"
    assert (bids / scan.images["T1w"]).resolve() == folder / "release/training/Utrecht/0/orig/3DT1.nii.gz"
    people = pd.read_csv(bids / "participants.tsv", sep="\t")
    assert people.to_numpy().tolist() == [
        ["sub-160", "Amsterdam Philips_VU .PETMR_01.", "test", "no"],
        ["sub-0", "Utrecht", "training", "yes"],
    ]


def third_label(folder: Path) -> None:
    nifti(folder / "release/training/Utrecht/0/wmh.nii.gz", 3)


def same_number(folder: Path) -> None:
    nifti(folder / "release/test/Utrecht/0/orig/FLAIR.nii.gz")


def filled(folder: Path) -> None:
    (folder / "bids").mkdir()
    (folder / "bids/mine").touch()


def unknown_t1w(folder: Path) -> None:
    first = next(folder.rglob("*_T1w.nii.gz"))
    shutil.copy(first, first.with_name("sub-x_T1w.nii.gz"))


def no_flair(folder: Path) -> None:
    next(folder.rglob("orig/FLAIR.nii.gz")).unlink()


def odd_name(folder: Path) -> None:
    mha(folder / "release/BONBID2023_Val/1ADC_ss/MGHNICU_013.mha", np.zeros((2, 2, 2), np.int16))


def broken(folder: Path) -> None:
    (folder / "release/test/Amsterdam/Philips_VU .PETMR_01./160/wmh.nii.gz").write_bytes(b"no image")


def not_there(pattern: str) -> Callable[[Path], None]:
    """Return what makes a file a link to content that was not fetched, as in a clone by datalad."""

    def spoil(folder: Path) -> None:
        path = next((folder / "release").rglob(pattern))
        path.unlink()
        path.symlink_to("../.git/annex/objects/none")

    return spoil


def renamed(pattern: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        path = next((folder / "release").rglob(pattern))
        path.rename(path.with_name(path.name.replace(old, new)))

    return spoil


@pytest.mark.parametrize(
    ("held", "asked", "spoil", "told"),
    [
        (
            "atlas2",
            "wmh",
            None,
            "is not laid out as WMH Segmentation Challenge; expected below it: ",
        ),
        ("wmh", "bonbid", None, "is not laid out as BONBID-HIE"),
        ("bonbid", "atlas2", None, "is not laid out as ATLAS v2.0"),
        ("wmh", "wmh", third_label, "wmh.nii.gz: holds the labels [3]; 0, 1 and 2 are known"),
        ("wmh", "wmh", same_number, "holds two scans called sub-0"),
        ("wmh", "wmh", filled, "bids: is not an empty folder"),
        ("wmh", "wmh", broken, "160/wmh.nii.gz: "),
        ("bonbid", "bonbid", odd_name, "MGHNICU_013.mha: is not named as in the release"),
        ("atlas2", "atlas2", unknown_t1w, "sub-x_T1w.nii.gz: is not named as in the release"),
        ("wmh", "wmh", no_flair, "wmh.nii.gz: has no orig/FLAIR.nii.gz beside it"),
        ("wmh", "wmh", not_there("wmh.nii.gz"), "wmh.nii.gz: is a link to content"),
        ("wmh", "wmh", not_there("3DT1.nii.gz"), "3DT1.nii.gz: is a link to content"),
        ("atlas2", "atlas2", not_there("*_mask.nii.gz"), "_mask.nii.gz: is a link to content"),
        ("atlas2", "atlas2", renamed("*_mask.nii.gz", "T1l", "T1L"), "_mask.nii.gz: is not named as in the"),
        ("atlas2", "atlas2", renamed("*_mask.nii.gz", "s001", "s009"), "_mask.nii.gz: has no sub-r"),
        ("bonbid", "bonbid", not_there("*_lesion.mha"), "_lesion.mha: is a link to content"),
        ("bonbid", "bonbid", renamed("*_lesion.mha", "_01", "_02"), "_lesion.mha: has no ../1ADC_ss/MGH"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    release: Callable[[str], Path], held: str, asked: str, spoil: Callable[[Path], None] | None, told: str
) -> None:
    folder = release(held)
    if spoil:
        spoil(folder)
    before = sorted(folder.rglob("*"))
    result = convert(folder, asked)
    assert result.exit_code == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


def test_the_source_is_only_read(release: Callable[[str], Path]) -> None:
    folder = release("wmh")
    words = ["convert", "wmh", str(folder / "release"), str(folder / "release/bids")]
    assert "lies in the source" in CliRunner().invoke(app, words).stderr
