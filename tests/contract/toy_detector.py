"""A detector as anyone may add one: very dark spots on T2w, in one module and the table beside it."""

from dataclasses import dataclass

import numpy as np

from cpimaging.lesions.detect import Detector, Finding, Scene, nothing
from cpimaging.lesions.detect.parameters import read_parameters


@dataclass(frozen=True)
class Parameters:
    """The values of toy_detector.yaml."""

    darkest: float
    from_years: float
    to_years: float
    least_covered: float


P = read_parameters(Parameters, __file__)


def dark(scene: Scene) -> Finding:
    """Find voxels of the brain that are very dark on T2w."""
    data = scene.images["T2w"].data
    if (data[scene.brain] > 0).mean() < P.least_covered:
        return nothing(scene, "T2w is empty")
    mask = scene.brain & (data < P.darkest)
    return Finding(
        mask.astype(np.float32),
        mask,
        np.zeros(mask.shape, np.uint8),
        ("very dark on T2w",),
        notes=("Dark spots searched",),
    )


DARK = Detector(
    "dark",
    ("T2w",),
    dark,
    "very dark spots",
    (P.from_years, P.to_years),
    other_age="dark spots are looked for in schoolchildren",
    beside=True,
)
