"""Build the embedded atlas: label the left half, mirror it, name the regions."""

import numpy as np

from cpimaging.atlases.embedded.half import Half, Mask, largest
from cpimaging.atlases.template import Template
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import Atlas, LabelMap, Region, Side

LOBES = ("frontal", "parietal", "temporal", "occipital")
OVERLAYS = {
    "tracts": ("corticospinal_tract", "corona_radiata", "optic_radiation"),
    "territories": ("territory_aca", "territory_mca", "territory_pca"),
    "watershed": ("watershed_anterior", "watershed_posterior"),
}
DEEP = {
    "caudate": ((-13, 12, 10), (6, 14, 9)),
    "putamen": ((-26, 3, 0), (7, 17, 10)),
    "putamen_posterior": ((-29, -9, 4), (5, 8, 8)),
    "pallidum": ((-20, -5, 0), (5, 10, 6)),
    "thalamus": ((-11, -19, 7), (9, 15, 10)),
    "thalamus_ventrolateral": ((-14, -17, 8), (5, 6, 6)),
    "accumbens": ((-10, 11, -8), (5, 5, 4)),
    "subthalamic_nucleus": ((-12, -13, -7), (4, 4, 3)),
    "hippocampus": ((-27, -22, -14), (8, 18, 8)),
    "amygdala": ((-23, -4, -19), (8, 8, 7)),
    "plic": ((-21, -12, 8), (5, 12, 10)),
    "alic": ((-17, 8, 6), (4, 10, 9)),
    "external_capsule": ((-32, 0, 2), (3, 20, 12)),
    "red_nucleus": ((-5, -20, -9), (3, 3, 4)),
    "substantia_nigra": ((-10, -17, -12), (4, 5, 3)),
    "superior_colliculus": ((-5, -32, -5), (4, 3, 3)),
    "inferior_colliculus": ((-5, -36, -11), (4, 3, 3)),
    "locus_coeruleus": ((-5, -37, -25), (2, 2, 6)),
    "raphe": ((0, -30, -18), (2, 3, 12)),
    "inferior_olive": ((-6, -34, -54), (3, 3, 6)),
    "cranial_nerve_tegmentum": ((-5, -36, -36), (4, 3, 8)),
    "dentate": ((-14, -57, -36), (8, 8, 6)),
}


def build_atlas(template: Template) -> Atlas:
    """Return the embedded atlas on the template's grid."""
    half = Half.of(template)
    painted = _paint(half)
    dseg = _label_map(half, template, painted)
    overlays = {
        name: _label_map(half, template, {(s, "n/a"): m for s, m in _overlay(half, painted, name).items()})
        for name in OVERLAYS
    }
    manifest = {"License": "Apache-2.0", "Citations": [], "Approximate": sorted(DEEP)}
    return Atlas("cpimaging", "0.1", template.name, dseg, overlays, manifest)


Painted = dict[tuple[str, str], Mask]


def _label_map(half: Half, template: Template, painted: Painted) -> LabelMap:
    vocabulary = load_structures().set_index("structure")
    labels = np.zeros((*half.brain.shape[:1], *half.brain.shape[1:]), np.uint8)
    left = np.zeros_like(labels)
    right = np.zeros_like(labels)
    regions: list[Region] = []
    for structure, lobe in painted:
        row = vocabulary.loc[structure]
        sides: tuple[Side, ...] = ("midline",) if row["sides"] == "midline" else ("left", "right")
        for side in sides:
            prefix = "" if side == "midline" else f"{side.capitalize()} "
            suffix = f", {lobe}" if structure == "white_matter" else ""
            name = prefix + (row["name"][0].lower() + row["name"][1:] if prefix else row["name"]) + suffix
            regions.append(Region(len(regions) + 1, name, structure, side, row["tissue"], lobe))
        mask = painted[structure, lobe] & ((half.x < 0) | (row["sides"] == "midline"))
        left[mask] = len(regions) - len(sides) + 1
        right[mask] = len(regions)
    both = np.concatenate([left, right[-2::-1]])
    return LabelMap(template.t1w.with_data(both), tuple(regions))


def _paint(half: Half) -> Painted:
    painted: Painted = {}
    free = half.brain.copy()

    def take(structure: str, mask: Mask, lobe: str = "n/a") -> None:
        painted[structure, lobe] = mask & free
        free[mask] = False

    cerebellum = (half.z < -12 - 0.3 * (half.y + 60)) & (half.y < -38) & (half.z < -8)
    stem = (half.x > -16) & (half.y < -8) & (half.y > -44) & (half.z < -4 + 0.3 * (half.y + 20))
    for structure, (centre, radii) in DEEP.items():
        if structure not in ("putamen", "thalamus", "dentate"):
            take(structure, half.ellipsoid(centre, radii))
    take("fourth_ventricle", (half.csf > 0.3) & half.ellipsoid((0, -45, -32), (8, 8, 12)))
    take("midbrain", stem & (half.z >= -22) & (half.gm + half.wm > 0.5))
    take("pons", stem & (half.z < -22) & (half.z >= -46) & (half.gm + half.wm > 0.5))
    take("medulla", stem & (half.z < -46) & (half.gm + half.wm > 0.5))
    for structure in ("putamen", "thalamus", "dentate"):
        take(structure, half.ellipsoid(*DEEP[structure]))
    _paint_ventricles(half, take)
    take("vermis", cerebellum & (half.x > -6) & (half.gm + half.wm > 0.5))
    take("cerebellum_white_matter", cerebellum & (half.wm > 0.5))
    take("cerebellum_cortex", cerebellum & (half.gm > 0.5))
    callosum = (half.x > -8) & (half.wm > 0.5) & half.ellipsoid((0, -6, 12), (9, 40, 18))
    callosum &= ~half.ellipsoid((0, -6, 2), (9, 28, 15))
    take("corpus_callosum_genu", callosum & (half.y > 12))
    take("corpus_callosum_splenium", callosum & (half.y < -30))
    take("corpus_callosum_body", callosum)
    take("fornix", half.ellipsoid((0, -6, 6), (4, 20, 10)) & (half.gm + half.wm > 0.5))
    take("ventral_diencephalon", half.ellipsoid((-6, -4, -8), (8, 10, 6)))
    _paint_lobes(half, take)
    return painted


def _paint_ventricles(half: Half, take) -> None:  # type: ignore[no-untyped-def]
    dark = half.brain & (half.t1w < 0.5)
    body = largest(dark & half.ellipsoid((-16, -15, 12), (22, 50, 24)) & (half.x < -1))
    take("lateral_ventricle_frontal_horn", body & (half.y >= 0))
    take("lateral_ventricle_body", body & (half.y > -28) & (half.z > 8))
    take("lateral_ventricle_occipital_horn", body & (half.y <= -50))
    take("lateral_ventricle_trigone", body & (half.y <= -28))
    take("lateral_ventricle_temporal_horn", dark & half.ellipsoid((-32, -22, -14), (8, 20, 8)))
    take("third_ventricle", (half.x > -5) & (half.csf > 0.3) & half.ellipsoid((0, -12, 0), (5, 16, 12)))


def _paint_lobes(half: Half, take) -> None:  # type: ignore[no-untyped-def]
    y, z = half.y, half.z
    central = y - (-26 + 0.3 * (half.x + 40) + 0.35 * (z - 50) * -1)
    frontal = (central > 0) & (z > -2 + 0 * y) | (y > 18)
    occipital = y < -72 + 0.3 * (z - 10)
    temporal = ~frontal & ~occipital & (z < 8 - 0.35 * (y + 20)) & (half.x < -16)
    parietal = ~frontal & ~occipital & ~temporal
    lobes = dict(zip(LOBES, (frontal & ~temporal, parietal, temporal, occipital), strict=True))
    grey = (half.gm > half.wm) & (half.gm > 0.4)
    take("insula", grey & half.ellipsoid((-38, 2, 0), (7, 24, 16)))
    take("cingulate", grey & (half.x > -12) & half.ellipsoid((0, -4, 20), (14, 50, 26)))
    take("perirolandic", grey & (np.abs(central) < 14) & (z > 5))
    for lobe, where in lobes.items():
        take(f"{lobe}_cortex", grey & where, lobe)
    for lobe, where in lobes.items():
        take("white_matter", (half.wm > 0.4) & where, lobe)


def _overlay(half: Half, painted: Painted, name: str) -> dict[str, Mask]:
    supratentorial = half.brain & (half.z > -20)
    white: Mask = np.logical_or.reduce([m for (s, _), m in painted.items() if s == "white_matter"])
    if name == "tracts":
        corona = white & half.ellipsoid((-26, -12, 26), (8, 36, 10))
        tract = half.ellipsoid((-22, -16, 20), (5, 6, 36)) & (half.wm > 0.3)
        radiation = white & half.ellipsoid((-34, -58, 4), (6, 30, 12))
        masks: tuple[Mask, ...] = (tract, corona, radiation)
    elif name == "territories":
        aca = supratentorial & (half.x > -18) & (half.y > -40) & (half.z > 8)
        pca = supratentorial & ((half.y < -65) | ((half.y < -20) & (half.z < -8))) & ~aca
        masks = (aca, supratentorial & ~aca & ~pca, pca)
    else:
        masks = (
            supratentorial & half.ellipsoid((-24, 30, 38), (9, 25, 14)),
            supratentorial & half.ellipsoid((-26, -62, 46), (9, 20, 14)),
        )
    return dict(zip(OVERLAYS[name], masks, strict=True))
