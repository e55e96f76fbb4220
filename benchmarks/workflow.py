"""Run the whole workflow on simulated brains, as users do, and compare its calls with the truth.

40 brains of 2 mm, about a third of them hard cases, T1w and FLAIR; once with their lesion masks and once
without, so that the lesions are detected. Registration and quality checks are part of it. Data and results
stay in results/bench/workflow: a stopped run goes on where it was. Prints Markdown tables. With --first, so
many of the brains alone; with --only, given or detected masks alone.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from pattern import confusion, figures

from cpimaging.columns import GRADED, TRUTH, dtypes
from cpimaging.io import read_table
from cpimaging.simulate import simulate

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "results" / "bench" / "workflow"
TRUTH_COLUMNS = dtypes(column for column in TRUTH if column.when in ("", GRADED))
N, SEED, HARD_SHARE = 40, 72_000, 0.35


def run(masks: bool, first: int) -> Path:
    """Simulate the brains and run the workflow on the first ones; return its folder of results."""
    folder = OUT / ("given" if masks else "detected")
    if not (folder / "bids/dataset_description.json").is_file():
        simulate(folder / "bids", n=N, seed=SEED, masks=masks, mix=HARD_SHARE)
    command = ["snakemake", "--cores", str(os.cpu_count()), "--keep-going", "--quiet", "all"]
    command += ["--configfile", str(ROOT / "config/config.yaml")]
    command += ["--config", f"bids_dir={folder / 'bids'}", f"output_dir={folder / 'out'}"]
    command += [f"participant_label={','.join(f'{number + 1:02d}' for number in range(first))}"]
    subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr)
    return folder


def results(folder: Path) -> list[dict[str, Any]]:
    """Return truth and calls of every scan that was finished, as `pattern.figures` reads them."""
    truth = read_table(
        folder / "bids/sourcedata/truth/truth.tsv",
        TRUTH_COLUMNS,
    )
    found = []
    for row in truth.to_dict("records"):
        label = row["participant_id"]
        path = folder / "out" / label / "anat" / f"{label}_desc-pattern_stats.json"
        if path.is_file():
            found.append({**_called(json.loads(path.read_text())), "truth": _truth(row), "label": label})
    return found


def _truth(row: dict[str, Any]) -> dict[str, str]:
    return {name: row[f"mrics_{name}"] for name in ("group", "subgroup", "secondary")}


def _called(pattern: dict[str, Any]) -> dict[str, Any]:
    """Return the call, and the one before abstention: that of most repetitions, E if next to empty."""
    call = pattern["mrics"]
    too_little = (call["not_assessed"] or "").startswith("software found")
    nothing = "E" if pattern["dominance"]["call"] == "none" or too_little else "n/a"
    first = call["alternatives"][0]["call"] if call["alternatives"] else nothing
    forced = call["subgroup"] if call["subgroup"] != "n/a" else first
    return {
        "call": call,
        "forced": {"group": forced[0], "subgroup": forced, "secondary": call["secondary"]},
    }


def volume_error(folder: Path) -> str:
    """Return how far the measured lesion volumes are from the true ones."""
    truth = read_table(
        folder / "bids/sourcedata/truth/truth.tsv",
        TRUTH_COLUMNS,
    )
    found = read_table(folder / "out/group_patterns.tsv").set_index("participant_id")["lesion_volume_mm3"]
    true = truth.set_index("participant_id")["lesion_volume_mm3"].loc[found.index]
    injured = true > 0
    ratio = found[injured].astype(float) / true[injured]
    sound = found[~injured].astype(float)
    lines = [
        f"lesion volume over the true one: median {np.median(ratio):.2f}, "
        f"{np.percentile(ratio, 10):.2f} to {np.percentile(ratio, 90):.2f} in 80 % (n = {len(ratio)})"
    ]
    if len(sound):
        lines.append(f"without a lesion: {sound.max():.0f} mm3 at most (n = {len(sound)})")
    return "\n- ".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=int, default=N, help="how many of the brains")
    parser.add_argument("--only", choices=("given", "detected"), help="one of the two runs alone")
    chosen = parser.parse_args()
    for masks in (True, False):
        if chosen.only not in (None, "given" if masks else "detected"):
            continue
        start = time.perf_counter()
        folder = run(masks, chosen.first)
        minutes = (time.perf_counter() - start) / 60
        found = results(folder)
        print(f"\n## Masks {'given' if masks else 'withheld: lesions detected'} ({minutes:.0f} min)\n")
        print("\n".join(f"- {name}: {value:.3g}" for name, value in figures(found).items()))
        print(f"- {volume_error(folder)}\n\n{confusion(found, 'group')}\n\n{confusion(found, 'subgroup')}")
        for result in found:
            told = {**result["truth"], "confidence": result["call"]["confidence"]}
            if result["call"]["subgroup"] != told["subgroup"]:
                print(f"- {result['label']}: {told}, called {result['call']['subgroup']}")


if __name__ == "__main__":
    main()
