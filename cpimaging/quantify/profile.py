"""How a lesion lies to the lateral ventricles: in front of their middle, and how far from them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cpimaging.io import typed
from cpimaging.morphometry.rows import COLUMNS, row
from cpimaging.morphometry.volumes import LATERAL
from cpimaging.types import Image, Region

PROFILE_EDGES_MM = (0.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, np.inf)
"""Bin edges of the distance profile; ours."""


def lesion_profile(
    mask: Image, labels: Image, regions: Sequence[Region], distance_ventricle_mm: NDArray[np.floating[Any]]
) -> pd.DataFrame:
    """Say how a lesion lies to the ventricles: `anterior_share` and `distance_profile` as one table.

    Returns MORPHOMETRY_COLUMNS without the two id columns; the structure names the stretch of distance, from
    its beginning to before its end, as in "2_to_5_mm".
    """
    front = row("anterior_share", ("lesion", "midline"), anterior_share(mask, labels, regions), "%")
    steps = distance_profile(mask, distance_ventricle_mm).itertuples(index=False)
    rows = [
        row("distance_profile", (_stretch(low, high), "midline"), volume, "mm3")
        for low, high, volume in steps
    ]
    return typed([front, *rows], COLUMNS)


def anterior_share(mask: Image, labels: Image, regions: Sequence[Region]) -> float:
    """Return how much of the lesion in the cerebrum lies in front of the middle of the lateral ventricles, %.

    mask: bool, on the grid of the labels. The middle lies halfway between the foremost and the rearmost voxel
    that `regions` name lateral ventricle. NaN without a lesion in the cerebrum, or without ventricles.
    After the midventricle line of Cayam-Rand et al. 2019, Neurology 93:e1231; this plane is ours.
    """
    lateral = [region.index for region in regions if region.structure.startswith(LATERAL)]
    cerebrum = [
        region.index for region in regions if region.tissue in ("white_matter", "deep_grey", "cortex")
    ]
    along = np.flatnonzero(np.isin(labels.data, lateral).any(axis=(0, 2)))
    lesion = np.nonzero(mask.data)
    places = lesion[1][np.isin(labels.data[lesion], cerebrum)]
    if not len(along) or not len(places):
        return float("nan")
    middle = (along[0] + along[-1]) / 2
    return float(100 * np.mean((places > middle) + 0.5 * (places == middle)))


def distance_profile(
    mask: Image,
    distance_ventricle_mm: NDArray[np.floating[Any]],
    edges_mm: Sequence[float] = PROFILE_EDGES_MM,
) -> pd.DataFrame:
    """Sum the lesion by its distance from the lateral ventricle.

    Returns columns from_mm (included), to_mm (excluded) and volume_mm3. Lesion where the distance is
    not known (NaN) is left out.
    """
    distances = distance_ventricle_mm[mask.data.astype(bool)]
    voxels, _ = np.histogram(distances[~np.isnan(distances)], bins=np.asarray(edges_mm))
    return pd.DataFrame(
        {"from_mm": edges_mm[:-1], "to_mm": edges_mm[1:], "volume_mm3": voxels * mask.voxel_volume_mm3}
    )


def _stretch(low_mm: float, high_mm: float) -> str:
    return f"{low_mm:g}_to_{high_mm:g}_mm" if np.isfinite(high_mm) else f"{low_mm:g}_mm_and_more"
