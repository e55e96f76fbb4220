"""Areas of sections: the corpus callosum in the midplane, the cerebral peduncles in the midbrain."""

import numpy as np
from numpy.typing import NDArray

from cpimaging.morphometry.planes import GRID_MM, Floats, named, on_grid
from cpimaging.morphometry.rows import Row, asymmetries, row
from cpimaging.morphometry.volumes import CALLOSUM
from cpimaging.types import Image, LabelMap

CALLOSAL_PLANES = 2
"""Planes on each side of the middle that the callosal area is averaged over (ours)."""

PEDUNCLE = ("midbrain", "substantia_nigra", "red_nucleus")
"""Structures whose front part is measured as cerebral peduncle, with the tegmentum between them (ours)."""

THIRDS = ("anterior_third", "middle_third", "posterior_third")


def callosal_area(labels: LabelMap, fluid: Image, grid: Image) -> list[Row]:
    """Return the area of the corpus callosum in mm², whole and by thirds of its length.

    Mean over planes up to 2 mm either side of the middle of its labels, parallel to the template's
    sagittal plane; only what is no fluid counts, and NaN where no fluid was read. Thirds are equal steps
    between its front and its back end, as Witelson 1989, Brain 112:799, cuts it.
    """
    if not any(region.structure.startswith(CALLOSUM) for region in labels.regions):
        return []
    tissue = np.where(named(labels, CALLOSUM), 1 - fluid.data, 0)
    callosum = on_grid(grid, labels.labels, tissue)
    along_x = callosum.sum(axis=(1, 2), dtype=np.float64)
    names = [CALLOSUM, *(f"{CALLOSUM}_{third}" for third in THIRDS)]
    areas = np.full(len(names), np.nan)
    if along_x.sum() > 0 and fluid.data.any():
        middle = round(float(np.average(np.arange(len(along_x)), weights=along_x)))
        planes = callosum[max(middle - CALLOSAL_PLANES, 0) : middle + CALLOSAL_PLANES + 1]
        areas = np.mean([_thirds(plane) for plane in planes], axis=0)
    return [
        row("callosal_area", (name, "midline"), float(area), "mm2")
        for name, area in zip(names, areas, strict=True)
    ]


def _thirds(plane: Floats) -> list[float]:
    """Return the area of a (y, z) section and of its posterior, middle and anterior third, front first."""
    along = plane.sum(axis=1, dtype=np.float64)
    seen = np.flatnonzero((plane >= 0.5).any(axis=1))
    if not len(seen):
        return [0.0] * (len(THIRDS) + 1)
    edges = np.linspace(seen[0] - 0.5, seen[-1] + 0.5, len(THIRDS) + 1)
    third = np.clip(np.searchsorted(edges, np.arange(len(along))) - 1, 0, len(THIRDS) - 1)
    areas = np.bincount(third, weights=along, minlength=len(THIRDS)) * GRID_MM**2
    return [float(areas.sum()), *(float(area) for area in areas[::-1])]


def peduncle_areas(labels: LabelMap, fluid: Image, grid: Image) -> list[Row]:
    """Return the area of each cerebral peduncle in mm², and (left − right) / (left + right).

    What is meant is the front of the midbrain: midbrain, substantia nigra and red nucleus in front of the
    rear end of the substantia nigra, cut halfway between the left and the right one, on planes through the
    substantia nigra, parallel to the template's axial plane; mean over these. Only what is no fluid counts:
    the outer border is read from the image, the rear one comes from the atlas. NaN where no fluid was read.
    After the area ratio of both peduncles in Wallerian degeneration; this definition is ours.
    """
    nigra = {side: _of_side(labels, "substantia_nigra", side) for side in ("left", "right")}
    if not all(chosen.any() for chosen in nigra.values()) or not named(labels, "midbrain").any():
        return []
    tissue = np.where(np.any([named(labels, name) for name in PEDUNCLE], axis=0), 1 - fluid.data, 0)
    ends = {side: np.argwhere(on_grid(grid, labels.labels, chosen) >= 0.5) for side, chosen in nigra.items()}
    read = fluid.data.any() and all(len(found) for found in ends.values())
    areas = _halves(on_grid(grid, labels.labels, tissue), *ends.values()) if read else (np.nan, np.nan)
    sides = {("cerebral_peduncle", side): area for side, area in zip(nigra, areas, strict=True)}
    return [*(row("peduncle_area", key, area, "mm2") for key, area in sides.items()), *asymmetries(sides)]


def _halves(tissue: Floats, left: NDArray[np.intp], right: NDArray[np.intp]) -> tuple[float, float]:
    """Return the mean area of tissue on each side, in front of the rear end and between the planes of both.

    tissue: 0–1, axes to the right, front and top. left, right: voxels (n, 3) of either substantia nigra.
    """
    both = np.concatenate([left, right])
    (_, rear, low), high = both.min(axis=0), both[:, 2].max() + 1
    middle = (left[:, 0].mean() + right[:, 0].mean()) / 2
    across = tissue[:, rear:, low:high].sum(axis=(1, 2), dtype=np.float64) * GRID_MM**2 / (high - low)
    on_the_right = np.clip(np.arange(len(across)) + 0.5 - middle, 0, 1)  # the middle may cut a column
    return float(across @ (1 - on_the_right)), float(across @ on_the_right)


def _of_side(labels: LabelMap, structure: str, side: str) -> NDArray[np.bool_]:
    numbers = [r.index for r in labels.regions if (r.structure, r.side) == (structure, side)]
    return np.isin(labels.labels.data, numbers)
