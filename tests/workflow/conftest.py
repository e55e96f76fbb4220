"""One run of the demo dataset, shared by the tests of the workflow, which are slow, all of them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workflow_runs import DEMO, snakemake


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def demo(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with the demo dataset in bids/ and its results in out/; nobody changes it."""

    def fill(folder: Path) -> None:
        (folder / "bids").symlink_to(DEMO)
        run = snakemake(folder, bids_dir="bids", output_dir="out")
        assert run.returncode == 0, run.stderr[-3000:]

    return made_once("demo", fill)


def copy_of(demo: Path, folder: Path) -> Path:
    for part in ("bids", "out", ".snakemake/metadata"):
        shutil.copytree(demo / part, folder / part)
    return folder


@pytest.fixture
def demo_copy(demo: Path, tmp_path: Path) -> Path:
    """A copy of the demo, its images and its results, that may be changed."""
    return copy_of(demo, tmp_path / "demo")


@pytest.fixture(scope="module")
def own_demo(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy for the tests of one module, each of which puts back what it takes away."""
    return copy_of(demo, tmp_path_factory.mktemp("own") / "demo")
