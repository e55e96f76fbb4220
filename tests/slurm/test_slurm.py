"""The workflow on a real SLURM of one node (`up.sh`), as a user without rights of root."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from workflow_runs import DEMO, ROOT

from cpimaging.study.job import SCAN_STAGES

pytestmark = pytest.mark.slow

USER = "slurmtest"
WITHIN_MB = 1100
"""Enough for a scan at 2.5 mm and the two Snakemakes of its job, too little for one of 7 million voxels."""


def interpreter() -> str:
    """Return a Python of this version that the user may run; the packages come by PYTHONPATH."""
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    for python in (sys.executable, system):
        words = ["runuser", "-u", USER, "--", python, "-c", "import cpimaging, snakemake"]
        if (
            subprocess.run(words, env=environment(), cwd="/", capture_output=True, check=False).returncode
            == 0
        ):
            return python
    pytest.skip(f"user {USER} may not run {sys.executable}, and {system} cannot stand in for it")


def environment() -> dict[str, str]:
    packages = Path(np.__file__).parents[1]
    return {
        "PATH": "/usr/sbin:/usr/bin:/bin",
        "HOME": f"/home/{USER}",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{packages}",
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def on_slurm() -> Callable[..., subprocess.CompletedProcess[str]]:
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], capture_output=True, check=False).returncode:
        pytest.skip("no SLURM answers: tests/slurm/up.sh starts one, as root")
    if os.getuid() or subprocess.run(["id", USER], capture_output=True, check=False).returncode:
        pytest.skip(f"needs root, to become the user {USER} that up.sh makes")
    python = interpreter()

    def run(folder: Path, *, memory_mb: int) -> subprocess.CompletedProcess[str]:
        words = [
            "runuser",
            "-u",
            USER,
            "--",
            python,
            "-m",
            "snakemake",
            "--snakefile",
            str(ROOT / "Snakefile"),
        ]
        words += ["--directory", str(folder)]
        words += ["--workflow-profile", str(ROOT / "profiles/slurm")]
        words += ["--retries", "0", "--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "5"]
        words += ["--set-resources", *(f"{stage}:mem_mb={memory_mb}" for stage in SCAN_STAGES)]
        words += ["atlas:mem_mb=2000", "cohort:mem_mb=2000", "--config", "bids_dir=bids", "output_dir=out"]
        return subprocess.run(words, env=environment(), cwd="/", capture_output=True, text=True, check=False)

    return run


def finer(path: Path) -> None:
    image = nib.load(path)
    times = np.array([3, 3, 2])
    voxels = np.asanyarray(image.dataobj)
    for axis, count in enumerate(times):
        voxels = np.repeat(voxels, count, axis)
    nib.save(nib.Nifti1Image(voxels, image.affine @ np.diag([*1 / times, 1])), path)


def results(folder: Path) -> dict[str, bytes]:
    """What people read of two scans: tables, images and pages."""
    files = [path for path in (folder / "out").rglob("sub-0[13]*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "logs" not in path.parts}


def test_what_failed_is_named_and_the_rest_is_as_on_one_machine(
    tmp_path_factory: pytest.TempPathFactory,
    on_slurm: Callable[..., subprocess.CompletedProcess[str]],
    demo: Path,
) -> None:
    folder = Path(f"/home/{USER}") / tmp_path_factory.mktemp("slurm").name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DEMO, folder / "bids")
    damaged = folder / "bids/sub-02/anat/sub-02_T1w.nii.gz"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    for path in (folder / "bids").rglob("sub-04*.nii.gz"):
        finer(path)
    shutil.chown(folder, USER)

    first = on_slurm(folder, memory_mb=WITHIN_MB)
    assert first.returncode == 1, first.stderr[-3000:]
    table = pd.read_csv(folder / "out/logs/summary.tsv", sep="\t").set_index("participant_id")
    assert table["status"].to_dict() == {
        "sub-01": "done",
        "sub-02": "failed",
        "sub-03": "done",
        "sub-04": "failed",
    }
    assert "sub-02_T1w.nii.gz" in table.loc["sub-02", "message"]
    assert table.loc["sub-04", "message"].startswith("ran out of memory; raise it: --set-resources ")

    pages = {name: (folder / f"out/{name}.html").stat().st_mtime_ns for name in ("sub-01", "sub-03")}
    second = on_slurm(folder, memory_mb=3500)
    assert second.returncode == 1, second.stderr[-3000:]
    assert (folder / "out/sub-04.html").is_file()
    assert pages == {name: (folder / f"out/{name}.html").stat().st_mtime_ns for name in pages}

    assert results(folder) == results(demo)
    shutil.rmtree(folder)
