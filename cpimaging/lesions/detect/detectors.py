"""One function per contrast: probability, mask, and why."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.cavities import cavities, fluid_like
from cpimaging.lesions.detect.rules import apply_rules
from cpimaging.lesions.detect.scene import Bool, Finding, Float, Scene, nothing
from cpimaging.lesions.detect.settle import grow, seeds
from cpimaging.lesions.detect.signals import fit_model

MATURE_YEARS = 2.0
"""FLAIR and T2 say little of gliosis before, since unmyelinated white matter is bright too (docs/method)."""

GAP_MM = 2.0  # gaps between a lesion and its cavity narrower than this are lesion [ours]


def flair(scene: Scene) -> Finding:
    """Find tissue brighter on FLAIR than it should be; with T1w, darker there or not; and cavities."""
    return _bright(scene, "FLAIR")


def t2(scene: Scene) -> Finding:
    """Find tissue brighter on T2w than it should be; with T1w, darker there or not; and cavities."""
    return _bright(scene, "T2w")


def t1(scene: Scene) -> Finding:
    """Find white matter darker on T1w than it should be, and cavities."""
    if "T1w" not in scene.images:
        return nothing(scene, "no T1w")
    if immature(scene):
        return nothing(scene, "T1w hypointensity needs an age of 24 months or more")
    return _search(scene, {"T1w": -1}, "dark on T1w")


def _bright(scene: Scene, contrast: str) -> Finding:
    if contrast not in scene.images:
        return nothing(scene, f"no {contrast}")
    if immature(scene):
        return nothing(scene, f"{contrast} hyperintensity needs an age of 24 months or more")
    signs = {contrast: 1, **({"T1w": -1} if "T1w" in scene.images else {})}
    return _search(scene, signs, f"bright on {contrast}")


def immature(scene: Scene) -> bool:
    """Tell whether the scan is known to be of a child under two years."""
    return scene.age_years is not None and scene.age_years < MATURE_YEARS


def _search(scene: Scene, signs: dict[str, int], reason: str) -> Finding:
    model = fit_model(scene, signs)
    shifted = seeds(scene, model, signs)
    shifted, probability = (
        grow(scene, model, signs, shifted)
        if shifted.any()
        else (shifted, np.zeros(scene.brain.shape, np.float32))
    )
    fluid = fluid_like(scene, model)
    lost = cavities(scene, fluid)
    mask = _joined(scene, shifted | lost, fluid)
    origin = np.where(mask & (fluid | lost), 1, 0).astype(np.uint8)
    finding = Finding(
        probability=_covering(probability, mask, lost),
        mask=mask,
        origin=origin,
        reasons=(reason, "cavity: fluid in place of tissue"),
    )
    return apply_rules(finding, scene)


def _joined(scene: Scene, mask: Bool, fluid: Bool) -> Bool:
    """Return the mask with narrow gaps closed and holes filled; ventricles stay out."""
    if not mask.any():
        return mask
    steps = max(1, round(GAP_MM / 2 / min(scene.spacing_mm)))
    closed = ndimage.binary_closing(mask, iterations=steps) | mask
    filled: Bool = ndimage.binary_fill_holes(closed) & scene.brain & ~(scene.ventricles & ~mask)
    return filled


def _covering(probability: Float, mask: Bool, lost: Bool) -> Float:
    """Return a probability map that is at least 0.5 throughout the mask."""
    covered: Float = np.where(mask, np.maximum(probability, 0.5), np.minimum(probability, 0.49))
    return np.where(lost, np.float32(0.9), covered).astype(np.float32)


DETECTORS: Mapping[str, Callable[[Scene], Finding]] = {"FLAIR": flair, "T2w": t2, "T1w": t1}
