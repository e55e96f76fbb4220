"""On which image a mask was drawn, as far as file names tell."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cpimaging.bids.files import File, natural, parse_file
from cpimaging.bids.images import contrast_of
from cpimaging.types import LOOKS

CONTRAST_WORDS = {word: name for name, look in LOOKS.items() for word in (name.lower(), *look.named)}
"""What names say, in lower case, and whose image lies on the same grid: an ADC map on that of its series."""

_DESC = re.compile(rf"({'|'.join(CONTRAST_WORDS)})lesions?(mask)?", re.IGNORECASE)
_ACQUISITION = ("acq", "ce", "rec", "run")


class Named(NamedTuple):
    """The contrasts that a mask's name tells of, None where it tells of none, or of several.

    space: that of `space-`, on whose grid it lies. word: of a suffix or of `desc-`, which it was seen on.
    """

    space: str | None
    word: str | None


def named_contrasts(name: str) -> Named:
    """Return what the file name of a mask tells: "…_T2w_desc-lesion_mask", "…_FLAIR_roi", "space-T2w"."""
    file = parse_file(name, "raw")
    words = {CONTRAST_WORDS[word.lower()] for word in file.words if word.lower() in CONTRAST_WORDS}
    if match := _DESC.fullmatch(file.entities.get("desc", "")):
        words |= {CONTRAST_WORDS[match[1].lower()]} if match[1] else set()
    space = CONTRAST_WORDS.get(file.entities.get("space", "").lower())
    return Named(space, words.pop() if len(words) == 1 else None)


def image_of_acquisition(mask: str, contrast: str, chosen: Path) -> Path | None:
    """Return the image beside the chosen one that a mask names by acq-, ce-, rec- or run-, if it is another.

    mask: its file name. None where it names none, the chosen one, or one that is not there.
    """
    wanted = _acquisition(parse_file(mask, "raw"))
    if not wanted or wanted.items() <= _acquisition(parse_file(chosen.name, "raw")).items():
        return None
    beside = sorted((path.name for path in chosen.parent.glob("*.nii*")), key=natural)
    files = [parse_file(f"{chosen.parent.name}/{name}", "raw") for name in beside]
    found = [
        file
        for file in files
        if contrast_of(file) == contrast and wanted.items() <= _acquisition(file).items()
    ]
    return chosen.with_name(found[0].name) if len(found) == 1 else None


def names_no_image(mask: File, images: Iterable[File]) -> str | None:
    """Return the acq-, ce-, rec- and run- that a mask names where none of the images has them, else None."""
    wanted = _acquisition(mask)
    if not wanted or any(wanted.items() <= _acquisition(image).items() for image in images):
        return None
    return "_".join(f"{key}-{mask.entities[key]}" for key in wanted)


def _acquisition(file: File) -> dict[str, str]:
    """Return acq-, ce-, rec- and run- of a name; run-1 is run-01."""
    named = {entity: file.entities[entity] for entity in _ACQUISITION if entity in file.entities}
    return {key: value.lstrip("0") if key == "run" else value for key, value in named.items()}
