"""Scorers: pure functions from the tables of a scan to its pattern, each with its criteria."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cpimaging.scorers.base import Criteria, Scorer, Tables, read_criteria
from cpimaging.scorers.confidence import score_surely
from cpimaging.scorers.dominance import REQUIRES as DOMINANCE_REQUIRES
from cpimaging.scorers.dominance import score_dominance, unscored_dominance
from cpimaging.scorers.mrics import REQUIRES as MRICS_REQUIRES
from cpimaging.scorers.mrics import score_mrics, unscored_mrics
from cpimaging.scorers.scales import SCALES
from cpimaging.types import InputError

__all__ = [
    "SCORERS",
    "Criteria",
    "Scorer",
    "Tables",
    "chosen_scorers",
    "pattern_content",
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
        *SCALES,
    )
}
"""Every scorer, by name."""


def pattern_content(names: str, score: Callable[[Scorer], dict[str, Any]]) -> dict[str, Any]:
    """Return the content of a pattern JSON: every call, and the chosen scales under "scales".

    names: as in `chosen_scorers`. score: gives a scorer's result.
    """
    chosen = chosen_scorers(names)
    calls = {
        name: score(scorer) if name in chosen else _not_chosen(scorer, not chosen)
        for name, scorer in SCORERS.items()
        if not scorer.scale
    }
    return {**calls, "scales": {name: score(scorer) for name, scorer in chosen.items() if scorer.scale}}


def _not_chosen(scorer: Scorer, none_at_all: bool) -> dict[str, Any]:
    reason = "no scorer was chosen" if none_at_all else f"the scorer {scorer.name} was not chosen"
    return scorer.unscored(reason)


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
