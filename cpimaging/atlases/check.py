"""Is an atlas fit for use? Problems are told in plain lines, with the evidence."""

from collections.abc import Container, Iterator

import numpy as np
from scipy import ndimage

from cpimaging.atlases.template import SPACE, template_brain
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import Atlas, LabelMap, Region, plain
from cpimaging.words import SIDES

SPACING_LIMITS_MM = (0.2, 5.0)  # ours: beyond this an affine is more likely wrong than meant
LEAST_INSIDE = 0.5  # ours: share of the labels that must lie in the template's brain
MIDLINE_TOLERANCE_MM = 5.0  # ours: how far the centroid of a midline region may lie from x = 0


def check_atlas(atlas: Atlas, *, moved: bool = False) -> list[str]:
    """List what is wrong with an atlas; an empty list means that it can be used.

    Indices unique and above 0, every label named and every named label present, structures known
    (or "n/a"), sides on their side of the midline (world x), tissue as in the vocabulary, space
    stated, affine plausible, overlays on the grid of the main image, most of it inside the brain of the
    embedded template if it lives there. moved: only look at where it came to lie.
    """
    if moved:
        return [*_check_place(atlas), *_check_sides(atlas.dseg)]
    problems = [] if atlas.space else ["the space it lives in is not stated (key Space of its description)"]
    problems += [*_check_affine(atlas.dseg), *_check_place(atlas)]
    problems += [
        f"{region.name} ({region.index}): structure '{region.structure}' overlaps others, it must be in an "
        "overlay (atlas-<name>_seg-<overlay>_dseg); or write n/a"
        for region in atlas.dseg.regions
        if region.structure in _overlapping()
    ]
    for what, label_map in {"labels": atlas.dseg, **atlas.overlays}.items():
        if not label_map.labels.same_grid(atlas.dseg.labels):
            problems.append(f"overlay {what}: not on the grid of the main label image")
        problems += [f"{what}: {problem}" for problem in _check_label_map(label_map)]
    return [plain(problem) for problem in problems]


def _check_affine(label_map: LabelMap) -> list[str]:
    spacing = label_map.labels.spacing_mm
    low, high = SPACING_LIMITS_MM
    if low <= min(spacing) and max(spacing) <= high:
        return []
    return [f"voxels of {' × '.join(f'{s:g}' for s in spacing)} mm are not plausible ({low:g}–{high:g} mm)"]


def _overlapping() -> set[str]:
    vocabulary = load_structures()
    return set(vocabulary.loc[vocabulary["tissue"] == "overlay", "structure"])


def _check_place(atlas: Atlas) -> list[str]:
    """Look whether an atlas in our template's space lies in its brain: lost headers put it elsewhere."""
    if atlas.space != SPACE:
        return []
    labels, brain = atlas.dseg.labels, template_brain()
    to_brain = np.linalg.inv(brain.affine) @ labels.affine
    voxels = np.argwhere(labels.data != 0) @ to_brain[:3, :3].T + to_brain[:3, 3]
    index = np.rint(voxels).astype(int)
    within = ((index >= 0) & (index < brain.shape)).all(axis=1)
    share = float(brain.data[tuple(index[within].T)].sum()) / max(len(index), 1)
    if share >= LEAST_INSIDE or not len(index):
        return []
    return [f"only {100 * share:.0f} % of it lies in the brain of {SPACE}; is that its space?"]


def _check_label_map(label_map: LabelMap) -> Iterator[str]:
    indices = [region.index for region in label_map.regions]
    if not indices:
        yield "the table is empty"
        return
    if min(indices) <= 0:
        yield "index 0 and negative ones are background and cannot be regions"
    twice = sorted({index for index in indices if indices.count(index) > 1})
    if twice:
        yield f"index {_listed(twice)} is there more than once"
    present = set(np.unique(label_map.labels.data).tolist()) - {0}
    if present - set(indices):
        yield f"label {_listed(sorted(present - set(indices)))} of the image is not in the table"
    if set(indices) - present - {0}:
        yield f"index {_listed(sorted(set(indices) - present - {0}))} of the table is not in the image"
    yield from _check_words(label_map.regions)
    yield from _check_sides(label_map)


def _check_words(regions: tuple[Region, ...]) -> Iterator[str]:
    vocabulary = load_structures().set_index("structure")
    for region in regions:
        what = f"{region.name} ({region.index})"
        if region.side not in SIDES:
            yield f"{what}: side '{region.side}' is none of left, right, midline"
        if region.structure == "n/a":
            yield from _check_own_name(region, what, vocabulary.index)
            continue
        if region.structure not in vocabulary.index:
            yield f"{what}: structure '{region.structure}' is not in the vocabulary (or write n/a)"
            continue
        tissue, sides = vocabulary.loc[region.structure, ["tissue", "sides"]]
        if region.tissue != tissue:
            yield f"{what}: tissue '{region.tissue}', the vocabulary says '{tissue}'"
        if sides == "lateral" and region.side == "midline":
            yield f"{what}: {region.structure} has a left and a right; label them apart, or write n/a"


def _check_own_name(region: Region, what: str, words: Container[str]) -> Iterator[str]:
    """A region without a structure stands in the tables under its name, which must not mislead."""
    if region.name in ("", "n/a"):
        yield f"{what}: has neither a structure nor a name"
    if region.name in words or region.name in ("outside_atlas", "outside_brain"):
        yield f"{what}: its name has a meaning; write it into the column structure, or change it"
    if region.tissue not in ("n/a", "white_matter", "deep_grey", "cortex", "brainstem", "cerebellum", "csf"):
        yield f"{what}: tissue '{region.tissue}' is not in the vocabulary (or write n/a)"


def _check_sides(label_map: LabelMap) -> Iterator[str]:
    labels = label_map.labels
    regions = [region for region in label_map.regions if region.index > 0]
    if not regions:
        return
    boxes = dict(enumerate(ndimage.find_objects(_compact(labels.data, regions)), start=1))
    for number, region in enumerate(regions, start=1):
        box = boxes.get(number)
        if box is None:
            continue
        voxels = np.argwhere(labels.data[box] == region.index) + [part.start for part in box]
        x = float((voxels.mean(axis=0) @ labels.affine[0, :3]) + labels.affine[0, 3])
        what = (
            f"{region.name} ({region.index}) is called {region.side}, but its centroid lies at x {x:+.1f} mm"
        )
        if (region.side == "left" and x >= 0) or (region.side == "right" and x <= 0):
            yield f"{what}, on the other side; are left and right swapped?"
        if region.side == "midline" and abs(x) > MIDLINE_TOLERANCE_MM:
            yield f"{what}, beyond {MIDLINE_TOLERANCE_MM:g} mm"


def _compact(data: np.ndarray, regions: list[Region]) -> np.ndarray:
    """Renumber the labels 1, 2, 3 … in the order of `regions`: find_objects allocates up to the maximum."""
    indices = np.array([region.index for region in regions])
    order = np.argsort(indices)
    place = np.searchsorted(indices[order], data).clip(max=len(indices) - 1)
    return np.where(indices[order][place] == data, order[place] + 1, 0)


def _listed(numbers: list[int], most: int = 5) -> str:
    text = ", ".join(map(str, numbers[:most]))
    return text if len(numbers) <= most else f"{text} … ({len(numbers)} in all)"
