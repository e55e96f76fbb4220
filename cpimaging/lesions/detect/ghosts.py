"""Ghosts: shifted copies of the head that motion or flow leaves in an image, and that look like lesions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.healthy_model import fit_model
from cpimaging.lesions.detect.inputs import Bool, Float, Scene, thinned
from cpimaging.lesions.detect.parameters import read_parameters


@dataclass(frozen=True)
class Parameters:
    """The values of ghosts.yaml."""

    edge_mm: float
    least_shift_mm: float
    least_overlap: float
    smooth_mm: float
    clip_sd: float
    limit: float


P = read_parameters(Parameters, __file__)


def has_ghost(scene: Scene, contrast: str, sign: int) -> bool:
    """Tell whether what healthy tissue does not explain follows a shifted copy of the image."""
    return ghost_strength(scene, contrast, sign) >= P.limit


def ghost_strength(scene: Scene, contrast: str, sign: int) -> float:
    """Return how strong the copy is, as a share of the image, that explains most of the unexplained signal.

    Copies are shifted along one axis of the voxels. sign: +1 where lesions are bright, −1 where dark.
    """
    scene = thinned(scene, P.edge_mm)
    brain = scene.brain
    model = fit_model(scene, {contrast: sign})
    unit = np.float32(model.white_sd[contrast])
    unexplained = np.zeros(brain.shape, np.float32)
    deviation = (model.values[contrast] - model.expected(contrast)) / unit
    unexplained[brain] = unit * np.clip(deviation, -P.clip_sd, P.clip_sd)
    rest = _without_slow_changes(unexplained, scene)[brain]
    image = np.where(brain, scene.images[contrast].data, 0)
    explained, strength = 0.0, 0.0
    for moved in _copies(image, scene):
        copy = _without_slow_changes(moved, scene)[brain]
        power = float(np.square(copy).sum())
        product = float((rest * copy).sum())
        if product > 0 and product**2 / power > explained:
            explained, strength = product**2 / power, product / power
    return strength


def _copies(image: Float, scene: Scene) -> Iterator[Float]:
    """Yield the image moved along each axis, by every shift at which it covers enough of the brain."""
    for axis, n in enumerate(image.shape):
        least = int(np.ceil(P.least_shift_mm / scene.spacing_mm[axis]))
        for shift in (sign * by for by in range(least, n) for sign in (1, -1)):
            copy = _moved(image, axis, shift)
            if (copy[scene.brain] > 0).mean() >= P.least_overlap:
                yield copy


def _moved(image: Float, axis: int, shift: int) -> Float:
    """Return the image moved by whole voxels; what leaves it is lost, 0 comes in."""
    moved = np.roll(image, shift, axis)
    empty = [slice(None)] * image.ndim
    empty[axis] = slice(0, shift) if shift > 0 else slice(shift, None)
    moved[tuple(empty)] = 0
    return moved


def _without_slow_changes(data: Float, scene: Scene) -> Float:
    sigma = P.smooth_mm / np.array(scene.spacing_mm)
    brain: Bool = scene.brain
    weight = ndimage.gaussian_filter(brain.astype(np.float32), sigma, mode="constant")
    slow = ndimage.gaussian_filter(data * brain, sigma, mode="constant") / np.maximum(weight, 1e-3)
    rest: Float = (data - slow).astype(np.float32)
    return rest
