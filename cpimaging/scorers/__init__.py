"""Scorers: pure functions from the tables of a scan to its pattern, each with its criteria."""

from pathlib import Path

from cpimaging.scorers.base import Criteria, Scorer, Tables, read_criteria
from cpimaging.scorers.confidence import score_surely
from cpimaging.scorers.dominance import REQUIRES as DOMINANCE_REQUIRES
from cpimaging.scorers.dominance import score_dominance, unscored_dominance
from cpimaging.scorers.mrics import REQUIRES as MRICS_REQUIRES
from cpimaging.scorers.mrics import score_mrics, unscored_mrics
from cpimaging.types import InputError

__all__ = [
    "SCORERS",
    "Criteria",
    "Scorer",
    "Tables",
    "chosen_scorers",
    "read_criteria",
    "score_dominance",
    "score_mrics",
    "score_surely",
]

_HERE = Path(__file__).parent

SCORERS = {
    scorer.name: scorer
    for scorer in (
        Scorer(
            "dominance",
            DOMINANCE_REQUIRES,
            score_dominance,
            unscored_dominance,
            _HERE / "dominance.yaml",
            answers=("call",),
            uncalled=frozenset({"none", "not_assessed", "indeterminate"}),
            undecided="indeterminate",
        ),
        Scorer(
            "mrics",
            MRICS_REQUIRES,
            score_mrics,
            unscored_mrics,
            _HERE / "mrics.yaml",
            answers=("group", "subgroup"),
            details=("severity", "territory", "side"),
        ),
    )
}
"""Every scorer, by name."""


def chosen_scorers(names: str) -> dict[str, Scorer]:
    """Return the scorers of a comma list; "all" is every one, "" none. Raises InputError for another name."""
    if names == "all":
        return dict(SCORERS)
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in SCORERS]
    if unknown:
        known = ", ".join(SCORERS)
        raise InputError(
            "scorers", f"there is no scorer {', '.join(unknown)}", f"choose from {known}, or none"
        )
    return {name: scorer for name, scorer in SCORERS.items() if name in wanted}
