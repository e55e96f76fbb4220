"""Find the scans of a BIDS dataset, their masks, and the age and sex that go with them."""

from cpimaging.bids.checks import check_scan
from cpimaging.bids.demographics import with_assumed_ages, with_demographics, with_given_ages
from cpimaging.bids.listing import Scan, list_scans, single_scan
from cpimaging.bids.mask_folder import list_masks
from cpimaging.bids.reference import choose_references

__all__ = [
    "Scan",
    "check_scan",
    "choose_references",
    "list_masks",
    "list_scans",
    "single_scan",
    "with_assumed_ages",
    "with_demographics",
    "with_given_ages",
]
