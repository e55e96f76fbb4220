"""Atlases: embedded, published, and folders of one's own; the template; the vocabulary of structures."""

from pathlib import Path

from cpimaging.atlases.check import check_atlas
from cpimaging.atlases.embedded import embedded_folder
from cpimaging.atlases.folder import read_atlas, write_atlas
from cpimaging.atlases.listing import list_atlases
from cpimaging.atlases.own import check_folder, checked_folder, own_atlas
from cpimaging.atlases.published import published_folder
from cpimaging.atlases.template import SPACE, Template, load_template, template_brain
from cpimaging.atlases.vocabulary import load_structures
from cpimaging.types import Atlas

__all__ = [
    "Template",
    "check_atlas",
    "check_folder",
    "checked_atlas",
    "list_atlases",
    "load_atlas",
    "load_structures",
    "load_template",
    "read_atlas",
    "template_brain",
    "write_atlas",
]

SHIPPED = ("embedded", "published")
"""Atlases that are no folder of the user's."""


def load_atlas(name_or_folder: str | Path) -> Atlas:
    """Return the atlas "embedded" (built into the user's cache at first use), "published", or of a folder.

    It lies in the space of the embedded template, on a grid of its own. Raises InputError where a folder
    is no atlas, has a fault, or lives in another space and brings no way to ours; and for "published" where
    `cpimaging atlas fetch` has not run: this never touches the network.
    """
    if name_or_folder == "embedded":
        return read_atlas(embedded_folder())
    if name_or_folder == "published":
        return read_atlas(published_folder())
    return own_atlas(name_or_folder)


def checked_atlas(name_or_folder: str | Path, space: str = SPACE) -> Atlas:
    """Return the atlas that `load_atlas` would, but a folder's as it lies there: nothing is registered.

    For what must be known early, such as its structures, and for what lies in the atlas's own `space`.
    Raises InputError as `load_atlas` does.
    """
    if name_or_folder in SHIPPED:
        return load_atlas(name_or_folder)
    return checked_folder(name_or_folder, space)
