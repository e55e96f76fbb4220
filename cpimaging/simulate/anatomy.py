"""Where things are in the undistorted template: ventricles and distances, found without any atlas."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import Template
from cpimaging.types import Image
from cpimaging.voxels import bounding_box

MARGIN = 2  # voxels kept around the brain
FLUID = 0.5  # share of cerebrospinal fluid above which a voxel belongs to a ventricle [ours]
VENTRICLE_DEPTH_MM = 16.0  # from the brain's surface: parts ventricles from cisterns and fissures [ours]
MIDLINE_MM = 2.0  # half width of the slab that parts the lateral from the third ventricle [ours]
VENTRICLE_SEEDS_MM = ((-8, 8, 16), (8, 8, 16))  # in the body of the left and the right ventricle


@dataclass(frozen=True)
class Anatomy:
    """The template cropped to its brain, with what lesions are drawn by.

    t1w: float32, 0–1. gm, wm, fluid: share of each voxel, float32. brain, ventricles: bool. All on one grid.
    distances: name -> field in mm, float32: `ventricle` from the wall of the lateral ventricles, negative
    within; `dorsolateral` how far up and outward a voxel lies from the nearest ventricle wall; `surface`
    depth under the brain's surface; `grey` from cortex and deep grey matter.
    """

    t1w: Image
    gm: NDArray[np.float32]
    wm: NDArray[np.float32]
    fluid: NDArray[np.float32]
    brain: NDArray[np.bool_]
    ventricles: NDArray[np.bool_]
    distances: Mapping[str, NDArray[np.float32]]


def axes_mm(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return world coordinates along x, y and z of an unrotated grid, shaped to broadcast over it."""
    step, origin = np.diag(image.affine)[:3], image.affine[:3, 3]
    x, y, z = (
        (np.arange(n) * d + o).astype(np.float32) for n, d, o in zip(image.shape, step, origin, strict=True)
    )
    return x[:, None, None], y[None, :, None], z[None, None, :]


def find_anatomy(template: Template) -> Anatomy:
    """Crop the template to its brain and measure the distances that the recipes speak of.

    The template's grid must be unrotated, with voxels of 1 mm.
    """
    t1w, gm, wm, brain = _crop(template)
    fluid = np.where(brain, np.clip(1.0 - gm - wm, 0.0, 1.0), 0.0).astype(np.float32)
    surface = _depth(brain)
    ventricles = _lateral_ventricles(t1w, fluid, surface)
    ventricle, nearest = ndimage.distance_transform_edt(~ventricles, return_indices=True)
    distances = {
        "ventricle": np.where(ventricles, 0.5 - _depth(ventricles), ventricle - 0.5).astype(np.float32),
        "dorsolateral": _dorsolateral(t1w, nearest),
        "surface": surface,
        "grey": _depth(~((gm > 0.5) & (ventricle > 4.0))),  # not the thin rim that lines the ventricles
    }
    return Anatomy(t1w, gm, wm, fluid, brain, ventricles, distances)


def _crop(
    template: Template,
) -> tuple[Image, NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    box = bounding_box(template.brain.data > 0, [MARGIN] * 3)
    affine = template.t1w.affine.copy()
    affine[:3, 3] += np.diag(affine)[:3] * [s.start for s in box]
    t1w = Image(template.t1w.data[box].astype(np.float32), affine)
    return t1w, template.gm.data[box], template.wm.data[box], template.brain.data[box]


def _depth(inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the distance in mm to the nearest voxel that is not inside (voxels of 1 mm)."""
    depth: NDArray[np.float32] = ndimage.distance_transform_edt(inside).astype(np.float32)
    return depth


def _lateral_ventricles(
    grid: Image, fluid: NDArray[np.float32], surface: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return the pool of fluid deep in each hemisphere."""
    off_midline = np.abs(axes_mm(grid)[0]) >= MIDLINE_MM
    pools, _ = ndimage.label((fluid > FLUID) & (surface > VENTRICLE_DEPTH_MM) & off_midline)
    seeds = np.round(np.array(VENTRICLE_SEEDS_MM) - grid.affine[:3, 3]).astype(int)
    found = [pools[tuple(seed)] for seed in seeds]
    return np.isin(pools, [label for label in found if label])


def _dorsolateral(grid: Image, nearest: NDArray[Any]) -> NDArray[np.float32]:
    """Return, in mm, how far each voxel lies from its nearest ventricle voxel along "up and outward"."""
    x, _, z = axes_mm(grid)
    outward = np.sign(x) * (x - x.ravel()[nearest[0]])
    upward = z - z.ravel()[nearest[2]]
    along: NDArray[np.float32] = ((outward + upward) / np.sqrt(2.0)).astype(np.float32)
    return along
