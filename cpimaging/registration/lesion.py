"""What is done about a lesion, so that it cannot pull the registration to itself.

See docs/method/registration.md for what was measured.
"""

import numpy as np

from cpimaging.registration.engine import Engine
from cpimaging.types import Image, InputError

LEAST_KEPT_SHARE = 0.2
"""Share of the brain that must be left to register once the lesion is out (ours)."""

LEAST_BRAIN_ML = 50.0
"""A smaller brain is none; the smallest preterm newborns have more than 100 ml (ours)."""


def lesion_strategy(lesion: Image | None, engine: Engine, detected: bool = False) -> str:
    """Return in plain words how an engine treats the lesion (boolean image)."""
    if lesion is None:
        return "no lesion given, nothing masked"
    if not lesion.data.any():
        return "no lesion detected, nothing masked" if detected else "the given mask is empty, nothing masked"
    return engine.with_lesion


def filled(scan: Image, expected: Image, lesion: Image) -> Image:
    """Return the scan with its lesion (boolean) replaced by what is expected there, in the scan's greys.

    expected: the warped template on the scan's grid, 0 outside of its brain. Its greys become the scan's by
    the straight line that fits best outside of the lesion; where the two do not meet, nothing is filled.
    """
    healthy = (scan.data != 0) & (expected.data > 0) & ~lesion.data
    if not healthy.any():
        return scan
    theirs, ours = (image.data[healthy].astype(np.float64) for image in (expected, scan))
    slope, offset = np.polyfit(theirs, ours, 1)
    greys = np.where(expected.data > 0, slope * expected.data + offset, 0)
    return scan.with_data(np.where(lesion.data, greys, scan.data).astype(np.float32))


def check_registrable(scan: Image, lesion: Image | None, path: str) -> None:
    """Refuse a scan that holds too little to register.

    scan: 0 outside of the brain. lesion: boolean, same grid. Raises InputError in the name of `path`.
    """
    brain = scan.data != 0
    volume_ml = int(brain.sum()) * scan.voxel_volume_mm3 / 1000
    if volume_ml < LEAST_BRAIN_ML:
        raise InputError(
            path, f"holds {volume_ml:.1f} ml of brain, too little to register", "check brain mask"
        )
    if scan.data[brain].min() == scan.data[brain].max():
        raise InputError(path, "has the same value in the whole brain", "convert it again or leave it out")
    if lesion is not None and (brain & ~lesion.data).sum() < LEAST_KEPT_SHARE * brain.sum():
        raise InputError(path, "is nearly all lesion: nothing is left to register", "check the lesion mask")
