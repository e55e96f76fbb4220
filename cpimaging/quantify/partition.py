"""A grid cut into the cells of the load table, once, for any number of masks on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.quantify.depth import has_layers, layers, white_matter_depth
from cpimaging.types import Image, LabelMap, Region, region_positions, shared_regions
from cpimaging.words import LAYERS


class Cell(NamedTuple):
    """One row of the load table: what part of the brain it stands for."""

    structure: str
    side: str
    tissue: str
    lobe: str
    layer: str = "n/a"


@dataclass(frozen=True)
class Partition:
    """A grid cut into cells, ready for any number of masks on that grid.

    codes: cell number of every voxel, flat, C order. counts: voxels of each cell; NaN for the
    space outside of the brain, which has no end. shared: the left and the right cell that each code from
    len(cells) on belongs to, half and half: the plane between the sides of a structure.
    """

    cells: tuple[Cell, ...]
    codes: NDArray[np.int32]
    counts: NDArray[np.float64]
    overlays: tuple["Partition", ...] = ()
    shared: tuple[tuple[int, int], ...] = ()

    @property
    def cells_of_codes(self) -> list[Cell]:
        """The cell of every code; that of a shared one is on the midline."""
        return [*self.cells, *(self.cells[left]._replace(side="midline") for left, _ in self.shared)]

    def count(self, codes: NDArray[np.int32], weights: NDArray[Any] | None = None) -> NDArray[np.float64]:
        """Count voxels, given by their codes, in the cells; weights: how much each one counts."""
        n = len(self.cells)
        voxels = np.bincount(codes, weights, minlength=n + len(self.shared)).astype(np.float64)
        for code, sides in enumerate(self.shared, start=n):
            voxels[list(sides)] += voxels[code] / 2
        return voxels[:n]


def partition(
    labels: Image,
    atlas: LabelMap,
    overlays: Mapping[str, LabelMap],
    brain: Image,
    depth: NDArray[np.floating[Any]] | None = None,
) -> Partition:
    """Cut a grid into the cells of the load table.

    labels: atlas labels on the grid. atlas: names them by its regions; its own image is not looked at.
    overlays: label maps on the same grid. brain: bool, same grid. depth: from `white_matter_depth`,
    which is called where it is not given.
    """
    for other in (brain, *(overlay.labels for overlay in overlays.values())):
        if not labels.same_grid(other):
            raise ValueError("labels, brain and overlays must be on one grid")
    if depth is None:
        depth, _ = white_matter_depth(labels, atlas.regions)
    cells, shared, first, n_layers = _region_cells(atlas.regions)
    positions = region_positions(labels.data, atlas.regions)
    layered = n_layers[positions] > 1
    if np.isnan(depth[layered]).any():
        raise ValueError("white matter without a depth: measure it on these labels")
    codes = first[positions]
    codes[layered] += layers(depth[layered]) - 1
    codes[(positions == 0) & ~brain.data.astype(bool)] = len(cells) - 1
    of_overlays = tuple(_overlay(overlay) for overlay in overlays.values())
    parts = Partition(tuple(cells), codes.ravel(), np.empty(0), of_overlays, tuple(shared))
    counts = parts.count(parts.codes)
    counts[-1] = np.nan
    return replace(parts, counts=counts)


def _region_cells(
    regions: Sequence[Region],
) -> tuple[list[Cell], list[tuple[int, int]], NDArray[np.int32], NDArray[np.int32]]:
    """Return the cells, what is shared, and per position (0: no region) its first cell and number of layers.

    Regions of equal structure, side and lobe share their cells. White matter has layers where the atlas
    names what it lies between. The last two cells are for voxels without a label, within the brain and
    outside of it. The codes of `shared_regions` follow, and say which left and right cell each belongs to.
    """
    cells: list[Cell] = []
    layered, on_plane = has_layers(regions), shared_regions(regions)
    first, n_layers = np.zeros((2, len(regions) + 1), dtype=np.int32)
    for place, region in enumerate(regions):
        names = LAYERS if layered and region.tissue == "white_matter" else ("n/a",)
        n_layers[place + 1] = len(names)
        found = [Cell(region.called, region.side, region.tissue, region.lobe, name) for name in names]
        if place in on_plane:
            continue
        if found[0] not in cells:
            cells += found
        first[place + 1] = cells.index(found[0])
    first[0] = len(cells)
    cells += [Cell(name, "midline", "outside", "n/a") for name in ("outside_atlas", "outside_brain")]
    shared: list[tuple[int, int]] = []
    for place, (left, right) in on_plane.items():
        first[place + 1] = len(cells) + len(shared)
        shared += [(int(first[left + 1]) + n, int(first[right + 1]) + n) for n in range(n_layers[place + 1])]
    return cells, shared, first, n_layers


def _overlay(overlay: LabelMap) -> Partition:
    """Return the cells of an overlay; the last one, unnamed, holds every voxel without a label."""
    cells = list(
        dict.fromkeys(Cell(region.called, region.side, "overlay", "n/a") for region in overlay.regions)
    )
    of_region = [
        cells.index(Cell(region.called, region.side, "overlay", "n/a")) for region in overlay.regions
    ]
    positions = region_positions(overlay.labels.data, overlay.regions).ravel()
    codes = np.array([len(cells), *of_region], dtype=np.int32)[positions]
    counts = np.bincount(codes[codes < len(cells)], minlength=len(cells)).astype(np.float64)
    return Partition(tuple(cells), codes, counts)
