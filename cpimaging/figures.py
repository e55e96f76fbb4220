"""Pictures of brains: planes cut in world mm, as grey PNG files and outlines to draw over them.

One convention everywhere: coordinates grow to the right and upwards on the picture, so left is left
and, on sagittal cuts, the front is on the right. Outlines are SVG path data in pixels of the picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Literal

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import approximate_polygon, find_contours

from cpimaging.types import Image, LabelMap

Plane = Literal["axial", "coronal", "sagittal"]

NORMAL: Mapping[Plane, int] = {"axial": 2, "coronal": 1, "sagittal": 0}
"""World axis across each plane."""
IN_PLANE: Mapping[Plane, tuple[int, int]] = {"axial": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}
"""World axes along each picture's width and height."""
EDGE_LETTERS: Mapping[Plane, tuple[str, str]] = {
    "axial": ("L", "R"),
    "coronal": ("L", "R"),
    "sagittal": ("P", "A"),
}
"""What is printed at the left and right edge of each picture."""
GAP_MM: Mapping[Plane, float] = {"axial": 8.0, "coronal": 15.0, "sagittal": 20.0}
"""Cuts nearer than this show nearly the same; sagittal ones so far apart that both sides are shown."""
MARGIN_PIXELS = 4
PIXEL_MM = (0.75, 1.0)  # finest and coarsest pixel of a picture
SEVERAL_LESIONS = 12  # cuts are looked for in that many of the largest lesions
HEAT = ((0.0, (68, 1, 84)), (0.35, (187, 55, 84)), (0.7, (249, 142, 9)), (1.0, (252, 255, 164)))
"""Colours of the frequency map: rising lightness, readable without colour vision."""


@dataclass(frozen=True)
class Frame:
    """The part of the world that pictures show: a box in mm (RAS+) and the pixel's edge in mm."""

    low_mm: tuple[float, float, float]
    high_mm: tuple[float, float, float]
    pixel_mm: float


@dataclass(frozen=True)
class Cut:
    """One plane through a frame; position_mm is its place on the world axis across it."""

    plane: Plane
    position_mm: float
    frame: Frame

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        across, up = (self._count(axis) for axis in IN_PLANE[self.plane])
        return across, up

    def _count(self, axis: int) -> int:
        length = self.frame.high_mm[axis] - self.frame.low_mm[axis]
        return max(1, round(length / self.frame.pixel_mm))

    def points_mm(self) -> NDArray[np.float64]:
        """World position of every pixel, shape (3, height, width)."""
        across, up = IN_PLANE[self.plane]
        width, height = self.size
        points = np.full((3, height, width), self.position_mm)
        steps = (np.arange(width) + 0.5) * self.frame.pixel_mm
        points[across] = self.frame.low_mm[across] + steps[None, :]
        steps = (np.arange(height) + 0.5) * self.frame.pixel_mm
        points[up] = self.frame.high_mm[up] - steps[:, None]
        return points


def frame_around(image: Image) -> Frame:
    """Return the box around the voxels that are not 0, with a small margin.

    Raises ValueError where all voxels are 0.
    """
    low, high = _bounds(image.data)
    corners = np.array(list(np.ndindex(2, 2, 2))).T
    edges = np.where(corners == 0, low[:, None] - 0.5, high[:, None] + 0.5)
    world = image.affine[:3, :3] @ edges + image.affine[:3, 3:]
    pixel = float(np.clip(min(image.spacing_mm), *PIXEL_MM))
    margin = MARGIN_PIXELS * pixel
    return _boxed(world.min(axis=1) - margin, world.max(axis=1) + margin, pixel)


def common(first: Frame, second: Frame) -> Frame:
    """Return the part that two frames share; the first where they share nothing."""
    low = np.maximum(first.low_mm, second.low_mm)
    high = np.minimum(first.high_mm, second.high_mm)
    if (high <= low).any():
        return first
    return _boxed(low, high, first.pixel_mm)


def spanning(first: Frame, second: Frame) -> Frame:
    """Return the smallest frame that holds both, with the first one's pixels."""
    low = np.minimum(first.low_mm, second.low_mm)
    return _boxed(low, np.maximum(first.high_mm, second.high_mm), first.pixel_mm)


def _boxed(low: NDArray[np.float64], high: NDArray[np.float64], pixel_mm: float) -> Frame:
    x0, y0, z0 = (float(value) for value in low)
    x1, y1, z1 = (float(value) for value in high)
    return Frame((x0, y0, z0), (x1, y1, z1), pixel_mm)


def _bounds(data: NDArray[Any]) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """First and last index along each axis where `data` is not 0."""
    filled = data != 0
    if not filled.any():
        raise ValueError("nothing but zeros to picture")
    ranges = [np.flatnonzero(filled.any(axis=tuple(a for a in range(3) if a != axis))) for axis in range(3)]
    return np.array([r[0] for r in ranges]), np.array([r[-1] for r in ranges])


def lesion_cuts(lesion: Image, frame: Frame, counts: Mapping[Plane, int]) -> list[Cut]:
    """Choose planes through the lesion: where most of it lies, then through its largest parts.

    lesion: not 0 in the lesion. counts: how many planes of each kind at most. An empty lesion gives no cut.
    """
    parts = _parts(lesion)
    cuts = []
    for plane, count in counts.items():
        chosen: list[float] = []
        for part in parts:
            position = _fullest(part, NORMAL[plane])
            if all(abs(position - other) >= GAP_MM[plane] for other in chosen):
                chosen.append(position)
        cuts += [Cut(plane, position, frame) for position in sorted(chosen[:count])]
    return cuts


def _parts(lesion: Image) -> list[Image]:
    """Return the whole lesion, then its connected parts by falling volume, each cropped."""
    if not lesion.data.any():
        return []
    low, high = _bounds(lesion.data)
    whole = _crop(
        lesion.with_data(lesion.data != 0), tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))
    )
    numbers, count = ndimage.label(whole.data, np.ones((3, 3, 3)))
    if count == 1:
        return [whole]
    boxes = ndimage.find_objects(numbers)
    largest = np.argsort(-np.bincount(numbers.ravel())[1:], kind="stable")[:SEVERAL_LESIONS]
    return [whole] + [_crop(whole.with_data(numbers == i + 1), boxes[i]) for i in largest]


def _crop(image: Image, box: tuple[slice, ...]) -> Image:
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start for part in box]
    return Image(image.data[box], affine)


def _fullest(part: Image, axis: int) -> float:
    """World position, along `axis`, of the slice that holds most of `part`."""
    counts = part.data.sum(axis=tuple(a for a in range(3) if a != axis))
    fullest = np.flatnonzero(counts == counts.max())
    index = int(fullest[len(fullest) // 2])
    inside = np.argwhere(np.take(part.data, index, axis=axis)).mean(axis=0)
    voxel = np.insert(inside, axis, index)
    return float((part.affine[:3, :3] @ voxel + part.affine[:3, 3])[axis])


def cuts_at(point_mm: NDArray[np.float64], frame: Frame) -> list[Cut]:
    """Return one axial, one coronal and one sagittal plane through a world point."""
    return [Cut(plane, float(point_mm[axis]), frame) for plane, axis in NORMAL.items()]


def series(image: Image, frame: Frame, plane: Plane, count: int) -> list[Cut]:
    """Return `count` planes of one kind, evenly spread over the voxels of `image` that are not 0."""
    inner, axis = frame_around(image), NORMAL[plane]
    positions = np.linspace(inner.low_mm[axis], inner.high_mm[axis], count + 2)[1:-1]
    return [Cut(plane, float(position), frame) for position in positions]


def centre_mm(image: Image) -> NDArray[np.float64]:
    """World position of the middle of the voxels that are not 0."""
    low, high = _bounds(image.data)
    middle: NDArray[np.float64] = image.affine[:3, :3] @ ((low + high) / 2) + image.affine[:3, 3]
    return middle


def sample(image: Image, cut: Cut, *, labels: bool = False) -> NDArray[np.float64]:
    """Sample an image on a plane, shape (height, width): linear, or nearest for labels.

    Linear, since it shows no value that is not there: a spline rings at the edge of the brain.
    Outside the image it is 0. Voxels that are not finite count as 0.
    """
    points = cut.points_mm()
    inverse = np.linalg.inv(image.affine)
    voxels = inverse[:3, :3] @ points.reshape(3, -1) + inverse[:3, 3:]
    low = np.clip(np.floor(voxels.min(axis=1)).astype(int) - 1, 0, image.shape)
    high = np.clip(np.ceil(voxels.max(axis=1)).astype(int) + 2, 0, image.shape)
    if (high <= low).any():
        return np.zeros(points.shape[1:])
    block = image.data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].astype(np.float64)
    values = ndimage.map_coordinates(
        np.nan_to_num(block, posinf=0, neginf=0),
        voxels - low[:, None],
        order=0 if labels else 1,
        mode="grid-constant",
    )
    return np.asarray(values).reshape(points.shape[1:])


def window(image: Image) -> tuple[float, float]:
    """Return the values shown as black and white: 0.5th and 99.8th percentile of voxels not 0."""
    step = 2 if image.data.size > 1_000_000 else 1
    values = image.data[::step, ::step, ::step]
    values = values[np.isfinite(values) & (values != 0)]
    if values.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(values, (0.5, 99.8))
    low = min(low, 0.0) if low < 0.1 * high else low
    return float(low), float(high) if high > low else float(low) + 1.0


def picture(image: Image, cut: Cut, limits: tuple[float, float] | None = None) -> bytes:
    """Return the plane as a grey PNG. limits: values shown as black and white, else `window`."""
    return png(_grey(image, cut, limits or window(image)))


def _grey(image: Image, cut: Cut, limits: tuple[float, float]) -> NDArray[np.uint8]:
    low, high = limits
    values = (sample(image, cut) - low) / (high - low)
    shown: NDArray[np.uint8] = (np.clip(values, 0, 1) * 255).round().astype(np.uint8)
    if low < 0:  # a background of 0 would come out grey
        shown[sample(image, cut, labels=True) == 0] = 0
    return shown


def frequency_picture(template: Image, frequency: Image, cut: Cut, highest: float) -> bytes:
    """Return a template plane as a PNG, coloured by `HEAT` where the frequency is above 0.

    highest: the frequency at the top of the colour scale.
    """
    grey = _grey(template, cut, window(template))
    share = np.clip(sample(frequency, cut, labels=True) / highest, 0, 1)
    places = [place for place, _ in HEAT]
    heat = np.stack([np.interp(share, places, [c[i] for _, c in HEAT]) for i in range(3)], axis=-1)
    grey = np.repeat(grey[..., None], 3, axis=2)
    return png(np.where(share[..., None] > 0, 0.15 * grey + 0.85 * heat, grey).round().astype(np.uint8))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Return pixels, (height, width) or with three colours, as a PNG file."""
    stream = BytesIO()
    PIL.Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def outline(shape: NDArray[np.bool_]) -> str:
    """Return the border of a shape (height, width) as SVG path data, in pixels; "" if empty."""
    return _path(np.pad(shape, 1).astype(float), 0.5, shift=-0.5)


def _path(values: NDArray[np.float64], level: float, shift: float = 0.5, tolerance: float = 0.0) -> str:
    pieces = []
    for contour in find_contours(values, level):
        rows, columns = (approximate_polygon(contour, tolerance) + shift).T
        line = " ".join(f"{x:.1f},{y:.1f}".replace(".0", "") for x, y in zip(columns, rows, strict=True))
        pieces.append(f"M{line}")
    return "".join(pieces)


def lesion_outline(lesion: Image, cut: Cut) -> str:
    """Return the border of the lesion (voxels not 0) on a plane as SVG path data."""
    return outline(sample(lesion, cut, labels=True) != 0)


def atlas_outlines(atlas: LabelMap, cut: Cut) -> dict[str, str]:
    """Return borders on a plane as SVG path data by tissue.

    Cerebral white matter is outlined as a whole, likewise the cerebellum; nuclei, ventricles and
    parts of the brainstem one by one. The cortex shows as what lies around the white matter.
    """
    plane = sample(atlas.labels, cut, labels=True)
    shapes: dict[tuple[str, str], list[int]] = {}
    for region in atlas.regions:
        together = region.tissue in ("white_matter", "cerebellum")
        name = region.tissue if together else f"{region.called} {region.side}"
        if region.tissue != "cortex":
            shapes.setdefault((region.tissue, name), []).append(region.index)
    paths: dict[str, str] = {}
    for (tissue, _), indices in shapes.items():
        paths[tissue] = paths.get(tissue, "") + outline(np.isin(plane, indices))
    return {tissue: path for tissue, path in paths.items() if path}


def edges(image: Image, cut: Cut, levels: tuple[float, ...]) -> str:
    """Return the lines on a plane where the image crosses `levels`, as SVG path data."""
    values = sample(image, cut)
    return "".join(_path(values, level, tolerance=0.3) for level in levels)


def tissue_levels(image: Image) -> tuple[float, ...]:
    """Return the two values that best part an image into three tissues (multi-level Otsu).

    Liao, Chen and Chung 2001, as in scikit-image; voxels of 0 are left out.
    """
    from skimage.filters import threshold_multiotsu  # a second to import

    step = 2 if image.data.size > 1_000_000 else 1
    values = image.data[::step, ::step, ::step]
    values = values[np.isfinite(values) & (values > 0)]
    if np.unique(values).size < 3:
        return ()
    return tuple(float(level) for level in threshold_multiotsu(values, classes=3))


def side_of(atlas: LabelMap, cut: Cut) -> str:
    """Tell which side of the brain a sagittal plane shows: "left", "right" or "midline".

    Midline: the planes 4 mm to its left and right do not show the same side.
    """
    beside = {_side(atlas, replace(cut, position_mm=cut.position_mm + step)) for step in (-4.0, 4.0)}
    return beside.pop() if len(beside) == 1 else "midline"


def _side(atlas: LabelMap, cut: Cut) -> str:
    plane = sample(atlas.labels, cut, labels=True)
    counts = {
        side: np.isin(plane, [region.index for region in atlas.regions if region.side == side]).sum()
        for side in ("left", "right")
    }
    return "midline" if counts["left"] == counts["right"] else max(counts, key=lambda side: int(counts[side]))
