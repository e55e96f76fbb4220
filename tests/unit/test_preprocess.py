from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from cpimaging.bids.scan import reference_contrast
from cpimaging.images import read_image
from cpimaging.preprocess import (
    align,
    bias_correct,
    check_finite,
    check_signal,
    coverage_note,
    diffusivity,
    extracted_brain,
    log_bias_field,
)
from cpimaging.registration import resample
from cpimaging.types import Image, InputError

FILE = "sub-01/anat/sub-01_T1w.nii.gz"


def told(error: pytest.ExceptionInfo[InputError]) -> str:
    """Return the message, once it is one line that names file, problem and cure."""
    text = str(error.value)
    assert "\n" not in text
    assert text == f"{error.value.path}: {error.value.problem}; {error.value.cure}"
    assert all((error.value.path, error.value.problem, error.value.cure))
    return text


def mirrored(image: Image) -> Image:
    """The image reflected in the plane x = 0; still RAS+."""
    affine = image.affine.copy()
    affine[0, 3] = -(image.affine[0, 0] * (image.shape[0] - 1) + image.affine[0, 3])
    return Image(np.ascontiguousarray(image.data[::-1]), affine)


# --- reference, signal, numbers


@pytest.mark.parametrize(
    ("contrasts", "reference"),
    [
        (["FLAIR", "T2w", "T1w"], "T1w"),
        (["FLAIR", "T2w"], "T2w"),
        (["ADC", "FLAIR"], "FLAIR"),
        (["ADC"], "ADC"),
    ],
)
def test_the_reference_is_t1_else_t2_else_flair_else_adc(contrasts: list[str], reference: str) -> None:
    assert reference_contrast(contrasts, "sub-01") == reference


def test_without_an_image_there_is_no_reference() -> None:
    with pytest.raises(InputError) as error:
        reference_contrast([], "sub-01")
    assert told(error).startswith("sub-01: has neither T1w, T2w, FLAIR nor ADC")


@pytest.mark.parametrize(("value", "problem"), [(0, "only zeros"), (7, "the same value"), (np.nan, "zeros")])
def test_an_image_without_signal_is_refused(small: Image, value: float, problem: str) -> None:
    with pytest.raises(InputError) as error:
        check_signal(small.with_data(np.full(small.shape, value)), FILE)
    assert problem in told(error)
    assert FILE in told(error)


def test_what_is_not_a_number_becomes_0_and_the_rest_stays(small: Image) -> None:
    data = small.data.copy()
    data[0, 1, 2], data[1, 2, 3], data[2, 3, 4] = np.nan, np.inf, -np.inf
    clean = check_signal(small.with_data(data), FILE)
    assert clean.data[0, 1, 2] == clean.data[1, 2, 3] == clean.data[2, 3, 4] == 0
    assert (clean.data != small.data).sum() == 3


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_a_number_is_refused_in_the_brain_and_noted_outside(small: Image, bad: float) -> None:
    brain = np.zeros(small.shape, bool)
    brain[1:4, 1:5, 1:6] = True
    outside = small.with_data(small.data.copy())
    outside.data[0, 0, :2] = bad
    assert check_finite(outside, brain, FILE) == ["2 voxels outside the brain were not numbers; set to 0"]
    outside.data[2, 2, 2:5] = bad
    with pytest.raises(InputError) as error:
        check_finite(outside, brain, FILE)
    assert "3 voxels inside the brain" in told(error)
    assert check_finite(small, brain, FILE) == []


# --- brain-extracted or not


def head(spacing_mm: float = 4.0) -> tuple[Image, np.ndarray]:
    """An empty field of view of 200 × 240 × 180 mm, and the ellipsoid of a brain of about 1040 ml in it."""
    shape = np.round(np.array([200, 240, 180]) / spacing_mm).astype(int)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) * n * spacing_mm / 2 for n in shape), indexing="ij")
    brain = (x / 60) ** 2 + (y / 75) ** 2 + (z / 55) ** 2 < 1
    return Image(np.zeros(shape, np.float32), np.diag([spacing_mm] * 3 + [1.0])), brain


def test_a_bare_brain_is_recognised_and_its_holes_filled() -> None:
    image, brain = head()
    image.data[brain] = 80
    image.data[25, 30, 22] = 0  # a dark voxel amid the ventricle
    image.data[2, 3, 4] = 5  # a speck that the extraction left
    found = extracted_brain(image)
    assert found is not None
    assert np.array_equal(found, brain)


@pytest.mark.parametrize("spacing_mm", [2.5, 4.0])
def test_a_whole_head_is_not_a_bare_brain(spacing_mm: float) -> None:
    """A scalp around the brain and a neck that leaves the field of view, background 0."""
    image, brain = head(spacing_mm)
    image.data[ndimage.binary_dilation(brain, iterations=round(12 / spacing_mm))] = 200
    image.data[brain] = 80
    low, high = round(60 / spacing_mm), round(140 / spacing_mm)
    image.data[low:high, low:high, : image.shape[2] // 2] = 100
    assert extracted_brain(image) is None


def test_a_brain_in_noise_is_not_a_bare_brain(rng: np.random.Generator) -> None:
    image, brain = head()
    image.data[:] = np.abs(rng.normal(0, 3, image.shape)) + 0.01
    image.data[brain] = 80
    assert extracted_brain(image) is None


def test_too_small_and_too_large_to_be_a_brain() -> None:
    image, brain = head()
    small = ndimage.binary_erosion(brain, iterations=8)
    assert 0 < small.sum() * 64 / 1000 < 150
    assert extracted_brain(image.with_data(small.astype(np.float32))) is None
    assert extracted_brain(image.with_data(np.ones(image.shape, np.float32))) is None


def slab(
    spacing_mm: tuple[float, float, float], low: float, high: float, skull: bool
) -> tuple[Image, np.ndarray]:
    """A brain of 1040 ml, bare or in skull and scalp, cut between two heights in mm; and where it lies."""
    shape = np.round(np.array([220, 260, high - low]) / spacing_mm).astype(int)
    x, y, z = np.meshgrid(
        *((np.arange(n) + 0.5) * d for n, d in zip(shape, spacing_mm, strict=True)), indexing="ij"
    )
    radius = [
        np.sqrt(((x - 110) / a) ** 2 + ((y - 130) / b) ** 2 + ((z + low) / c) ** 2) for a, b, c in AROUND
    ]
    data = np.where(radius[2] < 1, 70.0, 0)
    data[radius[1] < 1] = 10  # bone
    data = data if skull else np.zeros(shape)
    data[radius[0] < 1] = 80
    return Image(data.astype(np.float32), np.diag([*spacing_mm, 1.0])), radius[0] < 1


AROUND = ((60, 75, 55), (68, 83, 63), (76, 91, 71))
SLABS = {
    "sixteen slices of 8 mm": ((1.0, 1.0, 8.0), -60, 68),
    "cut at both ends": ((1.0, 1.0, 8.0), -24, 24),
    "cut below": ((2.0, 2.0, 5.0), -20, 60),
    "all of it": ((3.0, 3.0, 3.0), -75, 75),
}


@pytest.mark.parametrize("name", SLABS)
def test_a_slab_of_a_bare_brain_is_bare_and_one_of_a_head_is_not(name: str) -> None:
    """The brain may touch the faces as it likes; beside it lie specks that the extraction left."""
    image, brain = slab(*SLABS[name], skull=False)
    assert name == "all of it" or brain[:, :, [0, -1]].any() or SLABS[name][1] == -60
    image.data[3:5, 3:5, :] = 5
    image.data[-6:-3, 5:9, -2:] = 200
    found = extracted_brain(image)
    assert found is not None
    assert np.array_equal(found, brain)
    assert extracted_brain(slab(*SLABS[name], skull=True)[0]) is None


def test_hemispheres_above_the_callosum_are_both_kept() -> None:
    image, brain = slab((1.0, 1.0, 8.0), 0, 56, skull=False)
    image.data[109:111] = 0
    brain[109:111] = False
    found = extracted_brain(image)
    assert found is not None
    assert np.array_equal(found, brain)


def test_a_brain_cut_by_the_field_of_view_is_bare() -> None:
    image, brain = head()
    image.data[brain] = 80
    for start in (10, 16, 22):
        cut = Image(image.data[:, :, start:], image.affine)
        assert (cut.data[:, :, 0] > 0).any()
        found = extracted_brain(cut)
        assert found is not None
        assert np.array_equal(found, brain[:, :, start:])


def test_an_image_without_background_is_no_bare_brain() -> None:
    """A tight box around a brain keeps half of its voxels at 0; a block of tissue has none."""
    image, brain = head()
    image.data[brain] = 80
    box_of = ndimage.find_objects(brain.astype(int))[0]
    assert extracted_brain(Image(image.data[box_of], image.affine)) is not None
    assert extracted_brain(Image(np.full((30, 36, 28), 80, np.float32), image.affine)) is None


BARE = [
    f"bids/sub-{p}/anat/sub-{p}_{c}.nii.gz" for p in ("ms07", "ms26") for c in ("T1w", "T2w", "FLAIR")
] + [
    f"infant_templates/tpl-UNCBCP4DInfant_cohort-{age}_desc-brain_{c}.nii.gz"
    for age in ("00", "06", "24")
    for c in ("T1w", "T2w")
]
HEADS = [
    "bids/sub-head/anat/sub-head_T1w.nii.gz",
    "bids/sub-stroke/anat/sub-stroke_T2w.nii.gz",
    *(f"bids/sub-ms12/anat/sub-ms12_{c}.nii.gz" for c in ("T1w", "T2w", "FLAIR")),
]


def slabs(image: Image, size: float) -> list[Image]:
    """The image at another size of head: whole, its upper and lower half, and its middle, 8 mm slices."""
    scaled = Image(image.data, np.diag([size, size, size, 1]) @ image.affine)
    every = max(1, round(8 / scaled.spacing_mm[2]))
    thick = Image(scaled.data[:, :, ::every], scaled.affine @ np.diag([1, 1, every, 1]))
    filled = np.flatnonzero((thick.data != 0).any(axis=(0, 1)))
    low, n = filled[0] + 1, len(filled)
    parts = ((0, None), (low + n // 2, low + n), (low, low + n // 2), (low + n // 4, low + 3 * n // 4))
    return [Image(thick.data[:, :, a:b], thick.affine) for a, b in parts]


@pytest.mark.parametrize("size", [1.0, 0.7])
@pytest.mark.parametrize("path", BARE)
def test_real_bare_brains_are_bare_whole_and_in_slabs(real_data: Path, path: str, size: float) -> None:
    for part in slabs(read_image(real_data / path), size):
        volume_ml = (part.data != 0).sum() * part.voxel_volume_mm3 / 1000
        found = extracted_brain(part)
        assert (found is not None) == (volume_ml >= 150)
        if found is not None:
            assert found.sum() * part.voxel_volume_mm3 / 1000 == pytest.approx(volume_ml, rel=0.03)


@pytest.mark.parametrize("size", [1.0, 0.7])
@pytest.mark.parametrize("path", HEADS)
def test_real_heads_with_a_background_of_0_are_not_bare(real_data: Path, path: str, size: float) -> None:
    """Noise around the head set to 0, as by defacing; face and neck cut off in the upper half."""
    image = read_image(real_data / path)
    dim = ndimage.gaussian_filter(image.data, 1.5 / np.array(image.spacing_mm))
    labels, _ = ndimage.label(dim > 0.08 * np.percentile(image.data[image.data > 0], 98))
    largest = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    body = np.stack([ndimage.binary_fill_holes(layer) for layer in np.moveaxis(largest, 2, 0)], axis=2)
    bare = image.with_data(np.where(body, np.maximum(image.data, 0.01), 0).astype(np.float32))
    assert 0.3 < (bare.data == 0).mean() < 0.8
    for part in slabs(bare, size):
        assert extracted_brain(part) is None


# --- bias field


def tissues(rng: np.random.Generator) -> tuple[Image, np.ndarray, np.ndarray]:
    """Two tissues in blobs with noise, the brain, and the logarithm of a smooth bias field over them."""
    shape = (40, 48, 36)
    x, y, z = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    brain = (x / 0.8) ** 2 + (y / 0.85) ** 2 + (z / 0.75) ** 2 < 1
    white = ndimage.gaussian_filter(rng.standard_normal(shape), 1.5) > 0
    clean = np.where(white, 110.0, 70.0) + rng.normal(0, 2, shape)
    bias = 0.25 * x - 0.2 * y * y + 0.15 * z
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    return Image(np.where(brain, clean, 0).astype(np.float32), affine), brain, bias


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Set ITK's number of threads for a test."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    yield sitk.ProcessObject.SetGlobalDefaultNumberOfThreads
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


@pytest.mark.slow
def test_the_bias_field_is_the_same_for_any_number_of_cores(
    rng: np.random.Generator, threads: Callable[[int], None]
) -> None:
    """To the byte; ITK takes as many threads as there are cores."""
    clean, brain, bias = tissues(rng)
    biased = clean.with_data((clean.data * np.exp(bias)).astype(np.float32))
    found = []
    for number in (1, 2, 5):
        threads(number)
        found.append(log_bias_field(biased, brain).tobytes())
    assert len(set(found)) == 1


@pytest.mark.slow
def test_contrasts_are_aligned_alike_on_any_number_of_cores(
    blob_brain: Image, threads: Callable[[int], None]
) -> None:
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]
    moving = resample(blob_brain, blob_brain, matrix=turn)
    found = []
    for number in (1, 2, 5):
        threads(number)
        aligned = align(moving, blob_brain, blob_brain.data > 0)
        found.append((aligned.image.data.tobytes(), aligned.moved_mm, aligned.error_mm))
    assert len(set(found)) == 1


def test_a_known_bias_field_is_removed(rng: np.random.Generator) -> None:
    clean, brain, bias = tissues(rng)
    biased = clean.with_data((clean.data * np.exp(bias)).astype(np.float32))
    corrected = bias_correct(biased, brain)
    found = np.log(biased.data[brain] / corrected.data[brain])
    assert np.corrcoef(found, bias[brain])[0, 1] > 0.97
    left_over = np.log(corrected.data[brain] / clean.data[brain])
    assert left_over.std() < 0.25 * bias[brain].std()


def test_bias_correction_repeats_to_the_bit_and_leaves_nothing_outside(rng: np.random.Generator) -> None:
    clean, brain, bias = tissues(rng)
    biased = clean.with_data((clean.data * np.exp(bias) + 5).astype(np.float32))
    first, second = bias_correct(biased, brain), bias_correct(biased, brain)
    assert np.array_equal(first.data, second.data)
    assert first.data.dtype == np.float32
    assert (first.data[~brain] == 0).all()
    assert np.isfinite(first.data).all()


# --- one contrast on another


def turned(matrix_deg: float, shift_mm: tuple[float, float, float]) -> np.ndarray:
    a = np.deg2rad(matrix_deg)
    matrix = np.eye(4)
    matrix[:2, :2] = [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]
    matrix[:3, 3] = shift_mm
    return matrix


@pytest.mark.parametrize("mirror", [False, True], ids=["as it is", "mirrored"])
def test_a_small_rigid_move_is_found_and_undone(blob_brain: Image, mirror: bool) -> None:
    reference = mirrored(blob_brain) if mirror else blob_brain
    inverted = reference.with_data(np.where(reference.data > 0, 250 - reference.data, 0).astype(np.float32))
    move = turned(-5.0 if mirror else 5.0, (-4.0 if mirror else 4.0, -3.0, 2.0))
    brain = reference.data > 0
    moved, distance_mm, *_ = align(resample(inverted, reference, matrix=move), reference, brain)
    points = np.argwhere(brain) @ reference.affine[:3, :3].T + reference.affine[:3, 3]
    back = np.linalg.inv(move)
    expected = np.linalg.norm(points @ back[:3, :3].T + back[:3, 3] - points, axis=1).mean()
    assert distance_mm == pytest.approx(expected, abs=0.5)
    core = ndimage.binary_erosion(brain, iterations=3)
    assert np.corrcoef(moved.data[core], inverted.data[core])[0, 1] > 0.95
    assert np.array_equal(moved.affine, reference.affine)


def test_a_contrast_that_lies_well_is_not_resampled(blob_brain: Image) -> None:
    inverted = np.where(blob_brain.data > 0, 250 - blob_brain.data, 0).astype(np.float32)
    kept, distance_mm, *_ = align(blob_brain.with_data(inverted), blob_brain, blob_brain.data > 0)
    assert distance_mm < 1.0
    assert np.array_equal(kept.data, inverted)


def test_a_contrast_on_another_grid_comes_to_the_reference_grid(blob_brain: Image) -> None:
    coarse = Image(np.zeros((27, 32, 24), np.float32), blob_brain.affine @ np.diag([1.5, 1.5, 1.5, 1.0]))
    other = resample(blob_brain, coarse)
    moved, distance_mm, *_ = align(other, blob_brain, blob_brain.data > 0)
    assert moved.shape == blob_brain.shape
    assert distance_mm < 1.0
    core = ndimage.binary_erosion(blob_brain.data > 0, iterations=3)
    assert np.corrcoef(moved.data[core], blob_brain.data[core])[0, 1] > 0.95


# --- diffusion


@pytest.mark.parametrize(("unit", "noted"), [(1.0, False), (1e-3, True), (1e-6, True)])
def test_the_unit_of_an_adc_map_is_told_by_the_brain(small: Image, unit: float, noted: bool) -> None:
    """0.8e-3 mm²/s everywhere but one voxel of fluid, whatever the file counts in."""
    data = np.full(small.shape, 0.8e-3 / unit)
    data[1, 2, 3] = 3e-3 / unit
    found, notes = diffusivity(small.with_data(data), np.ones(small.shape, bool), FILE)
    assert found.data[0, 0, 0] == pytest.approx(0.8e-3, rel=1e-6)
    assert found.data[1, 2, 3] == pytest.approx(3e-3, rel=1e-6)
    assert bool(notes) == noted


def test_noise_of_the_division_in_an_adc_map_becomes_0_and_is_told(small: Image) -> None:
    data = np.full(small.shape, 8e-4)
    data[0, 0, :3] = -1e-3, np.nan, np.inf
    brain = np.ones(small.shape, bool)
    brain[0, 0, 1] = False
    found, (note,) = diffusivity(small.with_data(data), brain, FILE)
    assert found.data[0, 0, :4].tolist() == pytest.approx([0, 0, 0, 8e-4])
    assert note.startswith("2 voxels of the ADC in the brain")


@pytest.mark.parametrize("value", [0.0, -1e-3, 0.05, 20.0, 1e5])
def test_a_map_in_no_unit_of_adc_is_refused(small: Image, value: float) -> None:
    with pytest.raises(InputError) as error:
        diffusivity(small.with_data(np.full(small.shape, value)), np.ones(small.shape, bool), FILE)
    assert "no ADC in any usual unit" in told(error)


def test_a_contrast_that_shows_part_of_the_brain_says_so() -> None:
    """Five slices of 6 mm: 5 of 20 slices of the reference are filled."""
    brain = np.ones((6, 7, 20), bool)
    moved = Image(np.zeros(brain.shape), np.eye(4))
    moved.data[:, :, :5] = 1
    few = Image(np.ones((6, 7, 5)), np.diag([1.0, 1.0, 6.0, 1.0]))
    assert coverage_note(few, moved, brain) == ["covers 25 % of the brain (5 slices, spacing up to 6.0 mm)"]
    assert coverage_note(few, moved.with_data(np.ones(brain.shape)), brain) == []


def test_the_way_back_says_how_sure_an_alignment_is(blob_brain: Image, rng: np.random.Generator) -> None:
    brain = blob_brain.data > 0
    assert align(blob_brain, blob_brain, brain).error_mm < 0.3
    assert align(blob_brain, blob_brain, brain).moved_mm < 0.3
