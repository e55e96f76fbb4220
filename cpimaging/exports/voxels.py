"""Lesion × voxel: which voxels any scan of the group has a lesion in, and which of them each scan has."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

Voxels = NDArray[np.intp]


def x_first(voxels: Voxels, shape: tuple[int, int, int]) -> Voxels:
    """Return flat places in C order (z first) as those of R, MATLAB and NIfTI (x first), sorted."""
    found: Voxels = np.sort(np.ravel_multi_index(np.unravel_index(voxels, shape), shape, order="F"))
    return found


def market_lines(
    lesions: Callable[[], Iterable[Voxels]], scans: int, size: int
) -> tuple[NDArray[np.bool_], Iterator[str]]:
    """Return the voxels with a lesion in any scan, and the text of a MatrixMarket file, scan by scan.

    lesions: gives the voxels of each scan, flat, x first, and is asked twice, so that no matrix is held in
    memory. size: voxels of the grid. Row i is scan i, column j the j-th voxel that any scan has.
    """
    anywhere, entries = np.zeros(size, bool), 0
    for voxels in lesions():
        anywhere[voxels] = True
        entries += len(voxels)
    column = np.cumsum(anywhere)  # from 1, as the format counts

    def lines() -> Iterator[str]:
        yield "%%MatrixMarket matrix coordinate pattern general\n"
        yield f"{scans} {int(column[-1]) if size else 0} {entries}\n"
        for row, voxels in enumerate(lesions(), start=1):
            yield "".join([f"{row} {place}\n" for place in column[voxels].tolist()])

    return anywhere, lines()
