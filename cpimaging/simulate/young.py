"""Simulated newborns and infants: the images of a template of an age, injured, warped at random.

Lesions are drawn in the adult template, where the recipes are, and carried to that of the age. Anatomy is
shared with the template, so that figures measured on these brains say little about other brains.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import SeedSequence, default_rng
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.atlases.ages import Built
from cpimaging.atlases.ages.table import TERM_WEEKS, WEEKS_PER_YEAR
from cpimaging.registration import resample
from cpimaging.simulate.anatomy import Anatomy
from cpimaging.simulate.contrast import GREY_LEVELS, NOISE_SD, Maps, bias_field, sample
from cpimaging.simulate.injury import draw_injury
from cpimaging.simulate.recipes import Recipe
from cpimaging.simulate.subject import Subject, displacement, scan_grid
from cpimaging.simulate.warp import draw_warp
from cpimaging.types import Image
from cpimaging.voxels import bounding_box

CONTRASTS = ("T1w", "T2w", "ADC")
ADC_DROP = (0.3, 0.6)
"""Share by which an acute lesion lowers the ADC (ours, as the recipes ask)."""

ADC_MM2_S = {"gm": 1.05, "wm": 1.40, "fluid": 3.0}
"""In 1e-3 mm²/s; within 0.98 to 1.48, the range over regions of 14 healthy term newborns (Bartha et al. 2007,
AJNR 28:1015); which tissue has which value is ours."""

LESION = {"T1w": 0.25, "T2w": -0.15}
"""Change of an acute lesion's signal, as a share of it: bright on T1w, dark on T2w (ours)."""

CAPSULE_EDGE_MM = 0.8
"""SD over which a capsule without myelin passes into what is around it (ours)."""

SIZE = 1.0
"""Mean of the scale from scan to template: they are of one age."""


@dataclass(frozen=True)
class Young:
    """A template of an age as the simulator uses it.

    anatomy: cropped to its brain. images: contrast -> signal, 0 to about 1, on its grid. built: its source.
    """

    anatomy: Anatomy
    images: dict[str, NDArray[np.float32]]
    built: Built


def young_anatomy(built: Built, *, myelin: bool = True) -> Young:
    """Crop a template of an age to its brain. Its grid must be unrotated.

    myelin: without, the posterior limb of the internal capsule shows the signal of other white matter.
    """
    box = bounding_box(built.brain.data, [2] * 3)
    affine = built.brain.affine.copy()
    affine[:3, 3] += affine[:3, :3] @ [part.start for part in box]
    brain = built.brain.data[box]
    numbers = [r.index for r in built.atlas.dseg.regions if r.structure.startswith("lateral_ventricle")]
    ventricles = np.isin(built.atlas.dseg.labels.data[box], numbers)
    wet = np.isin(
        built.atlas.dseg.labels.data[box], [r.index for r in built.atlas.dseg.regions if r.tissue == "csf"]
    )
    wet |= built.atlas.dseg.labels.data[box] == 0
    fluid = (wet & brain).astype(np.float32)
    white = np.clip(built.shares["white"].data[box], 0, 1) * (1 - fluid) * brain
    grey = (brain - fluid - white).clip(0, 1).astype(np.float32)
    spacing = built.brain.spacing_mm
    distance = ndimage.distance_transform_edt(~ventricles, sampling=spacing).astype(np.float32)
    inside = ndimage.distance_transform_edt(ventricles, sampling=spacing).astype(np.float32)
    images = {
        name: (image.data[box] / np.percentile(image.data[built.brain.data], 99)).astype(np.float32)
        for name, image in built.images.items()
    }
    if not myelin:
        limb = [r.index for r in built.atlas.dseg.regions if r.structure == "plic"]
        capsule = np.isin(built.atlas.dseg.labels.data[box], limb)
        images = {name: _unmyelinated(data, capsule, white, spacing) for name, data in images.items()}
    lead = Image(next(iter(images.values())), affine)
    anatomy = Anatomy(
        lead, grey, white.astype(np.float32), fluid, brain, ventricles, {"ventricle": distance - inside}
    )
    return Young(anatomy, images, built)


def _unmyelinated(
    data: NDArray[np.float32],
    capsule: NDArray[np.bool_],
    white: NDArray[np.float32],
    spacing_mm: tuple[float, float, float],
) -> NDArray[np.float32]:
    """Return a signal with that of white matter in the capsule; its edge is soft."""
    sigma = [CAPSULE_EDGE_MM / step for step in spacing_mm]
    share = ndimage.gaussian_filter(ndimage.binary_dilation(capsule).astype(np.float32), sigma)
    other = np.float32(np.median(data[(white > 0.9) & ~capsule]))
    mixed: NDArray[np.float32] = data + share * (other - data)
    return mixed


def make_young_subject(
    young: Young,
    adult: Anatomy,
    recipe: Recipe,
    contrasts: Sequence[str],
    voxel_mm: tuple[float, float, float],
    seed: int,
    warp_strength: float = 1.0,
) -> Subject:
    """Simulate one scan of a template's age; recipe, seed and strength alone decide lesion and warp.

    A recipe of no injury with the same seed gives the healthy twin: the same warp, bias field and noise.
    """
    streams = (default_rng(s) for s in SeedSequence(seed).spawn(4))
    for_injury, for_warp, for_signal, for_person = streams
    # a cyst is one from the start; other recipes' cavities come weeks after the injury
    injury = draw_injury(
        adult, recipe if recipe.mrics_group == "B" else replace(recipe, cavity_mm=None), for_injury
    )
    anatomy = young.anatomy
    warp = draw_warp(anatomy, 0.0, for_warp, size=SIZE, strength=warp_strength)
    grid = scan_grid(anatomy, warp, voxel_mm)
    points = warp.to_template(grid)
    drawn = {
        name: _carried(young, adult, data)
        for name, data in zip(("lesion", "cavity"), injury[:2], strict=True)
    }
    tissue = {
        "gm": anatomy.gm,
        "wm": anatomy.wm,
        "fluid": anatomy.fluid,
        "brain": anatomy.brain.astype(np.float32),
    }
    more = {"ventricles": anatomy.ventricles.astype(np.float32)}
    blurred = {
        name: _blurred(young, data, voxel_mm)
        for name, data in {**tissue, **more, **drawn, **young.images}.items()
    }
    maps = sample(blurred, anatomy.t1w, points)
    brain = maps["brain"] > 0.5
    drop = for_signal.uniform(*ADC_DROP)
    noise = dict(zip(CONTRASTS, for_signal.spawn(len(CONTRASTS)), strict=True))
    images = {name: grid.with_data(_image(name, maps, drop, noise[name])) for name in contrasts}
    weeks = young.built.template.pma_weeks
    return Subject(
        recipe=recipe,
        seed=seed,
        side=injury.side,
        age_years=(round(float(for_person.uniform(*weeks)), 1) - TERM_WEEKS) / WEEKS_PER_YEAR,
        sex=str(for_person.choice(["F", "M"])),
        images=images,
        lesion=grid.with_data((np.maximum(maps["lesion"], maps["cavity"]) > 0.5) & brain),
        ventricles=grid.with_data((maps["ventricles"] > 0.5) & brain),
        displacement=Image(displacement(points, grid), grid.affine),
    )


def _carried(young: Young, adult: Anatomy, data: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return shares of the adult template on that of the age, fluid and what is no brain left out."""
    there = resample(adult.t1w.with_data(data), young.anatomy.t1w, young.built.way.to_scan).data
    kept: NDArray[np.float32] = (there * young.anatomy.brain * (1 - young.anatomy.fluid)).astype(np.float32)
    return kept


def _blurred(young: Young, data: NDArray[np.float32], voxel_mm: tuple[float, ...]) -> NDArray[np.float32]:
    own = young.anatomy.t1w.spacing_mm
    sigma = [np.sqrt(max((v / s) ** 2 - 1, 0) / 12) for v, s in zip(voxel_mm, own, strict=True)]
    blurred: NDArray[np.float32] = ndimage.gaussian_filter(data, sigma)
    return blurred


def _image(name: str, maps: Maps, drop: float, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Return one image, 0 outside of the brain; ADC in 1e-6 mm²/s, without a bias field."""
    whole = np.maximum(maps["brain"], 0.5)
    if name == "ADC":
        signal = sum(value * maps[tissue] for tissue, value in ADC_MM2_S.items()) / whole
        signal, wet, bias = (
            signal * (1 - drop * maps["lesion"]),
            ADC_MM2_S["fluid"],
            np.ones(signal.shape),
        )
    else:
        signal = maps[name] / whole * (1 + LESION[name] * maps["lesion"])
        sure = maps["fluid"] > 0.9
        wet = float(np.percentile(maps[name][sure], 90 if name == "T2w" else 10)) if sure.any() else 0.5
        bias = bias_field(signal.shape, rng)
    signal = bias * (signal + (wet - signal) * maps["cavity"])
    real, imaginary = rng.normal(0.0, NOISE_SD, (2, *signal.shape))
    levels = np.rint(GREY_LEVELS * np.hypot(signal + real, imaginary))
    inside = maps["brain"] > 0.5
    return np.where(inside, np.clip(levels, 1, np.iinfo(np.uint16).max), 0).astype(np.uint16)
