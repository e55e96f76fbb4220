"""Where the search begins, on a brain whose place in the template is known."""

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.atlases import load_template
from cpimaging.registration import resample
from cpimaging.registration.start import rotation, rough_alignment
from cpimaging.types import Image

CLOSE_MM = 6.0
"""Mean error from which the affine fit still finds home; a right angle off is 80 mm."""


@pytest.fixture(scope="module")
def template() -> Image:
    """The embedded template, thinned out to 3 mm."""
    whole = load_template().t1w
    data = ndimage.uniform_filter(whole.data, 3)[::3, ::3, ::3]
    return Image(np.ascontiguousarray(data), whole.affine @ np.diag([3.0, 3.0, 3.0, 1.0]))


def turn(degrees: tuple[float, float, float], mm: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """The (4, 4) matrix that turns about x, then y, then z, and shifts."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation(degrees), mm
    return matrix


def test_a_rotation_turns_about_x_then_y_then_z() -> None:
    """About x z goes to −y, which about z goes to x; about y x goes to z."""
    assert rotation((90, 0, 90)) @ [0, 0, 1] == pytest.approx([1, 0, 0])
    assert rotation((0, 90, 0)) @ [1, 0, 0] == pytest.approx([0, 0, 1])
    assert rotation((0, 90, 90)) @ [0, 1, 0] == pytest.approx([-1, 0, 0])


def placed(template: Image, matrix: np.ndarray) -> Image:
    """A scan of 4 mm voxels whose points `matrix` takes to template points; wide enough for any turn."""
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    middle = np.linalg.inv(matrix) @ [0.0, -18.0, 10.0, 1.0]
    affine[:3, 3] = middle[:3] - [120.0, 124.0, 116.0]
    return resample(template, Image(np.zeros((61, 63, 59), np.float32), affine), matrix=matrix)


def error_mm(scan: Image, found: np.ndarray, truth: np.ndarray) -> float:
    """Mean distance between where two matrices take the voxels of the brain."""
    points = np.argwhere(scan.data > 0)
    world = np.c_[points @ scan.affine[:3, :3].T + scan.affine[:3, 3], np.ones(len(points))]
    return float(np.linalg.norm((world @ (found - truth).T)[:, :3], axis=1).mean())


def checked(scan: Image, template: Image, truth: np.ndarray, exclude: Image | None = None) -> None:
    found = rough_alignment(scan, template, exclude)
    assert np.linalg.det(found[:3, :3]) > 0
    assert error_mm(scan, found, truth) < CLOSE_MM


@pytest.mark.parametrize(
    "degrees",
    [(0, 0, 0), (90, 0, 0), (0, -90, 0), (0, 0, 180), (90, 0, 90)],
    ids=["as it is", "about x", "about y", "upside down", "about x and z"],
)
@pytest.mark.slow
def test_a_lost_orientation_is_found_again(template: Image, degrees: tuple[float, float, float]) -> None:
    truth = turn(degrees)
    checked(placed(template, truth), template, truth)


@pytest.mark.parametrize("degrees", [(30, 0, 0), (0, 30, 0), (0, 0, -30)])
@pytest.mark.slow
def test_a_tilted_head_3_cm_away(template: Image, degrees: tuple[float, float, float]) -> None:
    truth = turn(degrees, (30.0, -30.0, 15.0))
    checked(placed(template, truth), template, truth)


def test_a_small_brain_of_another_contrast(template: Image) -> None:
    truth = turn((10, 0, 10)) @ np.diag([1.5, 1.5, 1.5, 1.0])
    scan = placed(template, truth)
    inverted = np.where(scan.data > 0, 1.2 * scan.data.max() - scan.data, 0)
    checked(scan.with_data(inverted), template, truth)


def test_a_long_and_narrow_head(template: Image) -> None:
    """With one scale for all axes the error is 9 mm."""
    truth = turn((8, 0, 8)) @ np.diag([1.3, 1.0, 1.3, 1.0])
    checked(placed(template, truth), template, truth)


def test_half_of_the_head_out_of_view(template: Image) -> None:
    truth = turn((0, 12, 0))
    whole = placed(template, truth)
    upper = Image(np.ascontiguousarray(whole.data[..., 28:]), whole.affine.copy())
    upper.affine[2, 3] += 28 * 4.0
    assert 0.3 < (upper.data > 0).sum() / (whole.data > 0).sum() < 0.8
    checked(upper, template, truth)


@pytest.mark.slow
def test_a_large_lesion_that_is_left_out(template: Image) -> None:
    """A black third of the brain, in front and on the right, must not decide where the brain lies."""
    truth = turn((0, 0, 20), (0.0, 20.0, 0.0))
    scan = placed(template, truth)
    points = np.indices(scan.shape).reshape(3, -1).T @ scan.affine[:3, :3].T + scan.affine[:3, 3]
    there = points @ truth[:3, :3].T + truth[:3, 3]
    lesion = ((there[:, 0] > 0) & (there[:, 1] > -30)).reshape(scan.shape) & (scan.data > 0)
    assert 0.25 < lesion.sum() / (scan.data > 0).sum() < 0.4
    spoilt = scan.with_data(np.where(lesion, 3 * scan.data.max(), scan.data))
    checked(spoilt, template, truth, scan.with_data(lesion))
    noise = np.random.default_rng(4).random(scan.shape).astype(np.float32)
    other = scan.with_data(np.where(lesion, 0.5 + noise, scan.data))
    apart = rough_alignment(spoilt, template, scan.with_data(lesion)) - rough_alignment(
        other, template, scan.with_data(lesion)
    )
    assert error_mm(scan, apart, np.zeros((4, 4))) < 3.0  # what the lesion shows hardly matters


@pytest.mark.parametrize(("slope", "sign"), [(2.0, 1), (60.0, -1)], ids=["hardly", "clearly"])
def test_the_header_is_kept_unless_another_turn_is_clearly_better(slope: float, sign: int) -> None:
    """An egg, brighter in front by `slope`; in the scan its front lies behind."""
    shape = (40, 50, 36)
    affine = np.diag([3.0, 3.0, 3.0, 1.0])
    affine[:3, 3] = -1.5 * (np.array(shape) - 1)
    x, y, z = np.moveaxis(np.moveaxis(np.indices(shape), 0, -1) * 3.0 + affine[:3, 3], -1, 0)
    radius = np.sqrt((x / 50) ** 2 + (y / 65) ** 2 + (z / 45) ** 2)
    egg = np.where(radius < 1, 150 - 60 * radius + slope * y / 65, 0).astype(np.float32)
    scan = Image(np.ascontiguousarray(egg[::-1, ::-1]), affine)
    found = rough_alignment(scan, Image(egg, affine), None)
    assert sign * found[1, 1] > 0.5
