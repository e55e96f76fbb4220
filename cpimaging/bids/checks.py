"""Look at the headers of a scan's images before any work is spent on them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.bids.scan import Scan
from cpimaging.images import Header, read_header
from cpimaging.types import InputError

MIN_BOX_OVERLAP = 0.5
"""Ours: the smaller of two fields of view must lie at least half in the other one."""


def check_scan(bids_dir: Path | str, scan: Scan) -> tuple[str, ...]:
    """Return the problems that the headers of a scan's images and masks show, one plain line each.

    Looked for: content that is missing, empty, or kept elsewhere; an unreadable header; more than
    one volume; an unusable or absent orientation; sform and qform that contradict each other; a
    mask whose field of view does not meet that of the reference image. Voxels are not read.
    `scan.problems`, found by name, is not repeated.
    """
    problems: list[str] = []
    named = [*scan.images.items(), ("lesion mask", scan.lesion_mask), ("brain mask", scan.brain_mask)]
    headers: dict[str, Header] = {}
    for role, path in named:
        if path is None:
            continue
        shown = Path(path).name if Path(path).is_absolute() else path
        try:
            header = read_header(Path(bids_dir) / path)
        except InputError as error:
            problems.append(f"{role} {shown}: {error.problem}; {error.cure}")
            continue
        fault = header.fault()
        if fault:
            problems.append(f"{role} {shown}: {'; '.join(fault)}")
        else:
            headers[role] = header
    return (*problems, *_misplaced_masks(scan, headers))


def _box_mm(header: Header) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper end of the field of view along the world axes."""
    world = (header.affine @ header.corners)[:3]
    return world.min(axis=1), world.max(axis=1)


def _misplaced_masks(scan: Scan, headers: dict[str, Header]) -> list[str]:
    if scan.reference not in headers:
        return []
    lines = []
    reference_low, reference_high = _box_mm(headers[scan.reference])
    for role in ("lesion mask", "brain mask"):
        if role not in headers:
            continue
        low, high = _box_mm(headers[role])
        common = np.minimum(high, reference_high) - np.maximum(low, reference_low)
        smaller = min(np.prod(high - low), np.prod(reference_high - reference_low))
        share = float(np.prod(common.clip(min=0)) / smaller)
        apart = float(np.linalg.norm((low + high - reference_low - reference_high) / 2))
        if share < MIN_BOX_OVERLAP:
            meets = f"meets only {share:.0%} of" if share > 0 else "does not meet"
            lines.append(
                f"{role}: its field of view {meets} that of the {scan.reference} "
                f"(centres {apart:.0f} mm apart); give the mask in the space of the scan"
            )
    return lines
