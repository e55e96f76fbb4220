"""Tissue and ventricles from the image, the atlas as prior, and the atlas brought to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.atlases import Template
from cpimaging.segment.labels import follow_ventricles
from cpimaging.segment.mixture import (
    GREY,
    WHITE,
    Floats,
    fit_mixture,
    fluid_share,
    posteriors,
    prior_shares,
    signals,
    teaching,
    volume,
)
from cpimaging.segment.ventricles import HALF, Ventricles, find_ventricles, is_ventricle
from cpimaging.types import Image, LabelMap

Bool = NDArray[np.bool_]

LEAST_OF_ATLAS = 0.2
"""Ventricles under this share of the atlas's, which the registration has fitted, are not believed (ours)."""

TISSUE_LABELS = {
    2: ("white_matter", "WM", 2),
    3: ("csf_outside_ventricles", "CSF", 3),
    8: ("cortical_grey", "CGM", 8),
    9: ("deep_grey", "SGM", 9),
    10: ("brainstem", "BS", 10),
    11: ("cerebellum", "CBM", 11),
    20: ("ventricle", "VENT", 3),
    21: ("cavity_joined_to_ventricle", "CAV", 3),
}
"""Classes of the tissue image: number -> name, abbreviation, and the common BIDS number that it maps to."""

WHITE_MATTER, CSF, CORTICAL_GREY, DEEP_GREY, BRAINSTEM, CEREBELLUM, VENTRICLE, CAVITY = TISSUE_LABELS

LEAST_FLUID_SD = 2.0
"""Fluid nearer to tissue than this many SD of tissue is not told apart (ours)."""


@dataclass(frozen=True)
class Segmentation:
    """What a scan is made of; all images on its grid.

    tissue: uint8, numbers of TISSUE_LABELS; 0 outside of the brain and where not assessed. ventricles: bool.
    cavity: bool, fluid joined to a lateral ventricle that is no part of it. labels: the atlas,
    following the ventricles. fluid: float32, share of the voxel; all 0 where not assessed.
    assessed: whether ventricles were read from the image. notes: what was not, and why.
    """

    tissue: Image
    ventricles: Image
    cavity: Image
    labels: Image
    fluid: Image
    assessed: bool
    notes: list[str]


def template_shares(template: Template) -> dict[str, Image]:
    """Return the template's share of fluid, grey and white matter per voxel, float32, 0–1."""
    fluid = np.clip(1 - template.gm.data - template.wm.data, 0, 1) * template.brain.data
    return {"fluid": template.gm.with_data(fluid), "grey": template.gm, "white": template.wm}


def segment(
    images: Mapping[str, Image],
    brain: Image,
    atlas: LabelMap,
    tissue_priors: Mapping[str, Image],
    lesion: Image | None,
    young: str,
) -> Segmentation:
    """Find tissue classes and ventricles in the image, and bring the atlas labels to them.

    images: contrast -> preprocessed image. atlas: labels resampled to the scan. tissue_priors: the
    template's share of "fluid", "grey" and "white", resampled likewise. brain, lesion: bool. All on
    one grid. Given lesion voxels teach nothing and never become ventricle. young: "" from the age on at which
    grey and white matter are told apart; before it, that age in words, and only fluid is read, on the T2w; on
    a T1w without one for the sake of the labels alone.
    """
    lesioned = np.zeros(brain.shape, bool) if lesion is None else lesion.data.astype(bool)
    infant = bool(young)
    used = read_on(images) if infant else images
    notes = [f"tissue classes: not assessed {young}"] if infant else []
    if not any(is_ventricle(region) for region in atlas.regions):
        return _unchanged(brain, atlas, [*notes, "the atlas has no ventricles: its labels are not corrected"])
    if not used:
        return _unchanged(
            brain,
            atlas,
            [*notes, f"ventricles: not assessed {young} without a T2w"],
        )
    seen = _read(used, brain, atlas, tissue_priors, lesioned)
    if seen.apart_sd < LEAST_FLUID_SD:
        why = f"ventricles: not assessed, fluid is {seen.apart_sd:.1f} SD from tissue"
        return _unchanged(brain, atlas, [*notes, why])
    found = find_ventricles(seen.fluid, atlas.labels, atlas.regions, tissue_priors["fluid"].data, lesioned)
    share = float(np.count_nonzero(found.labels)) / max(int(np.count_nonzero(_ventricle(atlas))), 1)
    if share < LEAST_OF_ATLAS:
        why = f"ventricles: not assessed, the image shows {share:.0%} of the atlas's"
        return _unchanged(brain, atlas, [*notes, why])
    followed = _followed(seen, found, brain, atlas, notes, infant)
    if infant and "T2w" not in used:  # on T1w of the average newborn they were a fifth smaller than on T2w
        why = f"ventricles: not assessed {young} without a T2w; labels follow those that the T1w shows"
        return _unchanged(brain, LabelMap(followed.labels, atlas.regions), [*notes, why])
    return followed


def read_on(images: Mapping[str, Image]) -> dict[str, Image]:
    """Return the image that an infant's labels and fluid are read on: the T2w, else the T1w, else none."""
    shown = next((name for name in ("T2w", "T1w") if name in images), None)
    return {shown: images[shown]} if shown else {}


class _Seen(NamedTuple):
    """fluid: share of the voxel. white: more likely white matter than grey. apart_sd: contrast of fluid."""

    fluid: Floats
    white: Bool
    apart_sd: float


def _read(
    images: Mapping[str, Image], brain: Image, atlas: LabelMap, shares: Mapping[str, Image], lesion: Bool
) -> _Seen:
    """Fit the mixture and return what it says of every voxel."""
    inside = brain.with_data(brain.data.astype(bool))
    signal, priors = signals(images, inside.data), prior_shares(shares, inside.data)
    usable = teaching(inside, lesion)
    mixture = fit_mixture(signal, priors, usable, _ventricle(atlas)[inside.data])
    probabilities = posteriors(signal, priors, mixture)
    fluid = fluid_share(signal, probabilities, mixture, inside, usable)
    white = volume(probabilities[:, WHITE] - probabilities[:, GREY], inside.data) > 0
    return _Seen(fluid, white, mixture.fluid_distance_sd())


def _followed(
    seen: _Seen, found: Ventricles, brain: Image, atlas: LabelMap, notes: list[str], infant: bool
) -> Segmentation:
    """Return the segmentation, the atlas following the ventricles that were found."""
    inside = brain.data.astype(bool)
    labels = follow_ventricles(atlas.labels, atlas.regions, found.labels, inside)
    white = None if infant else seen.white
    tissue = _tissue(LabelMap(labels, atlas.regions), seen.fluid > HALF, white, inside)
    tissue[found.cavity] = CAVITY
    cavity_ml = np.count_nonzero(found.cavity) * brain.voxel_volume_mm3 / 1000
    return Segmentation(
        tissue=brain.with_data(tissue),
        ventricles=brain.with_data(found.labels > 0),
        cavity=brain.with_data(found.cavity),
        labels=labels,
        fluid=brain.with_data(seen.fluid),
        assessed=True,
        notes=[*notes, _about_cavity(cavity_ml)] if cavity_ml > 0 else notes,
    )


def _about_cavity(ml: float) -> str:
    return (
        f"{ml:.1f} ml of fluid leave a lateral ventricle on one side: a cavity joined to it, or a local "
        "widening; possible porencephaly, not counted as ventricle"
    )


def _unchanged(brain: Image, atlas: LabelMap, notes: list[str]) -> Segmentation:
    """Return the atlas as it is, where the image cannot correct it."""
    nothing = brain.with_data(np.zeros(brain.shape, bool))
    return Segmentation(
        tissue=brain.with_data(np.zeros(brain.shape, np.uint8)),
        ventricles=brain.with_data(_ventricle(atlas)),
        cavity=nothing,
        labels=atlas.labels,
        fluid=brain.with_data(np.zeros(brain.shape, np.float32)),
        assessed=False,
        notes=notes,
    )


def _tissue(atlas: LabelMap, fluid: Bool, white: Bool | None, inside: Bool) -> NDArray[np.uint8]:
    """Return the tissue classes: fluid and grey or white from the image, the parts from the labels.

    white: None where grey and white are not told apart.
    """
    labels = atlas.labels.data
    tissue = np.zeros(labels.shape, np.uint8)
    if white is not None:
        tissue[inside] = np.where(white[inside], WHITE_MATTER, CORTICAL_GREY)
        for name, number in (("deep_grey", DEEP_GREY), ("brainstem", BRAINSTEM), ("cerebellum", CEREBELLUM)):
            tissue[np.isin(labels, [r.index for r in atlas.regions if r.tissue == name])] = number
    tissue[inside & fluid] = CSF
    tissue[_ventricle(atlas)] = VENTRICLE
    return tissue


def _ventricle(atlas: LabelMap) -> Bool:
    return np.isin(atlas.labels.data, [region.index for region in atlas.regions if is_ventricle(region)])
