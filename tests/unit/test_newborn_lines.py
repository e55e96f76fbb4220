"""Pictures of a newborn's lines: one tile a line, the line where it was measured."""

import re

import numpy as np
import pytest

from cpimaging.morphometry.lines import section
from cpimaging.morphometry.newborn import Taken
from cpimaging.newborn_lines import newborn_lines
from cpimaging.types import Image

GRID = Image(np.zeros((40, 60, 40), np.uint8), np.eye(4))


def test_a_line_is_drawn_on_its_section_right_side_up():
    """40 mm are 300 pixels wide or, at 60 mm high, 200; 10 mm from the left, 5 mm above the bottom."""
    data = np.zeros(GRID.shape, np.float32)
    data[20:, :, :] = 1  # the right half is bright
    on = section(GRID, "sagittal", np.array([20.0, 0.0, 0.0]))
    line = on.line((40.0, 20.0), (80.0, 20.0))
    picture = newborn_lines(
        [Taken("callosal_thickness", ("corpus_callosum_body", "midline"), 10.0, line=line)],
        GRID.with_data(data),
    )
    ends = [float(value) for value in re.findall(r'[xy][12]="([0-9.]+)"', picture)]
    assert ends[0] == pytest.approx(10 / 60 * 300, abs=1)
    assert ends[2] == pytest.approx(20 / 60 * 300, abs=1)
    assert ends[1] == ends[3] == pytest.approx((40 - 5) / 60 * 300, abs=3)
    assert ">P<" in picture
    assert ">A<" in picture
    assert "10.0 mm" in picture


def test_what_has_no_line_has_no_tile():
    area = Taken("deep_grey_area", ("deep_grey", "midline"), 1200.0, "mm2")
    assert "<image" not in newborn_lines([area], GRID)
