"""Lesions of a group added up in template space: over all scans, per pattern, and brought to one side."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cpimaging.types import Image

FLIPPED = "flipped"
"""Name of the map in which every lesion lies mostly on the left."""


@dataclass
class LesionMaps:
    """Counts of scans per template voxel, by name: "" for all, a pattern's code, FLIPPED.

    grid: the template's, symmetric about x = 0. scans: how many scans each map holds. mirrored: how many of
    the flipped map were turned over.
    """

    grid: Image
    counts: dict[str, NDArray[np.int32]] = field(default_factory=dict)
    scans: dict[str, int] = field(default_factory=dict)
    mirrored: int = 0

    def add(self, voxels: NDArray[np.intp], pattern: str | None) -> None:
        """Add the lesion of one scan. voxels: flat, C order, each once. pattern: its code, or None."""
        own = [""] if pattern is None else ["", pattern]
        for name in own:
            self._add(name, voxels)
        self._add(FLIPPED, self._to_left(voxels))

    def _add(self, name: str, voxels: NDArray[np.intp]) -> None:
        if name not in self.counts:
            self.counts[name] = np.zeros(int(np.prod(self.grid.shape)), np.int32)
            self.scans[name] = 0
        self.counts[name][voxels] += 1
        self.scans[name] += 1

    def _to_left(self, voxels: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return a lesion that lies mostly right of x = 0 mirrored; another, or an even one, as it is."""
        plane, last = int(np.prod(self.grid.shape[1:])), self.grid.shape[0] - 1
        x, within = np.divmod(voxels, plane)
        if np.count_nonzero(2 * x > last) <= np.count_nonzero(2 * x < last):
            return voxels
        self.mirrored += 1
        mirrored: NDArray[np.intp] = (last - x) * plane + within
        return mirrored

    def shares(self) -> Mapping[str, tuple[Image, int]]:
        """Return each map as the share (0–1) of its scans, float32, and their number; counts are freed.

        A pattern without any lesion has none; the map of all scans is there from one scan on.
        """
        found = {}
        for name in sorted(self.counts):
            counts = self.counts.pop(name).reshape(self.grid.shape)
            if name and not counts.any():
                continue
            found[name] = (
                Image((counts / self.scans[name]).astype(np.float32), self.grid.affine),
                self.scans[name],
            )
        return found
