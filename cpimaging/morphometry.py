"""Ventricle indices, callosal and peduncular area, volumes of groups, shares and side differences."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.io import typed
from cpimaging.registration import Matrix, resample
from cpimaging.types import MORPHOMETRY_COLUMNS, Image, LabelMap, Region, region_positions

GRID_MM = 1.0
"""Grid of the planes; edges are interpolated between its points (ours)."""

LANDMARKS = ("interventricular_foramen", "trigone_floor")
"""Landmarks that the planes run through."""

WIDTH_PLANES = 5
"""Planes, 1 mm apart, that a width is the median of (ours)."""

LATERAL, TEMPORAL = "lateral_ventricle", "lateral_ventricle_temporal_horn"
CALLOSUM = "corpus_callosum"
CALLOSAL_PLANES = 2
"""Planes on each side of the middle that the callosal area is averaged over (ours)."""

PEDUNCLE = ("midbrain", "substantia_nigra", "red_nucleus")
"""Structures whose front part is measured as cerebral peduncle, with the tegmentum between them (ours)."""

THIRDS = ("anterior_third", "middle_third", "posterior_third")

Point = Iterable[float]
Key = tuple[str, str]
Row = dict[str, Any]
Floats = NDArray[np.float32]
_COLUMNS = {name: kind for name, kind in MORPHOMETRY_COLUMNS.items() if not name.endswith("_id")}


def measures(
    labels: LabelMap, brain: Image, fluid: Image, to_template: Matrix, landmarks: Mapping[str, Point]
) -> pd.DataFrame:
    """Measure groups, shares, side differences, ventricle indices, corpus callosum and cerebral peduncles.

    labels: the atlas on the scan, following its ventricles. brain: bool; fluid: share of
    the voxel, 0–1; same grid. to_template: affine (4, 4), scan to template, RAS+ mm. landmarks: LANDMARKS
    in scan mm. Returns MORPHOMETRY_COLUMNS
    without the two id columns. What the atlas has no labels for has no row.
    """
    volumes = _volumes(labels)
    groups = group_volumes(volumes)
    sides = {(structure, side): volume for (structure, side, _), volume in volumes.items()}
    brain_mm3 = float(np.count_nonzero(brain.data)) * brain.voxel_volume_mm3
    grid = aligned_grid(brain, to_template)
    rows = [_row("group_volume", key, volume, "mm3") for key, volume in groups.items()]
    rows += _ventricle_shares(sides, groups, brain_mm3)
    rows += [*_asymmetries(sides), *_asymmetries(groups)]
    rows += ventricle_indices(labels, brain, grid, landmarks)
    rows += callosal_area(labels, fluid, grid)
    rows += peduncle_areas(labels, fluid, grid)
    return typed(rows, _COLUMNS)


def without_ventricles(table: pd.DataFrame) -> pd.DataFrame:
    """Return a morphometry table in which all that depends on ventricles is NaN: not read from the image."""
    out = table.copy()
    out.loc[out["structure"].str.contains("ventricle"), "value"] = np.nan
    return out


def _row(measure: str, key: Key, value: float, unit: str) -> Row:
    return {"measure": measure, "structure": key[0], "side": key[1], "value": value, "unit": unit}


def _volumes(labels: LabelMap) -> dict[tuple[str, str, Region], float]:
    counts = np.bincount(
        region_positions(labels.labels.data, labels.regions).ravel(), minlength=len(labels.regions) + 1
    )
    return {
        (region.structure, region.side, region): float(count) * labels.labels.voxel_volume_mm3
        for region, count in zip(labels.regions, counts[1:], strict=True)
    }


def group_volumes(volumes: Mapping[tuple[str, str, Region], float]) -> dict[Key, float]:
    """Return the volume in mm³ of each group that the atlas has, by (group, side)."""
    groups: dict[Key, float] = {}
    for (structure, side, region), volume in volumes.items():
        for key in _groups_of(structure, side, region):
            groups[key] = groups.get(key, 0.0) + volume
    return groups


def _groups_of(structure: str, side: str, region: Region) -> list[Key]:
    if "ventricle" in structure and region.tissue == "csf":
        whole = [(LATERAL, side)] if structure.startswith(LATERAL) else []
        return [*whole, ("ventricles", "midline")]
    if region.tissue == "brainstem":
        return [("brainstem", "midline")]
    if structure.startswith("thalamus"):
        return [("thalamus_whole", side)]
    if structure == "white_matter" and region.lobe != "n/a":
        return [(f"white_matter_{region.lobe}", side)]
    return [(CALLOSUM, "midline")] if structure.startswith(CALLOSUM) else []


def _ventricle_shares(sides: Mapping[Key, float], groups: Mapping[Key, float], brain_mm3: float) -> list[Row]:
    """Return each ventricle as percent of the brain, and each horn as percent of its lateral ventricle."""
    parts = {key: volume for key, volume in sides.items() if "ventricle" in key[0]}
    wholes = {key: volume for key, volume in groups.items() if "ventricle" in key[0]}
    rows = [
        _row("percent_of_brain", key, _percent(volume, brain_mm3), "%")
        for key, volume in {**parts, **wholes}.items()
    ]
    return rows + [
        _row("percent_of_lateral_ventricle", key, _percent(volume, wholes[(LATERAL, key[1])]), "%")
        for key, volume in parts.items()
        if key[0].startswith(LATERAL)
    ]


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else float("nan")


def _asymmetries(volumes: Mapping[Key, float]) -> list[Row]:
    """Return (left − right) / (left + right) of every volume that has both sides: −1 to 1, 0 equal."""
    rows = []
    for structure, side in volumes:
        if side == "left" and (structure, "right") in volumes:
            left, right = volumes[(structure, "left")], volumes[(structure, "right")]
            index = (left - right) / (left + right) if left + right > 0 else float("nan")
            rows.append(_row("asymmetry_index", (structure, "midline"), index, "1"))
    return rows


def aligned_grid(brain: Image, to_template: Matrix) -> Image:
    """Return an empty grid around the brain whose axes are those of the template, in mm of the scan.

    The rotation is that of the affine fit (its polar decomposition): lengths stay the scan's own.
    """
    u, _, vt = np.linalg.svd(to_template[:3, :3])
    turn = u @ vt
    corners = np.argwhere(brain.data)[:, :, None]  # (voxel, axis, 1)
    points = (brain.affine[:3, :3] @ corners)[..., 0] + brain.affine[:3, 3]
    low, high = ((points @ turn.T).min(axis=0) - 2.0, (points @ turn.T).max(axis=0) + 2.0)
    affine = np.eye(4)
    affine[:3, :3] = turn.T * GRID_MM
    affine[:3, 3] = turn.T @ low
    return Image(np.zeros(tuple(np.ceil((high - low) / GRID_MM).astype(int) + 1), np.uint8), affine)


def _on(grid: Image, image: Image, chosen: NDArray[Any]) -> Floats:
    """Return a mask or shares on the grid of `image` on the aligned grid, 0–1, interpolated."""
    return np.asarray(resample(image.with_data(chosen.astype(np.float32)), grid).data)


def _of(labels: LabelMap, beginning: str, but: str = "-") -> NDArray[np.bool_]:
    numbers = [r.index for r in labels.regions if r.structure.startswith(beginning) and r.structure != but]
    return np.isin(labels.labels.data, numbers)


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
    ventricle = _on(grid, labels.labels, _of(labels, LATERAL, but=TEMPORAL))
    inside = _on(grid, brain, brain.data > 0)
    foramen, trigone = (_voxel(grid, landmarks[name]) for name in LANDMARKS)
    front = _widths(ventricle[:, foramen[1] :])
    back = _widths(ventricle[:, : trigone[1], trigone[2] :])
    across = _widths(inside)
    at_foramen, evans_plane = front[foramen[2]], int(np.argmax(front))
    occipital, biparietal = back.max(initial=0.0), across[foramen[2] :].max(initial=0.0)
    key = (LATERAL, "midline")
    return [
        _row("frontal_horn_width", key, at_foramen, "mm"),
        _row("occipital_horn_width", key, occipital, "mm"),
        _row("brain_width", ("brain", "midline"), biparietal, "mm"),
        _row("fohr", key, _ratio(at_foramen + occipital, 2 * biparietal), "ratio"),
        _row("evans_index", key, _ratio(front[evans_plane], across[evans_plane]), "ratio"),
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


def callosal_area(labels: LabelMap, fluid: Image, grid: Image) -> list[Row]:
    """Return the area of the corpus callosum in mm², whole and by thirds of its length.

    Mean over planes up to 2 mm either side of the middle of its labels, parallel to the template's
    sagittal plane; only what is no fluid counts. Thirds are equal steps between its front and its back
    end, as Witelson 1989, Brain 112:799, cuts it.
    """
    if not any(region.structure.startswith(CALLOSUM) for region in labels.regions):
        return []
    tissue = np.where(_of(labels, CALLOSUM), 1 - fluid.data, 0)
    callosum = _on(grid, labels.labels, tissue)
    along_x = callosum.sum(axis=(1, 2), dtype=np.float64)
    names = [CALLOSUM, *(f"{CALLOSUM}_{third}" for third in THIRDS)]
    areas = np.full(len(names), np.nan)
    if along_x.sum() > 0:
        middle = round(float(np.average(np.arange(len(along_x)), weights=along_x)))
        planes = callosum[max(middle - CALLOSAL_PLANES, 0) : middle + CALLOSAL_PLANES + 1]
        areas = np.mean([_thirds(plane) for plane in planes], axis=0)
    return [
        _row("callosal_area", (name, "midline"), float(area), "mm2")
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
    if not all(chosen.any() for chosen in nigra.values()) or not _of(labels, "midbrain").any():
        return []
    tissue = np.where(np.any([_of(labels, name) for name in PEDUNCLE], axis=0), 1 - fluid.data, 0)
    ends = {side: np.argwhere(_on(grid, labels.labels, chosen) >= 0.5) for side, chosen in nigra.items()}
    read = fluid.data.any() and all(len(found) for found in ends.values())
    areas = _halves(_on(grid, labels.labels, tissue), *ends.values()) if read else (np.nan, np.nan)
    sides = {("cerebral_peduncle", side): area for side, area in zip(nigra, areas, strict=True)}
    return [*(_row("peduncle_area", key, area, "mm2") for key, area in sides.items()), *_asymmetries(sides)]


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
