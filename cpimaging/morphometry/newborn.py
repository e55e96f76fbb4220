"""What newborns are measured by: lengths across a section, each with the line that it was taken along."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.morphometry.lines import Line, Section, mean_gap, section, thickest, widest
from cpimaging.morphometry.planes import GRID_MM, named, on_grid
from cpimaging.morphometry.rows import Key, Row, row
from cpimaging.morphometry.ventricles import TEMPORAL, Point
from cpimaging.morphometry.volumes import CALLOSUM, LATERAL
from cpimaging.types import Image, LabelMap
from cpimaging.words import HEMISPHERES

FORAMEN = "interventricular_foramen"
MIDLINE = "midline"
"""The landmark halfway between the foramina: labels of the callosum shift where one ventricle is wide."""
TRIGONE, FRONTAL = f"{LATERAL}_trigone", f"{LATERAL}_frontal_horn"
NUCLEI = ("caudate", "putamen", "pallidum", "thalamus")
CEREBRUM = ("cortex", "white_matter")
LEAST_AREA_MM2 = 1.0
"""A structure that a section shows less of is not measured there (ours)."""

FINEST_MM = 1.5
"""Voxels up to which what is a few mm wide is measured: ventricles, callosum and interhemispheric gap (ours).
With slices of 4 mm a gap of 3.5 mm was measured as 0.5 or 4.0 mm, a callosum of 5.8 mm as 6.7 or 7.5 mm; with
voxels of 2 mm a ventricular index of 13.2 mm as 10.1."""

A_FEW_MM = frozenset(
    {
        "ventricular_index",
        "anterior_horn_width",
        "atrial_width",
        "interhemispheric_distance",
        "callosal_thickness",
    }
)
"""Measures of what is a few mm wide: not on voxels above FINEST_MM."""
BESIDE_FLUID = frozenset(
    {"biparietal_width", "interhemispheric_distance", "transcerebellar_diameter", "callosal_thickness"}
)
"""Measures of what ends at fluid that the labels may hold: not without fluid that was read."""

Bool = NDArray[np.bool_]


@dataclass(frozen=True)
class Taken:
    """One measure. key: structure and side. value: in `unit`, NaN where it was not found."""

    measure: str
    key: Key
    value: float
    unit: str = "mm"
    line: Line | None = None

    @property
    def row(self) -> Row:
        """Its row of the morphometry table."""
        return row(self.measure, self.key, self.value, self.unit)


@dataclass(frozen=True)
class _Scan:
    labels: LabelMap
    tissue: NDArray[np.float32]
    grid: Image

    def share(self, chosen: Bool) -> Image:
        return self.labels.labels.with_data(chosen.astype(np.float32))

    def without_fluid(self, chosen: Bool) -> Image:
        return self.labels.labels.with_data(np.where(chosen, self.tissue, np.float32(0)))

    def of(self, structures: Sequence[str], side: str | None = None) -> Bool:
        numbers = [
            r.index
            for r in self.labels.regions
            if r.structure.startswith(tuple(structures))
            and r.structure != TEMPORAL
            and side in (None, r.side)
        ]
        return np.isin(self.labels.labels.data, numbers)

    def cerebrum(self, side: str) -> Bool:
        numbers = [r.index for r in self.labels.regions if r.tissue in CEREBRUM and r.side == side]
        return np.isin(self.labels.labels.data, numbers)

    def place(self, chosen: Bool) -> NDArray[np.float64] | None:
        """Return the middle of a structure in mm, None where it is not there."""
        voxels = np.argwhere(chosen)
        affine = self.labels.labels.affine
        return voxels.mean(axis=0) @ affine[:3, :3].T + affine[:3, 3] if len(voxels) else None


def newborn_measures(
    labels: LabelMap, fluid: Image, grid: Image, landmarks: Mapping[str, Point]
) -> list[Taken]:
    """Measure what scores of newborns ask for, on sections parallel to the template's.

    labels: the atlas on the scan; fluid: share of the voxel, all 0 where it was not read; same grid. grid: of
    `aligned_grid`. landmarks: in scan mm. What the atlas has no labels for is left out; what a section does
    not show, or voxels are too coarse for, is NaN. Definitions and sources: docs/method/segmentation.md.
    """
    scan = _Scan(labels, (1 - fluid.data).astype(np.float32), grid)
    foramen = np.array(list(landmarks[FORAMEN]), np.float64)
    middle = np.array(list(landmarks[MIDLINE]), np.float64)
    found = [*_ventricles(scan, foramen, middle), *_cerebrum(scan, foramen)]
    found += [*_cerebellum(scan), *_deep_grey(scan), *_callosum(scan)]
    unread = BESIDE_FLUID if not fluid.data.any() else frozenset()
    coarse = A_FEW_MM if too_coarse(labels.labels) else frozenset()
    return [_taken(one.measure, one.key, None) if one.measure in unread | coarse else one for one in found]


def too_coarse(image: Image) -> str | None:
    """Return why what is a few mm wide is not measured on a grid, or None."""
    largest_mm = max(image.spacing_mm)
    if largest_mm <= FINEST_MM * 1.001:
        return None
    what = "lengths of ventricles, callosum and interhemispheric gap are not assessed"
    return f"{what}: voxels of {largest_mm:.1f} mm, at most {FINEST_MM} are asked for"


def _ventricles(scan: _Scan, foramen: NDArray[np.float64], middle: NDArray[np.float64]) -> Iterable[Taken]:
    front = section(scan.grid, "coronal", foramen)
    for side in HEMISPHERES:
        whole = scan.of([LATERAL], side)
        if not whole.any():
            continue
        shown = on_grid(front.grid, scan.labels.labels, whole)
        yield _taken("ventricular_index", (LATERAL, side), _outermost(front, shown, middle, side))
        yield _taken("anterior_horn_width", (FRONTAL, side), thickest(front, shown, shown >= 0.5))
        trigone = scan.of([TRIGONE], side)
        place = scan.place(trigone)
        if place is not None:
            flat = section(scan.grid, "axial", place)
            cut, here = (on_grid(flat.grid, scan.labels.labels, m) for m in (whole, trigone))
            yield _taken("atrial_width", (TRIGONE, side), thickest(flat, cut, here >= 0.5))


def _outermost(
    front: Section, shown: NDArray[np.float32], middle: NDArray[np.float64], side: str
) -> Line | None:
    """Return the line from the midline to the outermost point of a ventricle."""
    across, up = np.nonzero(front.flat(shown) >= 0.5)
    if len(across) * front.step_mm**2 < LEAST_AREA_MM2:
        return None
    outer = across.min() if side == "left" else across.max()
    height = float(np.median(up[across == outer]))
    return front.line(
        (front.inverse(middle)[0], height), (outer + (0.5 if side == "right" else -0.5), height)
    )


def _cerebrum(scan: _Scan, foramen: NDArray[np.float64]) -> Iterable[Taken]:
    """Yield the widths on the coronal plane in front of the pons, where basilar artery and cochlea lie."""
    pons = np.argwhere(on_grid(scan.grid, scan.labels.labels, scan.of(["pons"])) >= 0.5)
    if not len(pons):
        return
    place = scan.grid.affine[:3, :3] @ [0, pons[:, 1].max() + 0.5, 0] + scan.grid.affine[:3, 3]
    front = section(scan.grid, "coronal", place)
    halves = [scan.cerebrum(side) for side in HEMISPHERES]
    both = on_grid(front.grid, *_image(scan.without_fluid(halves[0] | halves[1])))
    yield _taken("biparietal_width", ("brain", "midline"), widest(front, both, front.inverse(foramen)[1]))
    left, right = (on_grid(front.grid, *_image(scan.without_fluid(half))) for half in halves)
    yield _taken("interhemispheric_distance", ("brain", "midline"), mean_gap(front, left, right))


def _image(image: Image) -> tuple[Image, NDArray[np.float32]]:
    return image, image.data


def _cerebellum(scan: _Scan) -> Iterable[Taken]:
    numbers = [r.index for r in scan.labels.regions if r.tissue == "cerebellum"]
    whole = np.isin(scan.labels.labels.data, numbers)
    if whole.any():
        reach = (on_grid(scan.grid, scan.labels.labels, whole) >= 0.5).any(axis=2).sum(axis=0)
        place = scan.grid.affine[:3, :3] @ [0, int(np.argmax(reach)), 0] + scan.grid.affine[:3, 3]
        front = section(scan.grid, "coronal", place)
        shown = on_grid(front.grid, *_image(scan.without_fluid(whole)))
        yield _taken("transcerebellar_diameter", ("cerebellum", "midline"), widest(front, shown, span=True))


def _deep_grey(scan: _Scan) -> Iterable[Taken]:
    nuclei = on_grid(scan.grid, scan.labels.labels, scan.of(NUCLEI))
    area = float(nuclei.sum(axis=(0, 1), dtype=np.float64).max(initial=0.0)) * GRID_MM**2
    if area > 0:
        yield Taken("deep_grey_area", ("deep_grey", "midline"), area, "mm2")


def _callosum(scan: _Scan) -> Iterable[Taken]:
    chosen = named(scan.labels, CALLOSUM)
    place = scan.place(chosen)
    if place is None:
        return
    middle = section(scan.grid, "sagittal", place)
    shown = on_grid(middle.grid, *_image(scan.without_fluid(chosen)))
    along = np.flatnonzero((middle.flat(shown) >= 0.5).any(axis=1))
    ends = np.linspace(along[0], along[-1] + 1, 4) if len(along) else np.zeros(4)
    steps = np.arange(middle.flat(shown).shape[0])[:, None]
    inside = middle.flat(shown) >= 0.5
    for part, low, high in zip(("splenium", "body", "genu"), ends[:-1], ends[1:], strict=True):
        third = inside & (steps >= low) & (steps < high)
        if part == "body" and third.any():  # its bends at both ends are thicker than it is
            third &= np.abs(steps - (low + high) / 2) <= (high - low) / 4
        line = thickest(middle, shown, middle.unflat(third))
        yield _taken("callosal_thickness", (f"{CALLOSUM}_{part}", "midline"), line)


def _taken(measure: str, key: Key, line: Line | None) -> Taken:
    return Taken(measure, key, line.length_mm if line else float("nan"), "mm", line)


def plic_sign(labels: LabelMap, t1w: Image, grid: Image) -> list[Row]:
    """Return T1w signal of the posterior limb of the internal capsule over that of the posterior putamen.

    From 37 weeks the limb is myelinated in health and brighter than the posterolateral putamen (Rutherford
    et al. 1998, Pediatrics 102:323). labels, t1w: one grid; grid: of `aligned_grid`. Medians of the rear half
    of the limb and of the putamen's posterior third, each without its outermost voxels. `plic_sign` is 1
    where the limb is brighter, 0 where it is not; NaN where either is not seen.
    """
    rows = []
    to_front = grid.affine[:3, 1] @ t1w.affine[:3, :3]
    for side in HEMISPHERES:
        limb, putamen = (_core(labels, name, side) for name in ("plic", "putamen_posterior"))
        ratio = float("nan")
        if limb is not None and putamen is not None:
            front = np.argwhere(limb) @ to_front
            rear = t1w.data[limb][front <= np.median(front)]
            ratio = float(np.median(rear) / np.median(t1w.data[putamen]))
        sign = float(ratio > 1) if np.isfinite(ratio) else ratio
        rows += [
            row("plic_signal_ratio", ("plic", side), ratio, "ratio"),
            row("plic_sign", ("plic", side), sign, "1"),
        ]
    return rows


def _core(labels: LabelMap, structure: str, side: str) -> Bool | None:
    numbers = [r.index for r in labels.regions if (r.structure, r.side) == (structure, side)]
    whole = np.isin(labels.labels.data, numbers)
    core: Bool = ndimage.binary_erosion(whole)
    return core if core.any() else whole if whole.any() else None
