"""What FLAIR, T2w and T1w share: the search for chronic injury, changed tissue and cavities."""

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from cpimaging.lesions.detect.cavities import cavities, fluid_like, lost_within
from cpimaging.lesions.detect.findings import CAVITY, Finding, nothing
from cpimaging.lesions.detect.ghosts import has_ghost
from cpimaging.lesions.detect.healthy_model import FIRST_BELOW, FLUID_IS_BRIGHT, Model, fit_model
from cpimaging.lesions.detect.inputs import Bool, Float, Scene
from cpimaging.lesions.detect.normal_findings import BEFORE_BORDERS, apply_rules, without_rim
from cpimaging.lesions.detect.parameters import read_parameters
from cpimaging.lesions.detect.regions import NUCLEI_NUMBERS, grow, large, own_border, seeds
from cpimaging.lesions.detect.searchable import unfit


@dataclass(frozen=True)
class Parameters:
    """The values of chronic.yaml."""

    least_age_years: float
    nuclei_mm3: float
    shell_mm: float
    gap_mm: float
    cavity_probability: float


P = read_parameters(Parameters, __file__)

AGES_YEARS = (P.least_age_years, math.inf)
HINDBRAIN = ("brainstem", "cerebellum")  # tissues of the groups from FIRST_BELOW on
UNSEARCHED = "Not searched without FLAIR: brainstem and cerebellum, whose folds look like lesions on"


def needs_age(what: str) -> str:
    """Return what a scan of a younger child is told."""
    return f"{what} needs an age of {12 * P.least_age_years:.0f} months or more"


def unsearchable(scene: Scene, contrast: str, sign: int) -> str | None:
    """Return why a contrast of the scene cannot be searched for lesions, bright (1) or dark (−1), or None."""
    reason = unfit(scene, contrast)
    if reason is None and has_ghost(scene, contrast, sign):
        return f"{contrast} holds a shifted copy of the head (a ghost, as motion makes it)"
    return reason


def search(scene: Scene, signs: dict[str, int], reason: str) -> Finding:
    """Return changed tissue and cavities, or why the main contrast cannot be searched.

    signs: contrast -> 1 where lesions are bright, −1 where dark; the main one first.
    reason: why tissue is taken for a lesion.
    """
    why_not = unsearchable(scene, *next(iter(signs.items())))
    return nothing(scene, why_not) if why_not else _search(scene, signs, reason)


def _search(scene: Scene, signs: dict[str, int], reason: str) -> Finding:
    model = fit_model(scene, signs)
    fluid = fluid_like(scene, model)
    alike = _fluid_alike(signs)
    where = scene.brain & (scene.group < FIRST_BELOW) if alike else scene.brain
    lost = cavities(scene, fluid) & where
    certain = seeds(scene, model, signs) & where
    grown, probability = grow(scene, model, signs, certain, _shell(scene, lost, fluid))
    signal = _signal(scene, model, signs, fluid)
    told = _supported(_finding(grown, probability), scene, signal)
    shifted = own_border(scene, told.mask, [signal[name] for name in ("shift", "support") if name in signal])
    mask = without_rim(shifted, scene) | lost
    mask = _joined(scene, mask | lost_within(scene, fluid, mask), fluid) & where
    origin = np.where(mask & (fluid | lost), CAVITY, 0).astype(np.uint8)
    finding = replace(
        _finding(mask, _covering(probability, mask, lost)),
        origin=origin,
        reasons=(reason, "cavity: fluid in place of tissue"),
        rejected=told.rejected,
        notes=(f"{UNSEARCHED} {next(iter(signs))}",) if alike else (),
        not_searched=HINDBRAIN if alike else (),
    )
    return apply_rules(finding, scene, signal, fluid_alike=alike)


def _fluid_alike(signs: dict[str, int]) -> bool:
    """Tell whether fluid is bright, or dark, as lesions are in the main contrast: T2w, or T1w alone."""
    main, sign = next(iter(signs.items()))
    return FLUID_IS_BRIGHT[main] == (sign > 0)


def _supported(grown: Finding, scene: Scene, signal: dict[str, Float]) -> Finding:
    """Return the regions that all contrasts bear out, and of the others what lies in nuclei, if that is.

    Injured nuclei run together with cortex that is bright in health: what cortex lacks must not cost them.
    """
    told = apply_rules(grown, scene, signal, BEFORE_BORDERS)
    rest = grown.mask & ~told.mask & np.isin(scene.group, NUCLEI_NUMBERS)
    if not rest.any():
        return told
    nuclei = apply_rules(replace(grown, mask=rest), scene, signal, BEFORE_BORDERS).mask
    kept = told.mask | large(nuclei, P.nuclei_mm3 / scene.voxel_mm3)
    taken_mm3 = float((grown.mask & ~kept).sum()) * scene.voxel_mm3
    return replace(told, mask=kept, rejected=dict.fromkeys(told.rejected, taken_mm3))


def _finding(mask: Bool, probability: Float) -> Finding:
    return Finding(probability, mask, np.zeros(mask.shape, np.uint8))


def _shell(scene: Scene, lost: Bool, fluid: Bool) -> Bool:
    """Return the tissue next to cavities, where the lesion that they are part of is likely to go on."""
    if not lost.any():
        return lost
    near: Bool = ndimage.distance_transform_edt(~lost, sampling=scene.spacing_mm) <= P.shell_mm
    return near & scene.brain & ~fluid & ~scene.ventricles


def _signal(scene: Scene, model: Model, signs: dict[str, int], fluid: Bool) -> dict[str, Float]:
    """Return what the rules ask for of the signal (`rules.Surroundings`); inf in fluid."""

    def volume(name: str, healthy: Float | float, unit: float) -> Float:
        full = np.zeros(scene.brain.shape, np.float32)
        full[scene.brain] = signs[name] * (model.values[name] - healthy) / unit
        return np.where(fluid, np.inf, full).astype(np.float32)

    measured = {
        what: volume(name, model.expected(name), model.white_sd[name])
        for what, name in zip(("shift", "support"), signs, strict=False)
    }
    if "FLAIR" in signs:
        for what, name in zip(("over_grey", "support_over_grey"), signs, strict=False):
            measured[what] = volume(name, *model.cortex[name])
    return measured


def _joined(scene: Scene, mask: Bool, fluid: Bool) -> Bool:
    """Return the mask with narrow gaps closed and holes filled; ventricles stay out."""
    if not mask.any():
        return mask
    steps = max(1, round(P.gap_mm / 2 / min(scene.spacing_mm)))
    closed = ndimage.binary_closing(mask, iterations=steps) | mask
    filled: Bool = ndimage.binary_fill_holes(closed) & scene.brain & ~(scene.ventricles & ~mask)
    return filled


def _covering(probability: Float, mask: Bool, lost: Bool) -> Float:
    """Return a probability map that is at least 0.5 throughout the mask."""
    covered: Float = np.where(mask, np.maximum(probability, 0.5), np.minimum(probability, 0.49))
    return np.where(lost, np.float32(P.cavity_probability), covered).astype(np.float32)
