"""Detected lesions against true ones: simulated brains, and real scans where ../shared/data is present.

One JSON file per scan in results/bench/lesions; what is there is not done again. Figures are printed as a
Markdown table. The seeds are not those on which the detectors were fixed. With --only, one set alone;
with --minutes, no new scan is begun after that time.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import ndimage

from cpimaging.atlases import load_atlas, load_template
from cpimaging.images import read_image
from cpimaging.io import read_json, write_json
from cpimaging.lesions.components import components
from cpimaging.lesions.detect import DETECTORS, Finding, detect, make_scene, on_grid, thinned
from cpimaging.morphometry.volumes import template_volumes, volume_table
from cpimaging.preprocess import align, bias_correct, extracted_brain
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.partition import partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.registration import resample
from cpimaging.registration.engines import ENGINES
from cpimaging.scorers import SCORERS, Tables, read_criteria
from cpimaging.simulate.anatomy import find_anatomy
from cpimaging.simulate.contrast import tissue_maps
from cpimaging.simulate.recipes import load_recipes
from cpimaging.simulate.subject import Appearance, Voxels, make_subject
from cpimaging.types import Image, LabelMap, ScanContext

OUT = Path(__file__).parents[1] / "results" / "bench" / "lesions"
REAL = Path(__file__).parents[2] / "shared" / "data"
SEED = 66_000
CONTRASTS = ("T1w", "FLAIR")
LESION_SD = (1.5, 4.0)
ADC_FALL = (0.28, 0.45)
ALONE = ("FLAIR", "T2w", "T1w")  # twelve controls and twelve patients on one contrast
RECENT = ("mca_infarct", "basal_ganglia_thalamus", "watershed", "none")
SIZE = {  # factor on the radii of the recipe: 0.5 to 100 ml over all patterns
    "periventricular_bilateral": (0.5, 1.6),
    "periventricular_unilateral": (0.5, 1.6),
    "basal_ganglia_thalamus": (0.6, 1.5),
    "watershed": (0.5, 1.7),
    "mca_infarct": (0.45, 1.6),
    "brainstem": (0.8, 1.6),
}
EVERYWHERE = np.ones((3, 3, 3), bool)
SHOWN = ("dice", "found_ml", "true_ml", "same_pattern")


class Case(NamedTuple):
    """One scan to detect in: preprocessed images, brain, and the true lesion, on one grid."""

    images: dict[str, Image]
    brain: Image
    truth: Image
    age_years: float | None
    facts: dict[str, Any]


def simulated(
    pattern: str, index: int, voxel_mm: float, prepared: Any, contrasts: tuple[str, ...] = CONTRASTS
) -> Case:
    """Simulate one brain with the variants of healthy brains."""
    anatomy, voxels = prepared(voxel_mm)
    rng = np.random.default_rng([SEED, index])
    lesion_sd = float(rng.uniform(*LESION_SD))
    size = float(rng.uniform(*SIZE.get(pattern, (1, 1))))
    recipe = replace(load_recipes()[pattern], size=(size, size))
    subject = make_subject(anatomy, voxels, recipe, contrasts, SEED + index, Appearance(lesion_sd, True))
    first = subject.images[contrasts[0]]
    brain = first.with_data(first.data > 0)
    images = {
        name: bias_correct(image.with_data(image.data.astype(np.float32)), brain.data)
        for name, image in subject.images.items()
    }
    facts = {"pattern": pattern, "lesion_sd": lesion_sd, "voxel_mm": voxel_mm}
    return Case(images, brain, subject.lesion, subject.age_years, facts)


def acute(pattern: str, index: int, prepared: Any) -> Case:
    """Simulate a recent infarct: no sign of it on T2w, ADC lowered within the lesion."""
    anatomy, voxels = prepared(2.0)
    recipe = replace(load_recipes()[pattern], cavity_mm=None)
    subject = make_subject(anatomy, voxels, recipe, ("T2w", "ADC"), SEED + index, Appearance(0.0, True))
    fall = float(np.random.default_rng([SEED, index]).uniform(*ADC_FALL))
    t2w, adc = subject.images["T2w"], subject.images["ADC"]
    brain = t2w.with_data(t2w.data > 0)
    lowered = 1e-6 * adc.data * (1 - fall * subject.lesion.data)
    images = {
        "T2w": bias_correct(t2w.with_data(t2w.data.astype(np.float32)), brain.data),
        "ADC": adc.with_data(lowered.astype(np.float32)),
    }
    return Case(images, brain, subject.lesion, subject.age_years, {"pattern": pattern, "fall": fall})


def preparer() -> Callable[[float], Any]:
    """Return a function that gives anatomy and tissue maps of a voxel size, made once."""
    anatomy = find_anatomy(load_template())
    made: dict[float, Voxels] = {}

    def prepared(voxel_mm: float) -> Any:
        if voxel_mm not in made:
            size = (voxel_mm, voxel_mm, voxel_mm)
            made[voxel_mm] = Voxels(size, tissue_maps(anatomy, size))
        return anatomy, made[voxel_mm]

    return prepared


def run_case(case: Case) -> dict[str, Any]:
    """Detect as the workflow does, and measure against the truth."""
    start = time.perf_counter()
    reference = next(iter(case.images.values()))
    template, engine, atlas = load_template(), ENGINES["greedy"].method, load_atlas("embedded")
    maps = {"grey": template.gm, "white": template.wm}
    matrix = engine.affine(reference, template.t1w, None)
    rough = thinned(make_scene(case.images, case.brain, maps, atlas, matrix, case.age_years), 2.0)
    first = on_grid(detect(rough).mask, rough, reference)
    fit = engine.deformable(reference, template.t1w, matrix, first, 1)
    scene = make_scene(case.images, case.brain, maps, atlas, fit.to_scan, case.age_years)
    found = detect(scene)
    mask = on_grid(found.mask, scene, reference)
    labels = resample(atlas.dseg.labels, reference, fit.to_scan, mode="nearest")
    labels = labels.with_data(np.where(case.brain.data, labels.data, 0))
    overlays = {
        name: LabelMap(resample(overlay.labels, reference, fit.to_scan, mode="nearest"), overlay.regions)
        for name, overlay in atlas.overlays.items()
    }
    calls = {
        name: call(case, atlas, labels, overlays, lesion)
        for name, lesion in (("true", case.truth), ("detected", mask))
    }
    return {
        **case.facts,
        **agreement(mask.data.astype(bool), case.truth.data.astype(bool), reference),
        "first_ml": float(first.data.sum()) * first.voxel_volume_mm3 / 1000,
        "calls": calls,
        "same_pattern": calls["true"] == calls["detected"],
        "rejected_mm3": dict(found.rejected),
        "not_assessed": found.not_assessed,
        "seconds": time.perf_counter() - start,
    }


def call(case: Case, atlas: Any, labels: Image, overlays: dict[str, LabelMap], lesion: Image) -> list[str]:
    """Return dominance and MRICS subgroup for a lesion mask."""
    lesion = labels.with_data(lesion.data.astype(bool))
    _, distance_mm = white_matter_depth(labels, atlas.dseg.regions)
    numbered, pieces = components(lesion, labels, atlas.dseg, distance_mm, "given mask")
    parts = partition(labels, atlas.dseg, overlays, case.brain)
    tables = Tables(
        load_in(lesion, parts),
        pieces,
        lesion_parts(numbered, parts),
        volume_table(labels, atlas.dseg, case.brain, template_volumes(atlas)),
    )
    context = ScanContext(case.age_years, list(case.images), "given mask", "pass")
    results = {
        name: SCORERS[name].score(tables, context, read_criteria(SCORERS[name].criteria))
        for name in ("dominance", "mrics")
    }
    return [results["dominance"]["call"], results["mrics"]["subgroup"]]


def agreement(found: np.ndarray, truth: np.ndarray, grid: Image) -> dict[str, float | None]:
    """Return Dice, lesion-wise F1, volumes and mean surface distance; None where there is no lesion."""
    ml = grid.voxel_volume_mm3 / 1000
    volumes = {"true_ml": float(truth.sum()) * ml, "found_ml": float(found.sum()) * ml}
    if not truth.any():
        return {**volumes, "dice": None, "f1": None, "surface_mm": None}
    dice = 2 * float((found & truth).sum()) / float(found.sum() + truth.sum())
    return {
        **volumes,
        "dice": dice,
        "f1": lesion_f1(found, truth),
        "surface_mm": surface_mm(found, truth, grid),
    }


def lesion_f1(found: np.ndarray, truth: np.ndarray) -> float:
    """Return the F1 score of pieces (26-connected); any overlap counts as found."""
    true_pieces, n_true = ndimage.label(truth, EVERYWHERE)
    pieces, n_found = ndimage.label(found, EVERYWHERE)
    hit = len(np.setdiff1d(true_pieces[found], [0]))
    right = len(np.setdiff1d(pieces[truth], [0]))
    sensitivity, precision = hit / n_true, right / n_found if n_found else 0.0
    return 2 * sensitivity * precision / (sensitivity + precision) if right else 0.0


def surface_mm(found: np.ndarray, truth: np.ndarray, grid: Image) -> float | None:
    """Return the mean distance between the surfaces, both ways; None where nothing was found."""
    if not found.any():
        return None
    edges = [mask & ~ndimage.binary_erosion(mask) for mask in (found, truth)]
    to = [ndimage.distance_transform_edt(~edge, sampling=grid.spacing_mm) for edge in edges]
    return float(np.concatenate([to[1][edges[0]], to[0][edges[1]]]).mean())


def real_case(name: str, contrasts: tuple[str, ...]) -> Case:
    """Return one of the two scans with a consensus mask, prepared like the workflow prepares it."""
    folder = REAL / "bids" / name / "anat"
    first = read_image(folder / f"{name}_{contrasts[0]}.nii.gz")
    brain = extracted_brain(first)
    assert brain is not None
    images = {contrasts[0]: bias_correct(first, brain)}
    for contrast in contrasts[1:]:
        moved, *_ = align(read_image(folder / f"{name}_{contrast}.nii.gz"), first, brain)
        images[contrast] = bias_correct(moved, brain)
    mask = f"derivatives/lesions/{name}/anat/{name}_space-orig_label-L_mask.nii.gz"
    truth = read_image(REAL / "bids" / mask, labels=True)
    return Case(images, first.with_data(brain), truth, None, {"scan": name, "contrasts": ",".join(contrasts)})


def diffusion() -> dict[str, Any]:
    """ADC from b0 and DWI, the b0 as the T2w reference, against the mask of a network."""
    folder = REAL / "diffusion_mca"
    b0, dwi, mask, truth = (
        read_image(folder / f"{name}.nii.gz") for name in ("b0", "dwi", "brain_mask", "lesion_network")
    )
    brain = mask.data > 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        adc = np.nan_to_num(-np.log(dwi.data / b0.data) / 1000, nan=0, posinf=0, neginf=0)
    images = {"T2w": bias_correct(b0, brain), "ADC": b0.with_data(adc.astype(np.float32))}
    facts = {"scan": "diffusion_mca", "contrasts": "ADC"}
    return run_adc(Case(images, b0.with_data(brain), b0.with_data(truth.data > 0.5), None, facts))


def run_adc(case: Case) -> dict[str, Any]:
    """Look for low ADC alone, the T2w is the reference, and measure against the truth."""
    reference = case.images["T2w"]
    template, atlas = load_template(), load_atlas("embedded")
    engine = ENGINES["greedy"].method
    matrix = engine.affine(reference, template.t1w, None)
    fit = engine.deformable(reference, template.t1w, matrix, None, 1)
    maps = {"grey": template.gm, "white": template.wm}
    scene = make_scene(case.images, case.brain, maps, atlas, fit.to_scan, case.age_years)
    found: Finding = DETECTORS["ADC"].look(scene)
    result = agreement(on_grid(found.mask, scene, reference).data, case.truth.data, reference)
    return {**case.facts, **result, "not_assessed": found.not_assessed}


def stroke() -> dict[str, Any]:
    """T2w alone, whole head: the brain is extracted first."""
    from cpimaging.extract import extract_brain

    folder = REAL / "bids"
    head = read_image(folder / "sub-stroke/anat/sub-stroke_T2w.nii.gz")
    brain = extract_brain(head, load_template()).mask
    name = "derivatives/lesions/sub-stroke/anat/sub-stroke_space-orig_label-L_mask.nii.gz"
    truth = read_image(folder / name, labels=True)
    images = {"T2w": bias_correct(head, brain)}
    facts = {"scan": "sub-stroke", "contrasts": "T2w"}
    return run_case(Case(images, head.with_data(brain), truth, None, facts))


def tasks() -> Iterator[tuple[str, Callable[[], dict[str, Any]]]]:
    """Yield every scan's name and what measures it."""
    prepared = preparer()
    patterns = list(SIZE)
    chosen = set(np.random.default_rng(SEED).choice(60, 10, replace=False).tolist())
    fine = [(f"fine-{i:02d}", patterns[i % 6], i, 1.0, CONTRASTS) for i in sorted(chosen)]
    controls = [(f"control-{i:02d}", "none", 1000 + i, 2.0, CONTRASTS) for i in range(20)]
    patients = [(f"patient-{i:02d}", patterns[i % 6], i, 2.0, CONTRASTS) for i in range(60)]
    groups = [[*patients[3 * i : 3 * i + 3], controls[i]] for i in range(20)]  # a part of the run has both
    alone = [
        (f"alone-{contrast}-{i:02d}", "none", 2000 + i, 2.0, (contrast,))
        for contrast in ALONE
        for i in range(12)
    ]
    single = [
        (f"single-{contrast}-{i:02d}", patterns[i % 6], 4000 + i, 2.0, (contrast,))
        for contrast in ALONE
        for i in range(12)
    ]
    for name, *drawn in [*(item for group in groups for item in group), *fine, *alone, *single]:
        yield name, lambda d=drawn: run_case(simulated(*d[:3], prepared, d[3]))  # type: ignore[misc]
    for i in range(16):
        pattern = RECENT[i % 4]
        yield f"adc-{i:02d}", lambda p=pattern, i=i: run_adc(acute(p, 3000 + i, prepared))  # type: ignore[misc]
    if REAL.is_dir():
        for scan in ("sub-ms07", "sub-ms26"):
            for contrasts in (("T1w", "FLAIR"), ("FLAIR",), ("T1w", "T2w"), ("T1w",)):
                label = f"real-{scan}-{'-'.join(contrasts)}"
                yield label, lambda s=scan, c=contrasts: run_case(real_case(s, c))  # type: ignore[misc]
        yield "real-diffusion", diffusion
        yield "real-stroke", stroke


def summary() -> Iterator[str]:
    """Yield the lines of the tables from what has been measured."""
    results = {path.stem: read_json(path) for path in sorted(OUT.glob("*.json"))}
    healthy = {"controls": "control", **{f"controls, {name} alone": f"alone-{name}" for name in ALONE}}
    for title, start in healthy.items():
        yield from _controls(title, [r for name, r in results.items() if name.startswith(start)])
    recent = [r for name, r in results.items() if name.startswith("adc")]
    yield from _controls("controls, ADC", [r for r in recent if r["dice"] is None])
    infarcts = [r["dice"] for r in recent if r["dice"] is not None]
    if infarcts:
        low, high = min(infarcts), max(infarcts)
        yield f"ADC: n={len(infarcts)}, median Dice {np.median(infarcts):.2f} ({low:.2f} to {high:.2f})"
    for kind in ("patient", "fine", *(f"single-{name}" for name in ALONE)):
        yield from _patients(kind, [r for name, r in results.items() if name.startswith(kind)])
    for name, r in results.items():
        if name.startswith("real"):
            shown = "n/a" if r["dice"] is None else f"{r['dice']:.3f}"
            volumes = f"{r['found_ml']:.1f} ml found, {r['true_ml']:.1f} ml true"
            yield f"{name}: Dice {shown}, {volumes}, not assessed: {r['not_assessed']}"


def _controls(title: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    if rows:
        found = np.array([r["found_ml"] for r in rows])
        yield (
            f"{title}: n={len(rows)}, nothing in {(found == 0).sum()}, median {np.median(found):.2f} ml, "
            f"worst {found.max():.2f} ml"
        )


def _patients(kind: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a line for all, by contrast, by volume and by pattern."""
    if not rows:
        return
    yield f"\n{kind}: n={len(rows)}, {_line(rows)}"
    for title, key, limits in (
        ("contrast, SD", "lesion_sd", (1.5, 2.0, 3.0, 4.0)),
        ("volume, ml", "true_ml", (0.0, 2.0, 10.0, 200.0)),
    ):
        for low, high in pairwise(limits):
            some = [r for r in rows if low <= r[key] < high]
            if some:
                yield f"  {title} {low:g}–{high:g}: n={len(some)}, {_line(some)}"
    for pattern in SIZE:
        some = [r for r in rows if r["pattern"] == pattern]
        if some:
            yield f"  {pattern}: n={len(some)}, {_line(some)}"


def _line(rows: list[dict[str, Any]]) -> str:
    dice = [r["dice"] for r in rows]
    error = [r["found_ml"] / r["true_ml"] - 1 for r in rows]
    surface = [r["surface_mm"] for r in rows if r["surface_mm"] is not None]
    same = sum(r["same_pattern"] for r in rows)
    return (
        f"median Dice {np.median(dice):.2f} ({min(dice):.2f} to {max(dice):.2f}), "
        f"F1 {np.median([r['f1'] for r in rows]):.2f}, "
        f"volume {100 * np.median(error):+.0f} %, surface {np.median(surface or [np.nan]):.1f} mm, "
        f"same pattern {same} of {len(rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="beginning of names: control, patient, fine, alone, single, adc, real"
    )
    parser.add_argument("--minutes", type=float, default=40.0)
    options = parser.parse_args()
    start = time.monotonic()
    for name, measure in tasks():
        path = OUT / f"{name}.json"
        if not name.startswith(options.only) or path.is_file():
            continue
        if time.monotonic() - start > 60 * options.minutes:
            print("out of time; start again to go on")
            break
        result = measure()
        write_json(path, json.loads(json.dumps(result, default=float)))
        print(name, *(f"{key}={result.get(key)}" for key in SHOWN), flush=True)
    print("\n".join(summary()))


if __name__ == "__main__":
    main()
