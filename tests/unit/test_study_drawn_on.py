"""A given mask moves with the image that it was drawn on; without a hint, the doubt is told."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from qc_case import case_of, flags_of
from scipy import ndimage

from cpimaging.bids.scan import Scan
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json, write_json
from cpimaging.layout import sidecar_path
from cpimaging.masks import place_mask
from cpimaging.qc.case import Drawn
from cpimaging.registration import resample
from cpimaging.stages import preprocess, register
from cpimaging.stages.qc import _drawn
from cpimaging.study.drawn_on import read_lesion
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import Image, InputError

pytestmark = pytest.mark.slow

ANAT = "sub-01/anat/sub-01"
SHIFT = np.array([[1.0, 0, 0, 2], [0, 1, 0, 7], [0, 0, 1, 3], [0, 0, 0, 1]])
"""From points of the reference to those of the other contrast: 7.9 mm, below every limit of alignment."""


def held(brain: Image, drawn: Mapping[str, Drawn]) -> dict[str, bool]:
    """Whether each check of where given masks lie holds."""
    found = flags_of(case_of(brain=brain, drawn=drawn), "position_doubt_mm", "drawn_on")
    return {name: flag.ok for name, flag in found.items()}


@pytest.fixture(scope="module")
def brain(blob_brain: Image) -> Image:
    """A bare brain of 290 ml, voxels of 2.5 mm."""
    return Image(blob_brain.data, np.diag([1.25, 1.25, 1.25, 1]) @ blob_brain.affine)


@pytest.fixture(scope="module")
def lesion(brain: Image) -> np.ndarray:
    """Two boxes beside the middle, of unequal size."""
    data = np.zeros(brain.shape, bool)
    data[10:15, 18:26, 16:22] = True
    data[24:28, 20:25, 15:19] = True
    return data


class Data:
    """A dataset of a T1w and other images; the brain of each is the same, moved."""

    def __init__(self, folder: Path, brain: Image) -> None:
        self.folder, self.brain = folder, brain
        self.images: dict[str, str] = {}
        self.add("T1w", "T1w", brain.data, brain.affine)

    def add(self, contrast: str, name: str, data: np.ndarray, affine: np.ndarray, used: bool = True) -> None:
        path = f"{ANAT}_{name}.nii.gz"
        grey = data if contrast == "T1w" else np.where(data > 0, 250 - data, 0)
        write_image(self.folder / path, Image(grey.astype(np.float32), affine))
        if used:
            self.images[contrast] = path

    def job(
        self, mask: Image, name: str, kind: str = "lesion_mask", sidecar: Mapping[str, str] | None = None
    ) -> Job:
        path = f"derivatives/{name}.nii.gz"
        write_image(self.folder / path, mask)
        if sidecar:
            write_json(self.folder / f"derivatives/{name}.json", sidecar)
        scan = Scan("01", None, self.images, **{kind: path}, lesion_source="derivatives")
        write_plan(self.folder / "out", self.folder, [scan])
        job = Job(self.folder / "out", "sub-01", engine="identity", detection="off")
        preprocess.run(job)
        if kind == "lesion_mask":
            register.run(job)
        return job


def on_reference(job: Job, brain: Image) -> np.ndarray:
    mask, _ = read_lesion(job, job.dataset / str(job.scan.lesion_mask))
    return np.asarray(place_mask(mask, brain)[0].data)


def record(job: Job) -> dict[str, object]:
    content: dict[str, object] = read_json(sidecar_path(job.files.xfm_to_scan("T1w")))
    return content


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return float(2 * (a & b).sum() / (a.sum() + b.sum()))


@pytest.fixture
def data(tmp_path: Path, brain: Image) -> Data:
    return Data(tmp_path, brain)


def part(data: np.ndarray, affine: np.ndarray, low: tuple[int, int, int]) -> Image:
    start = affine.copy()
    start[:3, 3] = (affine @ [*low, 1])[:3]
    return Image(data[tuple(slice(n, None) for n in low)], start)


CASES = {
    "its name": ("sub-01_acq-spc3_run-6_T2w_desc-lesion_mask", None),
    "its name's space": ("sub-01_space-T2w_label-L_mask", None),
    "its grid alone": ("sub-01_space-orig_label-L_mask", None),
    "its sidecar": ("sub-01_label-L_mask", {"SpatialReference": "bids::sub-01/anat/sub-01_T2w.nii.gz"}),
}


@pytest.mark.parametrize("says", CASES)
@pytest.mark.parametrize("grid", ["same shape", "one slice less", "cropped"])
def test_a_mask_drawn_on_a_contrast_moves_with_it(
    data: Data, brain: Image, lesion: np.ndarray, says: str, grid: str
) -> None:
    """The T2w lies 7.9 mm elsewhere by its header; truth is the lesion at the same voxels of the T1w."""
    affine = SHIFT @ brain.affine
    low = (0, 0, 1) if grid == "one slice less" else (0, 0, 0)
    t2w = part(brain.data, affine, low)
    data.add("T2w", "T2w", t2w.data, t2w.affine)
    mask = part(lesion, affine, (8, 15, 12) if grid == "cropped" else low)
    job = data.job(mask, *CASES[says][:1], sidecar=CASES[says][1])
    found = on_reference(job, brain)
    assert dice(found, lesion) > 0.9
    assert dice(place_mask(mask, brain)[0].data, lesion) < 0.5  # where it would stay behind
    said = record(job)
    assert said["LesionDrawnOn"] == f"{ANAT}_T2w.nii.gz"
    assert said["LesionDoubtMillimetres"] == 0
    assert np.allclose(said["LesionFromReference"], SHIFT, atol=0.3)
    moved, notes = read_lesion(job, job.dataset / str(job.scan.lesion_mask))
    assert np.array_equal(moved.data, mask.data)
    assert any("drawn on sub-01/anat/sub-01_T2w.nii.gz, moved with it by 7." in note for note in notes)
    flags = held(brain, _drawn(job))
    assert flags == {"lesion_mask_position_doubt_mm": True}


def shown_elsewhere(brain: Image) -> np.ndarray:
    """The brain 10 mm further to the front, on the same grid: the patient moved, the header did not."""
    return np.asarray(ndimage.shift(brain.data, (0, 4, 0), order=0))


@pytest.mark.parametrize("name", ["sub-01_label-L_mask", "sub-01_T1w_desc-lesion_mask", "sub-01_T2w_lesion"])
def test_on_one_grid_only_a_name_can_tell(data: Data, brain: Image, lesion: np.ndarray, name: str) -> None:
    data.add("T2w", "T2w", shown_elsewhere(brain), brain.affine)
    job = data.job(Image(lesion, brain.affine), name)
    found = on_reference(job, brain)
    expected = ndimage.shift(lesion, (0, -4, 0), order=0) if "T2w" in name else lesion
    assert dice(found, expected) > 0.9
    doubt = record(job)["LesionDoubtMillimetres"]
    notes = " ".join(record(job)["Notes"])
    flags = held(brain, _drawn(job))
    if name == "sub-01_label-L_mask":
        assert doubt == pytest.approx(10, abs=0.6)
        assert "nothing says on which image it was drawn, and T1w, T2w lie up to" in notes
        assert flags == {"lesion_mask_position_doubt_mm": False}
    else:
        assert doubt == 0
        assert "nothing says" not in notes
        assert flags == {"lesion_mask_position_doubt_mm": True}


def test_a_mask_that_was_brought_to_the_reference_stays_there(
    data: Data, brain: Image, lesion: np.ndarray
) -> None:
    """Seen on the T2w by its name, but on the grid that only the T1w has."""
    data.add("T2w", "T2w", brain.data, SHIFT @ brain.affine)
    job = data.job(Image(lesion, brain.affine), "sub-01_T2w_desc-lesion_mask")
    assert np.array_equal(on_reference(job, brain), lesion)
    assert record(job)["LesionDrawnOn"] == f"{ANAT}_T1w.nii.gz"


def test_a_mask_of_an_image_that_is_not_given_is_told(data: Data, brain: Image, lesion: np.ndarray) -> None:
    """The trace image of a diffusion series is named, and the scan has no ADC of it."""
    coarse = Image(np.zeros((20, 24, 18)), brain.affine @ np.diag([2.0, 2, 2, 1]))
    mask = resample(Image(lesion, brain.affine), coarse, mode="nearest")
    job = data.job(mask, "sub-01_space-TRACE_lesion")
    assert record(job)["LesionDrawnOn"] is None
    assert any("an image that is not given" in note for note in record(job)["Notes"])
    flags = held(brain, _drawn(job))
    assert flags == {"lesion_mask_position_doubt_mm": True, "lesion_mask_drawn_on": False}


@pytest.mark.parametrize(
    "name", ["sub-01_T2w_brainmask", "sub-01_space-T2w_desc-brain_mask", "sub-01_desc-brain_mask"]
)
def test_a_brain_mask_moves_with_its_contrast(data: Data, brain: Image, name: str) -> None:
    affine = SHIFT @ brain.affine
    data.add("T2w", "T2w", brain.data, affine)
    truth = brain.data > 0
    job = data.job(Image(truth, affine), name, "brain_mask")
    found = read_image(job.files.brain_mask, labels=True).data > 0
    assert dice(found, truth) > 0.97
    assert read_json(sidecar_path(job.files.brain_mask))["DrawnOn"] == f"{ANAT}_T2w.nii.gz"


def test_a_brain_mask_of_another_run_moves_with_that_run(data: Data, brain: Image) -> None:
    """The first run, on the same grid, showed the head 10 mm further to the front; only its mask is there."""
    data.add("T1w", "run-01_T1w", shown_elsewhere(brain), brain.affine, used=False)
    data.add("T1w", "run-02_T1w", brain.data, brain.affine)
    mask = Image(shown_elsewhere(brain) > 0, brain.affine)
    job = data.job(mask, "sub-01_run-01_desc-brain_mask", "brain_mask")
    truth = brain.data > 0
    assert dice(mask.data, truth) < 0.93
    assert dice(read_image(job.files.brain_mask, labels=True).data > 0, truth) > 0.97
    assert read_json(sidecar_path(job.files.brain_mask))["DrawnOn"] == "sub-01_run-01_T1w.nii.gz"


def test_a_brain_mask_that_fits_two_contrasts_apart_is_told(data: Data, brain: Image) -> None:
    data.add("T2w", "T2w", shown_elsewhere(brain), brain.affine)
    job = data.job(Image(brain.data > 0, brain.affine), "sub-01_desc-brain_mask", "brain_mask")
    assert read_json(sidecar_path(job.files.brain_mask))["DoubtMillimetres"] == pytest.approx(10, abs=0.6)
    notes = read_json(sidecar_path(job.files.preproc("T1w")))["Notes"]
    assert any(note.startswith("brain mask: nothing says on which image") for note in notes)


def test_a_lost_header_is_told_with_the_image_whose_shape_it_has(data: Data, brain: Image) -> None:
    shape = (20, 24, 18)
    coarse = Image(np.zeros(shape), SHIFT @ brain.affine @ np.diag([2.0, 2, 2, 1]))
    t2w = resample(Image(brain.data, SHIFT @ brain.affine), coarse)
    data.add("T2w", "T2w", t2w.data, t2w.affine)
    with pytest.raises(InputError, match="if it was drawn on sub-01/anat/sub-01_T2w"):
        data.job(Image(np.ones(shape, bool), brain.affine @ np.diag([2.0, 2, 2, 1])), "sub-01_lesion")


def test_the_limit_of_doubt_is_a_voxel() -> None:
    grid = Image(np.ones((1, 1, 1), bool), np.diag([3.0, 1.0, 2.0, 1.0]))
    assert list(held(grid, {"lesion_mask": Drawn(True, 1.0)}).values()) == [True]
    assert list(held(grid, {"lesion_mask": Drawn(True, 1.1)}).values()) == [False]
    assert held(grid, {"lesion_mask": Drawn(False, 0.0)}) == {
        "lesion_mask_position_doubt_mm": True,
        "lesion_mask_drawn_on": False,
    }
