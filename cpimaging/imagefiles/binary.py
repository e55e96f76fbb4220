"""Binary headers: NIfTI 1 and 2, and FreeSurfer's MGH."""

import math
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.freesurfer.mghformat import MGHHeader
from nibabel.nifti1 import Nifti1PairHeader
from nibabel.nifti2 import Nifti2PairHeader
from nibabel.spatialimages import HeaderDataError
from numpy.typing import NDArray

from cpimaging.imagefiles.content import COPY_AGAIN
from cpimaging.imagefiles.header import Header
from cpimaging.types import InputError

NIFTI_SIZES = {
    int.from_bytes(size.to_bytes(4, order), "little"): size
    for size in (348, 540)
    for order in ("little", "big")
}
"""What the first number of a NIfTI file is, in either byte order: the length of its header."""

EXTENDER_BYTES = 4
"""They follow the header in files that hold both header and voxels."""

MGH_START = b"\0\0\0\1"

MM_PER_UNIT = {1: 1000.0, 3: 0.001}
"""Of the units that xyzt_units may state; 2 is mm, and 0, unknown, is taken for mm (NIfTI-1 standard)."""

EDGES_MM = (0.01, 50.0)
"""Voxel edges beyond this are no brain's: the unit that the header states is wrong (ours)."""


def nifti_header(path: Path, start: bytes) -> Header:
    """Return the header of a NIfTI file, or of the .hdr file of a pair; Analyze 7.5 raises InputError."""
    length = NIFTI_SIZES[int.from_bytes(start[:4], "little")]
    if len(start) < length:
        raise InputError(path, "is truncated", COPY_AGAIN)
    magic = start[344:348] if length == 348 else start[4:8]
    single = magic[:2] == b"n+"
    if magic[:3] not in (b"n+1", b"ni1", b"n+2", b"ni2"):
        problem = "is an Analyze 7.5 image or has a broken header, so left and right are unknown"
        raise InputError(path, problem, "convert the original to NIfTI")
    kinds: dict[tuple[int, bool], Any] = {
        (348, True): nib.Nifti1Header,
        (348, False): Nifti1PairHeader,
        (540, True): nib.Nifti2Header,
        (540, False): Nifti2PairHeader,
    }
    stored = kinds[length, single](start[:length], check=False)  # nibabel would mend: edges of 0 become 1 mm
    offset = int(stored.get_data_offset())
    if offset < (length + EXTENDER_BYTES if single else 0):
        raise InputError(path, "its header says that the voxels begin within it", COPY_AGAIN)
    sform = stored.get_sform(coded=True)[0]
    qform = _qform(stored, sform)
    slope, inter = _scaling(stored)
    scale = _mm_per_unit(path, stored)
    return Header(
        shape=tuple(map(int, stored.get_data_shape())),
        affine=scale @ np.asarray(stored.get_best_affine(), dtype=float),
        dtype=stored.get_data_dtype(),
        offset=offset,
        sform=None if sform is None else scale @ sform,
        qform=None if qform is None else scale @ qform,
        oriented=sform is not None or qform is not None,
        slope=slope,
        inter=inter,
    )


def _qform(stored: Any, sform: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    """Return the qform where it is stated; one with a broken quaternion counts as none beside an sform."""
    try:
        qform: NDArray[np.float64] | None = stored.get_qform(coded=True)[0]
    except (HeaderDataError, ValueError):
        if sform is None:
            raise
        return None
    return qform


def _scaling(stored: Any) -> tuple[float, float]:
    """Return slope and intercept; a slope of 0, and nibabel's own NaN, mean that there is no scaling."""
    slope, inter = float(stored["scl_slope"]), float(stored["scl_inter"])
    return (1.0, 0.0) if slope == 0 or math.isnan(slope) else (slope, inter)


def _mm_per_unit(path: Path, stored: Any) -> NDArray[np.float64]:
    """Return the (4, 4) scaling from the header's unit of length to mm."""
    factor = MM_PER_UNIT.get(int(stored["xyzt_units"]) & 7, 1.0)
    edges_mm = factor * np.linalg.norm(stored.get_best_affine()[:3, :3], axis=0)
    if factor != 1 and not (EDGES_MM[0] <= edges_mm.min() and edges_mm.max() <= EDGES_MM[1]):
        shown = " × ".join(f"{edge:g}" for edge in edges_mm)
        unit = "m" if factor > 1 else "µm"
        raise InputError(
            path, f"gives lengths in {unit} (xyzt_units): voxels of {shown} mm", "correct the unit"
        )
    return np.diag([factor, factor, factor, 1.0])


def mgh_header(start: bytes) -> Header:
    """Return the header of an MGH file (.mgh, .mgz); whatever follows the voxels are notes."""
    stored = MGHHeader(start)
    return Header(
        shape=tuple(map(int, stored.get_data_shape())),
        affine=np.asarray(stored.get_affine(), dtype=float),
        dtype=stored.get_data_dtype(),
        offset=int(stored.get_data_offset()),
        oriented=int.from_bytes(start[28:30], "big") == 1,
        footer=True,
    )
