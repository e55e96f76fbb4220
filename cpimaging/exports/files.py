"""Long tables row by row, and files of other programs; like `io`, writes are whole or not at all."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from cpimaging.io import whole, write_text
from cpimaging.types import InputError

_MAT_HEADER = b"MATLAB 5.0 MAT-file, written by cpimaging".ljust(116)
"""In place of the one with the time of day: the same input gives the same bytes."""


def each_row(path: Path, columns: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the cells of a long table of ours, row by row: it is never held in memory.

    Raises InputError where it has other columns, or a row of another length.
    """
    cure = "run 'cpimaging cohort' on the folder"
    with path.open(encoding="utf-8", newline="\n") as stream:
        if stream.readline().rstrip("\n").split("\t") != list(columns):
            raise InputError(path, "has not the columns that this version writes", cure)
        for number, line in enumerate(stream, start=2):
            cells = line.rstrip("\n").split("\t")
            if len(cells) != len(columns):
                raise InputError(path, f"line {number} has {len(cells)} cells", cure)
            yield cells


def write_csv(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write rows of text with commas; cells are quoted where they must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a long text, piece by piece."""
    with whole(path) as temporary, temporary.open("w", encoding="ascii", newline="\n") as stream:
        stream.writelines(lines)


def write_lesion_mat(path: Path, mask: NDArray[np.bool_], affine: NDArray[np.float64]) -> None:
    """Write a lesion as NiiStat reads it: lesion.dat, and lesion.hdr as SPM has it (voxels from 1)."""
    from_one = affine.copy()
    from_one[:3, 3] -= affine[:3, :3].sum(axis=1)
    header = {
        "fname": f"{path.stem}.nii",
        "dim": np.array(mask.shape, float),
        "dt": np.array([2.0, 0.0]),
        "pinfo": np.array([[1.0], [0.0], [0.0]]),
        "mat": from_one,
        "n": np.array([1.0, 1.0]),
        "descrip": "lesion, 0 or 1",
    }
    with whole(path) as temporary, temporary.open("w+b") as stream:
        content = {"lesion": {"hdr": header, "dat": mask.astype(float)}}
        savemat(stream, content, do_compression=True, oned_as="row")
        stream.seek(0)
        stream.write(_MAT_HEADER)
