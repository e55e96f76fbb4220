import numpy as np
import pandas as pd
import pytest

from cpimaging.morphometry import measures, without_ventricles
from cpimaging.morphometry.planes import aligned_grid, on_grid
from cpimaging.morphometry.sections import peduncle_areas
from cpimaging.registration import resample
from cpimaging.types import Image, LabelMap, Region

SHAPE = (90, 110, 80)
FRONT_L, FRONT_R, BACK_L, BACK_R, TEMPORAL_L, THIRD, GENU, SPLENIUM, WHITE_L, WHITE_R, THALAMUS_L, PONS = (
    range(1, 13)
)
REGIONS = (
    Region(FRONT_L, "fl", "lateral_ventricle_frontal_horn", "left", "csf"),
    Region(FRONT_R, "fr", "lateral_ventricle_frontal_horn", "right", "csf"),
    Region(BACK_L, "bl", "lateral_ventricle_occipital_horn", "left", "csf"),
    Region(BACK_R, "br", "lateral_ventricle_occipital_horn", "right", "csf"),
    Region(TEMPORAL_L, "tl", "lateral_ventricle_temporal_horn", "left", "csf"),
    Region(THIRD, "3", "third_ventricle", "midline", "csf"),
    Region(GENU, "g", "corpus_callosum_genu", "midline", "white_matter"),
    Region(SPLENIUM, "s", "corpus_callosum_splenium", "midline", "white_matter"),
    Region(WHITE_L, "wl", "white_matter", "left", "white_matter", "frontal"),
    Region(WHITE_R, "wr", "white_matter", "right", "white_matter", "frontal"),
    Region(THALAMUS_L, "t", "thalamus_ventrolateral", "left", "deep_grey"),
    Region(PONS, "p", "pons", "midline", "brainstem"),
)
BOXES = {  # x, y, z ranges of voxels of 1 mm
    FRONT_L: ((30, 40), (70, 90), (40, 50)),
    FRONT_R: ((50, 62), (70, 90), (40, 50)),
    BACK_L: ((20, 35), (15, 30), (38, 46)),
    BACK_R: ((55, 66), (15, 30), (38, 46)),
    TEMPORAL_L: ((12, 15), (15, 60), (20, 25)),
    THIRD: ((44, 46), (50, 60), (35, 40)),
    GENU: ((40, 50), (92, 98), (45, 55)),
    SPLENIUM: ((40, 50), (38, 46), (45, 60)),
    WHITE_L: ((12, 20), (60, 80), (55, 65)),
    WHITE_R: ((66, 76), (60, 80), (55, 65)),
    THALAMUS_L: ((34, 40), (52, 62), (34, 40)),
    PONS: ((40, 50), (45, 60), (10, 20)),
}
BRAIN = ((10, 80), (5, 105), (5, 75))
LANDMARKS = {"interventricular_foramen": (45.0, 65.0, 44.0), "trigone_floor": (20.0, 35.0, 36.0)}
DEGREE = np.pi / 180


def filled(boxes: dict[int, tuple[tuple[int, int], ...]]) -> np.ndarray:
    data = np.zeros(SHAPE, np.int16)
    for number, box in boxes.items():
        data[tuple(slice(*edge) for edge in box)] = number
    return data


def measured(
    labels: np.ndarray,
    affine: np.ndarray | None = None,
    to_template: np.ndarray | None = None,
    fluid: np.ndarray | None = None,
) -> pd.Series:
    world = np.eye(4) if affine is None else affine
    brain = Image(filled({1: BRAIN}) > 0, world)
    places = {name: tuple(world[:3, :3] @ point + world[:3, 3]) for name, point in LANDMARKS.items()}
    atlas = LabelMap(Image(labels, world), REGIONS)
    wet = np.isin(labels, (FRONT_L, FRONT_R, BACK_L, BACK_R)) if fluid is None else fluid
    shares = Image(wet.astype(np.float32), world)
    table = measures(atlas, brain, shares, np.eye(4) if to_template is None else to_template, places)
    return table.set_index(["measure", "structure", "side"])["value"]


def test_indices_worked_by_hand() -> None:
    """Frontal horns from 30 to 62: 32 mm; occipital horns from 20 to 66: 46 mm; brain 70 mm."""
    found = measured(filled(BOXES))
    key = ("lateral_ventricle", "midline")
    assert found[("frontal_horn_width", *key)] == pytest.approx(32, abs=0.01)
    assert found[("occipital_horn_width", *key)] == pytest.approx(46, abs=0.01)
    assert found[("brain_width", "brain", "midline")] == pytest.approx(70, abs=0.01)
    assert found[("fohr", *key)] == pytest.approx((32 + 46) / (2 * 70), abs=1e-3)
    assert found[("evans_index", *key)] == pytest.approx(32 / 70, abs=1e-3)


def test_volumes_of_groups_shares_and_sides() -> None:
    found = measured(filled(BOXES))
    left, right = 10 * 20 * 10 + 15 * 15 * 8 + 3 * 45 * 5, 12 * 20 * 10 + 11 * 15 * 8
    assert found[("group_volume", "lateral_ventricle", "left")] == left
    assert found[("group_volume", "lateral_ventricle", "right")] == right
    assert found[("group_volume", "ventricles", "midline")] == left + right + 2 * 10 * 5
    assert found[("group_volume", "white_matter_frontal", "left")] == 8 * 20 * 10
    assert found[("group_volume", "thalamus_whole", "left")] == 6 * 10 * 6
    assert found[("group_volume", "brainstem", "midline")] == 10 * 15 * 10
    share = found[("percent_of_lateral_ventricle", "lateral_ventricle_frontal_horn", "right")]
    assert share == pytest.approx(100 * 12 * 20 * 10 / right)
    of_brain = found[("percent_of_brain", "third_ventricle", "midline")]
    assert of_brain == pytest.approx(100 * 100 / (70 * 100 * 70))
    index = found[("asymmetry_index", "lateral_ventricle", "midline")]
    assert index == pytest.approx((left - right) / (left + right))
    assert found[("asymmetry_index", "white_matter_frontal", "midline")] == pytest.approx(-2 / 18)
    assert ("asymmetry_index", "thalamus_whole", "midline") not in found  # the right one is not labelled


def test_callosal_area_and_its_thirds() -> None:
    """From y = 38 to 98: thirds of 20 mm; splenium 8 × 15 behind, genu 6 × 10 in front."""
    found = measured(filled(BOXES))
    assert found[("callosal_area", "corpus_callosum", "midline")] == pytest.approx(180, rel=0.01)
    assert found[("callosal_area", "corpus_callosum_anterior_third", "midline")] == pytest.approx(
        60, rel=0.01
    )
    assert found[("callosal_area", "corpus_callosum_middle_third", "midline")] == pytest.approx(0, abs=0.1)
    assert found[("callosal_area", "corpus_callosum_posterior_third", "midline")] == pytest.approx(
        120, rel=0.01
    )


def test_a_tilted_head_measures_the_same() -> None:
    """The affine turns the head by 20° about the front axis and shrinks it on its way to the template."""
    angle = 20 * DEGREE
    turn = np.eye(4)
    turn[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    upright = measured(filled(BOXES))
    back = np.diag([1.2, 1.2, 1.2, 1.0]) @ np.linalg.inv(turn)
    tilted = measured(filled(BOXES), turn, back)
    pd.testing.assert_series_equal(tilted, upright, rtol=0.02, atol=0.5)
    askew = measured(filled(BOXES), turn, np.eye(4))
    assert askew[("occipital_horn_width", "lateral_ventricle", "midline")] < 45


def test_a_mirrored_brain_has_the_opposite_index() -> None:
    swap = {FRONT_L: FRONT_R, BACK_L: BACK_R, WHITE_L: WHITE_R}
    labels = filled({n: box for n, box in BOXES.items() if n != TEMPORAL_L})
    mirrored = labels[::-1].copy()
    for a, b in swap.items():
        mirrored[labels[::-1] == a], mirrored[labels[::-1] == b] = b, a
    one, other = measured(labels), measured(mirrored)
    index = ("asymmetry_index", "lateral_ventricle_occipital_horn", "midline")
    assert one[index] == pytest.approx(4 / 26)
    assert other[index] == pytest.approx(-4 / 26)
    assert other[("fohr", "lateral_ventricle", "midline")] == pytest.approx(
        one[("fohr", "lateral_ventricle", "midline")], abs=1e-3
    )


def test_the_asymmetry_of_white_matter_is_that_of_all_its_lobes() -> None:
    """Left 600 and 200 mm³, right 400 and 800: (800 - 1200) / 2000; the last lobe alone would give -0.6."""
    data = filled({})
    for number, place, length in ((1, 10, 6), (2, 50, 4), (3, 20, 2), (4, 60, 8)):
        data[place : place + 10, 10:20, 10 : 10 + length] = number
    sides = (("left", "frontal"), ("right", "frontal"), ("left", "occipital"), ("right", "occipital"))
    regions = tuple(
        Region(number, lobe, "white_matter", side, "white_matter", lobe)
        for number, (side, lobe) in enumerate(sides, start=1)
    )
    image = Image(data, np.eye(4))
    dry = image.with_data(np.zeros(SHAPE, np.float32))
    brain = image.with_data(filled({1: BRAIN}) > 0)
    table = measures(LabelMap(image, regions), brain, dry, np.eye(4), LANDMARKS)
    rows = table[table["measure"] == "asymmetry_index"].set_index("structure")["value"]
    assert rows["white_matter"] == pytest.approx(-0.2)
    assert rows["white_matter_occipital"] == pytest.approx(-0.6)


def test_the_callosum_is_not_measured_where_no_fluid_was_read() -> None:
    dry = measured(filled(BOXES), fluid=np.zeros(SHAPE))
    assert np.isnan(dry[("callosal_area", "corpus_callosum", "midline")])


def test_fluid_within_the_label_is_no_callosum() -> None:
    """The genu of 6 × 10 mm loses its upper half."""
    wet = filled({1: ((40, 50), (92, 98), (50, 55))})
    found = measured(filled(BOXES), fluid=wet)
    assert found[("callosal_area", "corpus_callosum", "midline")] == pytest.approx(150, rel=0.01)


def test_what_is_not_there_is_not_zero() -> None:
    empty = measured(filled({WHITE_L: BOXES[WHITE_L]}))
    assert np.isnan(empty[("fohr", "lateral_ventricle", "midline")])
    assert np.isnan(empty[("callosal_area", "corpus_callosum", "midline")])
    assert np.isnan(empty[("asymmetry_index", "lateral_ventricle_frontal_horn", "midline")])


def test_an_atlas_without_ventricles_has_no_rows_of_them() -> None:
    regions = tuple(region for region in REGIONS if region.index in (WHITE_L, WHITE_R))
    image = Image(filled({n: BOXES[n] for n in (WHITE_L, WHITE_R)}), np.eye(4))
    brain = image.with_data(filled({1: BRAIN}) > 0)
    dry = image.with_data(np.zeros(SHAPE, np.float32))
    table = measures(LabelMap(image, regions), brain, dry, np.eye(4), LANDMARKS)
    assert set(table["measure"]) == {"group_volume", "asymmetry_index"}


def test_without_ventricles_only_theirs_are_missing() -> None:
    rows = [
        {"measure": "fohr", "structure": "lateral_ventricle", "value": 0.4},
        {"measure": "volume", "structure": "third_ventricle", "value": 900.0},
        {"measure": "volume", "structure": "thalamus", "value": 6000.0},
    ]
    assert without_ventricles(pd.DataFrame(rows))["value"].isna().tolist() == [True, True, False]


def test_the_grid_holds_the_brain_and_keeps_lengths() -> None:
    brain = Image(filled({1: BRAIN}) > 0, np.diag([0.8, 1.0, 1.25, 1.0]))
    grid = aligned_grid(brain, np.diag([1.3, 1.1, 1.2, 1.0]))
    assert grid.spacing_mm == pytest.approx((1, 1, 1))
    assert all(n >= length for n, length in zip(grid.shape, (56, 100, 87.5), strict=True))


def test_the_part_around_a_structure_shows_what_the_whole_grid_does() -> None:
    """Turned by 10 degrees; one structure reaches the end of the image, one is not there."""
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(10 * DEGREE), -np.sin(10 * DEGREE)], [np.sin(10 * DEGREE), np.cos(10 * DEGREE)]]
    image = Image(filled({1: ((60, 90), (40, 60), (0, 20))}), np.diag([1.0, 0.9, 1.2, 1.0]))
    grid = aligned_grid(image.with_data(filled({1: BRAIN}) > 0), turn)
    shown = on_grid(grid, image, image.data == 1)
    whole = resample(image.with_data((image.data == 1).astype(np.float32)), grid).data
    assert whole.sum() > 1000
    np.testing.assert_allclose(shown, whole, atol=1e-5)
    assert not on_grid(grid, image, image.data == 2).any()


MIDBRAIN, NIGRA_L, NIGRA_R = 1, 2, 3
MIDBRAIN_REGIONS = (
    Region(MIDBRAIN, "m", "midbrain", "midline", "brainstem"),
    Region(NIGRA_L, "nl", "substantia_nigra", "left", "brainstem"),
    Region(NIGRA_R, "nr", "substantia_nigra", "right", "brainstem"),
)
MIDBRAIN_BOXES = {
    MIDBRAIN: ((30, 60), (40, 60), (10, 30)),
    NIGRA_L: ((34, 38), (45, 50), (14, 20)),
    NIGRA_R: ((52, 56), (45, 50), (14, 20)),
}
PONS_REGION = Region(NIGRA_R, "p", "pons", "midline", "brainstem")
CISTERN = ((55, 60), (40, 60), (10, 30))


def peduncles(
    labels: np.ndarray, fluid: np.ndarray, regions: tuple[Region, ...] = MIDBRAIN_REGIONS, angle: float = 0.0
) -> dict[tuple[str, str], float]:
    """Measure a midbrain that is turned by an angle about the axis to the front."""
    turn = np.eye(4)
    turn[:3, :3] = [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
    image = Image(labels, turn)
    grid = aligned_grid(image.with_data(filled({1: BRAIN}) > 0), np.linalg.inv(turn))
    rows = peduncle_areas(LabelMap(image, regions), image.with_data(fluid.astype(np.float32)), grid)
    return {(row["measure"], row["side"]): row["value"] for row in rows}


def test_peduncles_worked_by_hand() -> None:
    """In front of y = 45: 15 mm; left x = 30 to 45, right 45 to 60, of which 5 mm are fluid."""
    found = peduncles(filled(MIDBRAIN_BOXES), filled({1: CISTERN}))
    assert found[("peduncle_area", "left")] == pytest.approx(15 * 15)
    assert found[("peduncle_area", "right")] == pytest.approx(10 * 15)
    assert found[("asymmetry_index", "midline")] == pytest.approx((225 - 150) / (225 + 150))


def test_a_tilted_midbrain_measures_the_same() -> None:
    upright = peduncles(filled(MIDBRAIN_BOXES), filled({1: CISTERN}))
    tilted = peduncles(filled(MIDBRAIN_BOXES), filled({1: CISTERN}), angle=15 * DEGREE)
    assert tilted == pytest.approx(upright, rel=0.03)


def test_mirrored_peduncles_have_the_opposite_index() -> None:
    labels = filled(MIDBRAIN_BOXES)[::-1]
    mirrored = np.select([labels == NIGRA_L, labels == NIGRA_R], [NIGRA_R, NIGRA_L], labels)
    one = peduncles(filled(MIDBRAIN_BOXES), filled({1: CISTERN}))
    other = peduncles(mirrored, filled({1: CISTERN})[::-1])
    assert other[("peduncle_area", "left")] == pytest.approx(one[("peduncle_area", "right")])
    assert other[("asymmetry_index", "midline")] == pytest.approx(-one[("asymmetry_index", "midline")])


def test_peduncles_need_fluid_and_both_nigrae() -> None:
    dry = peduncles(filled(MIDBRAIN_BOXES), filled({}))
    assert len(dry) == 3
    assert np.isnan(list(dry.values())).all()
    assert peduncles(filled(MIDBRAIN_BOXES), filled({1: CISTERN}), (*MIDBRAIN_REGIONS[:2], PONS_REGION)) == {}
