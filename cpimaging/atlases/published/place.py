"""The label images of the published sources, on the grid of the embedded template."""

from pathlib import Path
from typing import Any

import numpy as np

from cpimaging.atlases.published.sources import (
    BESIDE,
    FILES,
    fetched_dir,
    fetched_sources,
    load_source,
    source_table,
)
from cpimaging.atlases.space import to_template_space
from cpimaging.images import read_image
from cpimaging.types import Image, InputError, LabelMap, Region

NLIN6 = "MNI152NLin6Asym"

Placed = dict[str, list[LabelMap]]
"""Source → its label images; their regions carry index and name only."""


def placed_sources() -> Placed:
    """Return every fetched source on the template's grid.

    Those of NLin6 are brought over by registering its T1w, once for all. The rest (2009c asymmetric, made
    of the same brains as our template) is only resampled: no T1w of it is fetched.
    """
    spaces = source_table()["space"]
    there = [source for source in fetched_sources() if source != "nlin6"]
    raw = {
        (source, number): _label_map(source, record)
        for source in there
        for number, record in enumerate(load_source(source))
    }
    t1w = _nlin6_t1w(raw["harvard_oxford", 0].labels)
    found: Placed = {source: [] for source in there}
    for moved in (True, False):
        part = {key: label_map for key, label_map in raw.items() if (spaces[key[0]] == NLIN6) is moved}
        named = {f"{source} {number}": label_map for (source, number), label_map in part.items()}
        for key, label_map in to_template_space(named, t1w if moved else None).items():
            found[key.split()[0]].append(label_map)
    return found


def _label_map(source: str, record: Any) -> LabelMap:
    table = record.lut
    regions = [
        Region(int(index), str(name), "n/a", "midline", "n/a")
        for index, name in zip(table["index"], table["name"], strict=True)
        if int(index) > 0
    ]
    finer = fetched_dir() / BESIDE.get(source, "none")
    image = read_image(finer, labels=True) if finer.is_file() else _image(record.maps)
    return LabelMap(_whole_numbers(image), tuple(regions))


def _image(maps: Any) -> Image:
    if isinstance(maps, str | Path):
        return read_image(maps, labels=True)
    return Image(
        np.asanyarray(maps.dataobj), np.asarray(maps.affine, dtype=float)
    )  # turned to RAS by nilearn


def _whole_numbers(image: Image) -> Image:
    """Return labels as integers: Harvard-Oxford arrives as float."""
    rounded = np.rint(image.data)
    if not np.array_equal(rounded, image.data):
        raise InputError("atlas published", "a label image holds fractions", "delete it and fetch it again")
    return image.with_data(rounded.astype(np.int32))


def _nlin6_t1w(like: Image) -> Image:
    path = fetched_dir() / FILES["nlin6"][0]
    t1w = read_image(path)
    if not t1w.same_grid(like):
        raise InputError(path, "is not on Harvard-Oxford's grid", "give FSL's MNI152_T1_1mm_brain")
    if (t1w.data == 0).mean() < 0.5:
        raise InputError(path, "has no empty background", "give the brain-extracted T1w")
    return t1w
