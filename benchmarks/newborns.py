"""Simulated newborns of a template of their age, through the whole workflow, and their healthy twins.

    python benchmarks/newborns.py TEMPLATES_DIR NAME [--n 8] [--seed 301]

The brains share their anatomy with the template that they are registered to, so that the figures are better
than they are on patients. Injured brains come with their masks; the twins have none, and software looks for
lesions. Data and results stay in results/bench/newborns: a stopped run goes on where it was.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from pattern import kappa

from cpimaging.columns import TRUTH, YOUNG, dtypes
from cpimaging.io import read_table
from cpimaging.simulate.young_dataset import simulate_young

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "results" / "bench" / "newborns"
TRUTH_COLUMNS = dtypes(column for column in TRUTH if column.when in ("", YOUNG))


def run(templates_dir: Path, name: str, n: int, seed: int) -> None:
    """Simulate the brains, unless they are there, and run the workflow on them."""
    bids = OUT / "bids"
    if not bids.is_dir():
        simulate_young(
            bids, templates_dir, name, n=n, seed=seed, voxel_mm=1.2, contrasts=("T1w", "T2w"), twins=True
        )
        for mask in healthy_masks(bids):
            mask.unlink()
    command = ["snakemake", "--cores", str(os.cpu_count()), "--keep-going", "--quiet", "all"]
    command += ["--configfile", str(ROOT / "config/config.yaml")]
    command += ["--config", f"bids_dir={bids}", f"output_dir={OUT / 'out'}", f"templates_dir={templates_dir}"]
    subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr)


def healthy_masks(bids: Path) -> list[Path]:
    """Return the empty masks of the twins, with their sidecars."""
    truth = read_table(bids / "sourcedata/truth/truth.tsv", TRUTH_COLUMNS)
    twins = truth.loc[truth["twin_of"] != "n/a", "participant_id"]
    return [path for label in twins for path in (bids / "derivatives").rglob(f"{label}_*") if path.is_file()]


def called(label: str) -> tuple[dict[str, Any], str]:
    """Return the call of a scan and the verdict of its checks; "failed" for both where it has no results."""
    stem = OUT / "out" / label / "anat" / label
    paths = [Path(f"{stem}_desc-{name}_stats.json") for name in ("pattern", "qc")]
    if not all(path.is_file() for path in paths):
        return {"group": "failed", "subgroup": "failed"}, "failed"
    call, checks = (json.loads(path.read_text()) for path in paths)
    return call["mrics"], checks["verdict"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("templates_dir", type=Path)
    parser.add_argument("name", help="template of the age")
    parser.add_argument("--n", type=int, default=8, help="injured brains; each has a healthy twin")
    parser.add_argument("--seed", type=int, default=301)
    given = parser.parse_args()
    run(given.templates_dir.resolve(), given.name, given.n, given.seed)
    truth = read_table(OUT / "bids/sourcedata/truth/truth.tsv", TRUTH_COLUMNS)
    volumes = read_table(OUT / "out/group_patterns.tsv").set_index("participant_id")["lesion_volume_mm3"]
    pairs = []
    head = ("scan", "drawn", "called", "stability", "lesion, mm³", "checks", "why not")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in truth.to_dict("records"):
        label, healthy = row["participant_id"], row["twin_of"] != "n/a"
        call, checks = called(label)
        drawn = f"healthy twin of {row['twin_of']}, no mask" if healthy else row["pattern"]
        told = (
            call["subgroup"],
            call.get("confidence"),
            volumes.get(label),
            checks,
            call.get("not_assessed"),
        )
        print(f"| {label} | {drawn} | {' | '.join(map(str, told))} |")
        pairs += [] if healthy else [(row["mrics_group"], call["group"])]
    print(f"\nmain group, given masks: kappa {kappa(*zip(*pairs, strict=True)):.2f} (n = {len(pairs)})")


if __name__ == "__main__":
    main()
