"""Atlases on disk: one folder with label image, table, overlays and manifest (BIDS 1.11 names)."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cpimaging.atlases.template import SPACE
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.imagefiles import ENDINGS, stem
from cpimaging.images import read_image, write_image
from cpimaging.io import read_json, read_table, typed, write_json, write_table
from cpimaging.types import Atlas, InputError, LabelMap, Region

LARGEST_LABEL = 2**31 - 1
"""Of numbers that fit into 32 bits; the largest in use are those of the Allen atlases, 6 · 10⁸."""

TABLE_COLUMNS = {
    "index": "int64",
    "name": "str",
    "structure": "str",
    "side": "str",
    "tissue": "str",
    "lobe": "str",
}


def read_atlas(folder: Path | str) -> Atlas:
    """Read an atlas folder as it is, unchecked (see `check_atlas`).

    Expected: atlas-<name>_dseg.nii.gz and .tsv (columns index, name, side; structure, tissue and lobe
    if wanted), atlas-<name>_seg-<overlay>_dseg.nii.gz and .tsv for each overlay, and
    atlas-<name>_description.json (Name, Version, Space, License, Citations …). Names may begin with
    tpl-<space>_ and hold further entities; a table may leave out entities of its image.
    Raises InputError where a file is missing or cannot be understood; so do overlays when they are asked for.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "no such atlas folder", "give 'embedded' or the path of an atlas folder")
    images = sorted(path for path in folder.glob("*atlas-*_dseg.*") if _is_label_image(path))
    main = [path for path in images if "_seg-" not in path.name] or images
    if len(main) != 1:
        raise InputError(
            folder, f"holds {len(main)} label images", "name one of them atlas-<name>_dseg.nii.gz"
        )
    overlays = _Overlays({_entity(path, "seg"): path for path in images if path != main[0]})
    name = _entity(main[0], "atlas")
    manifest = _read_manifest(folder, name)
    return Atlas(
        name=name,
        version=str(manifest.get("Version", "n/a")),
        space=_space(folder, manifest.get("Space") or _entity(main[0], "space") or _entity(main[0], "tpl")),
        dseg=_read_label_map(main[0]),
        overlays=overlays,
        manifest=manifest,
    )


class _Overlays(Mapping[str, LabelMap]):
    """Label maps by name, each read when it is asked for, which few stages do."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self.paths = paths
        self.read = cache(_read_label_map)

    def __getitem__(self, name: str) -> LabelMap:
        return self.read(self.paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


def _is_label_image(path: Path) -> bool:
    return path.name.endswith(tuple(f"_dseg{ending}" for ending in ENDINGS)) and not path.name.startswith(".")


def _space(folder: Path, stated: object) -> str:
    """Return the name of a space, "" where none is stated. Raises InputError for what is no name."""
    if stated == "":
        return ""
    if not isinstance(stated, str) or not re.fullmatch("[A-Za-z0-9+]+", stated):
        problem = f"states the space {stated!r}, which is no name of one"
        raise InputError(folder, problem, f"name it in letters and digits, such as {SPACE}")
    return stated


def write_atlas(folder: Path | str, atlas: Atlas) -> None:
    """Write an atlas folder as `read_atlas` reads it."""
    folder = Path(folder)
    front = f"atlas-{atlas.name}"
    _write_label_map(folder, f"{front}_dseg", atlas.dseg)
    for name, overlay in atlas.overlays.items():
        _write_label_map(folder, f"{front}_seg-{name}_dseg", overlay)
    manifest = {"Name": atlas.name, "Version": atlas.version, "Space": atlas.space, **atlas.manifest}
    write_json(folder / f"{front}_description.json", manifest)


def _entity(path: Path, key: str) -> str:
    found = re.search(rf"(?:^|_){key}-([A-Za-z0-9+]+)", path.name)
    return found.group(1) if found else ""


def _read_manifest(folder: Path, name: str) -> dict[str, Any]:
    paths = [folder / f"atlas-{name}_description.json", folder / "dataset_description.json"]
    path = next((path for path in paths if path.exists()), None)
    manifest = read_json(path) if path else {}
    if not isinstance(manifest, dict):
        raise InputError(str(path), "is not a JSON object", 'write at least {"Space": "…"}')
    return manifest


def _read_label_map(path: Path) -> LabelMap:
    labels = read_image(path, labels=True)
    if not np.issubdtype(labels.data.dtype, np.integer):
        whole_numbers = np.rint(labels.data)
        plain = np.array_equal(whole_numbers, labels.data) and np.abs(whole_numbers).max() <= LARGEST_LABEL
        if not plain:
            raise InputError(path, "holds values that are not whole numbers", "save labels as integers")
        labels = labels.with_data(whole_numbers.astype(np.int32))
    return LabelMap(labels, _read_regions(_table_beside(path)))


def _table_beside(image: Path) -> Path:
    """Return the table of a label image: of its own name, or of some of its entities (BIDS inheritance)."""
    name = stem(image.name)
    entities = set(name.split("_"))
    seg = {part for part in entities if part.startswith("seg-")}
    tables = [
        path
        for path in image.parent.glob("*_dseg.tsv")
        if seg <= set(path.stem.split("_")) <= entities and not path.name.startswith(".")
    ]
    closest = sorted(tables, key=lambda path: (-len(path.stem.split("_")), path.name))
    return closest[0] if closest else image.with_name(f"{name}.tsv")


def _read_regions(path: Path) -> tuple[Region, ...]:
    if path.is_dir():
        raise InputError(path, "is a folder", "put the table of the labels there")
    table = read_table(path)
    for column, default in (("structure", "n/a"), ("tissue", "n/a"), ("lobe", "n/a")):
        if column not in table:
            table[column] = default
    missing = [column for column in TABLE_COLUMNS if column not in table]
    if missing:
        raise InputError(path, f"lacks the column(s) {', '.join(missing)}", "add them")
    try:
        table = typed(table[list(TABLE_COLUMNS)], TABLE_COLUMNS)
    except (ValueError, OverflowError) as error:
        raise InputError(path, "an index is not a whole number", "correct the column 'index'") from error
    if table["index"].abs().max() > LARGEST_LABEL:
        raise InputError(path, f"an index is larger than {LARGEST_LABEL}", "number the labels anew")
    tissues = dict(load_structures()[["structure", "tissue"]].itertuples(index=False))
    known = table["structure"].map(tissues)
    table["tissue"] = table["tissue"].where(table["tissue"] != "n/a", known.fillna("n/a"))
    return tuple(Region(**row) for row in table.to_dict("records"))


def _write_label_map(folder: Path, name: str, label_map: LabelMap) -> None:
    write_image(folder / f"{name}.nii.gz", label_map.labels, template_space=True)
    rows = [vars(region) for region in label_map.regions]
    write_table(folder / f"{name}.tsv", typed(rows, TABLE_COLUMNS))
