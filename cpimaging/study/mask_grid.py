"""The atlas on the grid of masks that lie in template space: made once, then used for any number of masks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.atlases import Template, checked_atlas, load_atlas, load_template
from cpimaging.atlases.own import LARGEST_BRAIN_ML
from cpimaging.atlases.space import resample_labels
from cpimaging.atlases.template import SPACE
from cpimaging.images import Sparse, read_image
from cpimaging.lesions.components import MIDLINE_MM
from cpimaging.masks import LESION_INSIDE_SHARE, MOST_PADDED_VOXELS
from cpimaging.quantify.depth import has_layers, white_matter_depth
from cpimaging.quantify.load import cell_rows
from cpimaging.quantify.partition import Partition, partition
from cpimaging.quantify.tracts import Tract, tract_sections
from cpimaging.registration import moved_points, resample, to_voxels
from cpimaging.registration.engines import ENGINES
from cpimaging.types import Atlas, Image, InputError, LabelMap
from cpimaging.words import SIDES

FAMILY = ("MNI152", "ICBM152")
"""Spaces whose templates show the same 152 people in the same frame."""

GRIDS_AT_MOST = 3
"""Masks of one template share a grid; more than this are not in template space, or would fill the memory."""
MOST_ASKED = 10_000
"""So many voxels of a lesion, evenly taken, tell whether it lies in the brain (ours)."""


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
    if t1w is not None and not t1w.is_file():
        raise InputError(t1w, "no such file", "check the path of the masks' template")
    if not re.fullmatch("[0-9A-Za-z+]+", space):
        cure = "name their template in letters and digits, e.g. MNI152NLin6Asym"
        raise InputError(f"space {space}", "is no name of a space", cure)
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
    engine = ENGINES["greedy"].method
    start = engine.affine(image, template.t1w, None)
    return engine.deformable(image, template.t1w, start, None, threads=1).to_scan


@dataclass(frozen=True)
class MaskGrid:
    """One grid with all that is counted on it.

    rows: `quantify.load.cell_rows`. tract: `quantify.tracts.tract_sections`. sides: int8, flat, place in
    SIDES. distance_mm: float32, flat, from the lateral ventricle. counts: int32, flat: how many masks hold
    each voxel so far; nothing else changes.
    """

    image: Image
    parts: Partition
    rows: pd.DataFrame
    tract: Mapping[str, Tract]
    sides: NDArray[np.int8]
    distance_mm: NDArray[np.float32]
    counts: NDArray[np.int32]


class MaskGrids:
    """The grids of a folder of masks, each made when its first mask comes."""

    def __init__(self, way: Way) -> None:
        self.way = way
        self.made: list[MaskGrid] = []

    def place(
        self, mask: Sparse, lesion: NDArray[np.intp], path: Path | str
    ) -> tuple[MaskGrid, NDArray[np.intp]]:
        """Return the grid that a mask is measured on, and its lesion's voxels there.

        A mask that was cropped (its voxels lie on those of a grid) is measured on the whole grid. lesion:
        flat index of its voxels. Raises InputError for a lesion outside of the brain, and a grid too many.
        """
        self._check_position(mask, lesion, path)
        own = Image(np.broadcast_to(np.uint8(0), mask.shape), mask.affine)
        for grid in self.made:
            start = _start_within(grid.image, own)
            if start is not None:
                return grid, _moved_index(lesion, own, grid.image, start)
        if len(self.made) == GRIDS_AT_MOST:
            problem = f"lies on a grid of its own, beyond the {GRIDS_AT_MOST} that the masks before it share"
            raise InputError(path, problem, "bring the masks of a template to one grid")
        whole, start = _whole(own, self._corners_mm)
        if whole is not own and int(np.prod(whole.shape)) > MOST_PADDED_VOXELS:
            problem = "is a part of a grid too fine to be measured as a whole"
            raise InputError(path, problem, "bring the masks to the grid of their template")
        self.made.append(_grid(whole, self.way))
        return self.made[-1], _moved_index(lesion, own, whole, start)

    @cached_property
    def _inside(self) -> Image:
        """Labels and brain of the atlas's space, boolean, on the grid of its labels."""
        labels = self.way.atlas.dseg.labels
        inside = labels.data != 0
        if self.way.template is not None:
            inside |= resample(self.way.template.brain, labels, mode="nearest").data
        return Image(inside, labels.affine)

    @cached_property
    def _corners_mm(self) -> NDArray[np.float64]:
        """The corners of the box around labels and brain in the space of the masks: (8, 3)."""
        inside = self._inside
        if self.way.field is not None:
            field = self.way.field
            inside = resample(inside, Image(field.data[..., 0], field.affine), field, mode="nearest")
        found = np.argwhere(inside.data)
        ends = np.array([found.min(axis=0), found.max(axis=0)])
        corners = np.array([[ends[a, 0], ends[b, 1], ends[c, 2]] for a, b, c in np.ndindex(2, 2, 2)])
        return corners @ inside.affine[:3, :3].T + inside.affine[:3, 3]

    def _check_position(self, mask: Sparse, lesion: NDArray[np.intp], path: Path | str) -> None:
        """Refuse a lesion that lies mostly outside of the template's brain, before a grid is made for it."""
        if self.way.template is None or not lesion.size:
            return
        if _lost_header(mask):
            problem = "its position begins at 0, 0, 0, as where a header was lost"
            raise InputError(path, problem, "copy the header of the template to it")
        asked = lesion[:: max(lesion.size // MOST_ASKED, 1)]
        voxels = np.stack(np.unravel_index(asked, mask.shape), axis=1)
        points_mm = voxels @ mask.affine[:3, :3].T + mask.affine[:3, 3]
        if self.way.field is not None:
            points_mm = moved_points(points_mm, self.way.field)
        at = np.rint(to_voxels(points_mm, self._inside)).astype(np.intp)
        seen = at[((at >= 0) & (at < self._inside.shape)).all(axis=1)]
        share = float(self._inside.data[tuple(seen.T)].sum()) / asked.size
        if share < LESION_INSIDE_SHARE:
            problem = f"lies outside of the template's brain ({100 * share:.0f} % inside)"
            raise InputError(path, problem, "check that it lies in the space that was named")


def _lost_header(mask: Sparse) -> bool:
    """Tell whether a corner voxel lies at 0, 0, 0 exactly, on straight axes, as an empty header has it."""
    straight = np.count_nonzero(mask.affine[:3, :3]) == 3
    ends = np.array([[*corner, 1] for corner in np.ndindex(2, 2, 2)]) * [*np.subtract(mask.shape, 1), 1]
    return straight and bool((np.abs(mask.affine[:3] @ ends.T).max(axis=0) == 0).any())


def _start_within(grid: Image, part: Image) -> NDArray[np.intp] | None:
    """Return the voxel of a grid that a part of it begins at; None where it is no part of it."""
    start = np.rint(to_voxels(part.affine[None, :3, 3], grid)[0]).astype(np.intp)
    if (start < 0).any() or (start + part.shape > grid.shape).any():
        return None
    return start if _beginning_at(grid, start, part.shape).same_grid(part) else None


def _beginning_at(grid: Image, start: NDArray[np.intp], shape: Sequence[int]) -> Image:
    """Return the grid of other extent whose voxels lie on those of `grid`."""
    affine = grid.affine.copy()
    affine[:3, 3] = (grid.affine @ [*start, 1.0])[:3]
    return Image(np.broadcast_to(np.uint8(0), tuple(map(int, shape))), affine)


def _whole(own: Image, corners_mm: NDArray[np.float64]) -> tuple[Image, NDArray[np.intp]]:
    """Return a mask's grid, larger where it does not hold the corners, and where the mask begins in it."""
    voxels = to_voxels(corners_mm, own).round(3)
    low = np.minimum(np.floor(voxels.min(axis=0)).astype(np.intp), 0)
    high = np.maximum(np.ceil(voxels.max(axis=0)).astype(np.intp) + 1, own.shape)
    if not low.any() and (high == own.shape).all():
        return own, low
    return _beginning_at(own, low, high - low), -low


def _moved_index(
    index: NDArray[np.intp], own: Image, grid: Image, start: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return flat voxel numbers of a part of a grid as those of the grid."""
    if own.shape == grid.shape:
        return index
    at = np.unravel_index(index, own.shape)
    moved = tuple(place + first for place, first in zip(at, start, strict=True))
    there: NDArray[np.intp] = np.ravel_multi_index(moved, grid.shape)
    return there


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
        tract=tract_sections(parts, empty, np.eye(4)),
        sides=_sides(parts, empty),
        distance_mm=distance.ravel(),
        counts=np.zeros(distance.size, np.int32),
    )


def _sides(parts: Partition, grid: Image) -> NDArray[np.int8]:
    """Return the side of every voxel: of its label, and without one that of its half of space."""
    index = np.ogrid[tuple(slice(n) for n in grid.shape)]
    x = sum((step * axis for step, axis in zip(grid.affine[0, :3], index, strict=True)), grid.affine[0, 3])
    halves = np.where(x < -MIDLINE_MM, 0, np.where(x > MIDLINE_MM, 1, 2)).astype(np.int8)
    cells = parts.cells_of_codes
    sides = np.array([SIDES.index(cell.side) for cell in cells], np.int8)[parts.codes]
    unlabelled = np.array([cell.tissue == "outside" for cell in cells])[parts.codes]
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
