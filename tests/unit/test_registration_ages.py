"""Children's brains registered by all contrasts that they share; blobs whose way is known."""

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.registration import Transform, moved_points
from cpimaging.registration.ages import chained, fit, pairs_of, start_of
from cpimaging.types import Image

GRID = Image(np.zeros((60, 70, 60), np.float32), np.diag([1.5, 1.5, 1.5, 1.0]))


def shifted(mm: float) -> Transform:
    """Return the way to a template that lies so many mm to the right."""
    field = np.zeros((*GRID.shape, 3))
    field[..., 0] = mm
    image = Image(field, GRID.affine)
    return Transform(to_template=image.with_data(-field), to_scan=image)


def test_a_chain_adds_its_steps():
    way = chained(shifted(3.0), shifted(4.0))
    middle = np.array([[45.0, 50.0, 45.0]])
    np.testing.assert_allclose(moved_points(middle, way.to_scan), middle + np.array([7, 0, 0]), atol=1e-6)
    np.testing.assert_allclose(moved_points(middle, way.to_template), middle - np.array([7, 0, 0]), atol=1e-6)


def brain(shift_mm: float = 0.0) -> dict[str, Image]:
    """Return a brain of lumps: T2w is bright where T1w is dark, and has lumps of its own."""
    rng = np.random.default_rng(1)
    lumps = ndimage.gaussian_filter(rng.normal(0, 1, GRID.shape), 3)
    more = ndimage.gaussian_filter(rng.normal(0, 1, GRID.shape), 3)
    x, y, z = np.meshgrid(*(np.arange(n) for n in GRID.shape), indexing="ij")
    inside = ((x - 30) / 24) ** 2 + ((y - 35) / 30) ** 2 + ((z - 30) / 24) ** 2 < 1
    images = {"T1w": 100 + 400 * lumps, "T2w": 100 - 300 * lumps + 300 * more}
    affine = GRID.affine.copy()
    affine[0, 3] += shift_mm
    return {
        name: Image(np.where(inside, data, 0).astype(np.float32), affine) for name, data in images.items()
    }


def test_like_contrast_goes_to_like_contrast_and_flair_is_left_out_beside_them():
    scan, template = brain(), brain(5.0)
    scan["FLAIR"] = scan["T1w"]
    pairs = pairs_of(scan, template, np.eye(4), None, painted=False)
    assert len(pairs) == 2
    for (own, other), name in zip(pairs, ("T1w", "T2w"), strict=True):
        assert own is scan[name]
        assert other is template[name]


def test_a_contrast_that_the_template_lacks_is_painted_for_its_t2w():
    scan, template = {"ADC": brain()["T2w"]}, brain()
    ((own, other),) = pairs_of(scan, template, np.eye(4), None, painted=False)
    assert other is template["T2w"]
    assert own.same_grid(scan["ADC"])


@pytest.mark.slow
def test_a_brain_is_found_where_it_lies_and_both_ways_agree():
    scan, template = brain(), brain(6.0)
    matrix = start_of(scan, template)
    found = fit(scan, template, matrix).transform
    points = np.array([[45.0, 52.0, 45.0], [35.0, 60.0, 50.0]])
    there = moved_points(points, found.to_scan)
    np.testing.assert_allclose(there, points + np.array([6, 0, 0]), atol=0.5)
    np.testing.assert_allclose(moved_points(there, found.to_template), points, atol=0.3)
