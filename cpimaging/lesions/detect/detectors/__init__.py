"""One module per detector, and the registry of all; who is registered looks."""

from cpimaging.lesions.detect.detectors.adc import ADC
from cpimaging.lesions.detect.detectors.base import Detector
from cpimaging.lesions.detect.detectors.cysts import CYSTS
from cpimaging.lesions.detect.detectors.flair import FLAIR
from cpimaging.lesions.detect.detectors.punctate import PUNCTATE
from cpimaging.lesions.detect.detectors.t1w import T1W
from cpimaging.lesions.detect.detectors.t2w import T2W

_ALL = (FLAIR, T2W, T1W, PUNCTATE, CYSTS, ADC)
DETECTORS: dict[str, Detector] = {detector.name: detector for detector in _ALL}
"""All detectors, by name; of those for chronic injury the first that can look does."""
