"""On which image a given mask was drawn, and where it therefore lies on the reference."""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from cpimaging.bids.drawn_on import Named, image_of_acquisition, named_contrasts
from cpimaging.bids.files import parse_file
from cpimaging.imagefiles import stem
from cpimaging.images import read_header, read_image
from cpimaging.io import read_json, read_record
from cpimaging.layout import sidecar_path
from cpimaging.masks import check_header, moved_mask, of_same_grid, read_mask
from cpimaging.preprocess import align, check_signal, mean_distance_mm
from cpimaging.registration import Matrix
from cpimaging.study.job import Job
from cpimaging.types import Image, InputError, plain

_TEMPLATE = re.compile("(?:^|[_-])(?:tpl-|MNI|ICBM|Talairach|fsaverage)", re.IGNORECASE)


class DrawnOn(NamedTuple):
    """The image that a mask was drawn on.

    name: what outputs call it, None where it is no image of the scan. matrix: from points of the reference to
    its own, (4, 4) mm. contrasts: what it may have been drawn on, the one that is taken first. fits: whether
    the mask has the grid of one of them, as a whole or cropped.
    """

    name: str | None
    matrix: Matrix
    contrasts: tuple[str, ...]
    fits: bool


def find_drawn_on(job: Job, mask: Image, path: Path, matrix_of: Callable[[Path], Matrix]) -> DrawnOn:
    """Find the image that a mask was drawn on, by its sidecar, its grid, its name, in this order of trust.

    matrix_of: returns the way from the reference to an image of the person. Raises InputError for a mask
    whose header was lost.
    """
    grids = {contrast: _grid(image) for contrast, image in job.images.items()}
    check_header(mask, {job.names(job.scan.images[name])[0]: grid for name, grid in grids.items()}, path)
    fitting = of_same_grid(mask, grids)
    stated = _stated(path, [Path(name).name for name in job.scan.images.values()])
    said = named_contrasts(path.name) if stated is None else Named(named_contrasts(stated).word, None)
    contrasts = _contrasts(said, fitting, list(grids), job.reference)
    image = _image(path, stated, contrasts[0], job.images[contrasts[0]])
    absent = (said.space or said.word or contrasts[0]) not in grids and len(fitting) != 1
    name = job.scan.images[contrasts[0]] if image == job.images[contrasts[0]] else image.name
    shown = None if absent else job.names(name)[0]
    return DrawnOn(shown, matrix_of(image), tuple(contrasts), bool(fitting))


def _grid(path: Path) -> Image:
    header = read_header(path)
    return Image(np.broadcast_to(np.uint8(0), header.shape[:3]), header.affine)


def _stated(path: Path, own: Collection[str] = ()) -> str | None:
    """Return the file name of the image that the mask's sidecar states as its SpatialReference.

    own: file names of the scan's images. Raises InputError where it states a template, or an image of another
    person, and where the sidecar cannot be read: it may state either.
    """
    sidecar = path.with_name(f"{stem(path.name)}.json")
    content = read_json(sidecar) if os.path.lexists(sidecar) else {}
    names = _names_in(content.get("SpatialReference") if isinstance(content, dict) else None)
    for name in () if set(names) & set(own) else names:
        if _TEMPLATE.search(name):
            problem = "lies in a template's space by SpatialReference in its sidecar"
            raise InputError(path, problem, "bring it to the scan, or correct the sidecar")
        person, mask = (parse_file(word, "raw").entities.get("sub") for word in (name, path.name))
        if person and mask and person != mask:
            problem = f"was drawn on an image of sub-{plain(person)} by SpatialReference in its sidecar"
            raise InputError(path, problem, "correct the one that is wrong")
    return next((name for name in names if named_contrasts(name).word), None)


def _names_in(stated: object) -> list[str]:
    """Return the file names in a SpatialReference: a text, or several in a list or an object."""
    told = list(stated.values()) if isinstance(stated, dict) else stated
    texts = [text for text in (told if isinstance(told, list) else [told]) if isinstance(text, str)]
    return [text.rpartition("/")[2] for text in texts]


def _contrasts(said: Named, fitting: Sequence[str], all_: Sequence[str], reference: str) -> list[str]:
    """Return the contrasts that a mask may have been drawn on, the likeliest first.

    What says on which grid it lies goes first; then a grid that only one has, since masks are often brought
    to another image than the one that they were seen on; then what the mask was seen on.
    """
    if said.space in all_:
        return [str(said.space)]
    if len(fitting) == 1:
        return list(fitting)
    if said.word in (fitting or all_):
        return [str(said.word)]
    return sorted(fitting or all_, key=lambda contrast: contrast != reference)


def _image(path: Path, stated: str | None, contrast: str, chosen: Path) -> Path:
    """Return the image of a contrast that the mask was drawn on: the chosen one, or another acquisition."""
    if stated is not None and chosen.with_name(stated).is_file():
        return chosen.with_name(stated)
    return image_of_acquisition(stated or path.name, contrast, chosen) or chosen


def way_to(job: Job, image: Path, scan: Image, brain: Image) -> Matrix:
    """Return the rigid way from the reference to another image of the person, (4, 4) mm.

    scan: the reference as it was given, its skull on. brain: boolean, on its grid.
    """
    if image == job.images[job.reference]:
        return np.eye(4)
    return align(check_signal(read_image(image), image), scan, brain.data).matrix


def matrices(job: Job) -> dict[str, Matrix]:
    """Return the way from the reference to each contrast, as preprocess found it."""
    found = {}
    for contrast in job.images:
        content = read_record(sidecar_path(job.files.preproc(contrast)))
        found[contrast] = np.array(content.get("FromReference", np.eye(4)))
    return found


def doubt_mm(drawn: DrawnOn, brain: Image, ways: Mapping[str, Matrix]) -> float:
    """Return how far the mask may lie from where it was put: over all contrasts that it may be drawn on."""
    first = ways[drawn.contrasts[0]]
    return max(mean_distance_mm(brain, first, ways[contrast]) for contrast in drawn.contrasts)


def lesion_drawn_on(job: Job, mask: Image, path: Path, brain: Image) -> tuple[DrawnOn, float]:
    """Return the image that the given lesion mask was drawn on, and how uncertain its place is, in mm."""
    ways = matrices(job)

    def matrix_of(image: Path) -> Matrix:
        for contrast, own in job.images.items():
            if own == image:
                return ways[contrast]
        reference = job.images[job.reference]
        return way_to(job, image, check_signal(read_image(reference), reference), brain)

    drawn = find_drawn_on(job, mask, path, matrix_of)
    return drawn, doubt_mm(drawn, brain, ways)


def told(what: str, drawn: DrawnOn, brain: Image, doubt: float) -> list[str]:
    """Say where a mask was taken to be drawn, as far as that changes where it lies. what: "lesion mask"."""
    if drawn.name is None:
        return [
            f"{what}: it was drawn on an image that is not given, so whether it lies right was not checked"
        ]
    notes = []
    moved = mean_distance_mm(brain, drawn.matrix, np.eye(4))
    if moved > TOLD_MM:
        notes.append(f"{what}: drawn on {drawn.name}, moved with it by {moved:.1f} mm onto the reference")
    if doubt > min(brain.spacing_mm):
        notes.append(
            f"{what}: nothing says on which image it was drawn, and {', '.join(drawn.contrasts)} lie up to "
            f"{doubt:.1f} mm apart; taken as drawn on {drawn.contrasts[0]}: name it in the mask's file name"
        )
    return notes


TOLD_MM = 0.1
"""A mask that is moved by less is not told (ours)."""


def read_lesion(job: Job, path: Path) -> tuple[Image, list[str]]:
    """Read what is known of a lesion where it lies on the reference, with notes.

    A given mask keeps its voxels and moves with the image that it was drawn on, as register found it.
    """
    mask, notes = read_mask(path)
    if not job.scan.lesion_mask or path != job.dataset / job.scan.lesion_mask:
        return mask, notes
    record: dict[str, Any] = read_record(sidecar_path(job.files.xfm_to_scan(job.reference)))
    if "LesionFromReference" not in record:
        return mask, notes
    return moved_mask(mask, np.array(record["LesionFromReference"])), record["Notes"]
