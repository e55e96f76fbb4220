"""The affine of a scan: a text file between register and what asks for the turn and the scale of the head."""

from pathlib import Path

import numpy as np

from cpimaging.io import write_json, write_text
from cpimaging.layout import TEMPLATE, sidecar_path
from cpimaging.provenance import sidecar
from cpimaging.registration import Matrix
from cpimaging.study.job import Job
from cpimaging.types import InputError


def write_affine(job: Job, matrix: Matrix, sources: list[str], space: str = TEMPLATE) -> None:
    """Write the (4, 4) matrix that takes points of the scan to points of the template: four rows of numbers.

    RAS+ mm, every number with all its digits.
    """
    path = job.files.affine(job.reference, space)
    about = "4 × 4 matrix, RAS+ mm, that takes points of the scan to points of the template"
    content = sidecar("register", sources, FromSpace="orig", ToSpace=space, Description=about)
    write_json(sidecar_path(path), content)
    write_text(path, "".join(" ".join(repr(float(x)) for x in row) + "\n" for row in matrix))


def read_affine(job: Job, space: str = TEMPLATE) -> Matrix:
    """Return what `write_affine` wrote. Raises InputError where it is missing or no such matrix."""
    path = Path(job.files.affine(job.reference, space))
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
        matrix: Matrix = np.array([row.split() for row in rows], dtype=np.float64)
    except (OSError, ValueError):
        matrix = np.zeros(0)
    if matrix.shape != (4, 4):
        raise InputError(path, "is missing, or no 4 × 4 matrix", "register the scan again")
    return matrix
