"""How often a reader would agree with a call: a table fitted to cases of several makers."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from cpimaging.io import read_yaml

# fitted by benchmarks/calibration.py
TABLE = Path(__file__).with_suffix(".yaml")
PRIOR = (0.5, 1.0)  # half of one more kind is right: a kind that nobody drew may go either way [ours]


class Calibration(NamedTuple):
    """grounds: how many kinds of cases are right, of how many. steps: from which stability, what share."""

    grounds: Mapping[str, tuple[float, float]]
    steps: Sequence[tuple[float, float]]

    def expected(self, ground: str, stability: float | None) -> float:
        """Return the share of kinds that a call on this ground is right in; unstable calls get less."""
        right, kinds = self.grounds.get(ground, (0.0, 0.0))
        share = (right + PRIOR[0]) / (kinds + PRIOR[1])
        known = [step for start, step in self.steps if stability is not None and stability >= start]
        return min(share, known[-1]) if known else share


@cache
def calibration() -> Calibration:
    """Return the calibration that the package holds."""
    content = read_yaml(TABLE)
    grounds = {name: (row["right"], row["kinds"]) for name, row in content["grounds"].items()}
    return Calibration(grounds, [(row["from"], row["right"]) for row in content["stability"]])


def expected_agreement(ground: str | None, stability: float | None = None) -> float | None:
    """Return the expected agreement of a call with a reader, 0–1; None where nothing is called.

    stability: share of the repetitions that keep the subgroup, None where they were not made.
    """
    return None if ground is None else calibration().expected(ground, stability)
