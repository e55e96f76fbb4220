"""What is built of a template of an age, once, into the user's cache: way to the adult one, and labels."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging import registration
from cpimaging.atlases.ages.parents import check_parents, kept_inside, read_parents
from cpimaging.atlases.ages.refine import refined
from cpimaging.atlases.ages.table import AgeTemplate, way_to_adult
from cpimaging.atlases.folder import read_atlas, write_atlas
from cpimaging.atlases.space import resample_labels
from cpimaging.atlases.template import SPACE, load_template
from cpimaging.cache import cached_folder, digest
from cpimaging.images import read_displacement, read_image, write_displacement, write_image
from cpimaging.io import read_json, write_json
from cpimaging.registration import Matrix, Transform, jacobian, resample
from cpimaging.registration.ages import chained, fit, start_of
from cpimaging.types import LOOKS, Atlas, Image, InputError, LabelMap, Region

LARGEST_BRAIN_ML = 2500.0
"""A template with more than this that is not 0 shows a head, not a brain (ours)."""

SMALLEST_ML = {144.0: 700.0, 66.0: 450.0, 0.0: 50.0}
LARGEST_ML = {48.0: 800.0, 66.0: 1100.0}
"""Weeks from which a brain is larger, up to which it is smaller than so many ml (ours, wide, lest ages in
months are taken for weeks): 0.34 l at birth, 64 % more after 90 days (Holland et al. 2014, JAMA Neurol
71:1266 [S]), 101 % more in the first year and 15 % in the second (Knickmeyer et al. 2008, J Neurosci
28:12176 [S])."""

LEAST_OVERLAP = 0.9
"""Dice of the brains below which a step between two ages has failed (ours)."""

RIM = {"T2w": 0.5, "T1w": 0.25}
"""Share of the median signal up to which the edge of a bare brain counts as background (ours). On T2w nothing
of a brain is that dark, so it decides where it is there."""

EDGE_MM = 0.8
"""SD by which labels are blurred into shares of tissue (ours): half a voxel of the templates."""

SHARES = {"grey": "GM", "white": "WM"}
TO_NEXT, FROM_NEXT, RECORD = "to_next_xfm.nii.gz", "from_next_xfm.nii.gz", "qc.json"


@dataclass(frozen=True)
class Built:
    """A template of an age, ready for scans.

    folder: of the cache. images: contrast -> image, 0 outside of the brain. brain: bool. shares: "grey" and
    "white" (0–1). atlas: labels and overlays on the template's grid. way, matrix: from it to the adult
    template. qc: of its making.
    """

    folder: Path
    template: AgeTemplate
    images: Mapping[str, Image]
    brain: Image
    shares: Mapping[str, Image]
    atlas: Atlas
    way: Transform
    matrix: Matrix
    qc: Mapping[str, Any]


def cache_key(templates: Mapping[str, AgeTemplate], name: str, atlas: Atlas) -> str:
    """Return the name of the cache folder of a template: it changes with files, way, atlas and code."""
    way = way_to_adult(templates, templates[name])
    labels = hashlib.sha256(np.ascontiguousarray(atlas.dseg.labels.data).tobytes()).hexdigest()
    words = [step.name for step in way] + [atlas.name, atlas.version, labels]
    files = [file for step in way for file in step.files]
    return f"age-{name}_{digest([*files, *_code('refine', 'parents', 'names')], *words)}"


def built(templates: Mapping[str, AgeTemplate], name: str, atlas: Atlas) -> Built:
    """Return a template with its labels; where they are not in the cache, they are built (minutes).

    Raises InputError where its images are none of a brain, or a step to the next age fails.
    """
    way = way_to_adult(templates, templates[name])
    folder = cached_folder(cache_key(templates, name, atlas), lambda folder: _build(folder, way, atlas))
    images, brain = read_brain(templates[name])
    transform, matrix = _way(way)
    shares = {share: read_image(folder / f"{suffix}.nii.gz") for share, suffix in SHARES.items()}
    own = read_atlas(folder / "atlas")
    return Built(
        folder, templates[name], images, brain, shares, own, transform, matrix, read_json(folder / RECORD)
    )


def read_brain(template: AgeTemplate) -> tuple[dict[str, Image], Image]:
    """Return the images of a template, float32, 0 outside of its brain, and that brain (bool).

    Raises InputError where they are not on one grid, or show a head.
    """
    images = {name: read_image(path) for name, path in template.images.items()}
    first = next(iter(images.values()))
    mask = read_image(template.brain_mask, labels=True) if template.brain_mask else first
    for image in (mask, *images.values()):
        if not image.same_grid(first):
            raise InputError(template.name, "has files on different grids", "bring them to one grid")
    for name, image in images.items():
        if not (image.data > 0).any():
            raise InputError(template.images[name], "shows nothing (no voxel is above 0)", "copy it again")
    brain = first.with_data(
        _inside_mask(mask, template.brain_mask) if template.brain_mask else _shown(images)
    )
    volume_ml = int(brain.data.sum()) * brain.voxel_volume_mm3 / 1000
    if volume_ml > LARGEST_BRAIN_ML:
        raise InputError(
            template.name, f"shows {volume_ml:.0f} ml, a head and no brain", "name its brain_mask"
        )
    _check_size(template, volume_ml)
    return {
        name: image.with_data(np.where(brain.data, np.nan_to_num(image.data), 0).astype(np.float32))
        for name, image in images.items()
    }, brain


def _check_size(template: AgeTemplate, volume_ml: float) -> None:
    """Raise InputError for a brain too small for the youngest, or too large for the oldest of its ages."""
    youngest, oldest = template.pma_weeks
    least = max((ml for weeks, ml in SMALLEST_ML.items() if youngest >= weeks), default=0.0)
    most = min((ml for weeks, ml in LARGEST_ML.items() if oldest <= weeks), default=LARGEST_BRAIN_ML)
    if not least <= volume_ml <= most:
        problem = f"shows {volume_ml:.0f} ml, no brain of {youngest:g} to {oldest:g} postmenstrual weeks"
        raise InputError(template.name, problem, "are its ages months, or its voxels not in mm?")


def _inside_mask(mask: Image, path: Path) -> NDArray[np.bool_]:
    """Return where a brain mask is not 0. Raises InputError for a soft one, labels, or an image."""
    values = np.nan_to_num(mask.data)
    inside: NDArray[np.bool_] = values != 0
    if not inside.any() or np.ptp(values[inside]) > 0:
        raise InputError(path, "is no mask of two values", "give a brain mask of 0 and 1")
    return inside


def _shown(images: Mapping[str, Image]) -> NDArray[np.bool_]:
    """Return where a brain is shown, without the faint rim that averaged and resampled brains have."""
    contrast = next(name for name in RIM if name in images)
    data = images[contrast].data
    filled: NDArray[np.bool_] = ndimage.binary_fill_holes(data > RIM[contrast] * np.median(data[data > 0]))
    return filled


def _code(*more: str) -> list[Path]:
    """Return the code that a step depends on, and more of this package's modules."""
    fits = Path(registration.__file__).parent
    names = ("ages", "greedy", "lesion", "likeness", "picsl", "start", "tools")
    own = (Path(__file__), *(Path(__file__).with_name(f"{name}.py") for name in more))
    return [*own, *(fits / f"{name}.py" for name in names)]


def _way(way: Sequence[AgeTemplate]) -> tuple[Transform, Matrix]:
    """Return the way from the first template to the adult one; steps that are not there yet are made."""
    transform, matrix = None, np.eye(4)
    for own, other in pairwise([*way, None]):
        assert own is not None
        step, part = _step(own, other)
        transform = step if transform is None else chained(transform, step)
        matrix = part @ matrix
    assert transform is not None
    return transform, matrix


def _step(own: AgeTemplate, other: AgeTemplate | None) -> tuple[Transform, Matrix]:
    """Return the way from a template to the next, None being the adult one; it is kept in the cache."""
    files = [*own.files, *(other.files if other else ())]
    next_name = other.name if other else SPACE
    name = f"age-step-{own.name}-{next_name}_{digest([*files, *_code()], own.name, next_name)}"
    folder = cached_folder(name, lambda folder: _fit_step(folder, own, other))
    transform = Transform(read_displacement(folder / FROM_NEXT), read_displacement(folder / TO_NEXT))
    return transform, np.array(read_json(folder / RECORD)["Affine"])


def _fit_step(folder: Path, own: AgeTemplate, other: AgeTemplate | None) -> None:
    images, brain = read_brain(own)
    if other is None:
        adult = load_template()
        others, their_brain = {"T1w": adult.t1w}, adult.brain
    else:
        others, their_brain = read_brain(other)
    found = fit(images, others, start_of(images, others), painted=True)
    moved = resample(their_brain, brain, found.transform.to_scan, mode="nearest")
    overlap = _dice(moved.data, brain.data)
    folded = float((jacobian(found.transform.to_scan) <= 0).mean())
    if overlap < LEAST_OVERLAP:
        other_name = other.name if other else SPACE
        problem = f"does not fit {other_name}: brains overlap to {overlap:.2f}"
        raise InputError(own.name, problem, "name another template in via, nearer in age")
    write_displacement(folder / TO_NEXT, found.transform.to_scan)
    write_displacement(folder / FROM_NEXT, found.transform.to_template)
    qc = {"BrainOverlapDice": round(overlap, 4), "FoldedShare": round(folded, 6)}
    write_json(folder / RECORD, {"Affine": found.matrix.tolist(), **qc})


def _dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float(2 * (one & other).sum() / max(one.sum() + other.sum(), 1))


def _build(folder: Path, way: Sequence[AgeTemplate], atlas: Atlas) -> None:
    own = way[0]
    images, brain = read_brain(own)
    transform, _ = _way(way)
    template, field = load_template(), transform.to_scan
    carried = _inside(resample_labels(atlas.dseg.labels, brain, field), brain)
    check_contrasts(own, images, carried, atlas.dseg.regions)
    labels = refined(carried, atlas.dseg.regions, images, brain)
    if own.dseg is not None and own.dseg_table is not None:
        theirs = resample(read_image(own.dseg, labels=True), brain, mode="nearest")
        numbers = {int(number) for number in np.unique(theirs.data)}
        parents = read_parents(own.dseg_table, atlas.dseg.regions, numbers)
        check_parents(labels, theirs, parents, atlas.dseg.regions, own.dseg)
        labels = kept_inside(labels, theirs, parents)
        labels = _inside(labels, brain)
    overlays = {}
    for name, overlay in atlas.overlays.items():
        there = resample(overlay.labels, brain, field, mode="nearest")
        overlays[name] = LabelMap(_inside(there, brain), overlay.regions)
    moved = replace(atlas, space=own.name, dseg=LabelMap(labels, atlas.dseg.regions), overlays=overlays)
    write_atlas(folder / "atlas", replace(moved, manifest={**atlas.manifest, "Space": own.name}))
    maps = {"grey": resample(template.gm, brain, field), "white": resample(template.wm, brain, field)}
    for share, image in tissue_shares(labels, atlas.dseg.regions, maps, brain).items():
        write_image(folder / f"{SHARES[share]}.nii.gz", image, template_space=True)
    changed = float((labels.data != carried.data)[brain.data].mean())
    write_json(folder / RECORD, {"Way": [step.name for step in way], "RefinedShare": round(changed, 4)})


def check_contrasts(
    own: AgeTemplate, images: Mapping[str, Image], carried: Image, regions: Sequence[Region]
) -> None:
    """Refuse a template whose image does not look like its contrast: fluid against grey matter, at any age.

    carried: labels of the atlas on its grid.
    """
    fluid = np.isin(carried.data, [r.index for r in regions if r.structure.startswith("lateral_ventricle")])
    grey = np.isin(carried.data, [r.index for r in regions if r.tissue == "deep_grey"])
    for name, image in images.items():
        ventricles, nuclei = image.data[fluid & (image.data != 0)], image.data[grey & (image.data != 0)]
        if not (ventricles.size and nuclei.size):
            continue
        brighter = bool(np.median(ventricles) > np.median(nuclei))
        if brighter != LOOKS[name].fluid_bright:
            told = "brighter" if brighter else "darker"
            problem = f"does not look like a {name}: its fluid is {told} than grey matter"
            raise InputError(own.images[name], problem, "are T1w and T2w swapped in the table?")


def tissue_shares(
    labels: Image, regions: Sequence[Region], maps: Mapping[str, Image], brain: Image
) -> dict[str, Image]:
    """Return the share of grey and white matter per voxel, float32, from refined labels.

    Maps of an adult, carried, take a newborn's cortex for white matter; in brainstem and cerebellum, where
    labels do not tell grey from white, they serve. All on one grid.
    """
    hind = np.isin(labels.data, [r.index for r in regions if r.tissue in ("brainstem", "cerebellum")])
    shares = {}
    for name, tissues in (("grey", ("cortex", "deep_grey")), ("white", ("white_matter",))):
        sure = np.isin(labels.data, [r.index for r in regions if r.tissue in tissues])
        share = np.where(hind, maps[name].data, sure).astype(np.float32)
        blurred = ndimage.gaussian_filter(share, [EDGE_MM / step for step in labels.spacing_mm])
        shares[name] = labels.with_data(np.where(brain.data, blurred, 0).astype(np.float32))
    return shares


def _inside(labels: Image, brain: Image) -> Image:
    return labels.with_data(np.where(brain.data, labels.data, 0))
