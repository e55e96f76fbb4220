"""Scorers: pure functions from the tables of a scan to its pattern, each with its criteria."""

from collections.abc import Callable, Mapping
from typing import cast

from cpimaging.scorers import dominance, mrics
from cpimaging.scorers.base import AnyScorer, Criteria, Scorer, Tables, read_criteria
from cpimaging.scorers.confidence import score_surely
from cpimaging.scorers.dominance import score_dominance
from cpimaging.scorers.mrics import score_mrics
from cpimaging.scorers.results import Pattern, Result
from cpimaging.scorers.scales import SCALES
from cpimaging.types import InputError

__all__ = [
    "SCORERS",
    "AnyScorer",
    "Criteria",
    "Pattern",
    "Scorer",
    "Tables",
    "chosen_scorers",
    "pattern_content",
    "read_criteria",
    "results",
    "score_dominance",
    "score_mrics",
    "score_surely",
]

SCORERS: dict[str, AnyScorer] = {
    scorer.name: scorer
    for scorer in (
        dominance.SCORER,
        mrics.SCORER,
        *SCALES,
    )
}
"""Every scorer, by name."""


def pattern_content(names: str, score: Callable[[AnyScorer], Result]) -> Pattern:
    """Return the content of a pattern JSON: every call, and the chosen scales under "scales".

    names: as in `chosen_scorers`. score: gives a scorer's result.
    """
    chosen = chosen_scorers(names)
    calls = {
        name: score(scorer) if name in chosen else _not_chosen(scorer, not chosen)
        for name, scorer in SCORERS.items()
        if not scorer.scale
    }
    scales = {name: score(scorer) for name, scorer in chosen.items() if scorer.scale}
    return cast(Pattern, {**calls, "scales": scales})


def results(pattern: Pattern, *, scales: bool) -> dict[str, tuple[AnyScorer, Result]]:
    """Return the scorers whose result a pattern holds, with it: the calls, or the scales."""
    held = cast(Mapping[str, Result], (pattern.get("scales") or {}) if scales else pattern)
    return {
        name: (scorer, held[name])
        for name, scorer in SCORERS.items()
        if scorer.scale == scales and name in held
    }


def _not_chosen(scorer: AnyScorer, none_at_all: bool) -> Result:
    reason = "no scorer was chosen" if none_at_all else f"the scorer {scorer.name} was not chosen"
    result: Result = scorer.unscored(reason)
    return result


def chosen_scorers(names: str) -> dict[str, AnyScorer]:
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
