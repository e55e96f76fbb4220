from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qc_case import case_of, flags_of

from cpimaging.qc.fit import (
    Fit,
    correlation_ratio,
    cut_share,
    dice,
    local_correlation,
    shell_around,
    tissue_overlap,
)
from cpimaging.types import Flag, Image

GRID = np.diag([2.0, 3.0, 4.0, 1.0])
SHAPE = (12, 14, 16)
EVERYWHERE = np.ones(SHAPE, bool)


@pytest.fixture
def textured(rng: np.random.Generator) -> np.ndarray:
    return rng.random(SHAPE) + 0.01


@pytest.fixture
def layers() -> Fit:
    """Four layers each of fluid, grey and white matter along x; fluid is dark, white matter bright."""
    share = {name: np.zeros(SHAPE) for name in ("fluid", "grey", "white")}
    share["fluid"][:4], share["grey"][4:8], share["white"][8:] = 1, 1, 1
    t1w = 0.2 * share["fluid"] + 0.6 * share["grey"] + 0.9 * share["white"]
    nothing = np.zeros(SHAPE, bool)
    return Fit(Image(100 * t1w, GRID), EVERYWHERE, nothing, t1w, share["grey"], share["white"], EVERYWHERE)


AGREEMENT = (
    "brain_overlap_dice",
    "template_similarity",
    "template_local_correlation",
    "lesion_shell_correlation_ratio",
    "tissue_overlap_dice",
)


def flags(fit: Fit, contrast: str = "T1w", mature: bool = True) -> dict[str, Flag]:
    case = case_of(fit, reference=contrast, age_years=8.0 if mature else 1.0)
    return flags_of(case, *AGREEMENT)


# --- overlap


def test_dice_by_hand() -> None:
    """Scan: layers 0-8 of 12, template: layers 3-11; common 3-8: 2 × 6 / (9 + 9) = 2/3."""
    scan, template = EVERYWHERE.copy(), EVERYWHERE.copy()
    scan[9:], template[:3] = False, False
    assert dice(scan, template) == pytest.approx(2 / 3)
    assert dice(scan, ~scan) == 0
    assert dice(scan & ~scan, scan & ~scan) == 0


@pytest.mark.parametrize(
    ("kept", "severity", "ok"), [(12, "warn", True), (10, "warn", False), (8, "fail", False)]
)
def test_brains_that_do_not_meet(layers: Fit, kept: int, severity: str, ok: bool) -> None:
    brain = EVERYWHERE.copy()
    brain[kept:] = False
    found = flags(replace(layers, brain=brain))["brain_overlap_dice"]
    assert found.value == pytest.approx(2 * kept / (kept + 12))
    assert (found.severity, found.ok) == (severity, ok)


def test_tissues_by_hand(layers: Fit) -> None:
    """Off the edge lie grey layers 4-7 and white layers 8-10; fluid is not asked."""
    assert tissue_overlap(layers, white_is_bright=True) == 1
    assert tissue_overlap(layers, white_is_bright=False) == 0
    data = layers.scan.data.copy()
    data[6:8] = 90  # white matter in 6-10: found 5, expected 3, common 3; grey: found 2, expected 4, common 2
    moved = replace(layers, scan=layers.scan.with_data(data))
    assert tissue_overlap(moved, white_is_bright=True) == pytest.approx((6 / 8 + 4 / 6) / 2)
    data[5:8] = 90
    data[10:] = 60  # grey 4 and 10, white 5-9: (2 × 2 / 8 + 2 × 1 / 6) / 2
    found = flags(moved)["tissue_overlap_dice"]
    assert found.value == pytest.approx((4 / 8 + 2 / 6) / 2)
    assert (found.ok, found.severity) == (False, "warn")


def test_tissues_are_compared_only_where_their_order_is_known(layers: Fit) -> None:
    assert "tissue_overlap_dice" in flags(layers, "T2w")
    assert "tissue_overlap_dice" not in flags(layers, "FLAIR")
    assert "tissue_overlap_dice" not in flags(layers, "T1w", mature=False)


# --- similarity


@pytest.mark.parametrize(
    "contrast",
    [
        lambda t: t,
        lambda t: 3 - t,
        lambda t: 50 * t**3 + 200,
        lambda t: np.exp(-2 * t),
        lambda t: np.abs(t - 0.5) + 0.1,
    ],
    ids=["the same", "inverted", "cubed", "falling", "bright at both ends"],
)
def test_any_contrast_of_the_template_is_explained_by_it(textured: np.ndarray, contrast: object) -> None:
    assert correlation_ratio(contrast(textured), textured, EVERYWHERE) > 0.95  # type: ignore[operator]


def test_shuffled_voxels_are_not_explained(textured: np.ndarray, rng: np.random.Generator) -> None:
    shuffled = rng.permutation(textured.ravel()).reshape(SHAPE)
    assert abs(correlation_ratio(shuffled, textured, EVERYWHERE)) < 0.03
    assert correlation_ratio(textured + shuffled, textured, EVERYWHERE) == pytest.approx(0.5, abs=0.05)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 1e4), st.floats(0, 1e3), st.integers(0, 2**16))
def test_scaling_the_scan_changes_nothing(gain: float, offset: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    template = rng.random((7, 8, 9)) + 0.1
    scan = template + rng.random(template.shape)
    where = np.ones(template.shape, bool)
    plain = correlation_ratio(scan, template, where)
    assert correlation_ratio(gain * scan + offset, template, where) == pytest.approx(plain, abs=1e-6)
    assert 0 <= plain <= 1


def test_a_flat_scan_or_too_few_voxels_are_not_similar(textured: np.ndarray) -> None:
    assert correlation_ratio(np.ones(SHAPE), textured, EVERYWHERE) == 0
    few = np.zeros(SHAPE, bool)
    few[:3, :3, :3] = True
    assert correlation_ratio(textured, textured, few) == 0


def test_the_lesion_does_not_count(textured: np.ndarray, rng: np.random.Generator, layers: Fit) -> None:
    lesion = np.zeros(SHAPE, bool)
    lesion[2:8, 3:9, 4:10] = True
    scan = textured.copy()
    scan[lesion] = 5 * rng.random(lesion.sum())
    ignored = replace(layers, scan=Image(scan, GRID), template_t1w=textured)
    left_out = flags(replace(ignored, lesion=lesion))
    assert left_out["template_similarity"].value > 0.95
    assert left_out["template_local_correlation"].value == pytest.approx(1, abs=1e-6)
    assert left_out["lesion_shell_correlation_ratio"].value == pytest.approx(1, abs=1e-6)
    assert flags(ignored)["template_similarity"].value < 0.6


def test_the_shell_is_compared_with_the_rest(
    textured: np.ndarray, rng: np.random.Generator, layers: Fit
) -> None:
    """Noise on one side, where the lesion lies, and agreement on the other, beyond 10 mm of it."""
    lesion = np.zeros(SHAPE, bool)
    lesion[1, 4:10, 4:12] = True
    scan = textured.copy()
    scan[:7] = rng.random((7, 14, 16)) + 0.01
    found = flags(replace(layers, scan=Image(scan, GRID), template_t1w=textured, lesion=lesion))
    squared, counted = local_correlation(scan, textured, ~lesion)
    near = shell_around(lesion, (2.0, 3.0, 4.0))
    expected = squared[counted & near].mean() / squared[counted & ~near].mean()
    assert found["lesion_shell_correlation_ratio"].value == pytest.approx(expected)
    assert expected < 0.4
    assert not found["lesion_shell_correlation_ratio"].ok


def test_local_correlation_sees_what_a_patch_sees(textured: np.ndarray, rng: np.random.Generator) -> None:
    left = np.zeros(SHAPE, bool)
    left[:4] = True
    scan = np.where(left, textured, 1 - 2 * textured)  # another gain and sign on each side
    scan[9:] = rng.random((3, 14, 16))
    squared, counted = local_correlation(scan, textured, EVERYWHERE)
    inner = counted.copy()
    inner[:, :2], inner[:, -2:], inner[..., :2], inner[..., -2:] = False, False, False, False
    assert squared[:2][inner[:2]] == pytest.approx(1)
    assert squared[6][inner[6]] == pytest.approx(1)
    assert squared[11][inner[11]].mean() < 0.1


def test_where_an_image_is_flat_nothing_is_correlated(textured: np.ndarray) -> None:
    _, counted = local_correlation(np.ones(SHAPE), textured, EVERYWHERE)
    assert not counted.any()


def test_a_shell_is_measured_in_millimetres() -> None:
    """One voxel of 2 × 3 × 4 mm; 10 mm are 5, 3 and 2 voxels along the axes."""
    lesion = np.zeros((15, 11, 9), bool)
    lesion[7, 5, 4] = True
    shell = shell_around(lesion, (2.0, 3.0, 4.0))
    assert not shell[7, 5, 4]
    assert np.flatnonzero(shell[:, 5, 4]).tolist() == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12]
    assert np.flatnonzero(shell[7, :, 4]).tolist() == [2, 3, 4, 6, 7, 8]
    assert np.flatnonzero(shell[7, 5]).tolist() == [2, 3, 5, 6]


def test_a_lesion_that_pulled_the_fit_apart_shows_in_its_shell(
    textured: np.ndarray, rng: np.random.Generator, layers: Fit
) -> None:
    lesion = np.zeros(SHAPE, bool)
    lesion[:2] = True
    scan = textured.copy()
    scan[2:6] = rng.random((4, 14, 16))
    fit = replace(layers, scan=Image(scan, GRID), template_t1w=textured, lesion=lesion)
    found = flags(fit)["lesion_shell_correlation_ratio"]
    assert found.value < 0.5
    assert not found.ok


# --- field of view


@pytest.mark.parametrize(
    ("shift_mm", "share"), [((0, 0, 0), 0.0), ((12, 0, 0), 0.5), ((0, -27, 0), 9 / 14), ((0, 0, 400), 1.0)]
)
def test_what_lies_outside_the_field_of_view(shift_mm: tuple[float, float, float], share: float) -> None:
    template = Image(np.ones((12, 14, 16 * 37), bool), np.diag([2.0, 3.0, 4 / 37, 1.0]))
    field = Image(np.broadcast_to(shift_mm, (*SHAPE, 3)).astype(float), GRID)
    scan = Image(np.zeros(SHAPE), GRID)
    assert cut_share(template, field, scan) == pytest.approx(share, abs=0.04)
    case = case_of(template_brain=template, to_template=field, brain=scan)
    found = flags_of(case, "brain_cut_share")["brain_cut_share"]
    assert (found.ok, found.severity) == (share == 0, "warn" if share == 0 else "fail")
