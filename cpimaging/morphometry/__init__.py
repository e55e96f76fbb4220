"""Ventricle indices, callosal and peduncular area, volumes of groups, shares and side differences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cpimaging.io import typed
from cpimaging.morphometry.planes import aligned_grid
from cpimaging.morphometry.rows import COLUMNS, asymmetries, row
from cpimaging.morphometry.sections import callosal_area, peduncle_areas
from cpimaging.morphometry.ventricles import LANDMARKS, Point, ventricle_indices
from cpimaging.morphometry.volumes import group_volumes, region_volumes, side_volumes, ventricle_shares
from cpimaging.registration import Matrix
from cpimaging.types import Image, LabelMap

__all__ = ["LANDMARKS", "measures", "without_ventricles"]


def measures(
    labels: LabelMap, brain: Image, fluid: Image, to_template: Matrix, landmarks: Mapping[str, Point]
) -> pd.DataFrame:
    """Measure groups, shares, side differences, ventricle indices, corpus callosum and cerebral peduncles.

    labels: the atlas on the scan, following its ventricles. brain: bool; fluid: share of
    the voxel, 0–1; same grid. to_template: affine (4, 4), scan to template, RAS+ mm. landmarks: LANDMARKS
    in scan mm. Returns MORPHOMETRY_COLUMNS
    without the two id columns. What the atlas has no labels for has no row.
    """
    volumes = region_volumes(labels)
    groups = group_volumes(volumes)
    sides = side_volumes(volumes)
    brain_mm3 = float(np.count_nonzero(brain.data)) * brain.voxel_volume_mm3
    grid = aligned_grid(brain, to_template)
    rows = [row("group_volume", key, volume, "mm3") for key, volume in groups.items()]
    rows += ventricle_shares(sides, groups, brain_mm3)
    rows += [*asymmetries(sides), *asymmetries(groups)]
    rows += ventricle_indices(labels, brain, grid, landmarks)
    rows += callosal_area(labels, fluid, grid)
    rows += peduncle_areas(labels, fluid, grid)
    return typed(rows, COLUMNS)


def without_ventricles(table: pd.DataFrame) -> pd.DataFrame:
    """Return a morphometry table in which all that depends on ventricles is NaN: not read from the image."""
    out = table.copy()
    out.loc[out["structure"].str.contains("ventricle"), "value"] = np.nan
    return out
