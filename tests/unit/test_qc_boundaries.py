"""The quality checks at the exact value where something begins: an age, a count of voxels, a share."""

from dataclasses import replace

import numpy as np
import pytest
from qc_case import case_of, flags_of

from cpimaging.qc.checks import CHECKS
from cpimaging.qc.fit import (
    FEWEST_VOXELS,
    SHELL_MM,
    SURE,
    Fit,
    correlation_ratio,
    cut_share,
    lesion_shell_ratio,
    shell_around,
    tissue_overlap,
)
from cpimaging.qc.images import NOTHING, PURE, SURE_WHITE, empty_share, levels, white_variation
from cpimaging.qc.images import noise as noise_of
from cpimaging.qc.sides import shared_information
from cpimaging.qc.transforms import folded_share
from cpimaging.types import Image

ROW = {check.name: check.row for check in CHECKS}
SHAPE = (10, 10, 10)


def first(n: int) -> np.ndarray:
    """So many voxels."""
    mask = np.zeros(1000, bool)
    mask[:n] = True
    return mask.reshape(SHAPE)


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    return rng.random(SHAPE) + 0.1


def fit_of(image: np.ndarray, grey: np.ndarray, white: np.ndarray) -> Fit:
    everywhere = np.ones(SHAPE, bool)
    return Fit(Image(image, np.eye(4)), everywhere, ~everywhere, image, grey, white, everywhere)


@pytest.mark.parametrize(("age", "mature"), [(1.999, False), (2.0, True), (None, True)])
def test_the_second_birthday_opens_the_limits_of_adults(age: float | None, mature: bool) -> None:
    case = case_of(age_years=age)
    assert ROW["template_local_correlation"](case, "") == ("T1w from 2 years" if mature else "others")
    assert ROW["tissue_overlap_dice"](case, "") == ("T1w" if mature else None)
    assert ROW["white_grey_contrast"](case, "T1w") == ("T1w" if mature and age is not None else None)


@pytest.mark.parametrize(("n", "asked"), [(FEWEST_VOXELS - 1, False), (FEWEST_VOXELS, True)])
def test_a_hundred_voxels_are_enough(n: int, asked: bool, noise: np.ndarray) -> None:
    raw = case_of(read_raw=lambda contrast: (noise, first(n)))
    assert bool(flags_of(raw, "saturated_share", "noise")) == asked
    assert (correlation_ratio(noise, noise, first(n)) > 0) == asked
    assert (shared_information(noise, noise, first(n)) > 0) == asked
    assert (lesion_shell_ratio(noise, first(1000), first(n)) is not None) == asked
    fluid = fit_of(noise, np.where(first(n), 0.0, 1.0), np.zeros(SHAPE))
    assert np.isfinite(levels(noise, fluid).fluid) == asked


def test_without_any_correlation_elsewhere_there_is_no_ratio(noise: np.ndarray) -> None:
    shell = first(500)
    assert lesion_shell_ratio(np.where(shell, noise, 0), first(1000), shell) is None


@pytest.mark.parametrize(("n", "asked"), [(FEWEST_VOXELS - 1, False), (FEWEST_VOXELS, True)])
def test_tissues_are_compared_on_a_hundred_sure_voxels(n: int, asked: bool) -> None:
    """Sure voxels lie within the brain, whose edge is not asked: of 8 × 8 × 8 voxels the first n."""
    inner = np.zeros(SHAPE, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    sure = np.zeros(SHAPE, bool)
    sure.ravel()[np.flatnonzero(inner)[:n]] = True
    white = np.where(sure, np.indices(SHAPE)[2] % 2, 0.0)
    found = fit_of(10.0 * white + 1, np.where(sure, 1 - white, 0.0), white)
    assert (tissue_overlap(found, white_is_bright=True) > 0) == asked


@pytest.mark.parametrize(("share", "counts"), [(SURE, False), (np.nextafter(SURE, 1), True)])
def test_a_voxel_is_sure_above_the_limit(share: float, counts: bool) -> None:
    bright = np.indices(SHAPE)[0] >= 5
    white = np.where(bright, share, 0.0)
    found = fit_of(np.where(bright, 90.0, 60.0), np.where(bright, 0.0, share), white)
    assert (tissue_overlap(found, white_is_bright=True) == 1) == counts


def test_as_much_grey_as_white_matter_counts_as_grey() -> None:
    """All is half grey, half white: none is white, so that every bright voxel is wrong."""
    bright = np.indices(SHAPE)[0] >= 4
    half = np.full(SHAPE, 0.7)
    both = fit_of(np.where(bright, 90.0, 60.0), half, half)
    inner = np.zeros(SHAPE, bool)
    inner[1:-1, 1:-1, 1:-1] = True
    dark = int((inner & ~bright).sum())
    assert tissue_overlap(both, white_is_bright=True) == pytest.approx(dark / (dark + inner.sum()))


def test_a_lesion_s_shell_ends_where_it_is_said_to() -> None:
    lesion = np.zeros((15, 1, 1), bool)
    lesion[0] = True
    assert np.flatnonzero(shell_around(lesion, (SHELL_MM / 4, 1.0, 1.0))).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(("share", "counts"), [(PURE, False), (np.nextafter(PURE, 1), True)])
def test_a_voxel_is_pure_above_the_limit(share: float, counts: bool, noise: np.ndarray) -> None:
    found = levels(noise, fit_of(noise, np.full(SHAPE, share), np.zeros(SHAPE)))
    assert np.isfinite(found.grey) == counts


def test_white_matter_must_be_whiter_than_the_limit(noise: np.ndarray) -> None:
    image = noise.copy()
    image[:5] = 50.0
    white = np.full(SHAPE, SURE_WHITE)
    white[:5] = 1.0
    assert white_variation(image, fit_of(image, np.zeros(SHAPE), white)) == 0


def test_empty_is_up_to_a_thousandth_of_the_median() -> None:
    image = np.full(SHAPE, 1000.0)
    image[0], image[1] = 1000.0 * NOTHING, np.nextafter(1000.0 * NOTHING, 2)
    assert empty_share(image, first(1000)) == 0.1


@pytest.mark.parametrize(("length", "edge_counts"), [(12, False), (11, True)])
def test_the_edge_counts_as_noise_only_where_little_else_is_there(length: int, edge_counts: bool) -> None:
    """A slope in a plate of 12 × length × 3 voxels: 10 × (length - 2) lie off its edge, where it is even."""
    brain = np.zeros((16, 16, 7), bool)
    brain[2:14, 2 : 2 + length, 2:5] = True
    brain[0, 0, 0] = brain[15, 15, 6] = True  # what lies beside the plate is looked at, too
    image = np.where(brain, 100.0 + np.indices(brain.shape)[0], 0.0)
    assert (noise_of(image, brain) > 1e-9) == edge_counts


def test_a_jacobian_of_0_is_folded() -> None:
    assert folded_share([np.array([0.0, 1.0]), np.array([1e-9, 1.0])]) == 0.5


@pytest.mark.parametrize(("start_mm", "share"), [(0.5, 0.0), (0.501, 0.5), (0.499, 0.5)])
def test_half_a_voxel_beyond_a_centre_is_still_in_view(start_mm: float, share: float) -> None:
    """Points at 0 and 37 mm; a scan of 37 voxels of 1 mm, whose ends lie about half a voxel from both."""
    template = Image(np.ones((38, 1, 1), bool), np.eye(4))
    still = Image(np.zeros((38, 1, 1, 3)), np.eye(4))
    scan = Image(np.zeros((37, 1, 1)), np.eye(4))
    scan.affine[0, 3] = start_mm
    assert cut_share(template, still, scan) == share


def test_a_registration_without_a_lesion_has_no_shell() -> None:
    case = case_of()
    assert flags_of(case, "lesion_shell_correlation_ratio") == {}
    full = replace(case.fit, lesion=case.fit.brain)
    assert flags_of(case_of(full), "lesion_shell_correlation_ratio") == {}
