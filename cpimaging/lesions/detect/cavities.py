"""Cystic loss: fluid where there should be tissue, and that is neither ventricle nor sulcus."""

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import TISSUES, Model
from cpimaging.lesions.detect.inputs import Bool, Scene
from cpimaging.lesions.detect.regions import EVERYWHERE

FLUID_PRIOR = 0.02  # a cavity begins where the template has next to no fluid [ours]
DEEP_RADIUS_MM = 2.0  # deep in white matter, a pool at least this thick (half its width) [ours]
CORTEX_RADIUS_MM = 3.5  # nearer to the cortex, thicker than any sulcus [ours]
REACH_MM = 8.0  # fluid beside a cavity belongs to it this far [ours]
PRIOR_LIMIT = 0.35
AROUND_MM, MOST = 3.0, 0.5  # fluid is part of a lesion that makes up this share of the tissue around [ours]


def fluid_like(scene: Scene, model: Model) -> Bool:
    """Return voxels nearer to fluid than to the nearest tissue in every contrast."""
    fluid = np.ones(len(model.group), bool)
    for contrast, x in model.values.items():
        own = model.mean["fluid", contrast][model.group]
        tissue = np.stack([model.mean[name, contrast][model.group] for name in TISSUES])
        nearest = np.take_along_axis(tissue, np.abs(tissue - own).argmin(axis=0)[None], 0)[0]
        fluid &= (x - own) * np.sign(nearest - own) < 0.5 * np.abs(nearest - own)
    full = np.zeros(scene.brain.shape, bool)
    full[scene.brain] = fluid
    return full


def cavities(scene: Scene, fluid: Bool) -> Bool:
    """Return pools of fluid that begin where the template has only tissue, with the fluid beside them."""
    share = scene.shares
    padded = np.pad(fluid, 1)
    radius_mm = ndimage.distance_transform_edt(padded, sampling=scene.spacing_mm)[1:-1, 1:-1, 1:-1]
    radius_mm -= 0.5 * min(scene.spacing_mm)
    least_mm = np.where(share["grey"] < 0.3, DEEP_RADIUS_MM, CORTEX_RADIUS_MM)
    core = fluid & (share["fluid"] < FLUID_PRIOR) & (radius_mm >= least_mm)
    if not core.any():
        return np.zeros_like(fluid)
    near = ndimage.distance_transform_edt(~core, sampling=scene.spacing_mm) <= REACH_MM
    allowed = fluid & ~scene.ventricles & near & (share["fluid"] < PRIOR_LIMIT)
    pieces, _ = ndimage.label(allowed, EVERYWHERE)
    found: Bool = np.isin(pieces, np.setdiff1d(pieces[core], [0]))
    return found


def lost_within(scene: Scene, fluid: Bool, mask: Bool) -> Bool:
    """Return fluid joined to a lesion where most of the tissue around it is lesion."""
    candidates = fluid & ~scene.ventricles & ~mask & (scene.shares["fluid"] < PRIOR_LIMIT)
    if not mask.any() or not candidates.any():
        return np.zeros_like(mask)
    sigma = AROUND_MM / np.array(scene.spacing_mm)
    injured = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    tissue = ndimage.gaussian_filter((mask | (scene.brain & ~fluid)).astype(np.float32), sigma)
    amid = candidates & (injured > MOST * tissue)
    pieces, _ = ndimage.label(amid | mask, EVERYWHERE)
    found: Bool = amid & np.isin(pieces, pieces[mask])
    return found
