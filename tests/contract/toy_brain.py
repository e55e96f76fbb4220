"""A brain of blocks: every structure that the scorers speak of, on a small grid of unequal sides."""

import numpy as np
from numpy.typing import NDArray

from cpimaging.types import Image, LabelMap, Region

HALF_SHAPE = (14, 20, 16)  # voxels outward from the midline, backward to front, upward
CORTEX = ("occipital_cortex", "parietal_cortex", "perirolandic", "frontal_cortex")
LOBES = ("occipital", "parietal", "parietal", "frontal")
NUCLEI = (
    "hippocampus",
    "thalamus",
    "thalamus_ventrolateral",
    "pallidum",
    "putamen_posterior",
    "putamen",
    "caudate",
)
MIDLINE = ("medulla", "pons", "midbrain")
TISSUE = {
    **dict.fromkeys(CORTEX, "cortex"),
    "temporal_cortex": "cortex",
    **dict.fromkeys(NUCLEI, "deep_grey"),
    **dict.fromkeys(MIDLINE, "brainstem"),
    "white_matter": "white_matter",
    "cerebellum_cortex": "cerebellum",
    "lateral_ventricle_body": "csf",
}


def names() -> list[tuple[str, str]]:
    """Return (structure, lobe) of every label, in the order of their numbers 1, 2, …"""
    white = [("white_matter", lobe) for lobe in ("occipital", "parietal", "frontal")]
    plain = [name for name in TISSUE if name != "white_matter"]
    return white + [(name, "n/a") for name in plain]


def half() -> NDArray[np.int32]:
    """Return one hemisphere: 1-based places in `names()`; 0 nowhere."""
    number = {key: place for place, key in enumerate(names(), 1)}
    labels = np.zeros(HALF_SHAPE, dtype=np.int32)
    for quarter, (cortex, lobe) in enumerate(zip(CORTEX, LOBES, strict=True)):
        rows = slice(5 * quarter, 5 * quarter + 5)
        labels[:, rows] = number["white_matter", lobe]
        labels[11:, rows] = number[cortex, "n/a"]
    labels[11:, :, :6] = number["temporal_cortex", "n/a"]
    labels[:2] = number["lateral_ventricle_body", "n/a"]
    for place, name in enumerate(NUCLEI):
        labels[4:8, 3 + 2 * place : 5 + 2 * place, 6:9] = number[name, "n/a"]
    labels[:, :, :3] = number["cerebellum_cortex", "n/a"]
    for place, name in enumerate(MIDLINE):
        labels[:4, 12:16, place] = number[name, "n/a"]
    return labels


def atlas(numbers: dict[int, int] | None = None, voxel_mm: float = 3.0) -> LabelMap:
    """Return the brain as an atlas; numbers: other label numbers than 1, 2, … (sides counted apart)."""
    right = half()
    count = len(names())
    left = np.where(right > 0, right + count, 0)
    midline = np.isin(right, [place for place, (name, _) in enumerate(names(), 1) if name in MIDLINE])
    left[midline] = right[midline]
    whole = np.pad(np.concatenate([left[::-1], right]), ((2, 1), (1, 3), (2, 2)))
    regions = [
        Region(place + shift, name, name, side, TISSUE[name], lobe)
        for side, shift in (("right", 0), ("left", count))
        for place, (name, lobe) in enumerate(names(), 1)
        if name not in MIDLINE
    ]
    regions += [
        Region(place, name, name, "midline", "brainstem")
        for place, (name, _) in enumerate(names(), 1)
        if name in MIDLINE
    ]
    renumber = np.arange(2 * count + 1)
    for old, new in (numbers or {}).items():
        renumber[old] = new
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[0, 3] = -voxel_mm * (2 + HALF_SHAPE[0] - 0.5)
    labels = Image(renumber[whole].astype(np.int32), affine)
    named = [Region(int(renumber[r.index]), r.name, r.structure, r.side, r.tissue, r.lobe) for r in regions]
    return LabelMap(labels, tuple(named))


def overlays(brain: LabelMap) -> dict[str, LabelMap]:
    """Return arterial territories (ACA above, PCA behind, MCA elsewhere) and border zones between them."""
    return {
        "territories": _overlay(brain, _territories, ("territory_mca", "territory_aca", "territory_pca")),
        "watershed": _overlay(brain, _watersheds, ("watershed_anterior", "watershed_posterior")),
    }


def _territories(shape: tuple[int, ...]) -> NDArray[np.int32]:
    zones = np.ones(shape, dtype=np.int32)
    zones[:, :, 15:] = 2
    zones[:, :5] = 3
    return zones


def _watersheds(shape: tuple[int, ...]) -> NDArray[np.int32]:
    zones = np.zeros(shape, dtype=np.int32)
    zones[:, :, 14:16] = 1
    zones[:, 4:6] = 2
    return zones


def _overlay(brain: LabelMap, zones: object, structures: tuple[str, ...]) -> LabelMap:
    data = zones(brain.labels.shape)  # type: ignore[operator]
    x_mm = brain.labels.affine[0, 0] * np.arange(data.shape[0]) + brain.labels.affine[0, 3]
    is_left = (x_mm < 0)[:, None, None]
    data = np.where(data > 0, data + np.where(is_left, len(structures), 0), 0).astype(np.int32)
    data[brain.labels.data == 0] = 0
    regions = [
        Region(place + shift, name, name, side, "overlay")
        for side, shift in (("right", 0), ("left", len(structures)))
        for place, name in enumerate(structures, 1)
    ]
    return LabelMap(brain.labels.with_data(data), tuple(regions))
