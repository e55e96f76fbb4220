"""register: scan to template and back, the lesion kept from pulling at the fit."""

from pathlib import Path
from typing import Any, NamedTuple

from cpimaging.atlases.ages import Built
from cpimaging.images import read_image, write_displacement, write_image
from cpimaging.io import write_json
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.masks import check_lesion_position, moved_mask, place_mask, read_mask
from cpimaging.provenance import sidecar
from cpimaging.registration import Matrix, Transform
from cpimaging.registration.ages import chained, fit, start_of
from cpimaging.registration.engines import ENGINES
from cpimaging.registration.lesion import check_registrable, lesion_strategy
from cpimaging.registration.plausible import check_affine, check_transform
from cpimaging.study.affine import write_affine
from cpimaging.study.drawn_on import lesion_drawn_on, told
from cpimaging.study.frame import Frame, frame_of
from cpimaging.study.gate import gate_of
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
    frame, engine = frame_of(job), ENGINES[job.engine]
    fitted = _to_age(job, frame, frame.built, lesion) if frame.built else _to_adult(job, frame, scan, lesion)
    fields = {
        "Engine": job.engine,
        "Template": frame.used.name,
        "TemplateOfAge": frame.used.of_age,
        "LesionStrategy": lesion_strategy(fitted.lesion, engine, detected=job.lesion is None),
        **drawn,
    }
    for space, (transform, matrix) in reversed(fitted.ways.items()):
        check_affine(matrix, name)
        check_transform(transform, name)
        _write_way(job, space, transform, matrix, fields)


class _Fitted(NamedTuple):
    """The ways to templates by the name of their space, the adult one last; the lesion that was left out."""

    ways: dict[str, tuple[Transform, Matrix]]
    lesion: Image | None


def _to_adult(job: Job, frame: Frame, scan: Image, lesion: Image | None) -> _Fitted:
    method, template = ENGINES[job.engine].method, frame.template.t1w
    matrix = method.affine(scan, template, lesion)
    check_affine(matrix, job.names(job.scan.images[job.reference])[0])
    lesion = _first_look(job, frame, matrix) if lesion is None else lesion
    transform = method.deformable(scan, template, matrix, lesion, job.threads)
    return _Fitted({TEMPLATE: (transform, matrix)}, lesion)


def _to_age(job: Job, frame: Frame, made: Built, lesion: Image | None) -> _Fitted:
    """Fit all contrasts to the template of the scan's age, and go on from there to the adult one."""
    scan = {name: read_image(job.files.preproc(name)) for name in (job.reference, *job.images)}
    matrix = start_of(scan, made.images)
    check_affine(matrix, job.names(job.scan.images[job.reference])[0])
    lesion = _first_look(job, frame, matrix) if lesion is None else lesion
    own = fit(scan, made.images, matrix, lesion, threads=job.threads).transform
    ways = {
        made.template.name: (own, matrix),
        TEMPLATE: (chained(own, made.way), made.matrix @ matrix),
    }
    return _Fitted(ways, lesion)


def _write_way(job: Job, space: str, way: Transform, matrix: Matrix, fields: dict[str, Any]) -> None:
    reference = job.reference
    sources = job.names(job.scan.images[reference], job.scan.lesion_mask)
    write_affine(job, matrix, sources, space)
    for path, field, start, end in (
        (job.files.xfm_to_template(reference, space), way.to_template, "orig", space),
        (job.files.xfm_to_scan(reference, space), way.to_scan, space, "orig"),
    ):
        affine = matrix.round(9).tolist()
        content = sidecar("register", sources, FromSpace=start, ToSpace=end, Affine=affine, **fields)
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


def _first_look(job: Job, frame: Frame, matrix: Matrix) -> Image | None:
    """Detect with affine priors; write and return what the deformable registration leaves out."""
    path = Path(job.files.first_lesion_mask)
    mask = None
    if job.detection == "on" and job.lesion is None:
        seen = look(job, frame, matrix, gate_of(job, frame.used), first=True)
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
