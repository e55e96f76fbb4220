"""segment: tissue and ventricles from the image, the atlas brought to them, and what they measure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.assessed import UNPLACED, Gate
from cpimaging.atlases.ages import about_way
from cpimaging.atlases.ages.refine import refined
from cpimaging.atlases.embedded.landmarks import landmark
from cpimaging.images import read_displacement, read_image, write_image
from cpimaging.io import typed, write_json, write_table, write_text
from cpimaging.layout import sidecar_path
from cpimaging.masks import place_mask
from cpimaging.morphometry import LANDMARKS, measures, without_ventricles
from cpimaging.morphometry.cut import about_cut, cut_structures, without_cut
from cpimaging.morphometry.newborn import FORAMEN, MIDLINE, newborn_measures, plic_sign, too_coarse
from cpimaging.morphometry.planes import aligned_grid
from cpimaging.morphometry.rows import COLUMNS, Key
from cpimaging.morphometry.volumes import template_volumes, volume_table
from cpimaging.provenance import sidecar
from cpimaging.registration import moved_points, resample_within
from cpimaging.segment import TISSUE_LABELS, Segmentation, read_on, segment, template_shares
from cpimaging.segment.covered import covered_ventricles
from cpimaging.segment.unplaced import without_unplaced
from cpimaging.study.affine import read_affine
from cpimaging.study.age_volumes import Volumes, volumes_of
from cpimaging.study.drawn_on import read_lesion
from cpimaging.study.frame import Frame, frame_of
from cpimaging.study.gate import gate_of
from cpimaging.study.job import Job
from cpimaging.study.measuring_grid import with_ids
from cpimaging.study.norms import with_norms
from cpimaging.study.record import recorded
from cpimaging.types import Atlas, Image, LabelMap

Points = Mapping[str, NDArray[np.float64]]
"""Landmarks in scan mm."""
Shown = Callable[[pd.DataFrame], pd.DataFrame]
"""Makes NaN in a morphometry table what the image does not show."""


@recorded
def run(job: Job) -> None:
    """Write atlas labels and tissue classes on the reference grid, then the morphometry table."""
    frame = frame_of(job)
    atlas = frame.atlas
    mask = read_image(job.files.brain_mask, labels=True)
    brain = mask.with_data(mask.data > 0)
    gate = gate_of(job, frame.used)
    unplaced = _unplaced(atlas, gate)
    found, covered = _segmented(job, frame, brain, gate)
    found = replace(found, labels=without_unplaced(found.labels, atlas.dseg.regions, unplaced))
    volumes = template_volumes(atlas) if frame.built is None else volumes_of(frame, job, gate)
    no_loss = not_compared(job.images, frame, gate)
    field = read_displacement(job.files.xfm_to_template(job.reference))
    points, cut = _landmarks(field), _cut(job, frame, brain, field)
    shown = partial(_shown, cut=cut, ventricles=found.assessed and not covered)
    measured = gated(_measured(job, atlas, brain, found, volumes, points), unplaced, no_loss)
    newborn = _newborn(job, atlas, brain, found, gate, points, shown)
    morphometry = pd.concat([shown(measured), newborn], ignore_index=True)
    table, notes = with_norms(job, morphometry, f"{atlas.name} {atlas.version}")
    coarse = None if gate.refusal("newborn_measures") else too_coarse(brain)
    missed, way = about_cut(cut), _about_way(frame)
    notes += [why for why in (gate.refusal("fine_structures"), way, no_loss, coarse, covered, missed) if why]
    _write_labels(job, atlas, found, unplaced, notes)
    write_table(job.files.morphometry, with_ids(table, job.label))


def _about_way(frame: Frame) -> str | None:
    word = about_way(frame.built.template) if frame.built else None
    return f"template {frame.used.name}: {word}" if word else None


def _cut(job: Job, frame: Frame, brain: Image, field: Image) -> dict[Key, float]:
    """Return what the field of view cuts. field: to the adult template."""
    if frame.built is not None:
        field = read_displacement(job.files.xfm_to_template(job.reference, frame.used.name))
    return cut_structures(frame.atlas.dseg, field, brain)


def _shown(table: pd.DataFrame, *, cut: Mapping[Key, float], ventricles: bool) -> pd.DataFrame:
    """Return a morphometry table in which what the image does not show is NaN."""
    whole = without_cut(table, cut)
    return whole if ventricles else without_ventricles(whole)


def _newborn(
    job: Job, atlas: Atlas, brain: Image, found: Segmentation, gate: Gate, points: Points, shown: Shown
) -> pd.DataFrame:
    """Return what newborns are measured by, without rows at other ages; draw the lines of what is shown."""
    labels = LabelMap(found.labels, atlas.dseg.regions)
    Path(job.files.newborn_lines).unlink(missing_ok=True)  # of an earlier run, of another age
    asked = [name for name in ("newborn_measures", "plic_sign") if gate.refusal(name) is None]
    if not asked:
        return typed([], COLUMNS)
    rows, grid = [], aligned_grid(brain, read_affine(job))
    if "newborn_measures" in asked:
        from cpimaging.newborn_lines import newborn_lines  # half a second that other ages do without

        taken = newborn_measures(labels, found.fluid, grid, points)
        rows += [one.row for one in taken]
        values = shown(typed(rows, COLUMNS))["value"]
        drawn = [one for one, value in zip(taken, values, strict=True) if not np.isnan(value)]
        picture = newborn_lines(drawn, read_image(job.files.preproc(job.reference)))
        write_text(job.files.newborn_lines, picture)
    if "plic_sign" in asked and "T1w" in job.images:
        rows += plic_sign(labels, read_image(job.files.preproc("T1w")), grid)
    return shown(typed(rows, COLUMNS))


def _landmarks(field: Image) -> Points:
    """Return the landmarks. field: to the adult template."""
    foramen = np.array(landmark(FORAMEN))
    points = np.array([*(landmark(name) for name in LANDMARKS), foramen, foramen * [-1, 1, 1]])
    *moved, one, other = moved_points(points, field)
    return {**dict(zip(LANDMARKS, moved, strict=True)), MIDLINE: (one + other) / 2}


def _unplaced(atlas: Atlas, gate: Gate) -> list[str]:
    """Return the structures of the atlas that the template cannot place at this age."""
    has = {region.structure for region in atlas.dseg.regions}
    return sorted(has & UNPLACED) if gate.refusal("fine_structures") else []


def not_compared(contrasts: Collection[str], frame: Frame, gate: Gate) -> str | None:
    """Return why volumes are not compared with the template's, None where they are.

    contrasts: of the scan. Below two years they are read on T2w, so that a template needs one too.
    """
    if why := gate.refusal("tissue_loss"):
        return why
    alike = "T2w" in frame.images or "T2w" not in contrasts
    if frame.built is None or alike or not gate.young("grey_white"):
        return None
    return (
        f"volumes are not compared with those of the template {frame.used.name}: they were read on the "
        "scan's T2w, and it has none; add one to templates.tsv"
    )


def gated(table: pd.DataFrame, unplaced: Collection[str], no_loss: str | None) -> pd.DataFrame:
    """Return a morphometry table in which what is not assessed at this age is NaN.

    unplaced: structures. no_loss: why volumes are not compared with the template's, or None.
    """
    out = table.copy()
    out.loc[out["structure"].isin(list(unplaced)), "value"] = np.nan
    if no_loss:
        out.loc[out["measure"] == "ratio_to_template", "value"] = np.nan
    return out


def _segmented(job: Job, frame: Frame, brain: Image, gate: Gate) -> tuple[Segmentation, str | None]:
    """Return what the scan is made of, and why its ventricles are not measured, None where they are."""
    field = read_displacement(job.files.xfm_to_scan(job.reference, frame.used.name))
    regions, shares = frame.atlas.dseg.regions, template_shares(frame.template)
    labels = resample_within(frame.atlas.dseg.labels, brain, field, mode="nearest")
    known = job.known_lesion
    lesion = place_mask(read_lesion(job, known)[0], brain)[0] if known else None
    images = {name: read_image(job.files.preproc(name)) for name in job.images}
    if frame.built is not None and gate.young("grey_white") and (shown := read_on(images)):
        labels = refined(labels, regions, shown, brain, lesion, inner=True)
    found = segment(
        images,
        brain,
        LabelMap(labels, regions),
        {name: resample_within(share, brain, field) for name, share in shares.items()},
        lesion,
        gate.young("grey_white"),
    )
    return found, covered_ventricles(LabelMap(labels, regions), lesion)


def _write_labels(job: Job, atlas: Atlas, found: Segmentation, unplaced: list[str], notes: list[str]) -> None:
    source = job.names(job.scan.images[job.reference])
    fields: dict[str, Any] = {
        "SpatialReference": source[0],
        "VentriclesFromImage": found.assessed,
        "NotPlaced": unplaced,
        "Notes": list(dict.fromkeys([*found.notes, *notes])),
    }
    names = {str(number): name for number, (name, _, _) in TISSUE_LABELS.items()}
    for path, image, more in (
        (job.files.tissue_dseg, found.tissue, {"Labels": names}),
        (job.files.atlas_dseg, found.labels, {"Atlas": f"{atlas.name} {atlas.version}"}),
    ):
        write_json(sidecar_path(path), sidecar("segment", source, **fields, **more))
        write_image(path, image)


def _measured(
    job: Job, atlas: Atlas, brain: Image, found: Segmentation, volumes: Volumes, points: Points
) -> pd.DataFrame:
    to_template = read_affine(job)
    tables = [
        volume_table(found.labels, atlas.dseg, brain, volumes),
        measures(LabelMap(found.labels, atlas.dseg.regions), brain, found.fluid, to_template, points),
    ]
    return pd.concat(tables, ignore_index=True)
