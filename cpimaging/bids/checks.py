"""Look at the headers of a scan's images before any work is spent on them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.bids.listing import Scan
from cpimaging.io import Header, read_header
from cpimaging.types import InputError

MAX_FORM_DISTANCE_MM = 1.0
"""Ours: sform and qform that place a corner farther apart than this contradict each other."""

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
        faults = ["; ".join(fault)] if fault else _forms_apart(header)
        problems += [f"{role} {shown}: {fault}" for fault in faults]
        if not faults:
            headers[role] = header
    return (*problems, *_misplaced_masks(scan, headers))


def _forms_apart(header: Header) -> list[str]:
    """Return the fault that sform and qform place the image at two places."""
    if header.sform is None or header.qform is None:
        return []
    corners = _corners(header)
    apart = np.linalg.norm((header.sform - header.qform)[:3] @ corners, axis=0).max()
    if apart > MAX_FORM_DISTANCE_MM:
        return [f"sform and qform place it up to {apart:.1f} mm apart; copy the right one over the other"]
    return []


def _corners(header: Header) -> NDArray[np.float64]:
    """Return the outer corners of the field of view as homogeneous voxel indices (4, 8)."""
    unit = np.array([[*corner, 1.0] for corner in np.ndindex(2, 2, 2)]).T
    unit[:3] = unit[:3] * np.array(header.shape[:3])[:, None] - 0.5
    return unit


def _box_mm(header: Header) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and upper end of the field of view along the world axes."""
    world = (header.affine @ _corners(header))[:3]
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
