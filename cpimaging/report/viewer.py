"""The viewer of a scan page: coarser 8-bit copies of images, lesion and labels, packed for a browser.

One grid for all: RAS, the same edge along every axis, at least 1 mm; so an oblique or anisotropic scan
is drawn in mm. Images travel as one JPEG each, its axial slices as tiles; lesion and labels as deflated
bytes, since a browser that guards against fingerprinting may change pixels that a script reads back.
"""

import base64
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import PIL.Image
from markupsafe import Markup
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging import figures
from cpimaging.figures import Frame
from cpimaging.report import page, tables
from cpimaging.types import Image, LabelMap, Region, Table, region_positions, rows_of

FINEST_MM = 1.0
STEP_MM = 0.25
MOST_CELLS = 6_000_000
"""A whole head at 1 mm has fewer."""
MOST_BYTES = 2_700_000
"""Of all images together; in base64 they are a third more."""
QUALITIES = (85, 70, 50, 30, 15)
"""JPEG qualities; the first that keeps to MOST_BYTES is taken."""
VOLUMES = ("lesion_volume_mm3", "region_volume_mm3")
TOGETHER = ("white_matter", "cerebellum", "cortex")
"""Tissues whose parts have no border between them."""


class Grid(NamedTuple):
    """Isotropic RAS cells: counts along x, y, z; centre of the first cell and the edge in mm."""

    shape: tuple[int, int, int]
    origin_mm: tuple[float, float, float]
    cell_mm: float

    @property
    def affine(self) -> NDArray[np.float64]:
        """Cell to world."""
        affine = np.diag([self.cell_mm, self.cell_mm, self.cell_mm, 1.0])
        affine[:3, 3] = self.origin_mm
        return affine


class Viewer(NamedTuple):
    """What the page embeds: data for the script, and the edge of a cell for the reader."""

    data: Markup
    cell_mm: float
    contrasts: tuple[str, ...]


def viewer(
    images: Mapping[str, Image],
    frame: Frame | None,
    lesion: Image | None,
    atlas: LabelMap | None,
    load: Table,
    start_mm: Sequence[float],
) -> Viewer | None:
    """Return the viewer of a scan; None without images.

    frame: what is shown. load: LESIONLOAD_COLUMNS, measured on the original grid; what the viewer says of a
    structure comes from it. start_mm: where the crosshair stands first; the
    script moves it to the nearest lesion.
    """
    if not images or frame is None:
        return None
    grid = grid_of(frame)
    data: dict[str, Any] = {
        "shape": grid.shape,
        "origin": grid.origin_mm,
        "cell": grid.cell_mm,
        "images": _images(images, grid),
        "lesion": None if lesion is None else _packed(lesion_cells(lesion, grid).astype(np.uint8)),
        "start": [float(value) for value in start_mm],
    }
    if atlas is not None:
        data["labels"] = _packed(_label_cells(atlas, grid))
        data["regions"] = _regions(atlas.regions, load, known=lesion is not None)
    text = json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")
    return Viewer(Markup(text), grid.cell_mm, tuple(images))


def grid_of(frame: Frame) -> Grid:
    """Return the cells that fill a frame: as fine as its pixels, but not below 1 mm nor too many."""
    low, high = np.array(frame.low_mm), np.array(frame.high_mm)
    cell = max(FINEST_MM, frame.pixel_mm)
    while math.prod(counts := [max(1, math.ceil(n)) for n in (high - low) / cell]) > MOST_CELLS:
        cell += STEP_MM
    x, y, z = counts
    first = [float(value) for value in low + cell / 2]
    return Grid((x, y, z), (first[0], first[1], first[2]), float(cell))


def lesion_cells(lesion: Image, grid: Grid) -> NDArray[np.bool_]:
    """Return the cells that show lesion: a voxel of it has its centre there, or their centre lies in one.

    The first keeps a lesion of one fine voxel, the second fills the cells between the centres of coarse ones.
    """
    mask = lesion.data != 0
    cells: NDArray[np.bool_] = _sampled(lesion.with_data(mask.astype(np.uint8)), grid, order=0) != 0
    world = lesion.affine[:3, :3] @ np.argwhere(mask).T + lesion.affine[:3, 3:]
    places = np.rint((world - np.reshape(grid.origin_mm, (3, 1))) / grid.cell_mm).astype(int)
    inside = ((places >= 0) & (places < np.reshape(grid.shape, (3, 1)))).all(axis=0)
    cells[tuple(places[:, inside])] = True
    return cells


def _sampled(image: Image, grid: Grid, order: int) -> NDArray[Any]:
    """Sample an image at the centres of the cells; 0 outside of it."""
    to_voxel = np.linalg.inv(image.affine) @ grid.affine
    data = image.data if order == 0 else np.nan_to_num(image.data.astype(np.float32), posinf=0, neginf=0)
    steps = to_voxel[:3, :3]
    if np.array_equal(steps, np.diag(np.diag(steps))):  # most scans: axis by axis, in half the time
        steps = np.diag(steps)
    sampled: NDArray[Any] = ndimage.affine_transform(
        data, steps, to_voxel[:3, 3], grid.shape, order=order, mode="grid-constant"
    )
    return sampled


def _images(images: Mapping[str, Image], grid: Grid) -> dict[str, Any]:
    sheets = {name: _sheet(_grey(image, grid)) for name, image in images.items()}
    for quality in QUALITIES:
        files = {name: _jpeg(sheet, quality) for name, sheet in sheets.items()}
        if sum(len(file) for file in files.values()) <= MOST_BYTES:
            break
    return {name: f"data:image/jpeg;base64,{_text(file)}" for name, file in files.items()}


def _grey(image: Image, grid: Grid) -> NDArray[np.uint8]:
    low, high = figures.window(image)
    values = _sampled(image, grid, order=1)
    grey: NDArray[np.uint8] = (np.clip((values - low) / (high - low), 0, 1) * 255).round().astype(np.uint8)
    if low < 0:  # a background of 0 would come out grey
        grey[_sampled(image, grid, order=0) == 0] = 0
    return grey


def _sheet(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay out axial slices as tiles, row by row; inside a tile rows are y and columns x, both rising."""
    x, y, z = cells.shape
    across = math.ceil(math.sqrt(z))
    down = math.ceil(z / across)
    tiles = np.zeros((down * across, y, x), np.uint8)
    tiles[:z] = cells.transpose(2, 1, 0)
    return tiles.reshape(down, across, y, x).transpose(0, 2, 1, 3).reshape(down * y, across * x)


def _jpeg(sheet: NDArray[np.uint8], quality: int) -> bytes:
    stream = BytesIO()
    PIL.Image.fromarray(sheet).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _label_cells(atlas: LabelMap, grid: Grid) -> NDArray[Any]:
    """Return, cell by cell, where its label stands among the regions, from 1; 0 outside of all."""
    kind = np.uint8 if len(atlas.regions) < 256 else np.uint16
    labels = _sampled(atlas.labels, grid, order=0)
    return region_positions(labels.astype(np.int32), atlas.regions).astype(kind)


def _packed(cells: NDArray[Any]) -> dict[str, Any]:
    """Deflate cells, x fastest, little-endian."""
    raw = cells.astype(cells.dtype.newbyteorder("<")).tobytes(order="F")
    return {"bytes": cells.dtype.itemsize, "deflated": _text(zlib.compress(raw, 9))}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _regions(regions: Sequence[Region], load: Table, *, known: bool) -> list[dict[str, Any]]:
    groups: dict[tuple[str, ...], int] = {}
    volumes: dict[tuple[str, ...], list[tuple[float, float]]] = defaultdict(list)
    for structure, side, lobe, *both in rows_of(load, ("structure", "side", "lobe", *VOLUMES)):
        volumes[structure, side, lobe].append((both[0], both[1]))
    told = []
    for region in regions:
        alone = (region.called, region.side)
        group = (region.tissue,) if region.tissue in TOGETHER else alone
        told.append(
            {
                "name": tables.structure_name(region.called),
                "lobe": region.lobe if region.lobe != "n/a" else "",
                "side": region.side,
                "tissue": region.tissue,
                "group": groups.setdefault(group, len(groups) + 1),
                "load": _told(volumes[*alone, region.lobe] if known else []),
            }
        )
    return told


def _told(volumes: Sequence[tuple[float, float]]) -> str:
    """Say how much of a region is lesioned, from lesion and whole of its rows of the table."""
    lesion, whole = map(sum, zip(*(volumes or [(math.nan, math.nan)]), strict=True))
    if math.isnan(lesion + whole):
        return "lesion not assessed"
    if lesion == 0:
        return "no lesion in it"
    share = page.percent(100 * lesion / whole) if whole > 0 else page.NONE
    return f"{page.millilitres(lesion)} ml of it lesion, {share} %"
