"""Measure ventricles, labels and indices on simulated brains, registered for real; prints Markdown tables.

Each case's figures are kept in results/bench/segmentation: a stopped run goes on where it was. The truth
for ventricles is the simulator's; for all other structures the atlas brought along the known warp.
"""

import argparse
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.embedded.landmarks import landmark
from cpimaging.io import write_json
from cpimaging.itk import affine_transform
from cpimaging.morphometry import LANDMARKS, measures
from cpimaging.preprocess import bias_correct
from cpimaging.registration import Matrix, Transform, field_from_transforms, moved_points, resample
from cpimaging.registration.engines import ENGINES
from cpimaging.segment import Segmentation, segment, template_shares
from cpimaging.simulate.anatomy import Anatomy, find_anatomy
from cpimaging.simulate.contrast import tissue_maps
from cpimaging.simulate.recipes import Recipe, load_recipes
from cpimaging.simulate.subject import Subject, Voxels, make_subject
from cpimaging.types import Image, LabelMap

RESULTS = Path(__file__).parents[1] / "results" / "bench" / "segmentation"
SEEDS = (201, 202)  # not used while the segmentation was built
PUSH_MM = {"1": 0.0, "1.5": 1.8, "2": 3.3, "3": 5.6, "4": 7.9}
VENTRICLE = tuple(
    f"lateral_ventricle_{part}" for part in ("frontal_horn", "body", "trigone", "occipital_horn")
)
INDICES = ("fohr", "evans_index", "frontal_horn_width", "occipital_horn_width", "callosal_area")
DEEP = ("thalamus", "caudate", "putamen", "hippocampus", "corpus_callosum")
KEYS = ["measure", "structure", "side"]
Figures = dict[str, Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """One simulated scan. size: of the ventricles, or "cavity"; mask: whether the lesion mask is given."""

    size: str
    seed: int
    contrasts: tuple[str, ...] = ("T1w", "FLAIR")
    voxel_mm: float = 2.0
    start: str = "deformable"
    mask: bool = False

    @property
    def name(self) -> str:
        """File name of the figures."""
        words = (self.size, str(self.seed), "+".join(self.contrasts), f"{self.voxel_mm:g}mm", self.start)
        return "_".join([*words, "mask"] if self.mask else words)

    @property
    def group(self) -> str:
        """What the cases of one table row have in common."""
        words = f"{', '.join(self.contrasts)}; {self.voxel_mm:g} mm"
        words += "; affine fit only" if self.start == "affine" else ""
        return words + ("; mask given" if self.mask else "")


def cases() -> list[Case]:
    both = [Case(size, seed) for seed in SEEDS for size in PUSH_MM]
    t1w = [Case(size, SEEDS[0], ("T1w",)) for size in ("1", "2", "4")]
    t2w = [Case(size, SEEDS[0], ("T2w",)) for size in ("1", "4")]
    affine = [Case(size, SEEDS[0], start="affine") for size in ("1", "4")]
    fine = [Case("1", SEEDS[0], ("T1w",), 1.0), Case("4", SEEDS[0], voxel_mm=1.0)]
    cavity = [Case("cavity", seed, mask=mask) for seed in SEEDS for mask in (True, False)]
    return [*both[:5], *t1w, *cavity, *fine, *affine, *t2w, *both[5:]]


@cache
def anatomy() -> Anatomy:
    return find_anatomy(load_template())


@cache
def voxels(voxel_mm: float) -> Voxels:
    size = (voxel_mm, voxel_mm, voxel_mm)
    return Voxels(size, tissue_maps(anatomy(), size))


@cache
def recipes() -> Mapping[str, Recipe]:
    return load_recipes()


def simulated(case: Case) -> Subject:
    recipe = recipes()["periventricular_unilateral"]
    if case.size != "cavity":
        push = PUSH_MM[case.size]
        recipe = replace(recipes()["none"], push_mm=(push, push))
    return make_subject(anatomy(), voxels(case.voxel_mm), recipe, case.contrasts, case.seed)


def registered(case: Case, scan: Image, lesion: Image | None) -> tuple[Matrix, Transform]:
    template, engine = load_template().t1w, ENGINES["greedy"].method
    matrix = engine.affine(scan, template, lesion)
    if case.start == "deformable":
        return matrix, engine.deformable(scan, template, matrix, lesion, 1)
    there, back = affine_transform(matrix), affine_transform(np.linalg.inv(matrix))
    return matrix, Transform(field_from_transforms(template, [back]), field_from_transforms(scan, [there]))


def truth(subject: Subject, brain: Image) -> Image:
    """Return the atlas through the known warp, its lateral ventricles replaced by the simulator's."""
    atlas = load_atlas("embedded").dseg
    labels = resample(atlas.labels, brain, subject.displacement, mode="nearest").data
    csf = np.isin(labels, [r.index for r in atlas.regions if r.tissue == "csf"])
    mine = np.isin(labels, numbers(*VENTRICLE))
    part = labels[tuple(ndimage.distance_transform_edt(~mine, return_distances=False, return_indices=True))]
    tissue = labels[
        tuple(
            ndimage.distance_transform_edt(csf | (labels == 0), return_distances=False, return_indices=True)
        )
    ]
    inside = subject.ventricles.data & ~subject.lesion.data
    fixed = np.where(mine & ~inside, tissue, labels)
    return brain.with_data(np.where(brain.data, np.where(inside, part, fixed), 0))


def numbers(*beginnings: str) -> list[int]:
    regions = load_atlas_regions()
    return [region.index for region in regions if region.structure.startswith(beginnings)]


@cache
def load_atlas_regions() -> tuple[Any, ...]:
    return load_atlas("embedded").dseg.regions


def run_one(case: Case) -> Figures:
    subject = simulated(case)
    first = subject.images[case.contrasts[0]]
    brain = first.with_data(first.data > 0)
    images = {
        name: bias_correct(image.with_data(image.data.astype(np.float32)), brain.data)
        for name, image in subject.images.items()
    }
    lesion = subject.lesion if case.mask else None
    matrix, transform = registered(case, images[case.contrasts[0]], lesion)
    atlas = load_atlas("embedded").dseg
    labels = resample(atlas.labels, brain, transform.to_scan, mode="nearest")
    shares = {
        name: resample(share, brain, transform.to_scan)
        for name, share in template_shares(load_template()).items()
    }
    start = time.process_time()
    found = segment(
        images,
        brain,
        LabelMap(labels.with_data(np.where(brain.data, labels.data, 0)), atlas.regions),
        shares,
        lesion,
        "",
    )
    seconds = time.process_time() - start
    true = truth(subject, brain)
    points = moved_points(np.array([landmark(name) for name in LANDMARKS]), transform.to_template)
    places = dict(zip(LANDMARKS, points, strict=True))
    dry = brain.with_data(np.zeros(brain.shape, np.float32))
    ours, theirs = (
        measures(LabelMap(image, atlas.regions), brain, fluid, matrix, places).set_index(KEYS)
        for image, fluid in ((found.labels, found.fluid), (true, dry))
    )
    return {
        "group": case.group,
        "size": case.size,
        "ratio": volume_ratio(subject, brain),
        "seconds": seconds,
        **overlaps(subject, labels, found, true),
        "errors": errors(ours, theirs),
    }


def volume_ratio(subject: Subject, brain: Image) -> float:
    here = anatomy()
    return float(
        subject.ventricles.data.sum() / brain.data.sum() / (here.ventricles.sum() / here.brain.sum())
    )


def dice(a: Mask, b: Mask) -> float:
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


def overlaps(subject: Subject, labels: Image, found: Segmentation, true: Image) -> Figures:
    inside, lesion = np.isin(true.data, numbers(*VENTRICLE)), subject.lesion.data
    ours, before = (np.isin(image.data, numbers(*VENTRICLE)) for image in (found.labels, labels))
    return {
        "dice": dice(ours, inside),
        "dice_before": dice(before, inside),
        "volume": float(ours.sum() / inside.sum()),
        "volume_before": float(before.sum() / inside.sum()),
        "cavity_ml": float(found.cavity.data.sum() * found.cavity.voxel_volume_mm3 / 1000),
        "cavity_in_lesion": float((found.cavity.data & lesion).sum() / max(found.cavity.data.sum(), 1)),
        "structures": {
            name: [
                dice(np.isin(image.data, numbers(name)), np.isin(true.data, numbers(name)))
                for image in (labels, found.labels)
            ]
            for name in DEEP
        },
    }


def errors(ours: pd.DataFrame, theirs: pd.DataFrame) -> Figures:
    """Return 100 × (ours / theirs − 1) of each measure that has a truth of its own."""
    out = {}
    for key, value in theirs["value"].items():
        if key[0] in (*INDICES, "group_volume") and value > 0:
            out[" ".join(key)] = float(100 * (ours["value"][key] / value - 1))
    return out


def results() -> list[Figures]:
    paths = [RESULTS / f"{case.name}.json" for case in cases()]
    return [json.loads(path.read_text()) for path in paths if path.is_file()]


def table(head: list[str], rows: list[list[str]]) -> None:
    print(f"\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def report() -> None:
    frame = pd.DataFrame(results())
    rows, shapes, measured = [], [], []
    for (group, size), part in frame.groupby(["group", "size"], sort=False):
        low, high = 100 * (part["volume"].min() - 1), 100 * (part["volume"].max() - 1)
        before = 100 * (part["volume_before"] - 1)
        name = [str(group), str(size), str(len(part))]
        row = [f"{part['ratio'].mean():.2f}", f"{part['dice_before'].min():.3f}", f"{part['dice'].min():.3f}"]
        row += [f"{before.min():+.1f} to {before.max():+.1f}", f"{low:+.1f} to {high:+.1f}"]
        row += [f"{part['cavity_ml'].mean():.1f}", f"{part['seconds'].max():.1f}"]
        rows.append([*name, *row])
        shapes.append([*name, *(structure_dice(part["structures"], s) for s in DEEP)])
        found = pd.DataFrame(list(part["errors"]))
        worst = found.abs().max()
        measured.append([*name, *(f"{worst[key]:.1f}" for key in sorted(found))])
    head = ["contrasts; voxels", "size", "n"]
    table(
        [
            *head,
            "ratio to template",
            "Dice before",
            "Dice",
            "volume before, %",
            "volume, %",
            "cavity, ml",
            "CPU s",
        ],
        rows,
    )
    print("\nDice of structures, atlas as registered → following the ventricles (mean)")
    table([*head, *DEEP], shapes)
    print("\nLargest error of each measure against the truth, %")
    keys = sorted(pd.DataFrame(list(frame["errors"])))
    table(
        ["measure", *(f"{m[0]}; × {m[1]}" for m in measured)],
        [[key, *(m[3 + i] for m in measured)] for i, key in enumerate(keys)],
    )


def structure_dice(found: pd.Series, name: str) -> str:
    before, after = np.mean([figures[name] for figures in found], axis=0)
    return f"{before:.3f} → {after:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="print what is there, run nothing")
    if not parser.parse_args().report:
        recipes()  # before the first case: an edit while this runs mixes nothing
        for case in cases():
            path = RESULTS / f"{case.name}.json"
            if not path.is_file():
                write_json(path, run_one(case))
                print(case.name, flush=True)
    report()


if __name__ == "__main__":
    main()
