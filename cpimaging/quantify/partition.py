"""A grid cut into the cells of the load table, once, for any number of masks on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.quantify.depth import has_layers, layers, white_matter_depth
from cpimaging.types import Image, LabelMap, Region, region_positions
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
    space outside of the brain, which has no end.
    """

    cells: tuple[Cell, ...]
    codes: NDArray[np.int32]
    counts: NDArray[np.float64]
    overlays: tuple["Partition", ...] = ()


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
    cells, first, n_layers = _region_cells(atlas.regions)
    positions = region_positions(labels.data, atlas.regions)
    layered = n_layers[positions] > 1
    if np.isnan(depth[layered]).any():
        raise ValueError("white matter without a depth: measure it on these labels")
    codes = first[positions]
    codes[layered] += layers(depth[layered]) - 1
    codes[(positions == 0) & ~brain.data.astype(bool)] = len(cells) - 1
    counts = np.bincount(codes.ravel(), minlength=len(cells)).astype(np.float64)
    counts[-1] = np.nan
    return Partition(
        tuple(cells), codes.ravel(), counts, tuple(_overlay(overlay) for overlay in overlays.values())
    )


def _region_cells(
    regions: Sequence[Region],
) -> tuple[list[Cell], NDArray[np.int32], NDArray[np.int32]]:
    """Return the cells, and per position (0: none) its first cell and its number of layers.

    Regions of equal structure, side and lobe share their cells. White matter has layers where the atlas
    names what it lies between. The last two cells are for voxels without a label, within the brain and
    outside of it.
    """
    cells: list[Cell] = []
    first, n_layers = [0], [1]
    layered = has_layers(regions)
    for region in regions:
        names = LAYERS if layered and region.tissue == "white_matter" else ("n/a",)
        found = [Cell(region.called, region.side, region.tissue, region.lobe, name) for name in names]
        if found[0] not in cells:
            cells += found
        first.append(cells.index(found[0]))
        n_layers.append(len(found))
    first[0] = len(cells)
    cells += [Cell(name, "midline", "outside", "n/a") for name in ("outside_atlas", "outside_brain")]
    return cells, np.array(first, dtype=np.int32), np.array(n_layers, dtype=np.int32)


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
    counts = np.bincount(codes, minlength=len(cells) + 1).astype(np.float64)
    return Partition(tuple(cells), codes, counts)
