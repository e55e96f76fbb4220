"""Ventricles that a given lesion mask covers."""

import numpy as np

from cpimaging.types import Image, LabelMap
from cpimaging.words import HEMISPHERES

LEAST_SHARE = 0.2
"""Share of a lateral ventricle of the atlas in a mask from which ventricles are not measured (ours)."""


def covered_ventricles(atlas: LabelMap, lesion: Image | None) -> str | None:
    """Return why ventricles are not measured beside a given mask, or None.

    atlas: on the scan; lesion: bool, one grid. What is lesion is never ventricle, so that one drawn with the
    ventricle inside would leave a child with a small one.
    """
    if lesion is None:
        return None
    for side in HEMISPHERES:
        numbers = [
            region.index
            for region in atlas.regions
            if region.structure.startswith("lateral_ventricle") and region.side == side
        ]
        whole = np.isin(atlas.labels.data, numbers)
        share = (whole & lesion.data.astype(bool)).sum() / max(whole.sum(), 1)
        if share >= LEAST_SHARE:
            return f"ventricles are not measured: the lesion mask covers {share:.0%} of the {side} one"
    return None
