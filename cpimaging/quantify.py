"""Lesion load per structure, side, lobe and layer; depth of white matter; volumes of structures."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.columns import MARGIN_MM, MARGINS, dtypes
from cpimaging.io import typed
from cpimaging.types import (
    LESIONLOAD_COLUMNS,
    MORPHOMETRY_COLUMNS,
    Atlas,
    Image,
    LabelMap,
    Region,
    region_positions,
)

LAYERS = ("periventricular", "deep", "subcortical")
LAYER_LIMITS = (1 / 3, 2 / 3)
"""Three layers of equal normalised depth. That there are three (periventricular, middle,
cortico-subcortical) is from Fiori et al. 2014, Dev Med Child Neurol 56:839; equal steps of normalised
depth are from the bullseye plot of Sudre et al. 2018, J Neuroradiol 45:114."""

PROFILE_EDGES_MM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, np.inf)
"""Bin edges of the distance profile; ours."""

COMPARED_WITH_TEMPLATE = {
    "lateral_ventricle": "lateral_ventricle_",
    "thalamus": "thalamus",
    "corpus_callosum": "corpus_callosum_",
    "white_matter": "white_matter",
}
"""Groups whose volume is compared with the template's: name, and how their structures' names begin."""

_ID_COLUMNS = ("participant_id", "session_id")
_LOAD_COLUMNS = {name: kind for name, kind in LESIONLOAD_COLUMNS.items() if name not in _ID_COLUMNS}
_MORPHOMETRY_COLUMNS = {name: kind for name, kind in MORPHOMETRY_COLUMNS.items() if name not in _ID_COLUMNS}


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


def white_matter_depth(
    labels: Image, regions: Sequence[Region]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Measure how deep each white-matter voxel lies between the ventricle and the cortex.

    Returns two arrays of the grid's shape: depth d_v / (d_v + d_c), 0 at the wall of the lateral
    ventricle and 1 at the cortex, NaN outside of the cerebral white matter; and d_v in mm, NaN outside
    of the box around the labels. Distances run straight from a voxel's centre to the wall, with real
    spacing. Only the lateral ventricles and only labels of tissue cortex count: neither deep grey matter
    nor an edge or hole of the labels ends the white matter, so that white matter beside deep grey is not
    taken for subcortical. An atlas whose regions name no lateral ventricle, or no cortex, gives NaN.
    Raises ValueError where `regions` name them and the labels hold none.
    Normalised distance: Sudre et al. 2018, J Neuroradiol 45:114 (bullseye plot).
    """
    positions = region_positions(labels.data, regions)
    box = _bounding_box(positions > 0)
    inside = positions[box]
    ventricle = _distance_mm(inside, _ventricles(regions), labels.spacing_mm, "lateral ventricle")
    cortex = _distance_mm(inside, _cortices(regions), labels.spacing_mm, "cortex")
    white = _member(inside, [region.tissue == "white_matter" for region in regions])
    depth = np.full(labels.shape, np.nan, dtype=np.float32)
    depth[box][white] = ventricle[white] / (ventricle[white] + cortex[white])
    distance_mm = np.full(labels.shape, np.nan, dtype=np.float32)
    distance_mm[box] = ventricle
    return depth, distance_mm


def _ventricles(regions: Sequence[Region]) -> list[bool]:
    return [region.structure.startswith("lateral_ventricle") for region in regions]


def _cortices(regions: Sequence[Region]) -> list[bool]:
    return [region.tissue == "cortex" for region in regions]


def has_layers(regions: Sequence[Region]) -> bool:
    """Tell whether an atlas names what white matter lies between: the lateral ventricle and the cortex."""
    return any(_ventricles(regions)) and any(_cortices(regions))


def _distance_mm(
    positions: NDArray[np.int32], chosen: Sequence[bool], spacing_mm: tuple[float, ...], what: str
) -> NDArray[np.float32]:
    """Return the distance of every voxel's centre from the wall of the chosen regions, 0 inside.

    The straight line to the nearest voxel of these regions is cut where it enters that voxel, so that
    distances hardly depend on the size of the voxels.
    """
    if not any(chosen):
        return np.full(positions.shape, np.nan, dtype=np.float32)
    target = _member(positions, chosen)
    if not target.any():
        raise ValueError(f"the labels hold no {what}: distances from it cannot be measured")
    distance, nearest = ndimage.distance_transform_edt(~target, sampling=spacing_mm, return_indices=True)
    steps = np.full(target.shape, 0.5, dtype=np.float32)
    for there, here in zip(nearest, np.ogrid[tuple(slice(n) for n in target.shape)], strict=True):
        np.maximum(steps, np.abs(there - here), out=steps, casting="same_kind")
    wall_mm: NDArray[np.float32] = (distance * (1 - 0.5 / steps)).astype(np.float32)
    return wall_mm


def _member(positions: NDArray[np.int32], chosen: Sequence[bool]) -> NDArray[np.bool_]:
    """Return where the region is one of the `chosen`; `positions` count from 1."""
    return np.array([False, *chosen])[positions]


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Return the smallest box around `mask`; the whole grid where it is empty."""
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    return boxes[0] if boxes else tuple(slice(0, n) for n in mask.shape)


def layers(depth: NDArray[np.floating[Any]]) -> NDArray[np.int8]:
    """Cut normalised depth into 1 periventricular, 2 deep, 3 subcortical; 0 where depth is NaN."""
    layer: NDArray[np.int8] = (np.digitize(depth, LAYER_LIMITS) + 1).astype(np.int8)
    layer[np.isnan(depth)] = 0
    return layer


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


def load_in(mask: Image, parts: Partition) -> pd.DataFrame:
    """Count a lesion mask (bool) in the cells of its grid.

    Returns LESIONLOAD_COLUMNS without the two id columns; see `lesion_load`.
    """
    if mask.data.size != parts.codes.size:
        raise ValueError("the mask is not on the grid of the partition")
    lesion = np.flatnonzero(mask.data)
    rows = cell_rows(parts, mask.voxel_volume_mm3)
    return filled_rows(rows, hits_in(lesion, parts), lesion.size, mask.voxel_volume_mm3)


def cell_rows(parts: Partition, voxel_mm3: float) -> pd.DataFrame:
    """Return the load table of a grid without a lesion: its cells, then those of the overlays, and volumes.

    What is the same for all masks on one grid; `filled_rows` adds the lesion.
    """
    tables = []
    for part in (parts, *parts.overlays):
        table = pd.DataFrame(part.cells, columns=list(Cell._fields))
        table["region_volume_mm3"] = part.counts[: len(part.cells)] * voxel_mm3
        tables.append(table)
    known = {name: kind for name, kind in _LOAD_COLUMNS.items() if name in tables[0]}
    return typed(pd.concat(tables, ignore_index=True), known)


def rows_within(parts: Partition, tissues: Collection[str]) -> NDArray[np.bool_]:
    """Tell which rows of `cell_rows` lie in some tissues; those of an overlay by more than half."""
    if not tissues:
        return np.zeros(len(parts.cells) + sum(len(part.cells) for part in parts.overlays), bool)
    there = np.array([cell.tissue in tissues for cell in parts.cells])[parts.codes]
    rows = []
    for part in (parts, *parts.overlays):
        n = len(part.cells)
        hits = np.bincount(part.codes, weights=there, minlength=len(part.counts))[:n]
        rows.append(hits > part.counts[:n] / 2)
    return np.concatenate(rows)


def hits_in(lesion: NDArray[np.intp], parts: Partition) -> NDArray[np.float64]:
    """Count lesion voxels, given by their flat index in C order, in the rows of `cell_rows`."""
    counted = [
        np.bincount(part.codes[lesion], minlength=len(part.counts))[: len(part.cells)]
        for part in (parts, *parts.overlays)
    ]
    return np.concatenate(counted).astype(np.float64)


def filled_rows(
    rows: pd.DataFrame, hits: NDArray[np.float64], lesion_voxels: NDArray[np.intp] | int, voxel_mm3: float
) -> pd.DataFrame:
    """Return `cell_rows` with the columns of the lesion.

    hits: of `hits_in`, one per row. lesion_voxels: size of the lesion, of all rows or of each.
    """
    region_voxels = rows["region_volume_mm3"].to_numpy() / voxel_mm3
    with np.errstate(invalid="ignore", divide="ignore"):
        return rows.assign(
            lesion_volume_mm3=hits * voxel_mm3,
            percent_region=100 * hits / region_voxels,
            percent_lesion=100 * hits / np.asarray(lesion_voxels, dtype=np.float64),
        )


def lesion_load(
    mask: Image,
    labels: Image,
    atlas: LabelMap,
    overlays: Mapping[str, LabelMap],
    brain: Image,
    depth: NDArray[np.floating[Any]] | None = None,
) -> pd.DataFrame:
    """Measure the lesion in every structure, side, lobe and layer, also where there is none.

    mask: bool. labels, overlays, brain, depth: as in `partition`, on the mask's grid. Returns
    LESIONLOAD_COLUMNS without the two id columns, volumes in mm³. Rows whose tissue is not "overlay"
    hold every lesion voxel once: regions first, then outside_atlas (brain without a label) and
    outside_brain (whose region has no volume: NaN). percent_region is NaN where the region is empty,
    percent_lesion where the mask is.
    """
    if not mask.same_grid(labels):
        raise ValueError("the mask and the labels must be on one grid")
    return load_in(mask, partition(labels, atlas, overlays, brain, depth))


_MOVES = {"left": (0, -1), "right": (0, 1), "back": (1, -1), "front": (1, 1), "down": (2, -1), "up": (2, 1)}
MARGIN_COLUMNS = tuple(dtypes(MARGINS))


def load_margins(mask: Image, parts: Partition) -> pd.DataFrame:
    """Count a lesion again with its border or its position moved by MARGIN_MM.

    Returns the rows of `load_in` as the columns of Cell, and MARGIN_COLUMNS: the lesion volume in mm³ where
    the border lies that much farther in or out, and where the lesion lies that much to the left, right,
    back, front, bottom or top along the axes of the array. A voxel that is passed in part counts in part,
    so voxels larger than the step move as well. The method is ours.
    """
    if mask.data.size != parts.codes.size:
        raise ValueError("the mask is not on the grid of the partition")
    steps = [MARGIN_MM / spacing for spacing in mask.spacing_mm]
    box = _box_around(mask.data.astype(bool, copy=False), [int(np.ceil(step)) + 1 for step in steps])
    lesion = mask.data[box].astype(np.float32)
    moved = {name: _shifted(lesion, axis, sign * steps[axis]) for name, (axis, sign) in _MOVES.items()}
    shrunk, grown = lesion.copy(), 1 - lesion
    for one, other in (("left", "right"), ("back", "front"), ("down", "up")):
        shrunk *= np.maximum(moved[one] + moved[other] - 1, 0)
        grown *= np.maximum(1 - moved[one] - moved[other], 0)
    variants = (shrunk, 1 - grown, *moved.values())
    tables = []
    for part in (parts, *parts.overlays):
        codes, n = part.codes.reshape(mask.shape)[box].ravel(), len(part.counts)
        table = pd.DataFrame(part.cells, columns=list(Cell._fields))
        for column, weights in zip(MARGIN_COLUMNS, variants, strict=True):
            voxels = np.bincount(codes, weights=weights.ravel(), minlength=n)[: len(part.cells)]
            table[column] = voxels * mask.voxel_volume_mm3
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _box_around(mask: NDArray[np.bool_], room: Sequence[int]) -> tuple[slice, ...]:
    """Return the bounding box of a mask with some voxels more, within the grid; one voxel if it is empty."""
    if not mask.any():
        return tuple(slice(0, 1) for _ in mask.shape)
    return tuple(
        slice(max(part.start - more, 0), min(part.stop + more, n))
        for part, more, n in zip(_bounding_box(mask), room, mask.shape, strict=True)
    )


def _shifted(data: NDArray[np.float32], axis: int, voxels: float) -> NDArray[np.float32]:
    """Return an array moved along one axis by a number of voxels, whole or not; zeros come in."""
    whole = int(np.floor(voxels))
    part = np.float32(voxels - whole)
    moved: NDArray[np.float32] = (1 - part) * _rolled(data, axis, whole)
    return moved + part * _rolled(data, axis, whole + 1) if part else moved


def _rolled(data: NDArray[np.float32], axis: int, voxels: int) -> NDArray[np.float32]:
    out = np.zeros_like(data)
    n = data.shape[axis]
    if abs(voxels) < n:
        source, target = [slice(None)] * 3, [slice(None)] * 3
        source[axis] = slice(max(-voxels, 0), n - max(voxels, 0))
        target[axis] = slice(max(voxels, 0), n - max(-voxels, 0))
        out[tuple(target)] = data[tuple(source)]
    return out


def distance_profile(
    mask: Image,
    distance_ventricle_mm: NDArray[np.floating[Any]],
    edges_mm: Sequence[float] = PROFILE_EDGES_MM,
) -> pd.DataFrame:
    """Sum the lesion by its distance from the lateral ventricle.

    Returns columns from_mm (included), to_mm (excluded) and volume_mm3. Lesion where the distance is
    not known (NaN) is left out.
    """
    distances = distance_ventricle_mm[mask.data.astype(bool)]
    voxels, _ = np.histogram(distances[~np.isnan(distances)], bins=np.asarray(edges_mm))
    return pd.DataFrame(
        {"from_mm": edges_mm[:-1], "to_mm": edges_mm[1:], "volume_mm3": voxels * mask.voxel_volume_mm3}
    )


def anterior_share(mask: Image, labels: Image, regions: Sequence[Region]) -> float:
    """Return how much of the lesion in the cerebrum lies in front of the middle of the lateral ventricles, %.

    mask: bool, on the grid of the labels. The middle lies halfway between the foremost and the rearmost voxel
    that `regions` name lateral ventricle. NaN without a lesion in the cerebrum, or without ventricles.
    After the midventricle line of Cayam-Rand et al. 2019, Neurology 93:e1231; this plane is ours.
    """
    positions = region_positions(labels.data, regions)
    along = np.flatnonzero(_member(positions, _ventricles(regions)).any(axis=(0, 2)))
    cerebrum = [region.tissue in ("white_matter", "deep_grey", "cortex") for region in regions]
    places = np.nonzero(mask.data.astype(bool, copy=False) & _member(positions, cerebrum))[1]
    if not len(along) or not len(places):
        return float("nan")
    middle = (along[0] + along[-1]) / 2
    return float(100 * np.mean((places > middle) + 0.5 * (places == middle)))


def lesion_profile(
    mask: Image, labels: Image, regions: Sequence[Region], distance_ventricle_mm: NDArray[np.floating[Any]]
) -> pd.DataFrame:
    """Say how a lesion lies to the ventricles: `anterior_share` and `distance_profile` as one table.

    Returns MORPHOMETRY_COLUMNS without the two id columns; the structure names the stretch of distance, from
    its beginning to before its end, as in "2_to_5_mm".
    """
    front = _measure("anterior_share", ("lesion", "midline"), anterior_share(mask, labels, regions), "%")
    steps = distance_profile(mask, distance_ventricle_mm).itertuples(index=False)
    rows = [
        _measure("distance_profile", (_stretch(low, high), "midline"), volume, "mm3")
        for low, high, volume in steps
    ]
    return typed([front, *rows], _MORPHOMETRY_COLUMNS)


def _stretch(low_mm: float, high_mm: float) -> str:
    return f"{low_mm:g}_to_{high_mm:g}_mm" if np.isfinite(high_mm) else f"{low_mm:g}_mm_and_more"


def structure_volumes(labels: Image, regions: Sequence[Region], brain: Image) -> dict[tuple[str, str], float]:
    """Return volumes in mm³ by (structure, side), and that of the brain mask as ("brain", "midline")."""
    counts = np.bincount(region_positions(labels.data, regions).ravel(), minlength=len(regions) + 1)
    volumes: dict[tuple[str, str], float] = {("brain", "midline"): float(np.count_nonzero(brain.data))}
    for region, count in zip(regions, counts[1:], strict=True):
        key = (region.called, region.side)
        volumes[key] = volumes.get(key, 0.0) + float(count)
    return {key: count * labels.voxel_volume_mm3 for key, count in volumes.items()}


def template_volumes(atlas: Atlas) -> dict[tuple[str, str], float]:
    """Return the volumes of an atlas where it lives, to compare a scan with; brain = all labels."""
    labels = atlas.dseg.labels
    return structure_volumes(labels, atlas.dseg.regions, labels.with_data(labels.data != 0))


def morphometry(
    labels: Image,
    atlas: LabelMap,
    brain: Image,
    template_volumes: Mapping[tuple[str, str], float],
) -> pd.DataFrame:
    """Measure structures, and compare those that tissue loss changes with the template.

    template_volumes: `structure_volumes` of the template. Returns MORPHOMETRY_COLUMNS without the two
    id columns: "volume" in mm³ for each structure and side, and "ratio_to_template" for the groups of
    COMPARED_WITH_TEMPLATE, each volume being taken as a share of its brain. A group that either side
    lacks has no row.
    """
    volumes = structure_volumes(labels, atlas.regions, brain)
    rows = [_measure("volume", key, value, "mm3") for key, value in volumes.items()]
    ours, theirs = _shares(volumes), _shares(template_volumes)
    rows += [
        _measure("ratio_to_template", key, ours[key] / theirs[key], "ratio")
        for key in ours
        if theirs.get(key, 0.0) > 0
    ]
    return typed(rows, _MORPHOMETRY_COLUMNS)


def _measure(measure: str, key: tuple[str, str], value: float, unit: str) -> dict[str, Any]:
    return {"measure": measure, "structure": key[0], "side": key[1], "value": value, "unit": unit}


def _shares(volumes: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return each compared group's volume as a share of the brain, by (group, side)."""
    brain = volumes[("brain", "midline")]
    shares: dict[tuple[str, str], float] = {}
    for group, beginning in COMPARED_WITH_TEMPLATE.items():
        for (structure, side), volume in volumes.items():
            if structure.startswith(beginning) and brain > 0:
                shares[(group, side)] = shares.get((group, side), 0.0) + volume / brain
    return shares
