"""A valid atlas made to break loaders: the embedded one at 2 mm, stored LAS, with wild label numbers."""

from dataclasses import replace

import numpy as np

from cpimaging.atlases import load_atlas
from cpimaging.atlases.space import resample_labels
from cpimaging.types import Atlas, Image, LabelMap, Region

NUMBERS = (70001, 3, 300, 127)
"""What the first four regions are called; the others follow in steps of 11, so there are gaps."""
HALF_VOXEL_OFF = (-97.0, -133.0, -71.0)


def nasty_atlas() -> Atlas:
    """The embedded atlas on a coarse grid off its own, axes LAS, numbers up to 70001, table out of order."""
    embedded = load_atlas("embedded")
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = HALF_VOXEL_OFF
    grid = Image(np.zeros((98, 116, 94), np.uint8), affine, ("L", "A", "S"))
    maps = {name: _nasty(overlay, grid) for name, overlay in embedded.overlays.items()}
    return replace(
        embedded, name="Nasty", version="0.1", dseg=_nasty(embedded.dseg, grid), overlays=maps, manifest={}
    )


def unnamed(atlas: Atlas) -> Atlas:
    """The same labels with names of one's own alone: nothing that a scorer knows, and no overlays."""
    regions = tuple(
        replace(region, name=f"Area {region.index}", structure="n/a", tissue="n/a", lobe="n/a")
        for region in atlas.dseg.regions
    )
    return replace(atlas, name="Unnamed", dseg=LabelMap(atlas.dseg.labels, regions), overlays={})


def swapped(atlas: Atlas) -> Atlas:
    """The same atlas with left and right exchanged in its table."""
    other = {"left": "right", "right": "left", "midline": "midline"}
    regions = tuple(replace(region, side=other[region.side]) for region in atlas.dseg.regions)  # type: ignore[arg-type]
    return replace(atlas, dseg=LabelMap(atlas.dseg.labels, regions))


def _nasty(label_map: LabelMap, grid: Image) -> LabelMap:
    labels = resample_labels(label_map.labels, grid)
    present = set(np.unique(labels.data).tolist())
    kept = [region for region in label_map.regions if region.index in present]
    numbers = [*NUMBERS, *range(311, 311 + 11 * len(kept), 11)][: len(kept)]
    renumbered = np.zeros(max(present) + 1, np.int32)
    renumbered[[region.index for region in kept]] = numbers
    regions = [
        Region(**{**vars(region), "index": number}) for region, number in zip(kept, numbers, strict=True)
    ]
    return LabelMap(labels.with_data(renumbered[labels.data]), tuple(regions[::-1]))
