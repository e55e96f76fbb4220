"""A scan as the quality checks see it, with which nothing is wrong; tests replace what they are about."""

from typing import Any

import numpy as np

from cpimaging.qc.case import Case
from cpimaging.qc.checks import ASKED_OF, CHECKS
from cpimaging.qc.fit import Fit
from cpimaging.types import Flag, Image

SHAPE = (4, 4, 4)


def volume(ml: float) -> Image:
    """A mask of one voxel that holds so many ml."""
    return Image(np.ones((1, 1, 1), bool), np.diag([1.0, 1.0, 1000.0 * ml, 1.0]))


def small_fit() -> Fit:
    nothing, image = np.zeros(SHAPE, bool), np.arange(64.0).reshape(SHAPE)
    return Fit(Image(image, np.eye(4)), ~nothing, nothing, image, image / 64, 1 - image / 64, ~nothing)


def case_of(fit: Fit | None = None, **known: Any) -> Case:
    """Return a case; known: its fields."""
    fit = fit or small_fit()
    still = Image(np.zeros((*SHAPE, 3)), np.eye(4))
    everything: dict[str, Any] = {
        "age_years": 8.0,
        "reference": "T1w",
        "brain": volume(1200.0),
        "template_brain": volume(1200.0),
        "matrix": np.eye(4),
        "to_scan": still,
        "to_template": still,
        "contrasts": {"T1w": fit.scan},
        "read_raw": lambda contrast: (fit.scan.data, fit.brain),
    }
    return Case(fit=fit, **{**everything, **known})


def flags_of(case: Case, *names: str) -> dict[str, Flag]:
    """Return the flags of some checks by their names; of a contrast, with its name in front."""
    known = {check.name for check in CHECKS}
    assert set(names) <= known, set(names) - known
    flags = [
        check.flag(case, contrast)
        for check in CHECKS
        if check.name in names
        for contrast in ASKED_OF[check.of](case)
    ]
    return {flag.name: flag for flag in flags if flag is not None}
