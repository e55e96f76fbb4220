"""Where the brain lies in a head: the affine that lays the template's brain over the scan.

The template has no skull, so it is looked up point by point in the scan: its tissues and two shells
around it must each find one grey level (correlation ratio, Roche et al. 1998). That holds for any contrast.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize
from skimage.filters import threshold_otsu

from cpimaging.atlases import Template
from cpimaging.registration import Matrix
from cpimaging.registration.start import rotation
from cpimaging.types import Image
from cpimaging.voxels import largest_piece, signed_distance, strided

SHELLS_MM = (3.0, 10.0)
"""Outer ends of the two shells around the brain: mostly fluid, mostly skull (ours)."""

SCALP_MM = 3.0
"""The brain is at least this deep in the head, and the edge to air does not count (ours)."""

SCALES = (0.55, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
"""Sizes of the brain against the template's at which the search starts: newborn to large adult (ours)."""

GAPS_MM = (5.0, 12.0, 20.0, 30.0)
"""Depths of the top of the brain under the top of the head at which the search starts (ours)."""

SHIFTS_MM, PITCHES = (-12.0, 0.0, 12.0), (-24.0, -12.0, 0.0, 12.0, 24.0)
"""Shifts to the back and front, and nods in degrees, at which the search starts (ours)."""

UPPER_HEAD_MM = 100.0
"""Below this depth under its top a head is face and neck (ours)."""

OUTSIDE_COST, CUT_COST = 2.0, 0.3
"""Cost of brain in air, and of brain beyond the field of view, against the share explained (ours)."""

COARSE_STEP, FINE_STEP = 4, 3
"""Every how many voxels of the template at 2 mm it is looked up."""

KINDS_OF_POINT = 6
Bool = NDArray[np.bool_]
Vector = NDArray[np.float64]


def head_mask(image: Image) -> Bool:
    """Return everything that is not air: threshold, largest piece, hollows filled. image: about 2 mm."""
    top = float(np.percentile(image.data[image.data > 0], 98))
    data = np.clip(image.data, 0, top)
    limit = np.clip(threshold_otsu(data[data > 0.02 * top]) / 2, 0.08 * top, 0.3 * top)
    mask = ndimage.binary_opening(ndimage.gaussian_filter(data, 1) > limit)
    mask = largest_piece(mask) if mask.any() else ~mask  # where all is noise, the pose will not be believed
    mask = np.pad(mask, 6, mode="edge")  # a cut neck must not let air in
    mask = ndimage.binary_closing(mask, iterations=5)
    for axis in range(3):
        slices = [ndimage.binary_fill_holes(one) for one in np.moveaxis(mask, axis, 0)]
        mask = np.moveaxis(np.array(slices), 0, axis)
    return np.ascontiguousarray(mask[6:-6, 6:-6, 6:-6])


def template_pose(scan: Image, head: Bool, template: Template) -> Matrix:
    """Return the (4, 4) matrix, RAS+ mm, that takes template points to the scan.

    scan: a whole head at about 2 mm. head: its `head_mask`. The header must say which way is up, to
    about 30 degrees.
    """
    coarse = _Fit(scan, head, template, COARSE_STEP)
    starts = coarse.starts(scan, head)
    best = sorted(starts, key=lambda x: -coarse.score(x))[:2]
    refined = [coarse.refine(x, size=8.0, rounds=3) for x in best]
    finest = _Fit(scan, head, template, FINE_STEP)
    return finest.matrix(finest.refine(max(refined, key=coarse.score), size=3.0, rounds=3))


class _Fit:
    """Template points with their tissue, and the scan at which they are looked up.

    A pose is a vector of 9: shift in mm, turns in degrees, logarithms of the scale along x, y, z.
    """

    def __init__(self, scan: Image, head: Bool, template: Template, step: int) -> None:
        self.points, depth, self.tissue = _template_points(template, step)
        self.inside = depth < 0
        self.centre = self.points[self.inside].mean(axis=0)
        self.top_mm = float(self.points[self.inside][:, 2].max() - self.centre[2])
        clipped = np.clip(scan.data, 0, np.percentile(scan.data[head], 98))
        self.scan = ndimage.gaussian_filter(clipped.astype(np.float32), step / 2)
        padded = np.pad(head, 1, mode="edge")
        self.air_mm = ndimage.distance_transform_edt(padded, sampling=scan.spacing_mm)[1:-1, 1:-1, 1:-1]
        self.to_voxel = np.linalg.inv(scan.affine)

    def matrix(self, pose: Vector) -> Matrix:
        matrix = np.eye(4)
        matrix[:3, :3] = rotation(pose[3:6]) @ np.diag(np.exp(pose[6:9]))
        matrix[:3, 3] = self.centre + pose[:3] - matrix[:3, :3] @ self.centre
        return matrix

    def score(self, pose: Vector) -> float:
        """Return the share of the scan's variance that tissues explain, less costs for brain out of place."""
        to_voxel = self.to_voxel @ self.matrix(pose)
        voxels = self.points @ to_voxel[:3, :3].T + to_voxel[:3, 3]
        nearest = np.rint(voxels).astype(int)
        seen = ((nearest >= 0) & (nearest < self.scan.shape)).all(axis=1)
        deep = np.zeros(len(seen), bool)
        deep[seen] = self.air_mm[tuple(nearest[seen].T)] > SCALP_MM
        brain = int(self.inside.sum())
        outside = int((self.inside & seen & ~deep).sum()) / brain
        cut = 1 - int((self.inside & seen).sum()) / brain
        return self._explained(voxels[deep], self.tissue[deep]) - OUTSIDE_COST * outside - CUT_COST * cut

    def _explained(self, voxels: NDArray[np.float64], tissue: NDArray[np.int64]) -> float:
        if len(voxels) < 200:
            return -1.0
        values = ndimage.map_coordinates(self.scan, voxels.T, order=1, mode="nearest")
        count = np.bincount(tissue, minlength=KINDS_OF_POINT)
        total = np.bincount(tissue, weights=values, minlength=KINDS_OF_POINT)
        between = float((total**2 / np.maximum(count, 1)).sum()) / len(values) - float(values.mean()) ** 2
        return between / max(float(values.var()), 1e-6)

    def starts(self, scan: Image, head: Bool) -> list[Vector]:
        """Return poses under the top of the head, upright or nodding, of all sizes."""
        points = np.argwhere(head) @ scan.affine[:3, :3].T + scan.affine[:3, 3]
        top = float(np.percentile(points[:, 2], 99.8))
        x, y, _ = np.median(points[points[:, 2] > top - UPPER_HEAD_MM], axis=0)
        poses = []
        for scale, gap, shift, pitch in product(SCALES, GAPS_MM, SHIFTS_MM, PITCHES):
            target = np.array([x, y + shift, top - gap - self.top_mm * scale])
            poses.append(np.array([*(target - self.centre), pitch, 0, 0, *[np.log(scale)] * 3]))
        return poses

    def refine(self, pose: Vector, size: float, rounds: int) -> Vector:
        """Return the best pose near one. size: first step in mm and degrees."""
        unit = np.array([size] * 6 + [size / 80] * 3)
        best = optimize.minimize(
            lambda x: -self.score(pose + x * unit),
            np.zeros(9),
            method="Powell",
            options={"xtol": 0.03, "ftol": 1e-4, "maxiter": rounds},
        )
        return np.asarray(pose + best.x * unit)


def _template_points(
    template: Template, step: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Return world points (n, 3) in and around the brain, their depth (negative inside), their tissue."""
    pad = 8  # voxels of 2 mm, beyond the outer shell
    brain, gm, wm = (
        np.pad(strided(image, (2, 2, 2)).data.astype(np.float32), pad)
        for image in (template.brain, template.gm, template.wm)
    )
    affine = strided(template.brain, (2, 2, 2)).affine
    depth = signed_distance(brain > 0.5, (2.0, 2.0, 2.0), wall_mm=1.0)
    index = np.stack(
        np.meshgrid(*(np.arange(step // 2, n, step) for n in brain.shape), indexing="ij"), -1
    ).reshape(-1, 3)
    index = index[depth[tuple(index.T)] <= SHELLS_MM[1]]
    at = tuple(index.T)
    depth, grey, white = depth[at], ndimage.gaussian_filter(gm, 0.8)[at], ndimage.gaussian_filter(wm, 0.8)[at]
    inside = [white > 0.6, grey > 0.45, grey + white > 0.7]
    tissue = np.select(
        [*((depth <= 0) & part for part in inside), depth <= 0, depth <= SHELLS_MM[0]], range(5), 5
    )
    points = (index - pad) @ affine[:3, :3].T + affine[:3, 3]
    return points, depth, tissue


def inverse(matrix: Matrix) -> Matrix:
    """Return the matrix of the way back."""
    back: Matrix = np.linalg.inv(matrix).astype(np.float64)
    return back
