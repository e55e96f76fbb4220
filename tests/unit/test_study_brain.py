"""Where the brain mask of a scan comes from, and which masks are refused."""

import sys
from pathlib import Path

import numpy as np
import pytest

from cpimaging.bids.scan import Scan
from cpimaging.extract import Extraction
from cpimaging.images import read_image, write_image
from cpimaging.study import brain
from cpimaging.study.brain import check_command, find_brain
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import Image, InputError

SHAPE = (30, 36, 26)
GRID = np.diag([5.0, 5.0, 5.0, 1.0])


def ellipsoid(scale: float) -> np.ndarray:
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) * n * 5 / 2 for n in SHAPE), indexing="ij")
    return np.asarray((x / 60) ** 2 + (y / 75) ** 2 + (z / 55) ** 2 < scale**2)


BRAIN = ellipsoid(1.0)
OPEN_RIM = BRAIN & ~ellipsoid(0.92)
OPEN_RIM[:, :, :8] = False


def head(folder: Path, background: float = 3.0) -> Path:
    data = np.where(BRAIN, 80.0, np.where(ellipsoid(1.15), 150.0, background)).astype(np.float32)
    write_image(folder / "t1.nii.gz", Image(data, GRID))
    return folder / "t1.nii.gz"


def job(folder: Path, mask: str | None = None, command: str = "") -> Job:
    write_plan(folder / "out", folder, [Scan("1", None, {"T1w": "t1.nii.gz"}, brain_mask=mask)])
    return Job(folder / "out", "sub-1", brain_command=command)


def write_mask(path: Path, mask: np.ndarray) -> str:
    write_image(path, Image(mask.astype(np.uint8), GRID))
    return path.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name needs quotes."""
    path = tmp_path / "a study's $(data)"
    path.mkdir()
    return path


def test_a_given_mask_goes_before_all_else(folder: Path) -> None:
    path = head(folder)
    mask = write_mask(folder / "m.nii.gz", BRAIN)
    found = find_brain(job(folder, mask, command="false {image} {out}"), read_image(path), path)
    assert found.source == "given"
    assert np.array_equal(found.mask, BRAIN)
    (folder / "derivatives").mkdir()
    write_mask(folder / "derivatives/m.nii.gz", BRAIN)
    found = find_brain(job(folder, "derivatives/m.nii.gz"), read_image(path), path)
    assert found.source == "found in derivatives"


def test_a_bare_brain_needs_nothing(folder: Path) -> None:
    write_image(folder / "t1.nii.gz", Image(np.where(BRAIN, 80.0, 0.0).astype(np.float32), GRID))
    found = find_brain(
        job(folder, command="false {image} {out}"), read_image(folder / "t1.nii.gz"), folder / "t1.nii.gz"
    )
    assert found.source == "image already brain-extracted"
    assert np.array_equal(found.mask, BRAIN)


TOOL = """
import sys, nibabel, numpy
image = nibabel.load(sys.argv[1])
mask = (abs(image.get_fdata() - 80) < 1).astype("uint8")
nibabel.save(nibabel.Nifti1Image(mask * int(sys.argv[3]), image.affine), sys.argv[2])
"""


def tool(folder: Path, value: int) -> str:
    (folder.parent / "tool.py").write_text(TOOL)
    return f"{sys.executable} {folder.parent / 'tool.py'} {{image}} {{out}} {value}"


def test_a_command_draws_the_mask_and_leaves_nothing_behind(folder: Path) -> None:
    path = head(folder)
    one = job(folder, command=tool(folder, 255))
    found = find_brain(one, read_image(path), path)
    assert found.source == "brain_command"
    assert np.array_equal(found.mask, BRAIN)
    assert "mask values 0 and 255: the higher counts" in found.notes[0]
    assert list(Path(one.files.brain_mask).parent.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("false {image} {out}", "brain_command: ended with code 1"),
        ("true {image} {out}", "wrote no mask"),
        ("true {T1w} {out}", "unknown placeholder {T1w}"),
        ("true {image}", "has no {out}"),
        ("true {image} {out} {", "cannot be read"),
    ],
)
def test_a_command_that_fails_says_so_in_one_line(folder: Path, command: str, problem: str) -> None:
    path = head(folder)
    with pytest.raises(InputError) as error:
        find_brain(job(folder, command=command), read_image(path), path)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_command_draws_is_checked(folder: Path) -> None:
    path = head(folder)
    with pytest.raises(InputError, match="does not meet the scan"):
        find_brain(job(folder, command=tool(folder, 0)), read_image(path), path)
    check_command("")  # none is set


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (ellipsoid(0.3), "holds 25 ml"),
        (np.ones(SHAPE, bool), "holds 3510 ml"),
        (OPEN_RIM, "nowhere deeper than 5 mm"),
    ],
    ids=["a nucleus", "all", "a rim"],
)
def test_a_mask_that_no_brain_has_is_refused(folder: Path, mask: np.ndarray, problem: str) -> None:
    path = head(folder)
    with pytest.raises(InputError, match=problem):
        find_brain(job(folder, write_mask(folder / "m.nii.gz", mask)), read_image(path), path)


def test_our_own_extraction_comes_last_and_must_be_sure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = head(folder)
    monkeypatch.setattr(brain, "extract_brain", lambda scan, template: Extraction(BRAIN, 0.95))
    found = find_brain(job(folder), read_image(path), path)
    assert found.source == "found in the head by cpimaging"
    assert found.fields == {"SurfaceAgreement": 0.95}
    monkeypatch.setattr(brain, "extract_brain", lambda scan, template: Extraction(BRAIN, 0.79))
    with pytest.raises(InputError, match=r"agree only to 0\.79"):
        find_brain(job(folder), read_image(path), path)


def test_few_slices_of_a_head_are_not_searched(folder: Path) -> None:
    path = head(folder)
    image = read_image(path)
    few = Image(image.data[:, :, 8:13], image.affine)
    with pytest.raises(InputError, match="covers only 25 mm of the head"):
        find_brain(job(folder), few, path)
