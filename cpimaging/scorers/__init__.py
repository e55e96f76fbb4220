"""Scorers: pure functions from the tables of a scan to its pattern, each with its criteria."""

from pathlib import Path

from cpimaging.scorers.base import Criteria, Scorer, Tables, read_criteria
from cpimaging.scorers.dominance import REQUIRES as DOMINANCE_REQUIRES
from cpimaging.scorers.dominance import score_dominance
from cpimaging.scorers.mrics import REQUIRES as MRICS_REQUIRES
from cpimaging.scorers.mrics import score_mrics

__all__ = ["SCORERS", "Criteria", "Scorer", "Tables", "read_criteria", "score_dominance", "score_mrics"]

_HERE = Path(__file__).parent

SCORERS = {
    scorer.name: scorer
    for scorer in (
        Scorer("dominance", DOMINANCE_REQUIRES, score_dominance, _HERE / "dominance.yaml"),
        Scorer("mrics", MRICS_REQUIRES, score_mrics, _HERE / "mrics.yaml"),
    )
}
"""Every scorer, by name."""
