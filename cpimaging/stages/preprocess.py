"""preprocess: every contrast on the reference grid, inside the brain, without its bias field."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpimaging.bids import check_scan
from cpimaging.io import read_image, write_image, write_json
from cpimaging.layout import sidecar_path
from cpimaging.preprocess import (
    align,
    bias_correct,
    check_finite,
    check_signal,
    extracted_brain,
    place_mask,
)
from cpimaging.provenance import sidecar
from cpimaging.registration import resample
from cpimaging.stages import Job, read_mask
from cpimaging.types import Image, InputError

QUANTITATIVE = ("ADC",)
"""Contrasts whose numbers have a unit: never bias-corrected."""


def run(job: Job) -> None:
    """Write the preprocessed contrasts, then the brain mask."""
    problems = [*job.scan.problems, *check_scan(job.dataset, job.scan)]
    if problems:
        raise InputError(job.label, "; ".join(problems), "mend the dataset or leave the scan out")
    reference = job.reference
    path = job.images[reference]
    raw = read_image(path)
    scan = check_signal(raw, path)
    brain, source, notes = _brain(job, scan, path)
    notes += check_finite(raw, brain, path)
    for contrast in job.images:
        if contrast == reference:
            _write(job, contrast, scan, brain, {"Notes": notes})
        else:
            _write_other(job, contrast, scan, brain)
    write_json(
        sidecar_path(job.files.brain_mask),
        sidecar(
            "preprocess",
            job.names(job.scan.brain_mask or job.scan.images[reference]),
            SpatialReference=job.names(job.scan.images[reference])[0],
            Type="Brain",
            BrainMask=source,
            Reference=reference,
        ),
    )
    write_image(job.files.brain_mask, scan.with_data(brain))


def _brain(job: Job, scan: Image, path: Path) -> tuple[NDArray[np.bool_], str, list[str]]:
    if job.brain_mask is not None:
        mask, notes = read_mask(job.brain_mask)
        placed, more = place_mask(mask, scan, job.brain_mask)
        if not placed.data.any():
            raise InputError(job.brain_mask, "does not meet the scan", "check that it belongs to this scan")
        return placed.data, "given", notes + more
    brain = extracted_brain(scan)
    if brain is None:
        cure = "put a brain mask (…_desc-brain_mask.nii.gz) into derivatives, or give a brain-extracted image"
        raise InputError(path, "needs a brain mask: it shows more than a brain", cure)
    return brain, "image already brain-extracted", []


def _write_other(job: Job, contrast: str, scan: Image, brain: NDArray[np.bool_]) -> None:
    path = job.images[contrast]
    raw = read_image(path)
    notes = check_finite(raw, resample(scan.with_data(brain), raw, mode="nearest").data, path)
    moved, shift_mm = align(check_signal(raw, path), scan, brain)
    _write(job, contrast, moved, brain, {"Notes": notes, "ShiftMillimetres": round(shift_mm, 3)})


def _write(
    job: Job,
    contrast: str,
    image: Image,
    brain: NDArray[np.bool_],
    fields: dict[str, Any],
) -> None:
    quantitative = contrast in QUANTITATIVE
    clean = image.with_data(np.where(brain, image.data, 0)) if quantitative else bias_correct(image, brain)
    source = job.names(job.scan.images[contrast])
    path = job.files.preproc(contrast)
    write_json(
        sidecar_path(path),
        sidecar("preprocess", source, SkullStripped=True, BiasCorrected=not quantitative, **fields),
    )
    write_image(path, clean)
