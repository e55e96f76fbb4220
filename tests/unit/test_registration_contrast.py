"""The template recoloured: worked by hand on a brain of three tissues."""

import numpy as np
import pytest

from cpimaging.registration.contrast import in_contrast_of
from cpimaging.types import Image

SHAPE = (24, 30, 18)
CSF, GREY, WHITE = 1, 2, 3


@pytest.fixture
def tissue() -> np.ndarray:
    """Shells: fluid around grey matter around white matter, off centre; 0 outside."""
    points = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), -1)
    radius = np.linalg.norm((points - [11, 14, 9]) / [11, 14, 8.5], axis=-1)
    return np.select([radius < 0.6, radius < 0.9, radius < 1], [WHITE, GREY, CSF], 0)


def image(data: np.ndarray) -> Image:
    return Image(data.astype(np.float32), np.diag([3.0, 3.0, 3.0, 1.0]))


def painted(tissue: np.ndarray, csf: float, grey: float, white: float) -> Image:
    return image(np.choose(tissue, [0.0, csf, grey, white]))


def maps(tissue: np.ndarray) -> list[Image]:
    t1w = painted(tissue, 0.2, 0.6, 1.0)
    return [t1w, *(image(tissue == value) for value in (GREY, WHITE, CSF))]


@pytest.mark.parametrize(
    "signal", [(900.0, 400.0, 250.0), (100.0, 700.0, 200.0), (3.1, 0.8, 0.7)], ids=["T2w", "FLAIR", "ADC"]
)
def test_tissues_get_the_order_and_distances_of_the_scan(
    tissue: np.ndarray, signal: tuple[float, float, float]
) -> None:
    found = in_contrast_of(painted(tissue, *signal), maps(tissue), np.eye(4), None)
    levels = np.array([found.data[tissue == value].mean() for value in (CSF, GREY, WHITE)])
    wanted = np.array(signal)
    wanted = 0.05 + 0.95 * (wanted - wanted.min()) / (wanted.max() - wanted.min())
    assert levels == pytest.approx(wanted, abs=0.02)
    assert not found.data[tissue == 0].any()
    assert found.data[tissue > 0].min() >= 0.05 - 1e-6


def test_a_t1w_scan_keeps_the_t1w_template(tissue: np.ndarray) -> None:
    own = maps(tissue)
    assert in_contrast_of(painted(tissue, 90.0, 350.0, 500.0), own, np.eye(4), None) is own[0]


def test_a_lesion_that_is_left_out_does_not_colour_the_template(tissue: np.ndarray) -> None:
    scan = painted(tissue, 900.0, 400.0, 250.0)
    lesion = scan.with_data(tissue == GREY)
    lesion.data[:11] = False
    scan.data[lesion.data] = 5000.0
    levels = [in_contrast_of(scan, maps(tissue), np.eye(4), out) for out in (lesion, None)]
    grey = [found.data[tissue == GREY].mean() for found in levels]
    assert grey[0] == pytest.approx(0.05 + 0.95 * 150 / 650, abs=0.02)
    assert grey[1] != pytest.approx(grey[0], abs=0.02)
