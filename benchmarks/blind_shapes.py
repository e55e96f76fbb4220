"""The hand that draws the masks of `blind`: anatomy in millimetres, and shapes with uneven edges.

Shapes are ellipsoids, tubes along lines, shells around the ventricle and half-spaces, within the tissue that
a description names by labels of the embedded atlas (no overlay), and run over its edge by about 1 mm as a
reader's outline does. Coordinates are RAS mm of MNI152NLin2009aSym. A side is +1 (right) or -1 (left).
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cpimaging.atlases import load_atlas
from cpimaging.types import LabelMap, Region

Mask = NDArray[np.bool_]
Field = NDArray[np.floating]
Point = tuple[float, float, float]
Draw = Callable[["Hand"], NDArray[np.bool_]]

CALLOSUM = ("corpus_callosum_genu", "corpus_callosum_body", "corpus_callosum_splenium")
CAPSULES = ("plic", "alic", "external_capsule")
HORNS = ("temporal_horn", "frontal_horn", "body", "trigone", "occipital_horn")
PUTAMEN = ("putamen", "putamen_posterior")
THALAMUS = ("thalamus", "thalamus_ventrolateral")
VULNERABLE = ("thalamus_ventrolateral", "putamen_posterior")
"""What near-total asphyxia hurts first."""
SIZES = (0.85, 1.15)
SPECK = 8  # voxels; fewer are left over from a noisy edge


@dataclass(frozen=True)
class Hand:
    """Anatomy on a 1 mm grid, and who draws on it. x, y, z: open grids; distances: mm; size: of shapes."""

    atlas: LabelMap
    x: Field
    y: Field
    z: Field
    aside: Field  # from the midline
    brain: Mask
    white: Mask  # of the lobes
    cortex: Mask
    from_ventricle: Field
    from_cortex: Field
    rng: np.random.Generator
    size: float = 1.0

    def of(self, *structures: str, side: int = 0) -> Mask:
        """Return structures as a mask; side 0: of both sides and the midline."""
        return _regions(self.atlas, lambda region: region.structure in structures, side)

    def tissue(self, name: str) -> Mask:
        """Return a class of tissue as a mask."""
        return _regions(self.atlas, lambda region: region.tissue == name)

    def lobe(self, name: str, side: int) -> Mask:
        """Return the cortex and white matter of a lobe as a mask."""
        return _regions(self.atlas, lambda region: region.lobe == name, side)

    def half(self, side: int) -> Mask:
        """Return a hemisphere, without the midline; (x, 1, 1)."""
        half: Mask = self.x * side > 0
        return half

    def under(self, depth_mm: float) -> Mask:
        """Return cortex, and white matter up to a depth below it."""
        return self.cortex | (self.white & (self.from_cortex < depth_mm))

    def noise(self, mm: float) -> Field:
        """Return smooth noise of unit spread. mm: SD of the filter."""
        white = self.rng.standard_normal(self.brain.shape).astype(np.float32)
        smooth: Field = ndimage.gaussian_filter(white, mm)
        even: Field = smooth / smooth.std()
        return even

    def outline(self, mask: Mask, above: float = 0.42) -> Mask:
        """Return a mask as a reader outlines it. above: 0.5 keeps its size, less runs over the edge."""
        smooth = ndimage.gaussian_filter(mask.astype(np.float32), 0.8)
        drawn: Mask = (smooth + 0.08 * self.noise(1.2) > above) & self.brain
        return drawn

    def ball(
        self, centre: Point, radii: ArrayLike, turn: float = 0, rough: float = 0.18, mm: float = 3.5
    ) -> Mask:
        """Return an ellipsoid. turn: degrees in the axial plane; rough, mm: how uneven, at which scale."""
        r, s, t = np.broadcast_to(np.asarray(radii, float) * self.size, 3)
        angle = np.deg2rad(turn)
        u, v = self.x - centre[0], self.y - centre[1]
        u, v = u * np.cos(angle) + v * np.sin(angle), -u * np.sin(angle) + v * np.cos(angle)
        away = np.sqrt((u / r) ** 2 + (v / s) ** 2 + ((self.z - centre[2]) / t) ** 2)
        inside: Mask = away + rough * self.noise(mm) < 1
        return inside

    def tube(self, points: Iterable[Point], radius: float) -> Mask:
        """Return what is near a line through points, mm."""
        best = np.full(self.brain.shape, np.inf)
        for start, end in pairwise(np.array(list(points), float)):
            way = end - start
            u, v, w = self.x - start[0], self.y - start[1], self.z - start[2]
            t = np.clip((u * way[0] + v * way[1] + w * way[2]) / (way @ way), 0, 1)
            away = np.sqrt((u - t * way[0]) ** 2 + (v - t * way[1]) ** 2 + (w - t * way[2]) ** 2)
            best = np.minimum(best, away)
        inside: Mask = best < radius * self.size * (1 + 0.2 * self.noise(4))
        return inside

    def rim(self, side: int, thick_mm: ArrayLike) -> Mask:
        """Return a shell of white matter along the lateral ventricle; its thickness may vary with place."""
        uneven = 1 + 0.35 * self.noise(3)
        near = self.from_ventricle < np.asarray(thick_mm, np.float32) * np.float32(self.size) * uneven
        rim: Mask = self.half(side) & (self.white | self.of(*CAPSULES)) & near
        return rim

    def foci(self, n: int, where: Mask, radii: tuple[float, float], apart: float = 4) -> Mask:
        """Return n small ellipsoids in a region, with centres some voxels apart."""
        mask = np.zeros(self.brain.shape, bool)
        spots, done = np.argwhere(where), list[NDArray[np.intp]]()
        corner = self.atlas.labels.affine[:3, 3]
        while len(done) < n:
            spot = spots[self.rng.integers(len(spots))]
            if all(np.linalg.norm(spot - other) > apart for other in done):
                done.append(spot)
                x, y, z = map(float, spot + corner)
                mask |= self.ball((x, y, z), self.rng.uniform(*radii, 3), self.rng.uniform(0, 180), 0.12, 2)
        return mask

    def middle_cerebral(self, side: int, back: float = -78, front: float = 48) -> Mask:
        """Return the cortical territory of the middle cerebral artery of a side, between two planes."""
        x, y, z = self.aside, self.y, self.z
        n = self.noise(6) * 5 + self.noise(2.5) * 1.5
        top = 19 + 8 * np.clip((z - 20) / 50, 0, 1)
        behind = y > back - 0.3 * (x - 40) + 0.25 * np.clip(45 - z, -40, 60) + n
        mask = (x > top + n) & behind & (y < front - 0.3 * (x - 40) + n)
        mask &= z > np.where(y < -15, -14, -34) + n  # the inferior temporal gyri are the posterior artery's
        mask &= (y < 18) | (z > -10 + n)  # and the orbital ones the anterior's
        lobes = self.cortex | self.white | self.of("external_capsule")
        mask &= self.half(side) & (self.from_ventricle > 3) & lobes
        return mask


def _regions(atlas: LabelMap, wanted: Callable[[Region], bool], side: int = 0) -> Mask:
    sides = {0: ("left", "right", "midline"), 1: ("right",), -1: ("left",)}[side]
    indices = [region.index for region in atlas.regions if region.side in sides and wanted(region)]
    mask: Mask = np.isin(atlas.labels.data, indices)
    return mask


def load_hand() -> Hand:
    """Read the embedded atlas, and measure what the drawings need."""
    atlas = load_atlas("embedded").dseg
    shape, corner = atlas.labels.data.shape, atlas.labels.affine[:3, 3]
    x, y, z = np.ogrid[tuple(slice(c, c + n) for c, n in zip(corner, shape, strict=True))]
    x, y, z = x.astype(np.float32), y.astype(np.float32), z.astype(np.float32)
    horns = [f"lateral_ventricle_{part}" for part in HORNS]
    cortex = _regions(atlas, lambda region: region.tissue == "cortex")
    ventricle = _regions(atlas, lambda region: region.structure in horns)
    return Hand(
        atlas, x, y, z,
        aside=np.abs(x),
        brain=np.asarray(atlas.labels.data) > 0,
        white=_regions(atlas, lambda region: region.structure == "white_matter"),
        cortex=cortex,
        from_ventricle=ndimage.distance_transform_edt(~ventricle).astype(np.float32),
        from_cortex=ndimage.distance_transform_edt(~cortex).astype(np.float32),
        rng=np.random.default_rng(0),
    )  # fmt: skip


def drawn(hand: Hand, name: str, draw: Callable[[Hand], Mask], seed: int) -> Mask:
    """Return the mask of a case. seed 0: as it was first drawn; any other: noise, foci and size anew."""
    crc = zlib.crc32(name.encode())
    size = float(np.random.default_rng([seed, crc]).uniform(*SIZES)) if seed else 1.0
    rng = np.random.default_rng([crc, seed])  # with 0 the same as of crc alone
    mask = draw(replace(hand, rng=rng, size=size)) & hand.brain
    parts, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    kept: Mask = mask & (np.bincount(parts.ravel())[parts] >= SPECK)
    return kept


def both(draw: Callable[[int], Mask]) -> Mask:
    """Return the same drawing on each side, not quite mirrored."""
    return draw(1) | draw(-1)


def near(place: Field, centre: float, width: float) -> Field:
    """Return a bell that is 1 at a place."""
    bell: Field = np.exp(-(((place - centre) / width) ** 2))
    return bell
