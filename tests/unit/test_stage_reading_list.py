"""What a blinded reader is told of an age."""

import pytest

from cpimaging.bids.scan import Scan
from cpimaging.stages.reading_list import _age

WEEK = 7 / 365.25


@pytest.mark.parametrize(
    ("years", "pma_weeks", "days", "told"),
    [
        (5.0, None, 1826.25, "5.0 years"),
        (WEEK, 41.0, 98.0, "7 days corrected, 3 months since birth (41 weeks postmenstrual age)"),
        (0.0, 38 + 4 / 7, None, "before term (38+4 weeks postmenstrual age)"),
    ],
)
def test_an_age_from_term_is_told_as_one(years, pma_weeks, days, told):
    scan = Scan("01", None, {}, age_years=years, pma_weeks=pma_weeks, postnatal_days=days)
    assert _age(scan) == told
