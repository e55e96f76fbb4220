"""A second generator of brains with a known injury, to judge scorers that were set with the first one.

Lesions are shapes of real strokes (masks of ../shared/data/soop_stroke), turned, scaled and put where a
pattern lies; arterial infarcts stay where they were found. Tissue maps and distances of the template bound
them, never an atlas label. Nothing is taken from the recipes of `cpimaging.simulate`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.images import read_image
from cpimaging.simulate.anatomy import Anatomy

STROKES = Path(__file__).resolve().parents[2] / "shared" / "data" / "soop_stroke"
CORTICAL = {"aca": (1, 2), "mca": tuple(range(7, 17)), "pca": tuple(range(17, 21))}
"""Numbers of the cortical parcels in the territory image of that data: odd ones left, even ones right."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Site:
    """Where a shape goes: centre in mm (right side), how far it is moved at random, and its volume in ml."""

    centre_mm: tuple[float, float, float]
    spread_mm: tuple[float, float, float]
    volume_ml: tuple[float, float]
    chance: float = 1.0


@dataclass(frozen=True)
class Plan:
    """One kind of brain: truth, its sites by side, and what bounds the lesion."""

    group: str
    subgroup: str
    sites: tuple[Site, ...] = ()
    both: bool = True
    bound: str = "tissue"
    push_mm: tuple[float, float] = (0.0, 0.0)
    secondary: str = "n/a"
    others: tuple[str, ...] = ()
    hard: bool = False


PLANS = {
    "trigones": Plan(
        "B",
        "B1",
        (
            Site((30, -44, 17), (2, 6, 3), (0.8, 3.0)),
            Site((23, -14, 26), (2, 8, 2), (0.4, 2.0), 0.5),
            Site((20, 28, 12), (2, 4, 3), (0.3, 1.5), 0.3),
        ),
        bound="periventricular",
        push_mm=(0.0, 3.0),
    ),
    "one fan": Plan("B", "B2", (Site((23, -10, 29), (2, 6, 2), (8, 20)),), both=False, bound="white"),
    "nuclei": Plan(
        "C",
        "C1",
        (
            Site((14, -18, 7), (1.5, 2, 2), (0.5, 1.6)),
            Site((29, -8, 4), (1.5, 2.5, 2), (0.5, 1.6)),
            Site((20, -5, 0), (1, 1.5, 1), (0.2, 0.6), 0.3),
            Site((27, -20, -15), (1, 3, 2), (0.3, 1.0), 0.25),
        ),
    ),
    "border zones": Plan(
        "C",
        "C2",
        (
            Site((24, 30, 38), (3, 6, 4), (6, 16)),
            Site((26, -62, 46), (3, 5, 4), (6, 16)),
        ),
        bound="outer",
    ),
    "stroke": Plan("C", "C3", both=False),
    "stem": Plan("D", "D", (Site((3, -29, -32), (1, 2, 6), (0.15, 1.2)),), both=False, bound="stem"),
    "nothing": Plan("E", "E", push_mm=(0.0, 0.4)),
    "small trigones": Plan(
        "B", "B1", (Site((30, -46, 17), (2, 6, 3), (0.05, 0.4)),), bound="periventricular", hard=True
    ),
    "small nuclei": Plan(
        "C",
        "C1",
        (Site((14, -18, 7), (1.5, 2, 2), (0.2, 0.5)), Site((29, -8, 4), (1.5, 2, 2), (0.2, 0.5), 0.6)),
        hard=True,
    ),
    "trigones and nuclei": Plan("B", "B1", others=("trigones", "nuclei"), secondary="C1", hard=True),
    "trigones and border zones": Plan(
        "B", "B1", others=("trigones", "border zones"), secondary="C2", hard=True
    ),
    "border zones and nuclei": Plan("C", "C2", others=("border zones", "nuclei"), secondary="C1", hard=True),
}
EASY = [name for name, plan in PLANS.items() if not plan.hard]
HARD = [name for name, plan in PLANS.items() if plan.hard]


def kind(index: int) -> str:
    """Return what the brain with this index (from 0) is: every third one is a hard case."""
    return HARD[index // 3 % len(HARD)] if index % 3 == 2 else EASY[(index - index // 3) % len(EASY)]


Voxels = NDArray[np.int16]


@cache
def strokes() -> list[tuple[Voxels, str]]:
    """Return the voxels (n, 3) of each mask of 1.5 ml or more, axes as RAS, and its cortical artery or ""."""
    territories = read_image(STROKES / "ArterialAtlas136.nii.gz", labels=True).data
    found = []
    for path in sorted((STROKES / "masks").glob("*.nii.gz")):
        voxels = np.argwhere(read_image(path, labels=True).data > 0)
        if len(voxels) >= 1500:
            found.append((voxels.astype(np.int16), _artery(territories[tuple(voxels.T)])))
    return found


def _artery(codes: NDArray[np.integer]) -> str:
    """Return the artery whose cortical parcels of one side hold more than 90 % of a lesion."""
    for name, numbers in CORTICAL.items():
        for odd in (0, 1):
            mine = [number for number in numbers if number % 2 == odd]
            if np.isin(codes, mine).mean() > 0.9:
                return name
    return ""


def draw(anatomy: Anatomy, name: str, seed: int) -> tuple[NDArray[np.float32], float]:
    """Return a lesion in the cropped template (0 or 1, float32) and the shift of the ventricle wall in mm."""
    rng = default_rng([seed, 2])
    plan = PLANS[name]
    parts = [PLANS[other] for other in plan.others] or [plan]
    if name == "stroke":
        return _as_found(anatomy, rng).astype(np.float32), 0.0
    lesion = np.zeros(anatomy.brain.shape, bool)
    for part in parts:
        lesion |= _draw_part(anatomy, part, rng)
    push = max(float(rng.uniform(*part.push_mm)) for part in parts)
    return lesion.astype(np.float32), push


def _as_found(anatomy: Anatomy, rng: Generator) -> Mask:
    """Return a real infarct of one artery where it was found, on one side or the other."""
    arterial = [voxels for voxels, artery in strokes() if artery]
    voxels = arterial[int(rng.integers(len(arterial)))].astype(int)
    if rng.random() < 0.5:
        voxels = voxels * [-1, 1, 1] + [156, 0, 0]  # both grids are symmetric about x = 0
    voxels = voxels + (np.array((-78, -112, -50)) - anatomy.t1w.affine[:3, 3]).round().astype(int)
    out = np.zeros(anatomy.brain.shape, bool)
    voxels = voxels[((voxels >= 0) & (voxels < out.shape)).all(axis=1)]
    out[tuple(voxels.T)] = True
    return out & anatomy.brain & (anatomy.fluid < 0.5)


def _draw_part(anatomy: Anatomy, plan: Plan, rng: Generator) -> Mask:
    lesion = np.zeros(anatomy.brain.shape, bool)
    bound = _bound(anatomy, plan.bound)
    x = (np.arange(anatomy.brain.shape[0]) + anatomy.t1w.affine[0, 3])[:, None, None]
    signs = (-1, 1) if plan.both else (int(rng.choice((-1, 1))),)
    for sign in signs:
        for site in plan.sites:
            if rng.random() < site.chance:
                centre = (np.array(site.centre_mm) + rng.normal(0, site.spread_mm)) * [sign, 1, 1]
                volume_ml = float(rng.uniform(*site.volume_ml))
                lesion |= _placed(anatomy, centre, volume_ml, bound & (sign * x > 0), rng)
    return lesion


def _bound(anatomy: Anatomy, name: str) -> Mask:
    tissue = anatomy.brain & (anatomy.fluid < 0.5)
    away = anatomy.distances
    z = (np.arange(anatomy.brain.shape[2]) + anatomy.t1w.affine[2, 3])[None, None, :]
    bounds = {
        "tissue": tissue,
        "white": tissue & (away["grey"] > 4),
        "periventricular": tissue & (anatomy.wm > 0.5) & (away["ventricle"] < 12) & (away["grey"] > 1),
        "outer": tissue & (away["surface"] < 22),
        "stem": tissue & (z < -12),
    }
    return bounds[name]


def _placed(
    anatomy: Anatomy, centre_mm: NDArray[np.float64], volume_ml: float, bound: Mask, rng: Generator
) -> Mask:
    """Return the largest of four real shapes, each scaled towards the volume asked for within the bound."""
    shapes = [_scaled(anatomy, centre_mm, 1000 * volume_ml, bound, rng)]
    while shapes[-1].sum() < 600 * volume_ml and len(shapes) < 4:
        shapes.append(_scaled(anatomy, centre_mm, 1000 * volume_ml, bound, rng))
    return max(shapes, key=np.count_nonzero)


def _scaled(
    anatomy: Anatomy, centre_mm: NDArray[np.float64], volume_mm3: float, bound: Mask, rng: Generator
) -> Mask:
    """Return a real shape, turned at random and grown until it is large enough."""
    points = strokes()[int(rng.integers(len(strokes())))][0].astype(float)
    points -= np.median(points, axis=0)
    near = np.linalg.norm(points, axis=1)
    points = points[near <= np.quantile(near, 0.8)]  # without far pieces
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    factor = (volume_mm3 / len(points)) ** (1 / 3)
    for _ in range(6):
        inside = _rasterised(anatomy, centre_mm + factor * points @ turn.T) & bound
        if inside.sum() >= 0.8 * volume_mm3:
            break
        factor *= 1.2
    return inside


def _rasterised(anatomy: Anatomy, points_mm: NDArray[np.float64]) -> Mask:
    """Return the voxels hit by points, closed where the points lie apart."""
    out = np.zeros(anatomy.brain.shape, bool)
    voxels = np.rint(points_mm - anatomy.t1w.affine[:3, 3]).astype(int)
    voxels = voxels[((voxels >= 2) & (voxels < np.array(out.shape) - 2)).all(axis=1)]
    if not len(voxels):
        return out
    out[tuple(voxels.T)] = True
    box = tuple(slice(a - 2, b + 3) for a, b in zip(voxels.min(0), voxels.max(0), strict=True))
    out[box] = ndimage.binary_closing(out[box], iterations=2)
    return out
