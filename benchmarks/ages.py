"""Consistency of labels carried over the ages, on average brains at 0, 6 and 24 months; prints Markdown.

Each brain is a scan against the template of another age, once by its T1w alone and once by its T2w alone; the
two routes are compared (Dice). Beside that consistency, labels carried by both contrasts are held against
what the image itself shows, without an atlas: how far their edge lies from the nearest edge of tissue and
fluid on T2w; an affine fit alone must be clearly worse. Fits are kept in results/bench/ages: a stopped run
goes on where it was. About half a minute of one core a fit.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import threshold_multiotsu

from cpimaging.atlases import load_atlas, load_template
from cpimaging.atlases.ages import AgeTemplate
from cpimaging.atlases.ages.build import read_brain
from cpimaging.images import read_displacement, write_displacement
from cpimaging.itk import affine_transform
from cpimaging.registration import Transform, field_from_transforms, resample
from cpimaging.registration.ages import chained, fit, start_of
from cpimaging.types import Image, Region

RESULTS = Path(__file__).parents[1] / "results" / "bench" / "ages"
DATA = Path(__file__).parents[2] / "shared" / "data" / "infant_templates"
NEXT = {"00": "06", "06": "24", "24": "adult"}
AGAINST = {"00": "06", "06": "24", "24": "06"}
"""The brain of each age, and the age of the template that it is a scan against."""

STRUCTURES = {
    "thalamus": ("thalamus", "thalamus_ventrolateral"),
    "caudate": ("caudate",),
    "lentiform": ("putamen", "putamen_posterior", "pallidum"),
    "ventricles": tuple(
        f"lateral_ventricle_{part}"
        for part in ("frontal_horn", "body", "trigone", "occipital_horn", "temporal_horn")
    ),
    "PLIC": ("plic",),
    "posterior putamen": ("putamen_posterior",),
}
TISSUES = ("brainstem", "cerebellum")
OUTLINED = ("ventricles", *TISSUES)
Mask = NDArray[np.bool_]


class Bench:
    """The brains, and the fits between them."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.atlas = load_atlas("embedded").dseg

    def images(self, age: str, contrasts: Sequence[str] = ("T1w", "T2w")) -> dict[str, Image]:
        """Return the images of an age."""
        if age == "adult":
            return {"T1w": load_template().t1w}
        stem = f"tpl-UNCBCP4DInfant_cohort-{age}_desc-brain"
        paths = {name: self.data / f"{stem}_{name}.nii.gz" for name in ("T1w", "T2w")}
        template = AgeTemplate(f"UNC{age}", (20, 200), paths, None, None, None, None, "n/a", "n/a")
        images, _ = read_brain(template)
        return {name: images[name] for name in contrasts}

    def way(self, age: str, other: str, contrasts: Sequence[str] = ("T1w", "T2w")) -> Transform:
        """Return the fit of a brain to that of another age."""
        folder = RESULTS / f"{age}-{other}-{'+'.join(contrasts)}"
        fields = [folder / f"{name}.nii.gz" for name in ("to_template", "to_scan")]
        if not all(path.is_file() for path in fields):
            scan, others = self.images(age, contrasts), self.images(other)
            found = fit(scan, others, start_of(scan, others), painted=True).transform
            folder.mkdir(parents=True, exist_ok=True)
            for path, field in zip(fields, (found.to_template, found.to_scan), strict=True):
                write_displacement(path, field)
        return Transform(*map(read_displacement, fields))

    def affine_way(self, age: str, other: str) -> Transform:
        """Return the fit of a brain to that of another age, without its warp."""
        scan, others = self.images(age), self.images(other)
        matrix = start_of(scan, others)
        grids = next(iter(others.values())), next(iter(scan.values()))
        ways = np.linalg.inv(matrix).astype(np.float64), matrix
        return Transform(
            *(
                field_from_transforms(grid, [affine_transform(way)])
                for grid, way in zip(grids, ways, strict=True)
            )
        )

    def onward(self, age: str) -> Iterator[Transform]:
        """Yield the steps from a template to the adult one."""
        while age != "adult":
            yield self.way(age, NEXT[age])
            age = NEXT[age]

    def labels(self, age: str, first: Transform, other: str) -> NDArray[np.integer]:
        """Return the atlas on a brain, by its way to the template of another age and on from there."""
        for step in self.onward(other):
            first = chained(first, step)
        grid = next(iter(self.images(age).values()))
        return resample(self.atlas.labels, grid, first.to_scan, mode="nearest").data


def masks(labels: NDArray[np.integer], regions: Sequence[Region]) -> dict[str, Mask]:
    found = {
        name: np.isin(labels, [r.index for r in regions if r.structure in words])
        for name, words in STRUCTURES.items()
    }
    for tissue in TISSUES:
        found[tissue] = np.isin(labels, [r.index for r in regions if r.tissue == tissue])
    return found


def dice(one: Mask, other: Mask) -> float:
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


def routes(bench: Bench, ages: Sequence[str]) -> None:
    names = [*STRUCTURES, *TISSUES]
    print(f"| months | against | {' | '.join(names)} |\n|---|---|{'---|' * len(names)}")
    for age in ages:
        found = []
        for contrast in ("T1w", "T2w"):
            labels = bench.labels(age, bench.way(age, AGAINST[age], (contrast,)), AGAINST[age])
            found.append(masks(labels, bench.atlas.regions))
        cells = " | ".join(f"{dice(found[0][name], found[1][name]):.2f}" for name in names)
        print(f"| {int(age)} | {int(AGAINST[age])} | {cells} |", flush=True)


def tissue_shown(t2w: Image) -> Mask:
    """Return what of a brain is no fluid on T2w: below the brightest of four classes (multi-Otsu)."""
    brain = t2w.data > 0
    shown: Mask = brain & (t2w.data < threshold_multiotsu(t2w.data[brain], 4)[-1])
    return shown


def off_mm(
    labels: NDArray[np.integer], regions: Sequence[Region], t2w: Image
) -> dict[str, NDArray[np.float32]]:
    """Return how far each voxel of a label's edge towards fluid lies from the nearest edge on T2w."""
    shown, found = tissue_shown(t2w), masks(labels, regions)
    edge = shown & ~ndimage.binary_erosion(shown)
    away = ndimage.distance_transform_edt(~edge, sampling=t2w.spacing_mm).astype(np.float32)
    wet = np.isin(labels, [0, *(r.index for r in regions if r.tissue == "csf")])
    rims = {name: found[name] & ndimage.binary_dilation(wet) for name in TISSUES}
    rims["ventricles"] = ndimage.binary_dilation(found["ventricles"]) & ~wet
    return {name: away[rims[name]] for name in OUTLINED}


def outlines(bench: Bench, ages: Sequence[str]) -> None:
    print(f"| months | against | fit | {' | '.join(OUTLINED)} |\n|---|---|---|{'---|' * len(OUTLINED)}")
    for age in ages:
        other = AGAINST[age]
        for name, way in (("whole", bench.way(age, other)), ("affine alone", bench.affine_way(age, other))):
            off = off_mm(bench.labels(age, way, other), bench.atlas.regions, bench.images(age)["T2w"])
            cells = (f"{values.mean():.2f} ({np.percentile(values, 95):.1f})" for values in off.values())
            print(f"| {int(age)} | {int(other)} | {name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--ages", default="00,06,24")
    chosen = parser.parse_args()
    bench, ages = Bench(chosen.data), chosen.ages.split(",")
    routes(bench, ages)
    outlines(bench, ages)


if __name__ == "__main__":
    main()
