"""Brains of children registered by all contrasts that they share: to a template of their age, and age to age.

Like contrast is fitted to like contrast. Between ages, where grey and white matter change places, each
contrast is painted in the greys of the other age first (`likeness`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cpimaging.itk import affine_transform, read_field
from cpimaging.registration import Matrix, Transform, crop_to_brain, field_from_transforms, resample
from cpimaging.registration.greedy import kept_voxels
from cpimaging.registration.lesion import filled
from cpimaging.registration.likeness import like_template
from cpimaging.registration.picsl import Pair, linear_pairs, run_pairs, scratch
from cpimaging.registration.start import rough_alignment
from cpimaging.registration.tools import grid_at, thinned
from cpimaging.types import Image

WORKING_MM = 1.2
"""Grid of the fit: a newborn's cortex and capsule are thinner than the 2 mm of grown brains (ours)."""

AFFINE_ITERATIONS = "50x30x0"
ITERATIONS = "100x60x20"
MASKED_ITERATIONS = "50x30x10"
"""Of the fit that says what lies under a lesion: half of them do (docs/method/registration.md)."""

SMOOTH_MM = (3.0, 1.2)
"""Smoothing of the update and of the whole velocity field, in mm (ours)."""

PARTNERS = ("T2w", "T1w")
"""Contrasts of a template that one which it lacks is painted for, the preferred one first."""


@dataclass(frozen=True)
class Fit:
    """The affine part of a fit, scan to template, (4, 4) mm, and both directions of the whole."""

    matrix: Matrix
    transform: Transform


def start_of(scan: Mapping[str, Image], template: Mapping[str, Image]) -> Matrix:
    """Return the affine fit, scan to template, by all shared contrasts.

    The lesion is not left out: masked, the few voxels beside it moved the whole brain.
    """
    first, (own, other) = _lead(scan, template)
    start = rough_alignment(own, other, None)
    grid = grid_at(crop_to_brain(own), 2 * WORKING_MM)
    pairs = pairs_of(scan, template, start, None, painted=first)
    thin = [(thinned(fixed, grid), crop_to_brain(moving)) for fixed, moving in pairs]
    return linear_pairs(f"-a -dof 12 -m NCC 4x4x4 -n {AFFINE_ITERATIONS}", thin, None, start)


def fit(
    scan: Mapping[str, Image],
    template: Mapping[str, Image],
    matrix: Matrix,
    exclude: Image | None = None,
    *,
    painted: bool = False,
    threads: int = 1,
) -> Fit:
    """Return the fit of a scan to a template of its age; both are contrast -> image, 0 outside of the brain.

    exclude: boolean, on the scan's grid: left out of a first fit, filled with the template in the second.
    painted: the two are of different ages, each contrast is painted in the other's greys.
    """
    pairs = pairs_of(scan, template, matrix, exclude, painted=painted)
    if exclude is not None and exclude.data.any():
        masked = _smooth_fit(pairs, matrix, exclude, threads, MASKED_ITERATIONS)
        pairs = [(filled(own, resample(other, own, masked.to_scan), exclude), other) for own, other in pairs]
    return Fit(matrix, _smooth_fit(pairs, matrix, None, threads))


def pairs_of(
    scan: Mapping[str, Image],
    template: Mapping[str, Image],
    matrix: Matrix,
    exclude: Image | None,
    *,
    painted: bool,
) -> list[Pair]:
    """Return what is fitted to what; a scan that shares no contrast is painted in the template's greys."""
    shared = [name for name in scan if name in template]
    if not shared:
        _, (own, other) = _lead(scan, template)
        return [(like_template(own, other, matrix, exclude), other)]
    pairs = [(scan[name], template[name]) for name in shared]
    if not painted:
        return pairs
    return [(like_template(own, other, matrix, exclude), other) for own, other in pairs]


def _lead(scan: Mapping[str, Image], template: Mapping[str, Image]) -> tuple[bool, Pair]:
    """Return the pair that the search for a start compares, and whether its contrasts differ."""
    for name in PARTNERS:
        if name in scan and name in template:
            return False, (scan[name], template[name])
    partner = next(name for name in PARTNERS if name in template)
    return True, (next(iter(scan.values())), template[partner])


def _smooth_fit(
    pairs: list[Pair], matrix: Matrix, exclude: Image | None, threads: int, iterations: str = ITERATIONS
) -> Transform:
    """Return both directions of one fit, a stationary velocity field from `matrix`; it does not fold."""
    grid = grid_at(crop_to_brain(pairs[0][0]), WORKING_MM)
    kept = kept_voxels(grid, exclude)
    metric = "NCC 2x2x2" if kept is None else "WNCC 2x2x2"
    moving = [crop_to_brain(other) for _, other in pairs]
    thin = [(thinned(own, grid), other) for (own, _), other in zip(pairs, moving, strict=True)]
    with scratch():
        start, warp, inverse = (Path(name) for name in ("start.mat", "warp.nii", "inverse.nii"))
        np.savetxt(start, matrix)
        smooth = " ".join(f"{sigma}mm" for sigma in SMOOTH_MM)
        command = f"-it {start} -m {metric} -n {iterations} -s {smooth} -sv -wp 0"
        run_pairs(f"{command} -o {warp} -oinv {inverse}", thin, kept, threads)
        there, back = (read_field(path) for path in (warp, inverse))
    outward = affine_transform(np.linalg.inv(matrix).astype(np.float64))
    return Transform(
        to_template=field_from_transforms(moving[0], [back, outward]),
        to_scan=field_from_transforms(grid, [affine_transform(matrix), there]),
    )


def chained(first: Transform, second: Transform) -> Transform:
    """Return the way from a scan over a template to the next: `first` scan to template, `second` onward."""
    import SimpleITK as sitk

    from cpimaging.itk import to_itk

    def moving(field: Image) -> sitk.Transform:
        return sitk.DisplacementFieldTransform(sitk.Cast(to_itk(field), sitk.sitkVectorFloat64))

    return Transform(
        to_template=field_from_transforms(
            second.to_template, [moving(first.to_template), moving(second.to_template)]
        ),
        to_scan=field_from_transforms(first.to_scan, [moving(second.to_scan), moving(first.to_scan)]),
    )
