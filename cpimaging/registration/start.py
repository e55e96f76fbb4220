"""Where the search begins: the turn, shift and scale that lay the scan roughly over the template.

Headers may state a wrong orientation, patients lie tilted, and the field of view may cut the brain.
Turns in all directions are tried on a coarse grid, and the best is refined.
"""

from itertools import permutations, product

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cpimaging.types import Image
from cpimaging.voxels import bounding_box, steps_of, stride, strided, voxels_in

Matrix = NDArray[np.float64]

GRID_MM = 7.0
"""Spacing of the points at which scan and template are compared (ours)."""

MARGIN_MM = 15.0
"""Background around the brain that takes part: it says where the brain ends (ours)."""

TILT_DEGREES = (-24.0, 0.0, 24.0)
"""Turns about each axis that are tried from each of the 24 right-angled orientations (ours)."""

DISTRUST = 0.05
"""The header's orientation is kept unless another explains this much more of the scan (ours)."""

SCALES = (0.8, 2.0)
"""Template size over scan size, per axis: large adult to newborn (ours)."""

STRETCH = 4 / 3
"""How far the scale of one axis may go from that by volume, up or down (ours)."""

UPRIGHT_DEGREES = 16.0
"""Turns about each axis, from upright, within which a brain of another shape is looked for. With free turns
three scales laid a round brain wrongly (ours)."""

GREY_LEVELS = 16
"""Grey levels of the template for the correlation ratio."""


def rough_alignment(scan: Image, template: Image, exclude: Image | None) -> Matrix:
    """Return a (4, 4) matrix, RAS+ mm, that takes scan points roughly to template points.

    Turn, shift and one scale, or a scale for each axis where that explains clearly more. Both images are 0
    outside of the brain. The correlation ratio (Roche et al. 1998) of scan on template decides; it fits any
    contrast. Points outside of the scan's field of view do not count, nor do those in `exclude` (boolean, on
    the scan's grid).
    """
    points, values = _points(scan, exclude)
    centre = points[values != 0].mean(axis=0)
    fit = _Fit(points, np.clip(values, 0, np.percentile(values[values != 0], 99)), centre, _coarse(template))
    scale = np.clip(np.cbrt(_volume(template) / _volume(scan)), *SCALES)
    upright = [rotation(angles) for angles in product(TILT_DEGREES, repeat=3)]
    turns = [turn @ tilt for turn in _right_angles() for tilt in upright]
    scores = np.array([fit.score(fit.matrix(np.zeros(3), np.zeros(3), scale, turn)) for turn in turns])
    header, any_turn = (turns[int(s.argmax())] for s in (scores[: len(upright)], scores))
    kept, kept_score = fit.refine(header, scale)
    others = [fit.refine(np.eye(3), scale, axes=3)]
    if scores.max() > scores[: len(upright)].max():
        others.append(fit.refine(any_turn, scale))
    other, other_score = max(others, key=lambda found: found[1])
    return other if other_score > kept_score + DISTRUST else kept


class _Fit:
    """Scan points with their values, and the template at which they are looked up."""

    def __init__(
        self,
        points: NDArray[np.float64],
        values: NDArray[np.float64],
        centre: NDArray[np.float64],
        template: Image,
    ) -> None:
        self.points, self.values, self.centre = points, values - values.mean(), centre
        self.template, self.variance = template, float(values.var())
        inside = template.data[template.data > 0]
        self.edges = np.array(
            [0.02 * inside.max(), *np.quantile(inside, np.linspace(0, 1, GREY_LEVELS)[1:-1])]
        )
        voxels = np.argwhere(template.data > 0.02 * inside.max())
        self.target = (voxels @ template.affine[:3, :3].T + template.affine[:3, 3]).mean(axis=0)
        self.to_voxel = np.linalg.inv(template.affine)

    def matrix(
        self, angles: NDArray[np.float64], shift: NDArray[np.float64], scale: ArrayLike, turn: Matrix
    ) -> Matrix:
        matrix = np.eye(4)
        matrix[:3, :3] = np.broadcast_to(scale, 3)[:, None] * rotation(angles) @ turn
        matrix[:3, 3] = self.target + shift - matrix[:3, :3] @ self.centre
        return matrix

    def score(self, matrix: Matrix) -> float:
        """Return the share of the scan's variance that the template's grey level explains."""
        to_voxel = self.to_voxel @ matrix
        voxels = self.points @ to_voxel[:3, :3].T + to_voxel[:3, 3]
        found = ndimage.map_coordinates(self.template.data, voxels.T, order=1)
        level = np.searchsorted(self.edges, found)
        count = np.bincount(level, minlength=len(self.edges) + 1)
        total = np.bincount(level, weights=self.values, minlength=len(self.edges) + 1)
        between = float((total**2 / np.maximum(count, 1)).sum()) / len(self.values)
        return between / self.variance

    def refine(self, turn: Matrix, scale: float, axes: int = 1) -> tuple[Matrix, float]:
        """Return the best matrix near a turn, and its score. axes: 1 for one scale, 3 for one per axis."""

        def matrix(x: NDArray[np.float64]) -> Matrix:
            angles, stretch = x[:3], np.exp(x[6:] / 50)  # one unit of x is about 1 mm at the surface
            if axes > 1:
                angles = angles.clip(-UPRIGHT_DEGREES, UPRIGHT_DEGREES)
                stretch = stretch.clip(1 / STRETCH, STRETCH)
            return self.matrix(angles, x[3:6], np.clip(scale * stretch, *SCALES), turn)

        best = scipy.optimize.minimize(
            lambda x: -self.score(matrix(x)),
            np.zeros(6 + axes),
            method="Powell",
            options={
                "xtol": 0.5,
                "ftol": 1e-4,
                "maxiter": 4,
                "direc": np.diag([8.0] * 6 + [4.0] * axes),
            },
        )
        return matrix(best.x), -float(best.fun)


def _points(scan: Image, exclude: Image | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return world points (n, 3) on a coarse grid in the field of view, and the smoothed scan there."""
    spacing = np.array(scan.spacing_mm)
    window = bounding_box(scan.data != 0, voxels_in(MARGIN_MM, scan.spacing_mm))
    low = [part.start for part in window]
    data = ndimage.gaussian_filter(scan.data[window].astype(np.float32), GRID_MM / 3 / spacing)
    data[scan.data[window] == 0] = 0
    step = steps_of(GRID_MM, scan.spacing_mm)
    picked = stride(step, step // 2)
    values = data[picked].astype(np.float64)
    index = np.stack(
        np.meshgrid(*(np.arange(n)[p] for n, p in zip(data.shape, picked, strict=True)), indexing="ij"), -1
    )
    use = np.ones(values.shape, bool) if exclude is None else ~exclude.data[window][picked]
    points = (index[use] + low) @ scan.affine[:3, :3].T + scan.affine[:3, 3]
    return points, values[use]


def _coarse(template: Image) -> Image:
    """Return the template smoothed and thinned out to about half of GRID_MM."""
    step = steps_of(GRID_MM / 2, template.spacing_mm)
    return strided(template.with_data(ndimage.uniform_filter(template.data.astype(np.float32), step)), step)


def _volume(image: Image) -> float:
    return int((image.data != 0).sum()) * image.voxel_volume_mm3


def rotation(degrees: tuple[float, ...] | NDArray[np.float64]) -> Matrix:
    """Return the (3, 3) rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = [i for i in range(3) if i != axis]
        about = np.eye(3)
        about[[a, a, b, b], [a, b, a, b]] = [np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)]
        matrix = about @ matrix
    return matrix


def _right_angles() -> list[Matrix]:
    """Return the 24 rotations of a cube, the identity first."""
    found = [
        np.eye(3)[list(order)] * np.array(signs)[:, None]
        for order in permutations(range(3))
        for signs in product((1.0, -1.0), repeat=3)
    ]
    return [turn for turn in found if np.linalg.det(turn) > 0]
