"""Files that people would expect to be used and that are not: each is told, with what would take it."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cpimaging.bids.files import File
from cpimaging.bids.images import contrast_of
from cpimaging.bids.masks import ANATOMY, SCAN_SPACES, is_brain_mask, is_lesion_mask
from cpimaging.types import CONTRASTS

MOST_SHOWN = 4
"""So many masks that were not used are told of a scan by name."""

LESION_WORDS = re.compile(
    r"lesion|stroke|infarct|isch[a]?emi|h[a]?emorrhag|bleed|wmh|hyperintens|leuk|pvl|tumou?r|injury|glio[st]i|cavit|(^|[_-])lst|(^|[_-])les([_.-]|$)",
    re.IGNORECASE,
)
_MASK_SUFFIXES = frozenset(
    {"mask", "msk", "roi", "seg", "dseg", "probseg", "segmentation", "label", "labels"}
    | {"manual", "annotation", "delineation", "tracing"}
)
_MASK_ENTITIES = frozenset({"seg", "label", "roi", "mask"})
_NO_MASKS = frozenset({"xfm", "warp", "bold", "dwi", "epi", "sbref", "magnitude", "phasediff", "defacemask"})


class Unused(NamedTuple):
    """One file that is not used. named: its name says that it shows a lesion."""

    file: File
    named: bool


def unused_masks(files: Iterable[File]) -> list[Unused]:
    """Return the files that look like a lesion mask and whose names are not those of one.

    Segmentations of anatomy are left out as far as their names tell, and images of a contrast.
    """
    return [Unused(file, _named(file)) for file in files if _looks_like_mask(file)]


def _named(file: File) -> bool:
    return bool(LESION_WORDS.search(file.name))


def _looks_like_mask(file: File) -> bool:
    suffix = file.words[-1].lower() if file.words else ""
    if suffix in _NO_MASKS or is_brain_mask(file) or contrast_of(file) or _is_contrast(suffix):
        return False
    if is_lesion_mask(file):
        return not file.entities.get("sub") or file.level == "other"
    if _named(file):
        return True
    words = [*(value for key, value in file.entities.items() if key not in ("sub", "ses")), *file.words[:-1]]
    if any(ANATOMY.fullmatch(word) or ANATOMY.match(word) for word in words) or "atlas" in file.entities:
        return False
    space = file.entities.get("space", "orig").lower()
    return space in SCAN_SPACES and (suffix in _MASK_SUFFIXES or bool(file.entities.keys() & _MASK_ENTITIES))


def _is_contrast(suffix: str) -> bool:
    return suffix in {*map(str.lower, CONTRASTS), "pdw", "t2starw", "unit1"}


def other_side(mask: File, unused: Iterable[Unused]) -> str | None:
    """Return the mask of label-R beside one of label-L: there L is left; None where none is."""
    name = mask.name.replace("_label-L", "_label-R")
    beside = [u.file.shown for u in unused if u.file.name == name != mask.name]
    return next(iter(beside), None)


def participant_of(file: File) -> str | None:
    """Return the participant that a file belongs to: by its name, else by the folders that it lies in."""
    folders = re.findall(r"(?:^|/)sub-([^/_]+)(?=/)", file.below)
    named = file.entities.get("sub", "")
    return named if named.isalnum() or not folders else folders[-1]


def unused_lines(unused: Sequence[Unused], session: str | None, *, mask_taken: bool) -> list[str]:
    """Return a line for each mask of a scan that was not used, with the lesion_pattern that would take it.

    Where a mask was taken only those are told that a name calls a lesion.
    """
    told = [
        u.file
        for u in unused
        if (u.named or not mask_taken) and u.file.entities.get("ses", session) == session
    ]
    shown = [
        f"lesion mask: {file.shown} is not used: {_why(file)}; "
        f"if it shows the lesion, set lesion_pattern: {_pattern(file)}"
        for file in told[:MOST_SHOWN]
    ]
    more = len(told) - MOST_SHOWN
    return [*shown, f"{more} more files look like masks and are not used"] if more > 0 else shown


def _why(file: File) -> str:
    if file.level == "other" and is_lesion_mask(file):
        return "it lies neither in derivatives nor beside the images"
    return "its name is not that of one"


def _pattern(file: File) -> str:
    pattern = re.sub(r"(^|[/_])sub-[0-9A-Za-z+]+", r"\1sub-{participant}", file.below)
    return re.sub(r"(^|[/_])ses-[0-9A-Za-z+]+", r"\1ses-{session}", pattern)
