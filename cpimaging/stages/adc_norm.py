"""norms adc: a map of healthy ADC from the controls of studies, in a folder that can be shared."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging import __version__
from cpimaging.atlases import template_brain
from cpimaging.atlases.ages.table import weeks_of
from cpimaging.images import read_displacement, read_image, write_image
from cpimaging.io import read_record, write_json
from cpimaging.layout import sidecar_path
from cpimaging.lesions.detect.detectors.adc import shown_tissue, smoothed
from cpimaging.registration import resample
from cpimaging.stages.controls import injured_told, is_injured, scans_of
from cpimaging.study.adc_norm import AGES, MEAN, SD, checked
from cpimaging.study.job import Job
from cpimaging.study.outcome import unfinished_stage
from cpimaging.study.output import check_own_files
from cpimaging.types import Image, InputError, Quality

LEAST, FEW = 8, 20
"""Controls that are needed, and below which it is told that they are few (ours)."""

LEAST_SHARE = 0.5
"""Share of the controls that must show tissue at a place, for its ADC to count as known (ours)."""

POOLED_MM = 4.0
"""SD of the neighbourhood over which variances are averaged, for an SD of ten people is uncertain (ours)."""

Map = NDArray[np.float64]


@dataclass
class _Found:
    """Sums over the controls so far, in template space, with their ages and why others were left out."""

    brain: Image
    number: Map = field(init=False)
    total: Map = field(init=False)
    squares: Map = field(init=False)
    weeks: list[float] = field(default_factory=list)
    seen: set[tuple[int, str]] = field(default_factory=set)
    marks: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)
    injured: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.number, self.total, self.squares = (np.zeros(self.brain.data.shape) for _ in range(3))

    def add(self, adc: Image) -> None:
        """Add a smoothed ADC in template space, nan where it shows no tissue."""
        shown = np.isfinite(adc.data)
        values = np.where(shown, adc.data, 0).astype(np.float64)
        self.number += shown
        self.total += values
        self.squares += values**2


def run(output: Path, controls: Sequence[str], folder: Path) -> Iterator[str]:
    """Write mean and SD of the controls' ADC; yield what is to be told, line by line.

    controls: as `scans_of` takes them. The SD is that of a further person around the mean. Raises
    InputError for controls that are too few, or that show too little of the brain.
    """
    check_own_files(folder, (sidecar_path(MEAN), MEAN, SD))
    found = _Found(template_brain())
    for person, job in scans_of(output, controls):
        _collect(found, person, job)
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(found.left_out.items()))
    left_out = f"; left out: {told}" if told else ""
    if len(found.weeks) < LEAST:
        problem = f"holds {len(found.weeks)} controls with an ADC, fewer than {LEAST}{left_out}"
        raise InputError(output, problem, "give more controls")
    mean, sd = checked(folder, *_statistics(found))
    ages = [math.floor(min(found.weeks)), math.ceil(max(found.weeks))]
    _write(folder, mean, sd, found, ages)
    yield f"ADC of {len(found.weeks)} controls, {ages[0]} to {ages[1]} postmenstrual weeks{left_out}"
    yield from injured_told(found.injured)
    if len(found.weeks) < FEW:
        yield f"fewer than {FEW} controls: the limits of healthy ADC are uncertain"


def _collect(found: _Found, person: tuple[int, str], job: Job) -> None:
    """Add a scan that can serve as a control; the first session of each participant."""
    weeks = weeks_of(job.scan.age_years, job.scan.pma_weeks)
    reason = _why_not(job, again=person in found.seen) or ("" if weeks else "of unknown age")
    adc = None if reason else read_image(job.files.preproc("ADC"))
    mark = "" if adc is None else hashlib.sha256(adc.data.tobytes()).hexdigest()
    if mark and mark in found.marks:
        reason = "the same image as another"
    if adc is None or weeks is None or reason:
        found.left_out[reason] += 1
        return
    found.seen.add(person)
    found.marks.add(mark)
    found.weeks.append(weeks)
    found.add(_in_template(job, adc, found.brain))
    if is_injured(job):
        found.injured.append(job.label)


def _why_not(job: Job, *, again: bool) -> str | None:
    if "ADC" not in job.images:
        return "without ADC"
    if unfinished_stage(job, "qc"):
        return "not finished"
    quality: Quality = read_record(job.files.qc)
    if quality["verdict"] == "fail":
        return "failed quality checks"
    return "a later session" if again else None


def _in_template(job: Job, adc: Image, brain: Image) -> Image:
    """Return a scan's ADC in template space, averaged over tissue as the search does; nan elsewhere."""
    tissue = shown_tissue(adc.data, read_image(job.files.brain_mask, labels=True).data > 0)
    mean = np.where(tissue, smoothed(adc.data, tissue, adc.spacing_mm), 0)
    field = read_displacement(job.files.xfm_to_template(job.reference))
    there, share = (
        resample(adc.with_data(data.astype(np.float32)), brain, field).data for data in (mean, tissue)
    )
    shown = brain.data & (share > 0.5)
    return brain.with_data(np.where(shown, there / np.maximum(share, 1e-6), np.nan).astype(np.float32))


def _statistics(found: _Found) -> tuple[Image, Image]:
    """Return mean and SD where enough controls show tissue, 0 elsewhere."""
    n = np.maximum(found.number, 2)
    known = found.number >= max(LEAST_SHARE * len(found.weeks), 2)
    mean = found.total / n
    variance = np.maximum((found.squares - n * mean**2) / (n - 1), 0) * (1 + 1 / n)
    sigma = [POOLED_MM / step for step in found.brain.spacing_mm]
    weight = ndimage.gaussian_filter(known.astype(np.float64), sigma)
    pooled = ndimage.gaussian_filter(np.where(known, variance, 0), sigma) / np.maximum(weight, 1e-6)
    known &= pooled > 0
    return tuple(  # type: ignore[return-value]
        found.brain.with_data(np.where(known, data, 0).astype(np.float32)) for data in (mean, np.sqrt(pooled))
    )


def _write(folder: Path, mean: Image, sd: Image, found: _Found, ages: list[int]) -> None:
    about = {
        "Name": f"Healthy ADC of {len(found.weeks)} controls",
        "GeneratedBy": [{"Name": "cpimaging", "Version": __version__}],
        "Units": "mm2/s",
        AGES: ages,
    }
    for name, image in ((MEAN, mean), (SD, sd)):
        write_image(folder / name, image)
        write_json(Path(sidecar_path(str(folder / name))), about)
