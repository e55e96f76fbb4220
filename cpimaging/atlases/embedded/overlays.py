"""Tracts, arterial territories and their border zones: approximate regions that overlap the labels."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, flood_tissue, lines_by
from cpimaging.atlases.embedded.half import TISSUE_SHARE, Half, Mask, beside
from cpimaging.atlases.embedded.landmarks import landmark, tube
from cpimaging.voxels import largest_piece

Masks = dict[str, Mask]
MaskOf = Callable[..., Mask]

TERRITORIES = ("aca", "mca", "pca")
TERRITORY_STRUCTURES = {
    "aca": ("corpus_callosum_genu", "corpus_callosum_body"),
    "mca": (
        *("putamen", "putamen_posterior", "pallidum", "caudate", "accumbens", "amygdala"),
        *("alic", "plic", "external_capsule"),
    ),
    "pca": ("corpus_callosum_splenium", "thalamus", "thalamus_ventrolateral", "hippocampus"),
}
BORDER_ZONE_MM = 8.0  # ours: half the width of a border zone
CORONA_TOP_MM = 46.0  # the corona radiata ends where it fans out below the cingulate sulcus
CORONA_MM = 9.0  # ours: reach of the corona radiata from ventricle, caudate and callosum
CORONA_SLANT = 0.3  # ours: what lies more above or in front of them than beside them is not corona
RADIATION_MM = 7.0  # ours: reach of the optic radiation from the wall of trigone and occipital horn
RADIATION_SLANT = 0.6  # ours: what lies above or below rather than beside them is not optic radiation


def label_tracts(half: Half, mask: MaskOf, white: Mask) -> Masks:
    """Return corticospinal tract (tubes around its course) and optic radiation.

    mask: structure names → mask. Optic radiation: white matter lateral to trigone and occipital horn.
    """
    through = mask("alic", "plic", "ventral_diencephalon", "midbrain", "substantia_nigra", "pons", "medulla")
    course = tube(half, "corticospinal_tract") & (white | through)
    return {
        "corticospinal_tract": largest_piece(course, corners=True),
        "optic_radiation": _optic_radiation(half, mask, white),
    }


def corona_radiata(half: Half, mask: MaskOf, white: Mask) -> Mask:
    """Return the corona radiata: white matter lateral to ventricle and callosum, above the capsule.

    It ends laterally with the putamen's lateral border and reaches down in front of the capsule.
    """
    core = mask("lateral_ventricle_frontal_horn", "lateral_ventricle_body", "lateral_ventricle_trigone")
    core |= mask("caudate", "corpus_callosum_genu", "corpus_callosum_body", "corpus_callosum_splenium")
    putamen = mask("putamen", "putamen_posterior")
    border = half.x[putamen.any(axis=(1, 2)), 0, 0].min()
    front = half.y[0, putamen.any(axis=(0, 2)), 0].max()
    above = (half.z >= landmark("internal_capsule_top")[2]) & (half.z <= CORONA_TOP_MM)
    before = (half.y > front) & (half.z > landmark("callosum_floor")[2] - 6)
    behind = half.y > landmark("calcarine_junction")[1]
    near = beside(half, core, CORONA_MM, CORONA_SLANT)
    return largest_piece(white & near & (half.x >= border) & behind & (above | before))


def _optic_radiation(half: Half, mask: MaskOf, white: Mask) -> Mask:
    horn = mask("lateral_ventricle_trigone", "lateral_ventricle_occipital_horn")
    wall = beside(half, horn | tube(half, "occipital_horn"), RADIATION_MM, RADIATION_SLANT)
    low, high = landmark("trigone_floor")[2] - 2, landmark("internal_capsule_top")[2]
    sheet = wall & (half.z >= low) & (half.z <= high)
    closed = ndimage.binary_closing(sheet | tube(half, "optic_radiation"), iterations=2)
    return largest_piece(white & closed)


def label_territories(half: Half, mask: MaskOf, cerebrum: Mask) -> Masks:
    """Return the arterial territories: the nuclei of each, and fronts from the gyri of each."""
    grid = Grid.over(half)
    markers, names = grid.draw(lines_by("cortex", "territory"))
    fixed = np.zeros_like(markers)
    for name, structures in TERRITORY_STRUCTURES.items():
        fixed[mask(*structures)] = names.index(name) + 1
    region = cerebrum & (half.gm + half.wm >= TISSUE_SHARE) & (half.x < 0) & (fixed == 0)
    flooded = flood_tissue(half, np.where(region, markers, 0), region)
    found = grid.back(np.where(fixed > 0, fixed, flooded), names)
    return {f"territory_{name}": largest_piece(found[name], corners=True) for name in TERRITORIES}


def label_border_zones(half: Half, territories: Masks, outer: Mask) -> Masks:
    """Return the border zones: cortex and white matter near two territories at once.

    Anterior: anterior and middle cerebral artery, in front of the splenium. Posterior: the
    parieto-occipital zone between all three arteries, behind it.
    """
    near = {
        name: ndimage.distance_transform_edt(~territories[f"territory_{name}"]) <= BORDER_ZONE_MM
        for name in TERRITORIES
    }
    behind = half.y < landmark("splenium_end")[1]
    above = half.z > landmark("internal_capsule_top")[2]
    zone = outer & near["mca"] & (half.x < landmark("calcarine_junction")[0])
    return {
        "watershed_anterior": largest_piece(zone & near["aca"] & above & ~behind),
        "watershed_posterior": largest_piece(zone & (near["pca"] | (near["aca"] & above)) & behind),
    }
