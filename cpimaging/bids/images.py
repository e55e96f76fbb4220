"""Which image of a scan serves for a contrast, and why."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from cpimaging.bids.files import File
from cpimaging.imagefiles import NOT_READ
from cpimaging.types import CONTRASTS, plain

_LOW_RESOLUTION = re.compile(r"low|scout|locali[sz]er|survey", re.IGNORECASE)
_VOLUMETRIC = re.compile(r"3d|iso|mprage|mp2rage|bravo|space|spc|vista|cube|high?res", re.IGNORECASE)
_SLICES = re.compile(r"2d|^(ax|tra|cor|sag)", re.IGNORECASE)
_DEFACED = re.compile(r"deface|refaced", re.IGNORECASE)
_STILL_AN_IMAGE = re.compile(
    r"preproc|deface|reface|brain|skull|strip|denois|n4|bias?.?corr|corr|restor|norm|orig|reori|resamp|crop|raw|"
    r"whole|full|clean|unbias|mean|av(era)?g|median|combin|merge|regist|coreg|align|iso|hi?.?res|3d|sr|recon|adc|trace",
    re.IGNORECASE,
)
"""desc- labels of images that show the head; a bias field, a map of noise or a model of the scan do not."""


_PARTS = ("hemi", "hemisphere", "side", "split", "chunk")
_NOT_THE_HEAD = re.compile(
    r"(?:[a-z]?spin|neck|cord|lumb|thora|abdom|pelvi|knee|hip|heart|cardi)", re.IGNORECASE
)


_FLAIR = re.compile(r"flair|dark_?-?fl", re.IGNORECASE)
_ALMOST = {"t1": "T1w", "t1w": "T1w", "mprage": "T1w", "t2": "T2w", "t2w": "T2w"} | dict.fromkeys(
    ("flair", "t2flair", "t2wflair"), "FLAIR"
)
"""How images are called that BIDS calls otherwise, in lower case."""


def part_of(file: File) -> str | None:
    """Return the entity by which a file says that it holds only a part, such as "hemi-L", or None."""
    return next((f"{key}-{file.entities[key]}" for key in _PARTS if key in file.entities), None)


def _elsewhere(file: File) -> str | None:
    """Return the entity by which an image says that it shows another part of the body, or None."""
    labels = ((key, file.entities.get(key, "")) for key in ("acq", "bp", "bodypart"))
    return next((f"{key}-{label}" for key, label in labels if _NOT_THE_HEAD.match(label)), None)


def _is_flair(file: File) -> bool:
    """Tell whether a T2w is a FLAIR by its acq- label: there fluid is dark."""
    return file.words == ("T2w",) and bool(_FLAIR.search(file.entities.get("acq", "")))


def contrast_of(file: File) -> str | None:
    """Return the contrast that a raw file shows by its name, or None.

    ADC maps are `_ADC`, `_adc`, or `_dwi` with rec-ADC or desc-ADC (scanner-made maps of public
    stroke datasets). One part of a complex image (part-phase, -real, -imag), a part of the head (hemi-,
    split-, chunk-) and a spine show none.
    """
    if len(file.words) != 1 or file.entities.get("part", "mag") != "mag":
        return None
    if part_of(file) or _elsewhere(file) or _is_flair(file):
        return None
    if file.folder not in {"anat", "dwi"} and not file.folder.startswith(("sub-", "ses-")):
        return None
    suffix = file.words[0]
    if not _STILL_AN_IMAGE.match(file.entities.get("desc", "raw")):
        return None
    made = {file.entities.get("rec", "").upper(), file.entities.get("desc", "").upper()}
    if suffix in {"ADC", "adc"} or (suffix == "dwi" and "ADC" in made):
        return "ADC"
    return suffix if suffix in CONTRASTS else None


def why_not(file: File) -> str | None:
    """Return why a raw file that may be expected to be used as an image is not; None for all others."""
    if file.words in (("UNIT1",), ("MP2RAGE",)) and file.folder == "anat":
        return (
            "MP2RAGE is not read: its background is noise; "
            "take the noise out and save it as T1w (the name _T1w, without desc-)"
        )
    suffix = file.words[0] if len(file.words) == 1 and file.folder == "anat" else ""
    if suffix.lower() in _ALMOST and suffix not in CONTRASTS:
        return f"_{plain(suffix)} is no ending of BIDS; if it is one, rename it to _{_ALMOST[suffix.lower()]}"
    if _is_flair(file):
        return (
            "it is a FLAIR by its acq- label and a T2w by its ending; if it is a FLAIR, rename it to _FLAIR"
        )
    desc = file.entities.get("desc")
    if not file.words or file.words[-1] not in CONTRASTS or contrast_of(file):
        return None
    if part := part_of(file):
        return f"{part} is a part of an image; join the parts in one"
    if place := _elsewhere(file):
        return f"{place} is no image of the head by its name"
    if desc:
        return f"desc-{desc} is not known as an image of the head; if it is one, leave desc- out"
    return None


def _sharpness(file: File) -> int:
    acquisition = file.entities.get("acq", "")
    if _LOW_RESOLUTION.search(acquisition):
        return 3
    if _VOLUMETRIC.search(acquisition):
        return 0
    return 2 if _SLICES.search(acquisition) else 1


def _number(file: File, entity: str) -> int:
    value = file.entities.get(entity, "")
    return int(value) if value.isdecimal() else 0


class _Preference(NamedTuple):
    reason: str
    key: Callable[[File], Any]  # the lower, the better


_PREFERENCES = (
    _Preference("its format is read", lambda f: f.name.lower().endswith(NOT_READ)),
    _Preference("it is without contrast agent", lambda f: "ce" in f.entities),
    _Preference("it is not defaced", lambda f: any(_DEFACED.search(v) for v in f.entities.values())),
    _Preference(
        "it is as acquired (no rec-, desc- or space-)",
        lambda f: sum(entity in f.entities for entity in ("rec", "desc", "space")),
    ),
    _Preference("its acq- label tells of higher resolution", _sharpness),
    _Preference(
        "it is whole, not one echo or inversion", lambda f: "echo" in f.entities or "inv" in f.entities
    ),
    _Preference("it has the plainer name", lambda f: len(f.entities.keys() - {"run"})),
    _Preference("it is the earlier echo", lambda f: _number(f, "echo")),
    _Preference(
        "it is the later run (a scan is usually repeated because the one before was not good)",
        lambda f: -_number(f, "run"),
    ),
    _Preference("it is NIfTI", lambda f: ".nii" not in f.name.lower()),
    _Preference("it is compressed", lambda f: not f.name.endswith(".gz")),
    _Preference("it comes first by name, nothing else tells them apart", lambda f: f.path),
)


def choose_image(contrast: str, files: Sequence[File]) -> tuple[File, list[str]]:
    """Return the preferred of several images of a contrast, and one line per image passed over."""
    best = min(files, key=_rank)
    lines = [
        f"{contrast}: {best.name} is used, not {other.name}: {_reason(best, other)}"
        for other in files
        if other is not best
    ]
    return best, lines


def _rank(file: File) -> tuple[Any, ...]:
    return tuple(preference.key(file) for preference in _PREFERENCES)


def _reason(best: File, other: File) -> str:
    return next(p.reason for p in _PREFERENCES if p.key(best) != p.key(other))
