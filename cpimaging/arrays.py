"""The stages on arrays, without files, for notebooks and pipelines of others (docs/api.md).

One scan of a person of 24 months or older: a brain without its skull, and the lesion on the same grid. What
is bad in them raises `types.InputError`, a ValueError that says in one line what is wrong and what to do.
Nothing here checks the quality of a registration or writes a page: that is what the workflow does.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd
from scipy import ndimage

from cpimaging.assessed import Gate, band_of
from cpimaging.atlases import load_atlas, load_template
from cpimaging.bids.ages import MAX_AGE_YEARS
from cpimaging.imagefiles.reading import header_in_memory
from cpimaging.lesions.components import components
from cpimaging.lesions.kinds import percent_of_pieces
from cpimaging.masks import binary_mask, check_lesion_position
from cpimaging.morphometry import without_ventricles
from cpimaging.morphometry.cut import about_cut, cut_structures, without_cut
from cpimaging.morphometry.volumes import template_volumes, volume_table
from cpimaging.quantify.depth import white_matter_depth
from cpimaging.quantify.load import load_in
from cpimaging.quantify.margins import load_margins
from cpimaging.quantify.partition import partition
from cpimaging.quantify.pieces import lesion_parts
from cpimaging.registration import Transform, labels_within, resample_within
from cpimaging.registration.engines import ENGINES
from cpimaging.registration.lesion import check_registrable
from cpimaging.registration.plausible import check_affine, check_transform
from cpimaging.scorers import Pattern, Tables, pattern_content, read_criteria, score_surely
from cpimaging.segment import CAVITY, CSF, segment, template_shares
from cpimaging.segment.covered import covered_ventricles
from cpimaging.types import Atlas, Image, InputError, LabelMap, ScanContext
from cpimaging.words import GIVEN

ENGINE = ENGINES["greedy"].method
WHAT = "array"
"""Stands in messages where a file would."""
TO_GRID = "give from_nifti nibabel.processing.resample_from_to(lesion, scan, order=0)"
"""What brings a lesion to the grid of a scan, both as nibabel has them."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A brain with the embedded atlas on it; all images on its grid.

    brain: bool. carried: numbers of atlas.dseg; labels: the same, following the ventricles of the image.
    overlays: tracts and territories. tissue: classes of `segment.TISSUE_LABELS`. ventricles: whether the
    image showed them. cut: of `morphometry.cut.cut_structures`, what the field of view does not show whole.
    """

    brain: Image
    carried: Image
    labels: Image
    overlays: Mapping[str, LabelMap]
    tissue: Image
    atlas: Atlas
    ventricles: bool
    cut: Mapping[tuple[str, str], float]


@dataclass(frozen=True, eq=False)
class Measured:
    """The tables that scorers read, as the workflow writes them, without the columns of ids."""

    tables: Tables
    margins: pd.DataFrame


def from_nifti(nifti: Any) -> Image:
    """Return a nibabel image, NIfTI or MGH, its axes turned to RAS+, its values scaled.

    Raises InputError for what is none, and for whatever is refused of a file: an image that does not tell
    left from right, or is not one volume.
    """
    if not isinstance(nifti, nib.Nifti1Pair | nib.MGHImage):  # the first is that of all NIfTI
        problem = f"is no NIfTI or MGH image but {type(nifti).__module__}.{type(nifti).__name__}"
        raise InputError(WHAT, problem, "open a NIfTI file with nibabel.load")
    header = header_in_memory(nifti.header)
    header.refuse(Path(WHAT))
    values = np.asanyarray(nifti.dataobj).reshape(header.shape[:3])
    orientation = nib.io_orientation(header.affine)
    turned = nib.orientations.apply_orientation(values, orientation)
    return Image(turned, header.affine @ nib.orientations.inv_ornt_aff(orientation, values.shape))


def registered(scan: Image, lesion: Image | None = None, threads: int = 1) -> Transform:
    """Return both directions between a T1w and the embedded template, the lesion left out of the fit.

    scan: skull removed, background 0. lesion: on its grid. Raises InputError where it lies on another one, or
    the fit is implausible.
    """
    scan = _signal(scan)
    mask = None if lesion is None else _inside(lesion, scan)
    check_registrable(scan, mask, WHAT)
    template = load_template().t1w
    matrix = ENGINE.affine(scan, template, mask)
    check_affine(matrix, WHAT)
    transform = ENGINE.deformable(scan, template, matrix, mask, threads)
    check_transform(transform, WHAT)
    return transform


def labelled(scan: Image, transform: Transform, lesion: Image | None = None) -> Labelled:
    """Return the embedded atlas on a T1w, its labels brought to the ventricles that the image shows.

    The brain is what is not 0, and what that encloses: fluid, or a lesion that was blanked. lesion: on the
    grid of the scan. Raises InputError where it lies on another one.
    """
    atlas, template, way = load_atlas("embedded"), load_template(), transform.to_scan
    scan = _signal(scan)
    brain = scan.with_data(ndimage.binary_fill_holes(scan.data != 0))

    maps = {"": atlas.dseg, **atlas.overlays}
    there = labels_within({name: one.labels for name, one in maps.items()}, brain, way)
    moved = {name: LabelMap(labels, maps[name].regions) for name, labels in there.items()}
    shares = {name: resample_within(share, brain, way) for name, share in template_shares(template).items()}
    mask = None if lesion is None else _inside(lesion, scan)
    found = segment({"T1w": scan}, brain, moved[""], shares, mask, "")
    overlays = {name: moved[name] for name in atlas.overlays}
    cut = cut_structures(atlas.dseg, transform.to_template, brain)
    carried = moved[""].labels
    return Labelled(brain, carried, found.labels, overlays, found.tissue, atlas, found.assessed, cut)


def measured(lesion: Image, on: Labelled) -> Measured:
    """Return the tables of a lesion on a labelled brain: load, pieces, what each holds, volumes, margins.

    lesion: on the grid of the brain. Raises InputError where it lies on another one, or mostly outside of
    the brain, as the workflow does.
    """
    mask, regions = _inside(lesion, on.brain), on.atlas.dseg.regions
    check_lesion_position(mask, on.brain, WHAT, "the scan")
    depth, distance_mm = white_matter_depth(on.labels, regions)
    parts = partition(on.labels, on.atlas.dseg, on.overlays, on.brain, depth)
    pieces, table = components(mask, on.labels, on.atlas.dseg, distance_mm, GIVEN)
    inside = pieces.data > 0
    fluid = np.isin(on.tissue.data[inside], (CSF, CAVITY))
    cavity = percent_of_pieces(pieces.data[inside] - 1, fluid) if on.ventricles else np.nan
    tables = Tables(
        load_in(mask, parts),
        table.assign(cavity_percent=cavity),
        lesion_parts(pieces, parts),
        _volumes(on, mask),
    )
    return Measured(tables, load_margins(mask, parts))


def _volumes(on: Labelled, lesion: Image) -> pd.DataFrame:
    """Return the volumes, NaN where the image does not show what they are of; warnings tell."""
    regions = on.atlas.dseg.regions
    volumes = volume_table(on.labels, on.atlas.dseg, on.brain, template_volumes(on.atlas))
    covered = covered_ventricles(LabelMap(on.carried, regions), lesion)
    for why in filter(None, (covered, about_cut(on.cut))):
        warnings.warn(why, stacklevel=3)
    whole = without_cut(volumes, on.cut)
    return whole if on.ventricles and not covered else without_ventricles(whole)


def called(found: Measured, age_years: float, scorers: str = "dominance,mrics") -> Pattern:
    """Return the calls as they stand in a pattern JSON, with evidence and stability.

    age_years: of the brain's maturation. scorers: names with commas, or "all". Raises InputError for what is
    no age, NaN among it, and below 2: the workflow has templates by age.
    """
    _check_words(age_years, scorers)
    band = band_of(age_years)
    if (why := Gate(band).refusal("fine_structures")) is not None:
        raise InputError(WHAT, why, "use the workflow with templates_dir (docs/method/ages.md)")
    context = ScanContext(age_years, ("T1w",), GIVEN, "not_applicable")
    return pattern_content(
        scorers,
        lambda scorer: score_surely(
            scorer, found.tables, found.margins, context, read_criteria(scorer.criteria)
        ),
    )


def _check_words(age_years: Any, scorers: Any) -> None:
    """Raise InputError for what is no age in years, or no names of scorers."""
    known = isinstance(age_years, Real) and not isinstance(age_years, bool) and math.isfinite(age_years)
    if not known or not 0 <= age_years <= MAX_AGE_YEARS:
        problem = f"{age_years!r} is not a known age between 0 and {MAX_AGE_YEARS:g} years"
        raise InputError("age_years", problem, "give years as a number; a scan of unknown age is not called")
    if not isinstance(scorers, str):
        raise InputError("scorers", f"{scorers!r} is no text", 'give names with commas: "dominance,mrics"')


def _signal(scan: Image) -> Image:
    """Return a scan with 0 where it holds what is no number, which a warning tells."""
    if scan.data.dtype.kind not in "biuf":
        raise InputError(WHAT, "its voxels are no plain numbers", "give the grey-valued magnitude")
    unknown = ~np.isfinite(scan.data)
    if not unknown.any():
        return scan
    warnings.warn(f"{np.count_nonzero(unknown)} voxels that are no numbers count as background", stacklevel=3)
    return scan.with_data(np.where(unknown, 0, scan.data))


def _inside(lesion: Image, grid: Image) -> Image:
    """Return a lesion mask as boolean; warnings tell how its values were read, where that was not plain.

    Raises InputError where it lies on another grid than the scan.
    """
    if not lesion.same_grid(grid, tolerance_mm=0.1 * min(grid.spacing_mm)):
        problem = f"lies on another grid ({_told(lesion)}) than the scan ({_told(grid)})"
        raise InputError("lesion", problem, TO_GRID)
    mask, notes = binary_mask(lesion, "lesion")
    for note in notes:
        warnings.warn(note, stacklevel=3)
    return grid.with_data(mask.data)


def _told(grid: Image) -> str:
    """Return shape and affine, in RAS+."""
    return f"shape {grid.shape}, affine {np.round(grid.affine[:3], 3).tolist()}"
