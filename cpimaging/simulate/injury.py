"""Draw lesions into the undistorted template."""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.simulate.anatomy import Anatomy, axes_mm
from cpimaging.simulate.recipes import Part, Recipe

EDGE_MM = 1.5  # width over which a lesion fades into the tissue around it [ours]
NOISE_SCALES_MM = (2.5, 6.0)  # SD of the kernels that smooth the noise on the border [ours]
SIDE_SIZE = (0.92, 1.08)  # factor on the radii of one side: volumes differ by up to 1.6 [ours]
FAR_MM = 50.0  # distance given to voxels when nothing is drawn


class Injury(NamedTuple):
    """A lesion in the template: share of each voxel that is lesion, and that is lost to fluid (0–1).

    side: "left", "right", "bilateral" or "n/a".
    """

    lesion: NDArray[np.float32]
    cavity: NDArray[np.float32]
    side: str


def draw_injury(anatomy: Anatomy, recipe: Recipe, rng: Generator) -> Injury:
    """Draw one lesion of this recipe: tubes cut by the recipe's distances, with a rough border.

    Every tube is shifted and scaled at random, each side by itself. The same generator state gives the
    same lesion.
    """
    if recipe.together:
        return _together([draw_injury(anatomy, one, rng) for one in recipe.together])
    nothing = np.zeros(anatomy.brain.shape, np.float32)
    if not recipe.variants:
        return Injury(nothing, nothing, "n/a")
    parts = recipe.variants[rng.integers(len(recipe.variants))]
    signs = {"both": (-1, 1), "one": (int(rng.choice((-1, 1))),)}[recipe.sides]
    depth = np.full(anatomy.brain.shape, FAR_MM, np.float32)
    subject_size = rng.uniform(*recipe.size)
    for sign in signs:
        size = subject_size * rng.uniform(*SIDE_SIZE)
        for part in parts:
            shift = np.clip(rng.normal(0.0, recipe.jitter_mm, 3), *(np.array((-2, 2)) * recipe.jitter_mm))
            if rng.random() < part.chance:
                np.minimum(depth, part_mm(anatomy, part, sign, shift, size), out=depth)
    depth += recipe.roughness_mm * border_noise(anatomy.brain.shape, rng)
    tissue = np.where(anatomy.brain, 1.0 - anatomy.fluid, 0.0).astype(np.float32)
    lesion = share(depth) * tissue
    cavity = nothing if recipe.cavity_mm is None else _cavity(anatomy, depth, recipe.cavity_mm) * tissue
    side = "bilateral" if len(signs) == 2 else "left" if signs[0] < 0 else "right"
    return Injury(lesion, cavity, side)


def _together(injuries: list[Injury]) -> Injury:
    """Return several lesions of one brain as one."""
    sides = {injury.side for injury in injuries}
    return Injury(
        np.maximum.reduce([injury.lesion for injury in injuries]),
        np.maximum.reduce([injury.cavity for injury in injuries]),
        sides.pop() if len(sides) == 1 else "bilateral",
    )


def _cavity(anatomy: Anatomy, depth: NDArray[np.float32], rim_mm: float) -> NDArray[np.float32]:
    """Return what is lost to fluid: all under the rim, and the tissue between cavity and ventricle."""
    to_ventricle = np.maximum(depth, anatomy.distances["ventricle"] - 2.0 * rim_mm)
    return share(np.minimum(depth + rim_mm, to_ventricle))


def share(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of each voxel inside a border, from signed distances in mm (negative inside)."""
    inside: NDArray[np.float32] = np.clip(np.float32(0.5) - depth / np.float32(EDGE_MM), 0.0, 1.0)
    return inside


def part_mm(
    anatomy: Anatomy, part: Part, sign: int, shift_mm: NDArray[np.float64], size: float
) -> NDArray[np.float32]:
    """Return the signed distance in mm to one part (negative inside), kept to one hemisphere.

    sign: +1 right, −1 left. shift_mm: x counts outward. size: factor on the radii.
    """
    mirror = np.array([sign, 1, 1])
    start, end = ((np.add(p, shift_mm) * mirror).astype(np.float32) for p in (part.start_mm, part.end_mm))
    axes = axes_mm(anatomy.t1w)
    field = tube_mm(axes, start, end, (part.radius_mm[0] * size, part.radius_mm[1] * size))
    np.maximum(field, -sign * axes[0], out=field)
    for name, (low, high) in part.limits_mm.items():
        distance = anatomy.distances[name]
        if np.isfinite(low):
            np.maximum(field, low - distance, out=field)
        if np.isfinite(high):
            np.maximum(field, distance - high, out=field)
    return field


def tube_mm(
    axes: tuple[NDArray[np.float32], ...],
    start: NDArray[np.float32],
    end: NDArray[np.float32],
    radius: tuple[float, float],
) -> NDArray[np.float32]:
    """Return the distance to a tube with round ends, its radius changing evenly from start to end.

    Exact for equal radii; for a taper the radius of the nearest axis point is subtracted.
    """
    along = end - start
    position: NDArray[np.float32] = sum((a - s) * d for a, s, d in zip(axes, start, along, strict=True))
    position = np.clip(position / np.square(along).sum(), 0.0, 1.0)
    square = sum((a - (s + position * d)) ** 2 for a, s, d in zip(axes, start, along, strict=True))
    radius_here = radius[0] + position * (radius[1] - radius[0])
    distance: NDArray[np.float32] = (np.sqrt(square) - radius_here).astype(np.float32)
    return distance


def border_noise(shape: tuple[int, ...], rng: Generator) -> NDArray[np.float32]:
    """Return smooth noise of SD 1 on a 1 mm grid, made on every second voxel and interpolated."""
    coarse = tuple(n // 2 + 2 for n in shape)
    total = np.zeros(coarse, np.float32)
    for scale in NOISE_SCALES_MM:
        noise = ndimage.gaussian_filter(rng.standard_normal(coarse, np.float32), scale / 2.0, mode="wrap")
        total += noise / noise.std()
    total /= total.std()
    fine = ndimage.zoom(total, 2, order=1, grid_mode=False)
    return np.ascontiguousarray(fine[tuple(slice(n) for n in shape)])
