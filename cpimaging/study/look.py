"""What the detectors see of a scan, and what they found, on its grid: for register and lesions."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cpimaging.assessed import Gate
from cpimaging.images import read_image
from cpimaging.lesions.detect import Finding, Scene, detect, make_scene, norm_on, on_grid, thinned
from cpimaging.registration import Matrix, resample
from cpimaging.study.adc_norm import Norm, norm_for
from cpimaging.study.frame import Frame
from cpimaging.study.job import Job
from cpimaging.types import Image
from cpimaging.words import DETECTED

FIRST_LOOK_MM = 2.0
"""Grid of the first detection: it only keeps the lesion out of a registration that works at 2 mm."""


@dataclass(frozen=True)
class Sighting:
    """What the detectors found, with mask, probability and reason of each voxel on the scan's grid."""

    finding: Finding
    mask: Image
    probability: Image
    origin: Image

    def reasons(self, pieces: NDArray[np.int32]) -> list[str]:
        """Return why each numbered piece is taken for a lesion: what holds for most of its voxels."""
        words = []
        for number in range(1, int(pieces.max(initial=0)) + 1):
            counts = np.bincount(self.origin.data[pieces == number], minlength=1)
            words.append(f"{DETECTED}: {self.finding.reasons[int(counts.argmax())]}")
        return words

    def probabilities(self, pieces: NDArray[np.int32]) -> NDArray[np.float64]:
        """Return the mean probability of each numbered piece."""
        sums = np.bincount(pieces.ravel(), weights=self.probability.data.ravel())
        found: NDArray[np.float64] = sums[1:] / np.bincount(pieces.ravel())[1:]
        return found


def look(job: Job, frame: Frame, way: Image | Matrix, gate: Gate, *, first: bool = False) -> Sighting:
    """Run the detectors on a scan. way: from scan to its template. first: quickly, on a coarse grid."""
    brain = read_image(job.files.brain_mask, labels=True)
    brain = brain.with_data(brain.data > 0)
    norm, told = norm_for(job.adc_norm, job.scan) if job.adc_norm and "ADC" in job.images else (None, "")
    scene = _scene(job, frame, brain, way, norm)
    if first:
        scene = thinned(scene, FIRST_LOOK_MM)
    found = detect(scene, _refused(scene, gate))
    found = replace(found, notes=(*found.notes, *filter(None, [told])))
    mask, probability, origin = (
        on_grid(data, scene, brain) for data in (found.mask, found.probability, found.origin)
    )
    return Sighting(found, mask.with_data(mask.data & brain.data), probability, origin)


def _refused(scene: Scene, gate: Gate) -> dict[str, str]:
    """Return the detectors that do not look at this age, and why."""
    rules = {name: name for name in ("FLAIR", "T2w", "T1w", "punctate", "cysts")}
    rules["ADC"] = "ADC" if scene.norm is None else "ADC_norm"
    return {name: why for name, rule in rules.items() if (why := gate.refusal(rule))}


def _scene(job: Job, frame: Frame, brain: Image, way: Image | Matrix, norm: Norm | None) -> Scene:
    return make_scene(
        {name: read_image(job.files.preproc(name)) for name in job.images},
        brain,
        {"grey": frame.template.gm, "white": frame.template.wm},
        frame.atlas,
        way,
        job.scan.age_years,
        _in_space(frame, norm) if norm else None,
    )


def _in_space(frame: Frame, norm: Norm) -> Norm:
    """Return a map of the adult template's space in that of a scan's template."""
    if frame.built is None:
        return norm
    return norm_on(norm, frame.template.brain, partial(resample, field=frame.built.way.to_scan))
