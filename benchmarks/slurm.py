"""Twelve small scans through a SLURM of one node (tests/slurm/up.sh), compared with the same run without it.

`python benchmarks/slurm.py FOLDER`, as root; FOLDER is made, where the user slurmtest may read: for example
/home/slurmtest/twelve. One scan is damaged, one is too large for the memory that scans are given.
Prints how the first run ended, what the second, with more memory, still had to run, which files differ from
the local run, and what SLURM costs a scan: the time of the queue less that of the stages.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

import pandas as pd

from cpimaging.simulate import simulate

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from slurm_node import MORE_MB, ROOT, USER, WITHIN_MB, finer, interpreter, on_slurm, run

DAMAGED, LARGE = "sub-05", "sub-09"


def main() -> None:
    """Make the dataset, run it three times, print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True)
    make(folder / "bids")
    shutil.chown(folder, USER)

    start = time.monotonic()
    code = ran(folder, "out", *on_slurm(WITHIN_MB))
    wall_s = time.monotonic() - start
    table = summary(folder / "out")
    done = table["status"] == "done"
    print(f"first run: exit {code} after {wall_s:.0f} s; {done.sum()} of {len(table)} done")
    print(table.loc[~done, ["stage", "status", "message"]].to_string())
    print(f"work of the stages: {stage_seconds(folder / 'out'):.0f} s")

    before = pages(folder / "out")
    code = ran(folder, "out", *on_slurm(MORE_MB))
    again = {name for name, made in pages(folder / "out").items() if before.get(name) != made}
    print(f"with more memory: exit {code}; pages made: {sorted(again)}")
    print(summary(folder / "out")["status"].value_counts().to_dict())

    ran(folder, "local", "--workflow-profile", str(ROOT / "profiles/default"), "--cores", "2")
    print("differ from the local run:", differing(folder / "out", folder / "local") or "none")


def make(bids: Path) -> None:
    """Write twelve scans, one damaged, one of 27 times the voxels."""
    simulate(bids, n=12, seed=11, voxel_mm=2.5)
    scan = bids / DAMAGED / "anat" / f"{DAMAGED}_T1w.nii.gz"
    scan.write_bytes(scan.read_bytes()[:5000])
    for path in bids.rglob(f"{LARGE}*.nii.gz"):
        finer(path)


def ran(folder: Path, output: str, *options: str) -> int:
    """Run the workflow as the user of the tests; return the exit code."""
    python = interpreter()
    if python is None:
        sys.exit(f"user {USER} may run no Python of this version")
    made = run(python, folder, output, *options)
    with (folder / "log.txt").open("a") as log:
        log.write(made.stdout + made.stderr)
    return made.returncode


def summary(out: Path) -> pd.DataFrame:
    """Return logs/summary.tsv by participant."""
    return pd.read_csv(out / "logs/summary.tsv", sep="\t").set_index("participant_id")


def stage_seconds(out: Path) -> float:
    """Return the sum of the wall time that Snakemake measured of the stages."""
    tables = (pd.read_csv(path, sep="\t") for path in (out / "logs/benchmarks").rglob("*.tsv"))
    return sum(float(pd.to_numeric(table["s"], errors="coerce").sum()) for table in tables)


def pages(out: Path) -> dict[str, int]:
    """Return when each scan's page was written."""
    return {path.stem: path.stat().st_mtime_ns for path in out.glob("sub-*.html")}


def differing(one: Path, other: Path) -> list[str]:
    """Return the files that are not the same in two folders of results, without logs."""
    files = {path.relative_to(top) for top in (one, other) for path in top.rglob("*") if path.is_file()}
    return sorted(
        str(name)
        for name in files
        if "logs" not in name.parts
        and not (
            (one / name).is_file()
            and (other / name).is_file()
            and (one / name).read_bytes() == (other / name).read_bytes()
        )
    )


if __name__ == "__main__":
    main()
