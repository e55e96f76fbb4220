"""One run of the demo dataset, shared by the tests of the workflow."""

from pathlib import Path

import pytest
from workflow_runs import DEMO, snakemake


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo dataset in bids/ and its results in out/."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "bids").symlink_to(DEMO)
    run = snakemake(folder, bids_dir="bids", output_dir="out")
    assert run.returncode == 0, run.stderr[-3000:]
    return folder
