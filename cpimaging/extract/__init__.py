"""Take the brain out of a head, without learned weights, for any contrast and any voxel size.

The template's brain is laid over the head (`pose`), its surface is moved to where brain ends in the scan
(`surface`), and the template is bent to the map of brain-like voxels. The result is the bent
template's surface; how well both surfaces agree says how far to trust it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import Template
from cpimaging.extract.pose import head_mask, inverse, template_pose
from cpimaging.extract.surface import brain_likeness, fit_surface
from cpimaging.preprocess import log_bias_field
from cpimaging.registration import Matrix, crop, resample
from cpimaging.registration.tools import fit_map, grid_at, thinned
from cpimaging.types import Image
from cpimaging.voxels import largest_piece, signed_distance, strided

WORKING_MM = 2.0
"""Grid on which the brain is looked for; its surface is found between the voxels."""

TEMPLATE_FIT_MM = 3.0
"""Grid of the template's fit, times the size of the brain over the template's."""

RIM_MM = 1.0
"""Pia and partial volume beyond the surface that count as brain, as in masks drawn for MNI152 (measured)."""

FIT_MARGIN_MM = 5.0
"""The template's fit looks this far beyond the rough brain."""

LEAST_VIEW_MM = 60.0
"""A head must be seen over this length along every axis (ours)."""

FIELD_MARGIN_MM = 12.0
FAR_MM = 40.0
Bool = NDArray[np.bool_]
Field = NDArray[np.float64]


@dataclass(frozen=True)
class Extraction:
    """A brain mask on the scan's grid, and the overlap (Dice) of the two surfaces that it comes from."""

    mask: Bool
    agreement: float


def extract_brain(scan: Image, template: Template) -> Extraction:
    """Return the brain of a whole head, of any contrast, the right way up."""
    coarse = thinned(scan, grid_at(scan, WORKING_MM))
    pose = template_pose(coarse, head_mask(coarse), template)
    depth = template_depth(template)
    rough = _placed(depth, coarse, pose)
    tissue_share = template.gm.with_data(np.clip(template.gm.data + template.wm.data, 0, 1))
    tissue = resample(tissue_share, coarse, matrix=inverse(pose)).data
    inner = rough < -2 * WORKING_MM
    field = np.clip(log_bias_field(coarse, inner), -1.5, 1.5)
    even = coarse.with_data((coarse.data / np.exp(field)).astype(np.float32))
    surface = fit_surface(even, rough, tissue)
    likeness = even.with_data(brain_likeness(even, surface, tissue))
    bent = _bent_template(likeness, np.minimum(surface, rough), tissue_share, depth, pose)
    brain = coarse.with_data(bent - RIM_MM)
    both = int((surface < 0).sum() + (bent < 0).sum())
    agreement = 2 * int(((surface < 0) & (bent < 0)).sum()) / max(both, 1)
    return Extraction(_on_scan(brain, scan), agreement)


def template_depth(template: Template) -> Image:
    """Return the signed distance in mm to the template's brain surface, negative inside, at 2 mm."""
    thin = strided(template.brain, (2, 2, 2))
    brain, affine = np.pad(thin.data, 10), thin.affine
    affine[:3, 3] -= affine[:3, :3] @ [10.0, 10.0, 10.0]
    distance = ndimage.gaussian_filter(signed_distance(brain, (2.0, 2.0, 2.0), wall_mm=1.0), 0.7)
    return Image(distance.astype(np.float32), affine)


def _placed(depth: Image, grid: Image, pose: Matrix, field: Image | None = None) -> Field:
    """Return the template's depth on the scan, in mm of the scan."""
    scale = float(np.cbrt(np.linalg.det(pose[:3, :3])))
    shifted = depth.with_data(depth.data - FAR_MM)  # beyond the template's grid it is far, not 0
    matrix = inverse(pose) if field is None else None
    placed: Field = (resample(shifted, grid, field, matrix=matrix).data + FAR_MM) * scale
    return placed


def _bent_template(likeness: Image, rough: Field, tissue_share: Image, depth: Image, pose: Matrix) -> Field:
    """Return the depth under the surface of the template, bent to the map of brain-like voxels."""
    shown = likeness.with_data((1 / (1 + np.exp(-1.5 * likeness.data))).astype(np.float32))
    part = crop(shown, rough < FIT_MARGIN_MM, FIELD_MARGIN_MM)
    scale = float(np.cbrt(np.linalg.det(pose[:3, :3])))
    grid = grid_at(part, TEMPLATE_FIT_MM * scale)
    near = thinned(likeness.with_data((rough < FIT_MARGIN_MM).astype(np.float32)), grid)
    near = near.with_data((near.data > 0.5).astype(np.uint8))
    template = crop(tissue_share, tissue_share.data > 0, 10.0)
    field = fit_map(thinned(part, grid), template, near, inverse(pose))
    bent = _placed(depth, likeness, pose, field)
    return np.where(rough < FIT_MARGIN_MM + FIELD_MARGIN_MM / 2, bent, FAR_MM)  # the field ends beyond


def _on_scan(brain: Image, scan: Image) -> Bool:
    shifted = brain.with_data((brain.data - FAR_MM).astype(np.float32))
    inside = resample(shifted, scan).data < -FAR_MM
    filled: Bool = ndimage.binary_fill_holes(largest_piece(inside))
    return filled
