"""Lines across a section of the brain: where a part is thickest or widest, or between two parts."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image

STEP_MM = 0.25
"""Grid of a section; edges are interpolated between the voxels of the scan (ours)."""

TOP_MM = (2.0, 10.0)
"""Depth under the top of both hemispheres over which the gap between them is measured (ours)."""

TURN_DEGREES = 5
ACROSS = {"sagittal": 0, "coronal": 1, "axial": 2}
Plane = Literal["sagittal", "coronal", "axial"]
Shares = NDArray[np.float32]
Point = NDArray[np.float64]


@dataclass(frozen=True)
class Section:
    """A plane through the brain, its grid one voxel thick. Places on it are (across, up) in steps."""

    plane: Plane
    grid: Image
    step_mm: float = STEP_MM

    def flat(self, shares: NDArray[Any]) -> NDArray[Any]:
        """Return what is on the grid as an array of two axes: to the right (or the front), and up."""
        return shares.squeeze(ACROSS[self.plane])

    def unflat(self, flat: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the opposite of `flat`."""
        return np.expand_dims(flat, ACROSS[self.plane])

    def inverse(self, point_mm: Point) -> tuple[float, float]:
        """Return the place of a point that is laid onto the plane."""
        place = np.delete((np.linalg.inv(self.grid.affine) @ [*point_mm, 1.0])[:3], ACROSS[self.plane])
        return float(place[0]), float(place[1])

    def line(self, start: tuple[float, float], end: tuple[float, float]) -> "Line":
        """Return the line between two places."""
        return Line(self, start, end)

    def world(self, place: tuple[float, float]) -> tuple[float, float, float]:
        """Return where a place lies, in scan mm (RAS+)."""
        voxel = np.insert(np.array(place), ACROSS[self.plane], 0.0)
        x, y, z = (float(value) for value in self.grid.affine[:3, :3] @ voxel + self.grid.affine[:3, 3])
        return x, y, z


@dataclass(frozen=True)
class Line:
    """A measured line. start, end: places on its section."""

    on: Section
    start: tuple[float, float]
    end: tuple[float, float]

    @property
    def length_mm(self) -> float:
        """Its length."""
        return float(np.linalg.norm(np.subtract(self.end, self.start)) * self.on.step_mm)


def section(grid: Image, plane: Plane, point_mm: Point) -> Section:
    """Return the plane of an aligned grid through a point."""
    axis = ACROSS[plane]
    place = (np.linalg.inv(grid.affine) @ [*point_mm, 1.0])[:3]
    start = np.zeros(3)
    start[axis] = place[axis]
    size = np.ceil(np.array(grid.shape) * np.array(grid.spacing_mm) / STEP_MM).astype(int)
    size[axis] = 1
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] / np.array(grid.spacing_mm) * STEP_MM
    affine[:3, 3] = grid.affine[:3, :3] @ start + grid.affine[:3, 3]
    return Section(plane, Image(np.zeros(tuple(size), np.uint8), affine))


def thickest(on: Section, shares: Shares, where: NDArray[np.bool_]) -> Line | None:
    """Return the line across a structure at its thickest place within `where`; None where there is none.

    The shortest one through the centre of the largest circle inside.
    """
    inside = on.flat(shares) >= 0.5
    depth = np.where(on.flat(where), ndimage.distance_transform_edt(np.pad(inside, 1))[1:-1, 1:-1], 0)
    if depth.max(initial=0) <= 0:
        return None
    centre = np.array(np.unravel_index(int(np.argmax(depth)), depth.shape), np.float64)
    flat = on.flat(shares).astype(np.float64)
    lines = []
    for angle in np.radians(np.arange(0, 180, TURN_DEGREES)):
        towards = np.array([np.cos(angle), np.sin(angle)])
        start, end = (_edge(flat, centre, sign * towards) for sign in (-1.0, 1.0))
        lines.append(on.line((start[0], start[1]), (end[0], end[1])))
    return min(lines, key=lambda line: line.length_mm)


def _edge(shares: NDArray[np.float64], start: Point, towards: Point) -> Point:
    """Return where the share falls to one half along a direction, to a tenth of a step."""
    far = np.arange(0, max(shares.shape), 0.1)
    places = start[:, None] + towards[:, None] * far
    outside = np.flatnonzero(ndimage.map_coordinates(shares, places, order=1, mode="constant") < 0.5)
    edge: Point = places[:, outside[0]] if len(outside) else places[:, -1]
    return edge


def widest(on: Section, shares: Shares, above: float = 0.0, *, span: bool = False) -> Line | None:
    """Return the longest horizontal line from the outermost left to the outermost right.

    above: lowest height that is looked at. span: from end to end of the whole section, at whatever heights.
    """
    inside: NDArray[np.bool_] = on.flat(shares) >= 0.5
    inside[:, : max(round(above), 0)] = False
    if not inside.any():
        return None
    if span:
        across, up = np.nonzero(inside)
        height = float(np.mean([np.median(up[across == end]) for end in (across.min(), across.max())]))
        return on.line((across.min() - 0.5, height), (across.max() + 0.5, height))
    rows = np.flatnonzero(inside.any(axis=0))
    first = inside[:, rows].argmax(axis=0)
    last = len(inside) - 1 - inside[::-1, rows].argmax(axis=0)
    best = int(np.argmax(last - first))
    return on.line((first[best] - 0.5, float(rows[best])), (last[best] + 0.5, float(rows[best])))


def mean_gap(on: Section, left: Shares, right: Shares) -> Line | None:
    """Return the line of median length between two parts under their tops; None where one is not there."""
    parts = [on.flat(share) >= 0.5 for share in (left, right)]
    if not all(part.any() for part in parts):
        return None
    top = min(int(np.flatnonzero(part.any(axis=0))[-1]) for part in parts)
    low, high = (round(top - depth / on.step_mm) for depth in reversed(TOP_MM))
    rows = [r for r in range(max(low, 0), max(high, 0) + 1) if parts[0][:, r].any() and parts[1][:, r].any()]
    gaps = []
    for r in rows:
        inner_left = int(np.flatnonzero(parts[0][:, r])[-1])
        inner_right = int(parts[1][:, r].argmax())
        gaps.append((max(inner_right - inner_left - 1, 0), inner_left, r))
    if not gaps:
        return None
    gap, start, height = sorted(gaps)[len(gaps) // 2]
    return on.line((start + 0.5, float(height)), (start + 0.5 + gap, float(height)))
