"""preprocess: every contrast on the reference grid, inside the brain, without its bias field."""

from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cpimaging.bids.checks import check_scan
from cpimaging.images import read_image, write_image
from cpimaging.io import write_json
from cpimaging.layout import sidecar_path
from cpimaging.preprocess import align, bias_correct, check_finite, check_signal, coverage_note, diffusivity
from cpimaging.provenance import sidecar
from cpimaging.registration import Matrix, resample
from cpimaging.study.brain import find_brain
from cpimaging.study.drawn_on import doubt_mm, told
from cpimaging.study.job import Job
from cpimaging.study.record import recorded
from cpimaging.types import LOOKS, Image, InputError

UNITS = "mm^2/s"


@recorded
def run(job: Job) -> None:
    """Write the preprocessed contrasts, then the brain mask."""
    problems = [*job.scan.problems, *check_scan(job.dataset, job.scan)]
    if problems:
        raise InputError(job.label, "; ".join(problems), "mend the dataset or leave the scan out")
    reference = job.reference
    path = job.images[reference]
    raw = read_image(path)
    seen = {_digest(raw): reference}
    scan = check_signal(raw, path)
    brain = find_brain(job, scan, path)
    fields = dict(brain.fields)
    if LOOKS[reference].quantitative:
        scan, notes = diffusivity(raw, brain.mask, path)
        units = {"Units": UNITS}
    else:
        notes, units = check_finite(raw, brain.mask, path), {}
    notes = brain.notes + notes
    ways = {reference: np.eye(4)}
    for contrast in job.images:
        if contrast != reference:
            ways[contrast] = _write_other(job, contrast, scan, brain.mask, seen)
    if brain.drawn is not None:
        mask = scan.with_data(brain.mask)
        doubt = doubt_mm(brain.drawn, mask, ways)
        fields["DoubtMillimetres"] = round(doubt, 3)
        notes += told("brain mask", brain.drawn, mask, doubt)
    _write(job, reference, scan, brain.mask, {"Notes": notes, **units})
    write_json(
        sidecar_path(job.files.brain_mask),
        sidecar(
            "preprocess",
            job.names(job.scan.brain_mask or job.scan.images[reference]),
            SpatialReference=job.names(job.scan.images[reference])[0],
            Type="Brain",
            BrainMask=brain.source,
            BrainVolumeMillilitres=round(int(brain.mask.sum()) * scan.voxel_volume_mm3 / 1000, 1),
            Reference=reference,
            **fields,
        ),
    )
    write_image(job.files.brain_mask, scan.with_data(brain.mask))


def _digest(image: Image) -> bytes:
    return sha256(image.data.tobytes()).digest()


def _write_other(
    job: Job, contrast: str, scan: Image, brain: NDArray[np.bool_], seen: dict[bytes, str]
) -> Matrix:
    """Write a contrast that is not the reference; return the way from the reference to it.

    seen: the contrasts by a digest of their voxels; one is added.
    """
    path = job.images[contrast]
    raw = read_image(path)
    if (same := seen.setdefault(_digest(raw), contrast)) != contrast:
        raise InputError(path, f"holds the voxels of the {same}", f"give the {contrast}, or leave it out")
    fields: dict[str, Any] = {}
    inside = resample(scan.with_data(brain), raw, mode="nearest").data
    if LOOKS[contrast].quantitative:
        raw, notes = diffusivity(raw, inside, path)
        fields["Units"] = UNITS
    else:
        notes = check_finite(raw, inside, path)
    found = align(check_signal(raw, path), scan, brain)
    notes += coverage_note(raw, found.image, brain)
    fields |= {
        "ShiftMillimetres": round(found.moved_mm, 3),
        "AlignmentErrorMillimetres": round(found.error_mm, 3),
        "FromReference": found.matrix.round(9).tolist(),
    }
    _write(job, contrast, found.image, brain, {"Notes": notes, **fields})
    return found.matrix


def _write(
    job: Job,
    contrast: str,
    image: Image,
    brain: NDArray[np.bool_],
    fields: dict[str, Any],
) -> None:
    quantitative = LOOKS[contrast].quantitative
    clean = image.with_data(np.where(brain, image.data, 0)) if quantitative else bias_correct(image, brain)
    source = job.names(job.scan.images[contrast])
    path = job.files.preproc(contrast)
    write_json(
        sidecar_path(path),
        sidecar("preprocess", source, SkullStripped=True, BiasCorrected=not quantitative, **fields),
    )
    write_image(path, clean)
