"""The ANTs engine (Avants et al. 2008): SyN as antsRegistrationSyNQuick runs it, from our own rough start.

antspyx wants older numpy and scipy than this package, so it lives in an environment of its own, whose
Python is named by $CPIMAGING_ANTS_PYTHON. Fixed image is the scan, moving image the template.
"""

import inspect
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from cpimaging.itk import LPS, affine_transform, check_whole, read_field, to_itk
from cpimaging.registration import Matrix, Transform, crop_to_brain, field_from_transforms, syn_worker
from cpimaging.registration.engine import Engine
from cpimaging.registration.start import rough_alignment
from cpimaging.types import Image, InputError

VARIABLE = "CPIMAGING_ANTS_PYTHON"


class Ants:
    """Registration with antspyx; always on one thread: on two, runs differ by up to 1.2 mm (measured)."""

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> Matrix:
        """Return the scan-to-template matrix: rigid, then 12 degrees of freedom, mutual information."""
        start = rough_alignment(scan, template, exclude)
        with tempfile.TemporaryDirectory() as folder:
            run_ants("antsRegistrationSyNQuick[a]", Path(folder), scan, template, exclude, start)
            return read_matrix(Path(folder) / "out0GenericAffine.mat")

    def deformable(
        self,
        scan: Image,
        template: Image,
        matrix: Matrix,
        exclude: Image | None,
        threads: int,
    ) -> Transform:
        """Return both directions of the symmetric diffeomorphic fit."""
        with tempfile.TemporaryDirectory() as folder:
            run_ants("antsRegistrationSyNQuick[so]", Path(folder), scan, template, exclude, matrix)
            return read_transform(Path(folder), scan, template)


def ants_python() -> str:
    """Return the Python that can import antspyx: $CPIMAGING_ANTS_PYTHON, else this one.

    Raises InputError where it cannot.
    """
    python = os.environ.get(VARIABLE) or sys.executable
    look = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ants') is None)"
    try:
        found = subprocess.run([python, "-c", look], capture_output=True).returncode == 0
    except OSError:
        found = False
    if not found:
        cure = f"install antspyx into an environment of its own and set {VARIABLE} to its Python"
        raise InputError("engine ants", f"{Path(python).name} cannot import ants", cure)
    return python


def run_ants(
    kind: str,
    folder: Path,
    scan: Image,
    template: Image,
    exclude: Image | None,
    start: Matrix | None,
) -> None:
    """Write the transforms of ANTs into `folder`, as out0GenericAffine.mat and the like.

    start: scan-to-template matrix, or None for ANTs' own (centres of mass). exclude: boolean, on the
    scan's grid. Raises InputError where ANTs fails.
    """
    images = {"fixed": scan, "moving": crop_to_brain(template)}
    if exclude is not None and exclude.data.any():
        images["mask"] = exclude.with_data(~exclude.data)
    paths = {name: str(folder / f"{name}.nii") for name in images}
    for name, image in images.items():
        sitk.WriteImage(to_itk(image.with_data(image.data.astype(np.float32))), paths[name])
        check_whole(Path(paths[name]))
    begin = ""
    if start is not None:
        begin = str(folder / "start.mat")
        sitk.WriteTransform(affine_transform(start), begin)
    words = [paths["fixed"], paths["moving"], paths.get("mask", ""), begin, kind, str(folder / "out")]
    environment = {**os.environ, "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
    done = subprocess.run(
        [ants_python(), "-", *words],
        input=inspect.getsource(syn_worker),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise InputError("engine ants", f"ANTs failed: {lines[-1]}", "try the engine greedy")


def read_matrix(path: Path) -> Matrix:
    """Return the (4, 4) RAS+ matrix of an affine transform file of ANTs."""
    transform = sitk.AffineTransform(sitk.ReadTransform(str(path)))
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    lps = np.eye(4)
    lps[:3, :3] = np.array(transform.GetMatrix()).reshape(3, 3)
    lps[:3, 3] = origin
    flip = np.diag([*LPS, 1.0])
    matrix: Matrix = flip @ lps @ flip
    return matrix


def read_transform(folder: Path, scan: Image, template: Image) -> Transform:
    """Return both directions of what `run_ants` wrote for a deformable type."""
    matrix = read_matrix(folder / "out0GenericAffine.mat")
    there, back = (read_field(folder / name) for name in ("out1Warp.nii.gz", "out1InverseWarp.nii.gz"))
    return Transform(
        to_template=field_from_transforms(
            crop_to_brain(template), [back, affine_transform(np.linalg.inv(matrix).astype(np.float64))]
        ),
        to_scan=field_from_transforms(scan, [affine_transform(matrix), there]),
    )


ENGINE = Engine(
    name="ants",
    title="ANTs (antsRegistrationSyNQuick): affine, then SyN",
    source="Avants et al. 2008. Symmetric diffeomorphic image registration with cross-correlation. "
    "Med Image Anal 12:26 (SyN, the registration engine).",
    with_lesion="cost-function masking (Brett 2001)",
    method=Ants(),
    check=ants_python,
)
