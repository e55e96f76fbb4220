"""Deep grey matter, capsules, ventricles and medial temporal lobe: watershed on image edges."""

import numpy as np
from scipy import ndimage

from cpimaging.atlases.embedded.grid import Grid, flood_edges, read_markers
from cpimaging.atlases.embedded.half import Half, Mask
from cpimaging.atlases.embedded.landmarks import above, landmark
from cpimaging.voxels import largest_piece

Masks = dict[str, Mask]

BOX_MM = ((-50, -76, -36), (0, 38, 38))
FLUID = ("lateral_ventricle", "temporal_horn", "third_ventricle", "cistern")
FLUID_T1W = 0.42  # T1w below it is fluid: half way between ventricle (0.2) and cortex (0.65)


def label_deep(half: Half) -> Masks:
    """Return the masks of the deep structures, each in one piece, following the edges of the T1w image.

    One watershed from marker lines inside of each structure and inside of its neighbours, on a
    grid of 0.5 mm, since capsules and laminae are thinner than the voxels.
    """
    masks = _flood(half)
    masks |= _striatum(half, masks["striatum"])
    masks |= _medial_temporal(half, masks)
    names = ("caudate", "accumbens", "putamen", "pallidum", "thalamus", "hippocampus", "amygdala")
    return masks | {name: largest_piece(masks[name]) for name in names}


def _flood(half: Half) -> Masks:
    grid = Grid(half, *BOX_MM, finer=2)
    t1w = grid.sample(half.t1w)
    markers, names = grid.draw(read_markers("deep"))
    # sulci become a marker of their own, ventricles and the cisterns beside them have their lines
    dark, _ = ndimage.label(t1w < FLUID_T1W)
    marked = np.unique(dark[np.isin(markers, [names.index(name) + 1 for name in FLUID])])
    markers[(dark > 0) & ~np.isin(dark, marked) & (markers == 0)] = len(names) + 1
    return grid.back(flood_edges(t1w, markers), [*names, "sulci"])


def _striatum(half: Half, striatum: Mask) -> Masks:
    """Split caudate and accumbens.

    The accumbens lies below the line from the frontal horn's floor to the internal capsule's
    lower edge, between the anterior commissure and the caudate's head (Neto 2008).
    """
    above_line = above(half, "frontal_horn_floor", "internal_capsule_floor", "frontal_horn_floor_anterior")
    accumbens = striatum & ~above_line & (half.y < landmark("frontal_horn_floor_anterior")[1])
    return {"accumbens": accumbens, "caudate": striatum & ~accumbens}


def _medial_temporal(half: Half, masks: Masks) -> Masks:
    """Cut hippocampus and amygdala out of the medial temporal grey matter.

    White matter and temporal horn bound them; planes through landmarks close the hippocampus
    towards the parahippocampal cortex and the amygdala towards entorhinal cortex and hippocampus.
    """
    grey = masks["medial_temporal"] | masks["cortex"]
    inner = half.x > landmark("amygdala_floor")[0]
    above_subiculum = above(half, "subiculum_anterior", "uncal_sulcus", "subiculum_posterior")
    before_hippocampus = above(half, "uncal_recess_lower", "uncal_recess_upper")
    above_entorhinal = above(half, "amygdala_floor", "semianular_sulcus", "semianular_sulcus_anterior")
    front, floor = landmark("semianular_sulcus_anterior")[1], landmark("amygdala_floor")[2]
    roof, side = landmark("amygdala_roof")[2], landmark("amygdala_side")[0]
    box = (half.y <= front) & (half.y > -14) & (half.z >= floor) & (half.z < roof) & (half.x > side)
    amygdala = largest_piece(grey & before_hippocampus & above_entorhinal & box)
    body = masks["medial_temporal"] & (above_subiculum | ~inner) & ~amygdala
    body &= (half.y > landmark("hippocampal_tail")[1]) & (half.x < landmark("hippocampal_tail")[0])
    body &= ~(before_hippocampus & (half.y > landmark("uncal_recess_lower")[1]))
    return {
        "amygdala": amygdala,
        "hippocampus": largest_piece(body & (half.y < landmark("amygdala_floor")[1])),
    }
