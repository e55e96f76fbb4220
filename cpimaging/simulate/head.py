"""A head around a bare brain, to test brain extraction with a known truth.

Broad strokes, all sizes and signals ours: enough to mislead an extraction in the ways that real heads do.
Dura on the cortex, marrow and fat as bright as brain, eyes, a cord that runs on below the brainstem.
"""

from typing import NamedTuple

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.simulate.contrast import NOISE_SD, bias_field
from cpimaging.types import Image

ROOM_MM = ((32.0, 36.0, 62.0), (32.0, 40.0, 32.0))
"""Space left of, behind and below the brain, and right of, before and above it, for a brain 180 mm long."""

LENGTH_MM = 180.0
FLUID_MM, SKULL_MM, SCALP_MM = (1.8, 0.9), (6.0, 1.2), (6.0, 1.2)
"""Mean and SD of the thickness over the head."""

DURA_MM = 1.0
EYE_MM = 12.0
BIAS_POWER = 1.5  # stronger than in bare brains: coils lie close to the scalp
SOFT_MM = 0.45
Field = NDArray[np.float32]
Bool = NDArray[np.bool_]


class Signals(NamedTuple):
    """Signal of what surrounds the brain; white matter has 0.87 in T1w, 0.40 in T2w, 0.58 in FLAIR."""

    fluid: float
    dura: float
    bone: float
    marrow: float
    fat: float
    muscle: float
    cord: float
    vitreous: float
    sinus: float


SIGNALS = {
    "T1w": Signals(0.24, 0.55, 0.05, 0.75, 1.15, 0.55, 0.80, 0.22, 0.60),
    "T2w": Signals(1.00, 0.18, 0.04, 0.45, 0.70, 0.25, 0.40, 1.05, 0.08),
    "FLAIR": Signals(0.14, 0.35, 0.04, 0.50, 0.75, 0.35, 0.58, 0.20, 0.20),
}


class _Room(NamedTuple):
    """The grid of the head. x, y, z: mm from the midline, the back and the bottom of the brain.

    size: length, width and height of the brain in mm as (width, length, height). scale: its length over
    LENGTH_MM. outside: distance from the brain in mm.
    """

    brain: Bool
    spacing: tuple[float, float, float]
    x: Field
    y: Field
    z: Field
    size: NDArray[np.float64]
    scale: float
    outside: Field


def add_head(brain: Image, mask: Bool, contrast: str, seed: int) -> tuple[Image, Image]:
    """Return a head with this brain in it (float32, from 0), and the true mask on its grid.

    brain: signal in the units of `SIGNALS`, upright. contrast: T1w, T2w or FLAIR. Noise and a bias field
    are added.
    """
    rng = default_rng(seed)
    signal, room, affine = _room(brain, mask)
    parts = SIGNALS[contrast]
    patches = _smooth_noise(room, 4.0, rng)
    around = _skull(room, parts, patches, rng)
    around = _eyes(room, parts, _cord(room, parts, around))
    mixed = np.where(room.brain, signal, around)
    soft = ndimage.gaussian_filter(mixed, SOFT_MM / np.array(room.spacing))
    mixed = np.where(room.brain, mixed, soft) * bias_field(mixed.shape, rng) ** BIAS_POWER
    real, imaginary = rng.normal(0.0, NOISE_SD, (2, *mixed.shape)).astype(np.float32)
    return Image(np.hypot(mixed + real, imaginary).astype(np.float32), affine), Image(room.brain, affine)


def _room(brain: Image, mask: Bool) -> tuple[Field, _Room, NDArray[np.float64]]:
    spacing = np.array(brain.spacing_mm)
    inside = np.argwhere(mask)
    low, high = inside.min(axis=0), inside.max(axis=0) + 1
    size = (high - low) * spacing
    scale = float(size[1] / LENGTH_MM)
    below, above = (np.ceil(np.array(mm) * scale / spacing).astype(int) for mm in ROOM_MM)
    window = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    pads = list(zip(below, above, strict=True))
    truth = np.pad(mask[window], pads)
    affine = brain.affine.copy()
    affine[:3, 3] = (brain.affine @ [*(low - below), 1.0])[:3]
    x, y, z = np.ogrid[tuple(slice(n) for n in truth.shape)]
    x = (x - below[0]) * spacing[0] - size[0] / 2
    outside = ndimage.distance_transform_edt(~truth, sampling=spacing).astype(np.float32)
    y, z = (y - below[1]) * spacing[1], (z - below[2]) * spacing[2]
    room = _Room(truth, brain.spacing_mm, x, y, z, size, scale, outside)
    return np.pad(brain.data[window].astype(np.float32), pads), room, affine


def _skull(room: _Room, parts: Signals, patches: Field, rng: Generator) -> Field:
    """Return fluid, dura, skull with marrow, scalp, and the soft tissue of face and neck."""
    fluid, skull, scalp = (
        np.clip(room.scale * (mean + sd * _smooth_noise(room, 22.0, rng)), 0.4, 10.0)
        for mean, sd in (FLUID_MM, SKULL_MM, SCALP_MM)
    )
    inner = fluid + DURA_MM
    outer = inner + skull
    depth, (_, _, height) = room.outside, room.size
    base = (room.z < 0.35 * height) & (depth >= inner) & (depth < outer)
    diploe = (depth > inner + 0.3 * skull) & (depth < inner + 0.75 * skull) & (room.z > 0.35 * height)
    sinus = (np.abs(room.x) < 4 * room.scale) & (depth < inner + 4 * room.scale) & (depth >= fluid / 2)
    layers = [
        (sinus & (room.z > 0.45 * height), parts.sinus),
        (depth < fluid, parts.fluid),
        (depth < inner, parts.dura),
        (base & (patches > 0.4) | diploe, parts.marrow),
        (base & (patches < -1.0), parts.muscle),
        (depth < outer, parts.bone),
        (depth < outer + scalp, parts.fat),
        (_face_and_neck(room) & (patches > 0.9), parts.fat),
        (_face_and_neck(room) & (patches < -1.1), parts.bone),
        (_face_and_neck(room), parts.muscle),
    ]
    return np.select([where for where, _ in layers], [value for _, value in layers], 0.0).astype(np.float32)


def _face_and_neck(room: _Room) -> Bool:
    width, length, height = room.size
    round_neck = (room.x / (0.40 * width)) ** 2 + ((room.y - 0.42 * length) / (0.36 * length)) ** 2 < 1
    face = (np.abs(room.x) < 0.40 * width) & (room.y > 0.55 * length) & (room.y < 1.08 * length)
    found: Bool = (round_neck & (room.z < 0.30 * height)) | (face & (room.z < 0.28 * height))
    return found


def _cord(room: _Room, parts: Signals, around: Field) -> Field:
    """Let a cord in its fluid run on from the lowest part of the brainstem."""
    width, length, height = room.size
    near = (np.abs(room.x) < 0.08 * width) & (room.y > 0.3 * length) & (room.z < 0.18 * height)
    stem = np.argwhere(room.brain & near)
    if not len(stem):
        return around
    i, j, lowest = stem[stem[:, 2] <= stem[:, 2].min() + 1].mean(axis=0).round().astype(int)
    across = np.hypot(room.x - room.x[i, 0, 0], room.y - room.y[0, j, 0])
    below = room.z <= room.z[0, 0, lowest] + 2.0
    around = np.where((across < 11 * room.scale) & below, parts.fluid, around)
    return np.where((across < 6 * room.scale) & below, parts.cord, around)


def _eyes(room: _Room, parts: Signals, around: Field) -> Field:
    """Put eyes with their fat and nerves before and below the frontal lobes."""
    width, length, height = room.size
    free = room.outside > 2.0
    radius, front, level = EYE_MM * room.scale, 0.97 * length, room.z - 0.15 * height
    behind = (room.y < front) & (room.y > front - 38 * room.scale)
    for side in (-1, 1):
        centre = side * 0.23 * width
        ball = np.sqrt((room.x - centre) ** 2 + (room.y - front) ** 2 + level**2)
        axis = np.hypot(room.x - centre + side * 0.25 * (front - room.y), level)
        cone = behind & (axis < 0.4 * (room.y - front + 40 * room.scale))
        around = np.where(((ball < radius + 5 * room.scale) | cone) & free, parts.fat, around)
        around = np.where(behind & (axis < 2.2 * room.scale) & free, parts.cord, around)
        around = np.where((ball < radius) & free, parts.muscle, around)
        around = np.where((ball < radius - 1.2) & free, parts.vitreous, around)
    return around


def _smooth_noise(room: _Room, smooth_mm: float, rng: Generator) -> Field:
    """Return smooth noise of SD 1 over the head, drawn on a grid of 8 mm or less."""
    step = min(8.0, 2 * smooth_mm)
    extent = np.array(room.brain.shape) * room.spacing
    coarse = np.ceil(extent / step).astype(int) + 2
    drawn = ndimage.gaussian_filter(rng.standard_normal(coarse), smooth_mm / step, mode="wrap")
    points = np.ogrid[tuple(slice(n) for n in room.brain.shape)]
    voxels = np.broadcast_arrays(*(p * mm / step for p, mm in zip(points, room.spacing, strict=True)))
    found: Field = ndimage.map_coordinates(drawn / drawn.std(), voxels, order=1, output=np.float32)
    return found
