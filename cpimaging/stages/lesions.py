"""lesions: the lesion mask, given or detected, its pieces, and where each of them lies."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.atlases import template_brain
from cpimaging.images import read_displacement, read_image, write_image
from cpimaging.io import read_record, runs_of, typed, write_json, write_table
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.lesions.components import PIECE_COLUMNS, components
from cpimaging.lesions.kinds import percent_of_pieces
from cpimaging.provenance import sidecar
from cpimaging.quantify.depth import ventricle_distance_mm
from cpimaging.registration import resample, resample_within
from cpimaging.segment import CAVITY, CSF
from cpimaging.study.frame import frame_of
from cpimaging.study.gate import gate_of
from cpimaging.study.job import Job
from cpimaging.study.measuring_grid import MeasuringGrid, measuring_grid, with_ids
from cpimaging.study.record import recorded
from cpimaging.study.used import template_used
from cpimaging.types import LESIONRUNS_COLUMNS, Image
from cpimaging.words import COMMAND, DETECTED

FLUID = (CSF, CAVITY)
"""Classes of the tissue image that are fluid within a lesion."""

CHANGE_TOLD = 0.2
"""Relative change of the detected volume by the deformable registration that is told (design)."""

TRUST = (
    "The lesion was detected by software, not drawn by a reader: compare the outline with the images before "
    "using any number. Faint and small lesions are missed; how many is told in docs/method/lesions.md"
)


@recorded
def run(job: Job) -> None:
    """Write mask, numbered pieces and their table; where nothing is assessed, only an empty table."""
    pieces: Image | None = None
    table = typed([], PIECE_COLUMNS)
    if job.lesion is not None:
        pieces, table = _given(job)
    elif job.detection == "on":
        pieces, table = _detected(job)
    else:
        _write_record(job, None, [], NotAssessed=_why_not(job))
    if pieces is None:
        for path in _images_of(job):
            for file in (Path(path), Path(sidecar_path(path))):
                file.unlink(missing_ok=True)  # of an earlier run with another choice
    write_table(job.files.lesions, with_ids(table, job.label))


def _given(job: Job) -> tuple[Image, pd.DataFrame]:
    """Number the pieces of a mask that was given, or drawn by an external tool."""
    grid = measuring_grid(job, job.lesion)
    source = str(job.lesion_source)
    notes = [*_of_command(job), *grid.notes]
    pieces, table = _numbered(job, grid, source)
    _write_images(job, pieces, source, notes)
    _write_record(job, source, notes)
    return pieces, table


def _of_command(job: Job) -> list[str]:
    """Return what was noted when the mask of an external tool was read."""
    notes: list[str] = []
    if job.lesion_source == COMMAND:
        notes = read_record(sidecar_path(job.files.command_mask)).get("Notes", [])
    return notes


def _numbered(job: Job, grid: MeasuringGrid, source: str) -> tuple[Image, pd.DataFrame]:
    distance_mm = ventricle_distance_mm(grid.labels, grid.atlas.dseg.regions)
    pieces, table = components(grid.mask, grid.labels, grid.atlas.dseg, distance_mm, source)
    return pieces, table.assign(cavity_percent=_cavity_percent(job, pieces))


def _cavity_percent(job: Job, pieces: Image) -> NDArray[np.float64] | float:
    """Return how much of each piece shows fluid in the image, in percent; NaN where fluid was not read."""
    path = Path(job.files.tissue_dseg)
    if not path.is_file() or not read_record(sidecar_path(str(path)))["VentriclesFromImage"]:
        return np.nan
    tissue = read_image(path, labels=True)
    there = tissue if tissue.same_grid(pieces) else resample(tissue, pieces, mode="nearest")
    lesion = pieces.data > 0
    return percent_of_pieces(pieces.data[lesion] - 1, np.isin(there.data[lesion], FLUID))


def _detected(job: Job) -> tuple[Image | None, pd.DataFrame]:
    """Detect with the final registration; write what was found, or why nothing could be said."""
    from cpimaging.study.look import look  # a tenth of a second that a given mask does without

    frame = frame_of(job)
    way = read_displacement(job.files.xfm_to_scan(job.reference, frame.used.name))
    seen = look(job, frame, way, gate_of(job, frame.used))
    finding = seen.finding
    if finding.not_assessed is not None:
        _write_record(job, None, list(finding.notes), NotAssessed=finding.not_assessed)
        return None, typed([], PIECE_COLUMNS)
    grid = replace(measuring_grid(job, None), mask=seen.mask)
    pieces, table = _numbered(job, grid, DETECTED)
    table["source"] = seen.reasons(pieces.data)
    table["probability"] = seen.probabilities(pieces.data)
    notes = [TRUST, *finding.notes, *_change(job, seen.mask)]
    _write_images(job, pieces, DETECTED, notes)
    content = sidecar("lesions", job.names(*job.scan.images.values()), MaskSource=DETECTED)
    write_json(sidecar_path(job.files.lesion_probability), content)
    write_image(job.files.lesion_probability, seen.probability)
    rejected = {name: round(mm3, 3) for name, mm3 in sorted(finding.rejected.items())}
    not_searched = list(finding.not_searched)
    _write_record(job, DETECTED, notes, RejectedMm3=rejected, NotSearched=not_searched)
    return pieces, table


def _change(job: Job, mask: Image) -> list[str]:
    """Say how the volume changed since the first detection, if by much."""
    path = Path(job.files.first_lesion_mask)
    if not path.is_file():
        return []
    first = read_image(path, labels=True)
    before, after = (np.count_nonzero(m.data) * m.voxel_volume_mm3 / 1000 for m in (first, mask))
    if abs(after - before) <= CHANGE_TOLD * max(before, after):
        return []
    return [f"Detected volume: {before:.1f} ml with the affine fit, {after:.1f} ml with the deformable one"]


def _why_not(job: Job) -> str:
    if job.detection == "command":
        path = Path(sidecar_path(job.files.command_mask))
        reason: str = read_record(path)["NotAssessed"] if path.is_file() else "lesion_command was not run"
        return reason
    return "no mask, and detection is off"


def _images_of(job: Job) -> list[str]:
    files = job.files
    own = files.lesion_mask_in(template_used(job).name)
    return [
        *(files.lesions_dseg, files.lesion_mask_template, own, files.lesion_mask),
        *(files.lesion_probability, files.lesion_runs),
    ]


def _write_record(job: Job, source: str | None, notes: list[str], **fields: Any) -> None:
    content = {"MaskSource": source, "NotAssessed": None, "NotSearched": [], "Notes": notes, **fields}
    write_json(sidecar_path(job.files.lesions), sidecar("lesions", _sources(job, source), **content))


def _sources(job: Job, source: str | None) -> list[str]:
    """Return what the lesion was drawn on or read from."""
    if job.scan.lesion_mask:
        return job.names(job.scan.lesion_mask)
    return job.names(*job.scan.images.values()) if source else []


def _write_images(job: Job, pieces: Image, source: str, notes: list[str]) -> None:
    brain = read_image(job.files.brain_mask, labels=True)
    on_scan = pieces if pieces.same_grid(brain) else resample(pieces, brain, mode="nearest")
    on_scan = brain.with_data(on_scan.data)
    brains = {TEMPLATE: template_brain()}
    if template_used(job).of_age:
        frame = frame_of(job)
        brains[frame.used.name] = frame.template.brain
    space = {"SpatialReference": job.names(job.scan.images[job.reference])[0]}
    images: list[tuple[str, Image, dict[str, str]]] = [
        (job.files.lesions_dseg, on_scan, space),
        *(
            (job.files.lesion_mask_in(name), _in_space(job, on_scan, name, their), {"Type": "Lesion"})
            for name, their in brains.items()
        ),
        (job.files.lesion_mask, on_scan.with_data(on_scan.data > 0), {"Type": "Lesion", **space}),
    ]
    for path, image, fields in images:
        content = sidecar("lesions", _sources(job, source), MaskSource=source, Notes=notes, **fields)
        write_json(sidecar_path(path), content)
        write_image(path, image, template_space="SpatialReference" not in fields)
        if path == job.files.lesion_mask_template:
            write_table(job.files.lesion_runs, runs_of(image.data > 0, LESIONRUNS_COLUMNS))


def _in_space(job: Job, lesions: Image, space: str, brain: Image) -> Image:
    """Return the lesion mask in the space of a template, within its brain."""
    field = read_displacement(job.files.xfm_to_template(job.reference, space))
    moved = resample_within(lesions, brain, field, mode="nearest")
    return moved.with_data(moved.data > 0)
