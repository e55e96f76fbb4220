"""Whether the contrasts of a scan show one head: how they agree, and whether one is flipped."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.qc.fit import FEWEST_VOXELS, Bool, Values
from cpimaging.registration import Matrix, resample
from cpimaging.registration.tools import coarse, rigid
from cpimaging.types import Image

BINS = 32


class Agreement(NamedTuple):
    """direct: information shared with the reference. margin: what its mirror image lacks of it, in parts."""

    direct: float
    margin: float


def agreement(image: Image, reference: Image, brain: Bool, matrix: Matrix) -> Agreement:
    """Compare a contrast that was aligned to the reference, and its mirror image, aligned anew, with it.

    image, reference: on one grid, 0 outside of the brain. matrix: the reference's way to the template,
    (4, 4) mm. The mirror image must agree less with the reference than the
    contrast itself. A scan of which all contrasts are flipped cannot be told from one that is not.
    """
    direct = shared_information(image.data, reference.data, brain)
    mirrored = mirror(image, matrix)
    again = resample(mirrored, reference, matrix=rigid(coarse(reference), coarse(mirrored)))
    other = shared_information(again.data, reference.data, brain)
    return Agreement(direct, (direct - other) / max(direct, 1e-9))


def mirror(image: Image, matrix: Matrix) -> Image:
    """Return the image reflected in the scan's midplane: where the matrix brings it to x = 0."""
    flip = np.diag([-1.0, 1.0, 1.0, 1.0])
    return resample(image, image, matrix=np.linalg.inv(matrix) @ flip @ matrix)


def shared_information(a: Values, b: Values, where: Bool) -> float:
    """Return the mutual information of two images over the smaller of their entropies, 0-1."""
    where = where & (a != 0) & (b != 0)
    if where.sum() < FEWEST_VOXELS:
        return 0.0
    first, second = (_levels(image[where]) for image in (a, b))
    joint = np.bincount(first * BINS + second, minlength=BINS**2).reshape(BINS, BINS) / len(first)
    entropies = [_entropy(joint.sum(axis=axis)) for axis in (0, 1)]
    information = sum(entropies) - _entropy(joint.ravel())
    return float(information / max(min(entropies), 1e-9))


def _levels(values: Values) -> NDArray[np.int_]:
    low, high = np.percentile(values, [0.5, 99.5])
    share = (values.astype(np.float64) - low) / max(float(high - low), 1e-9)
    levels: NDArray[np.int_] = np.clip(share * BINS, 0, BINS - 1).astype(int)
    return levels


def _entropy(share: Values) -> float:
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())
