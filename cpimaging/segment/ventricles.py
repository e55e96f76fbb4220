"""Which fluid is ventricle: grown from the atlas's ventricles against the fluid outside the brain."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.types import Image, Region
from cpimaging.voxels import bounding_box, depth_mm, voxels_in

Bool = NDArray[np.bool_]
Floats = NDArray[np.float32]

HALF = 0.5
REACH_MM = 30.0
"""Ventricles are looked for within this box margin around the atlas's (ours)."""

OUTER_MM = 4.0
"""Fluid in the cortex of the atlas and this far from its ventricles belongs to sulci and cisterns (ours)."""

MIDLINE_REACH_MM, MIDLINE_GREY_MM = 1.5, 8.0
"""The third and fourth ventricle open into cisterns: they end this far from the atlas's, but may widen
into its deep grey matter up to the second limit (ours)."""

SEPTUM_SHARE = 0.8
"""The septum is thinner than a voxel: only this much fluid makes it ventricle (ours)."""

PLEXUS_MM = 2.0
"""Radius over which gaps within the atlas's ventricle, as of choroid plexus, are closed (ours)."""

ISLAND_MM3 = 20.0
"""Smaller pools apart from the others are no ventricle (ours)."""

CAVITY_MM = 6.0
"""A cavity leaves the atlas's ventricle by so much more than the wall of its horn does in general (ours):
where a whole horn is larger than the atlas's, that is no cavity."""

CAVITY_ONE_SIDED = 3
"""How many times more of it must lie on one side than beside the same horn of the other (ours)."""

CAVITY_MM3, CAVITY_CORE_MM3 = 300.0, 50.0
"""Smallest cavity that is named, and how much of it must lie beyond CAVITY_MM (ours)."""


class Ventricles(NamedTuple):
    """labels: atlas number of the nearest ventricle part, 0 elsewhere. cavity: bool, joined to them."""

    labels: NDArray[np.integer]
    cavity: Bool


def find_ventricles(
    share: Floats, prior: Image, regions: Sequence[Region], outer_prior: Floats, lesion: Bool
) -> Ventricles:
    """Return the ventricles that the image shows, within REACH_MM of the atlas's.

    share: fluid per voxel. prior: atlas labels on the same grid. outer_prior: the template's share of
    fluid. lesion: voxels that are never ventricle.
    """
    kinds = _kinds(regions)
    labels, cavity = np.zeros_like(prior.data), np.zeros(prior.shape, bool)
    is_prior = np.isin(prior.data, kinds.ventricle)
    if is_prior.any():
        box = bounding_box(is_prior, voxels_in(REACH_MM, prior.spacing_mm))
        scene = _Scene(prior.data[box], is_prior[box], share[box], ~lesion[box], prior.spacing_mm)
        labels[box], cavity[box] = _in_box(scene, outer_prior[box], kinds)
    return Ventricles(labels, cavity)


class _Scene(NamedTuple):
    """The box in which ventricles are looked for; is_prior: the atlas's; allowed: no lesion."""

    prior: NDArray[np.integer]
    is_prior: Bool
    share: Floats
    allowed: Bool
    spacing_mm: tuple[float, ...]


def _in_box(scene: _Scene, outer_prior: Floats, kinds: "_Kinds") -> Ventricles:
    prior, spacing = scene.prior, scene.spacing_mm
    fluid = (scene.share > HALF) & scene.allowed
    distance, nearest = ndimage.distance_transform_edt(~scene.is_prior, sampling=spacing, return_indices=True)
    part = prior[tuple(nearest)]
    outer = fluid & np.isin(prior, kinds.outer) & (distance > OUTER_MM) & (outer_prior > HALF)
    grown = _compete(fluid, fluid & scene.is_prior, outer, spacing)
    reach_mm = np.where(np.isin(prior, kinds.deep_grey), MIDLINE_GREY_MM, MIDLINE_REACH_MM)
    grown &= np.isin(part, kinds.lateral) | (distance <= np.maximum(reach_mm, max(spacing)))
    grown &= ~np.isin(prior, kinds.septum) | (scene.share > SEPTUM_SHARE)
    out_mm = distance - depth_mm(scene.is_prior, spacing)
    cavity = _cavity(np.where(grown & np.isin(part, kinds.lateral), part, 0), out_mm, kinds.twins, spacing)
    ventricle = _without_gaps(grown & ~cavity, scene.is_prior & scene.allowed & ~cavity, spacing)
    return Ventricles(np.where(_without_islands(ventricle, spacing), part, 0).astype(prior.dtype), cavity)


class _Kinds(NamedTuple):
    ventricle: list[int]
    lateral: list[int]
    outer: list[int]
    septum: list[int]
    deep_grey: list[int]
    twins: dict[int, int]


def _kinds(regions: Sequence[Region]) -> _Kinds:
    lateral = [r for r in regions if r.structure.startswith("lateral_ventricle")]
    return _Kinds(
        ventricle=[r.index for r in regions if is_ventricle(r)],
        lateral=[r.index for r in lateral],
        outer=[0, *(r.index for r in regions if r.tissue in ("cortex", "cerebellum", "brainstem"))],
        septum=[r.index for r in regions if r.structure == "fornix"],
        deep_grey=[r.index for r in regions if r.tissue == "deep_grey"],
        twins={a.index: b.index for a in lateral for b in lateral if _mirrored(a, b)},
    )


def _mirrored(a: Region, b: Region) -> bool:
    return a.structure == b.structure and {a.side, b.side} == {"left", "right"}


def is_ventricle(region: Region) -> bool:
    """Tell whether a region is (part of) a ventricle."""
    return "ventricle" in region.structure and region.tissue == "csf"


def _compete(fluid: Bool, inner: Bool, outer: Bool, spacing_mm: tuple[float, ...]) -> Bool:
    """Return the fluid that belongs to the inner seeds; both sides meet where the fluid is narrowest."""
    from skimage.segmentation import watershed  # a tenth of a second that other stages do without

    seeds = inner.astype(np.int32) + 2 * (outer & ~inner)
    won: Bool = watershed(-depth_mm(fluid, spacing_mm), seeds, mask=fluid) == 1
    return won


def _cavity(
    part: NDArray[np.integer],
    out_mm: NDArray[np.floating],
    twins: dict[int, int],
    spacing_mm: tuple[float, ...],
) -> Bool:
    """Return pools that reach much farther from the atlas's ventricle than the wall does in general.

    part: label of the nearest horn for the fluid of the lateral ventricles, else 0. out_mm: distance
    from the atlas's ventricle, negative inside. twins: each horn's label on the other side. What both
    sides do alike is a wide horn, no cavity.
    """
    fluid = part > 0
    wall = fluid & ~ndimage.binary_erosion(fluid)
    core, beyond = np.zeros_like(fluid), np.zeros_like(fluid)
    for horn in np.unique(part[wall]):
        usual = max(float(np.median(out_mm[wall & (part == horn)])), 0.0)
        core |= (part == horn) & (out_mm > usual + CAVITY_MM)
        beyond |= (part == horn) & (out_mm > usual + max(spacing_mm))  # one voxel is no finding
    reach = np.bincount(part[beyond], minlength=int(part.max()) + 1)
    for horn, twin in twins.items():
        if horn < len(reach) and twin < len(reach) and reach[horn] < CAVITY_ONE_SIDED * reach[twin]:
            core &= part != horn
    pools, n = ndimage.label(beyond)
    voxel_mm3 = np.prod(spacing_mm)
    named = np.bincount(pools.ravel(), minlength=n + 1) * voxel_mm3 >= CAVITY_MM3
    named &= np.bincount(pools[core], minlength=n + 1) * voxel_mm3 >= CAVITY_CORE_MM3
    named[0] = False
    found: Bool = named[pools]
    return found


def _without_gaps(ventricle: Bool, allowed: Bool, spacing_mm: tuple[float, ...]) -> Bool:
    """Return the ventricle with holes and narrow gaps within the atlas's ventricle filled."""
    if not ventricle.any():
        return ventricle
    box = bounding_box(ventricle, voxels_in(PLEXUS_MM, spacing_mm) + 1)
    near = ndimage.distance_transform_edt(~ventricle[box], sampling=spacing_mm) <= PLEXUS_MM
    closed = ndimage.distance_transform_edt(near, sampling=spacing_mm) > PLEXUS_MM
    filled = ventricle.copy()
    filled[box] |= (closed | ndimage.binary_fill_holes(ventricle[box])) & allowed[box]
    return filled


def _without_islands(ventricle: Bool, spacing_mm: tuple[float, ...]) -> Bool:
    """Return the ventricle without specks, such as cysts of the hippocampal sulcus."""
    pools, n = ndimage.label(ventricle, ndimage.generate_binary_structure(3, 3))
    kept = np.bincount(pools.ravel(), minlength=n + 1) * np.prod(spacing_mm) >= ISLAND_MM3
    kept[0] = False
    large: Bool = kept[pools]
    return large
