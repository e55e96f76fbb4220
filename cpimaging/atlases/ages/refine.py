"""Labels carried to a template, refined once on its own images.

Expectation maximisation with one Gaussian per class over all contrasts and the carried labels, blurred, as
prior (as in Ashburner & Friston 2005, NeuroImage 26:839). Brainstem and cerebellum stay as they were carried.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image, Region
from cpimaging.voxels import bounding_box, voxels_in

BLUR_MM = 2.0
"""SD of the blur of the carried labels: how far they may be off (ours)."""

ITERATIONS = 8
EVEN = 1e-4
SMOOTH_MM = 0.7
"""SD over which the classes of neighbours are averaged in the end, lest single voxels stand apart (ours)."""

FIXED_TISSUES = frozenset({"brainstem", "cerebellum"})
FIXED = frozenset({"plic", "alic"})
"""The capsule of an infant is partly myelinated: no one signal is its own."""
CLASS_OF = {
    "thalamus_ventrolateral": "thalamus",
    "putamen_posterior": "putamen",
    "accumbens": "caudate",
    "amygdala": "hippocampus",
    "subthalamic_nucleus": "ventral_diencephalon",
    "corpus_callosum_genu": "corpus_callosum",
    "corpus_callosum_body": "corpus_callosum",
    "corpus_callosum_splenium": "corpus_callosum",
}
"""Structures that look alike on a template; others stand by themselves or with their tissue."""
OWN_CLASS = frozenset({"thalamus", "putamen", "caudate", "pallidum", "hippocampus", "ventral_diencephalon"})
INNER_WHITE = "white matter near nuclei"
INNER_WHITE_MM = 6.0
"""How far from nuclei white matter is a class by itself, since it is myelinated before the rest (ours).

As one class, its signal was so spread in infants that nuclei took the capsule, and fluid the callosum.
"""
WHITE = frozenset({"white_matter", INNER_WHITE, "corpus_callosum"})
OUTER = WHITE | {"outer fluid", "cortex"}
CLIP_PERCENT = (0.2, 99.8)

Ints = NDArray[np.integer]
Floats = NDArray[np.float32]


def classes_of(regions: Sequence[Region]) -> dict[int, str]:
    """Return the class of each label number; "" where it is not refined."""
    found = {}
    for region in regions:
        name = CLASS_OF.get(region.structure, region.structure)
        own = name in OWN_CLASS or name in CLASS_OF.values()
        found[region.index] = (
            "" if region.tissue in FIXED_TISSUES or name in FIXED else name if own else region.tissue
        )
    return found


def refined(
    labels: Image,
    regions: Sequence[Region],
    images: Mapping[str, Image],
    brain: Image,
    lesion: Image | None = None,
    *,
    inner: bool = False,
) -> Image:
    """Return the labels moved to what the images show.

    labels: carried, on one grid with images (contrast -> image) and brain (bool). A voxel that changes its
    class takes the nearest label of the new one; one that becomes fluid around the brain takes 0. lesion:
    bool, keeps what was carried there. inner: only what enters or leaves nuclei and ventricles moves, not the
    border of cortex and white matter, which one contrast shows badly; fluid that nothing joins to a carried
    ventricle is none: a cyst.
    """
    box = bounding_box(brain.data, voxels_in(BLUR_MM, labels.spacing_mm))
    carried, inside = labels.data[box], brain.data[box]
    of = classes_of(regions)
    names = list(dict.fromkeys(["outer fluid", "white_matter", *filter(None, of.values()), INNER_WHITE]))
    table = np.full(max(of, default=0) + 1, -1, np.int16)
    table[0] = 0
    for index, name in of.items():
        table[index] = names.index(name) if name else -1
    old = _divided(table[carried], names, labels.spacing_mm)
    free = inside & (old >= 0)
    if lesion is not None:
        free &= ~lesion.data[box].astype(bool)
    x = np.stack([_clipped(image.data[box][free]) for image in images.values()], axis=1)
    new = old.copy()
    shares = _classified(x, _priors(old, free, len(names), labels.spacing_mm))
    new[free] = _smoothed(shares, free, labels.spacing_mm).argmax(axis=1).astype(np.int16)
    white = np.array([name in WHITE for name in names])
    new = np.where(white[old] & white[new], old, new)
    if inner:
        outer = np.array([name in OUTER for name in names])
        new = _joined(np.where(free & outer[old] & outer[new], old, new), old, names)
    out = labels.data.copy()
    out[box] = _relabelled(carried, old, new, labels.spacing_mm)
    return labels.with_data(out)


def _divided(old: Ints, names: Sequence[str], spacing_mm: tuple[float, ...]) -> Ints:
    """Return the classes with white matter near nuclei as one of its own."""
    nuclei = np.isin(old, [place for place, name in enumerate(names) if name in OWN_CLASS])
    if not nuclei.any():
        return old
    near = ndimage.distance_transform_edt(~nuclei, sampling=spacing_mm) <= INNER_WHITE_MM
    white = old == names.index("white_matter")
    return np.where(near & white, names.index(INNER_WHITE), old).astype(old.dtype)


def _joined(new: Ints, old: Ints, names: Sequence[str]) -> Ints:
    """Return the classes with new pieces of fluid, apart from all that was carried as fluid, as they were."""
    if "csf" not in names:
        return new
    fluid = new == names.index("csf")
    pieces, _ = ndimage.label(fluid, np.ones((3, 3, 3), bool))
    carried = np.unique(pieces[fluid & (old == new)])
    apart = fluid & ~np.isin(pieces, carried)
    return np.where(apart, old, new)


def _clipped(values: NDArray[Any]) -> Floats:
    low, high = np.percentile(values, CLIP_PERCENT)
    clipped: Floats = np.clip(values, low, high).astype(np.float32)
    return clipped


def _priors(old: Ints, free: NDArray[np.bool_], n: int, spacing_mm: tuple[float, ...]) -> Floats:
    """Return the share of each class around each free voxel, (voxel, class)."""
    sure = (old[free][:, None] == np.arange(n)).astype(np.float32)
    prior = _averaged(sure, free, BLUR_MM, spacing_mm)
    prior += np.float32(EVEN) * (prior > 0)
    shares: Floats = prior / np.maximum(prior.sum(axis=1, keepdims=True), 1e-12)
    return shares


def _smoothed(shares: Floats, free: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> Floats:
    return _averaged(shares, free, SMOOTH_MM, spacing_mm)


def _averaged(shares: Floats, free: NDArray[np.bool_], sd_mm: float, spacing_mm: tuple[float, ...]) -> Floats:
    """Return the shares of the free voxels, (voxel, class), averaged over their neighbours."""
    out = np.empty_like(shares)
    sigma = [sd_mm / step for step in spacing_mm]
    for k in range(shares.shape[1]):
        whole = np.zeros(free.shape, np.float32)
        whole[free] = shares[:, k]
        out[:, k] = ndimage.gaussian_filter(whole, sigma, truncate=3)[free]
    return out


def _classified(x: Floats, prior: Floats) -> Floats:
    """Return how likely each class is, (voxel, class), from signal and prior."""
    weights = prior.astype(np.float32)
    logs_prior = np.log(np.maximum(prior, 1e-12))
    floor = np.diag(1e-3 * x.var(axis=0).astype(np.float64) + 1e-9)
    logs = np.empty_like(logs_prior)
    for _ in range(ITERATIONS):
        for k in range(prior.shape[1]):
            weight = weights[:, k].astype(np.float64)
            total = max(float(weight.sum()), 1e-6)
            mean = (weight @ x) / total
            away = x - mean
            covariance = (away * weight[:, None]).T @ away / total + floor
            distance = np.einsum("ij,ij->i", away @ np.linalg.inv(covariance), away)
            logs[:, k] = logs_prior[:, k] - 0.5 * (distance + np.linalg.slogdet(covariance)[1])
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
    return weights


def _relabelled(carried: Ints, old: Ints, new: Ints, spacing_mm: tuple[float, ...]) -> Ints:
    """Return the labels; a voxel of a new class takes the nearest label that is of it."""
    out = carried.copy()
    for k in np.unique(new[new != old]):
        moved = (new == k) & (old != k)
        if k == 0:
            out[moved] = 0
            continue
        nearest = ndimage.distance_transform_edt(
            old != k, sampling=spacing_mm, return_distances=False, return_indices=True
        )
        out[moved] = carried[tuple(axis[moved] for axis in nearest)]
    return out
