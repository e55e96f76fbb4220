"""Images to SimpleITK and back: RAS+ arrays on our side, LPS physical space on theirs."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray

from cpimaging.types import Image, InputError

LPS = np.array([-1.0, -1.0, 1.0])


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep ITK to one thread: the filters within a filter ask for the global number, not for its own."""
    before = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(before)


def read_field(path: Path) -> Any:
    """Return the SimpleITK transform of a displacement field that another program wrote.

    Raises InputError where the file is not whole, as on a full disk.
    """
    check_whole(path)
    return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))


def check_whole(path: Path) -> None:
    """Raise InputError where a temporary image lacks voxels: ITK writes it so, and reads zeros for them."""
    try:
        np.asanyarray(nib.load(path).dataobj)
    except (OSError, EOFError, ValueError, ImageFileError) as error:
        problem = f"a temporary file was not written whole ({path.name})"
        cure = "make room, or set TMPDIR to another folder"
        raise InputError(tempfile.gettempdir(), problem, cure) from error


def to_itk(image: Image) -> Any:
    """Return a SimpleITK image of the same grid. Displacement fields become vector images."""
    spacing = np.array(image.spacing_mm)
    vector = image.data.ndim == 4
    data = image.data * LPS if vector else image.data
    data = data.astype(np.uint8) if data.dtype == bool else data
    axes = (2, 1, 0, 3) if vector else (2, 1, 0)
    itk = sitk.GetImageFromArray(np.ascontiguousarray(data.transpose(axes)), isVector=vector)
    itk.SetSpacing(spacing.tolist())
    itk.SetOrigin((image.affine[:3, 3] * LPS).tolist())
    itk.SetDirection((image.affine[:3, :3] * LPS[:, None] / spacing).ravel().tolist())
    return itk


def from_itk(itk: Any) -> Image:
    """Return the image of a SimpleITK image whose grid came from `to_itk`."""
    data: NDArray[Any] = sitk.GetArrayFromImage(itk)
    vector = data.ndim == 4
    data = np.ascontiguousarray(data.transpose((2, 1, 0, 3) if vector else (2, 1, 0)))
    affine = np.eye(4)
    affine[:3, :3] = np.array(itk.GetDirection()).reshape(3, 3) * np.array(itk.GetSpacing()) * LPS[:, None]
    affine[:3, 3] = np.array(itk.GetOrigin()) * LPS
    return Image(data * LPS if vector else data, affine)


def affine_transform(matrix: NDArray[np.float64]) -> Any:
    """Return the SimpleITK transform of a (4, 4) RAS+ matrix that maps points, mm to mm."""
    flip = np.diag([*LPS, 1.0])
    lps = flip @ matrix @ flip
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(lps[:3, :3].ravel().tolist())
    transform.SetTranslation(lps[:3, 3].tolist())
    return transform
