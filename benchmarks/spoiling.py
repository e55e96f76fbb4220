"""Scans for benchmarks/sabotage.py, good ones, and what can be done to them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from scipy import ndimage

from cpimaging.atlases import load_template
from cpimaging.images import read_displacement, read_image, write_displacement
from cpimaging.registration.start import rotation
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.contrast import tissue_maps
from cpimaging.simulate.recipes import load_recipes
from cpimaging.simulate.subject import Voxels, make_subject
from cpimaging.study.job import Job
from cpimaging.types import Image

DATA = Path(__file__).parents[2] / "shared" / "data"
LABEL = "sub-01"
GRID_MM = 2.0


@dataclass(frozen=True)
class Person:
    """What is written as the dataset: contrast -> image, masks, age in years."""

    images: Mapping[str, Image]
    age: float | None = 30.0
    lesion: Image | None = None
    brain: Image | None = None


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
    bright = image.data > 0.1 * np.percentile(image.data, 99)
    top = np.flatnonzero(bright.sum(axis=(0, 1)) > 20).max()
    bright[:, :, : max(0, int(top - 130 / image.spacing_mm[2]))] = False
    head = ndimage.binary_fill_holes(
        ndimage.binary_closing(np.pad(bright, 6), iterations=5)[6:-6, 6:-6, 6:-6]
    )
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
    turn[:3, :3], turn[:3, 3] = rotation(degrees), mm
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


def but(
    make: Callable[[], Person], change: Callable[..., Image], *contrasts: str, **options: Any
) -> Callable[[], Person]:
    """Return a maker of the same person with a change applied."""
    return lambda: changed(make(), partial(change, **options), *contrasts)


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


def folded(job: Job, folder: Path) -> None:
    """Let the way to the template run back and forth."""
    path = job.files.xfm_to_scan(job.reference)
    warp = read_displacement(path)
    x = np.arange(warp.shape[0]) * warp.spacing_mm[0]
    warp.data[..., 0] += 6 * np.sin(2 * np.pi * x / 20)[:, None, None]
    write_displacement(path, warp)
