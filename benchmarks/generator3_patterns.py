"""What is seen on MRI in cerebral palsy: each presentation draws its lesion and says its own truth.

The truth is the MRICS class a reader would give (Himmelmann 2017); `also` lists what another might.
Sizes, extents and asymmetries are random within what such presentations show; the numbers are ours [D].
"""

from dataclasses import dataclass

import numpy as np
from generator3_anatomy import Brain, Mask, aca_mm, irregular, mca_mm, pca_mm, spot, territory

Rng = np.random.Generator


@dataclass(frozen=True)
class Truth:
    """A reader's call. also, second: subgroups; laterality: left, right, both; "" where none applies."""

    presentation: str
    subgroup: str
    also: tuple[str, ...] = ()
    laterality: str = "both"
    severity: str = ""
    second: str = ""  # the other pattern of a mixed case


Drawn = tuple[Mask, Truth]


def _side(rng: Rng) -> int:
    return int(rng.choice([-1, 1]))


def _word(side: int) -> str:
    return "right" if side > 0 else "left"


# White matter of the preterm


def _pvl(brain: Brain, rng: Rng, side: int, reach_mm: float, weights: tuple[float, float, float]) -> Mask:
    """Gliosis along the lateral ventricle: reach times weight at trigone, body and frontal horn."""
    along = sum(
        w * np.exp(-(((brain.y - y) / sd) ** 2) / 2)
        for w, y, sd in zip(weights, (-46, -14, 24), (13, 14, 9), strict=True)
    )
    reach = reach_mm * np.minimum(along, 1) * (1 + 0.45 * brain.noise(rng, 6))
    place = brain.lobar & brain.half(side) & (brain.z > -4) & (np.abs(brain.x) > 6)
    mask: Mask = place & (brain.from_ventricle < reach) & (brain.from_cortex > 1.5)
    return mask


def _cysts(brain: Brain, rng: Rng, side: int, n: int) -> Mask:
    near = (brain.from_ventricle > 2) & (brain.from_ventricle < 9) & (brain.z > 2)
    zone = near & ((brain.y < -30) | (brain.y > 12) | (brain.z > 22)) & brain.lobar & brain.half(side)
    mask = np.zeros_like(zone)
    for _ in range(n):
        mask |= spot(brain, rng, zone, 2.0, 5.5)
    return mask & ~brain.ventricle & ~brain.cortex & ~brain.deep


def pvl_mild(brain: Brain, rng: Rng) -> Drawn:
    weights = (1.0, rng.uniform(0, 0.5), rng.uniform(0, 0.6))
    mask = np.zeros_like(brain.lobar)
    for side in (1, -1):
        mask |= _pvl(brain, rng, side, rng.uniform(3.0, 5.0), weights)
    return mask, Truth("PVL, mild gliosis at the trigones", "B1", severity="mild")


def pvl_severe(brain: Brain, rng: Rng) -> Drawn:
    weights = (1.0, rng.uniform(0.5, 1.0), rng.uniform(0.4, 1.0))
    reach = rng.uniform(8, 15)
    mask = np.zeros_like(brain.lobar)
    for side in (1, -1):
        mask |= _pvl(brain, rng, side, reach * rng.uniform(0.85, 1.15), weights)
    return mask, Truth("PVL, extensive", "B1", severity="severe")


def pvl_cystic(brain: Brain, rng: Rng) -> Drawn:
    mask = np.zeros_like(brain.lobar)
    rim = rng.uniform(0, 5)
    for side in (1, -1):
        mask |= _cysts(brain, rng, side, int(rng.integers(3, 9)))
        mask |= _pvl(brain, rng, side, rim, (1.0, 0.5, 0.5))
    return mask, Truth("PVL, cystic", "B1", severity="severe")


def pvl_asymmetric(brain: Brain, rng: Rng) -> Drawn:
    side, more, share = _side(rng), rng.uniform(6, 12), rng.uniform(0.35, 0.65)
    weights = (1.0, rng.uniform(0.3, 0.9), rng.uniform(0, 0.8))
    mask = _pvl(brain, rng, side, more, weights) | _pvl(brain, rng, -side, more * share, weights)
    also = ("B3", "B2") if share < 0.45 else ("B3",)
    return mask, Truth("PVL, clearly asymmetric", "B1", also)


def _fan(brain: Brain, rng: Rng, side: int, length_mm: float, y: float) -> Mask:
    """Venous infarct: a fan from the dorsolateral wall of the ventricle; cortex and deep grey spared."""
    wall = brain.lobar & (brain.from_ventricle < 2.5) & (brain.z > 8) & (np.abs(brain.y - y) < 4)
    points = brain.points(wall & brain.half(side))
    points = points[points[:, 2] >= np.quantile(points[:, 2], 0.4)]
    apex = points[rng.integers(len(points))]
    up, ahead = np.deg2rad(rng.uniform(30, 65)), rng.normal(0, 0.25)
    course = np.array([np.cos(up), ahead, np.sin(up)]) / np.hypot(1, ahead)
    dx, dy, dz = brain.x * side - apex[0] * side, brain.y - apex[1], brain.z - apex[2]
    depth = dx * course[0] + dy * course[1] + dz * course[2]
    across = np.sqrt(np.maximum(dx**2 + (dy / rng.uniform(1.1, 1.9)) ** 2 + dz**2 - depth**2, 0))
    width = rng.uniform(3, 6) + np.clip(depth, 0, None) * np.tan(np.deg2rad(rng.uniform(18, 35)))
    field = np.minimum(np.minimum(width - across, depth + 5), length_mm - depth).astype(np.float32)
    place = brain.lobar & (brain.from_cortex > rng.uniform(1, 4)) & brain.half(side)
    mask = place & irregular(brain, rng, field)
    if rng.random() < 0.4:  # a porencephaly: the widened ventricle belongs to what is drawn
        mask |= brain.ventricle & brain.half(side) & (field > -6)
    return mask


def pvi_one(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    mask = _fan(brain, rng, side, rng.uniform(9, 32), rng.uniform(-45, 18))
    return mask, Truth("periventricular venous infarct, one side", "B2", laterality=_word(side))


def pvi_both(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    mask = _fan(brain, rng, side, rng.uniform(16, 32), rng.uniform(-15, 16))
    mask |= _fan(brain, rng, -side, rng.uniform(8, 20), rng.uniform(-40, 10))
    return mask, Truth("periventricular venous infarcts, both sides", "B2", ("B3", "B1"))


def pvi_with_pvl(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    mask = _fan(brain, rng, side, rng.uniform(18, 32), rng.uniform(-10, 16))
    for s in (1, -1):
        mask |= _pvl(brain, rng, s, rng.uniform(4.5, 9), (1.0, 0.4, 0.2))
    return mask, Truth("venous infarct of one side with PVL of both", "B3", ("B1", "B2"))


# Deep grey matter


def _core(brain: Brain, rng: Rng, side: int, thalamus_mm: float, putamen_mm: float) -> Mask:
    """Ventrolateral thalamus and dorsal posterior putamen; 0 leaves one out. The capsule may share."""
    place = brain.deep | brain.of("plic", "external_capsule")
    mask = np.zeros_like(brain.deep)
    for centre, mm in (((15, -17, 7), thalamus_mm), ((29, -9, 4), putamen_mm)):
        if mm:
            where = tuple(c + rng.normal(0, 1) for c in centre)
            radii = (mm * 0.8, mm * rng.uniform(1, 1.5), mm)
            mask |= place & irregular(brain, rng, brain.blob(where, radii, side), 1.0)
    return mask


def _rolandic(brain: Brain, rng: Rng, side: int, mm: float) -> Mask:
    """Cortex of both banks of the central sulcus at the height of the hand, and the white matter below."""
    field = brain.blob((34, -22, 54), (mm, mm * 0.8, mm), side)
    place = brain.of("perirolandic") | (brain.lobar & (brain.from_cortex < 5))
    return place & irregular(brain, rng, field)


def _bgt(brain: Brain, rng: Rng, sizes: tuple[float, float]) -> Mask:
    mask = np.zeros_like(brain.deep)
    for side in (1, -1):
        mask |= _core(brain, rng, side, *(mm * rng.uniform(0.85, 1.15) for mm in sizes))
    return mask


def bgt_mild(brain: Brain, rng: Rng) -> Drawn:
    size = rng.uniform(3.0, 5.0)
    thalamus = rng.random() < 0.6
    name = "ventrolateral thalami alone" if thalamus else "posterior putamina alone"
    mask = _bgt(brain, rng, (size, 0) if thalamus else (0, size))
    return mask, Truth(f"basal ganglia–thalamus injury, {name}", "C1", severity="mild")


def bgt_moderate(brain: Brain, rng: Rng) -> Drawn:
    mask = _bgt(brain, rng, (rng.uniform(3.5, 6), rng.uniform(3.5, 6)))
    if rng.random() < 0.3:
        mask |= brain.of("plic") & (brain.z > 0) & (brain.noise(rng, 6) > 0.3)
    return mask, Truth("basal ganglia–thalamus injury, thalami and putamina", "C1", severity="moderate")


def bgt_severe(brain: Brain, rng: Rng) -> Drawn:
    mask = _bgt(brain, rng, (rng.uniform(6, 10), rng.uniform(6, 10)))
    more = {"pallidum": 0.7, "caudate": 0.6, "hippocampus": 0.6, "putamen": 0.7}
    for structure in [name for name, p in more.items() if rng.random() < p]:
        mask |= brain.of(structure) & (brain.noise(rng, 6) > -0.5)
    if rng.random() < 0.7:
        size = rng.uniform(8, 14)
        mask |= _rolandic(brain, rng, 1, size) | _rolandic(brain, rng, -1, size)
    if rng.random() < 0.4:
        for side in (1, -1):
            mask |= brain.blob((4, -36, -22), (4, 4, 12), side) > 0
    return mask, Truth("basal ganglia–thalamus injury, severe, with more", "C1", severity="severe")


def kernicterus(brain: Brain, rng: Rng) -> Drawn:
    mask = brain.of("pallidum") & (brain.noise(rng, 6) > -1.2)
    if rng.random() < 0.5:
        mask |= brain.of("subthalamic_nucleus")
    return mask, Truth("both pallida (kernicterus)", "C1", ("D",))


# Cortex and border zones


def _border(brain: Brain, rng: Rng, side: int, mm: float, parts: str) -> Mask:
    """Cortex and subcortical white matter along the border zones: "front", "back" or "all" of it."""
    distance = {"front": brain.from_anterior_border, "back": brain.from_posterior_border}
    near = distance.get(parts, np.minimum(brain.from_anterior_border, brain.from_posterior_border))
    field = mm - near + rng.uniform(1.5, 3.5) * brain.noise(rng, 14)
    place = (brain.cortex | (brain.lobar & (brain.from_cortex < 9))) & ~brain.of("insula", "cingulate")
    return place & brain.half(side) & irregular(brain, rng, field)


def watershed_both(brain: Brain, rng: Rng) -> Drawn:
    parts, mm = str(rng.choice(["front", "back", "all", "all"])), rng.uniform(7, 14)
    mask = _border(brain, rng, 1, mm, parts) | _border(brain, rng, -1, mm * rng.uniform(0.75, 1.2), parts)
    return mask, Truth(f"parasagittal watershed, both sides ({parts})", "C2")


def watershed_one(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    mask = _border(brain, rng, side, rng.uniform(8, 13), "all")
    return mask, Truth("watershed, one side", "C2", ("C3",), _word(side))


def ulegyria(brain: Brain, rng: Rng) -> Drawn:
    place = brain.cortex | (brain.lobar & (brain.from_cortex < 6))
    mask = np.zeros_like(place)
    for side in (1, -1):
        radii = tuple(rng.uniform(13, 20, 3))
        mask |= place & irregular(brain, rng, brain.blob((32, -72, 26), radii, side), 3)
    return mask, Truth("parieto-occipital ulegyria, both sides", "C2")


def multicystic(brain: Brain, rng: Rng) -> Drawn:
    share = rng.uniform(-0.6, 0.4)
    place = (brain.cortex | brain.lobar) & (brain.z > -25)
    mask = place & (brain.noise(rng, 14) * 0.7 + brain.noise(rng, 6) * 0.7 > share)
    return mask, Truth("multicystic encephalomalacia", "C2", severity="severe")


def rolandic_alone(brain: Brain, rng: Rng) -> Drawn:
    size = rng.uniform(9, 15)
    mask = _rolandic(brain, rng, 1, size) | _rolandic(brain, rng, -1, size)
    return mask, Truth("perirolandic cortex of both sides alone", "C2", ("C1",))


# Arteries


def _lenticulostriate(brain: Brain, rng: Rng, side: int) -> Mask:
    names = ("putamen", "putamen_posterior", "caudate", "plic", "external_capsule")
    place = brain.of(*names, side=side) & (brain.z > -8) & (brain.y < 16)
    return place & (brain.noise(rng, 6) > -1.1)


def _trunk(brain: Brain, rng: Rng, side: int, deep: bool) -> Mask:
    field = mca_mm(brain)
    if rng.random() < 0.5:  # collaterals saved its margin
        field = np.minimum(field - rng.uniform(0, 8), brain.blob((48, -12, 14), (44, 52, 46), side))
    mask = territory(brain, rng, side, field)
    return mask | _lenticulostriate(brain, rng, side) if deep else mask


def mca_trunk(brain: Brain, rng: Rng) -> Drawn:
    side, deep = _side(rng), bool(rng.random() < 0.7)
    mask = _trunk(brain, rng, side, deep)
    if deep and rng.random() < 0.25:  # the tract below it
        mask |= brain.of("midbrain", side=side) & (brain.blob((14, -17, -14), (4, 4, 6), side) > 0)
    name = "with" if deep else "without"
    return mask, Truth(f"MCA trunk infarct {name} basal ganglia", "C3", laterality=_word(side))


def mca_branch(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    centres = {"frontal": (46, 18, 22), "parietal": (50, -38, 36), "temporal": (56, -32, 2)}
    name = str(rng.choice(list(centres)))
    wedge = brain.blob(centres[name], tuple(rng.uniform(14, 26, 3)), side)
    mask = territory(brain, rng, side, np.minimum(mca_mm(brain), wedge))
    return mask, Truth(f"MCA branch infarct, {name}", "C3", ("C2",), _word(side))


def lenticulostriate(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    return _lenticulostriate(brain, rng, side), Truth("lenticulostriate infarct", "C3", ("C1",), _word(side))


def aca(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    field = np.minimum(aca_mm(brain), brain.y + rng.uniform(-30, 58))
    return territory(brain, rng, side, field), Truth("ACA infarct", "C3", laterality=_word(side))


def pca(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    field = np.minimum(pca_mm(brain), rng.uniform(-45, -10) - brain.y)
    mask = territory(brain, rng, side, field)
    if rng.random() < 0.3:
        mask |= _core(brain, rng, side, rng.uniform(4, 7), 0)
    return mask, Truth("PCA infarct", "C3", laterality=_word(side))


def arteries_both(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    mask = _trunk(brain, rng, side, bool(rng.random() < 0.5))
    if rng.random() < 0.6:
        mask |= _trunk(brain, rng, -side, bool(rng.random() < 0.5))
        return mask, Truth("MCA infarcts of both sides", "C3", ("C2",))
    mask |= territory(brain, rng, -side, np.minimum(pca_mm(brain), -35 - brain.y))
    return mask, Truth("MCA infarct of one side, PCA of the other", "C3")


# Elsewhere


def cerebellum(brain: Brain, rng: Rng) -> Drawn:
    tissue = brain.of("cerebellum_cortex", "cerebellum_white_matter", "dentate")
    sides = [(1,), (-1,), (1, -1), (1, -1)][rng.integers(4)]
    mask = np.zeros_like(tissue)
    for side in sides:
        radii = tuple(rng.uniform(10, 22, 3))
        mask |= tissue & irregular(brain, rng, brain.blob((26, -62, -42), radii, side), 3)
    word = "both" if len(sides) == 2 else _word(sides[0])
    return mask, Truth("cerebellar lesion alone", "D", laterality=word)


def brainstem(brain: Brain, rng: Rng) -> Drawn:
    tissue = brain.of("pons", "midbrain", "cranial_nerve_tegmentum", "raphe")
    where = (rng.normal(0, 3), rng.uniform(-32, -24), rng.uniform(-38, -14))
    field = brain.blob(where, tuple(rng.uniform(4, 8, 3)), 1)
    return tissue & irregular(brain, rng, field, 1), Truth("brainstem lesion alone", "D", laterality="")


def scattered(brain: Brain, rng: Rng) -> Drawn:
    place = brain.lobar & (brain.from_ventricle > 10) & (brain.from_cortex > 2)
    mask = np.zeros_like(place)
    for _ in range(int(rng.integers(3, 9))):
        mask |= spot(brain, rng, place, 1.8, 3.2)
    return mask, Truth("scattered spots of the deep white matter, unspecific", "D", ("E", "n/a"), "")


def lobar_scar(brain: Brain, rng: Rng) -> Drawn:
    side = _side(rng)
    centre = [(34, 36, 14), (46, -24, -16), (32, -56, 40)][rng.integers(3)]
    field = brain.blob(centre, tuple(rng.uniform(6, 11, 3)), side)
    mask = brain.lobar & (brain.from_ventricle > 5) & irregular(brain, rng, field)
    return mask, Truth("scar of a lobar haemorrhage", "D", ("C3", "C2", "n/a"), _word(side))


def contusions(brain: Brain, rng: Rng) -> Drawn:
    mask = np.zeros_like(brain.cortex)
    for side in (1, -1):
        for centre in ((20, 48, -14), (40, 14, -34)):
            field = brain.blob(centre, tuple(rng.uniform(6, 12, 3)), side)
            mask |= (brain.cortex | (brain.lobar & (brain.from_cortex < 5))) & irregular(brain, rng, field)
    return mask, Truth("frontobasal and temporopolar contusions", "D", ("C2", "n/a"))


def no_lesion(brain: Brain, rng: Rng) -> Drawn:
    return np.zeros_like(brain.lobar), Truth("no lesion", "E", laterality="")


# Two patterns in one child


PAIRS = [
    (pvl_severe, bgt_moderate), (bgt_severe, watershed_both), (mca_trunk, pvl_mild), (mca_branch, pvi_one),
    (bgt_severe, pvl_mild), (watershed_both, bgt_moderate), (pvl_severe, cerebellum), (bgt_moderate, pvi_one),
]  # fmt: skip


def mixed(brain: Brain, rng: Rng) -> Drawn:
    """Two patterns; the first is the one that a reader would put first."""
    first, other = PAIRS[rng.integers(len(PAIRS))]
    (mask, truth), (more, second) = first(brain, rng), other(brain, rng)
    return mask | more, Truth(
        f"{truth.presentation} + {second.presentation}",
        truth.subgroup,
        tuple({second.subgroup} - {truth.subgroup}),
        truth.laterality if truth.laterality == second.laterality else "both",
        second=second.subgroup,
    )


PRESENTATIONS = {
    pvl_mild: 10, pvl_severe: 8, pvl_cystic: 5, pvl_asymmetric: 6, pvi_one: 10, pvi_both: 4, pvi_with_pvl: 5,
    bgt_mild: 5, bgt_moderate: 6, bgt_severe: 6, kernicterus: 2, watershed_both: 7, watershed_one: 1,
    ulegyria: 2, multicystic: 3, rolandic_alone: 2, mca_trunk: 6, mca_branch: 5, lenticulostriate: 3, aca: 2,
    pca: 3, arteries_both: 3, cerebellum: 3, brainstem: 2, scattered: 3, lobar_scar: 2, contusions: 1,
    no_lesion: 4, mixed: 11,
}  # fmt: skip
"""How many of each in 130 or so: near the shares of registers, rare ones more often [D]."""
