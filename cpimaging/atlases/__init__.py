"""Atlases: the embedded one, and folders of one's own; the template; the vocabulary of structures."""

from pathlib import Path

from cpimaging.atlases.cache import cache_dir
from cpimaging.atlases.check import check_atlas
from cpimaging.atlases.embedded import embedded_folder
from cpimaging.atlases.folder import read_atlas, write_atlas
from cpimaging.atlases.template import Template, load_template
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import Atlas, InputError

__all__ = [
    "Template",
    "cache_dir",
    "check_atlas",
    "load_atlas",
    "load_structures",
    "load_template",
    "read_atlas",
    "write_atlas",
]


def load_atlas(name_or_folder: str | Path) -> Atlas:
    """Return the atlas "embedded" (built into the user's cache at first use) or that of a folder.

    Raises InputError where a folder is no atlas or `check_atlas` finds a problem with it.
    """
    if name_or_folder == "embedded":
        return read_atlas(embedded_folder())
    atlas = read_atlas(name_or_folder)
    problems = check_atlas(atlas)
    if problems:
        raise InputError(name_or_folder, "; ".join(problems), "correct the atlas, then try again")
    return atlas
