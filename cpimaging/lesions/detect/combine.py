"""Which detectors look at a scan, and how their findings become one."""

from cpimaging.lesions.detect.detectors import DETECTORS
from cpimaging.lesions.detect.scene import Finding, Scene, nothing

ORDER = ("FLAIR", "T2w", "T1w")


def detect(scene: Scene) -> Finding:
    """Return what is found in all contrasts of a scan."""
    reasons = []
    for name in ORDER:
        finding = DETECTORS[name](scene)
        if finding.not_assessed is None:
            return finding
        reasons.append(finding.not_assessed)
    return nothing(scene, "; ".join(reasons))
