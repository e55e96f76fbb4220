"""Image files of every kind that is read: bytes checked to the end, headers checked before voxels are."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.arrayproxy import ArrayProxy
from numpy.typing import NDArray

from cpimaging.imagefiles.binary import MGH_START, NIFTI_SIZES, mgh_header, nifti_header
from cpimaging.imagefiles.content import GZIP, beginning, beginning_on_disk, decoding, on_disk, whole
from cpimaging.imagefiles.header import Header
from cpimaging.imagefiles.text import METAIMAGE_KEY, NRRD_START, metaimage_header, nrrd_header
from cpimaging.types import InputError

WHEREVER = 1024
"""Where voxels of an image in memory are said to begin, in bytes: behind any header."""

_PAIRS = {".img": ".hdr", ".img.gz": ".hdr", ".hdr": ".img", ".hdr.gz": ".img"}


def read_file_header(path: Path) -> Header:
    """Return what an image file states of itself; it is not judged. Raises InputError as `decoding` does."""
    return _stated(path)[0]


def read_voxels(path: Path, dtype: type[np.floating[Any]] | None = None) -> tuple[Header, NDArray[Any]]:
    """Read one volume, axes as on disk, and its header.

    dtype: of what is returned; None keeps the stored numbers where they have no scaling. Raises InputError
    as `decoding` does, for whatever is no volume whose left and right are known, and for damaged content.
    """
    header, voxels = _read(path, dtype, one_volume=True)
    while voxels.ndim > 3:
        voxels = voxels[..., 0]
    return header, voxels


def read_vectors(path: Path) -> tuple[Header, NDArray[np.float64]]:
    """Read an image of any shape, such as a displacement field. Raises InputError as `read_voxels` does."""
    return _read(path, np.float64, one_volume=False)


def _stated(path: Path) -> tuple[Header, Path]:
    """Return an image's header, and the file with its voxels once that has the size for them."""
    with decoding(path, "its header cannot be read"):
        header_path, voxels_path = _parts(path)
        header = _header(header_path, beginning(header_path, beginning_on_disk(header_path)))
        if beginning_on_disk(voxels_path).startswith(GZIP):
            header = replace(header, packed=True)
        header.check_size(path, voxels_path.stat().st_size)
        return header, voxels_path


def _read(
    path: Path, dtype: type[np.floating[Any]] | None, *, one_volume: bool
) -> tuple[Header, NDArray[Any]]:
    header, voxels_path = _stated(path)
    header.refuse(path, one_volume=one_volume)
    with decoding(path), np.errstate(over="ignore", invalid="ignore"):
        raw = on_disk(voxels_path)[header.skipped :]
        content = whole(path, raw, header.needed, packed=header.packed, more=header.footer)
        stored = (header.shape, header.dtype, header.offset)
        if (header.slope, header.inter) != (1, 0):
            proxy = ArrayProxy(BytesIO(content), (*stored, header.slope, header.inter))
            return header, np.asanyarray(proxy, dtype=dtype)
        voxels = np.ndarray(*stored[:2], content, header.offset, order="F")  # no copy
        return header, voxels if dtype is None else voxels.astype(dtype)


def _parts(path: Path) -> tuple[Path, Path]:
    """Return the file with the header and the file with the voxels: one and the same but for pairs."""
    name = path.name
    ending = next((ending for ending in _PAIRS if name.lower().endswith(ending)), None)
    if ending is None:
        return path, path
    front, other = name[: -len(ending)], _PAIRS[ending]
    names = (front + made for made in (other, f"{other}.gz", other.upper(), f"{other}.gz".upper()))
    twin = next((twin for name in names if (twin := path.with_name(name)).exists()), None)
    if twin is None:
        raise InputError(path, f"has no {other} file beside it", "put both files of the pair there")
    return (path, twin) if ending.startswith(".hdr") else (twin, path)


def header_in_memory(stored: Any) -> Header:
    """Return what nibabel's header of a NIfTI or MGH image states, as read of a file; it is not judged."""
    name, stored = Path("array"), stored.copy()
    with decoding(name, "its header cannot be read"):
        if isinstance(stored, nib.Nifti1Header):  # 0 in memory, which in a file would lie within the header
            stored.set_data_offset(WHEREVER)
        return _header(name, stored.binaryblock)


def _header(path: Path, start: bytes) -> Header:
    """Tell the kind of an image by its first bytes, whatever its name, and return its header."""
    if int.from_bytes(start[:4], "little") in NIFTI_SIZES:
        return nifti_header(path, start)
    if start.startswith(NRRD_START):
        return nrrd_header(path, start)
    if METAIMAGE_KEY in start[:1000]:
        return metaimage_header(path, start)
    if start.startswith(MGH_START):
        return mgh_header(start)
    raise InputError(path, "its header cannot be read", "copy it again or convert it to NIfTI (.nii.gz)")
