import sys
from pathlib import Path

import numpy as np
import pytest

from cpimaging.bids.scan import Scan
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json
from cpimaging.layout import sidecar_path
from cpimaging.stages.command import check_command, run
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import Image, InputError

AFFINE = np.diag([2.0, 2.0, 2.5, 1.0])
TOOL = """
import sys
import nibabel as nib
import numpy as np
image, brain, out = (sys.argv[1], sys.argv[2], sys.argv[3])
flair = nib.load(image)
data = (flair.get_fdata() > 0.5) & (nib.load(brain).get_fdata() > 0)
nib.save(nib.Nifti1Image(data.astype(np.uint8), flair.affine), out)
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A preprocessed scan with T1w and FLAIR, its folder with a space in the name; bright box on FLAIR."""
    out = tmp_path / "a study"
    scan = Scan(
        "01", None, {"T1w": "sub-01/anat/sub-01_T1w.nii.gz", "FLAIR": "sub-01/anat/sub-01_FLAIR.nii.gz"}
    )
    write_plan(out, tmp_path, [scan])
    job = Job(out, "sub-01", detection="command")
    data = np.full((12, 14, 10), 0.1, np.float32)
    data[2:5, 3:7, 4:6] = 1
    brain = np.ones(data.shape, np.uint8)
    for contrast in ("T1w", "FLAIR"):
        write_image(job.files.preproc(contrast), Image(data, AFFINE, ("L", "A", "S")))
    write_image(job.files.brain_mask, Image(brain, AFFINE, ("L", "A", "S")))
    (tmp_path / "tool.py").write_text(TOOL)
    return job


def tool(tmp_path: Path, words: str = "{FLAIR} {brain_mask} {out}") -> str:
    return f"{sys.executable} {tmp_path / 'tool.py'} {words}"


def test_the_mask_of_the_tool_is_taken(job: Job, tmp_path: Path) -> None:
    assert job.lesion is None
    run(job, tool(tmp_path))
    mask = read_image(job.files.command_mask, labels=True)
    truth = np.zeros((12, 14, 10), bool)
    truth[2:5, 3:7, 4:6] = True
    assert (mask.data.astype(bool) == truth).all()
    record = read_json(sidecar_path(job.files.command_mask))
    assert record["MaskSource"] == "lesion_command"
    assert record["NotAssessed"] is None
    assert job.lesion == Path(job.files.command_mask)
    assert job.lesion_source == "lesion_command"
    assert Job(job.output, "sub-01", detection="on").lesion is None
    left = {path.name for path in Path(job.files.command_mask).parent.iterdir() if path.name.startswith(".")}
    assert left == set()


def test_a_scan_without_the_contrast_is_not_assessed(job: Job, tmp_path: Path) -> None:
    run(job, tool(tmp_path, "{T2w} {brain_mask} {out}"))
    record = read_json(sidecar_path(job.files.command_mask))
    assert record["NotAssessed"] == "lesion_command needs T2w, which this scan lacks"
    assert job.lesion is None


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("tool {T1w} {where} {out}", "unknown placeholder {where}"),
        ("tool {T1w}", "has no {out}"),
        ("tool {brain_mask} {out}", "reads no image"),
        ("tool {T1w!z} {out}", "has no use for"),
        ("tool {T1w:d} {out}", "has no use for"),
        ("tool {T1w:{foo}} {out}", "has no use for"),
        ("tool {T1w!r} {out}", "has no use for"),
        ("tool {T1w.name} {out}", "unknown placeholder {T1w.name}"),
        ("tool {T1w[0]} {out}", "unknown placeholder"),
        ("tool '{T1w}' {out}", "quoted already"),
        ('tool "{T1w}" {out}', "quoted already"),
        ("sh -c 'tool {T1w} {out}'", "quoted already"),
        ("tool `cat {T1w}` {out}", "quoted already"),
        ("tool \\{T1w} {out}", "quoted already"),
        ("tool 'it''s' \"{out}\" {T1w}", "quoted already"),
        ("tool {T1w {out}", "cannot be read"),
        ("tool {} {T1w} {out}", "unknown placeholder {}"),
    ],
)
def test_wrong_commands_are_refused(command: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        check_command(command)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("-c 'import sys; sys.exit(3)' {FLAIR} {out}", "ended with code 3"),
        ("-c pass {FLAIR} {out}", "wrote no mask"),
    ],
)
def test_a_tool_that_fails_leaves_nothing(job: Job, words: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        run(job, f"{sys.executable} {words}")
    assert not Path(job.files.command_mask).exists()
    assert not Path(sidecar_path(job.files.command_mask)).exists()


def test_a_mask_of_another_grid_with_the_same_shape_is_refused(job: Job, tmp_path: Path) -> None:
    moved = TOOL.replace("flair.affine)", "np.diag([3, 2, 2, 1.0]))")
    (tmp_path / "tool.py").write_text(moved)
    with pytest.raises(InputError, match="position"):
        run(job, tool(tmp_path))


def test_no_command_is_fine() -> None:
    check_command(None)


def test_how_a_soft_mask_of_the_tool_was_read_is_told(job: Job, tmp_path: Path) -> None:
    soft = TOOL.replace(
        "data.astype(np.uint8)", "(data * 0.4 + (flair.get_fdata() > 0) * 0.3).astype(np.float32)"
    )
    (tmp_path / "tool.py").write_text(soft)
    run(job, tool(tmp_path))
    truth = np.zeros((12, 14, 10), bool)
    truth[2:5, 3:7, 4:6] = True
    assert (read_image(job.files.command_mask, labels=True).data.astype(bool) == truth).all()
    assert "higher counts" in read_json(sidecar_path(job.files.command_mask))["Notes"][0]
    (tmp_path / "tool.py").write_text(soft.replace("0.4", "0.05 * (np.arange(10) % 3)"))
    with pytest.raises(InputError, match=r"mask of lesion_command: .* nowhere reaches 0\.5"):
        run(job, tool(tmp_path))
    assert not Path(job.files.command_mask).exists()
