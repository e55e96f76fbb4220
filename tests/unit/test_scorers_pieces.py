"""The pieces of a lesion as the rules look at them."""

import numpy as np
import pytest
from scorer_tables import tables, white

from cpimaging.scorers import Tables
from cpimaging.scorers.pieces import pieces_of


@pytest.mark.parametrize(
    ("cavity", "blood", "hollow"),
    [(12.0, 9.0, 21.0), (12.0, np.nan, 12.0), (0.0, 30.0, 30.0), (np.nan, 30.0, np.nan)],
)
def test_a_lesion_is_hollow_by_its_cavity_and_its_blood(cavity, blood, hollow):
    """Without an image that shows blood the cavity stands alone."""
    found = tables({white("left", "deep", "frontal"): 1.0})
    lesions = found.lesions.assign(cavity_percent=cavity, blood_percent=blood)
    (piece,) = pieces_of(Tables(found.load, lesions, found.parts, found.morphometry))
    assert piece.hollow == pytest.approx(hollow, nan_ok=True)


def test_the_midline_goes_to_the_sides_as_the_rest_of_its_lesion_does():
    """3 ml on the left and 1 ml on the right: three quarters of 2 ml of the callosum are 1500 mm³."""
    lesion = {white("left", "deep", "frontal"): 3.0, white("right", "deep", "frontal"): 1.0}
    lesion[("corpus_callosum_genu", "midline")] = 2.0
    left, right = pieces_of(tables([lesion], more=True))
    assert (left.side, left.of("callosum"), left.tissue_mm3) == ("left", 1500, 4500)
    assert (right.side, right.of("callosum"), right.tissue_mm3) == ("right", 500, 1500)
    assert left.share("callosum") == pytest.approx(100 / 3)
    alone = pieces_of(tables([{("corpus_callosum_genu", "midline"): 2.0}], more=True))
    assert [piece.tissue_mm3 for piece in alone] == [1000, 1000]
