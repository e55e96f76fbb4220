import numpy as np
import pytest

from cpimaging.registration import Transform
from cpimaging.registration.plausible import affine_parts, check_affine, check_transform
from cpimaging.types import Image, InputError

QUARTER_ABOUT_Y = np.array([[0.0, 0, 1, 5], [0, 1, 0, -3], [-1, 0, 0, 2], [0, 0, 0, 1]])


def test_the_parts_of_a_matrix() -> None:
    """Stretched by 2, 3 and 0.5 along x, y and z, then turned by 90° about y."""
    parts = affine_parts(QUARTER_ABOUT_Y @ np.diag([2.0, 3.0, 0.5, 1.0]))
    assert parts.rotation_degrees == pytest.approx(90)
    assert parts.scales == pytest.approx((0.5, 2, 3))
    assert parts.determinant == pytest.approx(3)


def test_a_mirror_has_a_negative_determinant_and_no_turn() -> None:
    parts = affine_parts(np.diag([-1.0, 1.0, 1.2, 1.0]))
    assert parts.determinant == pytest.approx(-1.2)
    assert np.isfinite(parts.rotation_degrees)


def test_a_plausible_matrix_is_accepted() -> None:
    check_affine(QUARTER_ABOUT_Y @ np.diag([1.6, 1.7, 1.5, 1.0]), "t1w.nii.gz")


@pytest.mark.parametrize(
    ("matrix", "problem"),
    [
        (np.full((4, 4), np.nan), "gave no numbers"),
        (np.diag([np.inf, 1, 1, 1]), "gave no numbers"),
        (np.zeros((4, 4)), "mirrors or flattens the brain"),
        (np.diag([-1.0, 1, 1, 1]), "mirrors or flattens the brain"),
        (np.diag([1.0, 1, 9, 1]), "stretches the brain by 1 × 1 × 9"),
        (np.diag([1.0, 0.1, 2, 1]), "stretches the brain by 0.1 × 1 × 2"),
    ],
)
def test_a_fit_that_ran_away_is_refused_in_one_line(matrix: np.ndarray, problem: str) -> None:
    with pytest.raises(InputError) as refusal:
        check_affine(matrix, "sub-01_T1w.nii.gz")
    line = str(refusal.value)
    assert line.startswith("sub-01_T1w.nii.gz: could not be registered, ")
    assert problem in line
    assert "\n" not in line


@pytest.mark.parametrize("direction", ["to_template", "to_scan"])
def test_a_field_without_numbers_is_refused(direction: str) -> None:
    good = Image(np.zeros((4, 5, 6, 3)), np.eye(4))
    bad = Image(np.zeros((4, 5, 6, 3)), np.eye(4))
    bad.data[1, 2, 3, 0] = np.nan
    check_transform(Transform(good, good), "t1w.nii.gz")
    with pytest.raises(InputError, match="the deformable fit gave no numbers"):
        check_transform(Transform(**{"to_template": good, "to_scan": good, direction: bad}), "t1w.nii.gz")
