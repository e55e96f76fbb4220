"""Atlas folders of one's own: checked, and brought to the embedded template's space if they lack it."""

from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import numpy as np

from cpimaging.atlases.check import check_atlas
from cpimaging.atlases.folder import read_atlas, write_atlas
from cpimaging.atlases.space import resample_labels, to_template_space
from cpimaging.atlases.template import SPACE, template_brain
from cpimaging.atlases.vocabulary import STRUCTURES
from cpimaging.cache import cached_folder, digest
from cpimaging.imagefiles import stem
from cpimaging.images import read_displacement, read_image
from cpimaging.registration import Matrix
from cpimaging.registration.tools import grid_at
from cpimaging.types import Atlas, Image, InputError, LabelMap

COARSE_MM = 2.0
"""Of the grid on which it is looked where a transform leads: a second (ours)."""

FAULTS_SHOWN = 3
"""So many stand in the one line of an error."""

LARGEST_BRAIN_ML = 2500.0
"""A template with more than this that is not 0 shows a head, not a brain (ours)."""


def check_folder(folder: Path | str, space: str = SPACE) -> tuple[Atlas, list[str]]:
    """Read an atlas folder as it is, and list what is wrong with it; nothing is registered.

    An atlas of another space than the embedded template's must bring its way there, see `way_to_template`,
    unless that is the `space` in which it will be used.
    Raises InputError where a file is missing or cannot be understood.
    """
    folder = Path(folder)
    atlas = read_atlas(folder)
    problems = check_atlas(atlas)
    if atlas.space and atlas.space not in (SPACE, space):
        try:
            problems += _check_way(folder, atlas)
        except InputError as error:
            problems.append(f"{error.problem}; {error.cure}")
    return atlas, problems


def _check_way(folder: Path, atlas: Atlas) -> list[str]:
    """Look where a transform leads, on a coarse grid; a T1w, whose registration takes longer, is trusted."""
    way = way_to_template(folder, atlas.space)
    transform = _read_transform(way)
    if transform is None or not atlas.dseg.labels.data.any():
        return []
    coarse = grid_at(template_brain(), COARSE_MM)
    labels = resample_labels(atlas.dseg.labels, coarse, **transform)
    if not labels.data.any():
        return [f"{way.name} leads no label into {SPACE}; it must take points of {SPACE} to {atlas.space}"]
    moved = replace(atlas, space=SPACE, dseg=LabelMap(labels, atlas.dseg.regions))
    return [f"{way.name}: {problem}" for problem in check_atlas(moved, moved=True)]


def checked_folder(folder: Path | str, space: str = SPACE) -> Atlas:
    """Read an atlas folder as `check_folder` does; raises InputError with its first faults in one line."""
    atlas, problems = check_folder(folder, space)
    if problems:
        more = len(problems) - FAULTS_SHOWN
        shown = [*problems[:FAULTS_SHOWN], *([f"{more} more"] if more > 0 else [])]
        cure = "`cpimaging atlas check` lists all that is wrong" if more > 0 else "correct the atlas"
        raise InputError(folder, "; ".join(shown), cure)
    return atlas


def own_atlas(folder: Path | str) -> Atlas:
    """Return the atlas of a folder in the space of the embedded template.

    It is checked, and registered if need be, once; what comes out is kept in the user's cache.
    """
    folder = Path(folder)
    here = Path(__file__).parent
    files = [path for path in folder.glob("*") if path.is_file() and path.name.split("-")[0] in KINDS]
    code = [*here.glob("*.py"), *here.parent.glob("registration/*.py"), STRUCTURES]
    checked_name = f"own_{digest(files)}{digest(code)}"
    return read_atlas(cached_folder(checked_name, lambda target: _build(folder, target)))


KINDS = ("atlas", "tpl", "from", "dataset_description.json")
"""How the names of an atlas folder's files begin."""


def _build(folder: Path, target: Path) -> None:
    atlas = checked_folder(folder)
    if atlas.space != SPACE:
        atlas = _brought_over(folder, atlas)
        problems = check_atlas(atlas, moved=True)
        if not atlas.dseg.labels.data.any():
            problems.append("none of its labels is left")
        if problems:
            problem = f"does not fit once brought to {SPACE}: {'; '.join(problems[:FAULTS_SHOWN])}"
            raise InputError(folder, problem, f"check {atlas.manifest['BroughtBy']}")
    write_atlas(target, atlas)


def way_to_template(folder: Path, space: str) -> Path:
    """Return the file of an atlas folder that leads from its space to the embedded template's.

    A transform goes first: from-<space>_to-MNI152NLin2009aSym_mode-image_xfm, .nii.gz (displacement
    field, mm, as ITK writes it) or .txt or .mat (4 × 4 matrix, RAS+ mm), taking points of our template
    to points of the atlas's space. Else the T1w of its template, brain only: tpl-<space>_T1w.nii.gz,
    better one with _desc-brain. Raises InputError where there is neither.
    """
    transforms = sorted(folder.glob(f"from-{space}_to-{SPACE}_mode-image_xfm.*"))
    images = sorted(folder.glob(f"tpl-{space}*_T1w.nii*"), key=lambda path: "_desc-brain" not in path.name)
    found = [path for path in transforms if path.suffix in (".gz", ".nii", ".txt", ".mat")] + images
    if not found:
        raise InputError(
            folder,
            f"lives in {space}, not in {SPACE}, and brings no way there",
            f"put the brain-extracted T1w of its template beside it as tpl-{space}_desc-brain_T1w.nii.gz, "
            f"or a transform as from-{space}_to-{SPACE}_mode-image_xfm.nii.gz",
        )
    return found[0]


def _brought_over(folder: Path, atlas: Atlas) -> Atlas:
    way = way_to_template(folder, atlas.space)
    maps = {"": atlas.dseg, **atlas.overlays}
    transform = _read_transform(way)
    if transform is None:
        moved = to_template_space(maps, _brain_only(way, folder))
    else:
        moved = to_template_space(maps, **transform)
    manifest = {**atlas.manifest, "Space": SPACE, "BroughtFrom": atlas.space, "BroughtBy": way.name}
    return Atlas(atlas.name, atlas.version, SPACE, moved.pop(""), moved, manifest)


def _brain_only(path: Path, folder: Path) -> Image:
    """Read a template's T1w; a tpl-<space>…_desc-brain_mask beside it cuts the rest away."""
    t1w = read_image(path)
    space = path.name.split("_")[0]
    for mask_path in sorted(folder.glob(f"{space}*_desc-brain_mask.nii*")):
        mask = read_image(mask_path, labels=True)
        if mask.same_grid(t1w):
            t1w = t1w.with_data(np.where(mask.data > 0, t1w.data, 0))
            break
    volume_ml = float(np.count_nonzero(t1w.data)) * t1w.voxel_volume_mm3 / 1000
    if volume_ml > LARGEST_BRAIN_ML:
        problem = f"shows more than a brain ({volume_ml:.0f} ml are not 0)"
        cure = f"cut the brain out, or put its mask beside it as {space}_desc-brain_mask.nii.gz"
        raise InputError(path, problem, cure)
    return t1w


class _Transform(TypedDict, total=False):
    """A field or a matrix, as `resample_labels` takes them."""

    field: Image
    matrix: Matrix


def _read_transform(way: Path) -> _Transform | None:
    """Return what a file of an atlas folder says of the way to our template; None for a T1w."""
    if stem(way.name).endswith("_T1w"):
        return None
    if way.suffix in (".txt", ".mat"):
        return {"matrix": _read_matrix(way)}
    return {"field": read_displacement(way)}


def _read_matrix(path: Path) -> Matrix:
    try:
        rows = [line.partition("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
        matrix: Matrix = np.array([row for row in rows if row], dtype=float)
    except (ValueError, OSError):
        matrix = np.zeros(0)
    usable = matrix.shape == (4, 4) and np.isfinite(matrix).all() and np.allclose(matrix[3], [0, 0, 0, 1])
    if not usable or np.linalg.det(matrix) <= 0:
        raise InputError(
            path, "is not a 4 × 4 matrix that keeps left and right", "write RAS+ mm as four rows of numbers"
        )
    return matrix
