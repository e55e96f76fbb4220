"""The workflow on the SLURM of one node that tests/slurm/up.sh starts, as a user without rights of root."""

import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np

from cpimaging.study.job import SCAN_STAGES

ROOT = Path(__file__).parents[1]
USER = "slurmtest"
WITHIN_MB = 1100
"""Enough for a scan at 2.5 mm and the two Snakemakes of its job, too little for one of 7 million voxels."""

MORE_MB = 3500
"""Enough for that one too."""


def interpreter() -> str | None:
    """Return a Python of this version that the user may run, None for none; packages come by PYTHONPATH."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        words = ["runuser", "-u", USER, "--", python, "-c", "import cpimaging, snakemake"]
        seen = subprocess.run(words, env=environment(), cwd="/", capture_output=True, check=False)
        if seen.returncode == 0:
            return python
    return None


def environment() -> dict[str, str]:
    """Return what a user without rights has."""
    packages = Path(np.__file__).parents[1]
    return {
        "PATH": "/usr/sbin:/usr/bin:/bin",
        "HOME": f"/home/{USER}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
        "OMP_NUM_THREADS": "1",
    }


def run(python: str, folder: Path, output: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the workflow of `bids` in a folder as the user. python: as `interpreter` returns it."""
    words = ["runuser", "-u", USER, "--", python, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
    words += ["--directory", str(folder), *options, "--config", "bids_dir=bids", f"output_dir={output}"]
    return subprocess.run(words, env=environment(), cwd="/", capture_output=True, text=True, check=False)


def on_slurm(memory_mb: int) -> list[str]:
    """Return the options that send scans to SLURM, each with so much memory, and nothing again."""
    stages = [f"{stage}:mem_mb={memory_mb}" for stage in SCAN_STAGES]
    return [
        *("--workflow-profile", str(ROOT / "profiles/slurm"), "--retries", "0", "--latency-wait", "5"),
        *("--slurm-init-seconds-before-status-checks", "5"),
        *("--set-resources", *stages, "atlas:mem_mb=2000", "cohort:mem_mb=2000"),
    ]


def finer(path: Path, times: tuple[int, int, int] = (3, 3, 3)) -> None:
    """Split each voxel of an image."""
    image = nib.load(path)
    voxels = np.asanyarray(image.dataobj)
    for axis, count in enumerate(times):
        voxels = np.repeat(voxels, count, axis)
    affine = image.affine @ np.diag([*(1 / np.array(times)), 1])
    nib.save(nib.Nifti1Image(voxels, affine), path)
