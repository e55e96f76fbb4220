"""What the field of view cuts: such a structure is larger than the image shows, and is not measured."""

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cpimaging.morphometry.newborn import NUCLEI
from cpimaging.morphometry.rows import Key
from cpimaging.morphometry.sections import PEDUNCLE
from cpimaging.morphometry.volumes import CALLOSUM, COMPARED_WITH_TEMPLATE, LATERAL, groups_of
from cpimaging.registration import out_of_view
from cpimaging.types import Image, LabelMap, Region, region_positions
from cpimaging.words import HEMISPHERES

MOST_CUT = 0.05
"""Share of a structure outside the field of view from which it is not measured (ours, as for the brain)."""

MOST_BESIDE = 0.005
"""Share of the brain beyond the left or right face of the image from which no width is measured (ours): where
2 % were gone, that of a brain was 132 mm instead of 143."""

BRAIN, WIDTH = ("brain", "midline"), ("width of the brain", "midline")
WIDTHS = frozenset({"brain_width", "biparietal_width", "fohr", "evans_index"})
OF_THE_BRAIN = frozenset({"ratio_to_template", "percent_of_brain"})
TOLD = 6
"""So many structures are named; more are counted (ours)."""


def cut_structures(atlas: LabelMap, to_template: Image, scan: Image) -> dict[Key, float]:
    """Return the share of structures and groups outside the field of view, of those above MOST_CUT.

    atlas: on the template, its voxels counted to a seventh. to_template: displacement in mm, template to scan
    points. scan: its grid.
    """
    voxels = np.argwhere(atlas.labels.data)[::7]
    affine = atlas.labels.affine
    beyond = out_of_view(voxels @ affine[:3, :3].T + affine[:3, 3], to_template, scan)
    outside, beside = beyond.any(axis=1), beyond[:, 0].mean()
    positions = region_positions(atlas.labels.data[tuple(voxels.T)], atlas.regions)
    counts = np.bincount(positions, minlength=len(atlas.regions) + 1)
    cut = np.bincount(positions, weights=outside, minlength=len(counts))
    whole: dict[Key, float] = defaultdict(float)
    lost: dict[Key, float] = defaultdict(float)
    for place, region in enumerate(atlas.regions, start=1):
        for key in _keys(region):
            whole[key] += counts[place]
            lost[key] += cut[place]
    found = {key: lost[key] / whole[key] for key in whole if lost[key] > MOST_CUT * whole[key]}
    return found | ({WIDTH: float(beside)} if beside > MOST_BESIDE else {})


def without_cut(table: pd.DataFrame, cut: Mapping[Key, float]) -> pd.DataFrame:
    """Return a morphometry table in which what is cut is NaN; what compares sides, where either is.

    Shares of a brain that is cut, and those of a ventricle that is, are NaN as well.
    """
    out = table.copy()
    names = {name for name, _ in cut}
    rows = zip(out["measure"], out["structure"], out["side"], strict=True)
    out.loc[[_is_cut(*row, cut, names) for row in rows], "value"] = np.nan
    return out


def _is_cut(measure: str, structure: str, side: str, cut: Mapping[Key, float], names: set[str]) -> bool:
    if measure in OF_THE_BRAIN and BRAIN in cut:
        return True
    if measure in WIDTHS and WIDTH in cut:
        return True
    if measure == "percent_of_lateral_ventricle" and (LATERAL, side) in cut:
        return True
    whole = CALLOSUM if structure.startswith(CALLOSUM) else structure  # its thirds are none of the atlas's
    return (whole, side) in cut or (structure, side) in cut or (side == "midline" and whole in names)


def about_cut(cut: Mapping[Key, float]) -> str | None:
    """Return in words what is not measured because the field of view cuts it, None where nothing is."""
    shares: dict[str, float] = {}
    for (name, _), share in cut.items():
        shares[name] = max(share, shares.get(name, 0.0))
    if not shares:
        return None
    compared = "; nor is anything compared with the volume of the brain" if BRAIN in cut else ""
    first = sorted(shares, key=lambda name: (-shares[name], name))
    told = ", ".join(f"{name.replace('_', ' ')} ({shares[name]:.0%})" for name in first[:TOLD])
    more = f" and {len(first) - TOLD} more" if len(first) > TOLD else ""
    return f"the field of view cuts structures, which are not measured: {told}{more}{compared}"


def _keys(region: Region) -> set[Key]:
    """Return the rows that a region is part of: its own, those of its groups, and the brain's."""
    compared = [
        (group, region.side)
        for group, beginning in COMPARED_WITH_TEMPLATE.items()
        if region.structure.startswith(beginning)
    ]
    keys = {(region.called, region.side), *groups_of(region.structure, region.side, region), *compared, BRAIN}
    if region.structure in PEDUNCLE:
        keys |= {("cerebral_peduncle", side) for side in HEMISPHERES if region.side in (side, "midline")}
    if region.structure.startswith(NUCLEI):
        keys.add(("deep_grey", "midline"))
    return keys
