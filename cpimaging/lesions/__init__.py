"""The lesion: its components, and detectors that find it."""

from cpimaging.lesions.components import components

__all__ = ["components"]
