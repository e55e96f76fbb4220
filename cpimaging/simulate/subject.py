"""One simulated brain, from a pattern and a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray

from cpimaging.simulate.anatomy import Anatomy
from cpimaging.simulate.contrast import (
    CONTRASTS,
    LESION_CONTRAST,
    Maps,
    blur,
    healthy_signal,
    make_image,
    sample,
)
from cpimaging.simulate.injury import draw_injury
from cpimaging.simulate.recipes import Recipe
from cpimaging.simulate.variants import add_variants, draw_variants
from cpimaging.simulate.warp import Warp, draw_warp, world_mm
from cpimaging.types import Image

AGE_YEARS = (2.0, 16.0)
FIELD_OF_VIEW_MM = 4.0  # kept around the brain
SEARCH_MM = 4.0  # spacing of the grid on which the brain is looked for


class Voxels(NamedTuple):
    """Voxel size of a simulated scan, and the template's tissue maps blurred to it (`tissue_maps`)."""

    size_mm: tuple[float, float, float]
    maps: Maps


@dataclass(frozen=True)
class Appearance:
    """How a subject looks, beside its recipe.

    lesion_sd: contrast of the lesion in SD of white matter, drawn at random where None. variants: draw what
    healthy brains show as well (`simulate.variants`).
    """

    lesion_sd: float | None = None
    variants: bool = False


@dataclass(frozen=True)
class Subject:
    """A simulated scan and what is true of it; all images on one grid.

    images: contrast -> uint16, 0 outside of the brain. lesion, ventricles: bool.
    displacement: (x, y, z, 3) mm from each voxel to its place in the template.
    """

    recipe: Recipe
    seed: int
    side: str
    age_years: float
    sex: str
    images: Mapping[str, Image]
    lesion: Image
    ventricles: Image
    displacement: Image

    @property
    def lesion_volume_mm3(self) -> float:
        """Volume of the true lesion: voxels × voxel volume, to the millionth mm³."""
        return round(int(self.lesion.data.sum()) * self.lesion.voxel_volume_mm3, 6)


def subject_seed(seed: int, index: int) -> int:
    """Return the seed of the subject with this index (from 0) in a dataset made with `seed`."""
    return int(SeedSequence(seed, spawn_key=(index,)).generate_state(1)[0])


def make_subject(
    anatomy: Anatomy,
    voxels: Voxels,
    recipe: Recipe,
    contrasts: Sequence[str],
    seed: int,
    appearance: Appearance = Appearance(),
) -> Subject:
    """Simulate one scan: draw the lesion in the template, warp it, make the images.

    Lesion, warp and person depend on recipe and seed alone; voxel size and contrasts do not change them.
    """
    streams = (default_rng(s) for s in SeedSequence(seed).spawn(5))
    for_injury, for_warp, for_signal, for_person, for_variants = streams
    injury = draw_injury(anatomy, recipe, for_injury)
    warp = draw_warp(anatomy, for_injury.uniform(*recipe.push_mm), for_warp)
    grid = scan_grid(anatomy, warp, voxels.size_mm)
    points = warp.to_template(grid)
    drawn = {"lesion": blur(injury.lesion, voxels.size_mm), "cavity": blur(injury.cavity, voxels.size_mm)}
    if appearance.variants:
        variants = draw_variants(anatomy, for_variants)
        drawn |= {name: blur(data, voxels.size_mm) for name, data in variants.items()}
    maps = sample({**voxels.maps, **drawn}, anatomy.t1w, points)
    brain = maps["brain"] > 0.5
    lesion_sd = for_signal.uniform(*LESION_CONTRAST)
    lesion_sd = lesion_sd if appearance.lesion_sd is None else appearance.lesion_sd
    noise = dict(zip(CONTRASTS, for_signal.spawn(len(CONTRASTS)), strict=True))
    images = {}
    for name in contrasts:
        healthy = healthy_signal(maps, CONTRASTS[name])
        if appearance.variants:
            healthy = add_variants(healthy, maps, name, CONTRASTS[name].fluid)
        images[name] = grid.with_data(make_image(healthy, maps, CONTRASTS[name], lesion_sd, noise[name]))
    return Subject(
        recipe=recipe,
        seed=seed,
        side=injury.side,
        age_years=round(float(for_person.uniform(*AGE_YEARS)), 1),
        sex=str(for_person.choice(["F", "M"])),
        images=images,
        lesion=grid.with_data((maps["lesion"] > 0.5) & brain),
        ventricles=grid.with_data((maps["ventricles"] > 0.5) & brain),
        displacement=Image(displacement(points, grid), grid.affine),
    )


def displacement(points_mm: NDArray[np.float64], grid: Image) -> NDArray[np.float32]:
    """Return the way in mm, (x, y, z, 3), from each voxel of a grid to its point in the template."""
    moved = points_mm - world_mm(grid.affine, grid.shape)
    return np.moveaxis(moved, 0, -1).astype(np.float32)


def scan_grid(anatomy: Anatomy, warp: Warp, voxel_mm: tuple[float, float, float]) -> Image:
    """Return an empty unrotated grid of this voxel size around the warped brain."""
    corners = world_mm(anatomy.t1w.affine, anatomy.t1w.shape)[:, [0, -1]][:, :, [0, -1]][..., [0, -1]]
    corners = np.linalg.inv(warp.affine)[:3, :3] @ (corners.reshape(3, -1) - warp.affine[:3, 3:])
    room = _box_grid(corners.min(1) - 20.0, corners.max(1) + 20.0, (SEARCH_MM,) * 3)
    inside = sample({"brain": anatomy.brain.astype(np.float32)}, anatomy.t1w, warp.to_template(room))
    found = np.argwhere(inside["brain"] > 0)
    low, high = (room.affine[:3, 3] + SEARCH_MM * v for v in (found.min(0), found.max(0)))
    return _box_grid(low - FIELD_OF_VIEW_MM, high + FIELD_OF_VIEW_MM, voxel_mm)


def _box_grid(
    low_mm: NDArray[np.float64], high_mm: NDArray[np.float64], voxel_mm: tuple[float, ...]
) -> Image:
    affine = np.diag([*voxel_mm, 1.0])
    affine[:3, 3] = np.round(low_mm)
    shape = np.ceil((high_mm - affine[:3, 3]) / voxel_mm).astype(int) + 1
    return Image(np.zeros(tuple(shape), np.uint8), affine)
