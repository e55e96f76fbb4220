"""On which image a mask was drawn, as far as file names tell."""

import re
from pathlib import Path
from typing import NamedTuple

from cpimaging.bids.files import File, natural, parse_file
from cpimaging.bids.images import contrast_of

_CONTRASTS = {
    **dict.fromkeys(("t1", "t1w"), "T1w"),
    **dict.fromkeys(("t2", "t2w"), "T2w"),
    "flair": "FLAIR",
    **dict.fromkeys(("adc", "dwi", "trace", "b0"), "ADC"),
}
"""What names say, in lower case, and whose image lies on the same grid: an ADC map on that of its series."""

_DESC = re.compile(r"(t1w?|t2w?|flair|adc|dwi)lesions?(mask)?", re.IGNORECASE)
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
    words = {_CONTRASTS[word.lower()] for word in file.words if word.lower() in _CONTRASTS}
    if match := _DESC.fullmatch(file.entities.get("desc", "")):
        words |= {_CONTRASTS[match[1].lower()]} if match[1] else set()
    space = _CONTRASTS.get(file.entities.get("space", "").lower())
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


def _acquisition(file: File) -> dict[str, str]:
    """Return acq-, ce-, rec- and run- of a name; run-1 is run-01."""
    named = {entity: file.entities[entity] for entity in _ACQUISITION if entity in file.entities}
    return {key: value.lstrip("0") if key == "run" else value for key, value in named.items()}
