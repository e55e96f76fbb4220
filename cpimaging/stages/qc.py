"""qc: flags and a verdict before anything is called."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy import ndimage

from cpimaging import qc
from cpimaging.atlases.ages.table import TABLE, TERM_WEEKS, WEEKS_PER_YEAR
from cpimaging.images import read_displacement, read_image
from cpimaging.io import read_record, read_table, write_json
from cpimaging.layout import sidecar_path
from cpimaging.qc import checks
from cpimaging.qc.case import Case, Drawn
from cpimaging.qc.fit import Bool, Fit, Values
from cpimaging.qc.limits import LIMITS
from cpimaging.registration import crop, resample
from cpimaging.study.affine import read_affine
from cpimaging.study.frame import Frame, frame_of
from cpimaging.study.job import Job, measured_mask
from cpimaging.study.record import recorded
from cpimaging.types import LESIONLOAD_COLUMNS, Image, InputError
from cpimaging.voxels import steps_of, strided

GRID_MM = 2.0
"""Grid on which images are compared; finer ones change no verdict and cost eight times as much."""

MARGIN_MM = 20.0
"""Kept around the brain, so that a template that reaches beyond it is seen."""


@recorded
def run(job: Job) -> None:
    """Write the quality flags, their verdict and the native-to-template volume ratio."""
    case = _case(job)
    flags = checks.run(case)
    content = {
        "verdict": qc.verdict(flags),
        "flags": [asdict(flag) for flag in flags],
        "template_volume_ratio": case.brain_ml / case.template_ml,
    }
    write_json(job.files.qc, content)


def _case(job: Job) -> Case:
    mask = read_image(job.files.brain_mask, labels=True)
    brain = mask.with_data(mask.data > 0)
    frame = frame_of(job)
    _check_age(frame, job.templates_dir)
    template, space = frame.template, frame.used.name
    to_scan = read_displacement(job.files.xfm_to_scan(job.reference, space))
    contrasts = {name: _thinned(read_image(job.files.preproc(name)), brain) for name in job.images}

    def read_raw(contrast: str) -> tuple[Values, Bool]:
        raw = read_image(job.images[contrast])
        there = brain if brain.same_grid(raw) else resample(brain, raw, mode="nearest")
        return np.nan_to_num(raw.data), there.data

    return Case(
        age_years=job.scan.age_years,
        reference=job.reference,
        brain=brain,
        template_brain=template.brain,
        matrix=read_affine(job, space),
        to_scan=to_scan,
        to_template=read_displacement(job.files.xfm_to_template(job.reference, space)),
        fit=_fit(job, contrasts[job.reference], brain, frame, to_scan),
        contrasts=contrasts,
        read_raw=read_raw,
        surface_agreement=read_record(sidecar_path(job.files.brain_mask)).get("SurfaceAgreement"),
        moved_mm=_shifts(job),
        lesion_mm3=_lesion_mm3(job),
        drawn=_drawn(job),
    )


def _fit(job: Job, scan: Image, brain: Image, frame: Frame, to_scan: Image) -> Fit:
    template = frame.template
    lesion = np.zeros(scan.shape, bool)
    if measured_mask(job) is not None:
        whole = read_image(job.files.lesion_mask, labels=True)
        lesion = resample(whole.with_data(whole.data > 0), scan, mode="nearest").data
    outline = template.brain.with_data(template.brain.data.astype(np.float32))
    return Fit(
        scan=scan,
        brain=resample(brain, scan, mode="nearest").data,
        lesion=lesion,
        template_t1w=resample(frame.like(job.reference), scan, to_scan).data,
        template_gm=resample(template.gm, scan, to_scan).data,
        template_wm=resample(template.wm, scan, to_scan).data,
        template_brain=resample(outline, scan, to_scan).data >= 0.5,
    )


def _thinned(image: Image, brain: Image) -> Image:
    """Return the image around its brain, smoothed and thinned out to about GRID_MM."""
    part = crop(image, brain.data, MARGIN_MM)
    step = steps_of(GRID_MM, part.spacing_mm)
    smooth = ndimage.gaussian_filter(part.data.astype(np.float32), np.where(step > 1, step / 2, 0))
    return strided(part.with_data(smooth), step)


def _lesion_mm3(job: Job) -> tuple[float, float] | None:
    """Return the volume of the lesion outside of the brain and in all, None where it was not assessed."""
    if measured_mask(job) is None:
        return None
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    load = load[load["tissue"] != "overlay"]
    outside = load.loc[load["structure"] == "outside_brain", "lesion_volume_mm3"].sum()
    return float(outside), float(load["lesion_volume_mm3"].sum())


def _drawn(job: Job) -> dict[str, Drawn]:
    """Return what is known of the images that given masks were drawn on."""
    lesion, whole = (
        read_record(sidecar_path(path))
        for path in (job.files.xfm_to_scan(job.reference), job.files.brain_mask)
    )
    return {
        what: Drawn(record[f"{key}DrawnOn"] is not None, record[f"{key}DoubtMillimetres"])
        for what, record, key in (("lesion_mask", lesion, "Lesion"), ("brain_mask", whole, ""))
        if record.get(f"{key}DoubtMillimetres") is not None
    }


def _shifts(job: Job) -> dict[str, tuple[float, float]]:
    sidecars = {contrast: read_record(sidecar_path(job.files.preproc(contrast))) for contrast in job.images}
    return {
        name: (content["ShiftMillimetres"], content["AlignmentErrorMillimetres"])
        for name, content in sidecars.items()
        if "ShiftMillimetres" in content
    }


def _check_age(frame: Frame, folder: str) -> None:
    """Refuse a template whose brain has the size of another age: its weeks may be months or years."""
    if frame.built is None:
        return
    name, pma_weeks = frame.built.template.name, frame.built.template.pma_weeks
    volume_ml = float(frame.built.brain.data.sum()) * frame.built.brain.voxel_volume_mm3 / 1000
    limits = LIMITS["brain_volume_ml"]
    ages = [max(weeks - TERM_WEEKS, 0) / WEEKS_PER_YEAR for weeks in pma_weeks]
    if not any(limits.flag(volume_ml, limits.row_at(age)).ok for age in ages):
        problem = f"{name} shows {volume_ml:.0f} ml, no brain of {pma_weeks[0]:g} to {pma_weeks[1]:g} weeks"
        raise InputError(Path(folder) / TABLE, problem, "correct its weeks, or its brain_mask")
