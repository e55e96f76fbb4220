"""Criteria as a scan asks for them."""

import pytest

from cpimaging.scorers.base import NEWBORN_TO_YEARS, for_scan
from cpimaging.types import ScanContext

CRITERIA = {
    "minimum_volume": {"value": 30, "unit": "mm3", "tag": "D", "source": "ours", "newborn": {"value": 8}},
    "other": {"value": 5, "unit": "%", "tag": "D", "source": "ours"},
}


@pytest.mark.parametrize(
    ("age_years", "source", "least_mm3"),
    [
        (0.02, "given mask", 8),
        (NEWBORN_TO_YEARS, "given mask", 30),
        (0.02, "detected", 30),
        (5.0, "given mask", 30),
        (None, "given mask", 30),
    ],
)
def test_a_reader_s_mask_of_a_newborn_counts_from_less(age_years, source, least_mm3):
    found = for_scan(CRITERIA, ScanContext(age_years, ("T1w",), source, "pass"))
    assert found["minimum_volume"]["value"] == least_mm3
    assert found["other"] == CRITERIA["other"]
