import numpy as np
import pytest
from qc_case import case_of, flags_of

from cpimaging.qc.checks import run
from cpimaging.qc.fit import Fit
from cpimaging.qc.sides import mirror, shared_information
from cpimaging.registration import resample
from cpimaging.types import Flag, Image


def agreement(image: Image, reference: Image, matrix: np.ndarray) -> dict[str, Flag]:
    """The flags of a T2w on the grid of a T1w."""
    brain, nothing = reference.data != 0, np.zeros(reference.shape, bool)
    fit = Fit(reference, brain, nothing, reference.data, reference.data, reference.data, brain)
    case = case_of(fit, contrasts={"T1w": reference, "T2w": image}, matrix=matrix)
    return flags_of(case, "agreement", "side_margin")


def test_contrasts_lie_on_one_another() -> None:
    case = case_of(moved_mm={"T2w": (10.5, 0.2), "FLAIR": (0.4, 1.6)})
    named = [f"{of}_{name}" for of in ("T2w", "FLAIR") for name in ("shift_mm", "alignment_error_mm")]
    found = [flag for flag in run(case) if flag.name in named]
    assert [(f.name, f.value, f.ok) for f in found] == [
        ("FLAIR_shift_mm", 0.4, True),
        ("FLAIR_alignment_error_mm", 1.6, False),
        ("T2w_shift_mm", 10.5, False),
        ("T2w_alignment_error_mm", 0.2, True),
    ]
    assert flags_of(case_of(), "shift_mm", "alignment_error_mm") == {}


def test_information_by_hand() -> None:
    """Four equal levels, in the second image joined in pairs: ln 2 of ln 2 is shared; and none of noise."""
    a = np.tile([1.0, 2.0, 3.0, 4.0], 60).reshape(12, 20, 1)
    joined = np.where(a > 2, 9.0, 5.0)
    where = np.ones(a.shape, bool)
    assert shared_information(a, a, where) == pytest.approx(1)
    assert shared_information(a, joined, where) == pytest.approx(1)
    crossed = np.repeat([5.0, 9.0], 120).reshape(a.shape)  # every level of the first in either of the second
    assert shared_information(a, crossed, where) == pytest.approx(0, abs=1e-12)


def test_information_does_not_care_for_sign_or_gain(rng: np.random.Generator) -> None:
    a = rng.random((12, 14, 16)) + 1
    b = a + 0.2 * rng.random(a.shape)
    where = np.ones(a.shape, bool)
    plain = shared_information(a, b, where)
    assert 0.2 < plain < 0.9
    assert shared_information(a, 50 - 3 * b, where) == pytest.approx(plain, abs=0.01)
    assert shared_information(a, b, where & False) == 0
    wide, around = (np.pad(image, 4) for image in (a, b))
    assert shared_information(wide, around, np.ones(wide.shape, bool)) == pytest.approx(plain)


def test_a_mirror_stands_where_the_matrix_says(small: Image) -> None:
    """The midplane of the template, x = 0, is x = 1 mm of a scan that lies 1 mm too far to the right."""
    matrix = np.eye(4)
    matrix[0, 3] = -1.0
    grid = Image(np.zeros((7, 6, 7), np.float32), np.diag([2.0, 1.5, 3.0, 1.0]))
    grid.affine[:3, 3] = [-5.0, 7.0, 10.0]  # x = -5 … 7
    grid.data[1, 2, 3] = 1.0  # x = -3
    found = mirror(grid, matrix)
    assert np.argwhere(found.data > 0.5).tolist() == [[5, 2, 3]]  # x = 5


@pytest.mark.parametrize("inverted", [False, True], ids=["same contrast", "other contrast"])
def test_a_flipped_contrast_is_noticed(blob_brain: Image, inverted: bool) -> None:
    brain = blob_brain.data > 0
    other = np.where(brain, 300 - blob_brain.data if inverted else blob_brain.data, 0)
    right = blob_brain.with_data(other.astype(np.float32))
    wrong = right.with_data(np.ascontiguousarray(right.data[::-1]))
    for image, ok in ((right, True), (wrong, False)):
        found = agreement(image, blob_brain, np.eye(4))
        assert found["T2w_side_margin"].ok == ok
        assert (found["T2w_side_margin"].value > 0) == ok
    assert found["T2w_side_margin"].severity == "fail"


def test_a_flipped_contrast_is_noticed_where_the_midplane_is_not_well_known(blob_brain: Image) -> None:
    """The affine is 6 mm off to the side: the mirror image lies 12 mm off and must be aligned anew."""
    off = np.eye(4)
    off[0, 3] = 6.0
    sides = 0.7 * blob_brain.data + 0.3 * blob_brain.data[::-1]  # much alike, as those of a brain are
    reference, flipped = (blob_brain.with_data(np.ascontiguousarray(s)) for s in (sides, sides[::-1]))
    found = agreement(flipped, reference, off)
    assert found["T2w_agreement"].ok
    assert not found["T2w_side_margin"].ok


def test_a_tilted_and_moved_head_is_mirrored_in_its_own_midplane(blob_brain: Image) -> None:
    angle, tilt = np.radians(12), np.eye(4)
    tilt[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    tilt[:3, 3] = [4.0, -3.0, 2.0]
    scan = resample(blob_brain, blob_brain, matrix=tilt)  # scan points -> template points
    flipped = mirror(scan, tilt)
    back = resample(flipped, blob_brain, matrix=np.linalg.inv(tilt))
    inside = (blob_brain.data > 0) & (blob_brain.data[::-1] > 0) & (back.data > 50)
    expected = np.asarray(mirror(blob_brain, np.eye(4)).data)
    assert np.corrcoef(back.data[inside], expected[inside])[0, 1] > 0.9
