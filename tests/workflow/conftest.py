"""One run of the demo dataset, shared by the tests of the workflow, which are slow, all of them."""

import shutil
from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


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
