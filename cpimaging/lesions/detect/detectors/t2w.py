"""T2w: chronic injury where there is no FLAIR."""

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.detectors.chronic import AGES_YEARS, needs_age, search
from cpimaging.lesions.detect.findings import Finding
from cpimaging.lesions.detect.inputs import Scene


def t2w(scene: Scene) -> Finding:
    """Find tissue brighter on T2w than it should be, and cavities.

    The T1w is not read beside it: voxels that are partly sulcus are bright on T2w and dark on T1w too.
    """
    return search(scene, {"T2w": 1}, "bright on T2w")


T2W = Detector(
    "T2w",
    ("T2w",),
    t2w,
    "brighter, T2w alone; cavities; not in brainstem and cerebellum",
    AGES_YEARS,
    other_age=needs_age("T2w hyperintensity"),
)
