"""Tracts, arterial territories and their border zones: approximate regions that overlap the labels."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, flood_tissue, lines_by
from cpimaging.atlases.embedded.half import TISSUE_SHARE, Half, Mask, largest
from cpimaging.atlases.embedded.landmarks import landmark, tube

Masks = dict[str, Mask]
MaskOf = Callable[..., Mask]

TERRITORIES = ("aca", "mca", "pca")
TERRITORY_STRUCTURES = {
    "aca": ("corpus_callosum_genu", "corpus_callosum_body"),
    "mca": ("putamen", "pallidum", "caudate", "accumbens", "alic", "plic", "external_capsule", "amygdala"),
    "pca": ("corpus_callosum_splenium", "thalamus", "hippocampus"),
}
BORDER_ZONE_MM = 8.0  # ours: half the width of a border zone
CORONA_TOP_MM = 46.0  # the corona radiata ends where it fans out below the cingulate sulcus
CORONA_MM = 16.0  # ours: reach of the corona radiata from ventricle, caudate and callosum
RADIATION_MM = 9.0  # ours: reach of the optic radiation from the wall of trigone and occipital horn


def label_tracts(half: Half, mask: MaskOf, white: Mask) -> Masks:
    """Return corticospinal tract (tubes around its course) and optic radiation.

    mask: structure names → mask. Optic radiation: white matter lateral to trigone and occipital horn.
    """
    stem = mask("midbrain", "pons", "medulla", "substantia_nigra", "ventral_diencephalon")
    course = tube(half, "corticospinal_tract") & (white | mask("plic") | stem)
    return {
        "corticospinal_tract": largest(course, corners=True),
        "optic_radiation": _optic_radiation(half, mask, white),
    }


def corona_radiata(half: Half, mask: MaskOf, white: Mask) -> Mask:
    """Return the corona radiata: white matter lateral to ventricle and callosum, above the capsule.

    It ends laterally with the putamen's lateral border and reaches down in front of the capsule.
    """
    core = mask("lateral_ventricle_frontal_horn", "lateral_ventricle_body", "lateral_ventricle_trigone")
    core |= mask("caudate", "corpus_callosum_genu", "corpus_callosum_body", "corpus_callosum_splenium")
    putamen = mask("putamen", "putamen_posterior")
    lateral = half.x[putamen.any(axis=(1, 2)), 0, 0].min()
    front = half.y[0, putamen.any(axis=(0, 2)), 0].max()
    above = (half.z >= landmark("internal_capsule_top")[2]) & (half.z <= CORONA_TOP_MM)
    before = (half.y > front) & (half.z > landmark("callosum_floor")[2] - 6)
    near = ndimage.distance_transform_edt(~core) <= CORONA_MM
    behind = half.y > landmark("calcarine_junction")[1]
    return largest(white & near & (half.x >= lateral) & behind & (above | before))


def _optic_radiation(half: Half, mask: MaskOf, white: Mask) -> Mask:
    horn = mask("lateral_ventricle_trigone", "lateral_ventricle_occipital_horn")
    distance, nearest = ndimage.distance_transform_edt(~horn, return_indices=True)
    outward = nearest[0] - np.arange(len(half.x)).reshape(-1, 1, 1)
    lateral = (outward > 0.6 * distance) & (distance <= RADIATION_MM)
    low, high = landmark("trigone_floor")[2] - 2, landmark("internal_capsule_top")[2]
    return largest(white & lateral & (half.z >= low) & (half.z <= high))


def label_territories(half: Half, mask: MaskOf, cerebrum: Mask) -> Masks:
    """Return the territories of the cerebral arteries: fronts from gyri and nuclei that each supplies."""
    grid = Grid.over(half)
    markers, names = grid.draw(lines_by("cortex", "territory"))
    for name, structures in TERRITORY_STRUCTURES.items():
        markers[mask(*structures)] = names.index(name) + 1
    region = cerebrum & (half.gm + half.wm >= TISSUE_SHARE) & (half.x < 0)
    found = grid.back(flood_tissue(half, np.where(region, markers, 0), region), names)
    return {f"territory_{name}": largest(found[name]) for name in TERRITORIES}


def label_border_zones(half: Half, territories: Masks, outer: Mask) -> Masks:
    """Return the border zones: cortex and white matter near two territories at once."""
    near = {
        name: ndimage.distance_transform_edt(~territories[f"territory_{name}"]) <= BORDER_ZONE_MM
        for name in TERRITORIES
    }
    above = half.z > landmark("internal_capsule_top")[2]
    behind = half.y < landmark("posterior_commissure")[1]
    lateral = half.x < landmark("calcarine_junction")[0]
    anterior = outer & above & lateral & near["aca"] & near["mca"] & ~(near["pca"] & behind)
    posterior = outer & behind & lateral & near["pca"] & near["mca"]
    return {
        "watershed_anterior": largest(anterior & ~posterior),
        "watershed_posterior": largest(posterior),
    }
