"""What the field of view cuts: such a structure is larger than the image shows, and is not measured."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cpimaging.morphometry.rows import Key
from cpimaging.morphometry.volumes import COMPARED_WITH_TEMPLATE, groups_of
from cpimaging.registration import out_of_view
from cpimaging.types import Image, LabelMap, Region, region_positions

MOST_CUT = 0.05
"""Share of a structure outside the field of view from which it is not measured (ours, as for the brain)."""

TOLD = 6
"""So many structures are named; more are counted (ours)."""


def cut_structures(atlas: LabelMap, to_template: Image, scan: Image) -> dict[Key, float]:
    """Return the share of structures and groups outside the field of view, of those above MOST_CUT.

    atlas: on the template, its voxels counted to a seventh. to_template: displacement in mm, template to scan
    points. scan: its grid.
    """
    voxels = np.argwhere(atlas.labels.data)[::7]
    affine = atlas.labels.affine
    outside = out_of_view(voxels @ affine[:3, :3].T + affine[:3, 3], to_template, scan)
    positions = region_positions(atlas.labels.data[tuple(voxels.T)], atlas.regions)
    counts = np.bincount(positions, minlength=len(atlas.regions) + 1)
    cut = np.bincount(positions, weights=outside, minlength=len(counts))
    whole: dict[Key, float] = defaultdict(float)
    lost: dict[Key, float] = defaultdict(float)
    for place, region in enumerate(atlas.regions, start=1):
        for key in _keys(region):
            whole[key] += counts[place]
            lost[key] += cut[place]
    return {key: lost[key] / whole[key] for key in whole if lost[key] > MOST_CUT * whole[key]}


def without_cut(table: pd.DataFrame, cut: Mapping[Key, float]) -> pd.DataFrame:
    """Return a morphometry table in which what is cut is NaN; what compares sides, where either is."""
    out = table.copy()
    names = {name for name, _ in cut}
    keys = zip(out["structure"], out["side"], strict=True)
    gone = [key in cut or (key[1] == "midline" and key[0] in names) for key in keys]
    out.loc[gone, "value"] = np.nan
    return out


def about_cut(cut: Mapping[Key, float], regions: Sequence[Region]) -> str | None:
    """Return in words what is not measured because the field of view cuts it, None where nothing is."""
    parts = {region.called for region in regions}
    shares: dict[str, float] = {}
    for (name, _), share in cut.items():
        if name in parts:
            shares[name] = max(share, shares.get(name, 0.0))
    if not shares:
        return None
    first = sorted(shares, key=lambda name: (-shares[name], name))
    told = ", ".join(f"{name.replace('_', ' ')} ({shares[name]:.0%})" for name in first[:TOLD])
    more = f" and {len(first) - TOLD} more" if len(first) > TOLD else ""
    return f"the field of view cuts structures, which are not measured: {told}{more}"


def _keys(region: Region) -> set[Key]:
    """Return the rows that a region is part of: its own, those of its groups, and the brain's."""
    compared = [
        (group, region.side)
        for group, beginning in COMPARED_WITH_TEMPLATE.items()
        if region.structure.startswith(beginning)
    ]
    own = (region.called, region.side)
    return {own, *groups_of(region.structure, region.side, region), *compared, ("brain", "midline")}
