"""A scan of any contrast in the grey values of the template.

The patch correlation wants both images bright in the same places. A T2w or FLAIR against a T1w template is
not, and is pulled 5 to 11 mm astray; painted in the template's greys it is registered like a T1w.
"""

import numpy as np
import scipy
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.registration import Matrix, resample
from cpimaging.types import Image
from cpimaging.voxels import steps_of, stride, strided

ALIKE = 0.95
"""Rank correlation of the scan with its painted self from which its greys stand in the template's order, so
that painting changes nothing (ours): at least 0.98 for seven T1w past six months, also with ventricles of
fourfold size, at most 0.26 for T2w and FLAIR of adults."""

GREY_LEVELS = 32
STEP_MM = 4.0
WHOLE = 0.99
"""Share of brain in a smoothed voxel from which its grey level is not that of the brain's edge (ours)."""


def like_template(scan: Image, template: Image, matrix: Matrix, exclude: Image | None) -> Image:
    """Return the scan as it is where it looks like the template, else painted in the template's greys.

    Each grey level becomes the mean of the template where `matrix`, (4, 4) mm, lays that level: the function
    behind the correlation ratio (Roche et al. 1998). scan: 0 outside of the brain, as is the result.
    exclude: boolean, on the scan's grid; its voxels are not asked.
    """
    step = steps_of(STEP_MM, scan.spacing_mm)
    thin = stride(step, step // 2)
    smooth = scan.with_data(ndimage.uniform_filter(scan.data.astype(np.float32), step))
    grid = strided(smooth, step, step // 2)
    expected = resample(template, grid, matrix=matrix).data
    inside = ndimage.uniform_filter((scan.data != 0).astype(np.float32), step)[thin]
    asked = (inside > WHOLE) & (expected > 0)
    if exclude is not None:
        asked &= ~exclude.data[thin]
    if asked.sum() < 10 * GREY_LEVELS:
        return scan
    seen = grid.data[asked]
    levels, means = _curve(seen, expected[asked])
    # By its whole name scipy.stats is loaded here, where it is needed, and not in every stage.
    if scipy.stats.spearmanr(seen, np.interp(seen, levels, means)).statistic > ALIKE:
        return scan
    painted = np.interp(scan.data, levels, means)
    return scan.with_data(np.where(scan.data != 0, painted, 0).astype(np.float32))


def _curve(
    values: NDArray[np.floating], greys: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scan's mean level in each of GREY_LEVELS quantiles, rising, and the template's there."""
    edges = np.quantile(values, np.linspace(0, 1, GREY_LEVELS + 1))
    level = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, GREY_LEVELS - 1)
    count = np.bincount(level, minlength=GREY_LEVELS)
    kept = count > 0
    levels, means = (np.bincount(level, image, GREY_LEVELS)[kept] / count[kept] for image in (values, greys))
    return levels, ndimage.gaussian_filter1d(means, 1.0, mode="nearest")
