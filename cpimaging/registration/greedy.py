"""The greedy engine (Yushkevich et al. 2016): affine, then a stationary velocity field.

Fixed image is the scan, moving image the template, so that the lesion lies in the fixed mask.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from picsl_greedy import Greedy3D
from scipy import ndimage

from cpimaging.itk import affine_transform, to_itk
from cpimaging.registration import Matrix, Transform, crop_to_brain, field_from_transforms, resample
from cpimaging.registration.lesion import filled
from cpimaging.registration.likeness import like_template
from cpimaging.registration.start import rough_alignment
from cpimaging.types import Image

SEED = 1
WORKING_MM = 2.0
"""Grid of the fit. On one real adult scan of 1 mm it gave the overlap of a 1 mm grid in 0.8 of the time."""

AFFINE_LEVELS = "40x20x0"
LEVELS = "100x20"
"""Iterations per level, from coarse to fine: the affine fit ends at 4 mm (0.05 mm worse than at 2 mm,
in a quarter of the time), the deformable one at 2 mm."""


class Greedy:
    """Registration with picsl_greedy; the same to the byte for any number of threads."""

    with_lesion = (
        "lesion masked (Brett 2001) in a first fit, filled with the template of that fit in the second"
    )

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> Matrix:
        """Return the scan-to-template matrix: 12 degrees of freedom, patch correlation, any start."""
        grid = _working_grid(scan)
        start = rough_alignment(scan, template, exclude)
        kept = kept_voxels(grid, exclude)
        command = f"-a -dof 12 {_metric(kept)} -n {AFFINE_LEVELS}"
        alike = like_template(scan, template, start, exclude)
        return _linear(command, thinned(alike, grid), crop_to_brain(template), kept, start)

    def deformable(
        self,
        scan: Image,
        template: Image,
        matrix: Matrix,
        exclude: Image | None,
        threads: int,
    ) -> Transform:
        """Return both directions of a diffeomorphic fit; with a lesion the second of two.

        The first leaves the lesion out and says what of the template lies there; the second is done on the
        scan with its lesion filled with that.
        """
        alike = like_template(scan, template, matrix, exclude)
        if exclude is not None and exclude.data.any():
            masked = smooth_fit(alike, template, matrix, exclude, threads)
            alike = filled(alike, resample(template, scan, masked.to_scan), exclude)
        return smooth_fit(alike, template, matrix, None, threads)


def smooth_fit(
    scan: Image, template: Image, matrix: Matrix, exclude: Image | None, threads: int
) -> Transform:
    """Return both directions of one fit from `matrix`: log-domain, update and total smoothing.

    scan: in greys like the template's. exclude: boolean, on the scan's grid, masked.
    """
    grid = _working_grid(scan)
    moving = crop_to_brain(template)  # thinned out to 2 mm, errors rose by 40 %
    kept = kept_voxels(grid, exclude)
    with _scratch():
        start, warp, inverse = (Path(name) for name in ("start.mat", "warp.nii", "inverse.nii"))
        np.savetxt(start, matrix)
        model = f"{_metric(kept)} -n {LEVELS} -s 1.732vox 0.7071vox -sv -wp 0"
        command = f"-it {start} {model} -o {warp} -oinv {inverse}"
        _run(command, thinned(scan, grid), moving, kept, threads)
        there, back = (_field_transform(path) for path in (warp, inverse))
    return Transform(
        to_template=field_from_transforms(
            moving, [back, affine_transform(np.linalg.inv(matrix).astype(np.float64))]
        ),
        to_scan=field_from_transforms(grid, [affine_transform(matrix), there]),
    )


@contextmanager
def _scratch() -> Iterator[None]:
    """Work within a folder of its own: greedy ends a path at a space, and TMPDIR may hold one."""
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        yield


def _metric(kept: Image | None) -> str:
    """Return the patch correlation; with a mask the one that leaves masked voxels out of its patches too.

    The plain one lets the lesion into every patch beside it: 0.85 mm error there instead of 0.61 mm.
    """
    return "-m NCC 2x2x2" if kept is None else "-m WNCC 2x2x2"


def rigid(reference: Image, moving: Image) -> Matrix:
    """Return the (4, 4) matrix, RAS+ mm, that takes points of `reference` to points of `moving`.

    Mutual information from the positions in the headers, at 2 mm: for contrasts of one person. Heads are
    best left whole; a mask of the brain made it worse (docs/method/brain.md).
    """
    fixed, other = (thinned(image, grid_at(image, WORKING_MM)) for image in (reference, moving))
    return _linear("-a -dof 6 -m NMI -n 100x50x20", fixed, other, None, np.eye(4))


def fit_map(scan: Image, template: Image, near: Image, start: Matrix) -> Image:
    """Return the displacement field that takes points of `scan` to points of `template`; both the same map.

    near: where on the scan's grid the fit counts (0 elsewhere). start: (4, 4) scan-to-template matrix.
    Affine, then a smooth field; patch correlation within `near`.
    """
    matrix = _linear("-a -dof 12 -m WNCC 2x2x2 -n 50x30", scan, template, near, start)
    with _scratch():
        begin, warp = Path("start.mat"), Path("warp.nii")
        np.savetxt(begin, matrix)
        command = f"-it {begin} -m WNCC 2x2x2 -n 60x30 -s 2.5vox 1vox -o {warp}"
        _run(command, scan, template, near, threads=1)
        return field_from_transforms(scan, [affine_transform(matrix), _field_transform(warp)])


def _linear(command: str, fixed: Image, moving: Image, kept: Image | None, start: Matrix) -> Matrix:
    with _scratch():
        begin, out = Path("start.mat"), Path("matrix.mat")
        np.savetxt(begin, start)
        _run(
            f"{command} -ia {begin} -o {out}", fixed, moving, kept, threads=1
        )  # sums in thread order are not repeatable
        matrix: Matrix = np.loadtxt(out)
    return matrix


def _run(command: str, fixed: Image, moving: Image, kept: Image | None, threads: int) -> None:
    images: dict[str, Any] = {"fixed": to_itk(fixed), "moving": to_itk(moving)}
    mask = ""
    if kept is not None:
        images["kept"], mask = to_itk(kept), "-gm kept"
    words = f"-i fixed moving {mask} {command} -seed {SEED} -threads {threads} -V 0"
    with _silent():
        Greedy3D().execute(words, out=io.StringIO(), err=io.StringIO(), **images)


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the optimiser's own chatter, which goes past Python's streams, out of the logs."""
    kept = [os.dup(stream) for stream in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        yield
    finally:
        for stream, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        os.close(nowhere)


def _working_grid(scan: Image) -> Image:
    """Return the grid of the fit: the scan cropped to its brain, at 2 mm."""
    return grid_at(crop_to_brain(scan), WORKING_MM)


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


def kept_voxels(grid: Image, exclude: Image | None) -> Image | None:
    """Return 0 for the lesion (boolean) and 1 for all else on the grid of a fit; None without a lesion."""
    if exclude is None or not exclude.data.any():
        return None
    lesion = resample(exclude, grid, mode="nearest").data.astype(bool)
    return grid.with_data((~lesion).astype(np.uint8))


def _field_transform(path: Path) -> Any:
    return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))
