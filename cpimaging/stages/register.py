"""register: scan to template and back, the lesion kept from pulling at the fit."""

from pathlib import Path
from typing import Any

from cpimaging.atlases import load_template
from cpimaging.io import read_image, write_displacement, write_image, write_json
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.masks import check_lesion_position, moved_mask, place_mask, read_mask
from cpimaging.provenance import sidecar
from cpimaging.registration import Matrix
from cpimaging.registration.engines import ENGINES
from cpimaging.registration.lesion import check_registrable, lesion_strategy
from cpimaging.registration.plausible import check_affine, check_transform
from cpimaging.study.affine import write_affine
from cpimaging.study.drawn_on import lesion_drawn_on, told
from cpimaging.study.gate import Used, gate_of
from cpimaging.study.job import Job
from cpimaging.study.look import look
from cpimaging.study.record import recorded
from cpimaging.types import Image
from cpimaging.words import DETECTED, GIVEN


@recorded
def run(job: Job) -> None:
    """Write both directions of the transform."""
    reference = job.reference
    scan = read_image(job.files.preproc(reference))
    lesion, drawn = _lesion(job, scan)
    name = job.names(job.scan.images[reference])[0]
    check_registrable(scan, lesion, name)
    template = load_template().t1w
    engine = ENGINES[job.engine]
    matrix = engine.method.affine(scan, template, lesion)
    check_affine(matrix, name)
    used = Used(TEMPLATE, of_age=False)
    lesion = _first_look(job, matrix, used) if lesion is None else lesion
    transform = engine.method.deformable(scan, template, matrix, lesion, job.threads)
    check_transform(transform, name)
    fields = {
        "Engine": job.engine,
        "Template": used.name,
        "TemplateOfAge": used.of_age,
        "LesionStrategy": lesion_strategy(lesion, engine, detected=job.lesion is None),
        "Affine": matrix.round(9).tolist(),
        **drawn,
    }
    sources = job.names(job.scan.images[reference], job.scan.lesion_mask)
    write_affine(job, matrix, sources)
    for path, field, start, end in (
        (job.files.xfm_to_template(reference), transform.to_template, "orig", TEMPLATE),
        (job.files.xfm_to_scan(reference), transform.to_scan, TEMPLATE, "orig"),
    ):
        content = sidecar("register", sources, FromSpace=start, ToSpace=end, **fields)
        write_json(sidecar_path(path), content)
        write_displacement(path, field)


def _lesion(job: Job, scan: Image) -> tuple[Image | None, dict[str, Any]]:
    """Return the lesion on the scan's grid, and what the sidecar says of it: where it was drawn, notes."""
    if job.lesion is None:
        return None, {"Notes": []}
    mask, notes = read_mask(job.lesion)
    found = read_image(job.files.brain_mask, labels=True)
    brain = found.with_data(found.data > 0)
    if job.lesion_source != GIVEN:
        return place_mask(mask, scan)[0], {"Notes": notes}
    drawn, doubt = lesion_drawn_on(job, mask, job.lesion, brain)
    mask = moved_mask(mask, drawn.matrix)
    check_lesion_position(mask, brain, job.lesion, drawn.name if drawn.fits else None)
    placed, more = place_mask(mask, scan)
    return placed, {
        "LesionDrawnOn": drawn.name,
        "LesionFromReference": drawn.matrix.round(9).tolist(),
        "LesionDoubtMillimetres": round(doubt, 3),
        "Notes": [*notes, *more, *told("lesion mask", drawn, brain, doubt)],
    }


def _first_look(job: Job, matrix: Matrix, used: Used) -> Image | None:
    """Detect with affine priors; write and return what the deformable registration leaves out."""
    path = Path(job.files.first_lesion_mask)
    mask = None
    if job.detection == "on" and job.lesion is None:
        seen = look(job, matrix, gate_of(job, used), first=True)
        mask = seen.mask if seen.finding.not_assessed is None else None
    if mask is None:
        for file in (path, Path(sidecar_path(str(path)))):
            file.unlink(missing_ok=True)  # of an earlier run with another choice
        return None
    sources = job.names(*job.scan.images.values())
    space = job.names(job.scan.images[job.reference])[0]
    content = sidecar("register", sources, Type="Lesion", SpatialReference=space, MaskSource=DETECTED)
    write_json(sidecar_path(str(path)), content)
    write_image(path, mask)
    return mask
