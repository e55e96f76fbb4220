"""What the detectors see of a scan, and what they found: the map of healthy ADC only at its own ages."""

from types import SimpleNamespace

import numpy as np
import pytest

from cpimaging.assessed import Gate
from cpimaging.lesions.detect import Finding, Scene
from cpimaging.study import look as module
from cpimaging.study.look import Sighting
from cpimaging.types import Image

SHAPE = (4, 4, 4)
TOLD = "the map of healthy ADC is of 36 to 44 postmenstrual weeks and is not used here"


@pytest.mark.parametrize(("band", "why"), [("infant", "a map of healthy ADC is needed"), ("child", None)])
def test_a_map_of_another_age_is_told_and_not_used(monkeypatch, band, why):
    grid = Image(np.full(SHAPE, 0.8e-3, np.float32), np.eye(4))
    shares = {name: np.full(SHAPE, 1 / 3, np.float32) for name in ("grey", "white", "fluid")}
    none = np.zeros(SHAPE, bool)
    seen = []

    def scene_of(job, frame, brain, way, norm):
        seen.append(norm)
        return Scene({"ADC": grid}, ~none, shares, none.astype(np.uint8), none)

    monkeypatch.setattr(module, "norm_for", lambda folder, scan: (None, TOLD))
    monkeypatch.setattr(module, "_scene", scene_of)
    monkeypatch.setattr(module, "read_image", lambda *_, **__: grid.with_data(~none))
    monkeypatch.setattr("cpimaging.lesions.detect.detectors.adc.unfit", lambda *_: None)
    job = SimpleNamespace(
        adc_norm="norm", images={"ADC": "adc"}, scan=None, files=SimpleNamespace(brain_mask="")
    )
    found = module.look(job, None, np.eye(4), Gate(band)).finding
    assert seen == [None]
    assert TOLD in found.notes
    assert found.not_assessed is None if why is None else why in found.not_assessed


def test_the_probability_of_a_piece_is_the_mean_of_its_voxels() -> None:
    """Three voxels of 0.5, 0.6 and 1 make 0.7; one alone keeps its own; what is no lesion counts nowhere."""
    probability = np.array([[[0.5, 0.6, 1.0, 0.3, 0.9]]], np.float32)
    pieces = np.array([[[1, 1, 1, 0, 2]]], np.int32)
    image = Image(probability, np.eye(4))
    origin = image.with_data(np.zeros(pieces.shape, np.uint8))
    finding = Finding(probability, pieces > 0, origin.data, ("bright",))
    seen = Sighting(finding, image.with_data(pieces > 0), image, origin)
    assert seen.probabilities(pieces) == pytest.approx([0.7, 0.9])
    assert seen.probabilities(np.zeros_like(pieces)).size == 0
