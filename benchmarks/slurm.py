"""Twelve small scans through a SLURM of one node (tests/slurm/up.sh), compared with the same run without it.

`python benchmarks/slurm.py FOLDER`, as root; FOLDER is made, where the user slurmtest may read: for example
/home/slurmtest/twelve. One scan is damaged, one is too large for the memory that scans are given.
Prints how the first run ended, what the second, with more memory, still had to run, which files differ from
the local run, and what SLURM costs a scan: the time of the queue less that of the stages.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd

from cpimaging.simulate import simulate
from cpimaging.study.job import SCAN_STAGES

ROOT = Path(__file__).parents[1]
USER = "slurmtest"
DAMAGED, LARGE = "sub-05", "sub-09"
WITHIN_MB, MORE_MB = 1100, 3500


def main() -> None:
    """Make the dataset, run it three times, print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    folder.mkdir(parents=True)
    make(folder / "bids")
    shutil.chown(folder, USER)

    start = time.monotonic()
    code = on_slurm(folder, WITHIN_MB)
    wall_s = time.monotonic() - start
    table = summary(folder / "out")
    done = table["status"] == "done"
    print(f"first run: exit {code} after {wall_s:.0f} s; {done.sum()} of {len(table)} done")
    print(table.loc[~done, ["stage", "status", "message"]].to_string())
    print(f"work of the stages: {stage_seconds(folder / 'out'):.0f} s")

    before = pages(folder / "out")
    code = on_slurm(folder, MORE_MB)
    again = {name for name, made in pages(folder / "out").items() if before.get(name) != made}
    print(f"with more memory: exit {code}; pages made: {sorted(again)}")
    print(summary(folder / "out")["status"].value_counts().to_dict())

    local(folder)
    print("differ from the local run:", differing(folder / "out", folder / "local") or "none")


def make(bids: Path) -> None:
    """Write twelve scans, one damaged, one of 27 times the voxels."""
    simulate(bids, n=12, seed=11, voxel_mm=2.5)
    scan = bids / DAMAGED / "anat" / f"{DAMAGED}_T1w.nii.gz"
    scan.write_bytes(scan.read_bytes()[:5000])
    for path in bids.rglob(f"{LARGE}*.nii.gz"):
        finer(path)


def finer(path: Path, times: tuple[int, int, int] = (3, 3, 3)) -> None:
    """Split each voxel of an image."""
    image = nib.load(path)
    voxels = np.asanyarray(image.dataobj)
    for axis, count in enumerate(times):
        voxels = np.repeat(voxels, count, axis)
    affine = image.affine @ np.diag([*(1 / np.array(times)), 1])
    nib.save(nib.Nifti1Image(voxels, affine), path)


def interpreter() -> str:
    """Return a Python of this version that the user may run; the packages come by PYTHONPATH."""
    if subprocess.run(["runuser", "-u", USER, "--", sys.executable, "-c", ""], check=False).returncode == 0:
        return sys.executable
    return f"/usr/bin/python3.{sys.version_info.minor}"


def words(folder: Path, output: str) -> list[str]:
    """Return the command that both ways have in common."""
    python = [interpreter(), "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    return [*python, "--directory", str(folder), "--config", "bids_dir=bids", f"output_dir={output}"]


def environment() -> dict[str, str]:
    """Return what a user without rights has."""
    packages = Path(np.__file__).parents[1]
    path = f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/bin"
    return {
        "PATH": path,
        "HOME": f"/home/{USER}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
        "OMP_NUM_THREADS": "1",
    }


def on_slurm(folder: Path, memory_mb: int) -> int:
    """Run the workflow as a user on SLURM; return the exit code."""
    options = ["--workflow-profile", str(ROOT / "profiles/slurm"), "--retries", "0", "--latency-wait", "5"]
    options += ["--slurm-init-seconds-before-status-checks", "5"]
    options += ["--set-resources", *(f"{stage}:mem_mb={memory_mb}" for stage in SCAN_STAGES)]
    options += ["atlas:mem_mb=2000", "cohort:mem_mb=2000"]
    return _run(folder, [*words(folder, "out"), *options])


def local(folder: Path) -> int:
    """Run the workflow as the same user without SLURM; return the exit code."""
    options = ["--workflow-profile", str(ROOT / "profiles/default"), "--cores", "2"]
    return _run(folder, [*words(folder, "local"), *options])


def _run(folder: Path, command: list[str]) -> int:
    with (folder / "log.txt").open("a") as log:
        whole = ["runuser", "-u", USER, "--", *command]
        return subprocess.run(
            whole, env=environment(), cwd="/", stdout=log, stderr=log, check=False
        ).returncode


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
