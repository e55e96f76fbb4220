"""What an image file states of itself, and whether that is one volume whose left and right are known."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from cpimaging.imagefiles.content import COPY_AGAIN, DEFLATED_AT_MOST, SURPLUS_BYTES
from cpimaging.types import InputError

MOST_VOXELS = 500_000_000
"""Larger images are refused: they would need more memory than machines of clinics have (ours)."""

MAX_FORM_DISTANCE_MM = 1.0
"""sform and qform that place a corner farther apart than this contradict each other (ours)."""

Fault = tuple[str, str]
"""What is wrong, and what to do."""


@dataclass(frozen=True)
class Header:
    """Where an image lies and how it is stored, without its voxels.

    shape: of the stored array. affine: (4, 4), voxel index to world mm, RAS+, the one that is used.
    sform, qform: both affines that a NIfTI header may state, None where it does not.
    oriented: False where the file states no orientation, so that left and right are unknown.
    dtype, offset, slope, inter: how the voxels are stored, in Fortran order. skipped: bytes in front of what
    is compressed. packed: whether the voxels are. footer: something may follow them.
    """

    shape: tuple[int, ...]
    affine: NDArray[np.float64]
    dtype: np.dtype[Any]
    offset: int
    sform: NDArray[np.float64] | None = None
    qform: NDArray[np.float64] | None = None
    oriented: bool = True
    slope: float = 1.0
    inter: float = 0.0
    skipped: int = 0
    packed: bool = False
    footer: bool = False

    @property
    def needed(self) -> int:
        """Bytes up to the last voxel, once they are unpacked."""
        return self.offset + math.prod(self.shape) * self.dtype.itemsize

    @property
    def corners(self) -> NDArray[np.float64]:
        """The outer corners of the field of view as homogeneous voxel indices (4, 8)."""
        unit = np.array([[*corner, 1.0] for corner in np.ndindex(2, 2, 2)]).T
        unit[:3] = unit[:3] * np.array(self.shape[:3])[:, None] - 0.5
        return unit

    def fault(self, *, one_volume: bool = True) -> Fault | None:
        """Return what makes the image no volume that can be used, None where nothing does."""
        return self._kind_fault() or self._shape_fault(one_volume) or self._orientation_fault()

    def refuse(self, path: Path, *, one_volume: bool = True) -> None:
        """Raise InputError where there is a fault."""
        fault = self.fault(one_volume=one_volume)
        if fault:
            raise InputError(path, *fault)

    def check_size(self, path: Path, stored_bytes: int) -> None:
        """Raise InputError where a file of so many bytes cannot hold what is stated, or holds more."""
        if self.needed > stored_bytes * (DEFLATED_AT_MOST if self.packed else 1):
            raise InputError(path, "is truncated", COPY_AGAIN)
        if stored_bytes > self.needed + SURPLUS_BYTES:
            raise InputError(path, "holds more than its header states", COPY_AGAIN)

    def _kind_fault(self) -> Fault | None:
        if self.dtype.names:
            return "is a colour image (RGB)", "give the grey-valued original"
        if self.dtype.kind == "V":
            return "its voxels are of a type that is not read", "save it with 8 to 64 bits"
        if self.dtype.kind == "c":
            return "has complex values", "give its magnitude"
        if not (math.isfinite(self.slope) and math.isfinite(self.inter)):
            return "its header states a scaling that is not a number", "convert it anew"
        return None

    def _shape_fault(self, one_volume: bool) -> Fault | None:
        shape = list(self.shape)
        while len(shape) > 3 and shape[-1] == 1:
            shape.pop()
        stated = " × ".join(map(str, self.shape))
        if one_volume and len(shape) > 3 and min(shape) > 0:
            problem = f"has {math.prod(shape[3:])} volumes ({stated}), one 3-D volume is expected"
            return problem, "split it or choose one"
        if len(shape) < 3 or min(shape[:3]) < 2 or min(shape) < 1:
            return f"has shape {stated}, a volume is expected", "give the whole 3-D image"
        if math.prod(shape[:3]) > MOST_VOXELS:
            problem = f"states {stated} voxels, more than the {MOST_VOXELS / 1e6:.0f} million that are read"
            return problem, "correct its header, or bring it to larger voxels"
        return None

    def _orientation_fault(self) -> Fault | None:
        if not np.isfinite(self.affine).all() or abs(np.linalg.det(self.affine[:3, :3])) < 1e-6:
            return "its affine is not usable", "repair the header or convert it anew"
        if not np.isfinite(nib.io_orientation(self.affine)).all():
            return "its affine does not tell its axes apart", "repair the header or convert it anew"
        if not self.oriented:
            return "its header states no orientation, so left and right are unknown", "convert it anew"
        if self.sform is None or self.qform is None or not np.isfinite(self.qform).all():
            return None  # a qform that is not a number says nothing beside an sform
        if np.linalg.det(self.sform[:3, :3]) * np.linalg.det(self.qform[:3, :3]) < 0:
            problem = "sform and qform are of opposite handedness, so left and right are unknown"
            return problem, "convert it anew"
        apart = float(np.linalg.norm((self.sform - self.qform)[:3] @ self.corners, axis=0).max())
        if apart > MAX_FORM_DISTANCE_MM:
            return f"sform and qform place it up to {apart:.1f} mm apart", "copy the right one over the other"
        return None
