"""From raw images to one grid: checks, brain, bias field, contrasts side by side."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.itk import from_itk, one_thread, to_itk
from cpimaging.registration import Matrix, crop, resample
from cpimaging.registration.tools import coarse, rigid
from cpimaging.types import Image, InputError
from cpimaging.voxels import steps_of, stride, strided

Bool = NDArray[np.bool_]

EXTRACTED_BRAIN_ML = (150.0, 2200.0)
"""Tissue volume of an image that may hold a bare brain: newborn to large adult (ours)."""

BRAIN_ML = (100.0, 2500.0)
"""Volume of any brain mask, fluid included: preterm newborn to large adult (ours)."""

SOLID_SHARE = 0.2
"""Greatest depth over the radius of a ball of the same volume: a brain 0.7, tissue masks below 0.1 (ours)."""

PIECE_SHARE = 0.02
"""Pieces below this share of the largest are specks that an extraction left, eyes for one (ours)."""

BACKGROUND_SHARE = 0.1
"""Least share of voxels of exactly 0: a slab cut close around a brain keeps a fifth (ours)."""

SKULL_DEPTH_MM, BENEATH_MM = 18.0, 26.0
"""Below scalp and skull at the vault; down to here brain must show beneath them (ours)."""

PATCH_MM, LAYER_MM, LEAST_LAYER_MM3 = 35.0, 2.0, 500.0
"""Size of the parts of the surface that are looked at, their layers, and what a layer must hold (ours)."""

SKULL_SIGNAL, UNDER_DIM_SCALP = 0.75, 0.91
"""Over a quarter of its surface a head has a layer darker than this share of what lies above and beneath it:
in any case, and under a dim rind, as scalp is with fat suppressed.

Fourteen real bare brains of all contrasts and ages, whole, in slabs, and shrunk to an infant's, had 0.78 and
more over that quarter; five real heads treated alike had 0.72 at most, 0.87 under dim scalp (ours)."""

DIM_SCALP, BRIGHT_SCALP = 0.48, 1.5
"""Median signal of the rind over what lies beneath: bare brains 0.52 to 1.4, dim scalp up to 0.47 (ours).

The first layer is left out: it is half background."""

RIND_MM, WITHIN_MM, FEWEST_LAYERS = 8.0, 14.0, 2
TINY = 1e-9

BIAS_GRID_MM = 6.0
"""Grid on which the bias field is fitted; the field is smooth over centimetres (ours)."""

ALIGNED_MM = 1.0
"""Contrasts closer than this, on one grid, are left as they are (ours).

The fit itself is sure to 0.2-0.5 mm on pairs that were aligned before, and resampling blurs."""

ALIGN_MARGIN_MM = 12.0
"""Part of the head around the brain that takes part in aligning contrasts (ours)."""

ADC_MEDIAN_MM2_S = (0.3e-3, 3e-3)
"""Median ADC of a whole brain, adult (0.8e-3) to preterm newborn with much fluid (ours)."""

ADC_UNITS = {1.0: "mm²/s", 1e-3: "1e-3 mm²/s", 1e-6: "1e-6 mm²/s"}

COVERED_SHARE = 0.9
"""A contrast that shows less of the brain is told (ours)."""


def check_signal(image: Image, path: Path | str) -> Image:
    """Return the image with not-a-number voxels set to 0; refuse one that holds nothing, or a mask."""
    data = np.nan_to_num(image.data, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = data.min(), data.max()
    problem = ""
    if not data.any():
        problem = "holds only zeros"
    elif low == high:
        problem = "has the same value everywhere"
    elif high <= 0:
        problem = "has no signal above 0"
    elif ((data == low) | (data == high)).all():
        problem = "has only two values, as a mask has"
    if problem:
        raise InputError(path, problem, "convert it again or leave it out")
    return image.with_data(data)


def check_finite(image: Image, brain: Bool, path: Path | str) -> list[str]:
    """Return a note where voxels outside the brain are not numbers; refuse them inside it."""
    bad = ~np.isfinite(image.data)  # as read, before check_signal
    inside = int((bad & brain).sum())
    if inside:
        raise InputError(
            path, f"has {inside} voxels inside the brain that are not numbers", "repair or leave out"
        )
    return [f"{bad.sum()} voxels outside the brain were not numbers; set to 0"] if bad.any() else []


def diffusivity(image: Image, brain: Bool, path: Path | str) -> tuple[Image, list[str]]:
    """Return an ADC map in mm²/s and notes. The unit is told by the median in the brain.

    Units are mm²/s, 1e-3 mm²/s (µm²/ms) and 1e-6 mm²/s; they lie a thousandfold apart. Values that are
    negative or not numbers are noise of the division, and become 0. Raises InputError where no unit fits.
    """
    known = np.isfinite(image.data) & (image.data >= 0)
    wrong = int((brain & ~known).sum())
    values = image.data[brain & known & (image.data > 0)]
    median = float(np.median(values)) if values.size else 0.0
    low, high = ADC_MEDIAN_MM2_S
    units = [(unit, name) for unit, name in ADC_UNITS.items() if low <= median * unit <= high]
    if not units:
        problem = f"has a median of {median:.3g} in the brain, which is no ADC in any usual unit"
        raise InputError(path, problem, "give it in mm²/s, or leave it out")
    unit, name = units[0]
    notes = [] if unit == 1 else [f"ADC read as {name} by its median of {median:.3g} in the brain"]
    if wrong:
        share = 100 * wrong / max(int(brain.sum()), 1)
        notes.append(
            f"{wrong} voxels of the ADC in the brain ({share:.1f} %) were negative or no numbers; set to 0"
        )
    return image.with_data((np.where(known, image.data, 0) * unit).astype(np.float32)), notes


def coverage_note(image: Image, moved: Image, brain: Bool) -> list[str]:
    """Return a note where an image, moved to the reference, misses part of the brain."""
    seen = float((moved.data != 0)[brain].mean())
    if seen >= COVERED_SHARE:
        return []
    thick = max(image.spacing_mm)
    return [
        f"covers {100 * seen:.0f} % of the brain ({min(image.shape)} slices, spacing up to {thick:.1f} mm)"
    ]


def check_brain(brain: Image, path: Path | str, cure: str) -> None:
    """Refuse a brain mask that no brain has: too small, too large, or without a solid inside."""
    volume_ml = int(brain.data.sum()) * brain.voxel_volume_mm3 / 1000
    low, high = BRAIN_ML
    if not low <= volume_ml <= high:
        problem = f"the brain mask holds {volume_ml:.0f} ml, not the {low:.0f} to {high:.0f} ml of a brain"
        raise InputError(path, problem, cure)
    thin = strided(brain, steps_of(2.0, brain.spacing_mm))
    solid = ndimage.binary_fill_holes(np.pad(thin.data, 1))
    depth = ndimage.distance_transform_edt(solid, sampling=thin.spacing_mm).max()
    radius = np.cbrt(1000 * volume_ml * 3 / (4 * np.pi))
    if depth < SOLID_SHARE * radius:
        raise InputError(
            path, f"the brain mask is nowhere deeper than {depth:.0f} mm, so no whole brain", cure
        )


def extracted_brain(image: Image) -> Bool | None:
    """Return the brain of an image whose skull was removed before, or None for a whole head.

    Removed means: background exactly 0, a volume that a bare brain can have, and no skull: no dark layer
    under a brighter one, and no bright rind. The brain may touch the faces of the image, as in a slab.
    """
    tissue = _pieces(image.data != 0)
    low, high = EXTRACTED_BRAIN_ML
    if not low <= tissue.sum() * image.voxel_volume_mm3 / 1000 <= high:
        return None
    filled: Bool = ndimage.binary_fill_holes(tissue)
    if filled.mean() > 1 - BACKGROUND_SHARE or _shows_skull(image, filled):
        return None
    return filled


def _pieces(mask: Bool) -> Bool:
    """Return the mask without its specks; the halves of a slab above the callosum are two pieces."""
    labels, count = ndimage.label(mask)
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    kept: Bool = (sizes >= PIECE_SHARE * sizes.max())[labels]
    return kept


def _shows_skull(image: Image, inside: Bool) -> bool:
    """Tell whether the signal below the surface of `inside` is that of scalp and skull on a brain."""
    rind_end, within, deepest = (round(mm / LAYER_MM) for mm in (RIND_MM, WITHIN_MM, SKULL_DEPTH_MM))
    dips, rinds = [], []
    for signal in _layers(image, inside):
        rind, beneath = signal[1:rind_end], signal[within:]
        if not np.isfinite(rind).any() or np.isfinite(beneath).sum() < FEWEST_LAYERS:
            continue
        above = np.fmax.accumulate(signal)
        below = np.fmax.accumulate(signal[::-1])[::-1]
        dips.append(np.nanmin((signal / np.minimum(above, below))[:deepest]))
        rinds.append(np.nanmax(rind) / np.nanmax(beneath))
    if not dips:
        return False
    dip, rind_signal = np.percentile(dips, 25), np.median(rinds)
    dim = rind_signal < DIM_SCALP and dip < UNDER_DIM_SCALP
    return bool(dip < SKULL_SIGNAL or dim or rind_signal > BRIGHT_SCALP)


def _layers(image: Image, inside: Bool) -> NDArray[np.float64]:
    """Return the mean signal by part of the surface and by depth below it, NaN where there is too little.

    Depth is the distance to the nearest voxel outside; beyond the faces of the image nothing is known.
    """
    step = steps_of(0.75 * LAYER_MM, image.spacing_mm)
    thin = stride(step)
    spacing = np.multiply(step, image.spacing_mm)
    inside, signal = inside[thin], image.data[thin]
    depth, nearest = ndimage.distance_transform_edt(inside, sampling=spacing, return_indices=True)
    where = inside & (depth < BENEATH_MM)
    patches = (nearest[:, where].T * spacing // PATCH_MM).astype(int)
    _, patch = np.unique(patches, axis=0, return_inverse=True)
    layer = (depth[where] // LAYER_MM).astype(int)
    count = np.zeros((patch.max() + 1, round(BENEATH_MM / LAYER_MM)))
    total = np.zeros_like(count)
    np.add.at(count, (patch, layer), 1)
    np.add.at(total, (patch, layer), np.maximum(signal[where], TINY))  # some bare brains hold values below 0
    enough = count * np.prod(spacing) >= LEAST_LAYER_MM3
    return np.where(enough, total / np.maximum(count, 1), np.nan)


def log_bias_field(image: Image, brain: Bool) -> NDArray[np.float32]:
    """Return the logarithm of the bias field over the whole image (N4, Tustison et al. 2010)."""
    positive = np.maximum(image.data, 1e-3 * image.data.max()).astype(np.float32)
    shrink = steps_of(BIAS_GRID_MM, image.spacing_mm).tolist()
    full, mask = to_itk(image.with_data(positive)), to_itk(image.with_data(brain))
    with one_thread():  # sums in thread order are not repeatable
        n4: Any = sitk.N4BiasFieldCorrectionImageFilter()
        n4.SetMaximumNumberOfIterations([50, 50, 30])
        n4.Execute(sitk.Shrink(full, shrink), sitk.Shrink(mask, shrink))
        field: NDArray[np.float32] = from_itk(n4.GetLogBiasFieldAsImage(full)).data
    return field


def bias_correct(image: Image, brain: Bool) -> Image:
    """Return the image without its bias field, 0 outside the brain."""
    even = image.data / np.exp(log_bias_field(image, brain))
    return image.with_data(np.where(brain, even, 0).astype(np.float32))


class Aligned(NamedTuple):
    """An image on the grid of the reference; mean distances over the brain in mm.

    moved_mm: how far it was moved. error_mm: how far the fit in the other direction disagrees. matrix: what
    it was moved by, (4, 4) mm, from points of the reference to its own; 1 where it was left as it is.
    """

    image: Image
    moved_mm: float
    error_mm: float
    matrix: Matrix


def align(moving: Image, reference: Image, brain: Bool) -> Aligned:
    """Return `moving` on the grid of `reference`, moved rigidly; both are unmasked.

    Under ALIGNED_MM on the same grid the image is returned as it is.
    """
    near, other = coarse(crop(reference, brain, ALIGN_MARGIN_MM)), coarse(moving)
    matrix, back = rigid(near, other), rigid(other, near)
    where = reference.with_data(brain)
    moved_mm = mean_distance_mm(where, matrix, np.eye(4))
    error_mm = mean_distance_mm(where, back @ matrix, np.eye(4))
    if moved_mm < ALIGNED_MM and moving.same_grid(reference):
        image, matrix = Image(moving.data, reference.affine, reference.axcodes), np.eye(4)
    else:
        image = resample(moving, reference, matrix=matrix)
    return Aligned(image, moved_mm, error_mm, matrix)


def mean_distance_mm(brain: Image, one: Matrix, other: Matrix) -> float:
    """Return how far apart two matrices take the points of a brain (boolean), on average."""
    points = np.argwhere(brain.data)[::997] @ brain.affine[:3, :3].T + brain.affine[:3, 3]
    apart = points @ (one - other)[:3, :3].T + (one - other)[:3, 3]
    return float(np.linalg.norm(apart, axis=1).mean())
