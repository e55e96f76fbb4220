"""Whether a transform is one that a brain can need: turn, stretch, folding, way back."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cpimaging.registration import jacobian, moved_points, resample
from cpimaging.registration.plausible import AffineParts
from cpimaging.types import Image

Bool = NDArray[np.bool_]


def stretch_ratio(parts: AffineParts) -> float:
    """Return the longest over the shortest stretch of an affine."""
    return parts.scales[2] / max(parts.scales[0], 1e-9)


def folded_share(volumes: Iterable[NDArray[np.float64]]) -> float:
    """Return the share of voxels that are turned inside out, in the worse of the directions.

    volumes: Jacobians of each direction, of `jacobian_inside`.
    """
    return max(float((values <= 0).mean()) for values in volumes)


def lowest_jacobian(volumes: Iterable[NDArray[np.float64]]) -> float:
    """Return the 0.1th percentile of the Jacobian, in the worse of the directions."""
    return min(float(np.percentile(values, 0.1)) for values in volumes)


def jacobian_inside(field: Image, mask: Image) -> NDArray[np.float64]:
    """Return the Jacobian of a field at its points inside a mask, or everywhere where none is."""
    inside = resample(mask, field, mode="nearest").data
    return jacobian(field, inside if inside.any() else ...).ravel()


def inverse_error_mm(to_scan: Image, to_template: Image, brain: Image) -> NDArray[np.float64]:
    """Return how far points of the brain are from where they started, once there and back, in mm."""
    points = np.argwhere(brain.data)
    points = points[:: max(1, len(points) // 20_000)]
    world = points @ brain.affine[:3, :3].T + brain.affine[:3, 3]
    again = moved_points(moved_points(world, to_scan), to_template)
    error: NDArray[np.float64] = np.linalg.norm(again - world, axis=1)
    return error if len(error) else np.zeros(1)
