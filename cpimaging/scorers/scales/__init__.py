"""Published scales: points from the tables of a scan, as a range where items cannot be measured."""

from pathlib import Path

from cpimaging.scorers.base import Scorer
from cpimaging.scorers.scales import barkovich, fiori, nichd
from cpimaging.scorers.scales.evaluate import unscored

SCALES = tuple(
    Scorer(
        scale.name,
        scale.requires,
        scale.score,
        unscored,
        Path(__file__).with_name(f"{scale.name}.yaml"),
        scale=True,
    )
    for scale in (fiori.SCALE, barkovich.SCALE, nichd.SCALE)
)
"""A scale is here only if at least half of its items can be measured (docs/method/scales.md)."""
