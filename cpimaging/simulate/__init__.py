"""Brains with a known injury: a BIDS dataset to test with, and the truth about it."""

from cpimaging.simulate.dataset import simulate

__all__ = ["simulate"]
