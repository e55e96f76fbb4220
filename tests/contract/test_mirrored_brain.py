"""A mirrored whole brain is registered as the mirror image of the brain."""

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.atlases import load_template
from cpimaging.registration import Transform, moved_points, resample
from cpimaging.registration.greedy import Greedy
from cpimaging.types import Image

FLIP = np.array([-1.0, 1.0, 1.0])
MEAN_MM = 0.5


def lopsided(template: Image) -> Image:
    """A brain of 4 mm voxels: the template turned, shifted and warped, another way on each side."""
    grid = Image(np.zeros((47, 55, 45), np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
    grid.affine[:3, 3] = [-90.0, -130.0, -76.0]
    rng = np.random.default_rng(5)
    bumps = np.stack([ndimage.gaussian_filter(rng.standard_normal(grid.shape), 5) for _ in range(3)], axis=-1)
    points = np.moveaxis(np.indices(grid.shape), 0, -1) * 4.0 + grid.affine[:3, 3]
    turned = points @ np.array([[1.05, 0.12, 0.0], [-0.12, 1.05, 0.06], [0.0, -0.06, 1.1]]).T
    field = turned + 4 * bumps / bumps.std() - points + [5.0, -4.0, 3.0]
    return resample(template, grid, Image(field, grid.affine))


def mirrored(image: Image) -> Image:
    """The image reflected in the plane x = 0; still RAS+."""
    affine = image.affine.copy()
    affine[0, 3] = -(image.affine[0, 0] * (image.shape[0] - 1) + image.affine[0, 3])
    return Image(np.ascontiguousarray(image.data[::-1]), affine)


def fit(scan: Image, template: Image) -> Transform:
    return Greedy().deformable(scan, template, Greedy().affine(scan, template, None), None, 1)


@pytest.mark.slow
def test_a_mirrored_brain_gives_a_mirrored_transform() -> None:
    template = load_template().t1w
    scan = lopsided(template)
    mirror = mirrored(scan)
    one, other = fit(scan, template), fit(mirror, template)
    for image, field, mirrored_field in (
        (scan, one.to_scan, other.to_scan),
        (template, one.to_template, other.to_template),
    ):
        points = np.argwhere(image.data > 0)[:: 1 if image is scan else 97]
        world = points @ image.affine[:3, :3].T + image.affine[:3, 3]
        expected = moved_points(world, field) * FLIP
        apart = np.linalg.norm(moved_points(world * FLIP, mirrored_field) - expected, axis=1)
        assert apart.mean() < MEAN_MM
        far = np.linalg.norm(moved_points(world, field) - world, axis=1)
        assert far.mean() > 5  # there was something to do
