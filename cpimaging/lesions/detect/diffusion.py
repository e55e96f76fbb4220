"""ADC: restricted diffusion, by the best evidence at hand: a normative map, the own brain, one threshold."""

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.rules import apply_rules
from cpimaging.lesions.detect.scene import Bool, Finding, Float, Scene, nothing
from cpimaging.lesions.detect.settle import EVERYWHERE, logistic
from cpimaging.lesions.detect.signals import robust

SMOOTH_MM = 2.0
Z_GROW = -2.0
"""ADC smoothed by 2 mm, z < −2, as in the baseline of BONBID-HIE (Bao et al. 2025, Sci Data 12:53)."""

Z_SEED = -3.0  # a region must hold a voxel this low [ours]
ABSOLUTE_MM2_S = 620e-6
"""Purushotham et al. 2015, J Cereb Blood Flow Metab 35:1 (adult infarct core, first hours)."""

FLUID_MM2_S = 1.5e-3  # above, partly fluid: teaches nothing about tissue [ours]
LEAST_TISSUE_SD = 0.08
"""Healthy ADC spreads over regions by at least this share of its mean (ours)."""
WRONG_SHARE = 0.2  # of voxels without a positive value, from which an ADC map is not used [ours]
LEAST_MM3 = 60.0  # smaller pieces are noise at the voxel sizes of diffusion [ours]
UNITS = ((1e-4, 5e-3, 1.0), (0.1, 5.0, 1e-3), (100.0, 5000.0, 1e-6))
"""Range of the brain's median, and the factor to mm²/s."""


def to_mm2_per_s(data: Float, brain: Bool) -> Float | None:
    """Return ADC in mm²/s from values in mm²/s, 1e-3 or 1e-6 mm²/s; None where the unit is not clear."""
    positive = data[brain & (data > 0) & np.isfinite(data)]
    if not len(positive):
        return None
    middle = float(np.median(positive))
    factor = next((f for low, high, f in UNITS if low <= middle <= high), None)
    return None if factor is None else (data * np.float32(factor)).astype(np.float32)


def adc(scene: Scene) -> Finding:
    """Find tissue whose ADC is too low: recent injury. Raised ADC is not told from fluid and not looked for.

    Order of evidence: z against `scene.norm`; z against the own brain's tissue; one absolute threshold.
    """
    if "ADC" not in scene.images:
        return nothing(scene, "no ADC")
    raw = np.nan_to_num(scene.images["ADC"].data, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    values = to_mm2_per_s(raw, scene.brain)
    if values is None:
        return nothing(scene, "ADC values have no unit that is known")
    valid = scene.brain & (values > 0)
    wrong = 1 - valid.sum() / max(int(scene.brain.sum()), 1)
    if wrong > WRONG_SHARE:
        return nothing(scene, f"ADC is zero or negative in {100 * wrong:.0f} % of the brain")
    smooth = _smoothed(values, valid, scene)
    z, reason = _z(scene, smooth, valid)
    mask = _regions(z, valid & ~scene.ventricles, scene.voxel_mm3)
    probability = np.where(valid, logistic(np.float32(2) * (np.float32(Z_GROW) - z)), 0).astype(np.float32)
    origin = np.zeros(mask.shape, np.uint8)
    return apply_rules(Finding(probability, mask, origin, (reason,)), scene)


def _regions(z: Float, where: Bool, voxel_mm3: float) -> Bool:
    """Return regions below Z_GROW that hold a seed, each up to half way from its own median to healthy."""
    low = where & (z < Z_GROW)
    pieces, _ = ndimage.label(ndimage.binary_opening(low, iterations=1), EVERYWHERE)
    seeded = np.setdiff1d(pieces[z < Z_SEED], [0])
    sizes = np.bincount(pieces.ravel()) * voxel_mm3
    mask = np.zeros_like(low)
    for number in seeded[sizes[seeded] >= LEAST_MM3]:
        piece = pieces == number
        mask |= piece & (z < min(Z_GROW, float(np.median(z[piece])) / 2))
    return mask


def _smoothed(values: Float, valid: Bool, scene: Scene) -> Float:
    """Return the mean over a neighbourhood of valid voxels."""
    sigma = SMOOTH_MM / np.array(scene.spacing_mm)
    weight = ndimage.gaussian_filter(valid.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(valid, values, 0), sigma)
    mean: Float = total / np.maximum(weight, 1e-6)
    return mean


def _z(scene: Scene, smooth: Float, valid: Bool) -> tuple[Float, str]:
    """Return how many SD a voxel lies from healthy ADC, and by which evidence."""
    if scene.norm is not None:
        mean, sd = scene.norm
        z = (smooth - mean) / np.maximum(sd, 1e-6)
        return z.astype(np.float32), "low ADC, z against a normative map (evidence 1 of 3)"
    tissue = smooth[valid & (smooth < FLUID_MM2_S)]
    if len(tissue) > 100:
        own_mean, own_sd = robust(tissue)
        own = (smooth - own_mean) / max(own_sd, LEAST_TISSUE_SD * own_mean)
        return own.astype(np.float32), "low ADC, z against the own brain (evidence 2 of 3)"
    z = Z_SEED + np.sign(smooth - ABSOLUTE_MM2_S) * 2
    return z.astype(np.float32), "low ADC, below 620e-6 mm²/s (evidence 3 of 3)"
