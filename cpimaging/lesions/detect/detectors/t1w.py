"""T1w: chronic injury where there is neither FLAIR nor T2w."""

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.detectors.chronic import AGES_YEARS, needs_age, search
from cpimaging.lesions.detect.findings import Finding
from cpimaging.lesions.detect.inputs import Scene


def t1w(scene: Scene) -> Finding:
    """Find white matter darker on T1w than it should be, and cavities."""
    return search(scene, {"T1w": -1}, "dark on T1w")


T1W = Detector(
    "T1w",
    ("T1w",),
    t1w,
    "darker, T1w alone; cavities; not in brainstem and cerebellum",
    AGES_YEARS,
    other_age=needs_age("T1w hypointensity"),
)
