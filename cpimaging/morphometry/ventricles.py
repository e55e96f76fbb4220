"""Ventricle indices: FOHR and Evans, with the widths that they are made of."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.morphometry.planes import GRID_MM, Floats, named, on_grid
from cpimaging.morphometry.rows import Row, row
from cpimaging.morphometry.volumes import LATERAL
from cpimaging.types import Image, LabelMap

LANDMARKS = ("interventricular_foramen", "trigone_floor")
"""Landmarks that the planes run through."""

WIDTH_PLANES = 5
"""Planes, 1 mm apart, that a width is the median of (ours)."""

TEMPORAL = "lateral_ventricle_temporal_horn"
Point = Iterable[float]


def ventricle_indices(
    labels: LabelMap, brain: Image, grid: Image, landmarks: Mapping[str, Point]
) -> list[Row]:
    """Return FOHR and Evans index with the widths that they are made of.

    Planes lie parallel to the template's axial plane. Frontal width: across both lateral ventricles in
    front of the interventricular foramen; for FOHR in its plane, for Evans in the plane in which it is
    greatest. Occipital width: the greatest one behind and above the floor of the trigone. Brain width:
    the greatest one of the mask above the foramen for FOHR, in the same plane for Evans; the mask stands
    for the inner table of the skull, which lies a little farther out.
    FOHR = (frontal + occipital) / (2 × brain): O'Hayon et al. 1998, Pediatr Neurosurg 29:245.
    Evans: Evans 1942, Arch Neurol Psychiatry 47:931.
    """
    if not any(region.structure.startswith(LATERAL) for region in labels.regions):
        return []
    ventricle = on_grid(grid, labels.labels, named(labels, LATERAL, but=TEMPORAL))
    inside = on_grid(grid, brain, brain.data > 0)
    foramen, trigone = (_voxel(grid, landmarks[name]) for name in LANDMARKS)
    front = _widths(ventricle[:, foramen[1] :])
    back = _widths(ventricle[:, : trigone[1], trigone[2] :])
    across = _widths(inside)
    at_foramen, evans_plane = front[foramen[2]], int(np.argmax(front))
    occipital, biparietal = back.max(initial=0.0), across[foramen[2] :].max(initial=0.0)
    key = (LATERAL, "midline")
    return [
        row("frontal_horn_width", key, at_foramen, "mm"),
        row("occipital_horn_width", key, occipital, "mm"),
        row("brain_width", ("brain", "midline"), biparietal, "mm"),
        row("fohr", key, _ratio(at_foramen + occipital, 2 * biparietal), "ratio"),
        row("evans_index", key, _ratio(front[evans_plane], across[evans_plane]), "ratio"),
    ]


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if part > 0 and whole > 0 else float("nan")


def _voxel(grid: Image, point_mm: Point) -> tuple[int, int, int]:
    place = np.linalg.inv(grid.affine) @ [*point_mm, 1.0]
    x, y, z = (int(np.clip(round(p), 0, n - 1)) for p, n in zip(place[:3], grid.shape, strict=True))
    return x, y, z


def _widths(mask: Floats) -> NDArray[np.float64]:
    """Return, per axial plane, how far the mask reaches from left to right in mm; 0 where it is empty.

    Median over WIDTH_PLANES neighbours: a spur of one voxel is no horn.
    """
    widths = [_extent(mask[:, :, z].max(axis=1, initial=0.0)) for z in range(mask.shape[2])]
    smooth: NDArray[np.float64] = ndimage.median_filter(np.array(widths), WIDTH_PLANES, mode="nearest")
    return smooth


def _extent(profile: Floats) -> float:
    """Return the length between the outermost places where a profile passes one half."""
    inside = np.flatnonzero(profile >= 0.5)
    if not len(inside):
        return 0.0
    padded = np.concatenate([[0.0], profile, [0.0]])
    ends = [
        (padded[i + 1] - 0.5) / (padded[i + 1] - padded[i + 1 + step])
        for i, step in ((inside[0], -1), (inside[-1], 1))
    ]
    return float(inside[-1] - inside[0] + sum(ends)) * GRID_MM
