"""Fit how often a reader would agree with a call, and show how well that holds for other kinds of cases.

`python benchmarks/calibration.py` calls cases of eight makers with their stability: the package's simulator
and real shapes (pattern.py, seeds of development), presentations.py, vignettes.py, vignettes_second.py,
generator3.py, blind.py, and the masks of ../shared/data/textbook. Each kind of case counts once, whatever
number was drawn of it: a call is trusted as far as other kinds on the same ground are right. A reader's
answer counts 1, a defensible one a half, and so does any where the reading leaves three patterns open. It
prints the calibration in which each kind is left out of the table that judges it; `--write` writes the table
into the package. Cases are kept in results/bench/calibration: delete them when rules change.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import blind
import generator3
import numpy as np
import pandas as pd
import pattern
import presentations
import vignettes
import vignettes_second
from generator3_anatomy import load_brain
from numpy.typing import NDArray
from textbook import SHARED

from cpimaging.images import read_image
from cpimaging.io import read_table, write_json, write_text
from cpimaging.lesions.components import components
from cpimaging.morphometry.volumes import volume_table
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.margins import load_margins
from cpimaging.quantify.partition import Partition, partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.registration import resample
from cpimaging.scorers import SCORERS, Tables, read_criteria, score_surely
from cpimaging.scorers.agreement import TABLE, Calibration
from cpimaging.types import Atlas, Image, LabelMap

OUT = Path(__file__).resolve().parents[1] / "results" / "bench" / "calibration"
MRICS = SCORERS["mrics"]
DRAWS, N_SIMULATED, N_THIRD = 1, 40, 120
EDGES = (0.0, 0.7, 0.8, 0.9, 0.98)
"""Stability from which a step begins."""


class Case(NamedTuple):
    """A called case. score: 1 as a reader, 0.5 defensible, 0 neither."""

    maker: str
    kind: str
    ground: str
    stability: float
    score: float
    call: str


def judged(maker: str, kind: str, result: dict[str, Any], right: Sequence[str], half: Sequence[str]) -> Case:
    call = result["subgroup"]
    open_reading = len(right) >= 3
    score = 1.0 if call in right and not open_reading else 0.5 if call in {*right, *half} else 0.0
    return Case(maker, kind, result["ground"] or "none", result["subgroup_confidence"] or 0.0, score, call)


def kept(path: Path, make: Any) -> Case:
    """Return a case from its file; without one it is made and written."""
    if not path.is_file():
        write_json(path, make()._asdict())
    return Case(**json.loads(path.read_text()))


def surely(tables: Tables, margins: pd.DataFrame) -> dict[str, Any]:
    """Return a result with its stability, never taken back."""
    criteria = dict(read_criteria(MRICS.criteria))
    criteria["confident_share"] = {**criteria["confident_share"], "value": 0.0}
    return dict(score_surely(MRICS, tables, margins, pattern.CONTEXT, criteria))


def simulated() -> Iterator[Case]:
    for generator in ("first", "second"):
        step = pattern.N_FIRST // N_SIMULATED if generator == "first" else 1
        for index in range(N_SIMULATED):
            case = pattern.Case(generator, index * step, "development")
            yield kept(OUT / f"{case.name}.json", lambda case=case: _simulated(case))


def _simulated(case: pattern.Case) -> Case:
    head = pattern.drawn(case)
    right = {head.truth["subgroup"], head.truth["secondary"]} - {"n/a"}
    return judged(
        case.generator, head.truth["kind"], surely(*pattern.measured(case, head)), sorted(right), ()
    )


def in_template() -> Iterator[Case]:
    """Yield presentations, vignettes, blind and textbook masks, measured in the template's space."""
    for name, kind in presentations.KINDS.items():
        for seed in range(DRAWS):
            path = OUT / f"presentation_{name.replace(' ', '_')}_{seed}.json"
            yield kept(
                path,
                lambda name=name, kind=kind, seed=seed: judged(
                    "presentations",
                    name,
                    _measured(presentations.drawn(name, seed)),
                    kind.right,
                    kind.defensible,
                ),
            )
    brain = load_brain()
    for maker, kinds in {"vignettes": vignettes.KINDS, "vignettes_second": vignettes_second.KINDS}.items():
        vignettes.draw(OUT / maker, DRAWS, 1, brain, kinds)
        yield from of_folder(maker, OUT / maker)
    blind.draw(OUT / "blind")
    yield from of_folder("blind", OUT / "blind")
    if SHARED.is_dir():
        yield from of_folder("textbook", SHARED)
    generator3.draw(OUT / "third", N_THIRD, 0)
    yield from of_third(OUT / "third")


def of_third(folder: Path) -> Iterator[Case]:
    """Yield the masks of `generator3`, but for those without a lesion."""
    for row in read_table(folder / "truth.tsv").fillna("n/a").itertuples():
        mask = next((folder / "masks" / row.participant_id).rglob("*_mask.nii.gz"))
        right = sorted({row.subgroup, row.second} - {"n/a", "E"})
        if right:
            yield kept(
                OUT / f"third_{row.participant_id}.json",
                lambda row=row, mask=mask, right=right: judged(
                    "third",
                    row.kind,
                    _measured(read_image(mask, labels=True)),
                    right,
                    row.also_defensible.split(";"),
                ),
            )


def of_folder(maker: str, folder: Path) -> Iterator[Case]:
    """Yield the masks of a folder in the form of ../shared/data/textbook."""
    table = pd.read_csv(folder / "expected.tsv", sep="\t", dtype=str, keep_default_na=False)
    for row in table.itertuples():
        mask = next((folder / "masks").glob(f"{row.participant_id}*"))
        yield kept(
            OUT / f"{maker}_{row.participant_id}.json",
            lambda row=row, mask=mask: judged(
                maker,
                row.participant_id,
                _measured(read_image(mask, labels=True)),
                row.mrics.split("/"),
                row.also_defensible.split("/"),
            ),
        )


@cache
def ground() -> tuple[Atlas, Partition, NDArray[np.float32], pd.DataFrame]:
    """Return what masks in the template's space are measured with: atlas, cells, distance, morphometry."""
    atlas, volumes = pattern.known_atlas("embedded")
    grid = atlas.dseg.labels
    brain = resample(pattern.template().brain, grid, mode="nearest")
    depth, distance_mm = white_matter_depth(grid, atlas.dseg.regions)
    parts = partition(grid, atlas.dseg, _on(atlas.overlays, grid), brain, depth)
    return atlas, parts, distance_mm, volume_table(grid, atlas.dseg, brain, volumes)


def _measured(mask: Image) -> dict[str, Any]:
    atlas, parts, distance_mm, sizes = ground()
    grid = atlas.dseg.labels
    lesion = resample(mask.with_data(mask.data > 0), grid, mode="nearest")
    lesion = grid.with_data(lesion.data > 0)
    numbered, pieces = components(lesion, grid, atlas.dseg, distance_mm, "given mask")
    tables = Tables(load_in(lesion, parts), pieces, lesion_parts(numbered, parts), sizes)
    return surely(tables, load_margins(lesion, parts))


def _on(overlays: Any, grid: Image) -> dict[str, LabelMap]:
    return {
        name: LabelMap(resample(overlay.labels, grid, mode="nearest"), overlay.regions)
        for name, overlay in overlays.items()
    }


def fitted(cases: Sequence[Case]) -> Calibration:
    """Return the table of some cases."""
    kinds: dict[str, dict[tuple[str, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    for case in cases:
        kinds[case.ground][case.maker, case.kind].append(case.score)
    grounds = {
        ground: (round(sum(float(np.mean(scores)) for scores in of.values()), 3), float(len(of)))
        for ground, of in sorted(kinds.items())
    }
    return Calibration(grounds, _steps(cases))


def _steps(cases: Sequence[Case]) -> list[tuple[float, float]]:
    """Return the share right by stability, never falling (Ayer 1955, Ann Math Stat 26:641)."""
    ends = (*EDGES[1:], np.inf)
    pools = []
    for low, high in zip(EDGES, ends, strict=True):
        scores = [case.score for case in cases if low <= case.stability < high]
        pools.append([low, (sum(scores) + 0.5) / (len(scores) + 1), len(scores) + 1])
        while len(pools) > 1 and pools[-2][1] > pools[-1][1]:
            _, share, n = pools.pop()
            first = pools[-1]
            pools[-1] = [first[0], (first[1] * first[2] + share * n) / (first[2] + n), first[2] + n]
    return [(float(low), round(float(share), 3)) for low, share, _ in pools]


def shown(cases: Sequence[Case]) -> str:
    """Return a Markdown table: expected and found agreement, each kind left out of its own table."""
    expected = []
    for case in cases:
        others = [one for one in cases if (one.maker, one.kind) != (case.maker, case.kind)]
        expected.append(fitted(others).expected(case.ground, case.stability))
    bounds = (0, 0.6, 0.75, 0.85, 0.95, 1.01)
    lines = ["| expected | cases | expected, mean | found | neither right nor defensible |", "|---" * 5 + "|"]
    for low, high in pairwise(bounds):
        here = [(e, case) for e, case in zip(expected, cases, strict=True) if low <= e < high]
        if here:
            mean, found = np.mean([e for e, _ in here]), np.mean([case.score for _, case in here])
            wrong = sum(case.score == 0 for _, case in here)
            lines.append(
                f"| {low:.2f} to {min(high, 1):.2f} | {len(here)} | {mean:.2f} | {found:.2f} | {wrong} |"
            )
    right = [e for e, case in zip(expected, cases, strict=True) if case.score == 1]
    lines.append(
        f"\nOf the calls that a reader would give, {np.mean(np.array(right) >= 0.85):.0%} reach 0.85."
    )
    return "\n".join(lines)


def written(table: Calibration) -> str:
    head = "# How often a reader would agree, by what a call rests on and by its stability. Written by\n"
    head += (
        "# benchmarks/calibration.py. right: kinds of cases called as a reader would, defensible a half.\n"
    )
    lines = ["grounds:"]
    lines += [
        f'  "{name}": {{right: {right:g}, kinds: {kinds:g}}}'
        for name, (right, kinds) in table.grounds.items()
    ]
    lines += ["stability:", *(f"  - {{from: {start:g}, right: {share:g}}}" for start, share in table.steps)]
    return head + "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the table into the package")
    chosen = parser.parse_args()
    found = [case for case in (*simulated(), *in_template()) if case.ground != "none"]
    print(shown(found))
    for case in found:
        if case.score < 1:
            told = f"{case.call} on {case.ground}, {case.stability:.2f}: {case.score:g}"
            print(f"- {case.maker}, {case.kind}: {told}")
    if chosen.write:
        write_text(TABLE, written(fitted(found)))
