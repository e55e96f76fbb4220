"""How picsl_greedy (Yushkevich et al. 2016) is run: one command, repeatable for any number of threads."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cpimaging.itk import to_itk
from cpimaging.registration import Matrix
from cpimaging.types import Image, InputError

SEED = 1

LEAST_FREE = 2**20
"""Bytes; a disk with less than that was filled by what greedy wrote (ours)."""

Pair = tuple[Image, Image]
"""A fixed and a moving image of one contrast."""


def linear(command: str, fixed: Image, moving: Image, kept: Image | None, start: Matrix) -> Matrix:
    """Return the matrix, (4, 4) RAS+ mm, of an affine or rigid command from `start`, on one thread.

    kept: 1 on the grid of `fixed` where the fit counts, else 0; None for everywhere.
    """
    return linear_pairs(command, [(fixed, moving)], kept, start)


def linear_pairs(command: str, pairs: Sequence[Pair], kept: Image | None, start: Matrix) -> Matrix:
    """Return the matrix of `linear` for several contrasts at once, whose fixed images share a grid."""
    with scratch():
        begin, out = Path("start.mat"), Path("matrix.mat")
        np.savetxt(begin, start)
        run_pairs(f"{command} -ia {begin} -o {out}", pairs, kept, threads=1)  # sums in thread order differ
        matrix: Matrix = np.loadtxt(out)
    return matrix


def run(command: str, fixed: Image, moving: Image, kept: Image | None, threads: int) -> None:
    """Run a greedy command on two images; what it writes is named in the command."""
    run_pairs(command, [(fixed, moving)], kept, threads)


def run_pairs(command: str, pairs: Sequence[Pair], kept: Image | None, threads: int) -> None:
    """Run a greedy command on one or several contrasts; all count alike in the metric."""
    from picsl_greedy import Greedy3D  # here, so that only a run of it needs it

    images: dict[str, Any] = {}
    for n, (fixed, moving) in enumerate(pairs):
        images |= {f"fixed{n}": to_itk(fixed), f"moving{n}": to_itk(moving)}
    inputs = " ".join(f"-i fixed{n} moving{n}" for n in range(len(pairs)))
    mask = ""
    if kept is not None:
        images["kept"], mask = to_itk(kept), "-gm kept"
    words = f"{inputs} {mask} {command} -seed {SEED} -threads {threads} -V 0"
    with _silent():
        Greedy3D().execute(words, out=io.StringIO(), err=io.StringIO(), **images)


@contextmanager
def scratch() -> Iterator[None]:
    """Work within a folder of its own: greedy ends a path at a space, and TMPDIR may hold one.

    Raises InputError where a fit fails and the disk is full: greedy does not say so.
    """
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        try:
            yield
        except (RuntimeError, ValueError) as error:
            if shutil.disk_usage(folder).free >= LEAST_FREE:
                raise
            cure = "make room, or set TMPDIR to another folder"
            raise InputError(tempfile.gettempdir(), "No space left on device", cure) from error


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
