"""The corticospinal tract: how much of its cross-section a lesion takes, from cortex to medulla."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.morphometry.rows import Row, row
from cpimaging.quantify.partition import Partition
from cpimaging.types import Image
from cpimaging.words import HEMISPHERES, SECTION_LOAD

TRACT = "corticospinal_tract"
SECTION_MM = 2.0
"""Height of a section (ours)."""
_EVEN = 1e-6  # slices often lie on the edges of sections: rounding must not throw them to either side


class Weights(NamedTuple):
    """How much each voxel of a tract counts, %: flat indices, sorted, and their weights, 100 in all."""

    voxels: NDArray[np.intp]
    percent: NDArray[np.float64]


def section_weights(parts: Partition, grid: Image, to_template: NDArray[np.float64]) -> dict[str, Weights]:
    """Return what the voxels of the tract count, by side: all sections, and all voxels of one, the same.

    to_template: (4, 4), points of the grid's world to those of the template, across whose third axis the
    sections are cut. A voxel counts the more the narrower the tract is there, as in the weighted lesion load
    of Zhu et al. 2010, Stroke 41:910, and Feng et al. 2015, Ann Neurol 78:860; their tracts were probability
    maps of healthy people, ours is all or nothing. A side that the grid does not show is left out.
    """
    return {
        cell.side: _weights(np.flatnonzero(part.codes == place), grid, to_template)
        for part in parts.overlays
        for place, cell in enumerate(part.cells)
        if cell.structure == TRACT and part.counts[place] > 0
    }


def _weights(tract: NDArray[np.intp], grid: Image, to_template: NDArray[np.float64]) -> Weights:
    across = (to_template @ grid.affine)[2]
    voxels = np.stack(np.unravel_index(tract, grid.shape))
    heights_mm = across[:3] @ voxels + across[3]
    places = np.floor(heights_mm / SECTION_MM + _EVEN)
    _, section, sizes = np.unique(places, return_inverse=True, return_counts=True)
    return Weights(tract, 100 / (len(sizes) * sizes[section]))


def section_loads(weights: Mapping[str, Weights], lesion: NDArray[np.intp]) -> dict[str, float]:
    """Return the mean share of the tract's cross-sections that is lesion, by side, %.

    lesion: flat index of its voxels.
    """
    return {side: _load(tract, lesion) for side, tract in weights.items()}


def _load(tract: Weights, lesion: NDArray[np.intp]) -> float:
    place = np.searchsorted(tract.voxels, lesion).clip(max=len(tract.voxels) - 1)
    return float(tract.percent[place[tract.voxels[place] == lesion]].sum())


def section_rows(loads: Mapping[str, float], table: pd.DataFrame) -> list[Row]:
    """Return section loads as rows of a profile table; NaN where the load table says that nobody looked."""
    of_tract = table[table["structure"] == TRACT]
    unseen = set(of_tract.loc[of_tract["lesion_volume_mm3"].isna(), "side"])
    seen = {side: math.nan if side in unseen else load for side, load in loads.items()}
    return [row(SECTION_LOAD, (TRACT, side), load, "%") for side, load in seen.items()]


SHARES = {"corticospinal": TRACT, "plic": "plic", "optic_radiation": "optic_radiation"}
"""What columns of the group table call structures of the load table."""


def tract_cells(load: pd.DataFrame, sections: Mapping[str, float]) -> dict[str, float]:
    """Return the cells of the group table on tracts, by column; NaN where nobody looked or none is drawn.

    load: LESIONLOAD_COLUMNS of one scan, with or without ids. sections: of `section_loads`.
    """
    names = ("structure", "side", "region_volume_mm3", "lesion_volume_mm3")
    sums: dict[tuple[str, str], tuple[float, float]] = {}
    for structure, side, region_mm3, lesion_mm3 in zip(*(load[name] for name in names), strict=True):
        if structure in SHARES.values():
            before = sums.get((structure, side), (0.0, 0.0))
            sums[structure, side] = (before[0] + region_mm3, before[1] + lesion_mm3)
    shares = {
        f"{name}_{side}_percent": _percent(*sums.get((structure, side), (0.0, 0.0)))
        for name, structure in SHARES.items()
        for side in HEMISPHERES
    }
    of_sections = {
        f"corticospinal_sections_{side}_percent": sections.get(side, math.nan) for side in HEMISPHERES
    }
    return shares | of_sections


def _percent(region_mm3: float, lesion_mm3: float) -> float:
    return 100 * float(lesion_mm3) / float(region_mm3) if region_mm3 > 0 else math.nan
