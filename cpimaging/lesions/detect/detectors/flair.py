"""FLAIR: chronic injury, with the T1w as a second witness where there is one."""

from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.detectors.chronic import AGES_YEARS, needs_age, search, unsearchable
from cpimaging.lesions.detect.findings import Finding
from cpimaging.lesions.detect.inputs import Scene


def flair(scene: Scene) -> Finding:
    """Find tissue brighter on FLAIR than it should be; with T1w, darker there or not; and cavities."""
    signs = {"FLAIR": 1}
    if "T1w" in scene.images and unsearchable(scene, "T1w", -1) is None:
        signs["T1w"] = -1
    return search(scene, signs, "bright on FLAIR")


FLAIR = Detector(
    "FLAIR",
    ("FLAIR",),
    flair,
    "brighter than healthy tissue, with the T1w darker there or not; cavities",
    AGES_YEARS,
    other_age=needs_age("FLAIR hyperintensity"),
)
