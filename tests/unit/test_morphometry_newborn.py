"""Lengths that newborns are measured by, on boxes whose edges are known."""

import numpy as np
import pytest

from cpimaging.morphometry.lines import Line
from cpimaging.morphometry.newborn import Taken, newborn_measures, plic_sign, too_coarse
from cpimaging.morphometry.planes import aligned_grid
from cpimaging.types import Image, LabelMap, Region

SHAPE = (90, 110, 80)
NAMES = {
    1: ("lateral_ventricle_frontal_horn", "left", "csf"),
    2: ("lateral_ventricle_frontal_horn", "right", "csf"),
    3: ("lateral_ventricle_trigone", "left", "csf"),
    4: ("lateral_ventricle_trigone", "right", "csf"),
    5: ("white_matter", "left", "white_matter"),
    6: ("white_matter", "right", "white_matter"),
    7: ("pons", "midline", "brainstem"),
    8: ("cerebellum_cortex", "left", "cerebellum"),
    9: ("cerebellum_cortex", "right", "cerebellum"),
    10: ("thalamus", "left", "deep_grey"),
    11: ("putamen", "right", "deep_grey"),
    12: ("corpus_callosum_body", "midline", "white_matter"),
    13: ("plic", "left", "white_matter"),
    14: ("putamen_posterior", "left", "deep_grey"),
    15: ("plic", "right", "white_matter"),
}
REGIONS = tuple(Region(number, str(number), *name) for number, name in NAMES.items())
BOXES = (  # later ones lie over earlier ones; x, y, z ranges of voxels of 1 mm, the midline at 44.5
    (5, (10, 43), (10, 100), (20, 75)),
    (6, (46, 80), (10, 100), (20, 75)),
    (12, (35, 55), (40, 80), (50, 54)),
    (1, (34, 40), (60, 90), (40, 44)),
    (2, (50, 60), (60, 90), (40, 44)),
    (3, (22, 30), (20, 40), (38, 46)),
    (4, (58, 70), (20, 40), (38, 46)),
    (7, (40, 50), (50, 66), (8, 19)),
    (8, (22, 45), (20, 45), (4, 19)),
    (9, (45, 66), (20, 45), (4, 19)),
    (10, (30, 40), (45, 59), (32, 38)),
    (11, (60, 65), (50, 70), (34, 36)),
)
FORAMEN = {"interventricular_foramen": (44.5, 65.0, 42.0)}


def scene() -> np.ndarray:
    data = np.zeros(SHAPE, np.int16)
    for number, *box in BOXES:
        data[tuple(slice(*edge) for edge in box)] = number
    return data


def taken(
    data: np.ndarray, fluid: np.ndarray | None = None, turn: np.ndarray | None = None
) -> dict[tuple[str, str], Taken]:
    world = np.eye(4) if turn is None else turn
    image = Image(data, world)
    wet = np.zeros(SHAPE, np.float32) if fluid is None else fluid
    grid = aligned_grid(image.with_data(data > 0), np.linalg.inv(world))
    point = world[:3, :3] @ FORAMEN["interventricular_foramen"] + world[:3, 3]
    landmarks = {"interventricular_foramen": point, "midline": point}
    found = newborn_measures(LabelMap(image, REGIONS), image.with_data(wet), grid, landmarks)
    return {(one.measure, one.key[1]): one for one in found}


def ventricles_wet(data: np.ndarray) -> np.ndarray:
    return np.isin(data, (1, 2, 3, 4)).astype(np.float32)


TURN = np.eye(4)
TURN[:2, :2] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]


@pytest.mark.parametrize("turn", [None, TURN])
def test_lengths_by_hand(turn):
    """Left horn from 33.5 to 39.5, right one from 49.5 to 59.5; both 4 high; the gap from 42.5 to 45.5."""
    data = scene()
    found = taken(data, ventricles_wet(data), turn)
    values = {key: one.value for key, one in found.items()}
    wanted = {
        ("ventricular_index", "left"): 44.5 - 33.5,
        ("ventricular_index", "right"): 59.5 - 44.5,
        ("anterior_horn_width", "left"): 4,
        ("anterior_horn_width", "right"): 4,
        ("atrial_width", "left"): 8,
        ("atrial_width", "right"): 12,
        ("biparietal_width", "midline"): 70,
        ("interhemispheric_distance", "midline"): 3,
        ("transcerebellar_diameter", "midline"): 44,
        ("callosal_thickness", "midline"): 4,
    }
    for key, value in wanted.items():
        assert values[key] == pytest.approx(value, abs=0.6), key
    assert values["deep_grey_area", "midline"] == pytest.approx(10 * 14 + 5 * 20, rel=0.02)


def test_a_line_is_as_long_as_its_measure_and_lies_in_the_scan():
    data = scene()
    for one in taken(data, ventricles_wet(data)).values():
        if one.unit == "mm":
            assert isinstance(one.line, Line)
            assert one.value == pytest.approx(one.line.length_mm)
            ends = [one.line.on.world(place) for place in (one.line.start, one.line.end)]
            assert np.linalg.norm(np.subtract(*ends)) == pytest.approx(one.value)
            assert (np.array(ends) >= -1).all()


def test_mirrored_brains_change_sides():
    data = scene()
    world = np.diag([-1.0, 1.0, 1.0, 1.0])
    world[0, 3] = 89.0
    swap = {1: 2, 2: 1, 3: 4, 4: 3, 5: 6, 6: 5, 8: 9, 9: 8}
    mirrored = np.vectorize(lambda n: swap.get(n, n))(data[::-1]).astype(np.int16)
    one, other = taken(data, ventricles_wet(data)), taken(mirrored, ventricles_wet(mirrored))
    for measure in ("ventricular_index", "anterior_horn_width", "atrial_width"):
        assert one[measure, "left"].value == pytest.approx(other[measure, "right"].value, abs=0.3)


def test_a_callosum_of_which_one_side_is_lost_moves_no_midline():
    data = scene()
    whole = taken(data, ventricles_wet(data))
    data[:45][data[:45] == 12] = 5
    half = taken(data, ventricles_wet(data))
    for side in ("left", "right"):
        assert half["ventricular_index", side].value == whole["ventricular_index", side].value


@pytest.mark.parametrize(
    "measure",
    ["interhemispheric_distance", "callosal_thickness", "biparietal_width", "transcerebellar_diameter"],
)
def test_what_borders_on_fluid_is_not_measured_where_that_was_not_read(measure):
    found = taken(scene())
    assert np.isnan(found[measure, "midline"].value)
    assert found[measure, "midline"].line is None


def test_fluid_around_the_cerebellum_is_none_of_it():
    """The cerebellum reaches from 22 to 65; its label has 3 mm of fluid on the left."""
    data = scene()
    wet = ventricles_wet(data)
    wet[22:25, 20:45, 4:19] = 1
    assert taken(data, wet)["transcerebellar_diameter", "midline"].value == pytest.approx(41, abs=0.6)


THIN = (
    "callosal_thickness",
    "interhemispheric_distance",
    "ventricular_index",
    "anterior_horn_width",
    "atrial_width",
)


@pytest.mark.parametrize(("slice_mm", "measured"), [(1.0, True), (1.5, True), (2.0, False)])
def test_thin_things_are_not_measured_on_thick_slices(slice_mm, measured):
    data = scene()
    found = taken(data, ventricles_wet(data), np.diag([1, 1, slice_mm, 1]))
    thin = [found[key] for key in found if key[0] in THIN]
    assert len(thin) == 8
    assert [not np.isnan(one.value) for one in thin] == [measured] * 8
    assert found["biparietal_width", "midline"].value == pytest.approx(70, abs=1)
    assert (too_coarse(Image(data, np.diag([1, 1, slice_mm, 1]))) is None) == measured


def test_what_is_not_labelled_is_left_out_and_what_is_not_in_the_plane_is_unknown():
    data = scene()
    data[np.isin(data, (7, 8, 9, 12))] = 0
    data[:, 62:68][data[:, 62:68] == 1] = 5  # the left horn does not reach the plane of the foramen
    found = taken(data)
    assert not {measure for measure, _ in found} & {
        "transcerebellar_diameter",
        "callosal_thickness",
        "biparietal_width",
    }
    assert np.isnan(found["ventricular_index", "left"].value)
    assert found["ventricular_index", "right"].value > 0


@pytest.mark.parametrize("lying", [np.eye(4), np.diag([-1.0, -1, 1, 1])])
@pytest.mark.parametrize(("myelin", "sign"), [(1.3, 1.0), (0.8, 0.0)])
def test_the_sign_of_the_capsule(myelin, sign, lying):
    data = np.zeros((20, 30, 20), np.int16)
    data[4:8, 5:20, 5:15] = 13
    data[10:15, 5:20, 5:15] = 14
    data[16:19, 5:20, 5:15] = 15
    signal = np.where(data == 13, 80.0, 100.0)
    signal[4:8, 5:10] = 100 * myelin  # its rear end alone
    image = Image(data, lying)
    grid = aligned_grid(image.with_data(data > 0), np.linalg.inv(lying))
    rows = plic_sign(LabelMap(image, REGIONS), image.with_data(signal), grid)
    found = {(row["measure"], row["side"]): row["value"] for row in rows}
    assert found["plic_sign", "left"] == sign
    assert found["plic_signal_ratio", "left"] == pytest.approx(myelin)
    assert np.isnan(found["plic_sign", "right"])  # its putamen is not labelled
