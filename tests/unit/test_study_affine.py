"""The affine of a scan as a file: every digit, and one line where it is gone."""

from pathlib import Path

import numpy as np
import pytest

from cpimaging.bids.scan import Scan
from cpimaging.io import read_json
from cpimaging.study.affine import read_affine, write_affine
from cpimaging.study.job import Job
from cpimaging.study.plan import Entry
from cpimaging.types import InputError

NAME = "sub-01_from-T1w_to-MNI152NLin2009aSym_mode-points_desc-affine_xfm"


@pytest.fixture
def job(tmp_path: Path) -> Job:
    scan = Scan("01", None, {"T1w": "sub-01/anat/sub-01_T1w.nii.gz"})
    return Job(tmp_path, "sub-01", planned=Entry(tmp_path, scan))


def test_a_matrix_comes_back_to_the_bit(job: Job, rng: np.random.Generator) -> None:
    matrix = np.eye(4)
    matrix[:3] = rng.standard_normal((3, 4)) * [1, 1e-12, 1e3, 1e9]
    write_affine(job, matrix, ["sub-01/anat/sub-01_T1w.nii.gz"])
    assert read_affine(job).tobytes() == matrix.tobytes()


def test_the_file_is_four_rows_of_numbers(job: Job) -> None:
    matrix = np.array([[1.1, 0, 0, -3], [0, 0.1 + 0.2, 0, 0], [0, 0, 1, 2.5], [0, 0, 0, 1]])
    write_affine(job, matrix, ["sub-01/anat/sub-01_T1w.nii.gz"])
    folder = job.output / "sub-01/anat"
    assert (folder / f"{NAME}.txt").read_text() == (
        "1.1 0.0 0.0 -3.0\n0.0 0.30000000000000004 0.0 0.0\n0.0 0.0 1.0 2.5\n0.0 0.0 0.0 1.0\n"
    )
    told = read_json(folder / f"{NAME}.json")
    assert (told["FromSpace"], told["ToSpace"]) == ("orig", "MNI152NLin2009aSym")
    assert told["Sources"] == ["sub-01/anat/sub-01_T1w.nii.gz"]


@pytest.mark.parametrize(
    "text", [None, "", "1 0 0\n0 1 0\n", "a matrix\n"], ids=["gone", "empty", "2×3", "words"]
)
def test_what_is_no_matrix_is_told_in_one_line(job: Job, text: str | None) -> None:
    path = job.output / f"sub-01/anat/{NAME}.txt"
    path.parent.mkdir(parents=True)
    if text is not None:
        path.write_text(text)
    with pytest.raises(InputError, match="is missing, or no 4 × 4 matrix; register the scan again"):
        read_affine(job)
