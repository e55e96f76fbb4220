"""The brain mask of a scan: given, drawn by an external tool, bare brain, or found in the head."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases import load_template
from cpimaging.extract import LEAST_VIEW_MM, extract_brain
from cpimaging.masks import check_header, moved_mask, place_mask, read_mask
from cpimaging.preprocess import BRAIN_ML, check_brain, extracted_brain
from cpimaging.study.drawn_on import DrawnOn, find_drawn_on, way_to
from cpimaging.study.job import Job
from cpimaging.study.tool import OUT, check_placeholders, run_tool
from cpimaging.types import Image, InputError

IMAGE = "image"
COMMAND = "brain_command"
AGREEMENT_FAIL = 0.8
"""Below this overlap of the two surfaces the brain counts as not found (ours; docs/method/brain.md)."""

LEAST_SLAB_MM = 30.0
"""A bare brain that shows less cannot be registered, nor its bias field be fitted (ours)."""

CURE = "put a brain mask (…_desc-brain_mask.nii.gz) into derivatives, set brain_command, or leave it out"


class Brain(NamedTuple):
    """A brain mask on the scan's grid, where it comes from in words, notes, and fields of its sidecar.

    drawn: the image that a given mask was drawn on.
    """

    mask: NDArray[np.bool_]
    source: str
    notes: list[str]
    fields: dict[str, Any]
    drawn: DrawnOn | None = None


def check_command(command: str) -> None:
    """Refuse a command with an unknown placeholder, or without {image} and {out}."""
    if command:
        check_placeholders(COMMAND, command, known=(IMAGE, OUT), needed=(IMAGE, OUT))


def find_brain(job: Job, scan: Image, path: Path) -> Brain:
    """Return the brain of the reference scan; raise InputError where none can be had, or none is sound."""
    _check_view(scan, path, LEAST_SLAB_MM, "be registered", "leave the scan out")
    if job.brain_mask is not None:
        return _given(job, scan, job.brain_mask)
    bare = extracted_brain(scan)
    if bare is not None:
        return Brain(bare, "image already brain-extracted", [], {})
    if job.brain_command:
        return _drawn(job, scan, path)
    return _extracted(scan, path)


def _given(job: Job, scan: Image, path: Path) -> Brain:
    """Return the given mask, moved with the image that it was drawn on."""
    source = "found in derivatives" if str(job.scan.brain_mask).startswith("derivatives/") else "given"
    mask, notes = read_mask(path)
    rough = place_mask(mask, scan)[0]
    if not rough.data.any():
        rough = scan.with_data(scan.data > 0)
    drawn = find_drawn_on(job, mask, path, lambda image: way_to(job, image, scan, rough))
    found = _placed(scan, moved_mask(mask, drawn.matrix), path)
    return Brain(found.mask, source, notes + found.notes, {"DrawnOn": drawn.name}, drawn)


def _drawn(job: Job, scan: Image, path: Path) -> Brain:
    check_command(job.brain_command)
    out = Path(job.files.brain_mask).with_name(f".tool_{Path(job.files.brain_mask).name}")
    try:
        run_tool(COMMAND, job.brain_command, {IMAGE: path}, out)
        shown = f"mask of {COMMAND}"
        mask, notes = read_mask(out, shown)
        check_header(mask, {path.name: scan}, shown)
        found = _placed(scan, mask, shown)
        return Brain(found.mask, COMMAND, notes + found.notes, {})
    finally:
        out.unlink(missing_ok=True)


class _Placed(NamedTuple):
    mask: NDArray[np.bool_]
    notes: list[str]


def _placed(scan: Image, mask: Image, shown: Path | str) -> _Placed:
    """Return a mask on the grid of the scan, once it is that of a brain."""
    placed, notes = place_mask(mask, scan)
    if not placed.data.any():
        raise InputError(shown, "does not meet the scan", "check that it belongs to this scan")
    check_brain(placed, shown, "check that it is a mask of the whole brain, or leave it out")
    return _Placed(placed.data, notes)


def _check_view(scan: Image, path: Path, least_mm: float, purpose: str, cure: str) -> None:
    view_mm = float(min(np.multiply(scan.shape, scan.spacing_mm)))
    if view_mm < least_mm:
        raise InputError(path, f"covers only {view_mm:.0f} mm of the head, too little to {purpose}", cure)


def _extracted(scan: Image, path: Path) -> Brain:
    _check_view(scan, path, LEAST_VIEW_MM, "find a brain in", CURE)
    shown_ml = np.count_nonzero(scan.data) * scan.voxel_volume_mm3 / 1000
    if shown_ml < BRAIN_ML[0]:
        raise InputError(path, f"shows {shown_ml:.1f} ml, less than a brain", CURE)
    found = extract_brain(scan, load_template())
    if found.agreement < AGREEMENT_FAIL:
        raise InputError(
            path, f"no brain found: two ways to find it agree only to {found.agreement:.2f}", CURE
        )
    check_brain(scan.with_data(found.mask), path, CURE)
    fields = {"SurfaceAgreement": round(found.agreement, 4)}
    return Brain(found.mask, "found in the head by cpimaging", [], fields)
