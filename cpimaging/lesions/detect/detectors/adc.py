"""ADC: restricted diffusion, by the best evidence at hand: a normative map, the own brain, one threshold."""

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import LEAST_TEACHERS, NUCLEI, PURE, TISSUES, robust
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Finding, Float, Scene, nothing
from cpimaging.lesions.detect.normal_findings import apply_rules
from cpimaging.lesions.detect.regions import EVERYWHERE, logistic
from cpimaging.lesions.detect.searchable import unfit

SMOOTH_MM = 2.0
Z_GROW = -2.0
"""ADC smoothed by 2 mm, z < −2, as in the baseline of BONBID-HIE (Bao et al. 2025, Sci Data 12:53)."""

Z_SEED = -3.0  # a region must hold a voxel this low [ours]
ABSOLUTE_MM2_S = 620e-6
"""Purushotham et al. 2015, J Cereb Blood Flow Metab 35:1 (adult infarct core, first hours)."""

FLUID_MM2_S = 2e-3  # above, more than half fluid: left out of the smoothing, and teaches nothing [ours]
FLUID_PRIOR = 0.1  # places with more fluid than this in the template teach nothing either [ours]
LEAST_TISSUE_SD = 0.08
"""Healthy ADC spreads over regions by at least this share of its mean (ours)."""

LOWEST_PART = 0.7
"""Tracts, brainstem and cerebellum may have an ADC lower by no more than this factor, lest injury passes for
normal: at term 1.05 in the internal capsule, 1.6·10⁻³ mm²/s in other white matter [K]; the limit is ours."""

LIKE_THE_REST = ("cerebrum", "limbic cortex", *NUCLEI)
OWN_PARTS = [index for index, name in enumerate(GROUPS) if name not in LIKE_THE_REST]
HEALTHY_ROUNDS = 5
LEAST_MM3 = 60.0  # smaller pieces are noise at the voxel sizes of diffusion [ours]


def adc(scene: Scene) -> Finding:
    """Find tissue whose ADC is too low: recent injury. Raised ADC is not told from fluid and not looked for.

    Order of evidence: z against `scene.norm`; z against the own brain's tissue; one absolute threshold.
    """
    why_not = unfit(scene, "ADC")
    if why_not:
        return nothing(scene, why_not)
    values = scene.images["ADC"].data
    tissue = scene.brain & (values > 0) & (values < FLUID_MM2_S)
    z, reason = _z(scene, _smoothed(values, tissue, scene), tissue)
    mask = _regions(z, tissue & ~scene.ventricles, scene.voxel_mm3)
    probability = np.where(tissue, logistic(np.float32(2) * (np.float32(Z_GROW) - z)), 0).astype(np.float32)
    origin = np.zeros(mask.shape, np.uint8)
    finding = Finding(probability, mask, origin, (reason,), notes=(f"ADC searched: {reason}",))
    return apply_rules(finding, scene)


def _regions(z: Float, where: Bool, voxel_mm3: float) -> Bool:
    """Return regions below Z_GROW that hold a seed, each up to half way from its own median to healthy."""
    low = where & (z < Z_GROW)
    pieces, _ = ndimage.label(low, EVERYWHERE)
    seeded = np.setdiff1d(pieces[z < Z_SEED], [0])
    sizes = np.bincount(pieces.ravel()) * voxel_mm3
    mask = np.zeros_like(low)
    for number in seeded[sizes[seeded] >= LEAST_MM3]:
        piece = pieces == number
        mask |= piece & (z < min(Z_GROW, float(np.median(z[piece])) / 2))
    return mask


def _smoothed(values: Float, tissue: Bool, scene: Scene) -> Float:
    """Return the mean over a neighbourhood of tissue."""
    sigma = SMOOTH_MM / np.array(scene.spacing_mm)
    weight = ndimage.gaussian_filter(tissue.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(tissue, values, 0), sigma)
    mean: Float = total / np.maximum(weight, 1e-6)
    return mean


def _z(scene: Scene, smooth: Float, tissue: Bool) -> tuple[Float, str]:
    """Return how many SD a voxel lies from healthy ADC, and by which evidence."""
    if scene.norm is not None:
        mean, sd = scene.norm
        z = np.where(sd > 0, (smooth - mean) / np.maximum(sd, np.float32(1e-9)), 0)
        return z.astype(np.float32), "low ADC, z against a normative map (evidence 1 of 3)"
    if tissue.sum() >= LEAST_TEACHERS:
        return _own_z(scene, smooth, tissue), "low ADC, z against the own brain (evidence 2 of 3)"
    z = Z_SEED + np.sign(smooth - ABSOLUTE_MM2_S) * 2
    return z.astype(np.float32), "low ADC, below 620e-6 mm²/s (evidence 3 of 3)"


def _own_z(scene: Scene, smooth: Float, tissue: Bool) -> Float:
    """Return z against healthy tissue of the same kind: grey or white matter, and part of the brain."""
    shares = scene.shares
    teaches = tissue & (shares["fluid"] < FLUID_PRIOR)
    if teaches.sum() < LEAST_TEACHERS:
        teaches = tissue
    total = np.maximum(shares["grey"] + shares["white"], np.float32(1e-3))
    mean, sd = np.zeros_like(smooth), np.zeros_like(smooth)
    for name in TISSUES:
        pure = teaches & (shares[name] >= PURE[name])
        centre, spread = _healthy(smooth[pure if pure.sum() >= LEAST_TEACHERS else teaches])
        mean += shares[name] / total * centre
        sd += shares[name] / total * max(spread, LEAST_TISSUE_SD * centre)
    for index in OWN_PARTS:
        here = teaches & (scene.group == index)
        if here.sum() >= LEAST_TEACHERS:
            factor = np.clip(np.median(smooth[here] / mean[here]), LOWEST_PART, 1)
            mean[scene.group == index] *= factor
            sd[scene.group == index] *= factor
    z: Float = ((smooth - mean) / np.maximum(sd, 1e-9)).astype(np.float32)
    return z


def _healthy(values: Float) -> tuple[float, float]:
    """Return median and SD without the values below Z_GROW, of which injury may be many."""
    for _ in range(HEALTHY_ROUNDS):
        centre, spread = robust(values)
        values = values[values >= centre + Z_GROW * spread]
    return centre, spread
