"""Shared fixtures: small images with unequal sides, and the optional real scans."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from workflow_runs import DEMO, snakemake

from cpimaging.types import Image

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
LONGEST = ("slurm", "workflow", "browser", "hostile")
"""Folders whose files take longest: begun first, so that no core is idle while the last one runs."""


# Thousands of tests stay: looked through for garbage with every 700 new objects, all take a tenth longer.
gc.set_threshold(100_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {folder: place for place, folder in enumerate(LONGEST)}
    for item in items:
        real = "real_data" in getattr(item, "fixturenames", ())
        if real or item.path.parent.name in {"browser", "hostile"}:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """What makes a folder of a name by a function that fills it: once, for all of pytest-xdist's workers."""
    own = tmp_path_factory.getbasetemp()
    root = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return made


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20)


@pytest.fixture
def real_data() -> Path:
    """The folder of real scans; without it the test is skipped."""
    if not REAL.is_dir():
        pytest.skip("real scans are not here (../shared/data)")
    return REAL


@pytest.fixture
def small(rng: np.random.Generator) -> Image:
    """An image of 5 × 6 × 7 voxels of 2 × 1.5 × 3 mm, away from the origin."""
    affine = np.diag([2.0, 1.5, 3.0, 1.0])
    affine[:3, 3] = [-4.0, 7.0, 10.0]
    return Image(rng.random((5, 6, 7)).astype(np.float32), affine)


@pytest.fixture(scope="session")
def blob_brain() -> Image:
    """A smooth, lopsided brain-like image of 40 × 48 × 36 voxels of 2 mm; 0 outside."""
    from scipy import ndimage

    rng = np.random.default_rng(3)
    shape = (40, 48, 36)
    x, y, z = (np.linspace(-1, 1, n) for n in shape)
    inside = (x[:, None, None] / 0.8) ** 2 + (y[:, None] / 0.85) ** 2 + (z / 0.75) ** 2 < 1
    texture = ndimage.gaussian_filter(rng.standard_normal(shape), 2)
    texture = texture / texture.std()
    data = np.where(inside, 100 + 25 * texture + 20 * x[:, None, None], 0).astype(np.float32)
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [-40.0, -48.0, -36.0]
    return Image(data, affine)


@pytest.fixture(scope="session")
def demo(made_once: Callable[[str, Callable[[Path], None]], Path]) -> Path:
    """A folder with the demo dataset in bids/ and its results in out/; nobody changes it."""

    def fill(folder: Path) -> None:
        (folder / "bids").symlink_to(DEMO)
        run = snakemake(folder, bids_dir="bids", output_dir="out")
        assert run.returncode == 0, run.stderr[-3000:]

    return made_once("demo", fill)
