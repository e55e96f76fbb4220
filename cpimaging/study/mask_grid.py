"""The atlas on the grid of masks that lie in template space: made once, then used for any number of masks."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.atlases import Template, checked_atlas, load_atlas, load_template
from cpimaging.atlases.own import LARGEST_BRAIN_ML
from cpimaging.atlases.space import resample_labels
from cpimaging.atlases.template import SPACE
from cpimaging.io import Sparse, read_image
from cpimaging.lesions.components import MIDLINE_MM, SIDES
from cpimaging.quantify import Partition, cell_rows, has_layers, partition, white_matter_depth
from cpimaging.registration import engines, resample
from cpimaging.types import Atlas, Image, InputError, LabelMap

FAMILY = ("MNI152", "ICBM152")
"""Spaces whose templates show the same 152 people in the same frame."""

GRIDS_AT_MOST = 3
"""Masks of one template share a grid; more than this are not in template space, or would fill the memory."""


class Way(NamedTuple):
    """How the atlas comes to the space of the masks.

    atlas: as it is, in its own space. field: displacement in mm from points of the masks' space to points of
    the atlas's; None where positions are taken as they are. template: ours, None where the atlas lives in
    another space, which then is the masks' own.
    """

    atlas: Atlas
    field: Image | None
    template: Template | None
    notes: tuple[str, ...]


def check_space(atlas: str, space: str, t1w: Path | None = None) -> Atlas:
    """Return the atlas as it is, or raise InputError where it cannot come to the space of the masks."""
    there = checked_atlas(atlas, space)
    if t1w is None and space != there.space and not space.startswith(FAMILY):
        cure = "give the brain-extracted T1w of its template (--template, masks_template)"
        raise InputError(space, f"is no MNI152 space, and the atlas lives in {there.space}", cure)
    return there


def find_way(atlas: str, space: str, t1w: Path | None = None) -> Way:
    """Find how an atlas comes to the space of the masks.

    atlas: "embedded", "published" or a folder. t1w: brain-extracted T1w of the template of that space,
    which is registered to ours (half a minute). Without it, an atlas of the same space is taken as it is, and
    MNI152 templates are taken for each other, which the notes say. Raises InputError for another space.
    """
    there = check_space(atlas, space, t1w)
    if there.space == space and space != SPACE:
        note = f"The atlas lives in {space} as the masks do: its labels are used as they are."
        return Way(there, None, None, (note,))
    ours, template = load_atlas(atlas) if there.space != SPACE else there, load_template()
    if space == SPACE:
        return Way(ours, None, template, ())
    if t1w is not None:
        note = f"The atlas was brought to {space} by registering {t1w.name} to {SPACE}, once for all masks."
        return Way(ours, _field(t1w, template), template, (note,))
    note = (
        f"The masks are said to lie in {space}, the atlas lives in {SPACE}. Both are MNI152 templates: "
        "positions were taken as they are, which leaves the few mm between the templates. The T1w of theirs "
        "takes them out."
    )
    return Way(ours, None, template, (note,))


def _field(t1w: Path, template: Template) -> Image:
    image = read_image(t1w)
    volume_ml = float(np.count_nonzero(image.data)) * image.voxel_volume_mm3 / 1000
    if volume_ml > LARGEST_BRAIN_ML:
        problem = f"shows more than a brain ({volume_ml:.0f} ml are not 0)"
        raise InputError(t1w, problem, "cut the brain out")
    engine = engines()["greedy"]
    start = engine.affine(image, template.t1w, None)
    return engine.deformable(image, template.t1w, start, None, threads=1).to_scan


@dataclass(frozen=True)
class MaskGrid:
    """One grid with all that is counted on it.

    rows: `quantify.cell_rows`. sides: int8, flat, place in SIDES. distance_mm: float32, flat, from the
    lateral ventricle. counts: int32, flat: how many masks hold each voxel so far; nothing else changes.
    """

    image: Image
    parts: Partition
    rows: pd.DataFrame
    sides: NDArray[np.int8]
    distance_mm: NDArray[np.float32]
    counts: NDArray[np.int32]


class MaskGrids:
    """The grids of a folder of masks, each made when its first mask comes."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.made: list[MaskGrid] = []

    def of(self, mask: Sparse, path: Path | str) -> MaskGrid:
        """Return the grid that a mask lies on. Raises InputError for one grid too many."""
        empty = Image(np.broadcast_to(np.uint8(0), mask.shape), mask.affine)
        for grid in self.made:
            if grid.image.same_grid(empty):
                return grid
        if len(self.made) == GRIDS_AT_MOST:
            problem = f"lies on a grid of its own, beyond the {GRIDS_AT_MOST} that the masks before it share"
            raise InputError(path, problem, "bring the masks of a template to one grid")
        self.made.append(_grid(empty, self.way))
        return self.made[-1]


def _grid(empty: Image, way: Way) -> MaskGrid:
    labels = _moved(way.atlas.dseg, empty, way.field)
    overlays = {name: _moved(overlay, empty, way.field) for name, overlay in way.atlas.overlays.items()}
    brain = np.ones(empty.shape, bool)
    if way.template is not None:
        brain = resample(way.template.brain, empty, way.field, mode="nearest").data
    depth = distance = np.full(empty.shape, np.nan, dtype=np.float32)
    if has_layers(labels.regions):
        depth, distance = white_matter_depth(labels.labels, labels.regions)
    parts = partition(labels.labels, labels, overlays, empty.with_data(brain), depth)
    return MaskGrid(
        image=empty,
        parts=parts,
        rows=_plain_text(cell_rows(parts, empty.voxel_volume_mm3)),
        sides=_sides(parts, empty),
        distance_mm=distance.ravel(),
        counts=np.zeros(distance.size, np.int32),
    )


def _sides(parts: Partition, grid: Image) -> NDArray[np.int8]:
    """Return the side of every voxel: of its label, and without one that of its half of space."""
    index = np.ogrid[tuple(slice(n) for n in grid.shape)]
    x = sum((step * axis for step, axis in zip(grid.affine[0, :3], index, strict=True)), grid.affine[0, 3])
    halves = np.where(x < -MIDLINE_MM, 0, np.where(x > MIDLINE_MM, 1, 2)).astype(np.int8)
    sides = np.array([SIDES.index(cell.side) for cell in parts.cells], np.int8)[parts.codes]
    unlabelled = np.array([cell.tissue == "outside" for cell in parts.cells])[parts.codes]
    return np.where(unlabelled, np.broadcast_to(halves, grid.shape).ravel(), sides)


def _plain_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose text is Python's: scorers walk it once per mask, several times as fast."""
    return rows.astype({name: object for name in rows if name != "region_volume_mm3"})


def _moved(labels: LabelMap, grid: Image, field: Image | None) -> LabelMap:
    """Return labels on the grid, by the vote that atlases are moved with unless voxels meet voxels."""
    if field is None and labels.labels.same_grid(grid):
        return labels
    if field is None and _meets(labels.labels, grid):
        return LabelMap(resample(labels.labels, grid, mode="nearest"), labels.regions)
    return LabelMap(resample_labels(labels.labels, grid, field), labels.regions)


def _meets(labels: Image, grid: Image, tolerance: float = 1e-3) -> bool:
    """Tell whether every voxel of the grid lies on a voxel of the labels, or beyond them."""
    between = np.linalg.inv(labels.affine) @ grid.affine
    return bool(np.abs(between - np.rint(between)).max() <= tolerance)
