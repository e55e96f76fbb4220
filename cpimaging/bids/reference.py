"""Which contrast's grid is the scan's: decided while planning, from headers and age; no voxel is read."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cpimaging.bids.scan import Scan
from cpimaging.images import read_header
from cpimaging.types import CONTRASTS, InputError

ANATOMICAL = CONTRASTS[:3]
"""Those among which headers and age decide."""

INFANT_YEARS = 0.75
"""Below this age T2w goes before T1w: T1w contrast of grey and white matter is inverted at birth and lost
until 8-12 months, that of T2w lasts longer (Paus et al. 2001, Brain Res Bull 54:255). The limit is ours."""

COMPARABLE = 1.5
"""Longest voxel edges up to this factor apart count as alike (ours)."""

FINE_MM = 1.5
"""Edges up to this length count as alike, whatever the factor (ours)."""

LEAST_VIEW_SHARE = 0.6
"""A field of view whose shortest side is below this share of another's may miss part of the brain (ours)."""


def choose_references(bids_dir: Path | str, scans: Sequence[Scan]) -> list[Scan]:
    """Return the scans with their reference chosen, and a decision where it is not the first by name.

    Only scans with two or more candidates are looked at. A scan with a header that cannot be read or
    used keeps the order by name; what is wrong with it is told later.
    """
    return [_choose(Path(bids_dir), scan) if _several(scan) else scan for scan in scans]


def _several(scan: Scan) -> bool:
    return len(set(scan.images) & set(ANATOMICAL)) > 1


def _choose(root: Path, scan: Scan) -> Scan:
    try:
        headers = {name: read_header(root / scan.images[name]) for name in ANATOMICAL if name in scan.images}
    except InputError:
        return scan
    if any(header.fault() for header in headers.values()):
        return scan
    edges = {name: np.linalg.norm(header.affine[:3, :3], axis=0) for name, header in headers.items()}
    views = {name: min(header.shape[:3] * edges[name]) for name, header in headers.items()}
    whole = [name for name in headers if views[name] >= LEAST_VIEW_SHARE * max(views.values())]
    longest = {name: float(edges[name].max()) for name in whole}
    limit = max(COMPARABLE * min(longest.values()), FINE_MM)
    alike = [name for name in whole if longest[name] <= limit]
    infant = scan.age_years is not None and scan.age_years < INFANT_YEARS
    order = ("T2w", "T1w", "FLAIR") if infant else ANATOMICAL
    best = next(name for name in order if name in alike)
    if best == scan.reference:
        return scan
    passed = str(scan.reference)
    if passed in alike:
        why = f"below {12 * INFANT_YEARS:.0f} months of age it shows grey and white matter better"
    elif passed in whole:
        why = f"its voxels are up to {longest[best]:.1f} mm long, those of {passed} {longest[passed]:.1f} mm"
    else:
        why = f"{passed} covers only {views[passed]:.0f} mm"
    decision = f"reference: {best} is used, not {passed}: {why}"
    return replace(scan, chosen=best, decisions=(*scan.decisions, decision))
