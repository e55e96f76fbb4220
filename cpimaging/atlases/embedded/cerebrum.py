"""Cortex by gyri and lobes, white matter by lobes, corpus callosum, internal capsule, fornix."""

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, flood_tissue, read_markers
from cpimaging.atlases.embedded.half import TISSUE_SHARE, Half, Mask, beside
from cpimaging.atlases.embedded.landmarks import landmark
from cpimaging.voxels import largest_piece

Masks = dict[str, Mask]

LOBES = {
    "frontal": ("frontal", "precentral"),
    "parietal": ("parietal", "postcentral", "paracentral"),
    "temporal": ("temporal",),
    "occipital": ("occipital",),
}
PERIROLANDIC = ("precentral", "postcentral", "paracentral")
SMOOTHING_MM = 1.0  # ours: SD of the Gaussian that smooths the borders of gyral territories
CALLOSUM_WHITE = 0.5  # share of white matter from which a voxel of the midline is callosum
ARCH_MM = 6.0  # ours: white matter this near to the midline arch belongs to it
RADIATION_MM = 8.0  # ours: thickness of the callosal radiation on the ventricle's wall
CALLOSUM_LATERAL_MM = 20.0  # lateral limit of genu and body: the lateral wall of the ventricle
SPLENIUM_LATERAL_MM = 28.0  # the same of the forceps major: the wall of the trigone
EXTERNAL_CAPSULE_MM = 5.0  # ours: external capsule, claustrum and extreme capsule beside the putamen
EXTERNAL_CAPSULE_SLANT = 0.5  # ours: what lies more above or behind the putamen than beside it is not
VENTRICLE_RIM_MM = 2.5  # ours: grey-looking voxels this near to a ventricle are its partial volume
CALLOSUM_FIFTHS = (0.2, 0.8)  # splenium: posterior fifth, genu: anterior fifth (Witelson 1989)


def label_gyri(half: Half, cerebrum: Mask, taken: Mask) -> Masks:
    """Return the gyral territories: cortex with the white matter below it and the fluid beside it.

    Fronts start from lines along the crowns of named gyri, run through their white matter first
    and meet in the depth of the sulci. On the convexity the occipital lobe begins at the coronal
    plane through the junction of parieto-occipital and calcarine sulci (Caviness 1996).
    """
    grid = Grid.over(half)
    markers, names = grid.draw(read_markers("cortex"))
    region = cerebrum & ~taken
    gyri = _smoothed(grid.back(flood_tissue(half, np.where(region, markers, 0), region), names), region)
    behind = gyri["parietal"] & (half.y < landmark("calcarine_junction")[1])
    return gyri | {
        "parietal": gyri["parietal"] & ~behind | gyri["precuneus"],
        "occipital": gyri["occipital"] | behind,
    }


def _smoothed(masks: Masks, region: Mask) -> Masks:
    """Return the masks with smooth borders: each voxel goes to the one that prevails around it."""
    best, share = np.zeros(region.shape, np.uint8), np.zeros(region.shape, np.float32)
    for value, mask in enumerate(masks.values()):
        around = ndimage.gaussian_filter(mask.astype(np.float32), SMOOTHING_MM, mode="mirror", truncate=3)
        best[around > share] = value
        np.maximum(share, around, out=share)
    return {name: region & (best == value) & (share > 0) for value, name in enumerate(masks)}


def label_cortex(half: Half, gyri: Masks, free: Mask, ventricle: Mask) -> Masks:
    """Return the cortical structures; the rim of the ventricles, grey by partial volume, is none."""
    rim = ndimage.distance_transform_edt(~ventricle) <= VENTRICLE_RIM_MM
    grey = free & (half.gm + half.wm >= TISSUE_SHARE) & (half.gm >= half.wm) & ~rim
    masks = {f"{lobe}_cortex": grey & gyri[lobe] for lobe in LOBES}
    masks["perirolandic"] = grey & np.logical_or.reduce([gyri[name] for name in PERIROLANDIC])
    return masks | {"insula": grey & gyri["insula"], "cingulate": grey & gyri["cingulate"]}


def label_white_matter(half: Half, gyri: Masks, white: Mask) -> Masks:
    """Return the white matter of each lobe; what lies below cingulate and insula joins the nearest lobe."""
    lobes = {lobe: np.logical_or.reduce([gyri[name] for name in names]) for lobe, names in LOBES.items()}
    number = np.zeros(half.brain.shape, np.uint8)
    for value, mask in enumerate(lobes.values(), start=1):
        number[mask & white] = value
    nearest = ndimage.distance_transform_edt(number == 0, return_distances=False, return_indices=True)
    number = number[tuple(nearest)]
    return {lobe: white & (number == value) for value, lobe in enumerate(lobes, start=1)}


def label_callosum(half: Half, ventricle: Mask, free: Mask) -> Masks:
    """Return genu, body and splenium of the corpus callosum with its radiation.

    Midline: the bright arch above the ventricles. Beside it: white matter near the arch or near the
    medial, upper, anterior or posterior wall of the lateral ventricle, never its lateral wall, as
    far out as the ventricle reaches.
    """
    white = free & (half.wm > CALLOSUM_WHITE)
    arch = _arch(half, white)
    back, front = _fifths(half, arch)
    caudal = half.y[0, arch.any(axis=(0, 2)), 0].min()
    lowest = half.z[0, 0, (arch & (half.y < back)).any(axis=(0, 1))].min()
    wide = np.where(half.y < caudal, SPLENIUM_LATERAL_MM, CALLOSUM_LATERAL_MM)
    near = _beside_ventricle(half, ventricle) | (ndimage.distance_transform_edt(~arch) <= ARCH_MM)
    near &= (half.x >= -wide) & ((half.z >= lowest) | (half.y > back))
    callosum = largest_piece(arch | (white & near))
    return {
        "corpus_callosum_genu": callosum & (half.y > front),
        "corpus_callosum_body": callosum & (half.y <= front) & (half.y >= back),
        "corpus_callosum_splenium": callosum & (half.y < back),
    }


def _arch(half: Half, white: Mask) -> Mask:
    """Return the cut face of the callosum on the midline, two voxel planes thick."""
    middle = white & (half.x >= -1) & (half.z > landmark("callosum_floor")[2])
    labels, _ = ndimage.label(middle)
    trunk = np.rint(np.array(landmark("callosum_trunk")) - half.first).astype(int)
    arch: Mask = labels == labels[tuple(trunk)]
    return arch


def _beside_ventricle(half: Half, ventricle: Mask) -> Mask:
    """Return what lies near a wall of the ventricle that is not its lateral wall or its floor."""
    distance, nearest = ndimage.distance_transform_edt(~ventricle, return_indices=True)
    lateral = nearest[0] - np.arange(len(half.x)).reshape(-1, 1, 1) > 0.75 * distance
    floor = np.where(ventricle, half.z, np.inf).min(axis=2, keepdims=True)
    below = (half.z < floor) & np.isfinite(floor)
    beside: Mask = (distance <= RADIATION_MM) & ~lateral & ~below
    return beside


def _fifths(half: Half, arch: Mask) -> tuple[float, float]:
    """Return y of the planes that cut off the posterior and the anterior fifth of the arch."""
    rows = half.y[0, arch.any(axis=(0, 2)), 0]
    first, last = rows.min(), rows.max() + 1
    back, front = (first + share * (last - first) for share in CALLOSUM_FIFTHS)
    return float(back), float(front)


def split_capsule(half: Half, masks: Masks) -> Masks:
    """Return anterior and posterior limb of the internal capsule, and the external capsule.

    A voxel of the internal capsule belongs to the anterior limb if it is nearer to the caudate
    than to the thalamus and lies in front of the posterior end of the genu. The capsule ends above
    with the thalamus, below at the peduncle, behind with the putamen.
    """
    top, floor = landmark("internal_capsule_top")[2], landmark("internal_capsule_bottom")[2]
    to_caudate = ndimage.distance_transform_edt(~masks["caudate"])
    to_thalamus, nearest = ndimage.distance_transform_edt(~masks["thalamus"], return_indices=True)
    index = np.indices(to_thalamus.shape, sparse=True)
    above_thalamus = index[2] - nearest[2] > np.abs(index[0] - nearest[0])
    capsule = masks["internal_capsule"] & (half.z <= top) & (half.z >= floor)
    anterior = capsule & (to_caudate < to_thalamus) & (half.y >= landmark("internal_capsule_genu")[1])
    behind = half.y[0, masks["putamen"].any(axis=(0, 2)), 0].min()
    posterior = capsule & ~anterior & ~above_thalamus & (half.y >= behind)
    return {
        "alic": largest_piece(anterior),
        "plic": largest_piece(posterior),
        "external_capsule": _external_capsule(half, masks),
    }


def _external_capsule(half: Half, masks: Masks) -> Mask:
    """Return external capsule, claustrum and extreme capsule: beside the putamen, not insular cortex."""
    band = beside(half, masks["putamen"], EXTERNAL_CAPSULE_MM, EXTERNAL_CAPSULE_SLANT)
    band &= half.z <= landmark("internal_capsule_top")[2]
    inner = np.logical_or.reduce([masks[name] for name in ("pallidum", "caudate", "amygdala", "hippocampus")])
    return largest_piece(band & ((half.wm >= half.gm) | masks["external_capsule"]) & ~inner)
