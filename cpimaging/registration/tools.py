"""What stages and engines share: coarser grids, contrasts of one person aligned, one map laid over another.

Contrasts are aligned, and brains found, in the same way whatever engine registers them to the template.
"""

from pathlib import Path

import numpy as np
from scipy import ndimage

from cpimaging.itk import affine_transform, read_field
from cpimaging.registration import Matrix, field_from_transforms, resample
from cpimaging.registration.picsl import linear, run, scratch
from cpimaging.types import Image

RIGID_MM = 2.0
"""Grid on which contrasts are aligned (ours)."""

RIGID_ITERATIONS = "100x50x10"
"""Per level, from 8 mm to 2 mm; twice as many at 2 mm moved no contrast by more than 0.002 mm (ours)."""


def grid_at(image: Image, spacing_mm: float) -> Image:
    """Return a grid of this spacing over the field of view of an image; its own where that is close."""
    spacing = np.array(image.spacing_mm)
    if np.allclose(spacing, spacing_mm, rtol=0.05):
        return image
    scale = spacing_mm / spacing
    shape = np.maximum(np.ceil(np.array(image.shape) / scale).astype(int), 2)
    change = np.diag([*scale, 1.0])
    change[:3, 3] = (scale - 1) / 2
    return Image(np.zeros(shape, np.uint8), image.affine @ change)


def thinned(scan: Image, grid: Image) -> Image:
    """Return the scan on a coarser grid, smoothed along the axes that lose voxels."""
    ratio = np.array(grid.spacing_mm) / np.array(scan.spacing_mm)
    if np.allclose(ratio, 1):
        return resample(scan, grid)
    sigma = np.where(ratio > 1.25, ratio / 2, 0.0)
    smooth = ndimage.gaussian_filter(scan.data.astype(np.float32), sigma)
    return resample(scan.with_data(smooth), grid)


def coarse(image: Image) -> Image:
    """Return the image at the spacing that `rigid` works at."""
    return thinned(image, grid_at(image, RIGID_MM))


def rigid(reference: Image, moving: Image) -> Matrix:
    """Return the (4, 4) matrix, RAS+ mm, that takes points of `reference` to points of `moving`.

    Both are `coarse`. Mutual information from the positions in the headers: for contrasts of one person.
    Heads are best left whole; a mask of the brain made it worse (docs/method/brain.md).
    """
    return linear(f"-a -dof 6 -m NMI -n {RIGID_ITERATIONS}", reference, moving, None, np.eye(4))


def fit_map(scan: Image, template: Image, near: Image, start: Matrix) -> Image:
    """Return the displacement field that takes points of `scan` to points of `template`; both the same map.

    near: where on the scan's grid the fit counts (0 elsewhere). start: (4, 4) scan-to-template matrix.
    Affine, then a smooth field; patch correlation within `near`.
    """
    matrix = linear("-a -dof 12 -m WNCC 2x2x2 -n 50x30", scan, template, near, start)
    with scratch():
        begin, warp = Path("start.mat"), Path("warp.nii")
        np.savetxt(begin, matrix)
        command = f"-it {begin} -m WNCC 2x2x2 -n 60x30 -s 2.5vox 1vox -o {warp}"
        run(command, scan, template, near, threads=1)
        return field_from_transforms(scan, [affine_transform(matrix), read_field(warp)])
