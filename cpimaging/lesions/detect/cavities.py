"""Cystic loss: fluid where there should be tissue, and that is neither ventricle nor sulcus."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import TISSUES, Model
from cpimaging.lesions.detect.inputs import Bool, Scene
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import EVERYWHERE


@dataclass(frozen=True)
class Parameters:
    """The values of cavities.yaml."""

    half_way: float
    fluid_prior: float
    deep_grey: float
    deep_radius_mm: float
    cortex_radius_mm: float
    reach_mm: float
    prior_limit: float
    around_mm: float
    injured_around: float


P = read_parameters(Parameters, __file__)


def fluid_like(scene: Scene, model: Model) -> Bool:
    """Return voxels nearer to fluid than to the nearest tissue in every contrast."""
    fluid = np.ones(len(model.group), bool)
    for contrast, x in model.values.items():
        own = model.mean["fluid", contrast][model.group]
        tissue = np.stack([model.mean[name, contrast][model.group] for name in TISSUES])
        nearest = np.take_along_axis(tissue, np.abs(tissue - own).argmin(axis=0)[None], 0)[0]
        fluid &= (x - own) * np.sign(nearest - own) < P.half_way * np.abs(nearest - own)
    full = np.zeros(scene.brain.shape, bool)
    full[scene.brain] = fluid
    return full


def cavities(scene: Scene, fluid: Bool) -> Bool:
    """Return pools of fluid that begin where the template has only tissue, with the fluid beside them."""
    share = scene.shares
    padded = np.pad(fluid, 1)
    radius_mm = ndimage.distance_transform_edt(padded, sampling=scene.spacing_mm)[1:-1, 1:-1, 1:-1]
    radius_mm -= 0.5 * min(scene.spacing_mm)
    least_mm = np.where(share["grey"] < P.deep_grey, P.deep_radius_mm, P.cortex_radius_mm)
    core = fluid & (share["fluid"] < P.fluid_prior) & (radius_mm >= least_mm)
    if not core.any():
        return np.zeros_like(fluid)
    near = ndimage.distance_transform_edt(~core, sampling=scene.spacing_mm) <= P.reach_mm
    allowed = fluid & ~scene.ventricles & near & (share["fluid"] < P.prior_limit)
    pieces, _ = ndimage.label(allowed, EVERYWHERE)
    found: Bool = np.isin(pieces, np.setdiff1d(pieces[core], [0]))
    return found


def lost_within(scene: Scene, fluid: Bool, mask: Bool) -> Bool:
    """Return fluid joined to a lesion where most of the tissue around it is lesion."""
    candidates = fluid & ~scene.ventricles & ~mask & (scene.shares["fluid"] < P.prior_limit)
    if not mask.any() or not candidates.any():
        return np.zeros_like(mask)
    sigma = P.around_mm / np.array(scene.spacing_mm)
    injured = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    tissue = ndimage.gaussian_filter((mask | (scene.brain & ~fluid)).astype(np.float32), sigma)
    amid = candidates & (injured > P.injured_around * tissue)
    pieces, _ = ndimage.label(amid | mask, EVERYWHERE)
    found: Bool = amid & np.isin(pieces, pieces[mask])
    return found
