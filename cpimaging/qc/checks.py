"""The registry of quality checks: how each is measured, and of what. Limits and words stand in limits.yaml.

A new check is a record here and an entry there.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np

from cpimaging.qc import fit, images, sides, transforms
from cpimaging.qc.case import MATURE_YEARS, Case
from cpimaging.qc.limits import LIMITS
from cpimaging.types import Flag

ASKED_OF: dict[str, Callable[[Case], Iterable[str]]] = {
    "scan": lambda case: [""],
    "contrast": lambda case: case.contrasts,
    "raw": lambda case: case.contrasts,
    "mask": lambda case: case.drawn,
    "moved": lambda case: sorted(case.moved_mm),
}
"""What a check may be of: the scan, each preprocessed contrast, each as it was given, each given
mask, each contrast that was moved."""


def _only(case: Case, contrast: str) -> str:
    return ""


def _one(case: Case) -> float:
    return 1.0


def _voxel_mm(case: Case) -> float:
    return min(case.brain.spacing_mm)


@dataclass(frozen=True)
class Check:
    """One check.

    name: in limits.yaml. of: a key of ASKED_OF. measure: its value for a scan, or a contrast; None where its
    data are missing. row: the circumstance whose limits count; without limits for it, nothing is measured.
    scale: what of the scan the limits are multiples of.
    """

    name: str
    of: str
    measure: Callable[[Case, str], float | str | None]
    row: Callable[[Case, str], str | None] = _only
    scale: Callable[[Case], float] = _one

    def flag(self, case: Case, contrast: str) -> Flag | None:
        """Return the flag of a scan, or of one of its contrasts; None where it is not asked."""
        limits, row = LIMITS[self.name], self.row(case, contrast)
        if row is None or row not in limits.rows:
            return None
        value = self.measure(case, contrast)
        return None if value is None else limits.flag(value, row, contrast, self.scale(case))


def run(case: Case) -> list[Flag]:
    """Return the flags of all checks that can be made, in the order of the registry, contrast by contrast."""
    flags = []
    for of, group in groupby(CHECKS, key=lambda check: check.of):
        checks = list(group)
        flags += [check.flag(case, name) for name in ASKED_OF[of](case) for check in checks]
    return [flag for flag in flags if flag is not None]


@lru_cache(maxsize=1)
def _levels(case: Case, contrast: str) -> images.Levels:
    return images.levels(case.contrasts[contrast].data, case.fit, off_edge=case.infant)


@lru_cache(maxsize=1)
def _agreement(case: Case, contrast: str) -> sides.Agreement:
    return sides.agreement(case.contrasts[contrast], case.fit.scan, case.fit.brain, case.matrix)


@lru_cache(maxsize=1)
def _raw(case: Case, contrast: str) -> tuple[fit.Values, fit.Bool]:
    return case.read_raw(contrast)


def _age_row(case: Case, _: str) -> str:
    age = case.age_years
    return "age unknown" if age is None else LIMITS["brain_volume_ml"].row_at(age)


def _like_template(case: Case, _: str) -> str:
    return "T1w from 2 years" if case.reference == "T1w" and case.maybe_mature else "others"


def _lesion_shell(case: Case, _: str) -> float | None:
    if not case.fit.lesion.any():
        return None
    shell = fit.shell_around(case.fit.lesion, case.fit.scan.spacing_mm)
    return fit.lesion_shell_ratio(*case.local_correlation, shell)


def _tissue_overlap(case: Case, _: str) -> float:
    return fit.tissue_overlap(case.fit, white_is_bright=case.reference == "T1w")


def _tissue_row(case: Case, _: str) -> str | None:
    return case.reference if case.maybe_mature else None


def _white_grey_row(case: Case, contrast: str) -> str | None:
    return contrast if case.age_years is not None and case.age_years >= MATURE_YEARS else None


def _white_variation(case: Case, contrast: str) -> float | None:
    if not np.isfinite(_levels(case, contrast).white):
        return None
    return images.white_variation(case.contrasts[contrast].data, case.fit)


def _other(case: Case, contrast: str) -> str | None:
    return "" if contrast != case.reference else None


def _raw_row(case: Case, contrast: str) -> str | None:
    return "" if np.count_nonzero(_raw(case, contrast)[1]) >= fit.FEWEST_VOXELS else None


def _saturated(case: Case, contrast: str) -> float:
    image, brain = _raw(case, contrast)
    return images.saturated_share(image[brain])


def _outside(case: Case, _: str) -> float | None:
    if case.lesion_mm3 is None:
        return None
    outside, total = case.lesion_mm3
    return outside / total if total > 0 else 0.0


CHECKS = (
    Check("brain_volume_ml", "scan", lambda c, _: c.brain_ml, _age_row),
    Check("brain_surface_agreement", "scan", lambda c, _: c.surface_agreement),
    Check("affine_rotation_degrees", "scan", lambda c, _: c.affine.rotation_degrees),
    Check("affine_stretch_ratio", "scan", lambda c, _: transforms.stretch_ratio(c.affine)),
    Check("affine_size_ratio", "scan", lambda c, _: c.affine.determinant * c.brain_ml / c.template_ml),
    Check("brain_overlap_dice", "scan", lambda c, _: fit.dice(c.fit.brain, c.fit.template_brain)),
    Check(
        "template_similarity",
        "scan",
        lambda c, _: fit.correlation_ratio(c.fit.scan.data, c.fit.template_t1w, c.fit.common),
    ),
    Check(
        "template_local_correlation",
        "scan",
        lambda c, _: fit.mean_where(*c.local_correlation),
        _like_template,
    ),
    Check("lesion_shell_correlation_ratio", "scan", _lesion_shell),
    Check("tissue_overlap_dice", "scan", _tissue_overlap, _tissue_row),
    Check("brain_cut_share", "scan", lambda c, _: fit.cut_share(c.template_brain, c.to_template, c.brain)),
    Check("folded_share", "scan", lambda c, _: transforms.folded_share(c.jacobians)),
    Check("jacobian_lowest", "scan", lambda c, _: transforms.lowest_jacobian(c.jacobians)),
    Check("inverse_error_mean_mm", "scan", lambda c, _: float(c.inverse_error_mm.mean())),
    Check("inverse_error_p95_mm", "scan", lambda c, _: float(np.percentile(c.inverse_error_mm, 95))),
    Check("empty_share", "contrast", lambda c, name: images.empty_share(c.contrasts[name].data, c.fit.brain)),
    Check(
        "fluid_contrast",
        "contrast",
        lambda c, name: images.fluid_contrast(_levels(c, name), name, grey_alone=c.infant),
    ),
    Check(
        "white_grey_contrast",
        "contrast",
        lambda c, name: images.white_grey_contrast(_levels(c, name), name),
        _white_grey_row,
    ),
    Check("white_variation", "contrast", _white_variation, lambda _, name: name),
    Check("agreement", "contrast", lambda c, name: _agreement(c, name).direct, _other),
    Check("side_margin", "contrast", lambda c, name: _agreement(c, name).margin, _other),
    Check("saturated_share", "raw", _saturated, _raw_row),
    Check("noise", "raw", lambda c, name: images.noise(*_raw(c, name)), _raw_row),
    Check("lesion_outside_brain_share", "scan", _outside),
    Check("position_doubt_mm", "mask", lambda c, name: c.drawn[name].doubt_mm, scale=_voxel_mm),
    Check("drawn_on", "mask", lambda c, name: None if c.drawn[name].given else "another image"),
    Check("shift_mm", "moved", lambda c, name: c.moved_mm[name][0]),
    Check("alignment_error_mm", "moved", lambda c, name: c.moved_mm[name][1]),
)
"""Every check, in the order in which a scan's flags are listed."""
