import numpy as np
import pytest
from qc_case import case_of, flags_of, volume

from cpimaging.qc.fit import Fit
from cpimaging.qc.transforms import inverse_error_mm
from cpimaging.types import Flag, Image

GRID = np.diag([2.0, 3.0, 2.5, 1.0])
SHAPE = (12, 10, 8)
BRAIN = Image(np.ones(SHAPE, bool), GRID)


def about_z(degrees: float) -> np.ndarray:
    angle, matrix = np.radians(degrees), np.eye(4)
    matrix[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    return matrix


def affine(matrix: np.ndarray, scan_ml: float = 1000.0, template_ml: float = 1000.0) -> dict[str, Flag]:
    case = case_of(matrix=matrix, brain=volume(scan_ml), template_brain=volume(template_ml))
    return flags_of(case, "affine_rotation_degrees", "affine_stretch_ratio", "affine_size_ratio")


def still() -> Image:
    return Image(np.zeros((*SHAPE, 3)), GRID)


WAY = ("folded_share", "jacobian_lowest", "inverse_error_mean_mm", "inverse_error_p95_mm")


def deformation(to_scan: Image, to_template: Image, brain: Image = BRAIN) -> dict[str, Flag]:
    numbers = brain.data.astype(float)
    fit = Fit(brain.with_data(numbers), brain.data, ~brain.data, numbers, numbers, numbers, brain.data)
    return flags_of(case_of(fit, to_scan=to_scan, to_template=to_template, template_brain=BRAIN), *WAY)


@pytest.mark.parametrize(("degrees", "ok"), [(0, True), (30, True), (-30, True), (90, False), (180, False)])
def test_a_turn_is_measured(degrees: float, ok: bool) -> None:
    found = affine(about_z(degrees) @ np.diag([1.2, 1.2, 1.2, 1]))["affine_rotation_degrees"]
    assert found.value == pytest.approx(abs(degrees), abs=1e-4)
    assert (found.ok, found.severity) == (ok, "warn")


def test_a_stretch_is_measured_along_any_axis() -> None:
    found = affine(about_z(33) @ np.diag([2.0, 1.0, 1.5, 1]) @ about_z(20))
    assert found["affine_stretch_ratio"].value == pytest.approx(2)
    assert not found["affine_stretch_ratio"].ok


@pytest.mark.parametrize(("scan_ml", "ok"), [(600.0, True), (300.0, False), (1200.0, False)])
def test_the_affine_explains_the_size(scan_ml: float, ok: bool) -> None:
    """A brain of 600 ml, made 1.25³ = 1.95 times as large, is 0.98 of the template's 1200 ml."""
    found = affine(np.diag([1.25, 1.25, 1.25, 1]), scan_ml, 1200.0)["affine_size_ratio"]
    assert found.value == pytest.approx(1.953125 * scan_ml / 1200)
    assert found.ok == ok


def test_nothing_moves_nothing_is_wrong() -> None:
    found = deformation(still(), still())
    assert [flag.ok for flag in found.values()] == [True] * 4
    assert found["jacobian_lowest"].value == pytest.approx(1)
    assert found["inverse_error_mean_mm"].value == 0


@pytest.mark.parametrize("direction", ["to_scan", "to_template"])
def test_a_field_that_turns_space_inside_out_is_seen_in_either_direction(direction: str) -> None:
    spoilt = still()
    x = 2.0 * np.arange(12)
    spoilt.data[6:, ..., 0] = (-2.5 * (x[6:] - x[6]))[:, None, None]  # from layer 6 on the map runs backward
    found = deformation(**{"to_scan": still(), "to_template": still(), direction: spoilt})["folded_share"]
    assert found.value == pytest.approx(6 / 12)
    assert (found.ok, found.severity) == (False, "fail")


def test_a_fold_outside_of_the_brain_does_not_count() -> None:
    spoilt = still()
    spoilt.data[6:, ..., 0] = -5.0 * np.arange(6)[:, None, None]
    inner = BRAIN.with_data(BRAIN.data & (np.arange(12) < 5)[:, None, None])
    found = deformation(spoilt, still(), inner)
    assert (found["folded_share"].value, found["jacobian_lowest"].value) == (0, pytest.approx(1))


def test_a_squeeze_is_not_a_fold() -> None:
    squeezed = still()
    squeezed.data[..., 2] = -0.95 * 2.5 * np.arange(8)  # to a twentieth of its height
    found = deformation(squeezed, still())
    assert found["jacobian_lowest"].value == pytest.approx(0.05)
    assert not found["jacobian_lowest"].ok
    assert found["folded_share"].ok


def test_the_way_back_is_measured_in_mm() -> None:
    there, back = still(), still()
    there.data[..., 1], back.data[..., 1] = 3.0, -3.0
    assert inverse_error_mm(there, back, BRAIN) == pytest.approx(0)
    back.data[6:, ..., 1] = -1.0  # half of the points come back 2 mm short
    found = deformation(there, back)
    assert found["inverse_error_mean_mm"].value == pytest.approx(1.0)
    assert found["inverse_error_p95_mm"].value == pytest.approx(2.0)
    assert not found["inverse_error_mean_mm"].ok
    assert not found["inverse_error_p95_mm"].ok


def test_the_way_back_starts_where_the_first_one_ends() -> None:
    there, back = still(), still()
    there.data[..., 0] = 10.0
    back.data[..., 0] = -2.0 * np.arange(12)[:, None, None]  # back to x = 0, from wherever
    error = inverse_error_mm(there, back, Image(BRAIN.data[:7], GRID))  # x = 0 … 12 mm, carried to 10 … 22
    assert error.reshape(7, -1)[:, 0] == pytest.approx(2.0 * np.arange(7))
