"""What every registered engine keeps: shapes, spaces, direction, repeatability, left and right."""

import numpy as np
import pytest

from cpimaging.registration import Transform, resample
from cpimaging.registration.engine import Engine, Method
from cpimaging.registration.engines import ENGINES
from cpimaging.types import Image, InputError

pytestmark = pytest.mark.slow


@pytest.fixture(params=ENGINES)
def record(request: pytest.FixtureRequest) -> Engine:
    """Every registered engine that can run here."""
    try:
        ENGINES[request.param].check()
    except InputError as error:
        pytest.skip(str(error))
    return ENGINES[request.param]


@pytest.fixture
def engine(record: Engine) -> Method:
    return record.method


@pytest.fixture
def moving(record: Engine) -> Method:
    """Every one that fits."""
    if not record.moves:
        pytest.skip("leaves everything where it is")
    return record.method


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_says_what_it_does(name: str) -> None:
    engine = ENGINES[name]
    assert engine.name == name
    assert name in engine.title.lower()
    assert ":" in engine.title
    assert engine.with_lesion[0].islower()
    assert not engine.title.endswith(".")
    assert engine.source.endswith(".") or not engine.source


def fit(
    engine: Method, scan: Image, template: Image, exclude: Image | None = None, threads: int = 1
) -> Transform:
    return engine.deformable(scan, template, engine.affine(scan, template, exclude), exclude, threads)


def mirrored(image: Image) -> Image:
    """The image reflected in the plane x = 0; still RAS+."""
    affine = image.affine.copy()
    affine[0, 3] = -(image.affine[0, 0] * (image.shape[0] - 1) + image.affine[0, 3])
    return Image(np.ascontiguousarray(image.data[::-1]), affine)


def test_a_brain_meets_itself(engine: Method, blob_brain: Image) -> None:
    transform = fit(engine, blob_brain, blob_brain)
    assert transform.to_scan.data.shape[-1] == 3
    inside = blob_brain.data > 0
    for field in (transform.to_scan, transform.to_template):
        back = resample(blob_brain, blob_brain, field)
        assert np.corrcoef(back.data[inside], blob_brain.data[inside])[0, 1] > 0.95


def test_a_known_move_is_found(moving: Method, blob_brain: Image) -> None:
    turn = np.eye(4)
    angle = np.deg2rad(8)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    turn[:3, 3] = [3.0, -5.0, 4.0]
    scan = resample(blob_brain, blob_brain, matrix=turn)
    matrix = moving.affine(scan, blob_brain, None)
    corners = np.array([[20.0, 10, 5, 1], [-20, 15, -10, 1], [5, -25, 15, 1]]).T
    assert np.abs((matrix - turn) @ corners).max() < 1.5


def test_the_result_repeats_for_any_number_of_threads(engine: Method, blob_brain: Image) -> None:
    hole = blob_brain.with_data(np.zeros(blob_brain.shape, bool))
    hole.data[10:14, 20:24, 15:18] = True
    first = fit(engine, blob_brain, blob_brain, hole, threads=1)
    second = fit(engine, blob_brain, blob_brain, hole, threads=2)
    assert np.array_equal(first.to_scan.data, second.to_scan.data)
    assert np.array_equal(first.to_template.data, second.to_template.data)


def test_what_the_lesion_shows_hardly_matters(moving: Method, blob_brain: Image) -> None:
    """Bright or dark, it moves the fit by less than a third of a voxel on average; left in, by more."""
    lesion = blob_brain.with_data(np.zeros(blob_brain.shape, bool))
    lesion.data[10:18, 20:30, 14:24] = True
    grown = resample(blob_brain, blob_brain, matrix=np.diag([1.1, 0.95, 1.05, 1.0]))
    scans = [
        grown.with_data(np.where(lesion.data, grey, grown.data).astype(np.float32)) for grey in (20, 250)
    ]

    def apart(exclude: Image | None) -> float:
        bright, dark = (fit(moving, scan, blob_brain, exclude).to_scan for scan in scans)
        return float(np.linalg.norm(bright.data - dark.data, axis=-1).mean())

    assert apart(lesion) < 0.6 < apart(None), (apart(lesion), apart(None))


def test_left_stays_left(engine: Method, blob_brain: Image) -> None:
    transform = fit(engine, blob_brain, blob_brain)
    mirror = fit(engine, mirrored(blob_brain), mirrored(blob_brain))
    left = blob_brain.with_data(np.zeros(blob_brain.shape, np.uint8))
    left.data[8:12, 22:26, 16:20] = 1
    moved = resample(left, blob_brain, transform.to_scan, mode="nearest")
    moved_mirror = resample(mirrored(left), mirrored(blob_brain), mirror.to_scan, mode="nearest")

    def mean_x(image: Image) -> float:
        voxels = np.argwhere(image.data)
        return float((voxels @ image.affine[:3, :3].T + image.affine[:3, 3])[:, 0].mean())

    assert mean_x(moved) < -10
    assert mean_x(moved_mirror) == pytest.approx(-mean_x(moved), abs=1.0)
