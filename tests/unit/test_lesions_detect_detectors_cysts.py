"""Cysts of newborns on a box of white matter, 1 mm, with two ventricles; volumes counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from cpimaging.lesions.detect import Scene
from cpimaging.lesions.detect.detectors.cysts import CYSTS, GERMINAL, level_of_fluid
from cpimaging.lesions.detect.inputs import GROUPS
from cpimaging.types import Image

SHAPE = (48, 40, 32)
WHITE, FLUID = 100.0, 200.0
THIN = "thin: space around a vessel, or sulcus"
FAINT = "not as bright as fluid, or without an edge"
CAVUM = "between the ventricles: cavum septi pellucidi or vergae"
CAUDATE = list(GROUPS).index("caudate")


def box(x: tuple[int, int], y: tuple[int, int], z: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[slice(*x), slice(*y), slice(*z)] = True
    return mask


VENTRICLES = box((14, 19), (8, 32), (10, 17)) | box((29, 34), (8, 32), (10, 17))
CYST = box((38, 43), (18, 23), (20, 25))


def scene(wet: np.ndarray, fluid: float = FLUID, level: float = 1.0) -> Scene:
    """White matter of 98, 100 and 102 in turn, ventricles of `fluid`, and what is wet at a level between."""
    data = WHITE + 2.0 * (np.indices(SHAPE).sum(axis=0) % 3 - 1)
    data[wet] = WHITE + level * (fluid - WHITE)
    data[VENTRICLES] = fluid
    shares = {"white": ~VENTRICLES, "fluid": VENTRICLES, "grey": np.zeros(SHAPE, bool)}
    return Scene(
        {"T2w": Image(data.astype(np.float32), np.eye(4))},
        np.ones(SHAPE, bool),
        {name: share.astype(np.float32) for name, share in shares.items()},
        np.zeros(SHAPE, np.uint8),
        VENTRICLES,
        age_years=0.02,
    )


def found(wet: np.ndarray, **changes: float) -> tuple[np.ndarray, dict[str, float]]:
    finding = CYSTS.look(scene(wet, **changes))
    assert finding.not_assessed is None
    return finding.mask, dict(finding.rejected)


def test_a_pool_of_fluid_is_found_whole_and_nothing_else():
    mask, rejected = found(CYST)
    assert (mask == CYST).all()
    assert rejected == {}


def test_a_healthy_brain_is_silent():
    mask, rejected = found(np.zeros(SHAPE, bool))
    assert not mask.any()
    assert rejected == {}


def test_levels_by_hand():
    """White matter has a median of 100, fluid one of 200; a voxel of 150 lies half way."""
    learnt = level_of_fluid(scene(CYST, level=0.5))
    assert not isinstance(learnt, str)
    level, limit = learnt
    assert limit == 0.5
    assert level[40, 20, 22] == pytest.approx(0.5)
    assert level[15, 9, 11] == pytest.approx(1.0)


def test_noise_lifts_the_limit():
    """White matter of 86, 100, 114 has an SD of 1.4826 × 14; three are 0.62 of the way to fluid."""
    plain = scene(CYST)
    data = plain.grid.data.copy()
    data[~VENTRICLES] += np.where(CYST, 0, 6 * (data - WHITE))[~VENTRICLES]
    noisy = replace(plain, images={"T2w": plain.grid.with_data(data)})
    learnt = level_of_fluid(noisy)
    assert not isinstance(learnt, str)
    assert learnt[1] == pytest.approx(0.6227, abs=1e-4)


@pytest.mark.parametrize(
    ("wet", "rejected"),
    [
        (box((40, 41), (5, 35), (20, 21)), {THIN: 30}),  # a tube along a vessel
        (
            box((40, 43), (3, 37), (21, 22)) | box((41, 42), (3, 37), (20, 23)),
            {THIN: 170},
        ),  # 3 mm wide and round, 34 mm long
        (box((20, 28), (18, 23), (11, 16)), {CAVUM: 200}),
        (box((40, 42), (20, 22), (20, 22)), {"minimum size": 8}),
        (box((19, 23), (8, 32), (10, 17)), {}),  # a wide ventricle
    ],
)
def test_what_is_no_cyst(wet, rejected):
    mask, told = found(wet)
    assert not mask.any()
    assert told == rejected


def test_a_neck_to_the_ventricle_does_not_make_a_pool_part_of_it():
    """The pool of 7 mm, 343 mm³, with or without the three voxels of its neck."""
    pool, neck = box((36, 43), (16, 23), (10, 17)), box((34, 36), (19, 20), (13, 14))
    mask, _ = found(pool | neck)
    assert (mask & pool).sum() == 343
    assert mask.sum() <= 343 + 2
    assert not (mask & VENTRICLES).any()


def test_bright_white_matter_is_no_fluid():
    mask, rejected = found(CYST, level=0.65)
    assert not mask.any()
    assert rejected == {FAINT: 125}


def test_a_bright_middle_of_bright_white_matter_has_no_edge():
    given = scene(CYST)
    data = given.grid.data.copy()
    around = box((34, 47), (14, 27), (16, 29)) & ~CYST
    data[around] = WHITE + 0.45 * (FLUID - WHITE)
    finding = CYSTS.look(replace(given, images={"T2w": given.grid.with_data(data)}))
    assert not finding.mask.any()
    assert finding.rejected == {FAINT: 125}


@pytest.mark.parametrize(
    ("y", "z", "kept"),
    [
        ((25, 30), (11, 16), False),  # beside the frontal horn
        ((25, 30), (17, 22), True),  # above its roof
        ((9, 14), (11, 16), True),  # beside the trigone
    ],
)
def test_germinolytic_and_connatal_cysts_are_told_apart(y, z, kept):
    pool = box((35, 40), y, z)
    given = scene(pool)
    group = np.where(box((34, 45), (8, 32), (4, 11)), CAUDATE, 0).astype(np.uint8)
    finding = CYSTS.look(replace(given, group=np.where(pool, 0, group).astype(np.uint8)))
    assert finding.mask.any() == kept
    assert finding.rejected == ({} if kept else {GERMINAL: 125})
    assert finding.notes == (() if kept else (f"125 mm3 of fluid lie {GERMINAL}",))


def test_where_the_template_has_cortex_or_fluid_nothing_is_found():
    given = scene(CYST)
    for name in ("grey", "fluid"):
        shares = {**given.shares, name: np.where(CYST, 0.6, given.shares[name]).astype(np.float32)}
        assert not CYSTS.look(replace(given, shares=shares)).mask.any()


def test_too_little_contrast_is_not_assessed():
    """111 against 100, with an SD of 1.4826 × 2: less than 4 SD, which are 11.9."""
    told = CYSTS.look(scene(CYST, fluid=111.0)).not_assessed
    assert told == "white matter is nearly as bright as fluid on T2w, so that cysts are not told from it"


def test_without_ventricles_to_learn_from_it_is_not_assessed():
    given = replace(scene(CYST), ventricles=np.zeros(SHAPE, bool))
    assert "were not recognised" in str(CYSTS.look(given).not_assessed)


@pytest.mark.parametrize(("age_years", "looks"), [(0.0, True), (0.25, True), (0.26, False), (None, False)])
def test_ages(age_years, looks):
    given = replace(scene(CYST), age_years=age_years)
    assert CYSTS.look(given).mask.any() == looks
    assert CYSTS.is_told(given) == looks


def test_thick_slices_hold_the_same_volume():
    """3 mm slices: the pool of 6 × 6 × 6 mm fills two of them."""
    pool = box((37, 43), (18, 24), (18, 24))
    given = scene(pool)
    thick = Image(given.grid.data[:, :, ::3].copy(), np.diag([1.0, 1.0, 3.0, 1.0]))
    few = replace(
        given,
        images={"T2w": thick},
        brain=given.brain[:, :, ::3],
        shares={name: share[:, :, ::3] for name, share in given.shares.items()},
        group=given.group[:, :, ::3],
        ventricles=given.ventricles[:, :, ::3],
    )
    assert CYSTS.look(few).mask.sum() * 3 == 216
