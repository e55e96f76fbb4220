"""What the field of view cuts: shares by hand on boxes, and the rows that go with them."""

import numpy as np
import pandas as pd
import pytest

from cpimaging.io import typed
from cpimaging.morphometry.cut import about_cut, cut_structures, without_cut
from cpimaging.morphometry.rows import COLUMNS, row
from cpimaging.types import Image, LabelMap, Region

REGIONS = (
    Region(1, "1", "cerebellum_cortex", "left", "cerebellum"),
    Region(2, "2", "cerebellum_cortex", "right", "cerebellum"),
    Region(3, "3", "thalamus", "left", "deep_grey"),
    Region(4, "4", "thalamus", "right", "deep_grey"),
)
SHAPE = (20, 20, 40)
STILL = Image(np.zeros((*SHAPE, 3), np.float32), np.eye(4))


def atlas() -> LabelMap:
    """Cerebella from 0 to 14 high, thalami from 20 to 34, sides meeting at 10."""
    data = np.zeros(SHAPE, np.int16)
    data[:10, :, :14], data[10:, :, :14], data[:10, :, 20:34], data[10:, :, 20:34] = 1, 2, 3, 4
    return LabelMap(Image(data, np.eye(4)), REGIONS)


def seen_from(bottom: int) -> Image:
    """Return the grid of a scan that begins at a height."""
    affine = np.eye(4)
    affine[2, 3] = bottom
    return Image(np.zeros((20, 20, 40 - bottom), np.uint8), affine)


def test_a_whole_head_cuts_nothing():
    assert cut_structures(atlas(), STILL, seen_from(0)) == {}
    assert about_cut({}) is None


def test_shares_by_hand():
    """7 of 14 layers of the cerebella are outside, 7 of 28 of all labels."""
    cut = cut_structures(atlas(), STILL, seen_from(7))
    wanted = dict.fromkeys([("cerebellum_cortex", "left"), ("cerebellum_cortex", "right")], 0.5)
    wanted |= {("cerebellum", "midline"): 0.5, ("brain", "midline"): 0.25}
    assert cut == pytest.approx(wanted, abs=0.02)
    assert about_cut(cut) == (
        "the field of view cuts structures, which are not measured: cerebellum (50%), cerebellum cortex "
        "(50%), brain (25%); nor is anything compared with the volume of the brain"
    )


def test_the_side_that_is_cut_is_the_one_named():
    """The scan shows x from 5 on: the left half of the left structures is outside."""
    affine = np.eye(4)
    affine[0, 3] = 5
    cut = cut_structures(atlas(), STILL, Image(np.zeros((15, 20, 40), np.uint8), affine))
    assert cut["thalamus", "left"] == pytest.approx(0.5, abs=0.02)
    assert ("thalamus", "right") not in cut


@pytest.mark.parametrize(("first", "told"), [(0.4, False), (1.6, True)])
def test_a_narrow_image_shows_no_width(first, told):
    """Each of 20 layers across is 5 % of the labels: from 1.6 on two are beyond the left face."""
    affine = np.eye(4)
    affine[0, 3] = first
    cut = cut_structures(atlas(), STILL, Image(np.zeros((20, 20, 40), np.uint8), affine))
    assert (("width of the brain", "midline") in cut) == told


@pytest.mark.parametrize("measure", ["brain_width", "fohr", "evans_index", "biparietal_width", "volume"])
def test_widths_go_with_the_width(measure):
    one = typed([row(measure, ("lateral_ventricle", "midline"), 5.0, "1")], COLUMNS)
    cut = {("width of the brain", "midline"): 0.02}
    assert without_cut(one, cut)["value"].isna().item() == (measure != "volume")


def test_the_transform_decides_where_a_structure_lies():
    """Template points lie 7 mm higher in the scan, so that a scan from 7 on shows all."""
    moved = STILL.data.copy()
    moved[..., 2] = 7
    assert cut_structures(atlas(), STILL.with_data(moved), seen_from(7)) == {}


def test_a_little_is_not_told():
    """Of 14 layers less than one is outside."""
    assert cut_structures(atlas(), STILL, seen_from(1)) != {}
    affine = np.eye(4)
    affine[2, 3] = 0.4
    assert cut_structures(atlas(), STILL, Image(np.zeros(SHAPE, np.uint8), affine)) == {}


def table() -> pd.DataFrame:
    keys = [("thalamus", "left"), ("thalamus", "right"), ("thalamus", "midline"), ("cerebellum", "midline")]
    return typed([row("volume", key, 5.0, "mm3") for key in keys], COLUMNS)


def test_rows_of_what_is_cut_are_not_assessed():
    """A difference between sides goes with either of them."""
    kept = without_cut(table(), {("thalamus", "left"): 0.3})
    assert kept["value"].isna().tolist() == [True, False, True, False]
    assert without_cut(table(), {}).equals(table())


@pytest.mark.parametrize(
    ("measure", "key", "cut", "gone"),
    [
        ("ratio_to_template", ("thalamus", "left"), ("brain", "midline"), True),
        ("percent_of_brain", ("ventricles", "midline"), ("brain", "midline"), True),
        ("volume", ("thalamus", "left"), ("brain", "midline"), False),
        ("percent_of_lateral_ventricle", ("horn", "left"), ("lateral_ventricle", "left"), True),
        ("percent_of_lateral_ventricle", ("horn", "right"), ("lateral_ventricle", "left"), False),
        ("callosal_area", ("corpus_callosum_middle_third", "midline"), ("corpus_callosum", "midline"), True),
        ("fohr", ("lateral_ventricle", "midline"), ("lateral_ventricle", "right"), True),
    ],
)
def test_what_is_of_something_that_is_cut_goes_with_it(measure, key, cut, gone):
    one = typed([row(measure, key, 5.0, "1")], COLUMNS)
    assert without_cut(one, {cut: 0.3})["value"].isna().item() == gone


@pytest.mark.parametrize(
    ("structure", "side", "keys"),
    [
        ("midbrain", "midline", {("cerebral_peduncle", "left"), ("cerebral_peduncle", "right")}),
        ("red_nucleus", "left", {("cerebral_peduncle", "left")}),
        ("putamen_posterior", "right", {("deep_grey", "midline")}),
    ],
)
def test_measures_of_several_structures_go_with_each(structure, side, keys):
    label = LabelMap(
        Image(np.ones(SHAPE, np.int16), np.eye(4)), (Region(1, "1", structure, side, "brainstem"),)
    )
    assert keys <= set(cut_structures(label, STILL, seen_from(7)))


def test_many_structures_are_counted():
    told = about_cut({(f"structure_{n}", "midline"): 0.1 * n for n in range(1, 10)})
    assert told is not None
    assert told.endswith(
        "structure 9 (90%), structure 8 (80%), structure 7 (70%), structure 6 (60%), structure 5 (50%), "
        "structure 4 (40%) and 3 more"
    )
