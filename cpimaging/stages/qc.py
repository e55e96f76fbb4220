"""qc: flags and a verdict before anything is called."""

from dataclasses import asdict

import numpy as np

from cpimaging import qc
from cpimaging.atlases import load_template
from cpimaging.io import read_displacement, read_image, read_json, read_table, write_json
from cpimaging.layout import sidecar_path
from cpimaging.registration import resample
from cpimaging.stages import Job
from cpimaging.types import LESIONLOAD_COLUMNS, Flag


def run(job: Job) -> None:
    """Write the quality flags, their verdict and the native-to-template volume ratio."""
    reference = job.reference
    scan = read_image(job.files.preproc(reference))
    mask = read_image(job.files.brain_mask, labels=True)
    brain = mask.data > 0
    template = load_template()
    to_scan = read_displacement(job.files.xfm_to_scan(reference))
    in_scan = resample(template.t1w, scan, to_scan)
    template_mm3 = float(template.brain.data.sum()) * template.brain.voxel_volume_mm3
    ratio = float(brain.sum()) * mask.voxel_volume_mm3 / template_mm3
    flags = qc.registration_flags(scan, brain, _lesion(job, brain), in_scan, to_scan)
    flags += [
        qc.volume_ratio_flag(ratio),
        *_lesion_flag(job),
        *qc.alignment_flags(_shifts(job)),
    ]
    content = {
        "verdict": qc.verdict(flags),
        "flags": [asdict(flag) for flag in flags],
        "template_volume_ratio": ratio,
    }
    write_json(job.files.qc, content)


def _lesion(job: Job, brain: np.ndarray) -> np.ndarray:
    if job.lesion is None:
        return np.zeros_like(brain)
    return read_image(job.files.lesion_mask, labels=True).data > 0


def _lesion_flag(job: Job) -> list[Flag]:
    if job.lesion is None:
        return []
    load = read_table(job.files.lesionload, LESIONLOAD_COLUMNS)
    load = load[load["tissue"] != "overlay"]
    outside = load.loc[load["structure"] == "outside_brain", "lesion_volume_mm3"].sum()
    return [qc.lesion_flag(float(outside), float(load["lesion_volume_mm3"].sum()))]


def _shifts(job: Job) -> dict[str, float]:
    sidecars = {contrast: read_json(sidecar_path(job.files.preproc(contrast))) for contrast in job.images}
    return {
        name: content["ShiftMillimetres"]
        for name, content in sidecars.items()
        if "ShiftMillimetres" in content
    }
