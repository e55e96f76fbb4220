"""Lesion masks of textbook presentations, drawn anew each time by coordinates of the template.

A third maker beside the simulator and real shapes, to calibrate how often a call agrees with a reader. Shapes
are ellipsoids and fans bounded by tissue maps and by the distance from the ventricle, never by atlas labels;
size, side and place are drawn. What a reader would say of each kind stands beside it; nobody but us said so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from cpimaging.atlases import load_template
from cpimaging.simulate.anatomy import Anatomy, axes_mm, find_anatomy
from cpimaging.types import Image

Mask = NDArray[np.bool_]
Point = tuple[float, float, float]
BELOW_CORTEX_MM = 20


@dataclass(frozen=True)
class Kind:
    """A presentation. right: what a reader would say; defensible: what one may say; draw: a mask."""

    right: tuple[str, ...]
    defensible: tuple[str, ...]
    draw: Callable[[Generator], Mask]


@cache
def anatomy() -> Anatomy:
    return find_anatomy(load_template())


def ball(centre: Point, radii: Point | float) -> Mask:
    """Return an ellipsoid within tissue. centre, radii: mm."""
    a = anatomy()
    radius = np.broadcast_to(np.asarray(radii, float), 3)
    inside = sum(((x - c) / r) ** 2 for x, c, r in zip(axes_mm(a.t1w), centre, radius, strict=True)) <= 1
    return inside & a.brain & (a.fluid < 0.5)


def moved(rng: Generator, centre: Point, sd_mm: float = 1.5) -> Point:
    x, y, z = np.asarray(centre) + rng.normal(0, sd_mm, 3)
    return float(x), float(y), float(z)


def pair(rng: Generator, centre: Point, radii: Point | float, sides: Point = (1, 1, 0)) -> Mask:
    """Return an ellipsoid on both sides. sides: relative volume on the right and the left."""
    out = np.zeros(anatomy().brain.shape, bool)
    x, y, z = moved(rng, centre)
    for sign, part in zip((1, -1), sides, strict=False):
        if part > 0:
            out |= ball((sign * x, y, z), tuple(np.broadcast_to(radii, 3) * part ** (1 / 3)))
    return out


def one(rng: Generator, centre: Point, radii: Point | float) -> Mask:
    """Return an ellipsoid on one side."""
    return pair(rng, centre, radii, (1, 0, 0) if rng.random() < 0.5 else (0, 1, 0))


def white(mask: Mask, within_mm: float = np.inf) -> Mask:
    """Return what of a mask is white matter, up to a distance from the ventricle."""
    a = anatomy()
    away = a.distances["ventricle"]
    return mask & (a.wm > 0.5) & (away > 0) & (away < within_mm)


def outer(mask: Mask) -> Mask:
    """Return what of a mask is cortex, or white matter not far below it."""
    return mask & (anatomy().distances["surface"] < BELOW_CORTEX_MM)


def trigones(rng: Generator, size: float, within_mm: float = 6, sides: Point = (1, 1, 0)) -> Mask:
    return white(pair(rng, (30, -44, 20), np.array((16, 22, 14)) * size, sides), within_mm)


def fan(rng: Generator, sign: int, size: float) -> Mask:
    """Return a fan of white matter from the body of one lateral ventricle up and outwards."""
    apex = np.array([sign * 16.0, rng.normal(0, 6), 16.0])
    way = np.array([sign, 0, 1]) / np.sqrt(2)
    steps = [x - c for x, c in zip(axes_mm(anatomy().t1w), apex, strict=True)]
    along = sum(step * part for step, part in zip(steps, way, strict=True))
    aside = np.sqrt(np.maximum(sum(step**2 for step in steps) - along**2, 0))
    inside = (along > 0) & (along < 24 * size) & (aside < 3 * size + 0.45 * along)
    return white(inside) & (anatomy().distances["surface"] > 6)


def foci(rng: Generator, n: int, low: Point, high: Point, radius: tuple[float, float]) -> Mask:
    """Return small balls within a box, on both sides."""
    out = np.zeros(anatomy().brain.shape, bool)
    for _ in range(n):
        x, y, z = rng.uniform(low, high)
        out |= ball((float(rng.choice((-1, 1))) * x, y, z), float(rng.uniform(*radius)))
    return out


def sign(rng: Generator) -> int:
    return int(rng.choice((-1, 1)))


def size(rng: Generator, low: float, high: float) -> float:
    return float(rng.uniform(low, high))


def core(rng: Generator, sides: Point = (1, 1, 0)) -> Mask:
    thalami = pair(rng, (14, -18, 6), size(rng, 3.5, 6), sides)
    return thalami | pair(rng, (29, -10, 3), size(rng, 3, 5), sides)


def striata(rng: Generator) -> Mask:
    return pair(rng, (13, 12, 8), (5, 8, 7)) | pair(rng, (25, 6, 2), (5, 9, 7))


def zones(rng: Generator, sides: Point = (1, 1, 0)) -> Mask:
    front = pair(rng, (28, 28, 46), (11, 18, 16), sides)
    return outer(front | pair(rng, (30, -66, 40), (13, 14, 16), sides))


def branch(rng: Generator) -> Mask:
    return outer(one(rng, (50, float(rng.uniform(-45, 10)), float(rng.uniform(8, 38))), size(rng, 10, 20)))


def cerebellum(rng: Generator) -> Mask:
    return one(rng, (25, -65, -38), size(rng, 8, 18))


def hemispheres() -> Mask:
    z = axes_mm(anatomy().t1w)[2]
    away = anatomy().distances
    return ball((0, -15, 20), (80, 95, 70)) & (away["surface"] < 28) & (away["ventricle"] > 6) & (z > -18)


KINDS: dict[str, Kind] = {
    "trigones": Kind(("B1",), (), lambda rng: trigones(rng, size(rng, 0.7, 1))),
    "confluent": Kind(("B1",), ("B3",), lambda rng: trigones(rng, 1.8, size(rng, 9, 13), (1.3, 0.9, 0))),
    "uneven trigones": Kind(("B1",), ("B2", "B3"), lambda rng: trigones(rng, 1.1, 6, (1, 0.15, 0))),
    "one trigone": Kind(("B1",), ("B2",), lambda rng: trigones(rng, size(rng, 0.6, 0.9), 6, (1, 0, 0))),
    "punctate": Kind(
        ("B1",), ("B2",), lambda rng: white(foci(rng, 10, (20, -40, 24), (28, 20, 34), (1.5, 2.5)))
    ),
    "optic radiations": Kind(("B1",), ("D",), lambda rng: white(pair(rng, (28, -72, 8), (5, 18, 5)))),
    "fan": Kind(("B2",), ("B1",), lambda rng: fan(rng, sign(rng), size(rng, 0.8, 1.4))),
    "two fans": Kind(("B1", "B2"), ("B3",), lambda rng: fan(rng, 1, 1) | fan(rng, -1, size(rng, 0.9, 1.1))),
    "fan and trigones": Kind(("B3",), ("B1",), lambda rng: fan(rng, sign(rng), 1.1) | trigones(rng, 0.8)),
    "small frontal fan": Kind(("B2",), ("B1",), lambda rng: white(one(rng, (18, 24, 14), 9), 9)),
    "core": Kind(("C1",), (), core),
    "uneven core": Kind(("C1",), ("C3",), lambda rng: core(rng, (1, 0.3, 0))),
    "caudates": Kind(("C1",), ("D",), lambda rng: pair(rng, (13, 12, 8), (5, 8, 7))),
    "striata": Kind(("C1",), ("D",), striata),
    "pulvinars": Kind(("C1",), ("C3", "D"), lambda rng: pair(rng, (14, -29, 6), size(rng, 4, 6))),
    "paramedian thalami": Kind(("C1",), ("C3", "D"), lambda rng: pair(rng, (6, -16, 7), (3, 5, 5))),
    "whole thalami": Kind(("C1",), ("C3", "D"), lambda rng: pair(rng, (11, -19, 7), (8, 12, 8))),
    "subthalamic nuclei": Kind(("C1",), ("D",), lambda rng: pair(rng, (11, -13, -7), 3)),
    "pallidi": Kind(("C1",), ("D",), lambda rng: pair(rng, (20, -5, 0), (4, 6, 4))),
    "hippocampi": Kind(("C1", "C2", "D"), (), lambda rng: pair(rng, (27, -22, -15), (5, 14, 6))),
    "core and rolandic": Kind(("C1",), (), lambda rng: core(rng) | outer(pair(rng, (40, -22, 56), 12))),
    "trigones and striata": Kind(("B1", "C1"), (), lambda rng: trigones(rng, 0.9) | striata(rng)),
    "trigones and core": Kind(("B1", "C1"), (), lambda rng: trigones(rng, 0.9) | core(rng)),
    "zones": Kind(("C2",), (), zones),
    "uneven zones": Kind(("C2",), (), lambda rng: zones(rng, (1, 0.25, 0))),
    "zones and core": Kind(("C1", "C2"), (), lambda rng: zones(rng) | core(rng)),
    "zones and trigones": Kind(("B1", "C2"), (), lambda rng: zones(rng) | trigones(rng, 1)),
    "white zones": Kind(
        ("B1", "C2"),
        (),
        lambda rng: white(pair(rng, (27, 22, 32), (7, 14, 6)) | pair(rng, (30, -55, 36), (7, 10, 6))),
    ),
    "occipital": Kind(("C2",), ("C3", "D"), lambda rng: outer(pair(rng, (18, -88, 5), (16, 14, 18)))),
    "ulegyria": Kind(("C2",), ("C1",), lambda rng: outer(pair(rng, (42, -38, 48), size(rng, 9, 14)))),
    "rolandic": Kind(("C1", "C2"), (), lambda rng: outer(pair(rng, (42, -20, 52), size(rng, 9, 13)))),
    "hemispheres": Kind(("C2",), ("C1",), lambda rng: hemispheres()),
    "contusions": Kind(("D",), ("C2", "C3"), lambda rng: outer(pair(rng, (18, 42, -18), (16, 18, 9)))),
    "temporal lobes": Kind(("C2", "D"), ("C3",), lambda rng: outer(pair(rng, (50, -10, -15), (12, 25, 14)))),
    "branch": Kind(("C3",), ("C2",), branch),
    "branch and trigones": Kind(("B1", "C3"), ("C2",), lambda rng: branch(rng) | trigones(rng, 0.8)),
    "deep branches": Kind(("C3",), ("C1", "D"), lambda rng: one(rng, (26, 4, 4), (7, 14, 8))),
    "lacune": Kind(("C1", "C3"), ("D",), lambda rng: one(rng, (27, 0, 4), 4)),
    "one thalamus": Kind(("C1", "C3", "D"), ("B2",), lambda rng: one(rng, (12, -18, 6), 7)),
    "cerebellum": Kind(("D",), (), cerebellum),
    "cerebellum and trigones": Kind(("B1",), ("D",), lambda rng: cerebellum(rng) | trigones(rng, 0.9)),
    "pons": Kind(("D",), (), lambda rng: one(rng, (4, -28, -32), size(rng, 4, 7))),
    "scattered": Kind(("D",), ("C2", "C3"), lambda rng: foci(rng, 40, (8, -85, -5), (55, 45, 55), (2, 4))),
    "leukodystrophy": Kind(
        ("D",), ("B1",), lambda rng: white(ball((0, -15, 22), (70, 85, 45)) & (anatomy().wm > 0.6))
    ),
    "posterior and splenium": Kind(
        ("D",),
        ("B1",),
        lambda rng: white(pair(rng, (30, -60, 16), (18, 28, 20)) | ball((0, -40, 14), (16, 9, 9))),
    ),
}


def drawn(name: str, seed: int) -> Image:
    """Return a mask of one kind in the template's space."""
    rng = default_rng([seed, *name.encode()])
    return anatomy().t1w.with_data(KINDS[name].draw(rng))
