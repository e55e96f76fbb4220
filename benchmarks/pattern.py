"""Call the pattern of simulated brains and compare with the truth; prints Markdown tables.

`python benchmarks/pattern.py` draws brains whose seeds were never used in development, brings the atlas along
the simulator's known warp (no image, no registration, so that the scorers alone are judged), and calls each
pattern with its confidence. Brains of the package's own generator, of a second one (real_shapes.py; needs
../shared/data), the same brains mirrored, at other voxel sizes and with the published atlas. Results go to
results/bench/pattern, one file per case: a stopped run goes on where it was. `--only WORD` runs the cases
whose name holds the word; `--development` takes other seeds; `--done` reports what was run before.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import real_shapes
from numpy.random import default_rng
from numpy.typing import NDArray

from cpimaging.atlases import Template, load_atlas, load_template
from cpimaging.io import write_json
from cpimaging.lesions.components import components
from cpimaging.morphometry.volumes import template_volumes, volume_table
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.margins import load_margins
from cpimaging.quantify.partition import partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.scorers import SCORERS, Tables, read_criteria, score_surely
from cpimaging.simulate.anatomy import Anatomy, find_anatomy
from cpimaging.simulate.contrast import blur, sample
from cpimaging.simulate.dataset import cohort
from cpimaging.simulate.injury import draw_injury
from cpimaging.simulate.recipes import Recipe, load_recipes
from cpimaging.simulate.subject import scan_grid, subject_seed
from cpimaging.simulate.warp import draw_warp
from cpimaging.types import Atlas, Image, LabelMap, ScanContext

OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "pattern"
SEEDS = {"judged": 30_000, "development": 100}
N_FIRST, N_SECOND, N_VARIED = 200, 100, 40
HARD_SHARE = 0.35
OTHER_VOXELS_MM = (0.8, 3.0)
SWAP = {"left": "right", "right": "left", "midline": "midline"}
CONTEXT = ScanContext(age_years=6.0, contrasts=("T1w", "FLAIR"), lesion_source="given mask", qc="pass")


@dataclass(frozen=True)
class Case:
    """One brain in one rendering. generator: first or second."""

    generator: str
    index: int
    seeds: str = "judged"
    voxel_mm: float = 2.0
    atlas: str = "embedded"
    mirrored: bool = False

    @property
    def name(self) -> str:
        """The name of its file."""
        how = f"{self.voxel_mm:g}mm_{self.atlas}" + ("_mirrored" if self.mirrored else "")
        return f"{self.seeds}_{self.generator}_{self.index:03d}_{how}"


@dataclass(frozen=True)
class Head:
    """A drawn brain: truth, the lesion on the scan's grid, and where its voxels lie in the template.

    points_mm: (3, x, y, z).
    """

    truth: dict[str, str]
    lesion: Image
    points_mm: NDArray[np.float64]

    def brought(self, image: Image) -> Image:
        """Return a label image of the template (voxels of 1 mm) on the scan's grid, by nearest neighbour."""
        i, j, k = np.rint(self.points_mm - image.affine[:3, 3, None, None, None]).astype(np.int32)
        inside = np.logical_and.reduce(
            [(v >= 0) & (v < n) for v, n in zip((i, j, k), image.shape, strict=True)]
        )
        data = np.zeros(self.lesion.shape, image.data.dtype)
        data[inside] = image.data[i[inside], j[inside], k[inside]]
        return self.lesion.with_data(data)


@cache
def template() -> Template:
    return load_template()


@cache
def anatomy() -> Anatomy:
    return find_anatomy(template())


@cache
def known_atlas(name: str) -> tuple[Atlas, dict[tuple[str, str], float]]:
    """Return an atlas and the volumes of its structures."""
    atlas = load_atlas(name)
    return atlas, template_volumes(atlas)


@cache
def first_cohort() -> list[tuple[Recipe, str]]:
    plain = [recipe for recipe in load_recipes().values() if not recipe.hard]
    return cohort(N_FIRST, plain, "any", HARD_SHARE)


def drawn(case: Case) -> Head:
    """Draw lesion and warp; voxel size, atlas and mirroring do not change them."""
    seed = subject_seed(SEEDS[case.seeds], case.index)
    rng = default_rng(seed)
    if case.generator == "first":
        recipe = first_cohort()[case.index % N_FIRST][0]
        lesion = draw_injury(anatomy(), recipe, rng).lesion
        push_mm = float(rng.uniform(*recipe.push_mm))
        truth = {name: getattr(recipe, f"mrics_{name}") for name in ("group", "subgroup", "secondary")}
        truth["kind"] = recipe.pattern
    else:
        kind = real_shapes.kind(case.index)
        plan = real_shapes.PLANS[kind]
        lesion, push_mm = real_shapes.draw(anatomy(), kind, seed)
        truth = {"group": plan.group, "subgroup": plan.subgroup, "secondary": plan.secondary, "kind": kind}
    warp = draw_warp(anatomy(), push_mm, rng)
    size = (case.voxel_mm,) * 3
    grid = scan_grid(anatomy(), warp, size)
    points = warp.to_template(grid)
    maps = sample({"lesion": blur(lesion, size)}, anatomy().t1w, points)
    return Head(truth, grid.with_data(maps["lesion"] > 0.5), points)


def measured(case: Case, head: Head) -> tuple[Tables, pd.DataFrame]:
    """Return the tables of a brain, and the margins of its load."""
    atlas, volumes = known_atlas(case.atlas)
    brain = head.brought(template().brain)
    dseg = LabelMap(head.brought(atlas.dseg.labels), atlas.dseg.regions)
    overlays = {
        name: LabelMap(head.brought(overlay.labels), overlay.regions)
        for name, overlay in atlas.overlays.items()
    }
    lesion = brain.with_data(head.lesion.data & brain.data)
    if case.mirrored:
        lesion, brain = mirror(lesion), mirror(brain)
        dseg = mirror_labels(dseg)
        overlays = {name: mirror_labels(overlay) for name, overlay in overlays.items()}
    depth, distance_mm = white_matter_depth(dseg.labels, dseg.regions)
    parts = partition(dseg.labels, dseg, overlays, brain, depth)
    numbered, pieces = components(lesion, dseg.labels, dseg, distance_mm, "given mask")
    held, sizes = lesion_parts(numbered, parts), volume_table(dseg.labels, dseg, brain, volumes)
    tables = Tables(load_in(lesion, parts), pieces, held, sizes)
    return tables, load_margins(lesion, parts)


def mirror(image: Image) -> Image:
    """Return the reflection at x = 0."""
    affine = image.affine.copy()
    affine[0, 3] = -(image.affine[0, 3] + image.affine[0, 0] * (image.shape[0] - 1))
    return Image(image.data[::-1].copy(), affine)


def mirror_labels(labels: LabelMap) -> LabelMap:
    regions = tuple(replace(region, side=SWAP[region.side]) for region in labels.regions)
    return LabelMap(mirror(labels.labels), regions)


def run_one(case: Case) -> dict[str, Any]:
    head = drawn(case)
    start = time.perf_counter()
    tables, margins = measured(case, head)
    between = time.perf_counter()
    criteria = read_criteria(SCORERS["mrics"].criteria)
    forced = SCORERS["mrics"].score(tables, CONTEXT, criteria)
    sure = score_surely(SCORERS["mrics"], tables, margins, CONTEXT, criteria)
    dominance_criteria = read_criteria(SCORERS["dominance"].criteria)
    dominance = score_surely(SCORERS["dominance"], tables, margins, CONTEXT, dominance_criteria)
    keys = ("group", "subgroup", "confidence", "subgroup_confidence", "alternatives", "side", "not_assessed")
    return {
        "truth": head.truth,
        "forced": {key: forced[key] for key in ("group", "subgroup", "secondary")},
        "call": {key: sure[key] for key in keys},
        "dominance": {key: dominance[key] for key in ("call", "confidence", "alternatives", "index")},
        "volume_ml": float(tables.lesions["volume_mm3"].sum() / 1000),
        "seconds": {"tables": between - start, "calls": time.perf_counter() - between},
    }


def results(cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Return the results of cases, from files where they are; newly run ones are written."""
    found = []
    for case in cases:
        path = OUT / f"{case.name}.json"
        if not path.is_file():
            write_json(path, run_one(case))
        found.append(json.loads(path.read_text()))
    return found


def kappa(truth: Sequence[str], calls: Sequence[str]) -> float:
    """Return Cohen's kappa (Cohen 1960, Educ Psychol Meas 20:37)."""
    words = sorted({*truth, *calls})
    table = np.zeros((len(words), len(words)))
    for one, other in zip(truth, calls, strict=True):
        table[words.index(one), words.index(other)] += 1
    table /= table.sum()
    chance = float((table.sum(0) * table.sum(1)).sum())
    return float((np.trace(table) - chance) / (1 - chance)) if chance < 1 else 1.0


def calibration_error(confidence: Sequence[float], right: Sequence[bool], bins: int = 5) -> float:
    """Return the expected calibration error over bins of equal count."""
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, bins)
    gaps = [
        len(part) * abs(np.mean(np.asarray(confidence)[part]) - np.mean(np.asarray(right)[part]))
        for part in parts
        if len(part)
    ]
    return float(sum(gaps) / len(order))


def named(result: dict[str, Any]) -> set[str]:
    """Return every pattern that a result names: called, secondary, or a candidate where it abstains."""
    call, forced = result["call"], result["forced"]
    undecided = call["subgroup"] == "n/a"
    candidates = {other["call"] for other in call["alternatives"]} if undecided else {call["subgroup"]}
    return candidates | set(forced["secondary"])


def figures(found: list[dict[str, Any]]) -> dict[str, float]:
    """Return the figures of one set of brains; two-pattern brains count as right with either group."""
    single = [r for r in found if r["truth"]["secondary"] == "n/a"]
    two = [r for r in found if r["truth"]["secondary"] != "n/a"]
    sure = [r for r in found if r["call"]["confidence"] is not None]
    called = [r for r in found if r["call"]["group"] != "n/a"]
    return {
        "n": len(found),
        "kappa, group": kappa(*_pairs(single, "group")),
        "kappa, subgroup": kappa(*_pairs(single, "subgroup")),
        "coverage": len(called) / len(found),
        "accuracy of calls": float(np.mean([_right(r, r["call"]["group"]) for r in called])),
        "accuracy without abstention": float(np.mean([_right(r, r["forced"]["group"]) for r in found])),
        "ECE": calibration_error(
            [r["call"]["confidence"] for r in sure], [_right(r, r["forced"]["group"]) for r in sure]
        ),
        "two patterns, n": len(two),
        "two patterns, both named": float(
            np.mean([{r["truth"]["subgroup"], r["truth"]["secondary"]} <= named(r) for r in two])
        )
        if two
        else float("nan"),
    }


def _pairs(found: list[dict[str, Any]], key: str) -> tuple[list[str], list[str]]:
    return [r["truth"][key] for r in found], [r["forced"][key] for r in found]


def _right(result: dict[str, Any], group: str) -> bool:
    return group in {result["truth"]["group"], result["truth"]["secondary"][:1]}


def confusion(found: list[dict[str, Any]], key: str) -> str:
    """Return a Markdown table of truth (rows) against call without abstention (columns)."""
    single = [r for r in found if r["truth"]["secondary"] == "n/a"]
    truth, calls = _pairs(single, key)
    columns = sorted({*truth, *calls})
    lines = [f"| truth | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for row in sorted(set(truth)):
        counts = [
            sum(t == row and c == column for t, c in zip(truth, calls, strict=True)) for column in columns
        ]
        lines.append(f"| {row} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines)


def changed(base: list[dict[str, Any]], other: list[dict[str, Any]], key: str) -> str:
    """Return how many calls differ between two renderings of the same brains."""
    n = sum(a["call"][key] != b["call"][key] for a, b in zip(base, other, strict=True))
    forced = sum(a["forced"][key] != b["forced"][key] for a, b in zip(base, other, strict=True))
    return f"{n} of {len(base)} calls, {forced} before abstention"


def is_done(case: Case) -> bool:
    return (OUT / f"{case.name}.json").is_file()


def report(seeds: str, only: str, done: bool) -> None:
    sizes = {"first": N_FIRST, "second": N_SECOND if real_shapes.STROKES.is_dir() else 0}
    base: dict[str, list[Case]] = {g: [Case(g, i, seeds) for i in range(n)] for g, n in sizes.items()}
    if seeds == "development":
        base = {g: cases[: len(cases) // 2] for g, cases in base.items()}
    for generator, planned in base.items():
        cases = [case for case in planned if not done or is_done(case)]
        if cases and only in generator:
            found = results(cases)
            print(f"\n## Generator: {generator}\n")
            print("\n".join(f"- {name}: {value:.3g}" for name, value in figures(found).items()))
            print(f"\n{confusion(found, 'group')}\n\n{confusion(found, 'subgroup')}")
            seconds = [r["seconds"] for r in found]
            print(f"\nSeconds: {pd.DataFrame(seconds).median().round(2).to_dict()}")
    variants: dict[str, Callable[[Case], Case]] = {
        "mirrored": lambda case: replace(case, mirrored=True),
        **{f"{mm:g}mm": lambda case, mm=mm: replace(case, voxel_mm=mm) for mm in OTHER_VOXELS_MM},
        "published": lambda case: replace(case, atlas="published"),
    }
    few = base["first"][:: max(len(base["first"]) // N_VARIED, 1)]
    for name, vary in variants.items():
        cases = [case for case in few if not done or (is_done(case) and is_done(vary(case)))]
        if cases and only in name:
            pair = results(cases), results([vary(case) for case in cases])
            told = {key: changed(*pair, key) for key in ("group", "subgroup")}
            print(f"\n{name}: group {told['group']}; subgroup {told['subgroup']}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="run the parts whose name holds this word")
    parser.add_argument("--development", action="store_true", help="use the seeds of development")
    parser.add_argument("--done", action="store_true", help="run nothing, report what is there")
    chosen = parser.parse_args()
    report("development" if chosen.development else "judged", chosen.only, chosen.done)
