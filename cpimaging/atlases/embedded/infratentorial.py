"""Brainstem, cerebellum and fourth ventricle: watershed through bright tissue, closed by planes."""

from collections.abc import Mapping

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, flood_edges, flood_tissue, read_markers
from cpimaging.atlases.embedded.half import TISSUE_SHARE, Half, Mask
from cpimaging.atlases.embedded.landmarks import above, behind, landmark, tube
from cpimaging.voxels import largest_piece

Masks = dict[str, Mask]

MIDBRAIN_BOX_MM = ((-26, -36, -26), (0, 2, 6))
VENTRICLE_BOX_MM = ((-22, -68, -66), (0, -24, -8))
TEGMENTUM_MM = 5.0  # ours: depth of the cranial-nerve nuclei below the floor of the fourth ventricle
WHITE_T1W = 0.73  # cerebellar white matter: between the peaks of cortex (0.65) and white matter (0.82)
NIGRA_REACH_MM = 3.0  # ours: half the thickness of the nigra, with a margin
RED_NUCLEUS_REACH_MM = 4.0  # ours: radius of the red nucleus, with a margin
TECTUM_LATERAL_MM = 9.0  # ours: half the width of the tectal plate


def compartments(half: Half) -> Masks:
    """Return cerebrum, cerebellum and brainstem, fluid beside them included.

    Fronts from markers meet in the dark cerebrospinal fluid between the three; where white matter
    crosses, planes through landmarks close the way: posterior commissure to mammillary bodies for
    the midbrain, fourth ventricle to cerebellopontine angle for the middle cerebellar peduncle.
    """
    grid = Grid.over(half)
    markers, names = grid.draw(read_markers("compartments"))
    barrier = _midbrain_roof(half) | _peduncle_wall(half)
    first = flood_tissue(half, np.where(barrier, 0, markers), half.brain & ~barrier)
    return grid.back(flood_tissue(half, first, half.brain), names)


def _midbrain_roof(half: Half) -> Mask:
    x, _, z = landmark("peduncle_lateral")
    below = ~above(half, "posterior_commissure", "mammillary_bodies") & ((half.x > x) | (half.z < z))
    shell: Mask = below & ~ndimage.binary_erosion(below, np.ones((3, 3, 3)), border_value=1)
    return shell & (half.x > -30) & (half.y > -28) & (half.y < -8)


def _peduncle_wall(half: Half) -> Mask:
    wall = np.abs(behind(half, "fourth_ventricle_angle", "cerebellopontine_angle")) < 1.5
    box: Mask = wall & (half.x > -29) & (half.x < -4) & (half.z < -22) & (half.z > -54)
    return box


def label_infratentorial(half: Half, parts: Mapping[str, Mask]) -> Masks:
    """Return brainstem levels and nuclei, cerebellar cortex, white matter and vermis, fourth ventricle."""
    tissue = half.gm + half.wm >= TISSUE_SHARE
    ventricle = _fourth_ventricle(half)
    stem = largest_piece(parts["brainstem"] & tissue & ~ventricle)
    masks = _levels(half, stem) | _midbrain_nuclei(half) | {"fourth_ventricle": ventricle}
    masks |= _tectum(half, masks["midbrain"]) | _tegmental_nuclei(half, stem, ventricle)
    return masks | _cerebellum(half, largest_piece(parts["cerebellum"] & tissue & ~ventricle))


def _levels(half: Half, stem: Mask) -> Masks:
    upper = above(half, "pontomesencephalic_sulcus", "inferior_colliculi")
    lower = ~above(half, "pontomedullary_sulcus", "medullary_striae")
    return {"midbrain": stem & upper, "pons": stem & ~upper & ~lower, "medulla": stem & lower}


def _midbrain_nuclei(half: Half) -> Masks:
    """Return substantia nigra (darker) and red nucleus (brighter than what surrounds them).

    Within reach of their marker lines, on the near side of the T1w value half way between the
    lines of the nucleus and those of its neighbours. The subthalamic nucleus is a coordinate.
    """
    grid = Grid(half, *MIDBRAIN_BOX_MM, finer=2)
    markers, names = grid.draw(read_markers("midbrain"))
    t1w = ndimage.gaussian_filter(grid.sample(half.t1w), 1.0, mode="mirror")
    nigra, red, peduncle, tegmentum = (
        markers == names.index(name) + 1
        for name in ("substantia_nigra", "red_nucleus", "peduncle", "tegmentum")
    )
    beside_red, beside_nigra = t1w[tegmentum].mean(), (t1w[peduncle].mean() + t1w[tegmentum].mean()) / 2
    near_nigra, near_red = (
        ndimage.distance_transform_edt(~line) <= reach * grid.finer
        for line, reach in ((nigra, NIGRA_REACH_MM), (red, RED_NUCLEUS_REACH_MM))
    )
    found = np.where(near_nigra & (t1w < (t1w[nigra].mean() + beside_nigra) / 2), 1, 0)
    found[near_red & (t1w > (t1w[red].mean() + beside_red) / 2)] = 2
    masks = grid.back(found, ["substantia_nigra", "red_nucleus"])
    nuclei = {name: largest_piece(ndimage.binary_fill_holes(mask)) for name, mask in masks.items()}
    return nuclei | {"subthalamic_nucleus": tube(half, "subthalamic_nucleus")}


def _tectum(half: Half, midbrain: Mask) -> Masks:
    """Return the colliculi: the midbrain behind the aqueduct, cut at the intercollicular sulcus."""
    _, ay, az = landmark("aqueduct_middle")
    bz = landmark("inferior_colliculi")[2]
    slope = (landmark("aqueduct_lower")[1] - landmark("aqueduct_upper")[1]) / (
        landmark("aqueduct_lower")[2] - landmark("aqueduct_upper")[2]
    )
    plate = midbrain & (half.y < ay + slope * (half.z - az)) & (half.x > -TECTUM_LATERAL_MM)
    plate &= half.z > bz
    upper = above(half, "intercollicular_sulcus", "aqueduct_middle")
    rostral = half.y < landmark("posterior_commissure")[1] - 2
    return {
        "superior_colliculus": largest_piece(plate & upper & rostral & (half.x < 0)),
        "inferior_colliculus": largest_piece(plate & ~upper & (half.x < 0)),
    }


def _tegmental_nuclei(half: Half, stem: Mask, ventricle: Mask) -> Masks:
    """Return the nuclei that the image does not show: approximate regions."""
    floor = ndimage.distance_transform_edt(~ventricle) <= TEGMENTUM_MM
    caudal = ~above(half, "pontomesencephalic_sulcus", "inferior_colliculi")
    names = ("locus_coeruleus", "raphe", "inferior_olive")
    nuclei = {name: tube(half, name) & stem for name in names}
    return nuclei | {"cranial_nerve_tegmentum": largest_piece(stem & floor & caudal)}


def _fourth_ventricle(half: Half) -> Mask:
    grid = Grid(half, *VENTRICLE_BOX_MM, finer=2)
    markers, names = grid.draw(read_markers("infratentorial"))
    found = grid.back(flood_edges(grid.sample(half.t1w), markers), names)["fourth_ventricle"]
    return largest_piece(found & above(half, "obex", "fastigium_floor"))


def _cerebellum(half: Half, cerebellum: Mask) -> Masks:
    """Return cortex, white matter, vermis (between the paravermian sulci, tonsils excepted), dentate."""
    wide, narrow = landmark("vermis_lateral"), landmark("uvula_lateral")
    vermis = (half.z > wide[2]) & (half.x > wide[0]) | (half.z > narrow[2]) & (half.x > narrow[0])
    vermis = largest_piece(cerebellum & vermis)
    white = largest_piece(cerebellum & ((half.wm > half.gm) | (half.t1w > WHITE_T1W)) & ~vermis)
    dentate = tube(half, "dentate") & white
    cortex = largest_piece(cerebellum & ~vermis & ~white)
    return {"vermis": vermis, "dentate": dentate, "cerebellum_white_matter": white & ~dentate} | {
        "cerebellum_cortex": cortex
    }
