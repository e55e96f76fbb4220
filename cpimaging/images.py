"""The only module that opens images: 3-D volumes and displacement fields. Writes are whole or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.openers import Opener
from numpy.typing import NDArray

from cpimaging.imagefiles.header import Header
from cpimaging.imagefiles.reading import read_file_header, read_vectors, read_voxels
from cpimaging.types import Image, InputError
from cpimaging.writes import whole

__all__ = [
    "Header",
    "Sparse",
    "read_displacement",
    "read_header",
    "read_image",
    "read_sparse",
    "write_displacement",
    "write_image",
]

Opener.default_compresslevel = 3  # a third of the time of level 6, 5 % larger


def read_image(path: Path | str, *, labels: bool = False) -> Image:
    """Read a 3-D image, axes turned to RAS+; its axis order on disk is kept in `axcodes`.

    labels: keep the stored numbers exactly; otherwise scaled float32. NIfTI, MGH, NRRD, MetaImage.
    Raises InputError where the file is missing, damaged, not an image, has more than one volume, or does
    not tell left from right.
    """
    header, data = read_voxels(Path(path), None if labels else np.float32)
    orientation = nib.io_orientation(header.affine)
    ras = nib.orientations.apply_orientation(data, orientation)
    ras_affine = header.affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
    own = np.require(ras, requirements=("C_CONTIGUOUS", "WRITEABLE"))
    return Image(own, ras_affine, nib.aff2axcodes(header.affine))


@dataclass(frozen=True)
class Sparse:
    """The voxels of an image that are not 0, and the grid that they lie on, axes turned to RAS+.

    index: flat, C order. found: their values, as stored. shape, affine: of the whole image, as in `Image`.
    """

    index: NDArray[np.intp]
    found: NDArray[Any]
    shape: tuple[int, int, int]
    affine: NDArray[np.float64]


def read_sparse(path: Path | str) -> Sparse:
    """Read the voxels of a 3-D image that are not 0: three times as fast as the whole of a mask.

    Only those voxels are turned to RAS+. Raises InputError as `read_image` does.
    """
    header, data = read_voxels(Path(path))
    affine = header.affine
    found = np.flatnonzero((data != 0).ravel(order="F"))  # the order on disk: no copy
    values = data.ravel(order="F")[found]
    orientation = nib.io_orientation(affine)
    ras_affine = affine @ nib.orientations.inv_ornt_aff(orientation, data.shape)
    stored = np.unravel_index(found, data.shape, order="F")
    place, shape = [stored[0]] * 3, [0] * 3
    for axis, (target, direction) in enumerate(orientation.astype(int)):
        shape[target] = data.shape[axis]
        place[target] = stored[axis] if direction > 0 else data.shape[axis] - 1 - stored[axis]
    x, y, z = shape
    return Sparse(np.ravel_multi_index(tuple(place), (x, y, z)), values, (x, y, z), ras_affine)


def read_header(path: Path | str) -> Header:
    """Read an image's header alone.

    Raises InputError where the file is missing, empty, a stand-in for content kept elsewhere
    (git-annex, git-lfs), not an image, or too short for what its header says.
    """
    return read_file_header(Path(path))


def write_image(path: Path | str, image: Image, *, template_space: bool = False) -> None:
    """Write a NIfTI image in its own axis order, with equal sform and qform.

    Integer and boolean arrays keep the smallest type that holds them; floats become float32.
    """
    data = image.data
    if data.dtype == bool:
        data = data.astype(np.uint8)
    elif np.issubdtype(data.dtype, np.integer):
        data = data.astype(np.min_scalar_type(int(data.max(initial=0)))) if data.min(initial=0) >= 0 else data
        data = data.astype(np.int32) if data.dtype.itemsize > 4 or data.dtype == np.uint32 else data
    else:
        data = data.astype(np.float32)
    target = nib.orientations.axcodes2ornt(image.axcodes)
    turned = nib.orientations.apply_orientation(data, _from_ras(target))
    affine = image.affine @ nib.orientations.inv_ornt_aff(_from_ras(target), data.shape)
    nifti = nib.Nifti1Image(turned, affine)
    code = 4 if template_space else 1
    nifti.set_sform(affine, code)
    nifti.set_qform(affine, code)
    nifti.header.set_xyzt_units("mm")
    _save(nifti, path)


def _from_ras(target: NDArray[Any]) -> NDArray[Any]:
    """Return the orientation change from RAS+ axes to `target` axes (nibabel orientation array)."""
    ras = nib.orientations.axcodes2ornt(("R", "A", "S"))
    change: NDArray[Any] = nib.orientations.ornt_transform(ras, target)
    return change


def read_displacement(path: Path | str) -> Image:
    """Read a displacement field as ITK writes it: data (x, y, z, 3), mm, RAS+.

    Raises InputError where it is none, or damaged.
    """
    header, vectors = read_vectors(Path(path))
    if vectors.shape[3:] != (1, 3) or not np.isfinite(vectors).all():
        cure = "write it as ITK does: x, y, z, 1, 3; mm; LPS"
        raise InputError(path, "is not a displacement field, or holds what is no number", cure)
    return Image(vectors[:, :, :, 0, :] * [-1.0, -1.0, 1.0], header.affine)


def write_displacement(path: Path | str, field: Image) -> None:
    """Write a displacement field (x, y, z, 3), mm, RAS+, as ITK reads it (LPS vectors, intent 1007)."""
    vectors = (field.data * [-1.0, -1.0, 1.0]).astype(np.float32)
    nifti = nib.Nifti1Image(vectors[:, :, :, None, :], field.affine)
    nifti.header.set_intent("vector")
    nifti.set_sform(field.affine, 1)
    nifti.set_qform(field.affine, 1)
    nifti.header.set_xyzt_units("mm")
    _save(nifti, path)


def _save(nifti: nib.Nifti1Image, path: Path | str) -> None:
    with whole(path) as temporary:
        nib.save(nifti, temporary)
