"""Marker-based watershed on a box of the half brain, on a grid as fine as wanted."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from cpimaging.atlases.embedded.half import Half, Mask, Point, Volume
from cpimaging.io import read_table

Paths = Mapping[str, Sequence[NDArray[np.float64]]]
MARKERS = Path(__file__).with_name("markers.tsv")


def read_markers(stage: str) -> Paths:
    """Return the marker lines of a stage: label → lines, each an array (points, 3) of world mm."""
    return lines_by(stage, "label")


@cache
def lines_by(stage: str, column: str) -> Paths:
    """Return the marker lines of a stage, sorted by another column of their table."""
    table = read_table(MARKERS)
    found: dict[str, list[NDArray[np.float64]]] = {}
    for row in table[table["stage"] == stage].itertuples():
        found.setdefault(getattr(row, column), []).append(read_points(row.points))
    return found


def read_points(text: str) -> NDArray[np.float64]:
    """Return points written as "x,y,z x,y,z …" as an array (points, 3)."""
    return np.array([[float(value) for value in point.split(",")] for point in text.split()])


class Grid:
    """A box of the half brain, sampled `finer` times more densely along each axis."""

    def __init__(self, half: Half, low: Point, high: Point, finer: int = 1) -> None:
        self.finer = finer
        self.low = np.asarray(low, dtype=float)
        start = np.rint(self.low - half.first).astype(int)
        stop = np.rint(np.asarray(high) - half.first).astype(int) + 1
        self.box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        self.shape = tuple((b - a - 1) * finer + 1 for a, b in zip(start, stop, strict=True))
        self.whole = half.brain.shape

    @classmethod
    def over(cls, half: Half) -> "Grid":
        """Return the grid of the whole half brain, 1 mm."""
        last = half.first + np.array(half.brain.shape) - 1
        return cls(half, tuple(half.first), tuple(last))

    def sample(self, volume: Volume) -> Volume:
        """Return the box of a volume on this grid, by cubic interpolation."""
        box = volume[self.box]
        if self.finer == 1:
            return box
        axes = np.ix_(*(np.arange(size) / self.finer for size in self.shape))
        places = np.broadcast_arrays(*axes)
        fine: Volume = ndimage.map_coordinates(box, places, order=3, mode="mirror", output=np.float32)
        return fine

    def draw(self, paths: Paths) -> tuple[NDArray[np.int32], list[str]]:
        """Draw marker lines; label i + 1 of the array is name i of the list."""
        markers = np.zeros(self.shape, np.int32)
        for value, lines in enumerate(paths.values(), start=1):
            for line in lines:
                places = np.rint((_dense(line, self.finer) - self.low) * self.finer).astype(int)
                markers[tuple(places.T)] = value
        return markers, list(paths)

    def back(self, labels: NDArray[np.int32], names: Sequence[str]) -> dict[str, Mask]:
        """Return one mask of the half brain for each label, taken at the voxels' centres."""
        step = (slice(None, None, self.finer),) * 3
        coarse = labels[step]
        masks = {}
        for value, name in enumerate(names, start=1):
            masks[name] = np.zeros(self.whole, bool)
            masks[name][self.box] = coarse == value
        return masks


def _dense(line: NDArray[np.float64], finer: int) -> NDArray[np.float64]:
    """Return points along a line, at most one grid step apart."""
    pieces = [line[:1]]
    for a, b in pairwise(line):
        steps = int(np.ceil(np.abs(b - a).max() * finer))
        pieces.append(np.linspace(a, b, steps + 1)[1:])
    return np.concatenate(pieces)


def flood_edges(t1w: Volume, markers: NDArray[np.int32], mask: Mask | None = None) -> NDArray[np.int32]:
    """Flood the gradient magnitude of the T1w image (Gaussian derivative, SD one grid step)."""
    edges = ndimage.gaussian_gradient_magnitude(t1w, 1.0, mode="mirror")
    flooded: NDArray[np.int32] = watershed(edges, markers, mask=mask)
    return flooded


def flood_tissue(half: Half, markers: NDArray[np.int32], mask: Mask) -> NDArray[np.int32]:
    """Flood from bright to dark: gyri through their white matter first, so that fronts meet in sulci.

    The T1w image is cut into 12 grey levels, so that within one level the nearest marker wins.
    """
    smooth = ndimage.gaussian_filter(half.t1w, 0.6, mode="mirror")
    levels = np.clip(np.rint((0.85 - smooth) / 0.85 * 12), 0, 12).astype(np.uint8)
    flooded: NDArray[np.int32] = watershed(levels, markers, mask=mask, connectivity=2)
    return flooded
