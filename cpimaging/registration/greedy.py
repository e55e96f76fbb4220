"""The greedy engine (Yushkevich et al. 2016): affine, then a stationary velocity field.

Fixed image is the scan, moving image the template, so that the lesion lies in the fixed mask.
"""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from picsl_greedy import Greedy3D

from cpimaging.itk import affine_transform, to_itk
from cpimaging.registration import Matrix, Transform, crop, field_from_transforms, resample
from cpimaging.types import Image

SEED = 1
MARGIN_MM = 8.0
COARSE_MM = 1.5
"""Scans with finer voxels than this are registered at 1 mm, others at 2 mm."""

LEVELS_AT_1_MM = "100x40x0"
LEVELS_AT_2_MM = "100x20"
"""Iterations per level; both end at 2 mm. On known warps, 20 rounds instead of 40 cost 5 % in error."""


class Greedy:
    """Registration with picsl_greedy; the same to the byte for any number of threads."""

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> Matrix:
        """Return the scan-to-template matrix: 12 degrees of freedom, patch correlation."""
        grid = _working_grid(scan)
        levels = "40x20" if grid.spacing_mm[0] > COARSE_MM else "40x20x0"
        command = f"-a -dof 12 -ia-image-centers -m NCC 4x4x4 -n {levels}"
        return _linear(command, _on(grid, scan), _moving(template), _kept(grid, exclude))

    def deformable(
        self,
        scan: Image,
        template: Image,
        matrix: Matrix,
        exclude: Image | None,
        threads: int,
    ) -> Transform:
        """Return both directions of a diffeomorphic fit (log-domain, update and total smoothing)."""
        grid = _working_grid(scan)
        levels = LEVELS_AT_2_MM if grid.spacing_mm[0] > COARSE_MM else LEVELS_AT_1_MM
        moving = _moving(template)
        with tempfile.TemporaryDirectory() as folder:
            start, warp, inverse = (Path(folder) / name for name in ("start.mat", "warp.nii", "inverse.nii"))
            np.savetxt(start, matrix)
            model = f"-m NCC 2x2x2 -n {levels} -s 1.732vox 0.7071vox -sv -wp 0"
            command = f"-it {start} {model} -o {warp} -oinv {inverse}"
            _run(command, _on(grid, scan), moving, _kept(grid, exclude), threads)
            there, back = (_field_transform(path) for path in (warp, inverse))
        return Transform(
            to_template=field_from_transforms(
                moving, [back, affine_transform(np.linalg.inv(matrix).astype(np.float64))]
            ),
            to_scan=field_from_transforms(grid, [affine_transform(matrix), there]),
        )


def rigid(reference: Image, moving: Image) -> Matrix:
    """Return the (4, 4) matrix, RAS+ mm, that takes points of `reference` to points of `moving`.

    Mutual information from the positions in the headers: for contrasts of one person.
    """
    return _linear("-a -dof 6 -ia-identity -m NMI -n 100x50x0", reference, moving, None)


def _linear(command: str, fixed: Image, moving: Image, kept: Image | None) -> Matrix:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "matrix.mat"
        _run(f"{command} -o {out}", fixed, moving, kept, threads=1)  # sums in thread order are not repeatable
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
    """Return the scan cropped to its brain, at 1 mm where its voxels are finer than 1.5 mm, else 2 mm."""
    brain = crop(scan, scan.data != 0, MARGIN_MM)
    step = 1.0 if min(scan.spacing_mm) < COARSE_MM else 2.0
    spacing = np.array(brain.spacing_mm)
    if np.allclose(spacing, step, rtol=0.05):
        return brain
    extent = np.array(brain.shape) * spacing
    shape = np.ceil(extent / step).astype(int)
    scale = np.diag([*(step / spacing), 1.0])
    scale[:3, 3] = (step / spacing - 1) / 2
    return Image(np.zeros(shape, np.uint8), brain.affine @ scale)


def _on(grid: Image, scan: Image) -> Image:
    return resample(scan, grid)


def _moving(template: Image) -> Image:
    return crop(template, template.data > 0, MARGIN_MM)


def _kept(grid: Image, exclude: Image | None) -> Image | None:
    if exclude is None or not exclude.data.any():
        return None
    lesion = resample(exclude, grid, mode="nearest").data.astype(bool)
    return grid.with_data((~lesion).astype(np.uint8))


def _field_transform(path: Path) -> Any:
    return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))
