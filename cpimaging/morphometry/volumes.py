"""Volumes of structures and groups, what they are of the brain, and what the template has."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from cpimaging.io import typed
from cpimaging.morphometry.rows import COLUMNS, Key, Row, row
from cpimaging.types import Atlas, Image, LabelMap, Region, region_counts, shared_regions

LATERAL = "lateral_ventricle"
CALLOSUM = "corpus_callosum"

COMPARED_WITH_TEMPLATE = {
    "lateral_ventricle": "lateral_ventricle_",
    "thalamus": "thalamus",
    "corpus_callosum": "corpus_callosum_",
    "white_matter": "white_matter",
}
"""Groups whose volume is compared with the template's: name, and how their structures' names begin."""


def volume_table(
    labels: Image,
    atlas: LabelMap,
    brain: Image,
    template_volumes: Mapping[tuple[str, str], float],
) -> pd.DataFrame:
    """Measure structures, and compare those that tissue loss changes with the template.

    template_volumes: `structure_volumes` of the template. Returns MORPHOMETRY_COLUMNS without the two
    id columns: "volume" in mm³ for each structure and side, and "ratio_to_template" for the groups of
    COMPARED_WITH_TEMPLATE, each volume being taken as a share of its brain. A group that either side
    lacks has no row.
    """
    volumes = structure_volumes(labels, atlas.regions, brain)
    rows = [row("volume", key, value, "mm3") for key, value in volumes.items()]
    ours, theirs = _shares(volumes), _shares(template_volumes)
    rows += [
        row("ratio_to_template", key, ours[key] / theirs[key], "ratio")
        for key in ours
        if theirs.get(key, 0.0) > 0
    ]
    return typed(rows, COLUMNS)


def structure_volumes(labels: Image, regions: Sequence[Region], brain: Image) -> dict[tuple[str, str], float]:
    """Return volumes in mm³ by (structure, side), and that of the brain mask as ("brain", "midline")."""
    counts, on_plane = region_counts(labels.data, regions), shared_regions(regions)
    volumes: dict[tuple[str, str], float] = {("brain", "midline"): float(np.count_nonzero(brain.data))}
    for place, (region, count) in enumerate(zip(regions, counts, strict=True)):
        if place in on_plane:
            continue
        key = (region.called, region.side)
        volumes[key] = volumes.get(key, 0.0) + float(count)
    return {key: count * labels.voxel_volume_mm3 for key, count in volumes.items()}


def template_volumes(atlas: Atlas) -> dict[tuple[str, str], float]:
    """Return the volumes of an atlas where it lives, to compare a scan with; brain = all labels."""
    labels = atlas.dseg.labels
    return structure_volumes(labels, atlas.dseg.regions, labels.with_data(labels.data != 0))


def _shares(volumes: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """Return each compared group's volume as a share of the brain, by (group, side)."""
    brain = volumes[("brain", "midline")]
    shares: dict[tuple[str, str], float] = {}
    for group, beginning in COMPARED_WITH_TEMPLATE.items():
        for (structure, side), volume in volumes.items():
            if structure.startswith(beginning) and brain > 0:
                shares[(group, side)] = shares.get((group, side), 0.0) + volume / brain
    return shares


def region_volumes(labels: LabelMap) -> dict[tuple[str, str, Region], float]:
    """Return the volume of each region in mm³, by structure, side and region."""
    counts, on_plane = region_counts(labels.labels.data, labels.regions), shared_regions(labels.regions)
    return {
        (region.structure, region.side, region): float(count) * labels.labels.voxel_volume_mm3
        for place, (region, count) in enumerate(zip(labels.regions, counts, strict=True))
        if place not in on_plane
    }


def side_volumes(volumes: Mapping[tuple[str, str, Region], float]) -> dict[Key, float]:
    """Return the volume in mm³ of each structure and side, all its regions together."""
    sides: dict[Key, float] = {}
    for (structure, side, _), volume in volumes.items():
        sides[structure, side] = sides.get((structure, side), 0.0) + volume
    return sides


def group_volumes(volumes: Mapping[tuple[str, str, Region], float]) -> dict[Key, float]:
    """Return the volume in mm³ of each group that the atlas has, by (group, side)."""
    groups: dict[Key, float] = {}
    for (structure, side, region), volume in volumes.items():
        for key in groups_of(structure, side, region):
            groups[key] = groups.get(key, 0.0) + volume
    return groups


def groups_of(structure: str, side: str, region: Region) -> list[Key]:
    """Return the groups that a region is part of, with their sides."""
    if "ventricle" in structure and region.tissue == "csf":
        whole = [(LATERAL, side)] if structure.startswith(LATERAL) else []
        return [*whole, ("ventricles", "midline")]
    if region.tissue in ("brainstem", "cerebellum"):
        return [(region.tissue, "midline")]
    if structure.startswith("thalamus"):
        return [("thalamus_whole", side)]
    if structure == "white_matter" and region.lobe != "n/a":
        return [(f"white_matter_{region.lobe}", side)]
    return [(CALLOSUM, "midline")] if structure.startswith(CALLOSUM) else []


def ventricle_shares(sides: Mapping[Key, float], groups: Mapping[Key, float], brain_mm3: float) -> list[Row]:
    """Return each ventricle as percent of the brain, and each horn as percent of its lateral ventricle."""
    parts = {key: volume for key, volume in sides.items() if "ventricle" in key[0]}
    wholes = {key: volume for key, volume in groups.items() if "ventricle" in key[0]}
    rows = [
        row("percent_of_brain", key, _percent(volume, brain_mm3), "%")
        for key, volume in {**parts, **wholes}.items()
    ]
    return rows + [
        row("percent_of_lateral_ventricle", key, _percent(volume, wholes[(LATERAL, key[1])]), "%")
        for key, volume in parts.items()
        if key[0].startswith(LATERAL)
    ]


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole if whole > 0 else float("nan")
