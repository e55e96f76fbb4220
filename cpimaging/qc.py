"""Numbers that say "do not trust this scan": flags with limits, and one verdict.

Limits are ours, set on registrations of healthy and simulated brains; see docs/method/registration.md.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cpimaging.registration import jacobian
from cpimaging.types import Flag, Image, Verdict

BRAIN_DICE_WARN, BRAIN_DICE_FAIL = 0.93, 0.85
SIMILARITY_WARN, SIMILARITY_FAIL = 0.25, 0.10
FOLDED_SHARE_WARN = 1e-4
VOLUME_RATIO = (0.4, 2.5)
OUTSIDE_SHARE_WARN = 0.05
CONTRAST_SHIFT_WARN_MM = 10.0

Bool = NDArray[np.bool_]


def registration_flags(
    scan: Image, brain: Bool, lesion: Bool, template_in_scan: Image, to_scan: Image
) -> list[Flag]:
    """Return the flags of a registration.

    scan, template_in_scan: intensities on the reference grid; brain, lesion: boolean on that grid;
    to_scan: displacement field in mm.
    """
    template_brain = template_in_scan.data > 0
    dice = 2 * float((template_brain & brain).sum()) / max(float(template_brain.sum() + brain.sum()), 1.0)
    similarity = _explained(scan.data, template_in_scan.data, brain & template_brain & ~lesion)
    folded = float((jacobian(to_scan) <= 0).mean())
    return [
        _floor("brain_overlap_dice", dice, BRAIN_DICE_WARN, BRAIN_DICE_FAIL),
        _floor("template_similarity", similarity, SIMILARITY_WARN, SIMILARITY_FAIL),
        Flag("folded_share", folded, FOLDED_SHARE_WARN, folded <= FOLDED_SHARE_WARN),
    ]


def _explained(scan: NDArray[np.floating], template: NDArray[np.floating], where: Bool) -> float:
    """Return the correlation ratio: the share of the scan's variance that the template's grey value explains.

    Works for any contrast (Roche et al. 1998).
    """
    if where.sum() < 100:
        return 0.0
    values = np.clip(scan[where], *np.percentile(scan[where], [1, 99])).astype(np.float64)
    bins = np.digitize(template[where], np.percentile(template[where], np.arange(5, 100, 5)))
    count = np.bincount(bins)
    mean = np.bincount(bins, weights=values) / np.maximum(count, 1)
    total = float(values.var())
    return float(values.var() - ((values - mean[bins]) ** 2).mean()) / total if total > 0 else 0.0


def _floor(name: str, value: float, warn: float, fail: float) -> Flag:
    if value < fail:
        return Flag(name, value, fail, False, "fail")
    return Flag(name, value, warn, value >= warn)


def volume_ratio_flag(ratio: float) -> Flag:
    """Return the flag of the native-to-template brain volume ratio."""
    low, high = VOLUME_RATIO
    return Flag("template_volume_ratio", ratio, f"{low}–{high}", low <= ratio <= high)


def lesion_flag(outside_mm3: float, total_mm3: float) -> Flag:
    """Return the flag of the lesion share outside the brain mask."""
    share = outside_mm3 / total_mm3 if total_mm3 > 0 else 0.0
    return Flag("lesion_outside_brain_share", share, OUTSIDE_SHARE_WARN, share <= OUTSIDE_SHARE_WARN)


def alignment_flags(shifts_mm: dict[str, float]) -> list[Flag]:
    """Return a flag for each contrast: how far it had to be moved to meet the reference."""
    return [
        Flag(f"{contrast}_shift_mm", shift, CONTRAST_SHIFT_WARN_MM, shift <= CONTRAST_SHIFT_WARN_MM)
        for contrast, shift in sorted(shifts_mm.items())
    ]


def verdict(flags: Sequence[Flag]) -> Verdict:
    """Return fail if a flag fails, else warn if one does not hold, else pass."""
    broken = [flag.severity for flag in flags if not flag.ok]
    if "fail" in broken:
        return "fail"
    return "warn" if broken else "pass"
