"""The corticospinal tract: how much of its cross-section a lesion takes, from cortex to medulla."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.morphometry.rows import Row, row
from cpimaging.quantify.partition import Partition
from cpimaging.types import Image
from cpimaging.words import HEMISPHERES, SECTION_LOADS

TRACT = "corticospinal_tract"
SECTION_MM = 2.0
"""Height of a section (ours)."""
LEAST_SECTION = 0.5
"""Share of the median section that a section must have for its largest load to count (ours)."""
_EVEN = 1e-6  # slices often lie on the edges of sections: rounding must not throw them to either side


class Tract(NamedTuple):
    """One side's tract: flat indices of its voxels, sorted, the section of each, and the sections' sizes."""

    voxels: NDArray[np.intp]
    section: NDArray[np.intp]
    sizes: NDArray[np.intp]


class SectionLoad(NamedTuple):
    """Lesioned share of a tract's cross-sections, %: their mean, and the largest of one."""

    mean: float
    largest: float


def tract_sections(parts: Partition, grid: Image, to_template: NDArray[np.float64]) -> dict[str, Tract]:
    """Cut the tract of each side into sections of SECTION_MM; a side that the grid does not show is left out.

    to_template: (4, 4), points of the grid's world to those of the template; it is cut across its third axis.
    """
    return {
        cell.side: _cut(np.flatnonzero(part.codes == place), grid, to_template)
        for part in parts.overlays
        for place, cell in enumerate(part.cells)
        if cell.structure == TRACT and part.counts[place] > 0
    }


def _cut(tract: NDArray[np.intp], grid: Image, to_template: NDArray[np.float64]) -> Tract:
    across = (to_template @ grid.affine)[2]
    heights_mm = across[:3] @ np.stack(np.unravel_index(tract, grid.shape)) + across[3]
    places = np.floor(heights_mm / SECTION_MM + _EVEN)
    _, section, sizes = np.unique(places, return_inverse=True, return_counts=True)
    return Tract(tract, section, sizes)


def section_loads(tracts: Mapping[str, Tract], lesion: NDArray[np.intp]) -> dict[str, SectionLoad]:
    """Return how much of the tract's cross-sections is lesion, by side. lesion: flat index of its voxels.

    A lesion counts the more the narrower the tract is where it lies, as in the weighted lesion load of Zhu et
    al. 2010, Stroke 41:910, and Feng et al. 2015, Ann Neurol 78:860; their tracts were probability maps of
    healthy people, ours is all or nothing. The ends, narrower than LEAST_SECTION of the median, have no
    largest share.
    """
    return {side: _load(tract, lesion) for side, tract in tracts.items()}


def _load(tract: Tract, lesion: NDArray[np.intp]) -> SectionLoad:
    place = np.searchsorted(tract.voxels, lesion).clip(max=len(tract.voxels) - 1)
    hit = place[tract.voxels[place] == lesion]
    shares = 100 * np.bincount(tract.section[hit], minlength=len(tract.sizes)) / tract.sizes
    wide = tract.sizes >= LEAST_SECTION * np.median(tract.sizes)
    return SectionLoad(float(shares.mean()), float(shares[wide].max()))


def section_rows(loads: Mapping[str, SectionLoad], table: pd.DataFrame) -> list[Row]:
    """Return section loads as rows of a profile table; NaN where the load table says that nobody looked."""
    of_tract = table[table["structure"] == TRACT]
    unseen = set(of_tract.loc[of_tract["lesion_volume_mm3"].isna(), "side"])
    return [
        row(measure, (TRACT, side), math.nan if side in unseen else share, "%")
        for side, load in loads.items()
        for measure, share in zip(SECTION_LOADS, load, strict=True)
    ]


_UNKNOWN = SectionLoad(math.nan, math.nan)
SHARES = {"corticospinal": TRACT, "plic": "plic", "optic_radiation": "optic_radiation"}
"""What columns of the group table call structures of the load table."""


def tract_cells(
    load: pd.DataFrame | Mapping[str, Sequence[Any]], sections: Mapping[str, SectionLoad]
) -> dict[str, float]:
    """Return the cells of the group table on tracts, by column; NaN where nobody looked or none is drawn.

    load: columns of LESIONLOAD_COLUMNS of one scan, with or without ids. sections: of `section_loads`.
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
        f"corticospinal_{name}_{side}_percent": share
        for side in HEMISPHERES
        for name, share in zip(("sections", "cut"), sections.get(side, _UNKNOWN), strict=True)
    }
    return shares | of_sections


def _percent(region_mm3: float, lesion_mm3: float) -> float:
    return 100 * float(lesion_mm3) / float(region_mm3) if region_mm3 > 0 else math.nan
