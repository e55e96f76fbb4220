"""Masks of cerebral palsy drawn as a reader sees them, with their truth, and what the software makes of them.

The drawings (`generator3_patterns`) follow the description of the patterns, not the software's rules;
nothing was changed after its first answer. Truth is written before the software runs.

    python benchmarks/generator3.py OUT [--n 120] [--seed 0] [--draw-only | --score-only]

OUT/masks: the masks. OUT/truth.tsv: the truth. OUT/results: of `cpimaging masks`. A mask alone makes no
scan normal: a scan without a lesion counts as E where dominance says "none".
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from generator3_anatomy import as_a_reader_draws, load_brain
from generator3_patterns import PRESENTATIONS

from cpimaging.images import write_image
from cpimaging.io import read_table, write_table
from cpimaging.types import Image

SPACE = "MNI152NLin2009aSym"


def kinds(n: int, rng: np.random.Generator) -> list:
    """Return n presentations in the shares of `PRESENTATIONS`, shuffled."""
    counts = np.array(list(PRESENTATIONS.values()), float)
    ends = np.cumsum(counts) / counts.sum() * n
    whole = np.diff(np.rint(ends), prepend=0).astype(int)
    drawn = [kind for kind, m in zip(PRESENTATIONS, whole, strict=True) for _ in range(m)]
    return [drawn[i] for i in rng.permutation(len(drawn))]


def draw(out: Path, n: int, seed: int) -> None:
    """Write n masks and their truth."""
    brain = load_brain(seed)
    rows = []
    for i, kind in enumerate(kinds(n, np.random.default_rng(seed)), 1):
        rng = np.random.default_rng([seed, i])
        lesion, truth = kind(brain, rng)
        mask = as_a_reader_draws(brain, rng, lesion)
        scan = f"sub-{i:03d}"
        name = f"{scan}_space-{SPACE}_label-L_mask.nii.gz"
        write_image(out / "masks" / scan / "anat" / name, Image(mask, brain.affine), template_space=True)
        rows.append({
            "participant_id": scan, "presentation": truth.presentation, "group": truth.subgroup[0],
            "subgroup": truth.subgroup, "second": truth.second or "n/a",
            "also_defensible": ";".join(truth.also) or "n/a", "laterality": truth.laterality or "n/a",
            "severity": truth.severity or "n/a", "kind": kind.__name__, "volume_mm3": int(mask.sum()),
        })  # fmt: skip
    write_table(out / "truth.tsv", pd.DataFrame(rows))


def kappa(truth: pd.Series, call: pd.Series) -> float:
    """Return Cohen's kappa, unweighted; a scan that is not called is a word of its own."""
    words = sorted({*truth, *call})
    chance = sum((truth == w).mean() * (call == w).mean() for w in words)
    return ((truth == call).mean() - chance) / (1 - chance)


def scored(out: Path) -> pd.DataFrame:
    """Return truth and call side by side, with columns that say what agrees."""
    calls = read_table(out / "results" / "group_patterns.tsv")
    both = read_table(out / "truth.tsv").merge(calls, on="participant_id", how="left").fillna("n/a")
    none = both.dominance == "none"
    both["call_group"] = both.mrics_group.mask(none, "E")
    both["call"] = both.mrics_subgroup.mask(none, "E")
    both["right_group"] = both.call_group == both.group
    both["right"] = both.call == both.subgroup
    both["defensible"] = [
        row.right or row.call in row.also_defensible.split(";") for row in both.itertuples(index=False)
    ]
    both["both_named"] = [
        {row.subgroup, row.second} <= {row.call, *re.findall(r"[B-D][1-3]?\b", row.mrics_secondary)}
        for row in both.itertuples(index=False)
    ]
    return both


def report(both: pd.DataFrame) -> None:
    """Print the figures."""
    n, mixed = len(both), both[both.second != "n/a"]
    print(
        f"main group: kappa {kappa(both.group, both.call_group):.3f}, agreement {both.right_group.mean():.3f}"
    )
    print(f"subgroup: {both.right.sum()} of {n} ({both.right.mean():.3f})")
    print(f"truth or also defensible: {both.defensible.sum()} of {n} ({both.defensible.mean():.3f})")
    print(f"mixed, both named: {mixed.both_named.sum()} of {len(mixed)}")
    shares = both.groupby("kind")[["right_group", "right", "defensible"]].mean().round(2)
    print(shares.assign(n=both.kind.value_counts()).to_string())
    print(pd.crosstab(both.subgroup, both.call))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--n", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--draw-only", action="store_true")
    parser.add_argument("--score-only", action="store_true")
    options = parser.parse_args()
    if not options.score_only:
        draw(options.out, options.n, options.seed)
    if not options.draw_only:
        if not options.score_only:
            command = [
                sys.executable,
                "-m",
                "cpimaging",
                "masks",
                options.out / "masks",
                options.out / "results",
            ]
            subprocess.run([*command, "--space", SPACE], check=True)
        report(scored(options.out))


if __name__ == "__main__":
    main()
