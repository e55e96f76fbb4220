"""Lesions where no mask is given: detectors per contrast, and how they combine."""

from cpimaging.lesions.detect.combine import detect
from cpimaging.lesions.detect.detectors.chronic import DETECTORS
from cpimaging.lesions.detect.inputs import Finding, Scene, make_scene, nothing, on_grid, thinned

__all__ = ["DETECTORS", "Finding", "Scene", "detect", "make_scene", "nothing", "on_grid", "thinned"]
