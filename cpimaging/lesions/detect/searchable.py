"""Can a contrast be searched at all? Told in plain words before anything is looked for."""

from dataclasses import dataclass

import numpy as np

from cpimaging.lesions.detect.healthy_model import CLASSES, FLUID_IS_BRIGHT, fluid_to_learn, robust
from cpimaging.lesions.detect.inputs import Scene
from cpimaging.lesions.detect.parameters import read_parameters


@dataclass(frozen=True)
class Parameters:
    """The values of searchable.yaml."""

    least_covered: float
    least_contrast_sd: float
    least_grey_white_sd: float
    teaching_share: float
    teaching_quantile: float


P = read_parameters(Parameters, __file__)


def unfit(scene: Scene, contrast: str) -> str | None:
    """Return why a contrast of the scene cannot be searched, or None."""
    data = scene.images[contrast].data
    covered = float((data[scene.brain] > 0).mean())
    if covered < P.least_covered:
        return f"{contrast} shows only {100 * covered:.0f} % of the brain"
    return _unlike_its_name(scene, contrast)


def _unlike_its_name(scene: Scene, contrast: str) -> str | None:
    """Return in what a contrast does not look like its name: fluid against tissue, grey against white."""
    data = scene.images[contrast].data[scene.brain]
    centre, spread = {}, {}
    for name in CLASSES:
        share = (fluid_to_learn(scene, contrast) if name == "fluid" else scene.shares[name])[scene.brain]
        taught = data[share >= min(P.teaching_share, float(np.quantile(share, P.teaching_quantile)))]
        centre[name], spread[name] = robust(taught)
    unit = max(spread["white"], 1e-6 * abs(centre["white"]))
    fluid = (centre["fluid"] - (centre["white"] + centre["grey"]) / 2) / unit
    bright = FLUID_IS_BRIGHT[contrast]
    if (fluid if bright else -fluid) < P.least_contrast_sd:
        shade = "brighter" if bright else "darker"
        return f"{contrast} does not look like one: fluid is not clearly {shade} than tissue"
    apart = (centre["white"] - centre["grey"]) / unit
    if contrast == "T1w" and apart < P.least_grey_white_sd:
        return "T1w does not look like one: white matter is not clearly brighter than grey matter"
    return None
