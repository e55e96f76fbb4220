"""What the segment stage compares with a template of the age."""

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cpimaging.assessed import Gate
from cpimaging.atlases.embedded.landmarks import landmark
from cpimaging.io import typed
from cpimaging.morphometry.newborn import Taken
from cpimaging.morphometry.rows import COLUMNS, row
from cpimaging.segment import Segmentation
from cpimaging.stages import segment as stage
from cpimaging.stages.segment import not_compared
from cpimaging.types import Image, LabelMap, Region

T1W, BOTH = ("T1w",), ("T1w", "T2w")


@pytest.mark.parametrize(
    ("band", "scan", "template", "compared"),
    [
        ("term", BOTH, BOTH, True),
        ("term", T1W, T1W, True),
        ("term", T1W, BOTH, True),
        ("term", BOTH, T1W, False),  # read on T2w in the scan, on T1w in the template
        ("infant", ("T2w",), T1W, False),
        ("toddler", BOTH, T1W, True),  # grey and white matter are told apart on T1w
    ],
)
def test_volumes_are_compared_where_both_were_read_on_the_same_contrast(band, scan, template, compared):
    frame = SimpleNamespace(images=dict.fromkeys(template), built=object(), used=SimpleNamespace(name="new"))
    why = not_compared(scan, frame, Gate(band, own_template=True))
    assert (why is None) == compared
    assert compared or "the template new" in why


def test_the_adult_template_is_not_compared_with_an_infant_and_is_with_a_child():
    adult = SimpleNamespace(images={"T1w": None}, built=None, used=SimpleNamespace(name="adult"))
    assert "not assessed in this age band" in not_compared(BOTH, adult, Gate("infant"))
    assert not_compared(BOTH, adult, Gate("child")) is None


TABLE = typed(
    [
        row("volume", ("lateral_ventricle_body", "left"), 900.0, "mm3"),
        row("volume", ("cerebellum_cortex", "left"), 20000.0, "mm3"),
        row("volume", ("thalamus", "left"), 5000.0, "mm3"),
    ],
    COLUMNS,
)


@pytest.mark.parametrize(
    ("covered", "cut", "way", "gone"),
    [
        (None, {}, None, set()),
        ("a mask covers it", {}, None, {"lateral_ventricle_body"}),
        (None, {("cerebellum_cortex", "left"): 0.4}, None, {"cerebellum_cortex"}),
        (None, {}, "template new: straight", set()),
    ],
)
def test_what_is_not_measured_is_na_in_the_table_and_told(monkeypatch, covered, cut, way, gone):
    """All around the decision is stood in for: what is written is looked at."""
    region = Region(1, "1", "cerebellum_cortex", "left", "cerebellum")
    brain = Image(np.ones((2, 2, 2), np.uint8), np.eye(4))
    atlas = SimpleNamespace(name="a", version="1", dseg=LabelMap(brain, (region,)))
    found = Segmentation(*([brain] * 5), assessed=True, notes=[])
    written: dict[str, Any] = {}
    stand_ins: dict[str, Any] = {
        "frame_of": lambda job: SimpleNamespace(atlas=atlas, used=None, built=None),
        "gate_of": lambda job, used: Gate("child"),
        "read_image": lambda path, labels: brain,
        "template_volumes": lambda atlas: {},
        "not_compared": lambda *words: None,
        "_segmented": lambda *words: (found, covered),
        "_landmarks": lambda field: {},
        "read_displacement": lambda path: None,
        "_measured": lambda *words: TABLE,
        "_newborn": lambda *words: typed([], COLUMNS),
        "_cut": lambda *words: cut,
        "_about_way": lambda frame: way,
        "with_norms": lambda job, table, told: (table, []),
        "_write_labels": lambda job, atlas, found, unplaced, notes: written.update(notes=notes),
        "write_table": lambda path, table: written.update(table=table),
        "with_ids": lambda table, label: table,
    }
    for name, value in stand_ins.items():
        monkeypatch.setattr(stage, name, value)
    files = SimpleNamespace(brain_mask="", morphometry="", xfm_to_template=lambda reference: "")
    stage.run.__wrapped__(SimpleNamespace(files=files, images={}, label="sub-01", reference="T1w"))
    values = written["table"].set_index("structure")["value"]
    assert set(values.index[values.isna()]) == gone
    told = (
        "the field of view cuts structures, which are not measured: cerebellum cortex (40%)" if cut else None
    )
    assert written["notes"] == [why for why in (way, covered, told) if why]


def test_the_midline_lies_between_the_foramina():
    """The field moves what is on the right by 4 mm to the right, nothing on the left: halfway is 2 mm."""
    push = np.zeros((120, 120, 120, 3), np.float32)
    push[61:, :, :, 0] = 4
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    affine[:3, 3] = -121
    points = stage._landmarks(Image(push, affine))
    left_or_right = landmark("interventricular_foramen")
    assert points["midline"] == pytest.approx([2.0, *left_or_right[1:]], abs=1e-6)


def test_no_line_is_drawn_of_what_is_not_in_the_table(monkeypatch, tmp_path):
    """A line of 12 mm that the field of view cuts has no row, and no picture."""
    taken = [Taken(name, (name, "midline"), 12.0) for name in ("cerebellum", "brain")]
    drawn = []
    monkeypatch.setattr(stage, "aligned_grid", lambda *words: None)
    monkeypatch.setattr(stage, "read_affine", lambda job: None)
    monkeypatch.setattr(stage, "read_image", lambda path: None)
    monkeypatch.setattr(stage, "newborn_measures", lambda *words: taken)
    monkeypatch.setattr("cpimaging.newborn_lines.newborn_lines", lambda ones, image: drawn.extend(ones) or "")
    files = SimpleNamespace(newborn_lines=tmp_path / "lines.svg", preproc=lambda name: "")
    job = SimpleNamespace(files=files, images={"T2w": ""}, reference="T2w")
    brain = Image(np.ones((2, 2, 2), np.int16), np.eye(4))
    atlas, found = SimpleNamespace(dseg=LabelMap(brain, ())), Segmentation(*([brain] * 5), True, [])
    shown = partial(stage._shown, cut={("cerebellum", "midline"): 0.4}, ventricles=True)
    table = stage._newborn(job, atlas, brain, found, Gate("term", own_template=True), {}, shown)
    assert table["value"].isna().tolist() == [True, False]
    assert [one.measure for one in drawn] == ["brain"]


def test_a_straight_way_is_told_with_the_template():
    built = SimpleNamespace(template=SimpleNamespace(via=None, pma_weeks=(36, 44)))
    told = stage._about_way(SimpleNamespace(built=built, used=SimpleNamespace(name="new")))
    assert told.startswith("template new: it goes straight to the adult template")
    assert stage._about_way(SimpleNamespace(built=None)) is None
