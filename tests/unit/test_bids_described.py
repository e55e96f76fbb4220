"""What words of a sidecar say of an age."""

import pytest

from cpimaging.bids.described import is_at_scan, not_an_age


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("age in years", ""),
        ("age of the participant at the time of testing", ""),
        ("age in years (range 2-18), patients and control group", ""),
        ("patient age at mri. age of onset is elsewhere", ""),
        ("parental report of the age at scan", ""),
        ("age at first scan", ""),
        ("age group", "a group"),
        ("1 = 0-2 years", "a group"),
        ("age in bins", "a group"),
        ("z-score of age", "no amount"),
        ("age squared", "no amount"),
        ("bone age at scan", "not the age at scan"),
        ("age of the mother", "not the age at scan"),
        ("age at the time of injury", "not the age at scan"),
        ("age when diagnosed", "not the age at scan"),
    ],
)
def test_a_description_tells_an_age_from_what_is_none(words: str, why: str) -> None:
    told = not_an_age(words)
    assert told.startswith(why)
    assert bool(told) == bool(why)


def test_an_age_is_said_to_be_at_the_scan() -> None:
    assert is_at_scan("age at the time of the scan")
    assert not is_at_scan("age at the time of testing")
