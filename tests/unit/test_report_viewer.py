import json

import numpy as np
import pytest
import report_content as content

from cpimaging.figures import Frame
from cpimaging.report.viewer import MOST_BYTES, MOST_CELLS, Grid, _sampled, grid_of, lesion_cells, viewer
from cpimaging.types import Image

GRID = Grid((40, 40, 40), (-19.5, -19.5, -19.5), 1.0)


def mask(shape: tuple[int, int, int], spacing: tuple[float, float, float], *voxels: tuple[int, int, int]):
    data = np.zeros(shape, np.uint8)
    for voxel in voxels:
        data[voxel] = 1
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-s * (n - 1) / 2 for s, n in zip(spacing, shape, strict=True)]
    return Image(data, affine)


@pytest.mark.parametrize("voxel", [(0, 0, 0), (31, 47, 80), (66, 66, 66), (99, 1, 50)])
def test_a_lesion_of_one_fine_voxel_survives_the_coarser_copy(voxel):
    fine = mask((100, 100, 100), (0.3, 0.3, 0.3), voxel)
    cells = lesion_cells(fine, GRID)
    world = fine.affine[:3, :3] @ voxel + fine.affine[:3, 3]
    assert tuple(np.floor(world + 20).astype(int)) in {tuple(cell) for cell in np.argwhere(cells)}
    assert cells.sum() <= 8


def test_a_thick_slice_is_filled_in_mm():
    cells = lesion_cells(mask((40, 40, 8), (1, 1, 5), (10, 20, 3)), GRID)
    assert np.argwhere(cells).tolist() == [[10, 20, z] for z in range(15, 20)]


def test_an_oblique_voxel_lies_where_its_affine_says():
    turned = np.array([[0.0, -1, 0, 5], [1, 0, 0, -7], [0, 0, 1, 3], [0, 0, 0, 1]])
    data = np.zeros((9, 9, 9), np.uint8)
    data[4, 2, 1] = 1  # x = -2 + 5, y = 4 - 7, z = 1 + 3
    cells = lesion_cells(Image(data, turned), GRID._replace(origin_mm=(-20.0, -20.0, -20.0)))
    assert np.argwhere(cells).tolist() == [[23, 17, 24]]


@pytest.mark.parametrize("tilt", [0.0, 1e-9], ids=["along the axes", "tilted a little"])
def test_cells_are_read_between_voxels_and_are_0_outside(tilt):
    """Voxels of 2 × 1 × 4 mm with the value x + 10 y + 100 z of their world position; cells of 1 mm."""
    affine = np.array([[2.0, tilt, 0, 1], [0, 1, 0, 2], [0, 0, 4, 3], [0, 0, 0, 1]])
    x, y, z = np.indices((6, 9, 4)) * np.reshape([2, 1, 4], (3, 1, 1, 1)) + np.reshape(
        [1, 2, 3], (3, 1, 1, 1)
    )
    image = Image((x + 10 * y + 100 * z).astype(np.float32), affine)
    cells = _sampled(image, Grid((4, 5, 6), (3.0, 2.5, 3.0), 1.0), order=1)
    x, y, z = np.indices((4, 5, 6)) + np.reshape([3, 2.5, 3], (3, 1, 1, 1))
    assert np.allclose(cells, x + 10 * y + 100 * z, atol=1e-3)
    assert not _sampled(image, Grid((4, 5, 6), (-30.0, 2.5, 3.0), 1.0), order=1).any()


def test_two_hundred_parts_stay_apart():
    places = [(3 * i, 3 * j, 3 * k) for i in range(6) for j in range(6) for k in range(6)][:200]
    assert lesion_cells(mask((40, 40, 40), (1, 1, 1), *places), GRID).sum() == 200


def test_cells_are_never_below_a_millimetre_nor_too_many():
    assert grid_of(Frame((0, 0, 0), (10, 20, 30), 0.75)) == Grid((10, 20, 30), (0.5, 0.5, 0.5), 1.0)
    large = grid_of(Frame((0, 0, 0), (300, 300, 300), 1.0))
    assert np.prod(large.shape) <= MOST_CELLS
    assert large.cell_mm == 1.75


def test_images_of_noise_keep_to_the_size():
    noise = np.random.default_rng(0).integers(1, 1000, (150, 190, 150)).astype(np.float32)
    image = Image(noise, np.eye(4))
    made = viewer(
        dict.fromkeys(("T1w", "T2w"), image),
        Frame((0, 0, 0), (150, 190, 150), 1.0),
        None,
        None,
        content.load(),
        (0, 0, 0),
    )
    assert len(made.data) < 1.4 * MOST_BYTES


def test_loads_come_from_the_table_and_text_is_escaped():
    labels = content.labels()
    made = viewer(
        {"</script>": content.scan_image()},
        Frame((-60, -65, -55), (60, 65, 55), 5.0),
        content.lesion(),
        labels,
        content.load(),
        (0, 0, 0),
    )
    assert "</script>" not in made.data
    told = {(r["name"], r["side"]): r["load"] for r in json.loads(made.data)["regions"]}
    assert told["Thalamus", "left"] == "0.500 ml of it lesion, 10.0 %"
    assert told["Thalamus", "right"] == "no lesion in it"
