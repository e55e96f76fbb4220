"""Which scorers are asked."""

import pytest

from cpimaging.scorers import SCORERS, chosen_scorers
from cpimaging.types import InputError


@pytest.mark.parametrize("names", ["fiory", "mrics, fiory", "all, mrics", "MRICS"])
def test_a_scorer_that_there_is_not_is_refused(names):
    with pytest.raises(InputError, match=r"there is no scorer (fiory|all|MRICS); choose from"):
        chosen_scorers(names)


def test_scorers_are_chosen_in_their_own_order():
    assert list(chosen_scorers(" mrics,dominance, ")) == [
        name for name in SCORERS if name in ("dominance", "mrics")
    ]
    assert chosen_scorers("all") == SCORERS
    assert chosen_scorers("") == {}
