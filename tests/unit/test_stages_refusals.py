"""What cannot be registered ends in one plain line, and nothing is written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cpimaging.bids.scan import Scan
from cpimaging.images import write_image
from cpimaging.registration import Transform
from cpimaging.registration.engines import ENGINES
from cpimaging.registration.identity import Identity
from cpimaging.stages import preprocess, register
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import Image, InputError

pytestmark = pytest.mark.slow


def planned(folder: Path, image: Image, brain: Image | None = None) -> Job:
    """A dataset of one T1w, with a brain mask if given."""
    path, mask = "sub-01/anat/sub-01_T1w.nii.gz", "derivatives/sub-01_desc-brain_mask.nii.gz"
    write_image(folder / "bids" / path, image)
    if brain is not None:
        write_image(folder / "bids" / mask, brain)
    write_plan(
        folder / "out", folder / "bids", [Scan("01", None, {"T1w": path}, brain_mask=mask if brain else None)]
    )
    return Job(folder / "out", "sub-01")


def run(job: Job) -> None:
    preprocess.run(job)
    register.run(job)


def refusal(job: Job) -> str:
    with pytest.raises(InputError) as error:
        run(job)
    line = str(error.value)
    assert "\n" not in line
    assert not Path(job.files.xfm_to_scan("T1w")).exists()
    assert not Path(job.files.xfm_to_template("T1w")).exists()
    return line


def test_an_image_of_zeros(tmp_path: Path, blob_brain: Image) -> None:
    nothing = blob_brain.with_data(np.zeros(blob_brain.shape, np.float32))
    assert "holds only zeros" in refusal(planned(tmp_path, nothing))


def test_two_voxels_of_brain(tmp_path: Path, blob_brain: Image) -> None:
    mask = blob_brain.with_data(np.zeros(blob_brain.shape, np.uint8))
    mask.data[20, 24, 17:19] = 1
    line = refusal(planned(tmp_path, blob_brain, mask))
    assert "the brain mask holds 0 ml" in line
    few = blob_brain.with_data(np.where(mask.data > 0, blob_brain.data, 0))
    assert "shows 0.0 ml, less than a brain" in refusal(planned(tmp_path / "extracted", few))


class Lost(Identity):
    """An engine whose fit gives what it is told."""

    def __init__(self, matrix: np.ndarray, shift: float = 0.0) -> None:
        self.matrix, self.shift = matrix, shift

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> np.ndarray:
        return self.matrix

    def deformable(self, *args: object) -> Transform:
        found = super().deformable(*args)  # type: ignore[arg-type]
        found.to_scan.data[3, 4, 5] = self.shift
        return found


@pytest.mark.parametrize(
    ("engine", "problem"),
    [
        (Lost(np.full((4, 4), np.nan)), "the affine fit gave no numbers"),
        (Lost(np.diag([1.0, -1, 1, 1])), "mirrors or flattens the brain"),
        (Lost(np.diag([30.0, 30, 30, 1])), "stretches the brain by 30 × 30 × 30"),
        (Lost(np.eye(4), np.nan), "the deformable fit gave no numbers"),
    ],
    ids=["not a number", "mirrored", "run away", "field"],
)
def test_a_registration_that_converged_to_nothing(
    tmp_path: Path, blob_brain: Image, monkeypatch: pytest.MonkeyPatch, engine: Lost, problem: str
) -> None:
    monkeypatch.setattr(register, "ENGINES", {"greedy": replace(ENGINES["greedy"], method=engine)})
    brain = blob_brain.with_data((blob_brain.data > 0).astype(np.uint8))
    line = refusal(planned(tmp_path, blob_brain, brain))
    assert line.startswith("sub-01/anat/sub-01_T1w.nii.gz: could not be registered, ")
    assert problem in line
