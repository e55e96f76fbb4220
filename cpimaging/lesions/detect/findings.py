"""What a detector returns, and how several findings become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cpimaging.lesions.detect.inputs import Bool, Float, Scene

CAVITY = 1  # `Finding.origin` of fluid in place of tissue, in detectors that look for cavities


@dataclass(frozen=True)
class Finding:
    """What one detector, or several together, found; arrays on the grid of the scene.

    probability: float32, 0–1. mask: bool. origin: uint8, index into `reasons` where the mask is, which
    say why. rejected: rule -> mm³ that it took away. not_searched: tissues of the atlas that were left out.
    not_assessed: why nothing can be said, or None.
    """

    probability: Float
    mask: Bool
    origin: NDArray[np.uint8]
    reasons: tuple[str, ...] = ()
    rejected: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    not_searched: tuple[str, ...] = ()
    not_assessed: str | None = None


def nothing(scene: Scene, reason: str | None = None) -> Finding:
    """Return an empty finding; with a reason, that of a detector that could not look."""
    empty = np.zeros(scene.brain.shape, bool)
    return Finding(empty.astype(np.float32), empty, empty.astype(np.uint8), not_assessed=reason)


def together(found: Sequence[Finding], notes: tuple[str, ...]) -> Finding:
    """Return the union; where findings overlap, the first one's reason stands.

    Not searched is what none of them searched. notes: told after their own.
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
