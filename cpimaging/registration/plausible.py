"""Whether a fit can be true: what an affine does, and what no brain explains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cpimaging.registration import Matrix, Transform
from cpimaging.types import InputError

POSSIBLE_SCALES = (0.25, 4.0)
"""Beyond these factors per axis a fit has run away; a newborn's brain needs about 1.6 (ours)."""


@dataclass(frozen=True)
class AffineParts:
    """What a scan-to-template matrix does: turn, stretch along three axes (ascending), volume factor."""

    rotation_degrees: float
    scales: tuple[float, float, float]
    determinant: float


def affine_parts(matrix: Matrix) -> AffineParts:
    """Take a (4, 4) matrix apart by its polar decomposition: rotation times symmetric stretch."""
    linear = matrix[:3, :3]
    left, stretch, right = np.linalg.svd(linear)
    turn = left @ np.diag([1.0, 1.0, np.linalg.det(left @ right)]) @ right
    angle = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
    high, middle, low = (float(value) for value in stretch)
    return AffineParts(float(angle), (low, middle, high), float(np.linalg.det(linear)))


def check_affine(matrix: Matrix, path: str) -> None:
    """Refuse a matrix that no brain explains: not finite, mirrored, or stretched beyond reason.

    Raises InputError in the name of `path`.
    """
    if not np.isfinite(matrix).all():
        raise _not_converged(path, "the affine fit gave no numbers")
    parts = affine_parts(matrix)
    if parts.determinant <= 0:
        raise _not_converged(path, "the affine fit mirrors or flattens the brain")
    low, high = POSSIBLE_SCALES
    if parts.scales[0] < low or parts.scales[2] > high:
        scales = " × ".join(f"{scale:.2g}" for scale in parts.scales)
        raise _not_converged(path, f"the affine fit stretches the brain by {scales}")


def check_transform(transform: Transform, path: str) -> None:
    """Refuse a transform with values that are not numbers. Raises InputError in the name of `path`."""
    fields: tuple[NDArray[np.float64], ...] = (transform.to_template.data, transform.to_scan.data)
    if not all(np.isfinite(field).all() for field in fields):
        raise _not_converged(path, "the deformable fit gave no numbers")


def _not_converged(path: str, problem: str) -> InputError:
    cure = "look at the image and its brain mask: orientation, voxel size, what is left of the brain"
    return InputError(path, f"could not be registered, {problem}", cure)
