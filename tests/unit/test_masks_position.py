"""Where a given mask lies: on which grid, and whether that can be."""

import numpy as np
import pytest

from cpimaging import masks
from cpimaging.masks import (
    check_header,
    check_lesion_position,
    covering_mask,
    moved_mask,
    of_same_grid,
    place_mask,
)
from cpimaging.types import Image, InputError

FILE = "sub-01_mask.nii.gz"


def box(image: Image, low: tuple[int, int, int], high: tuple[int, int, int]) -> Image:
    data = np.zeros(image.shape, bool)
    data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return image.with_data(data)


def test_a_mask_on_the_grid_of_the_scan_is_taken_as_it_is(blob_brain: Image) -> None:
    mask = box(blob_brain, (10, 20, 14), (14, 22, 20))
    nearly = Image(mask.data, mask.affine + np.diag([0, 0, 0, 0.0]) + 1e-4, ("L", "A", "S"))
    placed, notes = place_mask(nearly, blob_brain)
    assert np.array_equal(placed.data, mask.data)
    assert np.array_equal(placed.affine, blob_brain.affine)
    assert placed.axcodes == blob_brain.axcodes
    assert notes == []


def test_a_mask_on_another_grid_lands_where_it_lies_in_the_world(blob_brain: Image) -> None:
    """A cropped mask with half the voxel size: its 8 × 4 × 12 voxels of 1 mm are 4 × 2 × 6 of 2 mm."""
    affine = np.diag([1.0, 1.0, 1.0, 1.0])
    affine[:3, 3] = (blob_brain.affine @ [8, 15, 10, 1])[:3] - 0.5  # fine voxels fill coarse ones
    fine = Image(np.zeros((20, 24, 22), np.uint8), affine)
    fine.data[4:12, 10:14, 8:20] = 1
    placed, notes = place_mask(fine, blob_brain)
    assert np.array_equal(placed.data, box(blob_brain, (10, 20, 14), (14, 22, 20)).data)
    assert len(notes) == 1
    assert "another grid" in notes[0]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_mask_of_the_same_shape_elsewhere_has_lost_its_header(blob_brain: Image, axis: int) -> None:
    affine = blob_brain.affine.copy()
    affine[axis, 3] += 3.0
    with pytest.raises(InputError) as error:
        check_header(
            Image(box(blob_brain, (9, 9, 9), (12, 12, 12)).data, affine), {"a_T1w": blob_brain}, FILE
        )
    assert "another position; if it was drawn on a_T1w, copy that image's header" in str(error.value)


def test_a_lesion_must_meet_the_brain(blob_brain: Image) -> None:
    brain = blob_brain.with_data(blob_brain.data > 0)
    inside = box(blob_brain, (18, 22, 16), (22, 26, 20))
    check_lesion_position(inside, brain, FILE)
    check_lesion_position(box(blob_brain, (0, 0, 0), (0, 0, 0)), brain, FILE)  # empty: nothing to place
    with pytest.raises(InputError) as error:
        check_lesion_position(box(blob_brain, (0, 0, 0), (4, 4, 4)), brain, FILE)
    assert "outside the brain (0 % inside); its position does not fit the scan: give it on" in str(
        error.value
    )
    with pytest.raises(InputError, match="its grid is that of a_T1w: check whose and when it is"):
        check_lesion_position(box(blob_brain, (0, 0, 0), (4, 4, 4)), brain, FILE, "a_T1w")


def test_a_lesion_may_reach_5_mm_beyond_the_brain_mask(blob_brain: Image) -> None:
    """The brain ends at x = -16 mm here; a rim of 2 voxels of 2 mm still counts, one of 5 does not."""
    brain = box(blob_brain, (12, 0, 0), (40, 48, 36))
    check_lesion_position(box(blob_brain, (10, 10, 10), (12, 20, 20)), brain, FILE)
    with pytest.raises(InputError):
        check_lesion_position(box(blob_brain, (5, 10, 10), (10, 20, 20)), brain, FILE)


def test_a_lesion_on_another_grid_that_misses_the_scan_is_refused(blob_brain: Image) -> None:
    """Another shape and far away: nothing of it is left on the scan's grid, and it must not pass as empty."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = [300.0, 0.0, 0.0]
    far = Image(np.ones((5, 6, 7), bool), affine)
    with pytest.raises(InputError) as error:
        check_lesion_position(far, blob_brain.with_data(blob_brain.data > 0), FILE)
    assert "0 % inside" in str(error.value)


def turned_to(image: Image, order: tuple[int, int, int], flips: tuple[int, int, int]) -> Image:
    """The image with its axes stored in another order and direction; where its voxels lie does not change."""
    step = np.zeros((4, 4))
    step[3, 3] = 1
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        step[old, new] = flip
        step[old, 3] = image.shape[old] - 1 if flip < 0 else 0
    data = image.data.transpose(order)[tuple(slice(None, None, flip) for flip in flips)]
    return Image(data, image.affine @ step)


def test_a_mask_is_known_by_its_grid_whatever_its_axes_and_by_a_part_of_it(blob_brain: Image) -> None:
    coarse = Image(np.zeros((20, 24, 18)), blob_brain.affine @ np.diag([2.0, 2, 2, 1]))
    shifted = Image(blob_brain.data, blob_brain.affine + np.diag([0, 0, 0, 0.0]))
    shifted.affine[1, 3] += 7
    images = {"T1w": blob_brain, "T2w": shifted, "FLAIR": coarse}
    mask = box(blob_brain, (9, 9, 9), (12, 13, 14))
    assert of_same_grid(mask, images) == ["T1w"]
    turned = turned_to(mask, (2, 0, 1), (-1, 1, -1))
    assert turned.shape == (36, 40, 48)
    assert of_same_grid(turned, images) == ["T1w"]
    assert of_same_grid(mask, {"T1w": turned_to(blob_brain, (1, 2, 0), (1, -1, 1))}) == ["T1w"]
    inner = blob_brain.affine.copy()
    inner[:3, 3] = (blob_brain.affine @ [8, 8, 8, 1])[:3]
    part = Image(mask.data[8:14, 8:14, 8:15], inner)
    assert of_same_grid(part, images) == ["T1w"]
    assert of_same_grid(part, {**images, "ADC": blob_brain}) == ["T1w", "ADC"]
    beside = inner.copy()
    beside[0, 3] += 1  # half a voxel
    assert of_same_grid(Image(part.data, beside), images) == []
    beyond = inner.copy()
    beyond[0, 3] += 80
    assert of_same_grid(Image(part.data, beyond), images) == []
    rounded = inner + np.diag([1e-4, -1e-4, 1e-4, 0])  # as ITK-SNAP writes it
    assert of_same_grid(Image(part.data, rounded), images) == ["T1w"]


def test_a_mask_with_the_header_of_another_contrast_has_not_lost_it(blob_brain: Image) -> None:
    moved = Image(blob_brain.data, blob_brain.affine.copy())
    moved.affine[1, 3] += 9
    mask = box(moved, (9, 9, 9), (12, 12, 12))
    check_header(mask, {"T1w": blob_brain, "T2w": moved}, FILE)
    with pytest.raises(InputError, match="another position"):
        check_header(mask, {"T1w": blob_brain}, FILE)


def test_a_moved_mask_keeps_its_voxels_and_their_volume(blob_brain: Image) -> None:
    """A turn by 30 degrees and a shift: the voxel at (9, 9, 9) lies where the inverse takes it."""
    a = np.deg2rad(30)
    matrix = np.array(
        [[np.cos(a), -np.sin(a), 0, 5], [np.sin(a), np.cos(a), 0, -7], [0, 0, 1, 3], [0, 0, 0, 1]]
    )
    mask = box(blob_brain, (9, 9, 9), (12, 12, 12))
    moved = moved_mask(mask, matrix)
    assert moved.data is mask.data
    assert moved.voxel_volume_mm3 == pytest.approx(8)
    x, y, z, _ = mask.affine @ [9, 9, 9, 1]
    back = np.array(
        [np.cos(a) * (x - 5) + np.sin(a) * (y + 7), -np.sin(a) * (x - 5) + np.cos(a) * (y + 7), z - 3]
    )
    assert (moved.affine @ [9, 9, 9, 1])[:3] == pytest.approx(back)
    assert np.array_equal(moved_mask(mask, np.eye(4)).affine, mask.affine)
    fitted = matrix + np.diag([2e-6, -1e-6, 1e-6, 0])
    assert moved_mask(mask, fitted).voxel_volume_mm3 == pytest.approx(8, rel=1e-12)


# --- the grid that is measured covers the brain


def part_of(mask: Image, low: tuple[int, int, int], high: tuple[int, int, int]) -> Image:
    affine = mask.affine.copy()
    affine[:3, 3] = (mask.affine @ [*low, 1])[:3]
    return Image(mask.data[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], affine)


def test_a_cropped_mask_of_the_scan_gets_the_grid_of_the_scan(blob_brain: Image) -> None:
    brain = blob_brain.with_data(blob_brain.data > 0)
    mask = box(blob_brain, (9, 9, 9), (12, 13, 14))
    for low, high in (((9, 9, 9), (12, 13, 14)), ((0, 5, 9), (40, 13, 30)), ((7, 0, 0), (14, 48, 36))):
        whole = covering_mask(part_of(mask, low, high), brain, FILE)
        assert np.array_equal(whole.data, mask.data)
        assert np.allclose(whole.affine, brain.affine)
    assert covering_mask(mask, brain, FILE) is mask


def test_a_cropped_mask_on_a_lattice_of_its_own_grows_until_it_holds_the_brain(blob_brain: Image) -> None:
    """Voxels of 3 mm that lie across those of the scan, turned by 20 degrees: counted by brute force."""
    brain = blob_brain.with_data(blob_brain.data > 0)
    a = np.deg2rad(20)
    affine = np.eye(4)
    affine[:2, :2] = 3 * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    affine[2, 2] = 3
    affine[:3, 3] = [-7, 5, -4]
    data = np.zeros((5, 6, 7), bool)
    data[1:3, 2, 4:6] = True
    mask = Image(data, affine)
    grown = covering_mask(mask, brain, FILE)
    assert grown.voxel_volume_mm3 == mask.voxel_volume_mm3
    assert grown.data.sum() == data.sum()
    at = [(image.affine @ [*np.argwhere(image.data)[0], 1])[:3] for image in (grown, mask)]
    assert at[0] == pytest.approx(at[1])
    points = np.argwhere(brain.data) @ brain.affine[:3, :3].T + brain.affine[:3, 3]
    inverse = np.linalg.inv(grown.affine)
    voxels = np.rint(points @ inverse[:3, :3].T + inverse[:3, 3])
    assert (voxels >= 0).all()
    assert (voxels < grown.shape).all()
    assert covering_mask(grown, brain, FILE) is grown


def test_a_mask_of_thick_slices_that_covers_the_brain_stays_as_it_is(blob_brain: Image) -> None:
    brain = blob_brain.with_data(blob_brain.data > 0)
    slices = Image(np.zeros((40, 48, 15), bool), blob_brain.affine @ np.diag([1, 1, 2.5, 1.0]))
    assert covering_mask(slices, brain, FILE) is slices
    few = Image(slices.data[:, :, 4:9], part_of(slices, (0, 0, 4), (40, 48, 9)).affine)
    assert covering_mask(few, brain, FILE).shape[2] in (
        11,
        12,
        13,
    )  # 54 of 72 mm hold brain, and what was there


def test_a_part_too_fine_to_be_measured_on_is_refused(
    blob_brain: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(masks, "MOST_PADDED_VOXELS", 10_000)
    brain = blob_brain.with_data(blob_brain.data > 0)
    with pytest.raises(InputError, match="too fine"):
        covering_mask(Image(np.ones((5, 5, 5), bool), np.eye(4)), brain, FILE)
