"""Published scales: points from the tables of a scan, as a range where items cannot be measured."""

from cpimaging.scorers.scales import barkovich, fiori, kidokoro, nichd

SCALES = (fiori.SCORER, barkovich.SCORER, nichd.SCORER, kidokoro.SCORER)
"""A scale is here only if at least half of its items can be measured (docs/method/scales.md)."""
