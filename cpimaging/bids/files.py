"""Walk a dataset once and read its file names. No image is opened."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from cpimaging.imagefiles import ENDINGS, stem
from cpimaging.io import read_json
from cpimaging.types import InputError, plain

OURSELVES = "cpimaging"
"""`Name` under `GeneratedBy` in the description of what this package writes."""

NOT_WALKED = frozenset(
    {"sourcedata", "code", "func", "fmap", "perf", "meg", "eeg", "ieeg", "beh", "pet"}
    | {"micr", "motion", "nirs", "mrs"}
)
"""Folders without anatomy or masks; sourcedata may hold what must not be seen, such as a known truth."""

_DESCRIPTION = "dataset_description.json"
_OWN_PLANS = ("logs/plan", "logs/plan.json")  # there before the description was written
_UNSAFE = re.compile(r"[{}]")  # the workflow takes braces in a path for wildcards


class Tree(NamedTuple):
    """What one walk found: folders, image files, and folders that cannot be opened.

    POSIX paths relative to the start, sorted.
    """

    folders: list[str]
    images: list[str]
    closed: list[str]


@dataclass(frozen=True, slots=True)
class File:
    """One image file as its name describes it.

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
        """Path as people are told of it, never absolute, printable."""
        return plain(self.shown_root + self.below)

    @property
    def safe(self) -> bool:
        """Whether its path can be written into tables and into the plan of the workflow."""
        return is_safe(self.below)

    @property
    def name(self) -> str:
        """File name without its folders."""
        return self.below.rpartition("/")[2]

    @property
    def folder(self) -> str:
        """Name of the folder that it lies in, e.g. "anat"."""
        return self.below.rpartition("/")[0].rpartition("/")[2]


def walk(root: Path, skip: Iterable[Path] = ()) -> Tree:
    """List folders and image files below `root`, links followed, each folder entered once.

    Left out: hidden folders and files (such as the "._" files of macOS), folders of other data types,
    `skip`, and every dataset that this package wrote. Raises InputError where `root` cannot be opened.
    """
    seen = {_identity(folder) for folder in skip if folder.exists()} | {_identity(root)}
    tree = Tree([], [], [])
    errors: list[OSError] = []
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=errors.append):
        here = _below(root, folder)
        marked = _DESCRIPTION in names or "logs" in subfolders
        if here and marked and is_own_output(Path(folder)):
            subfolders.clear()
            continue
        prefix = f"{here}/" if here else ""
        subfolders[:] = [name for name in sorted(subfolders) if _enters(Path(folder, name), seen)]
        tree.folders.extend(prefix + name for name in subfolders)
        tree.images.extend(prefix + name for name in sorted(names) if _is_image(name))
    tree.closed.extend(sorted(_below(root, str(error.filename)) for error in errors))
    if "" in tree.closed:
        raise InputError(root, "cannot be opened", "check its permissions")
    return tree


def _below(root: Path, folder: str) -> str:
    return folder[len(str(root)) :].strip(os.sep).replace(os.sep, "/")


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _enters(folder: Path, seen: set[tuple[int, int]]) -> bool:
    if folder.name.startswith(".") or folder.name in NOT_WALKED or not os.path.exists(folder):
        return False
    identity = _identity(folder)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino


def read_description(folder: Path) -> dict[str, Any]:
    """Read a folder's dataset_description.json. Raises InputError where it is missing or broken."""
    path = folder / _DESCRIPTION
    content = read_json(path)
    if not isinstance(content, dict):
        raise InputError(path, "is not a JSON object", 'write at least {"Name": …, "BIDSVersion": …}')
    return content


def is_own_output(folder: Path) -> bool:
    """Tell whether this package writes or wrote a dataset; raw data that it simulated do not count.

    A run that was interrupted early has its plan, though not yet its description. Raises InputError where
    the description is broken.
    """
    if any(os.path.exists(folder / plan) for plan in _OWN_PLANS):
        return True
    if not os.path.exists(folder / _DESCRIPTION):
        return False
    description = read_description(folder)
    return _is_generated(description) and description.get("DatasetType") != "raw"


def is_own_file(image: Path) -> bool:
    """Tell by its sidecar whether a stage of this package made an image, wherever it was copied to."""
    sidecar = image.with_name(f"{stem(image.name)}.json")
    if not os.path.exists(sidecar):
        return False
    try:
        content = read_json(sidecar)
    except InputError:
        return False
    return isinstance(content, dict) and "Stage" in content and _is_generated(content)


def _is_generated(content: Mapping[str, Any]) -> bool:
    tools = content.get("GeneratedBy")
    names = [tool.get("Name") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return OURSELVES in names


def is_safe(path: str) -> bool:
    """Tell whether a path is printable text without braces: others stop workflow and tables."""
    return path.isprintable() and not _UNSAFE.search(path)


def parse_file(below: str, level: str, root: str = "", shown_root: str = "") -> File:
    """Read the entities of a path's file name."""
    entities: dict[str, str] = {}
    words: list[str] = []
    for part in stem(below.rpartition("/")[2]).split("_"):
        key, hyphen, value = part.partition("-")
        if hyphen:
            entities[key] = value
        else:
            words.append(part)
    return File(below, level, entities, tuple(words), root, shown_root)


def session_folder(file: File) -> str | None:
    """Return the session whose folder a file lies in, None where it lies in none."""
    return next((part[4:] for part in file.below.split("/")[:-1] if part.startswith("ses-")), None)


def participant_folder(file: File) -> str | None:
    """Return the participant whose folder a file lies in, None where it lies in none."""
    return next((part[4:] for part in file.below.split("/")[:-1] if part.startswith("sub-")), None)


def natural(text: str) -> tuple[list[str | int], str]:
    """Return a sorting key that puts 2 before 10."""
    parts = re.split(r"([0-9]+)", text)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], text
