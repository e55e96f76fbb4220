"""The pairs of images that benchmarks/registration.py registers: real, warped, and with lesions."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from cpimaging.atlases import load_template
from cpimaging.images import read_image
from cpimaging.preprocess import bias_correct
from cpimaging.simulate.anatomy import Anatomy, find_anatomy
from cpimaging.simulate.contrast import tissue_maps
from cpimaging.simulate.recipes import Part, Recipe
from cpimaging.simulate.subject import Subject, Voxels, make_subject
from cpimaging.types import Image

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
PUBLISHED = DATA / "published_atlases"
SEEDS = (101, 102, 103, 104, 105)  # not used while the registration was built
LESION_SEEDS = SEEDS[:2]
PUSH_MM = {"normal": 0.0, "fourfold": 8.2}
SIDES: tuple[Literal["one", "both"], ...] = ("one", "both")
SIZES_ML = (5, 30, 100)
EVE_ORIGIN = (90.0, -126.0, -72.0)


@dataclass(frozen=True)
class Case:
    """One pair of images. kind: eve, warp, real or lesion."""

    name: str
    kind: str
    seed: int = 0
    ml: int = 0
    sides: Literal["one", "both"] = "one"
    ventricles: str = "normal"
    voxel_mm: float = 2.0

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the registrations that run on it."""
        if self.kind != "lesion":
            return ("ours", "ants")
        mirrored = ("mirrored",) if self.sides == "one" else ()
        return ("ours", "masked", "ignored", *mirrored, "ants")


def cases() -> list[Case]:
    """List all pairs; those that a stopped run should have done come first."""
    found = [Case("eve", "eve"), Case("ms07", "real"), Case("ms26", "real")]
    for seed in LESION_SEEDS:
        for ventricles in PUSH_MM:
            found.append(Case(f"healthy-{seed}-{ventricles}", "warp", seed, ventricles=ventricles))
            found += [
                Case(f"{sides}-{ml}ml-{ventricles}-{seed}", "lesion", seed, ml, sides, ventricles)
                for ml in SIZES_ML
                for sides in SIDES
            ]
        found += [Case(f"warp-{s}", "warp", s, voxel_mm=1.0) for s in SEEDS if seed == LESION_SEEDS[0]]
    return found


# --- images ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """What is registered, and the simulated subject where there is one."""

    scan: Image
    template: Image
    lesion: Image | None = None
    truth: Subject | None = None


def load(case: Case) -> Pair:
    if case.kind == "eve":
        nlin6 = read_image(PUBLISHED / "MNI152NLin6_res-1x1x1_T1w_desc-brain.nii.gz")
        return Pair(eve("JHU_MNI_SS_T1_Brain.nii.gz"), nlin6)
    if case.kind == "real":
        scan, mask = (
            real(case.name, pattern) for pattern in ("sub-*/**/*_T1w.nii.gz", "derivatives/**/*_mask.nii.gz")
        )
        scan = scan.with_data(np.nan_to_num(scan.data))
        return Pair(bias_correct(scan, scan.data != 0), load_template().t1w, mask.with_data(mask.data > 0))
    subject = simulated(case)
    scan = subject.images["T1w"].with_data(subject.images["T1w"].data.astype(np.float32))
    lesion = subject.lesion if case.ml else None
    return Pair(bias_correct(scan, scan.data > 0), load_template().t1w, lesion, subject)


def eve(name: str, labels: bool = False) -> Image:
    image = read_image(DATA / "eve" / name, labels=labels)
    affine = np.eye(4)
    affine[:3, 3] = (EVE_ORIGIN[0] - (image.shape[0] - 1), *EVE_ORIGIN[1:])
    return Image(image.data, affine)


def real(participant: str, pattern: str) -> Image:
    paths = [path for path in (DATA / "bids").glob(pattern) if f"sub-{participant}_" in path.name]
    (path,) = paths
    return read_image(path, labels=path.name.endswith("mask.nii.gz"))


@cache
def anatomy(voxel_mm: float) -> tuple[Anatomy, Voxels]:
    found = find_anatomy(load_template())
    size = (voxel_mm,) * 3
    return found, Voxels(size, tissue_maps(found, size))


def simulated(case: Case) -> Subject:
    """Return the subject with a ball of about case.ml in the corona radiata of one side or of both."""
    parts = 2 if case.sides == "both" else 1
    radius_mm = float(np.cbrt(case.ml * 1000 / parts * 3 / (4 * np.pi)))
    for _ in range(5):
        subject = make_subject(*anatomy(case.voxel_mm), recipe(case, radius_mm), ("T1w",), case.seed)
        if not case.ml or abs(subject.lesion_volume_mm3 / (1000 * case.ml) - 1) < 0.1:
            break
        radius_mm *= (1000 * case.ml / max(subject.lesion_volume_mm3, 1.0)) ** 0.4
    return subject


def recipe(case: Case, radius_mm: float) -> Recipe:
    ball = Part("ball", (36.0, -10.0, 26.0), (50.0, -16.0, 34.0), (1.0, 1.0))
    return Recipe(
        "ball",
        "n/a",
        "n/a",
        "n/a",
        sides=case.sides,
        variants=((ball,),) if case.ml else (),
        size=(radius_mm, radius_mm),
        jitter_mm=0.0,
        roughness_mm=1.5,
        cavity_mm=4.0,
        push_mm=(PUSH_MM[case.ventricles],) * 2,
    )
