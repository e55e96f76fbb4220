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

_LABELLED = ("sub-", "ses-")
_DERIVATIVES = "derivatives"
_HOLDING = ("anat", _DERIVATIVES)

_DESCRIPTION = "dataset_description.json"
_OWN_PLANS = ("logs/plan", "logs/plan.json")  # there before the description was written
_UNSAFE = re.compile(r"[{}]")  # the workflow takes braces in a path for wildcards


class Tree(NamedTuple):
    """What one walk found: folders, image files, and folders that are not read, each with problem and cure.

    POSIX paths relative to the start.
    """

    folders: list[str]
    images: list[str]
    closed: dict[str, tuple[str, str]]


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
    """List folders and image files below `root`; links are followed once all other folders were read.

    Left out: hidden folders and files (such as the "._" files of macOS), folders of other data types,
    `skip`, every dataset that this package wrote, and links to what was read. Raises InputError where `root`
    cannot be opened.
    """
    tree = Tree([], [], {})
    aside = {_identity(folder) for folder in skip if folder.exists()}
    seen = {*aside, _identity(root)}
    links = _walk_below(root, root, seen, tree)
    while links:
        link = links.pop(0)
        below = _below(root, str(link))
        if _identity(link) not in seen:
            seen.add(_identity(link))
            tree.folders.append(below)
            links += _walk_below(root, link, seen, tree)
        elif _identity(link) not in aside and link.name.startswith(_LABELLED):
            tree.closed[below] = "is a link to another folder of the dataset", "put a folder in its place"
    if "" in tree.closed:
        raise InputError(root, *tree.closed[""])
    return Tree(sorted(tree.folders), sorted(tree.images), dict(sorted(tree.closed.items())))


def _walk_below(root: Path, start: Path, seen: set[tuple[int, int]], tree: Tree) -> list[Path]:
    """Add what lies below a folder to the tree and to what was seen; return the links to folders in it."""

    def closed(error: OSError) -> None:
        tree.closed[_below(root, str(error.filename))] = "cannot be opened", "check its permissions"

    links = []
    for folder, subfolders, names in os.walk(start, onerror=closed):
        here = _below(root, folder)
        if here and (_DESCRIPTION in names or "logs" in subfolders) and is_own_output(Path(folder)):
            subfolders.clear()
            continue
        prefix = f"{here}/" if here else ""
        paths = [Path(folder, name) for name in sorted(subfolders) if _may_enter(name)]
        links += [path for path in paths if path.is_symlink()]
        subfolders[:] = [path.name for path in paths if not path.is_symlink() and _enters(path, seen)]
        tree.folders.extend(prefix + name for name in subfolders)
        tree.images.extend(prefix + name for name in names if _is_image(name))
        tree.images.extend(prefix + name for name in _lost_voxels(names))
        for name in names:
            if _may_be_folder(name, here) and not os.path.exists(os.path.join(folder, name)):
                tree.closed[prefix + name] = (
                    "is a link to a folder that is not there",
                    "restore it or delete it",
                )
    return links


def _below(root: Path, folder: str) -> str:
    return folder[len(str(root)) :].strip(os.sep).replace(os.sep, "/")


def _is_image(name: str) -> bool:
    return name.lower().endswith(ENDINGS) and not name.startswith(".")


def _lost_voxels(names: list[str]) -> list[str]:
    """Return the names of .img files of which the .hdr alone is there: they are told, not overlooked."""
    headers = [name[:-4] for name in names if name.endswith(".hdr") and not name.startswith(".")]
    there = {stem(name) for name in names if _is_image(name)} if headers else set()
    return [f"{name}.img" for name in headers if name not in there]


def _may_enter(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_WALKED


def _enters(folder: Path, seen: set[tuple[int, int]]) -> bool:
    if not os.path.exists(folder) or _identity(folder) in seen:
        return False
    seen.add(_identity(folder))
    return True


def _may_be_folder(name: str, here: str) -> bool:
    """Tell whether the name of a link that leads nowhere is that of a folder with people or masks.

    Files in git-annex lead nowhere too: they have endings, or are README, LICENSE, CHANGES.
    """
    named = name.startswith(_LABELLED) or name in _HOLDING or (here == _DERIVATIVES and not name.isupper())
    return named and "." not in name


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
    return is_generated(sidecar, "Stage")


def is_generated(path: Path, *keys: str) -> bool:
    """Tell whether a JSON file says that this package made it, and has these keys; False without a file."""
    if not os.path.exists(path):
        return False
    try:
        content = read_json(path)
    except InputError:
        return False
    return isinstance(content, dict) and all(key in content for key in keys) and _is_generated(content)


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


def session_of(file: File) -> str | None:
    """Return the session of a file: of its name, else of the folder that it lies in; None without either."""
    return file.entities.get("ses", session_folder(file))


def participant_folder(file: File) -> str | None:
    """Return the participant whose folder a file lies in, None where it lies in none."""
    return next((part[4:] for part in file.below.split("/")[:-1] if part.startswith("sub-")), None)


def natural(text: str) -> tuple[list[str | int], str]:
    """Return a sorting key that puts 2 before 10."""
    parts = re.split(r"([0-9]+)", text)
    return [int(part) if i % 2 else part for i, part in enumerate(parts)], text
