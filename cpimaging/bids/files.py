"""Walk a dataset once and read its file names. No image is opened."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from cpimaging.io import read_json
from cpimaging.types import InputError

OURSELVES = "cpimaging"
"""`Name` under `GeneratedBy` in the description of what this package writes."""

NOT_WALKED = frozenset(
    {"sourcedata", "code", "func", "fmap", "perf", "meg", "eeg", "ieeg", "beh", "pet"}
    | {"micr", "motion", "nirs", "mrs"}
)
"""Folders without anatomy or masks; sourcedata may hold what must not be seen, such as a known truth."""

_DESCRIPTION = "dataset_description.json"
_IMAGE_ENDINGS = (".nii.gz", ".nii")


class Tree(NamedTuple):
    """What one walk found: folders and NIfTI files, POSIX paths relative to the start, sorted."""

    folders: list[str]
    images: list[str]


@dataclass(frozen=True, slots=True)
class File:
    """One NIfTI file as its name describes it.

    below: path below the folder that was walked. level: "lesions_dir", "derivatives", "raw" or
    "other". entities: {"sub": "01", "run": "2"}. words: the parts without a hyphen, the suffix last,
    e.g. ("T2w", "mask"). root, shown_root: what goes in front of the path in a Scan and in a message.
    """

    below: str
    level: str
    entities: Mapping[str, str]
    words: tuple[str, ...]
    root: str = ""
    shown_root: str = ""

    @property
    def path(self) -> str:
        """Path as it stands in a Scan."""
        return self.root + self.below

    @property
    def shown(self) -> str:
        """Path as people are told of it, never absolute."""
        return self.shown_root + self.below

    @property
    def name(self) -> str:
        """File name without its folders."""
        return self.below.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Name of the folder that it lies in, e.g. "anat"."""
        return self.below.rpartition("/")[0].rpartition("/")[2]


def walk(root: Path, skip: Iterable[Path] = ()) -> Tree:
    """List folders and NIfTI files below `root`, links followed, each folder entered once.

    Left out: hidden folders, those of other data types, `skip`, and every dataset that this
    package wrote. Raises InputError where a folder cannot be opened.
    """
    seen = {_identity(folder) for folder in skip if folder.exists()} | {_identity(root)}
    tree = Tree([], [])
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_refuse):
        here = folder[len(str(root)) :].strip(os.sep).replace(os.sep, "/")
        if here and _DESCRIPTION in names and _is_own_output(Path(folder) / _DESCRIPTION):
            subfolders.clear()
            continue
        prefix = f"{here}/" if here else ""
        subfolders[:] = [name for name in sorted(subfolders) if _enters(Path(folder, name), seen)]
        tree.folders.extend(prefix + name for name in subfolders)
        tree.images.extend(prefix + name for name in sorted(names) if name.endswith(_IMAGE_ENDINGS))
    return tree


def _enters(folder: Path, seen: set[tuple[int, int]]) -> bool:
    if folder.name.startswith(".") or folder.name in NOT_WALKED or not folder.exists():
        return False
    identity = _identity(folder)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def _refuse(error: OSError) -> NoReturn:
    raise InputError(str(error.filename), "cannot be opened", "check its permissions") from error


def read_description(folder: Path) -> dict[str, Any]:
    """Read a folder's dataset_description.json. Raises InputError where it is missing or broken."""
    path = folder / _DESCRIPTION
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(path, "is not a JSON object", 'write at least {"Name": …, "BIDSVersion": …}')
    return content


def _is_own_output(path: Path) -> bool:
    return path.exists() and is_own_output(read_description(path.parent))


def is_own_output(description: Mapping[str, Any]) -> bool:
    """Tell whether this package wrote the dataset; raw data that it simulated do not count."""
    tools = description.get("GeneratedBy")
    names = [tool.get("Name") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return OURSELVES in names and description.get("DatasetType") != "raw"


def parse_file(below: str, level: str, root: str = "", shown_root: str = "") -> File:
    """Read the entities of a path's file name."""
    stem = below.rpartition("/")[2].removesuffix(".gz").removesuffix(".nii")
    entities: dict[str, str] = {}
    words: list[str] = []
    for part in stem.split("_"):
        key, hyphen, value = part.partition("-")
        if hyphen:
            entities[key] = value
        else:
            words.append(part)
    return File(below, level, entities, tuple(words), root, shown_root)


def natural(text: str) -> tuple[list[str | int], str]:
    """Return a sorting key that puts 2 before 10."""
    parts = re.split(r"([0-9]+)", text)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], text
