"""ADC: restricted diffusion, by the best evidence at hand: a normative map, the own brain, one threshold."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.findings import Finding, nothing
from cpimaging.lesions.detect.healthy_model import LEAST_TEACHERS, NUCLEI, PURE, TISSUES, robust
from cpimaging.lesions.detect.inputs import GROUPS, Bool, Float, Scene
from cpimaging.lesions.detect.normal_findings import apply_rules
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import EVERYWHERE, logistic
from cpimaging.lesions.detect.searchable import unfit


@dataclass(frozen=True)
class Parameters:
    """The values of adc.yaml."""

    smooth_mm: float
    core_mm: float
    z_grow: float
    z_seed: float
    absolute_mm2_s: float
    absolute_step_sd: float
    slope: float
    fluid_mm2_s: float
    fluid_prior: float
    least_tissue_sd: float
    least_norm_sd: float
    lowest_part: float
    healthy_rounds: int
    least_mm3: float


P = read_parameters(Parameters, __file__)

LIKE_THE_REST = ("cerebrum", "limbic cortex", *NUCLEI)
OWN_PARTS = [index for index, name in enumerate(GROUPS) if name not in LIKE_THE_REST]


def adc(scene: Scene) -> Finding:
    """Find tissue whose ADC is too low: recent injury. Raised ADC is not told from fluid and not looked for.

    Order of evidence: z against `scene.norm`; z against the own brain's tissue; one absolute threshold.
    """
    why_not = unfit(scene, "ADC")
    if why_not:
        return nothing(scene, why_not)
    values = scene.images["ADC"].data
    tissue = shown_tissue(values, scene.brain)
    z, reason = _z(scene, smoothed(values, tissue, scene.spacing_mm), tissue)
    mask = _regions(z, tissue & ~scene.ventricles, scene.spacing_mm)
    probability = np.where(tissue, logistic(np.float32(P.slope) * (np.float32(P.z_grow) - z)), 0).astype(
        np.float32
    )
    origin = np.zeros(mask.shape, np.uint8)
    finding = Finding(probability, mask, origin, (reason,), notes=(f"ADC searched: {reason}",))
    return apply_rules(finding, scene)


def _regions(z: Float, where: Bool, spacing_mm: Sequence[float]) -> Bool:
    """Return regions below P.z_grow that hold a seed, each voxel half way or more to the lowest near it.

    Half way is where a blurred lesion ends, whatever others in the same brain are as low as.
    """
    low = where & (z < P.z_grow)
    width = [2 * int(P.core_mm / step) + 1 for step in spacing_mm]
    lowest = ndimage.minimum_filter(np.where(low, z, 0), size=width)
    pieces, _ = ndimage.label(low & (z <= lowest / 2), EVERYWHERE)
    sizes_mm3 = np.bincount(pieces.ravel()) * float(np.prod(spacing_mm))
    seeded = np.setdiff1d(pieces[z < P.z_seed], [0])
    mask: Bool = np.isin(pieces, seeded[sizes_mm3[seeded] >= P.least_mm3])
    return mask


def shown_tissue(values: Float, brain: Bool) -> Bool:
    """Return where an ADC map, mm²/s, shows tissue of the brain and no fluid."""
    tissue: Bool = brain & (values > 0) & (values < P.fluid_mm2_s)
    return tissue


def smoothed(values: Float, tissue: Bool, spacing_mm: Sequence[float]) -> Float:
    """Return the mean over a neighbourhood of tissue."""
    sigma = P.smooth_mm / np.array(spacing_mm)
    weight = ndimage.gaussian_filter(tissue.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(tissue, values, 0), sigma)
    mean: Float = total / np.maximum(weight, 1e-6)
    return mean


def _z(scene: Scene, smooth: Float, tissue: Bool) -> tuple[Float, str]:
    """Return how many SD a voxel lies from healthy ADC, and by which evidence."""
    if scene.norm is not None:
        mean, sd = scene.norm
        least = np.maximum(np.float32(P.least_norm_sd) * mean, np.float32(1e-9))
        z = np.where(sd > 0, (smooth - mean) / np.maximum(sd, least), 0)
        return z.astype(np.float32), "low ADC, z against a normative map (evidence 1 of 3)"
    if tissue.sum() >= LEAST_TEACHERS:
        return _own_z(scene, smooth, tissue), "low ADC, z against the own brain (evidence 2 of 3)"
    z = P.z_seed + np.sign(smooth - P.absolute_mm2_s) * P.absolute_step_sd
    return z.astype(np.float32), f"low ADC, below {1e6 * P.absolute_mm2_s:.0f}e-6 mm²/s (evidence 3 of 3)"


def _own_z(scene: Scene, smooth: Float, tissue: Bool) -> Float:
    """Return z against healthy tissue of the same kind: grey or white matter, and part of the brain."""
    shares = scene.shares
    teaches = tissue & (shares["fluid"] < P.fluid_prior)
    if teaches.sum() < LEAST_TEACHERS:
        teaches = tissue
    total = np.maximum(shares["grey"] + shares["white"], np.float32(1e-3))
    mean, sd = np.zeros_like(smooth), np.zeros_like(smooth)
    for name in TISSUES:
        pure = teaches & (shares[name] >= PURE[name])
        centre, spread = _healthy(smooth[pure if pure.sum() >= LEAST_TEACHERS else teaches])
        mean += shares[name] / total * centre
        sd += shares[name] / total * max(spread, P.least_tissue_sd * centre)
    for index in OWN_PARTS:
        here = teaches & (scene.group == index)
        if here.sum() >= LEAST_TEACHERS:
            factor = np.clip(np.median(smooth[here] / mean[here]), P.lowest_part, 1)
            mean[scene.group == index] *= factor
            sd[scene.group == index] *= factor
    z: Float = ((smooth - mean) / np.maximum(sd, 1e-9)).astype(np.float32)
    return z


def _healthy(values: Float) -> tuple[float, float]:
    """Return median and SD without the values below P.z_grow, of which injury may be many."""
    for _ in range(P.healthy_rounds):
        centre, spread = robust(values)
        values = values[values >= centre + P.z_grow * spread]
    return centre, spread


ADC = Detector(
    "ADC",
    ("ADC",),
    adc,
    "ADC that is too low (recent injury); raised ADC is not told from fluid and not looked for",
    beside=True,
)
