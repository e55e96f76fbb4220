"""Draw lesion masks of clinical vignettes, in the form of ../shared/data/textbook, and call them.

`python benchmarks/vignettes.py` draws each kind in `--variants` ways (size, place, side) and prints what a
reader would not have said. A fourth maker: drawn from what the literature says of each presentation before
the rules were read, by geometry on the embedded atlas' labels as anatomy (generator3_anatomy), with no
overlay. The readings are ours; no radiologist has seen them. `--seed` draws others of the same kinds.
"""

import argparse
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import textbook
from generator3_anatomy import Brain, Mask, Point, aca_mm, load_brain, mca_mm, pca_mm

from cpimaging.images import write_image
from cpimaging.io import write_text
from cpimaging.types import Image

OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "vignettes"
PARTS = {"thalamus": ("thalamus", "thalamus_ventrolateral"), "putamen": ("putamen", "putamen_posterior")}
"""The atlas cuts some structures in two; a lesion is of the whole."""

Rng = np.random.Generator


@dataclass(frozen=True)
class Hand:
    """What draws one variant. side: +1 right, -1 left (the side named "one"); size: 0.85 to 1.15."""

    brain: Brain
    rng: Rng
    side: int
    size: float

    def ball(self, centre: Point, radii: Point | float, side: int = 0) -> Mask:
        """Return an ellipsoid of the parenchyma, jittered by 1.5 mm and scaled."""
        x, y, z = np.asarray(centre) + self.rng.normal(0, 1.5, 3)
        r, s, t = map(float, np.broadcast_to(np.asarray(radii, float) * self.size, 3))
        inside = self.brain.blob((x, y, z), (r, s, t), side or self.side) > 0
        mask: Mask = inside & (self.brain.labels > 0) & ~self.brain.ventricle
        return mask

    def both(self, centre: Point, radii: Point | float, other: float = 1) -> Mask:
        """Return an ellipsoid on both sides; other: its diameter on the other side, as a share."""
        return self.ball(centre, radii, self.side) | self.ball(
            centre, tuple(np.broadcast_to(np.asarray(radii) * other, 3)), -self.side
        )

    def half(self, side: int) -> Mask:
        """Return one hemisphere."""
        return self.brain.half(side)

    def outer(self, mask: Mask, depth_mm: float = 18) -> Mask:
        """Return the cortex of a mask, and the white matter up to a depth below it."""
        return mask & (self.brain.cortex | (self.brain.lobar & (self.brain.from_cortex < depth_mm)))

    def white(self, mask: Mask) -> Mask:
        """Return the white matter of the lobes in a mask."""
        return mask & self.brain.lobar

    def rim(self, side: int, reach_mm: float, *where: str) -> Mask:
        """Return white matter along the lateral ventricle of a side, at trigone, body or frontal horn."""
        b = self.brain
        zones = {"trigone": (-64, -32), "body": (-32, 12), "front": (12, 40)}
        along = np.zeros((1, b.y.shape[1], 1), bool)
        for name in where:
            along |= (b.y >= zones[name][0]) & (b.y < zones[name][1])
        reach = reach_mm * self.size * (1 + 0.25 * b.noise(self.rng, 6))
        mask: Mask = b.lobar & b.half(side) & along & (b.from_ventricle < reach) & (b.z > 0)
        return mask & (np.abs(b.x) > 8) & (b.from_cortex > 1.5)

    def fan(self, side: int, y: float, length_mm: float, spread: float = 0.5) -> Mask:
        """Return a fan of white matter from the ventricle up and outwards: a venous infarct's shape."""
        b = self.brain
        way = np.array([0.78, 0, 0.62]) if y < 15 else np.array([0.7, 0.5, 0.5])
        way = way / np.linalg.norm(way)
        start = (14.0, y + self.rng.normal(0, 2), 15.0 + self.rng.normal(0, 1))
        steps = [b.x * side - start[0], b.y - start[1], b.z - start[2]]
        along = sum(s * w for s, w in zip(steps, way, strict=True))
        aside = np.sqrt(np.maximum(sum(s**2 for s in steps) - along**2, 0))
        inside = (along > -2) & (along < length_mm * self.size) & (aside < 3 + spread * np.maximum(along, 0))
        mask: Mask = inside & b.lobar & b.half(side)
        return mask

    def part(self, structure: str, centre: Point, radii: Point | float, side: int = 0) -> Mask:
        """Return an ellipsoid within 1 mm of a structure: an outline spills."""
        sides = (1, -1) if side == 0 else (side,)
        out = np.zeros_like(self.brain.lobar)
        for s in sides:
            near = self.brain.of(*PARTS.get(structure, (structure,)), side=s)
            near = (
                near | np.roll(near, 1, 0) | np.roll(near, -1, 0) | np.roll(near, 1, 1) | np.roll(near, -1, 1)
            )
            out |= self.ball(centre, radii, s) & near
        return out

    def artery(
        self, side: int, field: np.ndarray, low: Point = (0, -110, -60), high: Point = (90, 90, 90)
    ) -> Mask:
        """Return a territory of one side within a box (mm, x away from the midline)."""
        b = self.brain
        x = b.x * side
        box = (
            (x > low[0]) & (x < high[0]) & (b.y > low[1]) & (b.y < high[1]) & (b.z > low[2]) & (b.z < high[2])
        )
        wavy = field + 3 * b.noise(self.rng, 14) + self.rng.normal(0, 1.5) > 0
        mask: Mask = (b.cortex | b.lobar) & box & wavy & b.half(side)
        return mask

    def foci(self, n: int, where: Mask, low: float, high: float) -> Mask:
        """Return balls (radius from low to high, mm) around random voxels of a mask."""
        points = self.brain.points(where)
        out = np.zeros_like(self.brain.lobar)
        for point in points[self.rng.integers(len(points), size=n)]:
            out |= self.brain.blob(tuple(point), (self.rng.uniform(low, high),) * 3, 1) > 0
        return out & (self.brain.labels > 0)


@dataclass(frozen=True)
class Kind:
    """A presentation: what a reader says, may say, must name, how severe; how it is drawn."""

    right: str
    also: str
    must: str
    severity: str
    draw: Callable[[Hand], Mask]


def pvl(h: Hand, mm: float, other: float = 1, *where: str) -> Mask:
    places = where or ("trigone",)
    return h.rim(h.side, mm, *places) | h.rim(-h.side, mm * other, *places)


def thalami(h: Hand, r: float = 5, side: int = 0) -> Mask:
    return h.part("thalamus", (14, -18, 7), r, side)


def putamina(h: Hand, r: float = 5, side: int = 0) -> Mask:
    return h.part("putamen", (29, -9, 3), r, side)


def core(h: Hand, r: float = 5) -> Mask:
    return thalami(h, r) | putamina(h, r)


def roland(h: Hand) -> Mask:
    return h.outer(h.both((40, -20, 54), (12, 12, 14)), 12)


def mca(h: Hand, side: int, low: Point = (0, -110, -60), high: Point = (90, 90, 90)) -> Mask:
    return h.artery(side, mca_mm(h.brain), low, high)


def striatum(h: Hand, side: int) -> Mask:
    b = h.brain
    inside: Mask = b.of(*PARTS["putamen"], "caudate", side=side) & (h.brain.z > -6)
    return inside | (h.ball((24, 2, 12), (5, 12, 7), side) & ~b.cortex)


def watershed(h: Hand, front: bool = True, back: bool = True, other: float = 1) -> Mask:
    out = np.zeros_like(h.brain.lobar)
    if front:
        out |= h.both((27, 26, 48), (9, 20, 15), other)
    if back:
        out |= h.both((31, -68, 40), (13, 14, 16), other)
    return h.outer(out)


def multicystic(h: Hand) -> Mask:
    b = h.brain
    shell = (b.from_ventricle > 7) & b.lobar & (b.z > -15)
    mask: Mask = (shell | (b.cortex & (b.z > 0))) & (b.noise(h.rng, 6) > -0.5)
    return mask


def cerebellum(h: Hand, r: float = 14) -> Mask:
    return h.ball((26, -64, -36), r) & (h.brain.z < -12) & ~h.brain.cortex


def branch(h: Hand, y: float = -20, z: float = 30, r: float = 15, side: int = 0) -> Mask:
    return h.outer(h.ball((52, y, z), r, side or h.side))


KINDS: dict[str, Kind] = {
    # the preterm's white matter
    "trigonesMild": Kind("B1", "n/a", "n/a", "mild", lambda h: pvl(h, 5)),
    "trigonesAndFrontMild": Kind("B1", "n/a", "n/a", "n/a", lambda h: pvl(h, 4.5, 0.9, "trigone", "front")),
    "confluentWhole": Kind("B1", "n/a", "n/a", "not mild", lambda h: pvl(h, 14, 1, "trigone", "body", "front")),
    "confluentUneven": Kind("B1", "B3", "n/a", "n/a", lambda h: pvl(h, 13, 0.65, "trigone", "body")),
    "trigonesUneven": Kind("B1", "B2/B3", "n/a", "n/a", lambda h: pvl(h, 8, 0.4)),
    "oneTrigone": Kind("B1", "B2", "n/a", "n/a", lambda h: h.rim(h.side, 6, "trigone")),
    "cystsBoth": Kind("B1", "n/a", "n/a", "n/a", lambda h: h.foci(14, pvl(h, 9, 1, "trigone", "body"), 2, 4)),
    "punctateBoth": Kind(
        "B1", "D", "n/a", "n/a",
        lambda h: h.foci(12, h.white(h.both((26, -12, 30), (6, 26, 8))), 1.3, 2.2),
    ),
    "opticRadiations": Kind("B1", "D", "n/a", "n/a", lambda h: h.white(h.both((30, -66, 6), (5, 16, 5)))),
    # venous infarcts
    "venousLarge": Kind("B2", "n/a", "n/a", "n/a", lambda h: h.fan(h.side, -5, 28)),
    "venousSmall": Kind("B2", "B1", "n/a", "n/a", lambda h: h.fan(h.side, -10, 14, 0.4)),
    "venousFrontal": Kind("B2", "B1", "n/a", "n/a", lambda h: h.fan(h.side, 22, 22)),
    "venousTrigone": Kind("B2", "B1", "n/a", "n/a", lambda h: h.fan(h.side, -42, 24)),
    "venousBoth": Kind("B2/B1", "B3", "n/a", "n/a", lambda h: h.fan(1, -5, 24) | h.fan(-1, -8, 24)),
    "venousBothFrontal": Kind("B2/B1", "B3", "n/a", "n/a", lambda h: h.fan(1, 22, 22) | h.fan(-1, 20, 20)),
    "venousBothUneven": Kind("B2", "B1/B3", "n/a", "n/a", lambda h: h.fan(h.side, -5, 28) | h.fan(-h.side, -8, 14)),
    "venousWithCaudate": Kind(
        "B2", "n/a", "n/a", "n/a",
        lambda h: h.fan(h.side, 5, 28) | (h.ball((14, 4, 16), (5, 12, 6)) & ~h.brain.cortex),
    ),
    "porencephalyToPia": Kind(
        "B2/C3", "n/a", "n/a", "n/a", lambda h: h.fan(h.side, -15, 28) | h.outer(h.ball((46, -18, 42), 12), 30)
    ),
    "venousAndPvl": Kind("B3", "B1/B2", "n/a", "n/a", lambda h: h.fan(h.side, -5, 26) | pvl(h, 6)),
    "venousAndSevereAroundBoth": Kind(
        "B3", "B1", "n/a", "n/a", lambda h: h.fan(h.side, 0, 28) | pvl(h, 9, 0.9, "trigone", "body")
    ),
    # central grey matter
    "thalamiVL": Kind("C1", "n/a", "n/a", "mild", lambda h: thalami(h, 4.5)),
    "putaminaPosterior": Kind("C1", "n/a", "n/a", "mild", lambda h: putamina(h, 4)),
    "putaminaWhole": Kind("C1", "n/a", "n/a", "n/a", lambda h: h.brain.of(*PARTS["putamen"])),
    "core": Kind("C1", "n/a", "n/a", "moderate", lambda h: core(h, 4.5)),
    "coreUneven": Kind(
        "C1", "C3", "n/a", "n/a",
        lambda h: thalami(h, 6, h.side) | putamina(h, 6, h.side) | thalami(h, 3.5, -h.side) | putamina(h, 3.5, -h.side),
    ),
    "coreOneSide": Kind("C1/C3/D", "B2", "n/a", "n/a", lambda h: thalami(h, 6, h.side) | putamina(h, 6, h.side)),
    "coreAndRoland": Kind("C1", "n/a", "n/a", "moderate or severe", lambda h: core(h, 5) | roland(h)),
    "coreFull": Kind(
        "C1", "n/a", "n/a", "severe",
        lambda h: h.brain.of(*PARTS["thalamus"], *PARTS["putamen"], "pallidum", "caudate", "hippocampus") | roland(h),
    ),
    "pallidi": Kind("C1", "D", "n/a", "n/a", lambda h: h.part("pallidum", (19, -5, 0), (4, 7, 5))),
    "capsulesBoth": Kind("C1", "B1/D", "n/a", "n/a", lambda h: h.both((22, -12, 8), (3, 7, 7)) & ~h.brain.cortex),
    "coreAndPvl": Kind("B1/C1", "n/a", "B1+C1", "n/a", lambda h: core(h, 5.5) | pvl(h, 7)),
    "coreAndSmallWatershed": Kind(
        "C1", "C2", "n/a", "n/a", lambda h: core(h, 7) | h.outer(h.both((28, 26, 48), 7), 8)
    ),
    # cortex and border zones
    "watershed": Kind("C2", "n/a", "n/a", "n/a", watershed),
    "watershedFront": Kind("C2", "n/a", "n/a", "n/a", lambda h: watershed(h, back=False)),
    "watershedBack": Kind("C2", "n/a", "n/a", "n/a", lambda h: watershed(h, front=False)),
    "watershedUneven": Kind("C2", "n/a", "n/a", "n/a", lambda h: watershed(h, other=0.6)),
    "watershedOneSide": Kind("C2/C3", "n/a", "n/a", "n/a", lambda h: watershed(h) & h.half(h.side)),
    "watershedAndCore": Kind("C1/C2", "n/a", "C1+C2", "n/a", lambda h: watershed(h) | core(h, 7)),
    "watershedAndPvl": Kind("B1/C2", "n/a", "B1+C2", "n/a", lambda h: watershed(h) | pvl(h, 7)),
    "multicystic": Kind("C2", "n/a", "n/a", "n/a", multicystic),
    "multicysticAndCore": Kind("C1/C2", "n/a", "C1+C2", "n/a", lambda h: multicystic(h) | core(h, 9)),
    "occipitalBoth": Kind("C2", "C3/D", "n/a", "n/a", lambda h: h.outer(h.both((20, -86, 6), (16, 14, 16)))),
    # arteries
    "mcaWhole": Kind("C3", "n/a", "n/a", "n/a", lambda h: mca(h, h.side) | striatum(h, h.side)),
    "mcaSuperior": Kind("C3", "n/a", "n/a", "n/a", lambda h: mca(h, h.side, (25, -35, 0), (90, 50, 60))),
    "mcaInferior": Kind("C3", "n/a", "n/a", "n/a", lambda h: mca(h, h.side, (28, -75, -25), (90, -15, 25))),
    "mcaBranch": Kind("C3", "C2", "n/a", "n/a", branch),
    "mcaBoth": Kind("C3", "C2", "n/a", "n/a", lambda h: mca(h, 1) | mca(h, -1) | striatum(h, h.side)),
    "mcaBothPart": Kind(
        "C3", "C2", "n/a", "n/a",
        lambda h: mca(h, h.side, (22, -40, -5), (90, 40, 55)) | mca(h, -h.side, (25, -60, -5), (90, 5, 45)),
    ),
    "mcaAndBranchOpposite": Kind(
        "C3", "C2", "n/a", "n/a", lambda h: mca(h, h.side) | branch(h, -30, 28, 12, -h.side)
    ),
    "carotid": Kind(
        "C3", "n/a", "n/a", "n/a",
        lambda h: mca(h, h.side) | h.artery(h.side, aca_mm(h.brain)) | striatum(h, h.side),
    ),
    "acaOne": Kind("C3", "n/a", "n/a", "n/a", lambda h: h.artery(h.side, aca_mm(h.brain), (0, -40, -15))),
    "pcaOne": Kind("C3", "n/a", "n/a", "n/a", lambda h: h.artery(h.side, pca_mm(h.brain))),
    "lenticulostriate": Kind("C3", "C1", "n/a", "n/a", lambda h: striatum(h, h.side)),
    "mcaAndPvl": Kind("B1/C3", "n/a", "B1+C3", "n/a", lambda h: mca(h, h.side) | pvl(h, 6)),
    "branchAndPvlOpposite": Kind(
        "B1/C3", "n/a", "B1+C3", "n/a", lambda h: branch(h) | h.rim(-h.side, 7, "trigone", "body")
    ),
    "branchAndPvl": Kind("B1/C3", "C2", "B1+C3", "n/a", lambda h: branch(h) | pvl(h, 5)),
    # what is not one of these
    "temporalScar": Kind("C3/D", "C2", "n/a", "n/a", lambda h: h.outer(h.ball((48, 2, -26), (13, 18, 11)))),
    "frontobasal": Kind("D", "C2/C3", "n/a", "n/a", lambda h: h.outer(h.both((20, 40, -18), (13, 16, 8)))),
    "cerebellumOne": Kind("D", "n/a", "n/a", "n/a", cerebellum),
    "cerebellumAndPvl": Kind("B1", "D", "B1+D", "n/a", lambda h: cerebellum(h) | pvl(h, 6)),
    "pons": Kind("D", "n/a", "n/a", "n/a", lambda h: h.ball((4, -28, -32), 6)),
    "callosum": Kind("D", "B1", "n/a", "n/a", lambda h: h.ball((0, -38, 14), (10, 8, 6)) & ~h.brain.cortex),
    "leukodystrophy": Kind(
        "D", "B1", "n/a", "n/a", lambda h: h.brain.lobar & (h.brain.noise(h.rng, 14) > -1.8) & (h.brain.z > -20)
    ),
    "scatteredFoci": Kind(
        "D", "C2/C3", "n/a", "n/a", lambda h: h.foci(35, (h.brain.cortex | h.brain.lobar) & (h.brain.z > -10), 2, 4)
    ),
    "oneWhiteSpot": Kind(
        "D", "B1/C2", "n/a", "n/a", lambda h: h.white(h.ball((34, float(h.rng.uniform(-30, 30)), 34), 3))
    ),
    "oneCorticalSpot": Kind(
        "C2/C3/D", "n/a", "n/a", "n/a", lambda h: h.outer(h.ball((44, float(h.rng.uniform(10, 35)), 26), 4))
    ),
}  # fmt: skip


def draw(
    folder: Path, seed: int, variants: int, brain: Brain, kinds: Mapping[str, Kind] = MappingProxyType(KINDS)
) -> None:
    """Write masks/ and expected.tsv."""
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for name, kind in kinds.items():
        for variant in range(variants):
            rng = np.random.default_rng([seed, variant, *name.encode()])
            hand = Hand(brain, rng, int(rng.choice((-1, 1))), float(rng.uniform(0.85, 1.15)))
            mask = kind.draw(hand)
            label = f"sub-{name}{seed}{'abcdefgh'[variant]}"
            write_image(folder / "masks" / f"{label}_mask.nii.gz", Image(mask.astype(np.uint8), brain.affine))
            rows.append(
                {
                    "participant_id": label, "volume_ml": round(float(mask.sum()) / 1000, 2), "mrics": kind.right,
                    "also_defensible": kind.also, "must_name": kind.must, "severity": kind.severity,
                    "dominance": "n/a",
                }
            )  # fmt: skip
    write_text(folder / "expected.tsv", pd.DataFrame(rows).to_csv(sep="\t", index=False))


def main(title: str, kinds: Mapping[str, Kind], out: Path) -> None:
    """Draw kinds as the command line says, and call them."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--variants", type=int, default=2, help="how many of each kind, at most 8")
    parser.add_argument("--moved", action="store_true", help="also mirrored and moved masks")
    chosen = parser.parse_args()
    data = out / f"seed{chosen.seed}"
    draw(data, chosen.seed, chosen.variants, load_brain(), kinds)
    found = textbook.report(data)
    if chosen.moved:
        textbook.report_moved(data, found)


if __name__ == "__main__":
    main(__doc__.splitlines()[0], KINDS, OUT)
