"""Lesion patterns of cerebral palsy from brain MRI. Research use only."""

__version__ = "0.1.0"
