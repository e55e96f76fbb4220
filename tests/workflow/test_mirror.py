"""Left is left: a brain and its mirror image give mirrored results, from raw images to the call."""

import shutil
from importlib import import_module
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cpimaging.atlases import load_template
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.images import read_displacement, read_image
from cpimaging.io import read_json, read_table
from cpimaging.registration import moved_points
from cpimaging.simulate import simulate
from cpimaging.stages import index
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.plan import write_plan
from cpimaging.types import LESIONLOAD_COLUMNS, LESIONS_COLUMNS

FLIP = np.array([-1.0, 1.0, 1.0])
SWAP = {"left": "right", "right": "left", "midline": "midline"}
UP_TO_SCORE = SCAN_STAGES[: SCAN_STAGES.index("score") + 1]


def mirror(path: Path) -> None:
    """Reflect an image in the plane x = 0 of the world by turning its voxels over; the affine stays RAS+."""
    image = nib.load(path)
    affine = image.affine.copy()
    affine[0, 3] = -(affine[0, 0] * (image.shape[0] - 1) + affine[0, 3])
    nib.save(nib.Nifti1Image(np.asanyarray(image.dataobj)[::-1], affine, image.header), path)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Job, Job]:
    """An infarct of one side, and the same in the mirror."""
    folder = tmp_path_factory.mktemp("mirror")
    jobs = []
    for name in ("plain", "mirrored"):
        bids, out = folder / name / "bids", folder / name / "out"
        if name == "plain":
            simulate(bids, n=1, seed=3, voxel_mm=3, contrasts=("T1w", "FLAIR"), patterns=["mca_infarct"])
        else:
            shutil.copytree(folder / "plain/bids", bids)
            for path in (*bids.glob("sub-*/anat/*.nii.gz"), *bids.glob("derivatives/**/*.nii.gz")):
                mirror(path)
        write_plan(out, bids, with_demographics(bids, list_scans(bids)))
        index.run(out)
        job = Job(out, "sub-01")
        for stage in UP_TO_SCORE:
            import_module(f"cpimaging.stages.{stage}").run(job)
        jobs.append(job)
    return jobs[0], jobs[1]


def test_the_transforms_are_mirror_images_of_each_other(both: tuple[Job, Job]) -> None:
    """Within half a millimetre on average, where 12 mm were to be moved, at voxels of 3 mm."""
    scan, template = read_image(both[0].files.preproc("T1w")), load_template().t1w
    for image, way in ((scan, "xfm_to_scan"), (template, "xfm_to_template")):
        plain, mirrored = (read_displacement(getattr(job.files, way)("T1w")) for job in both)
        points = np.argwhere(image.data > 0)[::29] @ image.affine[:3, :3].T + image.affine[:3, 3]
        moved = moved_points(points, plain)
        apart_mm = np.linalg.norm(moved_points(points * FLIP, mirrored) - moved * FLIP, axis=1)
        assert apart_mm.mean() < 0.5, way
        assert np.linalg.norm(moved - points, axis=1).mean() > 5, way  # there was something to do


def lesion_mm3(job: Job) -> pd.Series:
    """Return the lesion volume by structure and side."""
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    return load[load["tissue"] != "overlay"].groupby(["structure", "side"])["lesion_volume_mm3"].sum()


def test_the_side_is_that_of_the_truth_and_of_the_world(both: tuple[Job, Job]) -> None:
    job = both[0]
    side = read_table(job.dataset / "sourcedata/truth/truth.tsv")["side"].item()
    assert job.lesion is not None
    mask = read_image(job.lesion, labels=True)
    x_mm = (np.argwhere(mask.data) @ mask.affine[:3, :3].T + mask.affine[:3, 3])[:, 0].mean()
    assert side == ("left" if x_mm < 0 else "right")
    by_side = lesion_mm3(job).groupby("side").sum()
    assert by_side[side] > 20 * by_side[SWAP[side]]
    assert read_json(job.files.pattern)["mrics"]["side"] == side


def test_each_structure_has_the_lesion_of_its_mirror_image(both: tuple[Job, Job]) -> None:
    """Within 10 % of the lesion, all structures together: the two are registered each for itself."""
    plain, mirrored = (lesion_mm3(job) for job in both)
    assert plain.sum() == mirrored.sum() > 1000
    turned = mirrored.rename(index=SWAP, level="side").reindex(plain.index)
    assert turned.notna().all()
    assert (plain - turned).abs().sum() < 0.1 * plain.sum()
    assert (plain - mirrored).abs().sum() > 1.5 * plain.sum()  # and unturned it does not fit


def test_the_lesions_change_sides(both: tuple[Job, Job]) -> None:
    plain, mirrored = (read_table(job.files.lesions, LESIONS_COLUMNS) for job in both)
    assert plain["volume_mm3"].tolist() == mirrored["volume_mm3"].tolist()
    assert plain["side"].map(SWAP).tolist() == mirrored["side"].tolist()
    assert plain["centroid_x_mm"].to_numpy() == pytest.approx(-mirrored["centroid_x_mm"].to_numpy(), abs=1e-3)
    assert plain["centroid_y_mm"].to_numpy() == pytest.approx(mirrored["centroid_y_mm"].to_numpy(), abs=1e-3)


def test_the_call_is_the_same_and_its_side_the_other(both: tuple[Job, Job]) -> None:
    plain, mirrored = (read_json(job.files.pattern) for job in both)
    assert plain["dominance"]["call"] == mirrored["dominance"]["call"] == "cortex"
    assert plain["mrics"]["subgroup"] == mirrored["mrics"]["subgroup"] == "C3"
    assert {plain["mrics"]["side"], mirrored["mrics"]["side"]} == {"left", "right"}
    index_plain, index_mirrored = (p["dominance"]["laterality_index"] for p in (plain, mirrored))
    assert index_plain == pytest.approx(-index_mirrored, abs=0.1)
    assert abs(index_plain) > 0.5
