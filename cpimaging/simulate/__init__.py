"""Brains with a known injury: a BIDS dataset to test with, and the truth about it."""

from cpimaging.simulate.dataset import simulate
from cpimaging.simulate.young_dataset import simulate_young

__all__ = ["simulate", "simulate_young"]
