from pathlib import Path

import numpy as np
import pytest

from cpimaging.atlases import load_template
from cpimaging.bids.scan import Scan
from cpimaging.images import write_image
from cpimaging.io import write_json
from cpimaging.study.adc_norm import AGES, MEAN, SD, norm_for, read_norm
from cpimaging.types import Image, InputError

STEP = 6  # voxels of the template per voxel of the toy map


@pytest.fixture
def maps() -> dict[str, Image]:
    """A coarse map over the whole template: 0.8 ± 0.1 · 10⁻³ mm²/s, unknown in the first slab."""
    brain = load_template().brain
    affine = brain.affine @ np.diag([STEP, STEP, STEP, 1.0])
    data = np.full(brain.data[::STEP, ::STEP, ::STEP].shape, 0.8e-3, np.float32)
    data[:2] = 0
    return {MEAN: Image(data, affine), SD: Image(data / 8, affine)}


def written(folder: Path, maps: dict[str, Image]) -> Path:
    for name, image in maps.items():
        write_image(folder / name, image)
    return folder


def test_a_map_is_read_as_it_is(tmp_path, maps):
    mean, sd = read_norm(written(tmp_path, maps))
    assert mean.data == pytest.approx(maps[MEAN].data)
    assert sd.data == pytest.approx(maps[SD].data)


def spoiled(image: Image, value: float) -> Image:
    data = image.data.copy()
    data[5, 6, 7] = value
    return image.with_data(data)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda m: {MEAN: m[MEAN]}, "sd.nii.gz"),
        (lambda m: {**m, SD: Image(m[SD].data[1:], m[SD].affine)}, "different grids"),
        (lambda m: {**m, SD: spoiled(m[SD], 0.0)}, "has 1 voxels without an SD above 0"),
        (
            lambda m: {**m, MEAN: m[MEAN].with_data(m[MEAN].data * 1e6)},
            "has a median of 800, no ADC in mm²/s",
        ),
        (lambda m: {**m, MEAN: m[MEAN].with_data(m[MEAN].data * 0)}, "has a median of 0, no ADC"),
        (
            lambda m: {
                k: v.with_data(np.where(np.indices(v.shape)[0] < 12, v.data, 0)) for k, v in m.items()
            },
            "% of the template's brain",
        ),
    ],
)
def test_what_is_wrong_with_a_map_is_told_in_one_line(tmp_path, maps, spoil, told):
    with pytest.raises(InputError) as error:
        read_norm(written(tmp_path, spoil(maps)))
    assert told in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("age_years", "pma_weeks", "used"),
    [
        (0.0, 41.0, True),
        (0.0, 36.0, True),
        (0.0, None, True),
        (0.2, None, False),
        (2.5, None, False),
        (None, None, False),
    ],
)  # 0.2 years from term are 50.4 weeks
def test_a_map_is_used_at_its_own_ages_alone(tmp_path, maps, age_years, pma_weeks, used):
    folder = written(tmp_path, maps)
    write_json(folder / "mean.json", {AGES: [36, 44]})
    norm, told = norm_for(folder, Scan("01", None, {}, age_years=age_years, pma_weeks=pma_weeks))
    assert (norm is not None) == used
    assert ("is of 36 to 44 postmenstrual weeks and is not used" in told) != used


def test_a_map_that_does_not_say_its_ages_is_used_and_told(tmp_path, maps):
    norm, told = norm_for(written(tmp_path, maps), Scan("01", None, {}, age_years=30.0))
    assert norm is not None
    assert "does not say of which ages" in told


@pytest.mark.parametrize("ages", [[0, 24], [44, 36], "term", [36], 40, ["a", "b"]])
def test_ages_that_are_no_range_are_refused(tmp_path, maps, ages):
    folder = written(tmp_path, maps)
    write_json(folder / "mean.json", {AGES: ages})
    with pytest.raises(InputError, match=AGES):
        read_norm(folder)
