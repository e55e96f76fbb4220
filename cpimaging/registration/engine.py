"""A registration engine: what it does, and what is said of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cpimaging.registration import Matrix, Transform
from cpimaging.types import Image


class Method(Protocol):
    """The two fits of an engine; no state."""

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> Matrix:
        """Return the (4, 4) matrix, RAS+ mm, that takes scan points to template points.

        exclude: boolean image on the scan's grid; its voxels do not count (the lesion).
        """
        ...

    def deformable(
        self,
        scan: Image,
        template: Image,
        matrix: Matrix,
        exclude: Image | None,
        threads: int,
    ) -> Transform:
        """Return both directions of the smooth transform that starts from `matrix`."""
        ...


def _always() -> None:
    """Find nothing that is missing."""


@dataclass(frozen=True)
class Engine:
    """One entry of the registry (`registration.engines`).

    name: in the configuration. title: for pages, as in "registered with …". source: the paper to cite, "" for
    none. with_lesion: what it does about a lesion, in words. check: raises InputError where it cannot run.
    moves: it fits; without, every point stays where it is.
    """

    name: str
    title: str
    source: str
    with_lesion: str
    method: Method
    check: Callable[[], object] = _always
    moves: bool = True
