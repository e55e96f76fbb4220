"""Which detectors look at a scan, and how their findings become one."""

from collections.abc import Mapping

from cpimaging.assessed import joined
from cpimaging.lesions.detect.detectors import DETECTORS
from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.findings import Finding, nothing, together
from cpimaging.lesions.detect.inputs import Scene


def detect(scene: Scene, refused: Mapping[str, str] | None = None) -> Finding:
    """Return what all detectors that can look find together; not assessed where none can.

    Of those that are for the scan alone the first that can look does; those beside others always.
    refused: detectors that must not look at this scan, by name, and why.
    """
    found: list[Finding] = []
    reasons: list[str] = []
    at_other_ages: list[str] = []
    told: list[str] = []
    alone = False
    for detector in sorted(DETECTORS.values(), key=lambda each: each.beside):
        if alone and not detector.beside:
            continue
        finding = _look(detector, scene, (refused or {}).get(detector.name))
        if finding.not_assessed is None:
            found.append(finding)
            alone = True
            continue
        own = _is_own(detector, scene, detector.name in (refused or {}))
        (reasons if own else at_other_ages).append(finding.not_assessed)
        if detector.is_told(scene):
            told.append(f"Not searched: {finding.not_assessed}")
    if not found:
        return nothing(scene, joined(reasons or at_other_ages))
    return together(found, tuple(dict.fromkeys(told)))


def _is_own(detector: Detector, scene: Scene, refused: bool) -> bool:
    """Tell whether it helps to know why a detector did not look: no image is to be added in vain."""
    missing = any(name not in scene.images for name in detector.contrasts)
    return (not detector.quiet or detector.is_for(scene.age_years)) and not (missing and refused)


def _look(detector: Detector, scene: Scene, why_not: str | None) -> Finding:
    """Let a detector look, unless it is refused a scan that has its contrasts."""
    refused = why_not is not None and all(name in scene.images for name in detector.contrasts)
    return nothing(scene, str(why_not)) if refused else detector.look(scene)
