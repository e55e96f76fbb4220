"""Compare our registration with antsRegistrationSyNQuick[s]; prints Markdown tables.

Every registration runs in a process of its own, on one thread, and its figures are kept in
results/bench/registration: a stopped run goes on where it was. Needs ../shared/data, and antspyx in the
environment that $CPIMAGING_ANTS_PYTHON names (`make bench-registration` makes one).
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from registration_pairs import DATA, PUBLISHED, ROOT, Case, Pair, cases, eve, load
from scipy import ndimage

from cpimaging.atlases import load_atlas
from cpimaging.images import read_displacement, read_image, write_displacement
from cpimaging.io import write_json
from cpimaging.registration import Matrix, Transform, jacobian, resample
from cpimaging.registration.greedy import Greedy, smooth_fit
from cpimaging.registration.likeness import like_template
from cpimaging.registration.syn import read_transform, run_ants
from cpimaging.simulate.subject import Subject
from cpimaging.types import Image

RESULTS = ROOT / "results" / "bench" / "registration"
SHELL_MM = 10.0
EVE_DEEP = {  # Eve left and right → Harvard-Oxford left and right
    "thalamus": ((61, 126), (4, 15)),
    "caudate": ((59, 124), (5, 16)),
    "putamen": ((60, 125), (6, 17)),
    "pallidum": ((62, 127), (7, 18)),
    "hippocampus": ((27, 92), (9, 19)),
}
ENGINE = Greedy()
Figures = dict[str, Any]


# --- methods --------------------------------------------------------------------------------------


def ours(pair: Pair) -> Transform:
    """The default engine: the lesion masked first, then filled with the template."""
    matrix = ENGINE.affine(pair.scan, pair.template, pair.lesion)
    return ENGINE.deformable(pair.scan, pair.template, matrix, pair.lesion, 1)


def masked(pair: Pair) -> Transform:
    """Cost-function masking (Brett 2001) alone: the first of our two fits."""
    matrix = ENGINE.affine(pair.scan, pair.template, pair.lesion)
    alike = like_template(pair.scan, pair.template, matrix, pair.lesion)
    return smooth_fit(alike, pair.template, matrix, pair.lesion, 1)


def ignored(pair: Pair) -> Transform:
    """The default engine, the lesion left in."""
    return ours(replace(pair, lesion=None))


def mirrored(pair: Pair) -> Transform:
    """Enantiomorphic filling (Nachev 2008): the healthy mirror in place of the lesion."""
    assert pair.lesion is not None
    matrix = ENGINE.affine(pair.scan, pair.template, pair.lesion)
    whole = with_mirror(pair.scan, pair.lesion, matrix)
    return ENGINE.deformable(whole, pair.template, matrix, None, 1)


def with_mirror(scan: Image, lesion: Image, matrix: Matrix) -> Image:
    """Return the scan, its lesion replaced by the other side; the edge is blended over one voxel."""
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])  # the template is symmetric about x = 0
    mirror = resample(scan, scan, matrix=np.linalg.inv(matrix) @ flip @ matrix).data
    distance = ndimage.distance_transform_edt(~lesion.data, sampling=scan.spacing_mm)
    weight = np.clip(1 - distance / (2 * max(scan.spacing_mm)), 0, 1) * (mirror > 0)
    return scan.with_data((scan.data * (1 - weight) + mirror * weight).astype(np.float32))


def ants(pair: Pair) -> Transform:
    """antsRegistrationSyNQuick[s] as its users call it, with the lesion mask where there is one."""
    with tempfile.TemporaryDirectory() as folder:
        run_ants("antsRegistrationSyNQuick[s]", Path(folder), pair.scan, pair.template, pair.lesion, None)
        return read_transform(Path(folder), pair.scan, pair.template)


METHODS: dict[str, Callable[[Pair], Transform]] = {
    "ours": ours,
    "masked": masked,
    "ignored": ignored,
    "mirrored": mirrored,
    "ants": ants,
}


# --- figures --------------------------------------------------------------------------------------


def run_one(case: Case, method: str) -> None:
    """Register one pair and write time, memory and accuracy."""
    pair = load(case)
    start, used = time.perf_counter(), processor_seconds()
    transform = METHODS[method](pair)
    figures: Figures = {
        "wall_s": time.perf_counter() - start,
        "processor_s": processor_seconds() - used,
        "peak_mb": peak_mb(),
        **smoothness(pair, transform),
        **accuracy(case, pair, transform),
    }
    if case.name.startswith("healthy"):
        write_displacement(RESULTS / f"{case.name}_{method}.nii.gz", transform.to_scan)
    write_json(result_path(case, method), figures)


def result_path(case: Case, method: str) -> Path:
    return RESULTS / f"{case.name}_{method}.json"


def processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def peak_mb() -> float:
    return (
        max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        / 1024
    )


def smoothness(pair: Pair, transform: Transform) -> Figures:
    """Share of folded points, and how far a point in the brain lands from itself after there and back."""
    determinant = jacobian(transform.to_scan)
    there = on_grid(transform.to_scan, pair.scan)
    back = resample_vectors(transform.to_template, pair.scan, transform.to_scan)
    away = np.linalg.norm(there + back, axis=-1)[pair.scan.data != 0]
    return {
        "folded_share": float((determinant <= 0).mean()),
        "jacobian_range": [float(determinant.min()), float(determinant.max())],
        "inverse_mean_mm": float(away.mean()),
        "inverse_p95_mm": float(np.percentile(away, 95)),
    }


def on_grid(field: Image, grid: Image) -> NDArray[np.float64]:
    return resample_vectors(field, grid, None)


def resample_vectors(field: Image, grid: Image, through: Image | None) -> NDArray[np.float64]:
    parts = (Image(np.ascontiguousarray(field.data[..., axis]), field.affine) for axis in range(3))
    return np.stack([resample(part, grid, through).data for part in parts], axis=-1)


def accuracy(case: Case, pair: Pair, transform: Transform) -> Figures:
    if case.kind == "eve":
        return {"dice": eve_dice(transform)}
    if pair.truth is None:
        warped, brain = resample(pair.template, pair.scan, transform.to_scan), pair.scan.data != 0
        if pair.lesion is not None:
            brain &= ~pair.lesion.data
        return {"correlation": float(np.corrcoef(warped.data[brain], pair.scan.data[brain])[0, 1])}
    figures = {"dice": atlas_dice(pair.truth, transform), **errors(pair.truth, transform.to_scan, pair.truth)}
    healthy = RESULTS / f"healthy-{case.seed}-{case.ventricles}_ours.nii.gz"
    if case.kind == "lesion":
        without = errors(pair.truth, read_displacement(healthy), pair.truth)
        figures["without_lesion_shell_mm"] = without["shell_median_mm"]
    return figures


def errors(truth: Subject, to_scan: Image, lesioned: Subject) -> Figures:
    """Return the distance from the known warp: in the brain, near the lesion, and elsewhere."""
    lesion, brain = lesioned.lesion, truth.images["T1w"].data > 0
    off = np.linalg.norm(on_grid(to_scan, lesion) - truth.displacement.data, axis=-1)
    if not lesion.data.any():
        return {"error_mean_mm": float(off[brain].mean()), "error_median_mm": float(np.median(off[brain]))}
    distance = ndimage.distance_transform_edt(~lesion.data, sampling=lesion.spacing_mm)
    shell, rest = ((brain & (distance > 0) & where) for where in (distance <= SHELL_MM, distance > SHELL_MM))
    return {
        "lesion_ml": lesioned.lesion_volume_mm3 / 1000,
        "shell_median_mm": float(np.median(off[shell])),
        "elsewhere_median_mm": float(np.median(off[rest])),
        "error_mean_mm": float(off[shell | rest].mean()),
    }


def eve_dice(transform: Transform) -> Figures:
    path = PUBLISHED / "HarvardOxfordsub-maxprob-thr25_space-MNI152NLin6_label_all_res-1x1x1.nii.gz"
    own = eve("JHU_MNI_SS_WMPM_Type-II.nii.gz", labels=True)
    other = resample(read_image(path, labels=True), own, transform.to_scan, mode="nearest").data
    return {
        name: float(np.mean([dice(own.data == a, other == b) for a, b in zip(ours, theirs, strict=True)]))
        for name, (ours, theirs) in EVE_DEEP.items()
    }


def atlas_dice(truth: Subject, transform: Transform) -> Figures:
    """Dice of the embedded deep structures, moved by the known warp and by the one that was found."""
    atlas = load_atlas("embedded").dseg
    grid = truth.lesion
    known, found = (
        resample(atlas.labels, grid, field, mode="nearest").data
        for field in (truth.displacement, transform.to_scan)
    )
    structures = {r.structure for r in atlas.regions if r.tissue == "deep_grey"}
    indices = {s: [r.index for r in atlas.regions if r.structure == s] for s in sorted(structures)}
    return {
        s: float(np.mean([dice(known == i, found == i) for i in numbers])) for s, numbers in indices.items()
    }


def dice(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))


# --- tables ---------------------------------------------------------------------------------------


def results(kind: str) -> Iterable[tuple[Case, dict[str, Figures]]]:
    for case in cases():
        paths = {method: result_path(case, method) for method in case.methods}
        if case.kind == kind and all(path.is_file() for path in paths.values()):
            yield case, {method: json.loads(path.read_text()) for method, path in paths.items()}


def table(title: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    head = list(head)
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def pair_rows(kind: str) -> Iterable[list[str]]:
    for case, found in results(kind):
        a, b = found["ours"], found["ants"]
        for name, f in found.items():
            quality = [f"{np.mean(list(f['dice'].values())):.3f}" if "dice" in f else "–"]
            quality += [f"{f[key]:.2f}" if key in f else "–" for key in ("error_mean_mm", "correlation")]
            yield [
                case.name,
                name,
                *quality,
                f"{f['folded_share']:.1e}",
                f"{f['inverse_mean_mm']:.2f}",
                f"{f['wall_s']:.1f}",
                f"{f['processor_s']:.1f}",
                f"{f['peak_mb']:.0f}",
                f"{a['wall_s'] / b['wall_s']:.2f} ({a['processor_s'] / b['processor_s']:.2f})"
                if f is a
                else "",
            ]


PAIR_HEAD = (
    *("pair", "engine", "mean Dice", "mean error mm", "correlation", "folded", "inverse mm"),
    *("wall s", "processor s", "peak MB", "wall (processor) ratio"),
)


def lesion_rows() -> Iterable[list[str]]:
    """One row per kind of lesion: means over brains of the median error in the shell."""
    groups: dict[tuple[str, int, str], list[dict[str, Figures]]] = {}
    for case, found in results("lesion"):
        groups.setdefault((case.ventricles, case.ml, case.sides), []).append(found)
    for (ventricles, ml, sides), group in groups.items():
        without = np.mean([found["ours"]["without_lesion_shell_mm"] for found in group])
        shell = {m: np.mean([found[m]["shell_median_mm"] for found in group]) for m in group[0]}
        yield [
            *(ventricles, sides, f"{ml}", f"{len(group)}", f"{without:.2f}"),
            *(
                f"{shell[m]:.2f}" if m in shell else "–"
                for m in ("ours", "masked", "ignored", "mirrored", "ants")
            ),
            f"{shell['ours'] / without:.2f}",
            f"{np.mean([found['ours']['elsewhere_median_mm'] for found in group]):.2f}",
        ]


LESION_HEAD = (
    *("ventricles", "side", "ml", "brains", "no lesion", "ours", "masked", "ignored", "mirrored"),
    *("ANTs, masked", "ours ÷ no lesion", "elsewhere"),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=2, metavar=("CASE", "METHOD"), help="run one registration")
    parser.add_argument("--tables", action="store_true", help="print what there is, run nothing")
    options = parser.parse_args()
    by_name = {case.name: case for case in cases()}
    if options.one:
        run_one(by_name[options.one[0]], options.one[1])
        return
    if not DATA.is_dir():
        sys.exit("registration benchmark: ../shared/data is absent")
    RESULTS.mkdir(parents=True, exist_ok=True)
    todo = [(c, m) for c in cases() for m in c.methods if not result_path(c, m).is_file()]
    for number, (case, method) in enumerate([] if options.tables else todo, start=1):
        print(f"{number}/{len(todo)} {case.name} {method}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, __file__, "--one", case.name, method], check=True)
    for kind, title in {
        "eve": "Eve to the NLin6 brain, 1 mm, against Harvard-Oxford",
        "warp": "Simulated warps, 1 mm, and those of the brains below, 2 mm",
        "real": "Real scans with their lesion masks, 1 mm",
    }.items():
        table(title, PAIR_HEAD, pair_rows(kind))
    table("Median error (mm) within 10 mm of a simulated lesion", LESION_HEAD, lesion_rows())


if __name__ == "__main__":
    main()
