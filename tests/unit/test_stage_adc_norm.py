"""A map of healthy ADC from small studies made here, on a coarse grid over the template."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from declared import lacking, undeclared

from cpimaging.atlases import load_template
from cpimaging.bids.scan import Scan
from cpimaging.images import write_displacement, write_image
from cpimaging.io import read_json, write_json
from cpimaging.stages import adc_norm as stage
from cpimaging.study.adc_norm import norm_for, read_norm
from cpimaging.study.job import SCAN_STAGES, Job
from cpimaging.study.plan import write_plan
from cpimaging.study.record import record_path
from cpimaging.types import Image, InputError

STEP = 6  # voxels of the template per voxel of these images
LOW, HIGH = 0.9e-3, 1.1e-3  # mm²/s, of four controls each


@pytest.fixture
def brain(monkeypatch: pytest.MonkeyPatch) -> Image:
    whole = load_template().brain
    coarse = Image(whole.data[::STEP, ::STEP, ::STEP], whole.affine @ np.diag([STEP, STEP, STEP, 1.0]))
    monkeypatch.setattr(stage, "template_brain", lambda: coarse)
    return coarse


def scan(number: int) -> Scan:
    images = {name: f"sub-{number:02d}/anat/sub-{number:02d}_{name}.nii.gz" for name in ("T2w", "ADC")}
    return Scan(f"{number:02d}", None, images, age_years=0.0, sex="F", pma_weeks=39.5 + number / 4)


def study(folder: Path, brain: Image, scans: list[Scan], change: Callable[[int, np.ndarray], None]) -> Path:
    """Write what the map is made of: plan, records, verdicts, ADC in place of the template, and no warp."""
    out = folder / "out"
    write_plan(out, folder / "bids", scans)
    for number, one in enumerate(scans):
        job = Job(out, one.label)
        adc = np.where(brain.data, LOW if number % 2 else HIGH, 0).astype(np.float32)
        adc[0, 0, 0] = 1e-6 * (number + 1)  # outside of the brain: no two images are the same
        change(number, adc)
        write_image(job.files.preproc("ADC"), brain.with_data(adc))
        write_image(job.files.brain_mask, brain.with_data(brain.data.astype(np.uint8)))
        field = Image(np.zeros((*brain.data.shape, 3), np.float32), brain.affine)
        write_displacement(Path(job.files.xfm_to_template(job.reference)), field)
        write_json(job.files.qc, {"verdict": "pass", "flags": []})
        for name in SCAN_STAGES[: SCAN_STAGES.index("qc") + 1]:
            write_json(record_path(out, name, one.label), {"Files": {}})
    return out


def nothing(number: int, adc: np.ndarray) -> None:
    pass


def made(tmp_path: Path, out: Path, *more: Path) -> tuple[list[str], Image, Image]:
    told = list(stage.run(out, [str(out), *map(str, more)], tmp_path / "map"))
    return told, *read_norm(tmp_path / "map")


def test_mean_and_sd_are_those_of_a_further_person(tmp_path: Path, brain: Image) -> None:
    """Four of 0.9 and four of 1.1: mean 1.0, variance 8 · 0.01 / 7, of a further person times 9 / 8."""
    out = study(tmp_path, brain, [scan(n) for n in range(8)], nothing)
    told, mean, sd = made(tmp_path, out)
    assert told == [
        "ADC of 8 controls, 39 to 42 postmenstrual weeks",
        "fewer than 20 controls: the limits of healthy ADC are uncertain",
    ]
    assert mean.data[brain.data] == pytest.approx(1.0e-3, rel=1e-5)
    assert sd.data[brain.data] == pytest.approx(np.sqrt(0.01 * 8 / 7 * 9 / 8) * 1e-3, rel=1e-4)
    assert not mean.data[~brain.data].any()


def test_the_map_says_of_which_ages_it_is_and_nobodys_name(tmp_path: Path, brain: Image) -> None:
    out = study(tmp_path, brain, [scan(n) for n in range(8)], nothing)
    made(tmp_path, out)
    about = read_json(tmp_path / "map/mean.json")
    assert lacking("adc", tmp_path / "map") == undeclared(tmp_path / "map") == []
    assert about["PostmenstrualWeeks"] == [39, 42]
    assert "sub-" not in str(about)
    assert norm_for(tmp_path / "map", replace(scan(1), pma_weeks=44.0))[0] is None


def test_fluid_is_left_out_and_a_place_that_most_show_as_fluid_is_not_known(
    tmp_path: Path, brain: Image
) -> None:
    """At one place an ADC of 3 in one control of eight, at another in five of eight."""
    inside = np.argwhere(brain.data)
    x, y, z = inside[len(inside) // 2]
    one, most = (x - 3, y, z), (x + 3, y, z)

    def wet(number: int, adc: np.ndarray) -> None:
        for place, people in ((one, 1), (most, 5)):
            if number < people:
                adc[place] = 3e-3

    _, mean, _ = made(tmp_path, study(tmp_path, brain, [scan(n) for n in range(8)], wet))
    # of the first, of 1.1, nothing: three of 1.1 and four of 0.9 are left
    assert mean.data[one] == pytest.approx((3 * HIGH + 4 * LOW) / 7, rel=1e-4)
    assert mean.data[most] == 0


def test_left_is_left(tmp_path: Path, brain: Image) -> None:
    def right_is_lower(number: int, adc: np.ndarray) -> None:
        adc[adc.shape[0] // 2 :] *= 0.8  # x grows to the right

    _, mean, _ = made(tmp_path, study(tmp_path, brain, [scan(n) for n in range(8)], right_is_lower))
    x = mean.affine[0, 0] * np.arange(mean.data.shape[0]) + mean.affine[0, 3]
    left, right = (mean.data[side][mean.data[side] > 0].mean() for side in (x < -20, x > 20))
    assert (left, right) == (pytest.approx(1.0e-3, rel=1e-3), pytest.approx(0.8e-3, rel=1e-3))


def test_who_is_no_control_is_left_out_with_the_reason(tmp_path: Path, brain: Image) -> None:
    scans = [scan(n) for n in range(12)]
    scans[8] = replace(scans[8], images={"T2w": scans[8].images["T2w"]})
    scans[9] = replace(scans[9], age_years=None, pma_weeks=None)
    out = study(tmp_path, brain, scans, nothing)
    write_json(Job(out, "sub-10").files.qc, {"verdict": "fail", "flags": []})
    Path(record_path(out, "preprocess", "sub-11")).unlink()
    told, *_ = made(tmp_path, out)
    assert told[0].endswith(
        "left out: 1 failed quality checks, 1 not finished, 1 of unknown age, 1 without ADC"
    )


def test_an_image_counts_once_under_whatever_name(tmp_path: Path, brain: Image) -> None:
    out = study(tmp_path, brain, [scan(n) for n in range(8)], nothing)
    shutil.copytree(tmp_path, tmp_path.with_name("again"))
    told, *_ = made(tmp_path, out, tmp_path.with_name("again") / "out")
    assert told[0].endswith("left out: 8 the same image as another")


def test_too_few_are_refused_and_nothing_is_written(tmp_path: Path, brain: Image) -> None:
    out = study(tmp_path, brain, [scan(n) for n in range(7)], nothing)
    with pytest.raises(InputError, match="holds 7 controls with an ADC, fewer than 8; give more controls"):
        list(stage.run(out, [str(out)], tmp_path / "map"))
    assert not (tmp_path / "map").exists()
