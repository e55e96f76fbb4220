"""Which contrast's grid is taken, from headers and age."""

from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from bids_trees import describe, plant

from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.bids.reference import choose_references

NAME = "sub-1/anat/sub-1_{}.nii.gz"
WHOLE = {"T1w": (1.0, 1.0, 1.0), "T2w": (1.0, 1.0, 1.0), "FLAIR": (1.0, 1.0, 1.0)}


def dataset(root: Path, voxels: dict[str, tuple[float, float, float]], *, slab: str = "") -> Path:
    """Images of 160 × 180 × 140 mm, or 160 × 180 × 30 mm for the slab, with these voxel edges."""
    describe(root)
    for contrast, edges in voxels.items():
        extent = np.array([160, 180, 30 if contrast == slab else 140])
        shape = np.round(extent / edges).astype(int)
        path = root / NAME.format(contrast)
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(nib.Nifti1Image(np.zeros(shape, np.uint8), np.diag([*edges, 1.0])), path)
    return root


@pytest.mark.parametrize(
    ("voxels", "reference"),
    [
        (WHOLE, "T1w"),
        ({"T1w": (0.9, 0.9, 5.0), "T2w": (1.0, 1.0, 1.0)}, "T2w"),
        ({"T1w": (0.9, 0.9, 3.0), "T2w": (0.6, 0.6, 3.3), "FLAIR": (0.7, 0.7, 3.0)}, "T1w"),
        ({"T1w": (1.0, 1.0, 1.4), "FLAIR": (0.8, 0.8, 0.8)}, "T1w"),
        ({"T1w": (1.0, 1.0, 4.4), "FLAIR": (1.0, 1.0, 3.0)}, "T1w"),
        ({"T1w": (1.0, 1.0, 4.6), "FLAIR": (1.0, 1.0, 3.0)}, "FLAIR"),
        ({"T1w": (5.0, 0.9, 0.9), "T2w": (0.9, 4.0, 0.9), "FLAIR": (1.0, 1.0, 1.2)}, "FLAIR"),
    ],
)
def test_clearly_finer_wins_else_t1w(tmp_path: Path, voxels: dict, reference: str) -> None:
    (scan,) = choose_references(tmp_path, list_scans(dataset(tmp_path, voxels)))
    assert scan.reference == reference
    if reference == "T1w":
        assert scan.decisions == ()
    else:
        (line,) = scan.decisions
        longest = max(voxels["T1w"])
        assert line.startswith(f"reference: {reference} is used, not T1w: its voxels are up to ")
        assert line.endswith(f"those of T1w {longest:.1f} mm")


def test_a_fine_slab_is_no_reference(tmp_path: Path) -> None:
    voxels = {"T1w": (1.0, 1.0, 5.0), "T2w": (0.4, 0.4, 2.0)}
    dataset(tmp_path, voxels, slab="T2w")
    (scan,) = choose_references(tmp_path, list_scans(tmp_path))
    assert scan.reference == "T1w"
    dataset(tmp_path, {"T1w": (1.0, 1.0, 1.0), "T2w": (1.0, 1.0, 4.0)}, slab="T1w")
    (scan,) = choose_references(tmp_path, list_scans(tmp_path))
    assert scan.reference == "T2w"
    assert scan.decisions == ("reference: T2w is used, not T1w: T1w covers only 30 mm",)


@pytest.mark.parametrize(
    ("months", "reference"), [("0", "T2w"), ("8.9", "T2w"), ("9.1", "T1w"), ("n/a", "T1w")]
)
def test_t2w_goes_first_below_nine_months(tmp_path: Path, months: str, reference: str) -> None:
    dataset(tmp_path, WHOLE)
    (tmp_path / "participants.tsv").write_text(f"participant_id\tage_months\nsub-1\t{months}\n")
    (scan,) = choose_references(tmp_path, with_demographics(tmp_path, list_scans(tmp_path)))
    assert scan.reference == reference
    assert len(scan.decisions) == (reference == "T2w")


def test_an_infants_coarse_t2w_does_not_win(tmp_path: Path) -> None:
    (scan,) = list_scans(dataset(tmp_path, {**WHOLE, "T2w": (0.5, 0.5, 4.0)}))
    (scan,) = choose_references(tmp_path, [replace(scan, age_years=0.1)])
    assert scan.reference == "T1w"


def test_headers_that_cannot_be_read_leave_the_order_by_name(tmp_path: Path) -> None:
    plant(tmp_path, NAME.format("T2w"), NAME.format("T1w"), "sub-2/anat/sub-2_T2w.nii.gz")
    scans = choose_references(tmp_path, list_scans(tmp_path))
    assert [scan.reference for scan in scans] == ["T1w", "T2w"]
    assert scans == list_scans(tmp_path)


@pytest.mark.parametrize("shape", [(160,), (160, 180), (160, 180, 140, 3), (160, 180, 1)])
def test_an_image_that_cannot_be_used_stops_no_planning(tmp_path: Path, shape: tuple[int, ...]) -> None:
    dataset(tmp_path, {"T1w": (1.0, 1.0, 5.0), "T2w": (1.0, 1.0, 1.0)})
    nib.save(nib.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4)), tmp_path / NAME.format("T2w"))
    (scan,) = choose_references(tmp_path, list_scans(tmp_path))
    assert scan.reference == "T1w"
