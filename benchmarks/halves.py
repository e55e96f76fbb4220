"""Is half a brain laid over the template like the whole of it? On scans of a study that has run.

    python benchmarks/halves.py RESULTS [RESULTS ...]

Each scan is cut to its upper, back, left and right half, as a short field of view does, and fitted anew.
Prints how far, on average over the half, the start and the affine fit lie from the affine fit of the whole
brain (mm). That one is no truth, but no half shows more of the brain.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases import load_template
from cpimaging.bids.files import natural
from cpimaging.images import read_image
from cpimaging.registration.greedy import Greedy
from cpimaging.registration.start import rough_alignment
from cpimaging.study.job import Job
from cpimaging.study.plan import study_labels
from cpimaging.types import Image

HALVES = {"upper": (2, 1), "back": (1, 0), "right": (0, 1), "left": (0, 0)}
"""Axis of RAS+, and whether its upper half is kept."""


def brain_of(job: Job) -> Image:
    """Return the reference contrast of a scan, 0 outside of the brain."""
    scan = read_image(job.files.preproc(job.reference))
    inside = read_image(job.files.brain_mask, labels=True).data > 0
    return scan.with_data(np.where(inside, scan.data, 0).astype(np.float32))


def half_of(brain: Image, axis: int, upper: int) -> Image:
    """Return the half of a brain, cut in the middle of its extent."""
    places = np.flatnonzero((brain.data != 0).any(axis=tuple({0, 1, 2} - {axis})))
    middle = int(places[0] + (places[-1] - places[0]) / 2)
    window = [slice(None)] * 3
    window[axis] = slice(middle, None) if upper else slice(0, middle)
    affine = brain.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (middle if upper else 0)
    return Image(np.ascontiguousarray(brain.data[tuple(window)]), affine)


def apart_mm(half: Image, found: NDArray[np.float64], whole: NDArray[np.float64]) -> float:
    """Return the mean distance between where two matrices take the voxels of a half."""
    voxels = np.argwhere(half.data != 0)[::997]
    points = np.c_[voxels @ half.affine[:3, :3].T + half.affine[:3, 3], np.ones(len(voxels))]
    return float(np.linalg.norm((points @ (found - whole).T)[:, :3], axis=1).mean())


def main() -> None:
    """Print a row for each half."""
    template, method = load_template().t1w, Greedy()
    print("| scan | half | start, mm | affine fit, mm |\n|---|---|---|---|")
    for folder in map(Path, sys.argv[1:]):
        for label in sorted(study_labels(folder), key=natural):
            brain = brain_of(Job(folder, label))
            whole = method.affine(brain, template, None)
            for name, (axis, upper) in HALVES.items():
                half = half_of(brain, axis, upper)
                start = apart_mm(half, rough_alignment(half, template, None), whole)
                fitted = apart_mm(half, method.affine(half, template, None), whole)
                print(f"| {label} | {name} | {start:.1f} | {fitted:.1f} |", flush=True)


if __name__ == "__main__":
    main()
