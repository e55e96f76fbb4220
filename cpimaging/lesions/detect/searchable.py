"""Can a contrast be searched at all? Told in plain words before anything is looked for."""

import numpy as np

from cpimaging.lesions.detect.healthy_model import CLASSES, FLUID_IS_BRIGHT, fluid_to_learn, robust
from cpimaging.lesions.detect.inputs import Scene

LEAST_COVERED = 0.8  # share of the brain that an image must show [ours]
LEAST_CONTRAST = 1.0  # between tissue and fluid, in SD of white matter [ours]
LEAST_GREY_WHITE = 0.5  # between grey and white matter on T1w from two years on [ours]
MATURE_YEARS = 2.0
"""Below, unmyelinated white matter is bright on FLAIR and T2w and grey and white may look alike
(Barkovich 2000, Neuroimaging Clin N Am 10:327)."""


def immature(scene: Scene) -> bool:
    """Tell whether the scan is known to be of a child under two years."""
    return scene.age_years is not None and scene.age_years < MATURE_YEARS


def unfit(scene: Scene, contrast: str) -> str | None:
    """Return why a contrast cannot be searched, or None."""
    if contrast not in scene.images:
        return f"no {contrast}"
    data = scene.images[contrast].data
    covered = float((data[scene.brain] > 0).mean())
    if covered < LEAST_COVERED:
        return f"{contrast} shows only {100 * covered:.0f} % of the brain"
    return _unlike_its_name(scene, contrast)


def _unlike_its_name(scene: Scene, contrast: str) -> str | None:
    """Return in what a contrast does not look like its name: fluid against tissue, grey against white."""
    data = scene.images[contrast].data[scene.brain]
    centre, spread = {}, {}
    for name in CLASSES:
        share = (fluid_to_learn(scene, contrast) if name == "fluid" else scene.shares[name])[scene.brain]
        taught = data[share >= min(0.8, float(np.quantile(share, 0.99)))]
        centre[name], spread[name] = robust(taught)
    unit = max(spread["white"], 1e-6 * abs(centre["white"]))
    fluid = (centre["fluid"] - (centre["white"] + centre["grey"]) / 2) / unit
    bright = FLUID_IS_BRIGHT[contrast]
    if (fluid if bright else -fluid) < LEAST_CONTRAST:
        shade = "brighter" if bright else "darker"
        return f"{contrast} does not look like one: fluid is not clearly {shade} than tissue"
    apart = (centre["white"] - centre["grey"]) / unit
    if contrast == "T1w" and not immature(scene) and apart < LEAST_GREY_WHITE:
        return "T1w does not look like one: white matter is not clearly brighter than grey matter"
    return None
