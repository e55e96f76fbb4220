"""The workflow on a real SLURM of one node (`up.sh`), as a user without rights of root."""

import os
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from slurm_node import MORE_MB, USER, WITHIN_MB, finer, interpreter, on_slurm, run
from workflow_runs import DEMO

pytestmark = pytest.mark.slow


@pytest.fixture
def python() -> str:
    """A Python that the user may run."""
    if not shutil.which("sinfo") or subprocess.run(["sinfo"], capture_output=True, check=False).returncode:
        pytest.skip("no SLURM answers: tests/slurm/up.sh starts one, as root")
    if os.getuid() or subprocess.run(["id", USER], capture_output=True, check=False).returncode:
        pytest.skip(f"needs root, to become the user {USER} that up.sh makes")
    return interpreter() or pytest.skip(f"user {USER} may run no Python of this version")


def results(folder: Path) -> dict[str, bytes]:
    """What people read of two scans: tables, images and pages."""
    files = [path for path in (folder / "out").rglob("sub-0[13]*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files if "logs" not in path.parts}


def test_what_failed_is_named_and_the_rest_is_as_on_one_machine(
    tmp_path_factory: pytest.TempPathFactory, python: str, demo: Path
) -> None:
    folder = Path(f"/home/{USER}") / tmp_path_factory.mktemp("slurm").name
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(DEMO, folder / "bids")
    damaged = folder / "bids/sub-02/anat/sub-02_T1w.nii.gz"
    damaged.write_bytes(damaged.read_bytes()[:5000])
    for path in (folder / "bids").rglob("sub-04*.nii.gz"):
        finer(path, (3, 3, 2))
    shutil.chown(folder, USER)

    first = run(python, folder, "out", *on_slurm(WITHIN_MB))
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
    second = run(python, folder, "out", *on_slurm(MORE_MB))
    assert second.returncode == 1, second.stderr[-3000:]
    assert (folder / "out/sub-04.html").is_file()
    assert pages == {name: (folder / f"out/{name}.html").stat().st_mtime_ns for name in pages}

    assert results(folder) == results(demo)
    shutil.rmtree(folder)
