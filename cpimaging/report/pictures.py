"""The pictures of a scan page: planes, what is drawn on them, and how they are described."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cpimaging import figures
from cpimaging.figures import Cut, Frame, Plane
from cpimaging.types import Image, LabelMap

CUTS_OF_SCAN: Mapping[Plane, int] = {"axial": 4, "coronal": 2, "sagittal": 2}
CUTS_OF_TEMPLATE: Mapping[Plane, int] = {"axial": 4, "coronal": 1, "sagittal": 1}
CUTS_SHARED: Mapping[Plane, int] = {"axial": 3, "coronal": 1}
CUTS_OF_STRUCTURE: Mapping[Plane, int] = {"axial": 1, "coronal": 1, "sagittal": 1}
CUTS_TO_READ: Mapping[Plane, int] = {"axial": 24, "coronal": 12, "sagittal": 9}
STRUCTURE_PIXEL_MM = 1.5
"""Pixel of the pictures of an atlas: keeps a page of sixty structures below 5 MB."""
OUTLINE_PIXEL_MM = 0.5
SERIES = 12
"""Planes of the frequency map."""


@dataclass(frozen=True)
class View:
    """One plane with the pictures that share it: name of the contrast -> PNG file.

    lesion, edges and outlines (by tissue) are SVG path data; letters stand at its left and right edge.
    """

    title: str
    size: tuple[int, int]
    letters: tuple[str, str]
    pictures: Mapping[str, bytes]
    lesion: str = ""
    edges: str = ""
    outlines: Mapping[str, str] = field(default_factory=dict)


def scan_views(
    images: Mapping[str, Image],
    lesion: Image | None,
    atlas: LabelMap | None,
    counts: Mapping[Plane, int] = CUTS_OF_SCAN,
) -> list[View]:
    """Cut every contrast through the lesion; without a lesion through the middle of the brain."""
    if not images:
        return []
    reference = next(iter(images.values()))
    frame = _frame(reference, lesion, atlas)
    cuts = figures.lesion_cuts(lesion, frame, counts) if lesion is not None else []
    cuts = cuts or figures.cuts_at(_middle(reference, atlas), frame)
    return [
        replace(
            plain,
            title=_title(cut, atlas),
            lesion=figures.lesion_outline(lesion, cut) if lesion is not None else "",
            outlines=figures.atlas_outlines(atlas, cut) if atlas else {},
        )
        for cut, plain in zip(cuts, _plain_views(images, cuts), strict=True)
    ]


def _plain_views(images: Mapping[str, Image], cuts: Sequence[Cut]) -> list[View]:
    """Cut every contrast, with nothing drawn on it."""
    limits = {contrast: figures.window(image) for contrast, image in images.items()}
    return [
        View(
            title=_title(cut, None),
            size=cut.size,
            letters=figures.EDGE_LETTERS[cut.plane],
            pictures={name: figures.picture(image, cut, limits[name]) for name, image in images.items()},
        )
        for cut in cuts
    ]


def key_view(views: Sequence[View]) -> View | None:
    """Return the cut with most of the lesion's border, in the first contrast; without a lesion the first.

    One that shows both hemispheres is better than a sagittal one, which tells no side.
    """
    if not views:
        return None
    view = max(views, key=lambda view: ("L" in view.letters and view.lesion != "", len(view.lesion)))
    return replace(view, pictures=dict([next(iter(view.pictures.items()))]))


def reading_views(images: Mapping[str, Image]) -> list[View]:
    """Cut every contrast in even series, with nothing drawn on it that the software found."""
    reference = next(iter(images.values()))
    frame = figures.frame_around(reference)
    series = [figures.series(reference, frame, plane, count) for plane, count in CUTS_TO_READ.items()]
    return _plain_views(images, list(chain(*series)))


def template_views(template: Image | None, lesion: Image | None) -> list[View]:
    """Cut the template through the lesion that was brought to it; no view without a lesion."""
    if template is None or lesion is None:
        return []
    return shared_views(template, [lesion], CUTS_OF_TEMPLATE)[0]


def shared_views(
    template: Image, lesions: Sequence[Image | None], counts: Mapping[Plane, int] = CUTS_SHARED
) -> list[list[View]]:
    """Cut the template through several lesions at once, with the outline of one of them in each list.

    lesions: on one grid, None where there is no mask. Without any lesion the lists are empty.
    """
    given = [lesion for lesion in lesions if lesion is not None]
    if not given:
        return [[] for _ in lesions]
    every = given[0].with_data(np.any([lesion.data != 0 for lesion in given], axis=0))
    cuts = figures.lesion_cuts(every, figures.frame_around(template), counts)
    limits = figures.window(template)
    plain = [
        View(
            title=_title(cut, None),
            size=cut.size,
            letters=figures.EDGE_LETTERS[cut.plane],
            pictures={"Template": figures.picture(template, cut, limits)},
        )
        for cut in cuts
    ]
    return [
        [
            replace(view, lesion=figures.lesion_outline(lesion, cut) if lesion is not None else "")
            for view, cut in zip(plain, cuts, strict=True)
        ]
        for lesion in lesions
    ]


def registration_views(scan: Image | None, template: Image | None, atlas: LabelMap | None) -> list[View]:
    """Cut the scan and the template brought to it, with the template's edges, through the deep grey."""
    if scan is None or template is None:
        return []
    frame = _frame(scan, None, atlas)
    levels = figures.tissue_levels(template)
    return [
        View(
            title=_title(cut, atlas),
            size=cut.size,
            letters=figures.EDGE_LETTERS[cut.plane],
            pictures={"Scan": figures.picture(scan, cut), "Template": figures.picture(template, cut)},
            edges=figures.edges(template, cut, levels),
            outlines=figures.atlas_outlines(atlas, cut) if atlas else {},
        )
        for cut in figures.cuts_at(_middle(scan, atlas), frame)
    ]


def frequency_views(template: Image, frequency: Image, highest: float) -> list[View]:
    """Cut the template in a series of axial planes, coloured by how many scans have a lesion there."""
    frame = figures.frame_around(template)
    return [
        View(
            title=_title(cut, None),
            size=cut.size,
            letters=figures.EDGE_LETTERS[cut.plane],
            pictures={"Frequency": figures.frequency_picture(template, frequency, cut, highest)},
        )
        for cut in figures.series(frequency, frame, "axial", SERIES)
    ]


def structure_views(structures: Sequence[Mapping[str, Image]], template: Image) -> list[list[View]]:
    """Cut the template through each structure, where most of its first side lies.

    structures: masks by side, left before right; one of the midline is cut at x = 0. The outlines are
    finer than the picture under them.
    """
    frame = replace(figures.frame_around(template), pixel_mm=STRUCTURE_PIXEL_MM)
    limits = figures.window(template)
    return [_structure_views(parts, template, frame, limits) for parts in structures]


def _structure_views(
    parts: Mapping[str, Image], template: Image, frame: Frame, limits: tuple[float, float]
) -> list[View]:
    side, first = next(iter(parts.items()))
    cuts = figures.lesion_cuts(first, frame, CUTS_OF_STRUCTURE)
    if side == "midline":
        cuts[-1] = Cut("sagittal", 0.0, frame)
    views = []
    for cut in cuts:
        fine = replace(cut, frame=replace(frame, pixel_mm=OUTLINE_PIXEL_MM))
        paths = {name: figures.lesion_outline(part, fine) for name, part in parts.items()}
        beside = f" ({side})" if cut.plane == "sagittal" and side != "midline" else ""
        views.append(
            View(
                title=_title(cut, None) + beside,
                size=fine.size,
                letters=figures.EDGE_LETTERS[cut.plane],
                pictures={"T1w": figures.picture(template, cut, limits)},
                outlines={name: path for name, path in paths.items() if path},
            )
        )
    return views


def frame_of(images: Mapping[str, Image], lesion: Image | None, atlas: LabelMap | None) -> Frame | None:
    """Return the box that a scan's pictures show; None without images. The first image is the reference."""
    return _frame(next(iter(images.values())), lesion, atlas) if images else None


def _frame(scan: Image, lesion: Image | None, atlas: LabelMap | None) -> Frame:
    """Return the box around the brain; what lies in both the scan and the labels, and all lesion."""
    frame = figures.frame_around(scan)
    if atlas is not None and atlas.labels.data.any():
        frame = figures.common(frame, figures.frame_around(atlas.labels))
    if lesion is not None and lesion.data.any():
        frame = figures.spanning(frame, figures.frame_around(lesion))
    return frame


def _middle(scan: Image, atlas: LabelMap | None) -> NDArray[np.float64]:
    """World position of the middle of the deep grey matter, else of the brain."""
    if atlas is not None:
        wanted = [region.index for region in atlas.regions if region.tissue == "deep_grey"]
        nuclei = atlas.labels.with_data(np.isin(atlas.labels.data, wanted))
        if nuclei.data.any():
            return figures.centre_mm(nuclei)
    return figures.centre_mm(scan)


def _title(cut: Cut, atlas: LabelMap | None) -> str:
    letter = "xyz"[figures.NORMAL[cut.plane]]
    place = f"{cut.plane.capitalize()}, {letter} = {cut.position_mm:.0f} mm".replace("-", "−").replace(
        "−0 ", "0 "
    )
    if cut.plane != "sagittal":
        return place
    if atlas is None:
        return place
    side = figures.side_of(atlas, cut)
    return f"{place} ({side})"


def seen(views: Sequence[View]) -> int:
    """Return how many views the lesion crosses."""
    return sum(bool(view.lesion) for view in views)
