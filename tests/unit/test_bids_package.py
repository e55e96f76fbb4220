"""What other programs import from cpimaging.bids."""

import pytest

import cpimaging.bids
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.listing import list_scans
from cpimaging.bids.reference import choose_references


def test_the_package_gives_what_lists_scans_and_nothing_else():
    assert cpimaging.bids.list_scans is list_scans
    assert cpimaging.bids.with_demographics is with_demographics
    assert cpimaging.bids.choose_references is choose_references
    with pytest.raises(AttributeError, match="has no attribute 'read_image'"):
        _ = cpimaging.bids.read_image
