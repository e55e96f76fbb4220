"""The paper that `generator3` draws on: anatomy in millimetres, shapes, and the hand of a reader.

Only the labels of the embedded atlas are used, as anatomy. Its overlays (territories, watershed, corona,
tracts) are not: territories and border zones are drawn here anew, from textbook anatomy, so that a fault of
an overlay shows.
Coordinates are RAS mm of MNI152NLin2009aSym; x is turned so that it is positive on the side that is drawn.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import load_atlas

Mask = NDArray[np.bool_]
Field = NDArray[np.float32]
Point = tuple[float, float, float]

ANTERIOR_BORDER = [
    (20, 56, 14), (23, 44, 34), (25, 28, 48), (26, 10, 56), (26, -10, 60), (25, -32, 58), (26, -52, 52)
]  # fmt: skip
POSTERIOR_BORDER = [(26, -52, 52), (28, -66, 42), (33, -76, 30), (38, -76, 16), (44, -68, 0)]
"""Between the territories of ACA and MCA, and behind the MCA: courses a few mm below the convexity [D]."""
NOISE_MM = (3, 6, 14)
CRUMB_MM3 = 20  # nobody draws less [D]


@dataclass
class Brain:
    """Anatomy on a 1 mm grid: labels, coordinates (open grids), tissue classes, distances in mm."""

    labels: NDArray[np.uint8]
    affine: NDArray[np.float64]
    numbers: dict[tuple[str, str], list[int]]  # (structure, side) to labels
    x: Field
    y: Field
    z: Field
    cortex: Mask
    lobar: Mask  # white matter of the lobes
    deep: Mask
    ventricle: Mask  # lateral, without the temporal horn
    from_ventricle: Field
    from_cortex: Field
    from_anterior_border: Field
    from_posterior_border: Field
    noises: dict[int, Field]

    def of(self, *structures: str, side: int = 0) -> Mask:
        """Return structures as a mask; side +1 right, −1 left, 0 both (and the midline)."""
        sides = {0: ("left", "right", "midline"), 1: ("right",), -1: ("left",)}[side]
        wanted = [n for name in structures for s in sides for n in self.numbers.get((name, s), [])]
        chosen: Mask = np.isin(self.labels, wanted)
        return chosen

    def half(self, side: int) -> Mask:
        """Return where the right (+1) or left (−1) hemisphere lies, without the midline; (x, 1, 1)."""
        half: Mask = self.x * side > 0
        return half

    def noise(self, rng: np.random.Generator, length_mm: int) -> Field:
        """Return smooth noise, mean 0, SD 1, of a correlation length: a stored field, flipped and rolled."""
        field = self.noises[length_mm]
        field = field[tuple(slice(None, None, int(step)) for step in rng.choice([-1, 1], 3))]
        shifts = [int(rng.integers(n)) for n in field.shape]
        return np.roll(field, shifts, axis=(0, 1, 2)) * np.float32(rng.choice([-1, 1]))

    def blob(self, centre: Point, radii: Point, side: int) -> Field:
        """Return an ellipsoid as a field: about mm to its surface, positive inside."""
        places = (self.x * side, self.y, self.z)
        square = sum(((p - c) / r) ** 2 for p, c, r in zip(places, centre, radii, strict=True))
        field: Field = ((1 - np.sqrt(square)) * np.mean(radii)).astype(np.float32)
        return field

    def points(self, mask: Mask) -> NDArray[np.float64]:
        """Return the coordinates of a mask's voxels (n, 3), mm."""
        return np.argwhere(mask) + self.affine[:3, 3]


def load_brain(seed: int = 0) -> Brain:
    """Read the embedded atlas and measure what the drawings need; takes a quarter of a minute."""
    main = load_atlas("embedded").dseg
    labels, affine = np.asarray(main.labels.data).astype(np.uint8), main.labels.affine
    numbers: dict[tuple[str, str], list[int]] = {}
    tissues: dict[str, list[int]] = {}
    for region in main.regions:
        numbers.setdefault((region.structure, region.side), []).append(region.index)
        tissues.setdefault(region.tissue, []).append(region.index)
    x, y, z = (
        (np.arange(n) + affine[i, 3]).astype(np.float32).reshape([-1 if i == j else 1 for j in range(3)])
        for i, n in enumerate(labels.shape)
    )
    parts = ("frontal_horn", "body", "trigone", "occipital_horn")
    horns = [n for p in parts for s in ("left", "right") for n in numbers[f"lateral_ventricle_{p}", s]]
    lobar = [n for s in ("left", "right") for n in numbers["white_matter", s]]
    cortex, ventricle = np.isin(labels, tissues["cortex"]), np.isin(labels, horns)
    rng = np.random.default_rng(seed)
    return Brain(
        labels, affine, numbers, x, y, z,
        cortex=cortex,
        lobar=np.isin(labels, lobar),
        deep=np.isin(labels, tissues["deep_grey"]),
        ventricle=ventricle,
        from_ventricle=_distance(ventricle),
        from_cortex=_distance(cortex),
        from_anterior_border=_distance(_course(ANTERIOR_BORDER, labels.shape, affine)),
        from_posterior_border=_distance(_course(POSTERIOR_BORDER, labels.shape, affine)),
        noises={length: _smooth_noise(rng, length, labels.shape) for length in NOISE_MM},
    )  # fmt: skip


def _distance(mask: Mask) -> Field:
    return ndimage.distance_transform_edt(~mask).astype(np.float32)


def _course(points: list[Point], shape: tuple[int, ...], affine: NDArray[np.float64]) -> Mask:
    """Return a line through points as a mask, on both sides."""
    corners = np.array(points, float)
    line = np.concatenate([np.linspace(a, b, 60) for a, b in pairwise(corners)])
    mask = np.zeros(shape, bool)
    for side in (1, -1):
        mask[tuple(np.rint(line * [side, 1, 1] - affine[:3, 3]).astype(int).T)] = True
    return mask


def _smooth_noise(rng: np.random.Generator, length_mm: int, shape: tuple[int, ...]) -> Field:
    field = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), length_mm / 2, mode="wrap")
    return ((field - field.mean()) / field.std()).astype(np.float32)


def aca_mm(brain: Brain) -> Field:
    """Territory of the ACA on either side, as mm inside it."""
    width = np.interp(brain.z, [-20, 0, 20, 40, 60, 75], [8, 9, 13, 18, 24, 28]) + 5 * (brain.y > 40)
    behind_knee = np.where(brain.z < 26, brain.y - 22, brain.y + 58)
    return np.minimum(width - np.abs(brain.x), np.minimum(behind_knee, brain.z + 18)).astype(np.float32)


def pca_mm(brain: Brain) -> Field:
    """Territory of the PCA on either side, as mm inside it; thalamus apart."""
    lateral = np.abs(brain.x)
    occipital = -58 - 0.3 * (lateral - 10) - 0.9 * np.clip(brain.z - 25, 0, None) - brain.y
    below = np.minimum(-0.65 * (lateral - 20) - brain.z, -8 - brain.y)
    return np.maximum(occipital, below).astype(np.float32)


def mca_mm(brain: Brain) -> Field:
    far = np.minimum(-aca_mm(brain), -pca_mm(brain))
    return np.minimum(far, np.abs(brain.x) - 8).astype(np.float32)


def as_a_reader_draws(brain: Brain, rng: np.random.Generator, lesion: Mask) -> Mask:
    """Return a mask as a person would have contoured it on scans brought to the template.

    The outline wanders (SD about 1 mm), the registration is off (SD 1 mm, smooth, and as much overall),
    slices are up to 5 mm thick, cavities spill over the brain's surface by up to 2 mm, one scan in seven has
    a spot of no meaning.
    """
    if not lesion.any():
        return lesion
    box = _box_around(lesion, 10)
    part = lesion[box]
    signed = ndimage.distance_transform_edt(part) - ndimage.distance_transform_edt(~part)
    places = [
        index + rng.normal(0, 0.8) + brain.noise(rng, 14)[box] for index in np.indices(part.shape, np.float32)
    ]
    signed = ndimage.map_coordinates(signed, places, order=1, mode="nearest")
    drawn = signed + 0.9 * brain.noise(rng, 6)[box] + rng.normal(0, 0.4) > 0
    thickness = int(rng.choice([1, 1, 3, 4, 5]))
    slices = np.arange(drawn.shape[2]) // thickness * thickness + thickness // 2
    drawn = drawn[:, :, np.minimum(slices, drawn.shape[2] - 1)]
    head = ndimage.binary_dilation(brain.labels[box] > 0, iterations=2)
    whole = np.zeros_like(lesion)
    whole[box] = _without_crumbs(drawn & head)
    if rng.random() < 1 / 7:
        whole |= spot(brain, rng, brain.lobar & (brain.from_ventricle > 6), 1.0, 2.0)
    return whole if whole.any() else lesion


def irregular(brain: Brain, rng: np.random.Generator, field: Field, mm: float = 2.0) -> Mask:
    """Return where a field (mm, positive inside) is positive with an outline uneven by `mm` (SD)."""
    mask: Mask = field + np.float32(mm) * brain.noise(rng, 6) > 0
    return mask


def territory(brain: Brain, rng: np.random.Generator, side: int, field: Field) -> Mask:
    """Parenchyma of a territory of one side, its border shifted and wavy."""
    wavy = field + rng.normal(-2, 2) + 3 * brain.noise(rng, 14)
    return (brain.cortex | brain.lobar) & brain.half(side) & irregular(brain, rng, wavy)


def spot(brain: Brain, rng: np.random.Generator, where: Mask, least_mm: float, most_mm: float) -> Mask:
    """Return one round lesion around a random voxel of a mask."""
    points = brain.points(where)
    x, y, z = points[rng.integers(len(points))]
    radii = rng.uniform(least_mm, most_mm, 3)
    return brain.blob((x, y, z), tuple(radii), 1) > 0


def _box_around(mask: Mask, margin: int) -> tuple[slice, ...]:
    (box,) = ndimage.find_objects(mask.astype(np.uint8))
    return tuple(
        slice(max(0, s.start - margin), min(n, s.stop + margin)) for s, n in zip(box, mask.shape, strict=True)
    )


def _without_crumbs(mask: Mask) -> Mask:
    pieces, n = ndimage.label(mask)
    sizes = np.bincount(pieces.ravel(), minlength=n + 1)
    sizes[0] = 0
    kept: Mask = (sizes >= CRUMB_MM3)[pieces]
    return kept
