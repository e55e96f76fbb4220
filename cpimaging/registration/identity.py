"""The engine for scans that lie in template space already: nothing moves."""

import numpy as np
import SimpleITK as sitk

from cpimaging.registration import Matrix, Transform, field_from_transforms
from cpimaging.registration.engine import Engine
from cpimaging.types import Image


class Identity:
    """Leaves every point where it is."""

    def affine(self, scan: Image, template: Image, exclude: Image | None) -> Matrix:
        """Return the unit matrix."""
        return np.eye(4)

    def deformable(
        self,
        scan: Image,
        template: Image,
        matrix: Matrix,
        exclude: Image | None,
        threads: int,
    ) -> Transform:
        """Return zero displacement on both grids."""
        none = [sitk.Transform(3, sitk.sitkIdentity)]
        return Transform(field_from_transforms(template, none), field_from_transforms(scan, none))


ENGINE = Engine(
    name="identity",
    title="identity: left where it lies",
    source="",
    with_lesion="nothing is fitted",
    method=Identity(),
    moves=False,
)
