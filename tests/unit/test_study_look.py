import numpy as np
import pytest

from cpimaging.lesions.detect import Finding
from cpimaging.study.look import Sighting
from cpimaging.types import Image


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
