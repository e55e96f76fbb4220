"""Which detectors look at a scan, and how their findings become one."""

import numpy as np

from cpimaging.lesions.detect.detectors.chronic import DETECTORS
from cpimaging.lesions.detect.inputs import Finding, Scene, nothing

CHRONIC = ("FLAIR", "T2w", "T1w")
"""Contrasts for chronic injury: the first that can be searched is (with the T1w, where there is one)."""

BESIDE = ("punctate", "ADC")
"""What is looked for in any case, where age and contrasts allow."""


def detect(scene: Scene) -> Finding:
    """Return what all detectors that can look find together; not assessed where none can."""
    found, reasons = [], []
    for names in (CHRONIC, *((name,) for name in BESIDE)):
        for name in names:
            finding = DETECTORS[name](scene)
            if finding.not_assessed is None:
                found.append(finding)
                break
            reasons.append((name, finding.not_assessed))
    told = [f"Not searched: {reason}" for name, reason in reasons if name in scene.images]
    if not found:
        return nothing(scene, "; ".join(dict.fromkeys(reason for _, reason in reasons)))
    return _together(found, tuple(dict.fromkeys(told)))


def _together(found: list[Finding], notes: tuple[str, ...]) -> Finding:
    """Return the union; where findings overlap, the first one's reason stands.

    Not searched is what none of them searched.
    """
    mask = np.zeros_like(found[0].mask)
    origin = np.zeros_like(found[0].origin)
    reasons: tuple[str, ...] = ()
    rejected: dict[str, float] = {}
    for finding in found:
        new = finding.mask & ~mask
        origin[new] = finding.origin[new] + len(reasons)
        mask |= finding.mask
        reasons += finding.reasons
        for rule, mm3 in finding.rejected.items():
            rejected[rule] = rejected.get(rule, 0.0) + mm3
    return Finding(
        probability=np.maximum.reduce([finding.probability for finding in found]),
        mask=mask,
        origin=origin,
        reasons=reasons,
        rejected=rejected,
        notes=(*(note for finding in found for note in finding.notes), *notes),
        not_searched=tuple(
            tissue
            for tissue in found[0].not_searched
            if all(tissue in finding.not_searched for finding in found)
        ),
    )
