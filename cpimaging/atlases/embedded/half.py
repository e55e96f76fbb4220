"""The left half of the template, midline plane included: the atlas is built on it and mirrored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.template import Template

TISSUE_SHARE = 0.3  # ours: a voxel is brain tissue where grey and white matter fill this share of it

Mask = NDArray[np.bool_]
Volume = NDArray[np.floating]
Point = Sequence[float]


@dataclass(frozen=True)
class Half:
    """Left half (x ≤ 0) of the template, 1 mm voxels. The last plane along x is x = 0.

    t1w, gm, wm: float32, 0–1. brain: bool. x, y, z: world mm, broadcastable to the shape.
    A distance measured within one half equals the distance in the whole brain, since every
    structure is its own mirror image; filters must use mode "mirror" to get the same.
    """

    t1w: Volume
    gm: Volume
    wm: Volume
    brain: Mask
    x: Volume
    y: Volume
    z: Volume

    @classmethod
    def of(cls, template: Template) -> "Half":
        """Cut the left half out of a mirror-symmetric template of 1 mm voxels."""
        origin = np.rint(template.t1w.affine[:3, 3]).astype(int)
        width = 1 - origin[0]
        t1w, gm, wm = (image.data[:width] for image in (template.t1w, template.gm, template.wm))
        brain = template.brain.data[:width]
        x, y, z = np.ix_(
            *(start + np.arange(size, dtype=float) for start, size in zip(origin, t1w.shape, strict=True))
        )
        return cls(t1w, gm, wm, brain, x, y, z)

    @property
    def first(self) -> NDArray[np.float64]:
        """World mm of the voxel with index 0, 0, 0."""
        return np.array([self.x.flat[0], self.y.flat[0], self.z.flat[0]])

    def height(self, a: Point, b: Point, c: Point | None = None) -> Volume:
        """Return the signed distance in mm from a plane, positive above it.

        The plane runs through a, b and c; without c, through a and b and parallel to x.
        """
        first = np.asarray(a, dtype=float)
        along = np.array([1.0, 0, 0]) if c is None else np.asarray(c, dtype=float) - first
        normal = np.cross(np.asarray(b, dtype=float) - first, along)
        normal *= (1.0 if normal[2] >= 0 else -1.0) / np.linalg.norm(normal)
        x, y, z = ((axis - f) * n for axis, f, n in zip((self.x, self.y, self.z), first, normal, strict=True))
        distance: Volume = x + y + z
        return distance


def beside(half: Half, core: Mask, reach_mm: float, slant: float) -> Mask:
    """Return what lies within reach of a structure, at least `slant` of the distance to its left."""
    distance, nearest = ndimage.distance_transform_edt(~core, return_indices=True)
    outward = nearest[0] - np.arange(len(half.x)).reshape(-1, 1, 1)
    found: Mask = (distance > 0) & (distance <= reach_mm) & (outward >= slant * distance)
    return found
