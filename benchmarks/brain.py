"""Measure brain extraction and the alignment of contrasts; prints Markdown tables.

`python benchmarks/brain.py` extracts simulated heads (a simulated brain, and skull, scalp, eyes, neck
around it) and, where ../shared/data is present, real extracted brains in simulated heads; then it moves
the contrasts of a real scan by known amounts and measures what the alignment makes of it.
`--seeds 3 --shifts 20` say how many.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import Template, load_template
from cpimaging.extract import extract_brain
from cpimaging.images import read_image
from cpimaging.preprocess import align
from cpimaging.registration.start import rotation
from cpimaging.registration.tools import coarse, rigid
from cpimaging.simulate.anatomy import Anatomy, find_anatomy
from cpimaging.simulate.contrast import CONTRASTS, sample, tissue_maps
from cpimaging.simulate.head import add_head
from cpimaging.simulate.subject import scan_grid
from cpimaging.simulate.warp import draw_warp
from cpimaging.types import Image

DATA = Path(__file__).parents[2] / "shared" / "data"
INFANT = "infant_templates/tpl-UNCBCP4DInfant_cohort-{}_desc-brain_{}.nii.gz"
ADULT = "bids/sub-{0}/anat/sub-{0}_{1}.nii.gz"
REAL = (
    ("MS patient ms07", ADULT.format("ms07", "T1w"), "T1w"),
    ("MS patient ms26", ADULT.format("ms26", "T2w"), "T2w"),
    ("MS patient ms26", ADULT.format("ms26", "FLAIR"), "FLAIR"),
    ("newborn template", INFANT.format("00", "T2w"), "T2w"),
    ("newborn template", INFANT.format("00", "T1w"), "T1w"),
    ("6-month template", INFANT.format("06", "T2w"), "T2w"),
    ("24-month template", INFANT.format("24", "T1w"), "T1w"),
)
LEVEL = {"T1w": (0.90, 95), "T2w": (0.48, 50), "FLAIR": (0.62, 50)}
"""Contrast -> signal that this percentile of a real brain is scaled to."""

MOVED = "ms12"
SLICE_MM = 3.0
Mask = NDArray[np.bool_]


def simulated_brain(anatomy: Anatomy, contrast: str, seed: int) -> tuple[Image, Mask]:
    rng = default_rng(seed)
    warp = draw_warp(anatomy, rng.uniform(0.0, 4.0), rng)
    grid = scan_grid(anatomy, warp, (1.0, 1.0, 1.0))
    maps = sample(tissue_maps(anatomy, (1.0, 1.0, 1.0)), anatomy.t1w, warp.to_template(grid))
    tissue = CONTRASTS[contrast]
    signal = tissue.wm * maps["wm"] + tissue.gm * maps["gm"] + tissue.fluid * maps["fluid"]
    signal = (signal + tissue.grain * maps["grain"]) / np.maximum(maps["brain"], 0.5)
    return Image(signal.astype(np.float32), grid.affine), maps["brain"] > 0.5


def real_brain(path: Path, contrast: str) -> tuple[Image, Mask]:
    image = read_image(path)
    labels, _ = ndimage.label(ndimage.binary_fill_holes(ndimage.binary_opening(image.data != 0)))
    mask = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    value, percentile = LEVEL[contrast]
    scaled = np.clip(image.data, 0, None) * value / np.percentile(image.data[mask], percentile)
    return Image(scaled.astype(np.float32), image.affine), mask


def thick_slices(image: Image) -> Image:
    """Return the mean of the slices within each 3 mm."""
    count = round(SLICE_MM / image.spacing_mm[2])
    slices = image.shape[2] // count * count
    data = image.data[:, :, :slices].astype(np.float32)
    affine = image.affine @ np.diag([1.0, 1.0, count, 1.0])
    affine[:3, 3] += image.affine[:3, 2] * (count - 1) / 2
    return Image(data.reshape(*data.shape[:2], -1, count).mean(axis=-1), affine)


def heads(seeds: int) -> Iterator[tuple[str, str, Image, Image]]:
    anatomy = find_anatomy(load_template())
    for seed in range(seeds):
        for contrast in ("T1w", "T2w"):
            yield (
                f"simulated {seed}",
                contrast,
                *add_head(*simulated_brain(anatomy, contrast, seed), contrast, seed),
            )
    for seed, (name, path, contrast) in enumerate(REAL):
        if (DATA / path).is_file():
            yield name, contrast, *add_head(*real_brain(DATA / path, contrast), contrast, seed)


def extraction(seeds: int, template: Template) -> None:
    print("| brain | contrast | slices | Dice | volume, found / true | surfaces agree | s |")
    print("|---|---|---|---|---|---|---|")
    for name, contrast, head, truth in heads(seeds):
        flat = truth.with_data(truth.data.astype(np.float32))
        pairs = {"": (head, truth.data), "3 mm": (thick_slices(head), thick_slices(flat).data > 0.5)}
        for slices, (image, brain) in pairs.items():
            start = time.perf_counter()
            found = extract_brain(image, template)
            seconds = time.perf_counter() - start
            dice = 2 * int((found.mask & brain).sum()) / int(found.mask.sum() + brain.sum())
            ratio = int(found.mask.sum()) / int(brain.sum())
            size = slices or f"{image.spacing_mm[2]:.1f} mm"
            row = f"{name} | {contrast} | {size} | {dice:.3f} | {ratio:.2f} | {found.agreement:.3f}"
            print(f"| {row} | {seconds:.0f} |", flush=True)


def moves(count: int, centre: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Yield rigid moves about a point: a turn up to 20 degrees about any axis, a shift up to 30 mm."""
    rng = default_rng(7)
    for _ in range(count):
        axis, shift = rng.normal(size=(2, 3))
        tilt, roll = (
            np.degrees(np.arctan2(axis[1], axis[2])),
            np.degrees(np.arctan2(axis[0], np.hypot(*axis[1:]))),
        )
        aim = rotation((-tilt, roll, 0.0))
        matrix = np.eye(4)
        matrix[:3, :3] = aim @ rotation((0.0, 0.0, rng.uniform(-20.0, 20.0))) @ aim.T
        shift *= rng.uniform(0.0, 30.0) / np.linalg.norm(shift)
        matrix[:3, 3] = centre + shift - matrix[:3, :3] @ centre
        yield matrix


def alignment(count: int, template: Template) -> None:
    paths = {c: DATA / ADULT.format(MOVED, c) for c in ("T1w", "T2w", "FLAIR")}
    if not all(path.is_file() for path in paths.values()):
        return
    images = {contrast: read_image(path) for contrast, path in paths.items()}
    reference = images.pop("T1w")
    brain = extract_brain(reference, template).mask
    points = np.argwhere(brain)[::997] @ reference.affine[:3, :3].T + reference.affine[:3, 3]
    print(
        "\n| contrast | error mm, mean | worst | fit and way back differ mm, as it lies |\n|---|---|---|---|"
    )
    for contrast, image in images.items():
        unmoved = rigid(coarse(reference), coarse(image))
        errors = []
        for move in moves(count, points.mean(axis=0)):
            moved = Image(image.data, move @ image.affine)
            apart = rigid(coarse(reference), coarse(moved)) - move @ unmoved
            errors.append(np.linalg.norm(points @ apart[:3, :3].T + apart[:3, 3], axis=1).mean())
        own = align(image, reference, brain).error_mm
        print(f"| {contrast} | {np.mean(errors):.2f} | {max(errors):.2f} | {own:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--shifts", type=int, default=20)
    options = parser.parse_args()
    template = load_template()
    if options.seeds:
        extraction(options.seeds, template)
    if options.shifts:
        alignment(options.shifts, template)


if __name__ == "__main__":
    main()
