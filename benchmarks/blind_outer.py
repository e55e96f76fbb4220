"""Masks of `blind` in border zones, arteries, and what is no pattern of cerebral palsy: what each case draws.

What it shows stands in blind_expected.tsv. The order of the drawings is part of them: each takes noise from
one source. Figures are mm of MNI152NLin2009aSym; territories are half-spaces drawn by hand.
"""

import numpy as np
from blind_shapes import CALLOSUM, CAPSULES, PUTAMEN, THALAMUS, VULNERABLE, Draw, Hand, Mask, Point, both

FRONT: list[Point] = [(23, -6, 62), (25, 14, 56), (24, 32, 44), (22, 48, 28)]
BACK: list[Point] = [(26, -50, 62), (30, -66, 50), (34, -78, 32), (32, -88, 16)]
BETWEEN: list[Point] = [(24, -6, 62), (26, -28, 64), (26, -50, 62)]
"""Courses of the border zones on the convexity, by hand."""


def zone(h: Hand, side: int, line: list[Point], radius: float) -> Mask:
    """Return a border zone: cortex, and white matter under it, within a radius of a line."""
    near_line = h.tube([(side * x, y, z) for x, y, z in line], radius)
    return near_line & h.half(side) & h.under(7) & (h.from_ventricle > 7)


def central_grey_and_zones(h: Hand) -> Mask:
    deep = h.of(*VULNERABLE) | both(lambda s: h.ball((s * 26, -2, 2), (4, 7, 6)) & h.of("putamen"))
    zones = both(lambda s: zone(h, s, FRONT, 8.5) | zone(h, s, BACK, 10))
    return h.outline(deep) | h.outline(zones)


def zones_in_front(h: Hand) -> Mask:
    return h.outline(zone(h, 1, FRONT, 9.5) | zone(h, -1, FRONT, 8))


def zones_behind(h: Hand) -> Mask:
    return h.outline(zone(h, 1, BACK, 9) | zone(h, -1, BACK, 11))


def zones_of_one_side(h: Hand) -> Mask:
    return h.outline(zone(h, 1, FRONT, 9) | zone(h, 1, BACK, 10) | zone(h, 1, BETWEEN, 5))


def multicystic(h: Hand) -> Mask:
    mask = h.white | (h.cortex & (h.noise(4) > -0.7))
    mask &= h.y > -60 + 9 * h.noise(7)
    mask &= h.z > 0 + 7 * h.noise(7)
    mask &= (h.from_ventricle > 3.5) & (h.noise(3) > -0.9) & ~h.of("insula")
    return h.outline(mask, 0.45)


def occipital_lobes(h: Hand) -> Mask:
    mask = h.ball((22, -82, 8), (17, 16, 20), 0, 0.2) & h.half(1) & (h.from_cortex < 4)
    mask |= h.ball((-25, -78, 12), (22, 22, 26), 0, 0.2) & h.half(-1) & (h.from_cortex < 7)
    return h.outline(mask & (h.cortex | h.white))


def white_matter_below_cortex_behind(h: Hand) -> Mask:
    mask = both(
        lambda s: h.tube([(s * 30, -52, 46), (s * 32, -70, 34), (s * 30, -82, 18), (s * 26, -88, 4)], 11)
    )
    below = h.white & (h.from_cortex < 8)
    mask &= (below | (h.cortex & (h.noise(3) > 0.4))) & (h.from_ventricle > 7)
    front = both(lambda s: h.tube([(s * 26, 8, 54), (s * 26, 24, 46)], 6))
    return h.outline(mask | (front & h.white & (h.from_cortex < 6)))


def middle_cerebral_superior(h: Hand) -> Mask:
    mask = h.middle_cerebral(-1, -44, 44)
    mask &= h.z > 2 + 0.25 * np.clip(-h.y, 0, 60) + 5 * h.noise(6)
    return h.outline(mask | (h.of("insula", side=-1) & (h.z > -2)))


def middle_cerebral_inferior(h: Hand) -> Mask:
    low = h.z < 8 + 5 * h.noise(6) + 0.9 * np.clip(-h.y - 22, 0, 45)
    mask = h.middle_cerebral(1, -76, 6) & low & ~h.of("insula", "perirolandic", side=1)
    return h.outline(mask & (h.aside > 32 + 2 * h.noise(5)))


def carotid(h: Hand) -> Mask:
    anterior = h.half(1) & (h.aside < 32) & (h.y > -50 + 3 * h.noise(6))
    anterior &= h.z > np.where(h.y > 20, -20, 26)
    anterior &= (h.white | h.cortex | h.of(*CAPSULES)) & (h.from_ventricle > 4)
    anterior &= ~((h.y < 20) & (h.aside > 24) & (h.z < 40))
    deep = h.of(*PUTAMEN, "caudate", "pallidum", "external_capsule", "alic", side=1)
    deep |= h.of("plic", side=1) & (h.y > -14)
    outer = h.middle_cerebral(1) | anterior | h.of("insula", side=1)
    outer &= h.noise(4) > -2.2
    return h.outline(outer | (deep & (h.noise(3) > -1)))


def posterior_cerebral_and_thalamus(h: Hand) -> Mask:
    hemisphere = (h.white | h.cortex | h.of(*CAPSULES)) & h.half(1)
    outer = hemisphere & (h.y < -44 + 4 * h.noise(6))
    outer &= h.aside < 27 + 4 * h.noise(6)
    outer &= h.z < 26 + 0.1 * h.aside + 4 * h.noise(6)
    outer &= (h.z > -24) & (h.from_ventricle > 4)
    below = h.tube([(26, -78, -10), (30, -58, -12), (30, -42, -14)], 9) & hemisphere
    outer &= h.y < -56 + 5 * h.noise(6) + 0.4 * (h.aside - 15)
    drawn = h.outline(outer | below)
    return drawn | h.outline(h.ball((17, -24, 5), (5, 6, 5.5)) & h.of(*THALAMUS, side=1))


def anterior_cerebral_distal(h: Hand) -> Mask:
    mask = h.half(-1) & (h.cortex | h.white) & (h.aside < 15 + 3.5 * h.noise(5))
    mask &= h.y < 20 + 5 * h.noise(6)
    mask &= h.y > -34 + 5 * h.noise(6)
    mask &= h.z > 34 + 4 * h.noise(5)
    return h.outline(mask & (h.from_ventricle > 6))


def anterior_thalamus(h: Hand) -> Mask:
    return h.outline(h.ball((-10, -9, 7), (4.5, 6, 6)) & h.of(*THALAMUS, side=-1))


def lenticulostriate_comma(h: Hand) -> Mask:
    mask = h.ball((-26, 2, 4), (5.5, 11, 9), -8) & h.of(*PUTAMEN, "external_capsule", "alic", side=-1)
    mask |= h.ball((-23, 0, 20), (5, 13, 7), 0) & (h.white | h.of("plic", "alic", side=-1))
    mask |= h.ball((-16, 2, 20), (4, 10, 5)) & h.of("caudate", side=-1)
    return h.outline(mask & h.half(-1))


def rolandic_branch(h: Hand) -> Mask:
    strip = h.tube([(34, -22, 60), (44, -18, 50), (52, -12, 38)], 11.5)
    return h.outline(strip & h.under(10) & (h.from_ventricle > 8) & h.half(1))


def posterior_cerebral_both(h: Hand) -> Mask:
    def one(side: int) -> Mask:
        mask = h.half(side) & (h.cortex | h.white)
        mask = mask & (h.y < -58 + 5 * h.noise(6) + 0.4 * (h.aside - 15))
        mask &= h.aside < (24 if side > 0 else 28) + 4 * h.noise(6)
        mask &= h.z < 22 + 5 * h.noise(6)
        mask &= (h.z > -20) & (h.from_ventricle > 4)
        below = h.tube([(side * 26, -70, -10), (side * 29, -52, -12)], 7)
        return mask | (below & (h.white | h.cortex | h.of(*CAPSULES)) & h.half(side))

    thalami = both(lambda s: h.ball((s * 6, -16, 5), (3.5, 5, 4.5)) & h.of("thalamus"))
    return h.outline(both(one)) | h.outline(thalami)


def middle_cerebral_and_central_grey(h: Hand) -> Mask:
    branch = h.middle_cerebral(-1, -70, -8)
    branch &= h.z > 14 + 5 * h.noise(6)
    deep = h.of(*VULNERABLE) & (h.noise(3) > -1)
    deep |= both(lambda s: h.ball((s * 27, -4, 3), (4, 5, 5)) & h.of("putamen"))
    return h.outline(branch) | h.outline(deep)


def fan_and_opposite_branch(h: Hand) -> Mask:
    fan = h.ball((-28, -12, 30), (8, 18, 11), -5, 0.2) & (h.white | h.of(*CAPSULES)) & (h.from_cortex > 2)
    fan |= h.rim(-1, 3.5) & (h.y < 4) & (h.y > -28) & (h.z > 14)
    branch = h.tube([(56, -34, 20), (58, -46, 28), (50, -58, 34)], 13)
    branch &= h.under(8) & (h.from_ventricle > 10) & h.half(1)
    return h.outline(fan & h.half(-1)) | h.outline(branch)


def cerebellum(h: Hand) -> Mask:
    mask = h.ball((26, -62, -38), (13, 11, 9), 20, 0.22) | h.ball((12, -58, -34), (7, 6, 5))
    return h.outline(mask & h.tissue("cerebellum"))


PLAQUES: list[tuple[Point, Point, float]] = [
    ((22, -18, 28), (7, 2.6, 3), 10), ((25, 6, 25), (6, 2.5, 3), -10), ((-24, -10, 28), (7, 2.6, 2.8), -5),
    ((-26, 14, 22), (5, 2.4, 3), 15), ((-33, -38, 24), (6, 3, 3.5), 20), ((36, -46, 14), (5, 3, 3), -20),
    ((44, 22, 22), (3, 4, 3), 0), ((-36, 36, 14), (3, 3, 4), 0), ((-48, -38, 34), (3.5, 3, 3), 0),
    ((30, -66, 30), (3, 4, 3), 0), ((28, -2, 44), (3, 3.5, 3), 0), ((-42, -20, -14), (3, 4, 3), 0),
]  # fmt: skip
"""Centre, radii, and turn (degrees): beside the ventricles, then below the cortex."""


def plaques(h: Hand) -> Mask:
    callosum = h.of(*CALLOSUM)
    mask = np.zeros(h.brain.shape, bool)
    for centre, radii, turn in PLAQUES:
        mask |= h.ball(centre, radii, turn, 0.15, 2.5)
    mask &= h.white | callosum | h.of(*CAPSULES) | h.cortex
    mask |= h.ball((-20, -50, -32), (4, 4, 3)) & h.tissue("cerebellum")
    mask |= h.ball((6, -30, -32), (3, 2.6, 3)) & h.tissue("brainstem")
    mask |= h.ball((4, -8, 26), (4, 5, 2.5)) & callosum
    return h.outline(mask)


def contusions(h: Hand) -> Mask:
    orbital = both(lambda s: h.tube([(s * 14, 34, -20), (s * 22, 48, -14)], 9 if s > 0 else 6.5))
    poles = h.ball((42, 14, -32), (11, 9, 9), 0, 0.22) | h.ball((-40, 14, -34), (7, 6, 6), 0, 0.2)
    return h.outline((orbital & h.under(5)) | (poles & (h.cortex | h.white)))


def limbic_encephalitis(h: Hand) -> Mask:
    insula, below = h.of("insula", side=-1), h.white & (h.from_cortex < 5)
    mesial = h.of("temporal_cortex", "hippocampus", "amygdala", side=-1) | insula | below
    mask = h.tube([(-28, 6, -30), (-30, -10, -26), (-32, -26, -20)], 11) & h.half(-1) & mesial
    mask |= insula & (h.noise(3) > -0.5)
    mask |= h.ball((-36, 14, -28), (13, 9, 10)) & h.lobe("temporal", -1)
    opposite = h.of("temporal_cortex", "amygdala", "hippocampus", side=1)
    mask |= h.tube([(27, 4, -28), (28, -10, -25)], 6.5) & opposite
    mask |= h.ball((-6, 34, 2), (4, 8, 6)) & h.of("cingulate", side=-1)
    return h.outline(mask)


def mass_across_the_genu(h: Hand) -> Mask:
    white = h.white | h.of(*CALLOSUM)
    mask = h.ball((24, 30, 18), (16, 17, 17), 0, 0.12, 5) & (white | h.cortex)
    mask |= h.ball((-12, 30, 14), (13, 8, 9), 0, 0.12, 4) & white
    mask |= h.of("corpus_callosum_genu") & (h.aside < 14)
    return h.outline(mask & ~h.tissue("csf"))


def frontal_leukodystrophy(h: Hand) -> Mask:
    mask = h.white & (h.y > 4 + 7 * h.noise(7))
    mask &= h.z > -14 + 4 * h.noise(6)
    mask &= h.noise(3) > -2
    mask |= h.of(*CALLOSUM) & (h.y > 12)
    return h.outline(mask | (h.of("alic", "external_capsule") & (h.y > 4)), 0.45)


def nuclei_of_the_brainstem(h: Hand) -> Mask:
    line = [(4, -36, -11), (5, -38, -22), (5, -41, -36), (5, -44, -46)]
    mask = both(lambda s: h.tube([(s * x, y, z) for x, y, z in line], 2.5))
    mask |= both(lambda s: h.ball((s * 5, -36, -11), (3.2, 3, 3)))
    return h.outline((mask & h.tissue("brainstem")) | h.of("inferior_olive"))


CASES: dict[str, Draw] = {
    "bgtPlusWatershed": central_grey_and_zones,
    "watershedAnterior": zones_in_front,
    "watershedPosterior": zones_behind,
    "watershedRightOnly": zones_of_one_side,
    "multicysticFrontoparietal": multicystic,
    "hypoglycaemiaLeftMore": occipital_lobes,
    "presLike": white_matter_below_cortex_behind,
    "mcaSuperiorLeft": middle_cerebral_superior,
    "mcaInferiorRight": middle_cerebral_inferior,
    "icaRight": carotid,
    "pcaRightWithThalamus": posterior_cerebral_and_thalamus,
    "acaLeftDistal": anterior_cerebral_distal,
    "tuberothalamicLeft": anterior_thalamus,
    "lenticulostriateComma": lenticulostriate_comma,
    "rolandicBranchRight": rolandic_branch,
    "pcaBoth": posterior_cerebral_both,
    "mcaPlusBgt": middle_cerebral_and_central_grey,
    "pviLeftPlusMcaRight": fan_and_opposite_branch,
    "cerebellarBleedRight": cerebellum,
    "msPlaques": plaques,
    "contusion": contusions,
    "encephalitisTemporal": limbic_encephalitis,
    "butterflyTumour": mass_across_the_genu,
    "alexanderFrontal": frontal_leukodystrophy,
    "brainstemNuclei": nuclei_of_the_brainstem,
}
"""How the mask of each case is drawn, by its name in blind_expected.tsv."""
