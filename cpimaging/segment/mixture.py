"""What each voxel is made of: an intensity mixture with the template's tissue maps as prior."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.registration import crop
from cpimaging.types import Image
from cpimaging.voxels import depth_mm

Bool = NDArray[np.bool_]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

SIGNAL_CLASSES = ("fluid", "grey", "white")
FLUID, GREY, WHITE = range(3)

ITERATIONS = 12
SAMPLE = 60_000
"""Voxels that the mixture is fitted to, evenly spread over the brain (ours)."""

EVEN_SHARE = 0.1
"""Share of the prior that is even between classes: the atlas may be a centimetre off (ours)."""

EDGE_MM = 6.0
"""Depth of the brain's edge that teaches nothing (ours)."""

CLIP_PERCENT = (0.2, 99.8)
WALL_MM = 5.0
"""SD of the kernel that carries the signal of nearby tissue to the wall of the fluid (ours)."""

WALL_SDS = 3
"""SDs after which that kernel ends."""

PUREST_SHARE = 0.25
"""Share of the fluid's voxels that its pure signal is read from (ours): mixing with tissue only ever
makes fluid look less like fluid."""


class Mixture(NamedTuple):
    """One Gaussian per class: means (class, contrast), covariances (class, contrast, contrast)."""

    means: Doubles
    covariances: Doubles

    @property
    def tissue_precision(self) -> Doubles:
        """Inverse of the covariance within tissue, (contrast, contrast)."""
        pooled: Doubles = np.linalg.inv(self.covariances[[GREY, WHITE]].mean(axis=0))
        return pooled

    def fluid_distance_sd(self) -> float:
        """Return how far fluid lies from the nearer tissue, in SD of tissue (Mahalanobis)."""
        away = self.means[[GREY, WHITE]] - self.means[FLUID]
        return float(np.sqrt(np.einsum("ij,jk,ik->i", away, self.tissue_precision, away).min()))


def signals(images: Mapping[str, Image], brain: Bool) -> Floats:
    """Return the signal of the brain's voxels, (voxel, contrast), cut at its extreme percentiles."""
    columns = []
    for image in images.values():
        values = image.data[brain].astype(np.float32)
        columns.append(np.clip(values, *np.percentile(values, CLIP_PERCENT)))
    return np.stack(columns, axis=1)


def prior_shares(maps: Mapping[str, Image], brain: Bool) -> Floats:
    """Return the prior of each class, (voxel, class), rows summing to 1; even where the maps are empty."""
    shares = np.stack([np.clip(maps[name].data[brain], 0, 1) for name in SIGNAL_CLASSES], axis=1)
    total = shares.sum(axis=1, keepdims=True)
    even = np.float32(1 / len(SIGNAL_CLASSES))
    known = np.where(total > 0.5, shares / np.maximum(total, 0.5), even)
    mixed: Floats = ((1 - EVEN_SHARE) * known + EVEN_SHARE * even).astype(np.float32)
    return mixed


def fit_mixture(signal: Floats, priors: Floats, usable: Bool, ventricle: Bool) -> Mixture:
    """Fit one Gaussian per class by expectation maximisation, started where the prior is sure.

    signal: (voxel, contrast). priors: (voxel, class). usable: voxels that may teach. ventricle: those of
    the atlas's ventricles: what fluid looks like is learned there alone, as elsewhere the class would
    gather veins, dura and all else that is no tissue.
    Spatial priors in a mixture: Ashburner & Friston 2005, NeuroImage 26:839 (here not deformed).
    """
    chosen = np.flatnonzero(usable)
    chosen = chosen[:: max(1, len(chosen) // SAMPLE)]
    x, prior = signal[chosen].astype(np.float64), priors[chosen].astype(np.float64)
    elsewhere = ~ventricle[chosen]
    weights = prior**4
    for _ in range(ITERATIONS):
        weights[elsewhere, FLUID] = 0
        mixture = _gaussians(x, weights)
        weights = posteriors(x, prior, mixture)
    return mixture


def teaching(brain: Image, lesion: Bool) -> Bool:
    """Return the brain's voxels that the mixture may learn from: no lesion, nothing at the brain's edge.

    At the edge lie dura, vessels and what skull stripping left: as dark or bright as they like.
    """
    inside = brain.data
    learn: Bool = (depth_mm(inside, brain.spacing_mm) > EDGE_MM)[inside] & ~lesion[inside]
    return learn


def _gaussians(x: Doubles, weights: Doubles) -> Mixture:
    total = np.maximum(weights.sum(axis=0), 1e-6)
    means = weights.T @ x / total[:, None]
    floor = np.diag(1e-4 * x.var(axis=0) + 1e-12)
    covariances = [
        ((x - mean) * weight[:, None]).T @ (x - mean) / weight.sum().clip(1e-6) + floor
        for mean, weight in zip(means, weights.T, strict=True)
    ]
    return Mixture(means, np.array(covariances))


def posteriors(x: NDArray[np.floating], priors: NDArray[np.floating], mixture: Mixture) -> Doubles:
    """Return the probability of each class, (voxel, class)."""
    logs = np.log(priors + 1e-9, dtype=np.float64)
    for k, (mean, covariance) in enumerate(zip(*mixture, strict=True)):
        away = x - mean
        logs[:, k] -= 0.5 * np.einsum("ij,ij->i", away @ np.linalg.inv(covariance), away)
        logs[:, k] -= 0.5 * np.linalg.slogdet(covariance)[1]
    logs -= logs.max(axis=1, keepdims=True)
    out: Doubles = np.exp(logs)
    out /= out.sum(axis=1, keepdims=True)
    return out


def fluid_share(
    signal: Floats, probabilities: Doubles, mixture: Mixture, brain: Image, usable: Bool
) -> Floats:
    """Return which share of each voxel is fluid, 0–1, on the brain's grid.

    Linear between the signal of pure fluid and that of the tissue nearby, along the direction that
    separates the two best. So the wall lies where half of the voxel is fluid, whatever lies behind it:
    a fixed limit would sit elsewhere in white matter than in grey.
    """
    # Half of the kernel is room enough: beyond an edge scipy mirrors, and mirrors background alone.
    near = crop(brain, brain.data, WALL_MM * WALL_SDS / 2)
    core = volume(probabilities[:, FLUID].astype(np.float32), near.data) > 0.5
    precision = mixture.tissue_precision
    fluid = _pure_fluid(signal, core, mixture, near.data, usable)
    tissue = _tissue_nearby(signal, core, mixture, near, usable)
    away = fluid - tissue
    along = away @ precision
    share = ((signal - tissue) * along).sum(axis=1) / np.maximum((away * along).sum(axis=1), 1e-6)
    return volume(np.clip(share, 0, 1).astype(np.float32), brain.data)


def _pure_fluid(signal: Floats, core: Bool, mixture: Mixture, inside: Bool, usable: Bool) -> Doubles:
    deep = ndimage.binary_erosion(core)[inside] & usable
    x = signal[deep if deep.any() else core[inside]].astype(np.float64)
    if not len(x):
        default: Doubles = mixture.means[FLUID]
        return default
    along = x @ mixture.tissue_precision @ (mixture.means[FLUID] - mixture.means[[GREY, WHITE]].mean(axis=0))
    purest: Doubles = x[along >= np.quantile(along, 1 - PUREST_SHARE)].mean(axis=0)
    return purest


def _tissue_nearby(signal: Floats, core: Bool, mixture: Mixture, brain: Image, usable: Bool) -> Doubles:
    """Return the mean signal, (voxel, contrast), of tissue around each voxel that no fluid touches."""
    inside = brain.data
    tissue = inside & ~ndimage.binary_dilation(core | ~inside)
    tissue[inside] &= usable
    sigma = [WALL_MM / step for step in brain.spacing_mm]
    weight = ndimage.gaussian_filter(tissue.astype(np.float32), sigma, truncate=WALL_SDS)[inside]
    default = mixture.means[[GREY, WHITE]].mean(axis=0)
    columns = []
    for values, mean in zip(signal.T, default, strict=True):
        held = np.where(tissue, volume(values, inside), np.float32(0))
        total = ndimage.gaussian_filter(held, sigma, truncate=WALL_SDS)[inside]
        columns.append(np.where(weight > 0.01, total / np.maximum(weight, 0.01), mean))
    return np.stack(columns, axis=1)


def volume(values: NDArray[np.floating], inside: Bool) -> Floats:
    """Return the values of the voxels inside as an array of the grid's shape, 0 outside."""
    out = np.zeros(inside.shape, np.float32)
    out[inside] = values
    return out
