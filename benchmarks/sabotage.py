"""Spoil scans on purpose and see whether the quality checks notice; prints Markdown tables.

`python benchmarks/sabotage.py` runs good and sabotaged cases at 2 mm from raw image to verdict. Cases at an
even place in their list were used to set the limits of `cpimaging.qc.limits`; those at an odd place were
not looked at for that. Results go to results/bench/sabotage, one file per case; a second run takes up where
the first one ended, and a case runs again when the code of its stages has changed. Real scans are used
where ../shared/data is present. `--only WORD` runs the cases whose name holds the word.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage

from cpimaging.atlases import load_template
from cpimaging.bids import Scan
from cpimaging.io import (
    read_displacement,
    read_image,
    read_json,
    write_displacement,
    write_image,
    write_json,
    write_text,
)
from cpimaging.layout import sidecar_path
from cpimaging.provenance import code_digest
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.contrast import tissue_maps
from cpimaging.simulate.recipes import load_recipes
from cpimaging.simulate.subject import Voxels, make_subject
from cpimaging.stages import Job, index, write_plan
from cpimaging.types import Image, InputError

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "results" / "bench" / "sabotage"
STAGES = ("preprocess", "register", "qc")
LESION_STAGES = ("segment", "lesions", "quantify")
GRID_MM = 2.0
LABEL = "sub-01"


@dataclass(frozen=True)
class Person:
    """What is written as the dataset: contrast -> image, masks, age in years."""

    images: Mapping[str, Image]
    age: float | None = 30.0
    lesion: Image | None = None
    brain: Image | None = None


@dataclass(frozen=True)
class Case:
    """A person and what is done to it: to the files before, or to the transform after registration."""

    name: str
    make: Callable[[], Person]
    engine: str = "greedy"
    files: Callable[[Path], None] = field(default=lambda folder: None)
    after: Callable[[Job, Path], None] = field(default=lambda job, folder: None)


# --- people


@cache
def _world(voxel_mm: tuple[float, float, float]) -> tuple[Any, Voxels]:
    anatomy = find_anatomy(load_template())
    return anatomy, Voxels(voxel_mm, tissue_maps(anatomy, voxel_mm))


def simulated(
    seed: int,
    pattern: str = "none",
    contrasts: Sequence[str] = ("T1w",),
    voxel_mm: tuple[float, float, float] = (GRID_MM,) * 3,
) -> Person:
    anatomy, voxels = _world(voxel_mm)
    subject = make_subject(anatomy, voxels, load_recipes()[pattern], contrasts, seed)
    images = {name: image.with_data(image.data.astype(np.float32)) for name, image in subject.images.items()}
    lesion = subject.lesion if subject.lesion.data.any() else None
    return Person(images, subject.age_years, lesion)


def thinned(image: Image, labels: bool = False) -> Image:
    """Return an image at about 2 mm, 0 where it was 0."""
    step = np.maximum(np.round(GRID_MM / np.array(image.spacing_mm)).astype(int), 1)
    kept = tuple(slice(None, None, s) for s in step)
    data = image.data[kept]
    if not labels:
        smooth = ndimage.gaussian_filter(image.data.astype(np.float32), np.where(step > 1, step / 2, 0))
        data = np.where(data == 0, 0, smooth[kept])
    return Image(np.ascontiguousarray(data), image.affine @ np.diag([*step, 1.0]), image.axcodes)


def ms(name: str, contrasts: Sequence[str] = ("T1w",), lesion: bool = False) -> Person:
    folder = DATA / "bids" / f"sub-{name}" / "anat"
    images = {c: thinned(read_image(folder / f"sub-{name}_{c}.nii.gz")) for c in contrasts}
    if not lesion:
        return Person(images, 35.0)
    masks = DATA / "bids" / "derivatives" / "lesions" / f"sub-{name}" / "anat"
    mask = read_image(next(masks.glob("*_mask.nii.gz")), labels=True)
    return Person(images, 35.0, thinned(mask, labels=True))


def eve() -> Person:
    image = read_image(DATA / "eve" / "JHU_MNI_SS_T1_Brain.nii.gz")
    affine = np.eye(4)
    affine[:3, 3] = (90.0 - (image.shape[0] - 1), -126.0, -72.0)
    return Person({"T1w": thinned(Image(image.data, affine))}, 32.0)


def nlin6() -> Person:
    path = DATA / "published_atlases" / "MNI152NLin6_res-1x1x1_T1w_desc-brain.nii.gz"
    return Person({"T1w": thinned(read_image(path))}, 25.0)


def infant(months: int, contrasts: Sequence[str] = ("T1w",)) -> Person:
    name = f"tpl-UNCBCP4DInfant_cohort-{months:02d}_desc-brain_{{}}.nii.gz"
    images = {c: thinned(read_image(DATA / "infant_templates" / name.format(c))) for c in contrasts}
    return Person(images, max(months / 12, 0.05))


def stroke_adc() -> Person:
    folder = DATA / "diffusion_mca"
    b0, dwi = (read_image(folder / f"{name}.nii.gz") for name in ("b0", "dwi"))
    brain = read_image(folder / "brain_mask.nii.gz").data > 0.5
    inside = brain & (b0.data > 0) & (dwi.data > 0)
    ratio = np.where(inside, np.maximum(dwi.data, 1) / np.maximum(b0.data, 1), 1)
    adc = np.where(inside, np.clip(-np.log(ratio) * 1000, 1, None), 0)
    images = {"T2w": b0.with_data(np.where(brain, b0.data, 0)), "ADC": b0.with_data(adc.astype(np.float32))}
    lesion = thinned(read_image(folder / "lesion_network.nii.gz", labels=True), labels=True)
    return Person({n: thinned(i) for n, i in images.items()}, 60.0, lesion)


def whole_head(name: str, contrast: str) -> Person:
    """Return a head without its neck, given as if its mask were the brain's."""
    image = read_image(DATA / "bids" / f"sub-{name}" / "anat" / f"sub-{name}_{contrast}.nii.gz")
    image = thinned(image)
    head = ndimage.binary_opening(image.data > np.percentile(image.data[image.data > 0], 25), iterations=2)
    top = np.flatnonzero(head.any(axis=(0, 1))).max()
    head[:, :, : max(0, int(top - 160 / image.spacing_mm[2]))] = False
    head = ndimage.binary_fill_holes(head)
    return Person(
        {contrast: image.with_data(np.where(head, image.data, 0))}, 30.0, brain=image.with_data(head)
    )


# --- what can be done to a person


def changed(person: Person, change: Callable[[Image], Image], *contrasts: str) -> Person:
    """Apply a change to the images of some contrasts; to all images and masks where none is named."""
    images = {n: change(i) if not contrasts or n in contrasts else i for n, i in person.images.items()}
    if contrasts:
        return replace(person, images=images)
    lesion, brain = (m and change(m) for m in (person.lesion, person.brain))
    return replace(person, images=images, lesion=lesion, brain=brain)


def flipped(image: Image) -> Image:
    return image.with_data(np.ascontiguousarray(image.data[::-1]))


def moved(
    image: Image, degrees: tuple[float, float, float] = (0, 0, 0), mm: Sequence[float] = (0, 0, 0)
) -> Image:
    """Turn and shift the head with its header: the voxels stay, their positions change."""
    turn = np.eye(4)
    for axis, angle in enumerate(np.radians(degrees)):
        a, b = [i for i in range(3) if i != axis]
        one = np.eye(4)
        one[[a, a, b, b], [a, b, a, b]] = [np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)]
        turn = one @ turn
    turn[:3, 3] = mm
    return Image(image.data, turn @ image.affine, image.axcodes)


def stored(image: Image, axcodes: tuple[str, str, str]) -> Image:
    return Image(image.data, image.affine, axcodes)


def turned(image: Image, axes: tuple[int, int]) -> Image:
    """Turn the voxels by 90 degrees and keep the header."""
    return Image(np.ascontiguousarray(np.rot90(image.data, axes=axes)), image.affine, image.axcodes)


def half(image: Image, axis: int, end: int, empty: bool) -> Image:
    """Cut the image through the middle of what it shows; keep the low (0) or the high (1) half."""
    places = np.flatnonzero(image.data.any(axis=tuple(a for a in range(3) if a != axis)))
    middle = int(places.mean())
    window = [slice(None)] * 3
    window[axis] = slice(middle, None) if end else slice(0, middle)
    if empty:
        data = np.zeros_like(image.data)
        data[tuple(window)] = image.data[tuple(window)]
        return image.with_data(data)
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (middle if end else 0)
    return Image(np.ascontiguousarray(image.data[tuple(window)]), affine, image.axcodes)


def sized(image: Image, factors: tuple[float, float, float]) -> Image:
    """Multiply the voxel size that the header states."""
    return Image(image.data, np.diag([*factors, 1.0]) @ image.affine, image.axcodes)


def renamed(person: Person, names: Mapping[str, str]) -> Person:
    return replace(person, images={names.get(n, n): i for n, i in person.images.items()})


def masked(person: Person) -> Person:
    """Give the person a brain mask: where the first image shows something."""
    first = next(iter(person.images.values()))
    return replace(person, brain=first.with_data(ndimage.binary_fill_holes(first.data != 0)))


def mask_shifted(person: Person, mm: tuple[float, float, float]) -> Person:
    brain = masked(person).brain
    voxels = np.round(np.array(mm) / brain.spacing_mm).astype(int)
    data = np.roll(brain.data, voxels, axis=(0, 1, 2))
    return replace(person, brain=brain.with_data(data))


def noisy(image: Image, share: float) -> Image:
    """Add Rician noise, its SD a share of the median signal."""
    rng = np.random.default_rng(1)
    inside = image.data != 0
    sd = share * np.median(image.data[inside])
    real, imaginary = rng.normal(0, sd, (2, *image.shape))
    data = np.hypot(image.data + real, imaginary).astype(np.float32)
    return image.with_data(np.where(inside, data, 0))


def clipped(image: Image, percentile: float) -> Image:
    return image.with_data(np.minimum(image.data, np.percentile(image.data[image.data != 0], percentile)))


def shaken(image: Image, voxels: float) -> Image:
    """Move the head while a third of the lines along y are acquired."""
    rng = np.random.default_rng(2)
    space = np.fft.fft(image.data, axis=1)
    lines = np.fft.fftfreq(image.shape[1])
    struck = rng.random(len(lines)) < 1 / 3
    struck[np.abs(lines) < 0.02] = False
    shift = np.where(struck, rng.uniform(-voxels, voxels, len(lines)), 0)
    data = np.abs(np.fft.ifft(space * np.exp(-2j * np.pi * lines * shift)[None, :, None], axis=1))
    return image.with_data(np.where(image.data != 0, data, 0).astype(np.float32))


def opposite_forms(folder: Path) -> None:
    """State a qform of the other handedness in every image."""
    for path in (folder / LABEL / "anat").glob("*.nii.gz"):
        nifti = nib.load(path)
        other = nifti.affine.copy()
        other[:, 0] *= -1
        copy = nib.Nifti1Image(np.asarray(nifti.dataobj), nifti.affine)
        copy.set_sform(nifti.affine, 1)
        copy.set_qform(other, 1)
        nib.save(copy, path)


def others_transform(make: Callable[[], Person], job: Job, folder: Path) -> None:
    """Put another person's transform in the place of the scan's own."""
    other = Job(folder / "other" / "out", LABEL)
    prepare(Case("other", make), folder / "other")
    for stage in ("preprocess", "register"):
        run_stage(stage, other)
    for method in ("xfm_to_scan", "xfm_to_template"):
        source = getattr(other.files, method)(other.reference)
        target = getattr(job.files, method)(job.reference)
        for path in (source, sidecar_path(source)):
            Path(path.replace(source.removesuffix(".nii.gz"), target.removesuffix(".nii.gz"))).write_bytes(
                Path(path).read_bytes()
            )


def folded(job: Job, folder: Path) -> None:
    """Let the way to the template run back and forth."""
    path = job.files.xfm_to_scan(job.reference)
    warp = read_displacement(path)
    x = np.arange(warp.shape[0]) * warp.spacing_mm[0]
    warp.data[..., 0] += 6 * np.sin(2 * np.pi * x / 20)[:, None, None]
    write_displacement(path, warp)


# --- the cases


def good_cases() -> list[Case]:
    patterns = ("periventricular_bilateral", "basal_ganglia_thalamus", "watershed", "mca_infarct")
    both = ("T1w", "FLAIR")
    cases = [
        Case(f"simulated {p.replace('_', ' ')}", partial(simulated, 100 + i, p, both))
        for i, p in enumerate(patterns)
    ]
    four = ("T1w", "T2w", "FLAIR", "ADC")
    control = partial(simulated, 120)
    cases += [
        Case("simulated control, four contrasts", partial(control, contrasts=four)),
        Case("simulated control, T2w alone", partial(simulated, 122, contrasts=("T2w",))),
        Case("simulated control, FLAIR alone", partial(simulated, 123, contrasts=("FLAIR",))),
        Case("simulated control, slices of 3 mm", partial(simulated, 124, voxel_mm=(2.0, 2.0, 3.0))),
        Case(
            "simulated infarct, slices of 5 mm", lambda: simulated(125, "mca_infarct", both, (1.5, 1.5, 5.0))
        ),
        Case(
            "simulated control, stored LAS",
            lambda: changed(control(), partial(stored, axcodes=("L", "A", "S"))),
        ),
        Case(
            "simulated control, stored PIR",
            lambda: changed(control(), partial(stored, axcodes=("P", "I", "R"))),
        ),
        Case(
            "simulated control, tilted 30° about x",
            lambda: changed(control(), partial(moved, degrees=(30, 0, 0))),
        ),
        Case("simulated control, 3 cm away", lambda: changed(control(), partial(moved, mm=(30, 0, -30)))),
        Case(
            "simulated control, small brain", lambda: changed(control(), partial(sized, factors=(0.85,) * 3))
        ),
    ]
    if not DATA.is_dir():
        return cases
    three = ("T1w", "T2w", "FLAIR")
    return [
        *cases,
        Case("ms07, three contrasts", partial(ms, "ms07", three, True)),
        Case("ms26, three contrasts", partial(ms, "ms26", three, True)),
        Case("ms07, FLAIR alone", partial(ms, "ms07", ("FLAIR",))),
        Case("ms26, T2w alone", partial(ms, "ms26", ("T2w",))),
        Case("ms07, tilted 30° about y", lambda: changed(ms("ms07"), partial(moved, degrees=(0, 30, 0)))),
        Case("ms26, noise of 4 %", lambda: changed(ms("ms26"), partial(noisy, share=0.04))),
        Case(
            "ms26, stored RSA, 3 cm away",
            lambda: changed(
                changed(ms("ms26"), partial(stored, axcodes=("R", "S", "A"))), partial(moved, mm=(0, 30, 10))
            ),
        ),
        Case("Eve", eve),
        Case("Eve, tilted 20° about x and y", lambda: changed(eve(), partial(moved, degrees=(20, 20, 0)))),
        Case("NLin6 template", nlin6),
        Case("infarct, b0 and ADC, slices of 5 mm", stroke_adc),
        Case("infant of 24 months", partial(infant, 24, ("T1w", "T2w"))),
        Case("infant of 24 months, T2w alone", partial(infant, 24, ("T2w",))),
        Case("infant of 6 months", partial(infant, 6, ("T1w", "T2w"))),
        Case("newborn", partial(infant, 0, ("T1w", "T2w"))),
    ]


def sabotaged_cases() -> list[Case]:
    """Return the spoilt cases; the two of a kind stand side by side, so that each half holds one."""
    pair = ("T1w", "T2w")
    return [
        Case("T2w flipped, simulated", lambda: changed(simulated(1, contrasts=pair), flipped, "T2w")),
        Case(
            "FLAIR flipped, simulated infarct",
            lambda: changed(simulated(2, "mca_infarct", ("T1w", "FLAIR")), flipped, "FLAIR"),
        ),
        Case(
            "ADC flipped, simulated", lambda: changed(simulated(3, contrasts=("T1w", "ADC")), flipped, "ADC")
        ),
        Case("T1w flipped, simulated", lambda: changed(simulated(4, contrasts=pair), flipped, "T1w")),
        *_real(
            Case("FLAIR flipped, ms07", lambda: changed(ms("ms07", ("T1w", "FLAIR")), flipped, "FLAIR")),
            Case("T2w flipped, ms26", lambda: changed(ms("ms26", pair), flipped, "T2w")),
            Case("T2w flipped, infant of 24 months", lambda: changed(infant(24, pair), flipped, "T2w")),
            Case("T2w flipped, newborn", lambda: changed(infant(0, pair), flipped, "T2w")),
        ),
        Case("sform against qform, simulated", partial(simulated, 5), files=opposite_forms),
        Case(
            "sform against qform, simulated T2w",
            partial(simulated, 6, contrasts=("T2w",)),
            files=opposite_forms,
        ),
        Case(
            "left half out of view, simulated",
            lambda: changed(masked(simulated(7)), partial(half, axis=0, end=1, empty=False)),
        ),
        Case(
            "right half empty, simulated",
            lambda: changed(masked(simulated(8)), partial(half, axis=0, end=0, empty=True)),
        ),
        Case(
            "front half out of view, simulated",
            lambda: changed(masked(simulated(9)), partial(half, axis=1, end=0, empty=False)),
        ),
        Case(
            "back half empty, simulated",
            lambda: changed(masked(simulated(10)), partial(half, axis=1, end=1, empty=True)),
        ),
        Case(
            "lower half out of view, simulated",
            lambda: changed(masked(simulated(11)), partial(half, axis=2, end=1, empty=False)),
        ),
        Case(
            "upper half empty, simulated",
            lambda: changed(masked(simulated(12)), partial(half, axis=2, end=0, empty=True)),
        ),
        *_real(
            Case(
                "left half out of view, ms07",
                lambda: changed(masked(ms("ms07")), partial(half, axis=0, end=1, empty=False)),
            ),
            Case(
                "lower half out of view, ms26",
                lambda: changed(masked(ms("ms26")), partial(half, axis=2, end=1, empty=False)),
            ),
        ),
        Case(
            "another's transform, simulated",
            partial(simulated, 13),
            after=partial(others_transform, partial(simulated, 14)),
        ),
        Case(
            "another's transform, simulated infarct",
            partial(simulated, 15, "mca_infarct"),
            after=partial(others_transform, partial(simulated, 16)),
        ),
        *_real(
            Case(
                "another's transform, ms07",
                partial(ms, "ms07"),
                after=partial(others_transform, partial(ms, "ms26")),
            ),
            Case("another's transform, Eve", eve, after=partial(others_transform, partial(ms, "ms26"))),
            Case(
                "another's FLAIR, ms07",
                lambda: replace(
                    ms("ms07"), images={**ms("ms07").images, "FLAIR": ms("ms26", ("FLAIR",)).images["FLAIR"]}
                ),
            ),
            Case(
                "another's T2w, ms26",
                lambda: replace(
                    ms("ms26"), images={**ms("ms26").images, "T2w": ms("ms07", ("T2w",)).images["T2w"]}
                ),
            ),
            Case("T2w named T1w, ms07", lambda: renamed(ms("ms07", ("T2w",)), {"T2w": "T1w"})),
            Case("T1w named T2w, ms26", lambda: renamed(ms("ms26"), {"T1w": "T2w"})),
            Case("FLAIR named T2w, ms07", lambda: renamed(ms("ms07", ("T1w", "FLAIR")), {"FLAIR": "T2w"})),
            Case("T1w named FLAIR, ms26", lambda: renamed(ms("ms26"), {"T1w": "FLAIR"})),
            Case("FLAIR named T1w, ms26", lambda: renamed(ms("ms26", ("FLAIR",)), {"FLAIR": "T1w"})),
            Case("T2w named FLAIR, ms07", lambda: renamed(ms("ms07", pair), {"T2w": "FLAIR"})),
        ),
        Case("T2w named T1w, simulated", lambda: renamed(simulated(17, contrasts=("T2w",)), {"T2w": "T1w"})),
        Case(
            "FLAIR named T2w, simulated",
            lambda: renamed(simulated(18, contrasts=("FLAIR",)), {"FLAIR": "T2w"}),
        ),
        Case("90° about x lost, simulated", lambda: changed(simulated(19), partial(turned, axes=(1, 2)))),
        Case("90° about y lost, simulated", lambda: changed(simulated(20), partial(turned, axes=(0, 2)))),
        Case("90° about z lost, simulated", lambda: changed(simulated(21), partial(turned, axes=(0, 1)))),
        *_real(Case("90° about x lost, ms07", lambda: changed(ms("ms07"), partial(turned, axes=(1, 2))))),
        *_real(
            Case("90° about z lost, Eve", lambda: changed(eve(), partial(turned, axes=(0, 1)))),
            Case("newborn given as adult", lambda: replace(infant(0), age=20.0)),
            Case("infant of 6 months given as adult", lambda: replace(infant(6), age=20.0)),
            Case("newborn given as adult, T2w", lambda: replace(infant(0, ("T2w",)), age=20.0)),
            Case("infant of 6 months given as adult, T2w", lambda: replace(infant(6, ("T2w",)), age=20.0)),
            Case("adult given as newborn, ms07", lambda: replace(ms("ms07"), age=0.02)),
            Case("adult given as newborn, Eve", lambda: replace(eve(), age=0.02)),
        ),
        Case(
            "voxel size halved, simulated", lambda: changed(simulated(22), partial(sized, factors=(0.5,) * 3))
        ),
        Case(
            "slice thickness lost, simulated",
            lambda: changed(simulated(23), partial(sized, factors=(1, 1, 0.5))),
        ),
        Case(
            "slice gap counted twice, simulated",
            lambda: changed(simulated(24), partial(sized, factors=(1, 1, 1.5))),
        ),
        Case("mask 15 mm to the left, simulated", lambda: mask_shifted(simulated(25), (-15, 0, 0))),
        Case("mask 15 mm up, simulated", lambda: mask_shifted(simulated(26), (0, 0, 15))),
        *_real(
            Case("mask 15 mm forward, ms07", lambda: mask_shifted(ms("ms07"), (0, 15, 0))),
            Case("mask 15 mm down, Eve", lambda: mask_shifted(eve(), (0, 0, -15))),
            Case("skull left on, head", partial(whole_head, "head", "T1w")),
            Case("skull left on, stroke", partial(whole_head, "stroke", "T2w")),
            Case("noise of 40 %, ms07", lambda: changed(ms("ms07"), partial(noisy, share=0.4))),
        ),
        Case("noise of 40 %, simulated", lambda: changed(simulated(27), partial(noisy, share=0.4))),
        Case(
            "identity on 20° about x, simulated",
            lambda: changed(simulated(28), partial(moved, degrees=(20, 0, 0))),
            engine="identity",
        ),
        Case(
            "identity on 20° about z, simulated",
            lambda: changed(simulated(29), partial(moved, degrees=(0, 0, 20))),
            engine="identity",
        ),
        Case(
            "identity at 3 cm, simulated",
            lambda: changed(simulated(30), partial(moved, mm=(0, 30, 0))),
            engine="identity",
        ),
        Case("folded, simulated", partial(simulated, 31), after=folded),
        *_real(Case("folded, ms26", partial(ms, "ms26"), after=folded)),
        Case(
            "clipped at the median, simulated",
            lambda: changed(simulated(32), partial(clipped, percentile=50)),
        ),
        *_real(
            Case("clipped at 80 %, ms07", lambda: changed(ms("ms07"), partial(clipped, percentile=80))),
            Case("motion, ms26", lambda: changed(ms("ms26"), partial(shaken, voxels=8))),
        ),
        Case("motion, simulated", lambda: changed(simulated(33), partial(shaken, voxels=8))),
    ]


def _real(*cases: Case) -> list[Case]:
    return list(cases) if DATA.is_dir() else []


# --- from raw image to verdict


def prepare(case: Case, folder: Path) -> None:
    """Write the case as a dataset with its plan and index."""
    person, bids = case.make(), folder / "bids"
    images = {name: f"{LABEL}/anat/{LABEL}_{name}.nii.gz" for name in person.images}
    for name, path in images.items():
        write_image(bids / path, person.images[name])
    masks: dict[str, str | None] = {"lesion": None, "brain": None}
    for name in masks:
        image = getattr(person, name)
        if image is not None:
            masks[name] = f"derivatives/{LABEL}_label-{name}_mask.nii.gz"
            write_image(bids / masks[name], image.with_data((image.data > 0).astype(np.uint8)))
    age = "n/a" if person.age is None else person.age
    write_text(bids / "participants.tsv", f"participant_id\tage\n{LABEL}\t{age}\n")
    write_json(bids / "participants.json", {"age": {"Units": "year"}})
    write_json(bids / "dataset_description.json", {"Name": case.name, "BIDSVersion": "1.11.0"})
    case.files(bids)
    source = "derivatives" if masks["lesion"] else "none"
    plan = Scan("01", None, images, masks["lesion"], source, masks["brain"])
    write_plan(folder / "out", bids, [plan])
    index.run(folder / "out")


def run_stage(name: str, job: Job) -> None:
    import_module(f"cpimaging.stages.{name}").run(job)


def run_case(case: Case, folder: Path) -> dict[str, Any]:
    """Return the content of the scan's quality file, or why a stage refused the scan."""
    prepare(case, folder)
    job = Job(folder / "out", LABEL, engine=case.engine)
    try:
        for stage in ("preprocess", "register"):
            run_stage(stage, job)
        case.after(job, folder)
        for stage in (*(LESION_STAGES if job.lesion else ()), "qc"):
            run_stage(stage, job)
    except InputError as error:
        return {"verdict": "refused", "reason": error.problem, "flags": []}
    content: dict[str, Any] = read_json(job.files.qc)
    return content


def result_of(case: Case, group: str) -> dict[str, Any]:
    """Return a case's result, from its file where the code has not changed since."""
    words = "".join(c if c.isalnum() else "-" for c in case.name)
    path = RESULTS / f"{group}_{words}.json"
    digest = "-".join(code_digest(stage) for stage in STAGES)
    if path.is_file() and (found := read_json(path))["digest"] == digest:
        return dict(found)
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        result = run_case(case, Path(folder))
    result |= {"digest": digest, "seconds": round(time.perf_counter() - start, 1)}
    write_json(path, result)
    return result


# --- tables


def broken(result: Mapping[str, Any]) -> str:
    if result["verdict"] == "refused":
        return str(result["reason"])
    shown = [f"{f['name']} {f['value']:.3g}" for f in result["flags"] if not f["ok"]]
    return ", ".join(shown) or "–"


def print_table(group: str, cases: Sequence[Case], only: str) -> list[str]:
    print(f"\n| {group} | half | verdict | s | what does not hold |\n|---|---|---|---|---|")
    verdicts = []
    for place, case in enumerate(cases):
        if only not in case.name:
            continue
        result = result_of(case, group)
        verdicts.append(result["verdict"])
        half = "set" if place % 2 == 0 else "report"
        print(
            f"| {case.name} | {half} | {result['verdict']} | {result['seconds']} | {broken(result)} |",
            flush=True,
        )
    return verdicts


def print_summary(good: Sequence[str], spoilt: Sequence[str]) -> bool:
    """Print the counts by half and tell whether both targets are met in each."""
    print("\n| half | sabotaged: noticed | good: failed | good: warned |\n|---|---|---|---|")
    met = True
    for name, start in (("set", 0), ("report", 1)):
        bad, fine = spoilt[start::2], good[start::2]
        noticed = sum(verdict != "pass" for verdict in bad)
        failed = sum(verdict in ("fail", "refused") for verdict in fine)
        warned = fine.count("warn")
        print(f"| {name} | {noticed} of {len(bad)} | {failed} of {len(fine)} | {warned} |")
        met &= noticed >= 0.95 * len(bad) and failed == 0
    return met


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="run the cases whose name holds this word")
    only = parser.parse_args().only
    start = time.perf_counter()
    good = print_table("good", good_cases(), only)
    spoilt = print_table("sabotaged", sabotaged_cases(), only)
    if not only:
        met = print_summary(good, spoilt)
        print(f"\n{time.perf_counter() - start:.0f} s; results in {RESULTS.relative_to(ROOT)}")
        sys.exit(not met)


if __name__ == "__main__":
    main()
