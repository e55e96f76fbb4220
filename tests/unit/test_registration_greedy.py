"""The grids of the engine: where their voxels lie, and what is masked on them."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from cpimaging.registration import crop_to_brain
from cpimaging.registration.greedy import kept_voxels, smooth_fit
from cpimaging.registration.tools import coarse, grid_at, rigid, thinned
from cpimaging.types import Image

AFFINE = np.array([[1.0, 0, 0, -7], [0, 2, 0, 3], [0, 0, 0.5, 11], [0, 0, 0, 1]])
SHAPE = (12, 10, 16)


def world_x_2y_3z(grid: Image) -> np.ndarray:
    voxels = np.moveaxis(np.indices(grid.shape), 0, -1)
    points = voxels @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    return points @ [1.0, 2.0, 3.0]


def test_a_coarser_grid_covers_the_same_field_of_view() -> None:
    """Voxels of 1 × 2 × 0.5 mm become 2 mm; the first one covers two, one and four of the old."""
    grid = grid_at(Image(np.zeros(SHAPE), AFFINE), 2.0)
    assert grid.shape == (6, 10, 4)
    assert grid.affine == pytest.approx(
        np.array([[2, 0, 0, -6.5], [0, 2, 0, 3], [0, 0, 2, 11.75], [0, 0, 0, 1]])
    )


def test_a_grid_that_is_close_is_kept() -> None:
    image = Image(np.zeros(SHAPE), np.diag([2.05, 1.95, 2.0, 1.0]))
    assert grid_at(image, 2.0) is image


def test_thinning_moves_nothing() -> None:
    """What rises evenly through the scan rises evenly through the thinned one, at the same places."""
    scan = Image(np.zeros(SHAPE), AFFINE)
    scan.data[...] = world_x_2y_3z(scan)
    found = thinned(scan, grid_at(scan, 2.0))
    inner = (slice(2, -2), slice(2, -2), slice(1, -1))
    assert found.data[inner] == pytest.approx(world_x_2y_3z(found)[inner], abs=0.01)


def test_thinning_smooths_only_what_loses_voxels() -> None:
    scan = Image(np.zeros(SHAPE, np.float32), AFFINE)
    scan.data[:, 5] = 1
    assert thinned(scan, grid_at(scan, 2.0)).data[2, :, 2].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 0]
    scan.data[:] = 0
    scan.data[..., 8:12] = 1
    along = thinned(scan, grid_at(scan, 2.0)).data[2, 5]
    assert 0.6 < along[2] < 0.95
    assert along[1] == pytest.approx(along[3], abs=0.02)


def test_the_mask_of_the_fit_leaves_the_lesion_out() -> None:
    scan = Image(np.ones(SHAPE), AFFINE)
    lesion = scan.with_data(np.zeros(SHAPE, bool))
    grid = grid_at(scan, 2.0)
    assert kept_voxels(grid, None) is None
    assert kept_voxels(grid, lesion) is None
    lesion.data[4:6, 7, 12:16] = True
    kept = kept_voxels(grid, lesion)
    assert kept is not None
    assert np.argwhere(kept.data == 0).tolist() == [[2, 7, 3]]
    assert (kept.data.sum(), kept.affine[0, 3]) == (6 * 10 * 4 - 1, -6.5)


def test_the_crop_keeps_eight_millimetres_around_the_brain() -> None:
    """Eight voxels of 1 mm, four of 2 mm, and all there is of 0.5 mm."""
    scan = Image(np.zeros((30, 20, 16)), AFFINE)
    scan.data[12:15, 9:11, 8] = -1.0
    part = crop_to_brain(scan)
    assert part.shape == (8 + 3 + 8, 4 + 2 + 4, 16)
    assert part.affine[:3, 3] == pytest.approx([-7 + 4, 3 + 2 * 5, 11])


@pytest.mark.parametrize("name", ["a b", "it's", "ü;x"])
def test_the_folder_for_temporary_files_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, rng: np.random.Generator
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    blobs = ndimage.gaussian_filter(rng.random((24, 26, 22)), 2).astype(np.float32)
    scan = Image(blobs - blobs.min(), np.diag([2.0, 2, 2, 1]))
    before = Path.cwd()
    matrix = rigid(coarse(scan), coarse(scan))
    fit = smooth_fit(scan, scan, np.eye(4), None, 1)
    assert np.allclose(matrix, np.eye(4), atol=0.05)
    assert np.median(np.abs(fit.to_scan.data)) < 0.1
    assert Path.cwd() == before
    assert list((tmp_path / name).iterdir()) == []
