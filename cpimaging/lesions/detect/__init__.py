"""Lesions where no mask is given: detectors per contrast, and how they combine."""

from cpimaging.lesions.detect.combine import detect
from cpimaging.lesions.detect.detectors import DETECTORS
from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.findings import Finding, nothing
from cpimaging.lesions.detect.inputs import Scene, make_scene, norm_on, on_grid, thinned

__all__ = [
    "DETECTORS",
    "Detector",
    "Finding",
    "Scene",
    "detect",
    "make_scene",
    "norm_on",
    "nothing",
    "on_grid",
    "thinned",
]
