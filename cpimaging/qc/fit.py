"""How well the warped template meets the scan: masks, tissues, grey values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cpimaging.registration import out_of_view
from cpimaging.types import Image

Bool = NDArray[np.bool_]
Values = NDArray[np.floating]

PATCH_VOXELS = 5
"""Edge of the patch in which scan and template are correlated: 10 mm at 2 mm (ours)."""

SURE = 0.6
"""Share from which a voxel of the warped template counts as grey or white matter (ours)."""

SHELL_MM = 10.0
"""How far around a lesion the fit is looked at (ours)."""

FEWEST_VOXELS = 100
GREY_LEVELS = 20


@dataclass(frozen=True)
class Fit:
    """A scan and the template that was brought to it, on one grid.

    scan: intensities. brain, lesion: bool. template_t1w, template_gm, template_wm: the template's image
    and tissue shares (0-1). template_brain: bool.
    """

    scan: Image
    brain: Bool
    lesion: Bool
    template_t1w: Values
    template_gm: Values
    template_wm: Values
    template_brain: Bool

    @property
    def common(self) -> Bool:
        """Where both show brain and there is no lesion."""
        return self.brain & self.template_brain & ~self.lesion

    @property
    def template_fluid(self) -> Values:
        """Share of fluid in each voxel of the template."""
        rest = np.clip(1 - self.template_gm - self.template_wm, 0, 1)
        return np.where(self.template_brain, rest, 0)


def lesion_shell_ratio(correlation: Values, counted: Bool, shell: Bool) -> float | None:
    """Return the mean local correlation in the shell over that in the rest; None if one is too small."""
    near = counted & shell
    rest = mean_where(correlation, counted & ~near)
    return mean_where(correlation, near) / rest if near.sum() >= FEWEST_VOXELS and rest > 0 else None


def dice(a: Bool, b: Bool) -> float:
    """Return the overlap of two masks, 0-1 (Dice 1945); 0 where both are empty."""
    return 2 * float((a & b).sum()) / max(float(a.sum() + b.sum()), 1.0)


def correlation_ratio(scan: Values, other: Values, where: Bool) -> float:
    """Return the share of the scan's variance that another image's grey level explains.

    Works for any contrast (Roche et al. 1998). 0 where there is too little to compare.
    """
    if where.sum() < FEWEST_VOXELS:
        return 0.0
    values = np.clip(scan[where], *np.percentile(scan[where], [1, 99])).astype(np.float64)
    steps = np.linspace(0, 100, GREY_LEVELS + 1)[1:-1]
    bins = np.digitize(other[where], np.percentile(other[where], steps))
    count = np.bincount(bins)
    mean = np.bincount(bins, weights=values) / np.maximum(count, 1)
    total = float(values.var())
    return float(values.var() - ((values - mean[bins]) ** 2).mean()) / total if total > 0 else 0.0


def local_correlation(a: Values, b: Values, where: Bool) -> tuple[Values, Bool]:
    """Return the squared correlation of two images in the patch around each voxel, and where it counts.

    Only voxels of `where` take part; a voxel counts where these fill half of its patch and neither image
    is flat there.
    """
    weight = where.astype(np.float64)
    a, b = (_scaled(image, where) for image in (a, b))
    share, mean_a, mean_b, aa, bb, ab = (
        ndimage.uniform_filter(image * weight, PATCH_VOXELS, mode="constant")
        for image in (np.ones_like(a), a, b, a * a, b * b, a * b)
    )
    share = np.maximum(share, 1e-9)
    variance_a = aa / share - (mean_a / share) ** 2
    variance_b = bb / share - (mean_b / share) ** 2
    covariance = ab / share - mean_a * mean_b / share**2
    product = variance_a * variance_b
    counted = where & (share > 0.5) & (variance_a > 1e-4) & (variance_b > 1e-4)
    squared = np.where(counted, covariance**2 / np.where(counted, product, 1.0), 0.0)
    return np.clip(squared, 0, 1), counted


def _scaled(image: Values, where: Bool) -> Values:
    """Return the image with mean 0 and SD 1 in `where`, and 0 elsewhere."""
    inside = image[where].astype(np.float64)
    scaled = np.zeros(image.shape)
    if inside.size and inside.std() > 0:
        scaled[where] = (inside - inside.mean()) / inside.std()
    return scaled


def mean_where(values: Values, where: Bool) -> float:
    """Return the mean of some values, 0 of none."""
    return float(values[where].mean()) if where.any() else 0.0


def shell_around(lesion: Bool, spacing_mm: tuple[float, float, float]) -> Bool:
    """Return the voxels outside of a lesion that lie within SHELL_MM of it."""
    distance = ndimage.distance_transform_edt(~lesion, sampling=spacing_mm)
    shell: Bool = ~lesion & (distance <= SHELL_MM)
    return shell


def tissue_overlap(fit: Fit, white_is_bright: bool) -> float:
    """Return the mean Dice of grey and white matter between scan and template.

    Compared where the template is one of the two for sure, off the edge of the brain; there the scan's
    tissues are two grey-level classes (Otsu 1979). 0 where there is too little to compare.
    """
    from skimage.filters import threshold_otsu  # a second to import

    sure = np.maximum(fit.template_gm, fit.template_wm) > SURE
    where = fit.common & sure & ndimage.binary_erosion(fit.brain)
    values = fit.scan.data[where].astype(np.float64)
    if values.size < FEWEST_VOXELS or values.min() == values.max():
        return 0.0
    values = np.clip(values, *np.percentile(values, [2, 98]))
    bright = values > threshold_otsu(values)
    found = bright if white_is_bright else ~bright
    expected = (fit.template_wm > fit.template_gm)[where]
    return (dice(found, expected) + dice(~found, ~expected)) / 2


def cut_share(template_brain: Image, to_template: Image, scan: Image) -> float:
    """Return the share of the template's brain that lies outside the scan's field of view.

    template_brain: bool, on any grid of the template. to_template: displacement in mm, template to scan
    points. scan: its grid.
    """
    shown = np.flatnonzero(template_brain.data)[::37]
    points = np.stack(np.unravel_index(shown, template_brain.shape), axis=1)
    world = points @ template_brain.affine[:3, :3].T + template_brain.affine[:3, 3]
    return float(np.mean(out_of_view(world, to_template, scan).any(axis=1))) if len(points) else 1.0
