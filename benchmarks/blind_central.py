"""Masks of `blind` in white matter around the ventricles and in central grey matter: what each case draws.

What it shows stands in blind_expected.tsv. The order of the drawings is part of them: each takes noise from
one source. Figures are mm of MNI152NLin2009aSym, chosen by hand.
"""

import numpy as np
from blind_shapes import CALLOSUM, CAPSULES, PUTAMEN, THALAMUS, VULNERABLE, Draw, Hand, Mask, both, near


def rims_of_trigones_and_horns(h: Hand) -> Mask:
    thick = 3.2 * near(h.y, -44, 11) + 2.4 * near(h.y, 24, 8) * (h.z > 2)
    return h.outline(both(lambda s: h.rim(s, thick * (1.1 if s > 0 else 0.95)) & (h.z > -2)))


def rows_of_cysts(h: Hand) -> Mask:
    left = [
        (-26, 22, 18), (-24, 8, 24), (-24, -4, 27), (-27, -16, 27), (-30, -30, 25), (-34, -44, 20),
        (-35, -50, 10),
    ]  # fmt: skip
    right = [(25, 12, 23), (28, -18, 27), (35, -46, 18)]
    mask = np.zeros(h.brain.shape, bool)
    for side, centres, thick in ((-1, left, 2.6), (1, right, 1.8)):
        for centre in centres:
            radii, turn = h.rng.uniform(3.2, 5.8, 3), h.rng.uniform(0, 90)
            mask |= h.ball(centre, radii, turn, 0.15) & h.half(side)
        mask |= h.rim(side, thick) & (h.z > 8)
    return h.outline(mask & (h.white | h.cortex))


def end_stage(h: Hand) -> Mask:
    thick = 12 + 8 * near(h.y, -48, 22) + 2 * near(h.y, 25, 12)
    rims = both(lambda s: h.rim(s, thick)) & (h.from_cortex > 2.5 + h.noise(3)) & (h.z > -6) & h.white
    return h.outline(rims | (h.of(*CALLOSUM) & (h.y < 5) & (h.from_ventricle < 5)))


def rim_of_one_side(h: Hand) -> Mask:
    thick = 2.6 + 2.6 * near(h.y, -44, 12) + 1.5 * near(h.y, 20, 10)
    return h.outline(h.rim(-1, thick) & (h.z > 0))


def three_spots_at_the_trigones(h: Hand) -> Mask:
    left = h.ball((33, -50, 16), (3, 6, 4)) | h.ball((-33, -52, 13), (2.5, 5, 3.5))
    return h.outline((left | h.ball((-31, -40, 22), (2, 3, 2))) & h.white)


def punctate_rows(h: Hand) -> Mask:
    along = h.white & (h.from_ventricle > 2) & (h.from_ventricle < 9)
    return h.foci(17, along & (h.z > 18) & (h.z < 32) & (h.y > -40) & (h.y < 22), (1.2, 2.3))


def rims_and_thalami(h: Hand) -> Mask:
    thick = 4 + 5 * near(h.y, -44, 14)
    rims = both(lambda s: h.rim(s, thick) & (h.z > 0))
    thalami = both(lambda s: h.ball((s * 13, -18, 7), (5, 7, 5)) & h.of(*THALAMUS))
    return h.outline(rims) | h.outline(thalami)


def parietal_fan(h: Hand) -> Mask:
    fan = h.ball((31, -34, 33), (9, 17, 14), 15, 0.2) & (h.white | h.of(*CAPSULES)) & (h.from_cortex > 2)
    return h.outline(fan | (h.rim(1, 3) & (h.y < -20) & (h.y > -48) & (h.z > 15)))


def frontal_fan(h: Hand) -> Mask:
    white = h.white | h.of("alic", side=-1)
    fan = h.ball((-22, 24, 18), (8, 13, 11), -25, 0.2) & white & (h.from_cortex > 1.5)
    return h.outline(fan | (h.rim(-1, 4) & (h.y > 12) & (h.y < 30) & (h.z > 8)))


def temporal_vein(h: Hand) -> Mask:
    tube = h.tube([(-37, -12, -18), (-41, -26, -12), (-40, -40, -3)], 6.5)
    return h.outline(tube & (h.white | h.of("lateral_ventricle_temporal_horn", side=-1)) & h.half(-1))


def large_porencephaly(h: Hand) -> Mask:
    white = h.white | h.of(*CAPSULES) | (h.of(*CALLOSUM) & (h.x > 12))
    mask = h.ball((27, 4, 30), (13, 30, 18), 5, 0.16) & white & (h.from_cortex > 1) & h.half(1)
    mask |= h.ball((17, 2, 20), (6, 12, 6)) & h.of("caudate", side=1)
    mask |= h.rim(1, 5) & (h.y > -25) & (h.y < 30) & (h.z > 12)
    return h.outline(mask)


def notches_of_both_sides(h: Hand) -> Mask:
    def notch(side: int) -> Mask:
        line = [(side * 12, 4, 15), (side * 13, -3, 18), (side * 14, -8, 20)]
        return h.tube(line, 3 if side > 0 else 2.4) & ~h.tissue("csf") & h.half(side)

    return h.outline(both(notch))


def small_vessels(h: Hand) -> Mask:
    grey = h.of("putamen", "thalamus", "pallidum")
    mask = h.foci(5, grey, (1.6, 3))
    mask |= h.foci(2, both(lambda s: h.of("pons", side=s)), (1.6, 2.6))
    deep = h.white & (h.from_ventricle > 6) & (h.from_cortex > 3) & (h.z > 5)
    mask |= h.foci(16, deep, (1.5, 3.5), 6)
    mask |= both(lambda s: h.rim(s, 3.5 * near(h.y, 28, 8) + 2.6 * near(h.y, -50, 7)))
    return h.outline(mask & ~h.tissue("csf"))


def frontal_fan_and_rims(h: Hand) -> Mask:
    mask = h.ball((24, 20, 22), (9, 15, 12), 20, 0.2) & h.white & (h.from_cortex > 1.5) & h.half(1)
    mask |= h.rim(1, 4) & (h.y > 6) & (h.y < 28) & (h.z > 12)
    thick = 4 * near(h.y, -46, 12)
    rims = both(lambda s: h.rim(s, thick * (1.2 if s < 0 else 1)))
    return h.outline(mask | (rims & (h.z > 0)))


def parietal_fan_and_opposite_rim(h: Hand) -> Mask:
    fan = h.ball((-32, -32, 34), (13, 22, 17), -10, 0.18) & (h.white | h.of(*CAPSULES)) & h.half(-1)
    mask = fan & (h.from_cortex > 0.5)
    mask |= h.rim(-1, 4) & (h.y < -10) & (h.y > -50) & (h.z > 12)
    thick = 4.5 * near(h.y, -42, 16) + 2 * near(h.y, 5, 18)
    return h.outline(mask | (h.rim(1, thick) & (h.z > 5)))


def thalami_and_putamina(h: Hand) -> Mask:
    thalami = both(lambda s: h.ball((s * 15, -17, 5), (4.2, 5, 4.6)) & h.of(*THALAMUS))
    putamina = both(lambda s: h.ball((s * 29, -10, 2), (3.2, 6, 5.5)) & h.of(*PUTAMEN))
    return h.outline(thalami | putamina)


def uneven_central_grey(h: Hand) -> Mask:
    mask = h.of(*VULNERABLE, side=-1)
    mask |= h.ball((-25, -2, 3), (6, 9, 7)) & h.of("putamen", "pallidum", side=-1)
    mask |= h.ball((-21, -13, 8), (5, 6, 6)) & h.of("plic", side=-1)
    mask |= h.ball((-12, -20, 6), (6, 6, 6)) & h.of("thalamus", side=-1)
    mask |= h.ball((15, -16, 5), (3.2, 4, 3.5)) & h.of("thalamus_ventrolateral", side=1)
    mask |= h.ball((29, -12, 2), (2.5, 4, 3.5)) & h.of("putamen_posterior", side=1)
    return h.outline(mask)


def severe_central_grey(h: Hand) -> Mask:
    mask = h.of(*THALAMUS, *PUTAMEN, "caudate") & (h.noise(3) > -1.0)
    mask |= h.of("pallidum", "plic") & (h.noise(3) > 0)
    mask |= h.of("hippocampus") & (h.y > -36) & (h.noise(3) > -0.3)
    return h.outline(mask, 0.45)


def central_grey_hand_strips_and_stem(h: Hand) -> Mask:
    deep = h.of(*VULNERABLE) | both(lambda s: h.ball((s * 25, -4, 2), (5, 8, 6)) & h.of("putamen"))
    deep |= both(lambda s: h.ball((s * 20, -12, 8), (4, 5, 5)) & h.of("plic"))
    strips = both(lambda s: h.tube([(s * 22, -27, 62), (s * 36, -24, 54), (s * 46, -14, 45)], 8))
    strips &= h.of("perirolandic") | (h.white & (h.from_cortex < 4))
    stem = both(lambda s: h.tube([(s * 4, -33, -10), (s * 4, -36, -22), (s * 4, -38, -34)], 2.8))
    return h.outline(deep) | h.outline(strips) | h.outline(stem & h.tissue("brainstem"))


def paracentral_lobules(h: Hand) -> Mask:
    def strip(side: int) -> Mask:
        line = [(side * 6, -28, 60), (side * 14, -28, 68), (side * 26, -26, 62), (side * 38, -22, 52)]
        return h.tube(line, 14 if side > 0 else 12.5)

    strips = both(strip)
    strips &= h.of("perirolandic") | (h.cortex & (h.aside < 14)) | (h.white & (h.from_cortex < 9))
    thalami = both(lambda s: h.ball((s * 15, -16, 6), (3, 3.6, 3.4)) & h.of(*THALAMUS))
    return h.outline(strips) | h.outline(thalami)


def pallida_and_subthalamic_nuclei(h: Hand) -> Mask:
    return h.outline((h.of("pallidum") & (h.noise(3) > -1.2)) | h.of("subthalamic_nucleus"), 0.45)


def putamina_nigra_and_tegmentum(h: Hand) -> Mask:
    mask = h.of("putamen") & (h.y > -4) & (h.noise(3) > -0.8)
    mask |= h.of("putamen_posterior") & (h.noise(3) > -0.5)
    mask |= h.of("substantia_nigra", "subthalamic_nucleus")
    stem = both(lambda s: h.tube([(s * 3, -33, -9), (s * 4, -37, -24), (s * 4, -42, -42)], 2.6))
    return h.outline(mask, 0.45) | h.outline(stem & h.tissue("brainstem"))


def posterior_putamina(h: Hand) -> Mask:
    def spot(side: int) -> Mask:
        radii = (2.8, 5 if side > 0 else 4.2, 5)
        return h.ball((side * 29.5, -12, 3), radii) & h.of("putamen_posterior")

    return h.outline(both(spot))


CASES: dict[str, Draw] = {
    "pvlTrigFrontMild": rims_of_trigones_and_horns,
    "pvlCystsLeft": rows_of_cysts,
    "pvlEndStage": end_stage,
    "pvlUnilateralRim": rim_of_one_side,
    "pvlTinyPosterior": three_spots_at_the_trigones,
    "pwmlLinear": punctate_rows,
    "pvlPlusThalami": rims_and_thalami,
    "pviParietalRight": parietal_fan,
    "pviFrontalLeft": frontal_fan,
    "pviTemporalLeft": temporal_vein,
    "porencephalyVenousHuge": large_porencephaly,
    "gmhNotchBoth": notches_of_both_sides,
    "smallVessel": small_vessels,
    "ivhFrontalPlusPvl": frontal_fan_and_rims,
    "porencephalyPlusPvl": parietal_fan_and_opposite_rim,
    "hieModerate": thalami_and_putamina,
    "hieUnevenLeft": uneven_central_grey,
    "hieSevereDeep": severe_central_grey,
    "rbgtBrainstem": central_grey_hand_strips_and_stem,
    "paracentralMassive": paracentral_lobules,
    "kernicterusPallidumSTN": pallida_and_subthalamic_nuclei,
    "leighLike": putamina_nigra_and_tegmentum,
    "putamenPosterior": posterior_putamina,
}
"""How the mask of each case is drawn, by its name in blind_expected.tsv."""
