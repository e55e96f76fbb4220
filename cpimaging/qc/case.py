"""What the checks know of a scan, and what several of them ask of it, computed once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cpimaging.qc.fit import Bool, Fit, Values, local_correlation
from cpimaging.qc.transforms import inverse_error_mm, jacobian_inside
from cpimaging.registration import Matrix
from cpimaging.registration.plausible import AffineParts, affine_parts
from cpimaging.types import Image

MATURE_YEARS = 2.0
"""From this age on white and grey matter look as in adults (Paus et al. 2001, Brain Res Bull 54:255)."""

INFANT_YEARS = 1.0
"""Below this age white matter is hardly told from fluid (ours; its contrast turns within the first year)."""


class Drawn(NamedTuple):
    """The image that a given mask was drawn on.

    given: whether it is one of the scan's. doubt_mm: how far the mask would lie elsewhere if it was drawn on
    another contrast that fits as well.
    """

    given: bool
    doubt_mm: float


@dataclass(frozen=True, eq=False)
class Case:
    """One scan.

    reference: name of that contrast. brain, template_brain: bool, each on its own grid. matrix: scan to
    template, (4, 4) mm. to_scan, to_template: displacement fields, mm. fit: reference and template on the
    thinned grid. contrasts: preprocessed, on that grid. read_raw: gives a contrast as it was given, and the
    brain (bool) on its grid. surface_agreement: None where no brain was cut out. moved_mm: contrast -> mean
    shift to the reference, and disagreement with the fit in the other direction. lesion_mm3: outside of the
    brain, and in all; None where not assessed. drawn: given masks by name.
    """

    age_years: float | None
    reference: str
    brain: Image
    template_brain: Image
    matrix: Matrix
    to_scan: Image
    to_template: Image
    fit: Fit
    contrasts: Mapping[str, Image]
    read_raw: Callable[[str], tuple[Values, Bool]]
    surface_agreement: float | None = None
    moved_mm: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    lesion_mm3: tuple[float, float] | None = None
    drawn: Mapping[str, Drawn] = field(default_factory=dict)

    @property
    def brain_ml(self) -> float:
        """Volume of the brain."""
        return _ml(self.brain)

    @property
    def template_ml(self) -> float:
        """Volume of the template's brain."""
        return _ml(self.template_brain)

    @property
    def maybe_mature(self) -> bool:
        """Whether white matter may be myelinated; so also where the age is not known."""
        return self.age_years is None or self.age_years >= MATURE_YEARS

    @property
    def infant(self) -> bool:
        """Whether the scan is known to be one of the first year."""
        return self.age_years is not None and self.age_years < INFANT_YEARS

    @cached_property
    def affine(self) -> AffineParts:
        """What the matrix does."""
        return affine_parts(self.matrix)

    @cached_property
    def local_correlation(self) -> tuple[Values, Bool]:
        """Squared correlation with the warped template around each voxel, and where it counts."""
        return local_correlation(self.fit.scan.data, self.fit.template_t1w, self.fit.common)

    @cached_property
    def jacobians(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Jacobians of both directions, inside the brains."""
        small = self.fit.scan.with_data(self.fit.brain)
        return jacobian_inside(self.to_scan, small), jacobian_inside(self.to_template, self.template_brain)

    @cached_property
    def inverse_error_mm(self) -> NDArray[np.float64]:
        """Distance from itself of points that went there and back."""
        return inverse_error_mm(self.to_scan, self.to_template, self.fit.scan.with_data(self.fit.brain))


def _ml(brain: Image) -> float:
    return float(brain.data.sum()) * brain.voxel_volume_mm3 / 1000
