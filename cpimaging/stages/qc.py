"""qc: flags and a verdict before anything is called."""

from dataclasses import asdict

import numpy as np
from scipy import ndimage

from cpimaging import qc
from cpimaging.atlases import Template, load_template
from cpimaging.io import read_displacement, read_image, read_json, read_table, write_json
from cpimaging.layout import sidecar_path
from cpimaging.qc import fit, images, limits, sides, transforms
from cpimaging.registration import crop, resample
from cpimaging.study.affine import read_affine
from cpimaging.study.job import Job, measured_mask
from cpimaging.study.record import recorded
from cpimaging.types import LESIONLOAD_COLUMNS, Flag, Image
from cpimaging.voxels import steps_of, strided

GRID_MM = 2.0
"""Grid on which images are compared; finer ones change no verdict and cost eight times as much."""

MARGIN_MM = 20.0
"""Kept around the brain, so that a template that reaches beyond it is seen."""


@recorded
def run(job: Job) -> None:
    """Write the quality flags, their verdict and the native-to-template volume ratio."""
    mask = read_image(job.files.brain_mask, labels=True)
    brain = mask.with_data(mask.data > 0)
    template = load_template()
    age = job.scan.age_years
    scan_ml = float(brain.data.sum()) * brain.voxel_volume_mm3 / 1000
    template_ml = float(template.brain.data.sum()) * template.brain.voxel_volume_mm3 / 1000
    matrix = read_affine(job)
    flags = [
        images.volume_flag(scan_ml, age),
        *_surface_flag(job),
        *transforms.affine_flags(matrix, scan_ml, template_ml),
        *_registration(job, brain, template, matrix, age),
        *_raw(job, brain),
        *_lesion_flag(job),
        *_drawn_flags(job, brain),
        *sides.alignment_flags(_shifts(job)),
    ]
    content = {
        "verdict": qc.verdict(flags),
        "flags": [asdict(flag) for flag in flags],
        "template_volume_ratio": scan_ml / template_ml,
    }
    write_json(job.files.qc, content)


def _registration(
    job: Job, brain: Image, template: Template, matrix: np.ndarray, age: float | None
) -> list[Flag]:
    reference = job.reference
    to_scan = read_displacement(job.files.xfm_to_scan(reference))
    to_template = read_displacement(job.files.xfm_to_template(reference))
    contrasts = {name: _thinned(read_image(job.files.preproc(name)), brain) for name in job.images}
    there = _fit(job, contrasts[reference], brain, template, to_scan)
    small = there.scan.with_data(there.brain)
    mature = age is None or age >= limits.MATURE_YEARS
    flags = [
        *fit.fit_flags(there, reference, mature),
        fit.cut_flag(template.brain, to_template, brain),
        *transforms.deformation_flags(to_scan, to_template, small, template.brain),
    ]
    for name, image in contrasts.items():
        flags.append(images.empty_flag(name, image.data, there.brain))
        flags += images.contrast_flags(name, image.data, there, age)
        if name != reference:
            flags += sides.agreement_flags(name, image, there.scan, there.brain, matrix)
    return flags


def _fit(job: Job, scan: Image, brain: Image, template: Template, to_scan: Image) -> fit.Fit:
    lesion = np.zeros(scan.shape, bool)
    if measured_mask(job) is not None:
        whole = read_image(job.files.lesion_mask, labels=True)
        lesion = resample(whole.with_data(whole.data > 0), scan, mode="nearest").data
    outline = template.brain.with_data(template.brain.data.astype(np.float32))
    return fit.Fit(
        scan=scan,
        brain=resample(brain, scan, mode="nearest").data,
        lesion=lesion,
        template_t1w=resample(template.t1w, scan, to_scan).data,
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


def _raw(job: Job, brain: Image) -> list[Flag]:
    flags: list[Flag] = []
    for name, path in job.images.items():
        raw = read_image(path)
        inside = resample(brain, raw, mode="nearest").data
        flags += images.raw_flags(name, np.nan_to_num(raw.data), inside)
    return flags


def _lesion_flag(job: Job) -> list[Flag]:
    if measured_mask(job) is None:
        return []
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    load = load[load["tissue"] != "overlay"]
    outside = load.loc[load["structure"] == "outside_brain", "lesion_volume_mm3"].sum()
    return [images.lesion_flag(float(outside), float(load["lesion_volume_mm3"].sum()))]


def _drawn_flags(job: Job, brain: Image) -> list[Flag]:
    """Return the flags of the images that given masks were drawn on."""
    lesion, whole = (
        read_json(sidecar_path(path)) for path in (job.files.xfm_to_scan(job.reference), job.files.brain_mask)
    )
    flags: list[Flag] = []
    for what, record, key in (("lesion_mask", lesion, "Lesion"), ("brain_mask", whole, "")):
        doubt = record.get(f"{key}DoubtMillimetres")
        if doubt is not None:
            given = record[f"{key}DrawnOn"] is not None
            flags += images.drawn_flags(what, given, doubt, min(brain.spacing_mm))
    return flags


def _shifts(job: Job) -> dict[str, tuple[float, float]]:
    sidecars = {contrast: read_json(sidecar_path(job.files.preproc(contrast))) for contrast in job.images}
    return {
        name: (content["ShiftMillimetres"], content["AlignmentErrorMillimetres"])
        for name, content in sidecars.items()
        if "ShiftMillimetres" in content
    }


def _surface_flag(job: Job) -> list[Flag]:
    """Return the flag of a brain that was found in a head; other masks have no such number."""
    agreement = read_json(sidecar_path(job.files.brain_mask)).get("SurfaceAgreement")
    if agreement is None:
        return []
    return [limits.at_least("brain_surface_agreement", agreement, limits.SURFACE_AGREEMENT_WARN)]
