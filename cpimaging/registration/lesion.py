"""What is done about a lesion, so that it cannot pull the registration to itself.

Measured on simulated lesions of 5 to 200 ml, masking with a patch correlation that is normalised by the
mask was better than filling with the mirrored healthy side; small lesions are best left as they are, for
what they hide costs more than what they mislead. See docs/method/registration.md.
"""

from cpimaging.types import Image, InputError

LEAST_KEPT_SHARE = 0.2
"""Share of the brain that must be left to register once the lesion is out (ours)."""

LEAST_BRAIN_ML = 50.0
"""A smaller brain is none; the smallest preterm newborns have more than 100 ml (ours)."""


LEAST_MASKED_ML = 10.0
"""A smaller lesion is not masked: at 5 ml masking won in one brain and lost in another (ours)."""


def left_out(lesion: Image | None) -> Image | None:
    """Return what the registration leaves out of its metric: the lesion (boolean), or None if it is small."""
    return lesion if lesion is not None and _volume_ml(lesion) >= LEAST_MASKED_ML else None


def _volume_ml(mask: Image) -> float:
    return int(mask.data.sum()) * mask.voxel_volume_mm3 / 1000


def lesion_strategy(lesion: Image | None, detected: bool = False) -> str:
    """Return in plain words how the registration treats the lesion (boolean image)."""
    if lesion is None:
        return "no lesion given, nothing masked"
    if not lesion.data.any():
        return "no lesion detected, nothing masked" if detected else "the given mask is empty, nothing masked"
    if left_out(lesion) is None:
        return f"{_volume_ml(lesion):.1f} ml of lesion, less than {LEAST_MASKED_ML:g} ml: nothing masked"
    return "cost-function masking (Brett 2001), the patch correlation normalised within the mask"


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
