"""Whether a transform is one that a brain can need: turn, stretch, folding, way back."""

import numpy as np
from numpy.typing import NDArray

from cpimaging.qc import limits
from cpimaging.qc.limits import at_least, at_most, within
from cpimaging.registration import Matrix, jacobian, moved_points, resample
from cpimaging.registration.plausible import affine_parts
from cpimaging.types import Flag, Image

Bool = NDArray[np.bool_]


def affine_flags(matrix: Matrix, scan_ml: float, template_ml: float) -> list[Flag]:
    """Return the flags of the scan-to-template matrix: turn, stretch, and whether it explains the size.

    scan_ml, template_ml: volumes of both brains.
    """
    parts = affine_parts(matrix)
    ratio = parts.scales[2] / max(parts.scales[0], 1e-9)
    explained = parts.determinant * scan_ml / template_ml
    return [
        at_most("affine_rotation_degrees", parts.rotation_degrees, limits.ROTATION_WARN_DEGREES),
        at_most("affine_stretch_ratio", ratio, limits.STRETCH_RATIO_WARN),
        within("affine_size_ratio", explained, limits.SIZE_EXPLAINED),
    ]


def deformation_flags(to_scan: Image, to_template: Image, brain: Image, template_brain: Image) -> list[Flag]:
    """Return the flags of both displacement fields (mm): folding, change of volume, the way back.

    brain, template_brain: bool, each on any grid of its space.
    """
    there, back = (_inside(field, mask) for field, mask in ((to_scan, brain), (to_template, template_brain)))
    folded = max(float((values <= 0).mean()) for values in (there, back))
    low = min(float(np.percentile(values, 0.1)) for values in (there, back))
    error = inverse_error_mm(to_scan, to_template, brain)
    return [
        at_most("folded_share", folded, limits.FOLDED_SHARE_WARN, limits.FOLDED_SHARE_FAIL),
        at_least("jacobian_lowest", low, limits.JACOBIAN_LOWEST_WARN),
        at_most("inverse_error_mean_mm", float(error.mean()), limits.INVERSE_MEAN_WARN_MM),
        at_most("inverse_error_p95_mm", float(np.percentile(error, 95)), limits.INVERSE_P95_WARN_MM),
    ]


def _inside(field: Image, mask: Image) -> NDArray[np.float64]:
    """Return the Jacobian of a field at its points inside a mask, or everywhere where none is."""
    inside = resample(mask, field, mode="nearest").data
    values = jacobian(field)
    return values[inside] if inside.any() else values.ravel()


def inverse_error_mm(to_scan: Image, to_template: Image, brain: Image) -> NDArray[np.float64]:
    """Return how far points of the brain are from where they started, once there and back, in mm."""
    points = np.argwhere(brain.data)
    points = points[:: max(1, len(points) // 20_000)]
    world = points @ brain.affine[:3, :3].T + brain.affine[:3, 3]
    again = moved_points(moved_points(world, to_scan), to_template)
    error: NDArray[np.float64] = np.linalg.norm(again - world, axis=1)
    return error if len(error) else np.zeros(1)
