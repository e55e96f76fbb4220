"""What the segment stage compares with a template of the age."""

from types import SimpleNamespace

import pytest

from cpimaging.assessed import Gate
from cpimaging.stages.segment import not_compared

T1W, BOTH = ("T1w",), ("T1w", "T2w")


@pytest.mark.parametrize(
    ("band", "scan", "template", "compared"),
    [
        ("term", BOTH, BOTH, True),
        ("term", T1W, T1W, True),
        ("term", T1W, BOTH, True),
        ("term", BOTH, T1W, False),  # read on T2w in the scan, on T1w in the template
        ("infant", ("T2w",), T1W, False),
        ("toddler", BOTH, T1W, True),  # grey and white matter are told apart on T1w
    ],
)
def test_volumes_are_compared_where_both_were_read_on_the_same_contrast(band, scan, template, compared):
    frame = SimpleNamespace(images=dict.fromkeys(template), built=object(), used=SimpleNamespace(name="new"))
    why = not_compared(scan, frame, Gate(band, own_template=True))
    assert (why is None) == compared
    assert compared or "the template new" in why


def test_the_adult_template_is_not_compared_with_an_infant_and_is_with_a_child():
    adult = SimpleNamespace(images={"T1w": None}, built=None, used=SimpleNamespace(name="adult"))
    assert "not assessed in this age band" in not_compared(BOTH, adult, Gate("infant"))
    assert not_compared(BOTH, adult, Gate("child")) is None
