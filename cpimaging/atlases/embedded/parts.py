"""Parts of structures, and what lies between them: cut by planes through landmarks and by distance."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, read_markers
from cpimaging.atlases.embedded.half import Half, Mask
from cpimaging.atlases.embedded.landmarks import landmark

Masks = Mapping[str, Mask]

VENTROLATERAL_MM = 6.0  # ours: the lateral third of the thalamus, from the internal capsule inwards
VENTROLATERAL_SHARES = (0.35, 0.95)  # ours: from the anterior (0) to the posterior commissure (1)
VENTROLATERAL_TOP_MM = 12.0  # ours: above it lie the dorsal nuclei


def ventricle_parts(half: Half, deep: Masks) -> dict[str, Mask]:
    """Cut the lateral ventricle into horns, body and trigone.

    Frontal horn: in front of the interventricular foramen. Body: up to the posterior end of the
    thalamus. Occipital horn: behind the calcar avis. Temporal horn: below the floor of the trigone,
    with a line of voxels where it is collapsed.
    """
    ventricle = deep["lateral_ventricle"]
    foramen, calcar = landmark("interventricular_foramen")[1], landmark("calcar_avis")[1]
    pulvinar = half.y[0, deep["thalamus"].any(axis=(0, 2)), 0].min()
    below = (half.z < landmark("trigone_floor")[2]) & (half.y > landmark("trigone_floor")[1])
    grid = Grid.over(half)
    line, _ = grid.draw({"horn": read_markers("deep")["temporal_horn"][:1]})
    frontal, occipital = half.y > foramen, half.y < calcar
    body = ~frontal & (half.y > pulvinar)
    horn = deep["temporal_horn"] | (line > 0) | (ventricle & below & ~frontal)
    return {
        "lateral_ventricle_frontal_horn": ventricle & frontal,
        "lateral_ventricle_body": ventricle & body & ~below,
        "lateral_ventricle_trigone": ventricle & ~frontal & ~body & ~occipital & ~below,
        "lateral_ventricle_occipital_horn": ventricle & occipital,
        "lateral_ventricle_temporal_horn": horn,
    }


def posterior_third(half: Half, structure: Mask) -> Mask:
    """Return the posterior third of a structure by its length along y."""
    rows = half.y[0, structure.any(axis=(0, 2)), 0]
    part: Mask = structure & (half.y < rows.min() + (rows.max() + 1 - rows.min()) / 3)
    return part


def ventrolateral(half: Half, thalamus: Mask, capsule: Mask) -> Mask:
    """Return the ventral lateral part of the thalamus: near the capsule, between planes by AC and PC."""
    front, back = landmark("anterior_commissure")[1], landmark("posterior_commissure")[1]
    first, last = (front + share * (back - front) for share in VENTROLATERAL_SHARES)
    floor = landmark("posterior_commissure")[2]
    near = ndimage.distance_transform_edt(~capsule) <= VENTROLATERAL_MM
    band = (half.y <= first) & (half.y >= last) & (half.z >= floor) & (half.z <= VENTROLATERAL_TOP_MM)
    part: Mask = thalamus & near & band
    return part


def fornix(half: Half, callosum: Mask, free: Mask) -> Mask:
    """Return fornix and septum pellucidum: what is left near the midline below the callosum."""
    below = np.maximum.accumulate(callosum[:, :, ::-1], axis=2)[:, :, ::-1]
    floor, side = landmark("anterior_commissure")[2], landmark("fornix_lateral")[0]
    found: Mask = free & below & (half.z > floor) & (half.x > side)
    return found


def ventral_diencephalon(half: Half, deep: Masks, free: Mask) -> Mask:
    """Return hypothalamus, subthalamus and basal forebrain.

    What the flood gave to them, and the rest around them: between the anterior perforated substance
    in front, the peduncle behind and the thalamus above.
    """
    names = ("ventral_diencephalon", "anterior_commissure", "fornix", "midbrain", "internal_capsule")
    flooded = np.logical_or.reduce([deep[name] for name in names])
    front, side = landmark("basal_forebrain")[1], landmark("basal_forebrain")[0]
    below = half.z < landmark("internal_capsule_bottom")[2] + 2
    found: Mask = free & flooded & below & (half.y < front) & (half.x > side)
    return found
