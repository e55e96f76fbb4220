"""Random smooth anatomy: an affine and a diffeomorphism, from scan to template."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.simulate.anatomy import Anatomy
from cpimaging.types import Image

GRID_MM = 3.0  # spacing of the velocity field
ROOM_MM = 24.0  # of the velocity field, around the brain
SMOOTH_MM = (20.0, 9.0)  # SD of the kernels that smooth the velocity [ours]
SPEED_MM = (2.2, 1.0)  # SD of the velocity at each of these scales [ours]
STEPS = 6  # the velocity is integrated over 2**STEPS steps
ROTATION_DEGREES, SHIFT_MM = 4.0, 4.0  # SD of the affine's parameters [ours]
SCALE = (1.10, 0.03)  # mean and SD, scan to template: children's brains are smaller [ours]
PUSH_REACH_MM = 10.0  # the push on the ventricle wall fades over this distance [ours]


@dataclass(frozen=True)
class Warp:
    """Where each point of the scan lies in the template: x_template = D(affine · x_scan).

    affine: (4, 4) mm to mm. displacement: Image of (x, y, z, 3) mm on a coarse template grid,
    D(x) = x + displacement(x).
    """

    affine: NDArray[np.float64]
    displacement: Image

    def to_template(self, grid: Image) -> NDArray[np.float64]:
        """Return the template coordinates, (3, x, y, z) in mm, of the voxels of `grid` in scan space."""
        points = world_mm(self.affine @ grid.affine, grid.data.shape[:3])
        to_voxel = np.linalg.inv(self.displacement.affine)
        voxels = np.tensordot(to_voxel[:3, :3], points, 1) + to_voxel[:3, 3, None, None, None]
        for axis in range(3):
            points[axis] += ndimage.map_coordinates(
                self.displacement.data[..., axis], voxels, order=1, mode="nearest"
            )
        return points


def world_mm(affine: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the world coordinates, (3, x, y, z) in mm, of the voxels of a grid."""
    i, j, k = np.ogrid[tuple(slice(n) for n in shape)]
    return np.stack([a[0] * i + a[1] * j + a[2] * k + a[3] for a in affine[:3]])


def draw_warp(
    anatomy: Anatomy, push_mm: float, rng: Generator, *, size: float = SCALE[0], strength: float = 1.0
) -> Warp:
    """Draw a random affine and a random diffeomorphism, the ventricle wall pushed outward by push_mm.

    size: mean scale from scan to template. strength: factor on the velocity of the diffeomorphism.

    The diffeomorphism is the flow of a stationary velocity field over unit time, by scaling and squaring
    (Arsigny et al., MICCAI 2006), so it is invertible.
    """
    affine = random_affine(rng, size)
    grid = _coarse_grid(anatomy.t1w)
    velocity = strength * random_velocity(grid.shape, rng) - push_mm * _away_from_ventricles(anatomy, grid)
    return Warp(affine, Image(integrate(velocity), grid.affine))


def _coarse_grid(template: Image) -> Image:
    extent = np.array(template.shape) * template.spacing_mm
    shape = np.ceil((extent + 2 * ROOM_MM) / GRID_MM).astype(int)
    affine = np.diag([GRID_MM, GRID_MM, GRID_MM, 1.0])
    affine[:3, 3] = template.affine[:3, 3] - ROOM_MM
    return Image(np.zeros(tuple(shape), np.uint8), affine)


def random_affine(rng: Generator, size: float = SCALE[0]) -> NDArray[np.float64]:
    """Return a small random rotation, scaling and shift, (4, 4) in mm, about the template's origin."""
    rx, ry, rz = np.radians(np.clip(rng.normal(0.0, ROTATION_DEGREES, 3), -10.0, 10.0))
    about_x = np.array([[1, 0, 0], [0, np.cos(rx), -np.sin(rx)], [0, np.sin(rx), np.cos(rx)]])
    about_y = np.array([[np.cos(ry), 0, np.sin(ry)], [0, 1, 0], [-np.sin(ry), 0, np.cos(ry)]])
    about_z = np.array([[np.cos(rz), -np.sin(rz), 0], [np.sin(rz), np.cos(rz), 0], [0, 0, 1]])
    affine = np.eye(4)
    affine[:3, :3] = (
        about_z @ about_y @ about_x @ np.diag(rng.normal(size, SCALE[1], 3).clip(size - 0.1, size + 0.1))
    )
    affine[:3, 3] = rng.normal(0.0, SHIFT_MM, 3)
    return affine


def random_velocity(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float64]:
    """Return a smooth random velocity, (x, y, z, 3) in mm per unit time, on the coarse grid."""
    velocity = np.zeros((*shape, 3))
    for smooth, speed in zip(SMOOTH_MM, SPEED_MM, strict=True):
        for axis in range(3):
            noise = ndimage.gaussian_filter(rng.standard_normal(shape), smooth / GRID_MM, mode="wrap")
            velocity[..., axis] += speed * noise / noise.std()
    return velocity


def _away_from_ventricles(anatomy: Anatomy, grid: Image) -> NDArray[np.float64]:
    """Return vectors of length <= 1 that point away from the lateral ventricles and fade with distance."""
    smooth = ndimage.gaussian_filter(anatomy.distances["ventricle"], 1.5)
    points = world_mm(np.linalg.inv(anatomy.t1w.affine) @ grid.affine, grid.shape)
    distance = ndimage.map_coordinates(smooth, points, order=1, mode="nearest")
    away = np.stack(np.gradient(distance, GRID_MM), axis=-1)
    faded: NDArray[np.float64] = (
        away * np.exp(-np.square(np.maximum(distance, 0.0) / PUSH_REACH_MM))[..., None]
    )
    return faded


def integrate(velocity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the displacement, (x, y, z, 3) in mm, of the flow of `velocity` over unit time."""
    step: NDArray[np.float64] = velocity / 2**STEPS
    voxels = world_mm(np.eye(4), velocity.shape[:3])
    for _ in range(STEPS):
        ahead = voxels + np.moveaxis(step, -1, 0) / GRID_MM
        step = step + np.stack(
            [ndimage.map_coordinates(step[..., a], ahead, order=1, mode="nearest") for a in range(3)], axis=-1
        )
    return step


def jacobian_determinant(
    points_mm: NDArray[np.float64], spacing_mm: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return the volume change at each voxel of a map given as points (3, x, y, z); > 0: no folding."""
    columns = [np.gradient(component, *spacing_mm) for component in points_mm]
    determinant: NDArray[np.float64] = np.linalg.det(np.moveaxis(np.array(columns), (0, 1), (-2, -1)))
    return determinant
