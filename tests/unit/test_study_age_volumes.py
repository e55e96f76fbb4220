"""A template is measured as a scan is: labels refined on the contrast that the scan's are."""

from types import SimpleNamespace

import numpy as np
import pytest

from cpimaging.io import read_json
from cpimaging.study import age_volumes
from cpimaging.types import Image, LabelMap, Region

GREY = Image(np.ones((4, 4, 4), np.float32), np.eye(4))
CARRIED, REFINED = (GREY.with_data(np.full((4, 4, 4), number, np.int16)) for number in (1, 2))
REGIONS = (
    Region(1, "1", "thalamus", "left", "deep_grey"),
    Region(2, "2", "caudate", "left", "deep_grey"),
)


@pytest.mark.parametrize(
    ("contrasts", "young", "refined_on"),
    [
        (("T1w",), "below 2 years", ["T1w"]),
        (("T1w", "T2w"), "below 2 years", ["T2w"]),
        (("T1w", "T2w"), "", []),
    ],
)
def test_labels_are_refined_as_on_a_scan(monkeypatch, tmp_path, contrasts, young, refined_on):
    asked = []

    def refined(labels, regions, images, brain, inner):
        asked.extend(images)
        return REFINED

    monkeypatch.setattr(age_volumes, "refined", refined)
    monkeypatch.setattr(age_volumes, "template_shares", lambda template: {})
    stand_in = lambda images, brain, atlas, *more: SimpleNamespace(labels=atlas.labels)  # noqa: E731
    monkeypatch.setattr(age_volumes, "segment", stand_in)
    frame = SimpleNamespace(
        template=SimpleNamespace(brain=GREY), atlas=SimpleNamespace(dseg=LabelMap(CARRIED, REGIONS))
    )
    age_volumes._measure(tmp_path, frame, dict.fromkeys(contrasts, GREY), young)
    assert asked == refined_on
    volumes = {name: mm3 for name, _, mm3 in read_json(tmp_path / age_volumes.RECORD)["Volumes"]}
    assert (volumes["caudate"], volumes["thalamus"]) == ((64, 0) if refined_on else (0, 64))
