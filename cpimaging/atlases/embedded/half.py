"""The left half of the template, midline plane included: the atlas is built on it and mirrored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.template import Template
from cpimaging.types import Image

Mask = NDArray[np.bool_]
Point = Sequence[float]


@dataclass(frozen=True)
class Half:
    """Left half (x ≤ 0) of the template, 1 mm voxels. The last plane along x is x = 0.

    t1w, gm, wm, csf: float32, 0–1. brain: bool. x, y, z: world mm, broadcastable to the shape.
    A distance measured within one half equals the distance in the whole brain, since every
    structure is its own mirror image; filters must use mode "mirror" to get the same.
    """

    t1w: NDArray[np.float32]
    gm: NDArray[np.float32]
    wm: NDArray[np.float32]
    csf: NDArray[np.float32]
    brain: Mask
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]

    @classmethod
    def of(cls, template: Template) -> "Half":
        """Cut the left half out of a mirror-symmetric template of 1 mm voxels."""
        origin = np.rint(template.t1w.affine[:3, 3]).astype(int)
        width = 1 - origin[0]
        t1w, gm, wm = (image.data[:width] for image in (template.t1w, template.gm, template.wm))
        brain = template.brain.data[:width]
        x, y, z = (
            np.arange(start, start + size, dtype=float).reshape(shape)
            for start, size, shape in zip(
                origin, t1w.shape, ((-1, 1, 1), (1, -1, 1), (1, 1, -1)), strict=True
            )
        )
        csf = np.where(brain, np.clip(1 - gm - wm, 0, 1), 0).astype(np.float32)
        return cls(t1w, gm, wm, csf, brain, x, y, z)

    def voxel(self, point: Point) -> tuple[int, int, int]:
        """Return the voxel index of a point in world mm; a point on the right is mirrored first."""
        start = (self.x.flat[0], self.y.flat[0], self.z.flat[0])
        i, j, k = (
            round(value - first) for value, first in zip((-abs(point[0]), *point[1:]), start, strict=True)
        )
        return i, j, k

    def ellipsoid(self, centre: Point, radii_mm: Point) -> Mask:
        """Return the ellipsoid around a point, axes along x, y and z."""
        x, y, z = -abs(centre[0]), centre[1], centre[2]
        a, b, c = radii_mm
        inside: Mask = ((self.x - x) / a) ** 2 + ((self.y - y) / b) ** 2 + ((self.z - z) / c) ** 2 <= 1
        return inside

    def mirrored(self, data: NDArray[np.generic], like: Image) -> Image:
        """Return the whole-brain image whose left half is `data` and whose right half mirrors it."""
        return like.with_data(np.concatenate([data, data[-2::-1]]))


def largest(mask: Mask) -> Mask:
    """Return the largest 6-connected component of a mask."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    found: Mask = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    return found
