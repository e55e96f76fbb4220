"""Find lesion and brain masks by their names, and take one or none: never guess."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from cpimaging.bids.drawn_on import CONTRAST_WORDS
from cpimaging.bids.files import File, session_of
from cpimaging.bids.images import contrast_of
from cpimaging.types import CONTRASTS, InputError

LEVELS = ("lesions_dir", "derivatives", "raw")
"""Where a mask may lie, the one that counts first in front."""

LESION, BRAIN = "lesion mask", "brain mask"

SCAN_SPACES = frozenset({"orig", "native", "individual", "scanner", "subject", "anat"} | set(CONTRAST_WORDS))
"""`space-` values, in lower case, that mean the scanner's own space; any other is not taken for it."""

_LABEL = re.compile(r"L|[Ll]esions?")
_DESC = re.compile(rf"({'|'.join(CONTRAST_WORDS)})?lesions?(mask)?", re.IGNORECASE)
ANATOMY = re.compile(
    r"brain|synthstrip|bet|[gwb]m|csf|gr[ae]y|white|aseg|aparc|ribbon|tissue|ventric|skull|scalp|head|bone|face|"
    r"cortex|cortical|thalam|hippo|cerebell|hemi|atlas|vert|5tt|crop|fov",
    re.IGNORECASE,
)
"""How labels of anatomy begin."""

_MADE_OF_ONE = re.compile(
    r"inver|flip|mirror|contra|control|sham|dil|erod|exclu|uncert|healthy|normal(?!i[sz])|border|ring|rim|peri"
    r"|o?edema|not|non|background|outside|outer|complement|holes?$|penumbra|halo|buffer|grow|expan|shell|surround"
    r"|mni|std|standard|templat|warp|inv$|ero$|edge|contour|outline|skelet|bbox|bound|box$|sphere|centroid|seed"
    r"|dist(?:ance)?(?:map)?$|(?:dis)?connect|network|bad|wrong|reject|fail|draft|te?mp$|backup|bak$|obsolete",
    re.IGNORECASE,
)
"""How desc- labels begin of masks that are made from another and are not it, or lie in a template's space."""

_BRAIN = frozenset({"brain", "brainmask", "bet", "hdbet", "synthstrip"})
_BRAIN_SUFFIXES = frozenset({"brainmask", "bet"})
_ENTITY = {"participant": "sub", "session": "ses"}
_SUFFIXES = frozenset({*map(str.lower, CONTRASTS), "dwi"})


@dataclass(frozen=True)
class Wanted:
    """The scan that a mask is wanted for: its session, the sessions listed beside it, its reference."""

    session: str | None
    sessions: frozenset[str | None]
    reference: File | None


class Choice(NamedTuple):
    """The mask that was taken, if any, what was decided, and what stands in the way."""

    mask: File | None
    decisions: list[str]
    problems: list[str]


def is_lesion_mask(file: File) -> bool:
    """Tell whether a file's name is that of a lesion mask.

    Known: label-L, label-lesion or desc-lesion (also desc-T1lesion) with `_mask`, `_roi` or `_msk`;
    `_lesion`; `_lesion_mask`; `_msk`. In lesions_dir a bare `_mask` or `_roi`, or no suffix, is enough. Not
    those of an atlas, an anatomical seg-, a task or a statistic, nor one made from a lesion's (desc-dilated).
    """
    if _says_otherwise(file):
        return False
    *before, suffix = [word.lower() for word in file.words] or [""]
    label, desc = file.entities.get("label", ""), file.entities.get("desc", "")
    bare = not (label or desc or "seg" in file.entities or set(before) - _SUFFIXES)
    if suffix in {"lesion", "lesions", "lesionmask"}:
        return True
    if suffix not in {"mask", "roi", "msk"}:
        return suffix == "" and bare and file.level == "lesions_dir"
    if _LABEL.fullmatch(label) or _DESC.fullmatch(desc) or "lesion" in before:
        return True
    return bare and (suffix == "msk" or file.level == "lesions_dir")


def _says_otherwise(file: File) -> bool:
    """Tell whether a name that may be that of a lesion mask says that it is another."""
    said = file.entities
    desc = said.get("desc", "")
    made, seg = (
        _MADE_OF_ONE.match(desc) or desc.lower().startswith("brain"),
        ANATOMY.match(said.get("seg", "")),
    )
    return bool(made or seg or said.keys() & {"atlas", "task", "stat"})


def is_brain_mask(file: File) -> bool:
    """Tell whether a file's name is that of a brain mask of an anatomical image.

    Known: label-brain or desc-brain (-synthstrip, -hdbet, -bet) with `_mask`, as fMRIPrep and NiBabies
    write; `_brain_mask`, `_brainmask`; `_synthstrip_mask`; `_bet_mask` (BET, HD-BET 1) and `_bet`
    (HD-BET 2). Those of a functional series (task-) or made from a brain mask (desc-eroded) are not meant.
    """
    *before, suffix = [word.lower() for word in file.words] or [""]
    if "task" in file.entities or _MADE_OF_ONE.match(file.entities.get("desc", "")):
        return False
    said = {file.entities.get("label", "").lower(), file.entities.get("desc", "").lower(), *before}
    return suffix in _BRAIN_SUFFIXES or (suffix == "mask" and bool(said & _BRAIN))


def choose_mask(kind: str, files: Sequence[File], wanted: Wanted) -> Choice:
    """Take the one mask of a scan: in its space, of its session, from the highest level that has one.

    kind: LESION or BRAIN. files: the masks of this kind of the participant. Several at one level are
    a problem, and so is a lesion mask that names no session where there are several.
    """
    decisions: list[str] = []
    if kind == BRAIN and not (wanted.reference and contrast_of(wanted.reference) == "ADC"):
        files = [file for file in files if file.folder != "dwi"]  # on the grid of the diffusion series
    usable, unassigned = _of_scan(kind, files, wanted, decisions)
    if unassigned and not usable and kind == LESION:
        return Choice(None, decisions, unassigned)
    decisions += unassigned
    groups = [group for level in LEVELS if (group := [f for f in usable if f.level == level])]
    if not groups:
        return Choice(None, decisions, [])
    first = groups[0]
    if kind == BRAIN:
        first = _of_reference(_named_masks(first), wanted.reference)
    if len(first) > 1:
        names = ", ".join(file.shown for file in first)
        cure = "keep one, or set lesion_pattern" if kind == LESION else "keep one"
        problem = f"{len(first)} {kind}s in {first[0].level}, none is guessed: {names}; {cure}"
        return Choice(None, decisions, [problem])
    mask = first[0]
    for other in (file for group in groups for file in group if file is not mask):
        why = "it belongs to the reference image" if other.level == mask.level else f"{mask.level} goes first"
        decisions.append(f"{kind}: {mask.shown} is used, not {other.shown}: {why}")
    return Choice(mask, decisions, [])


def _of_scan(
    kind: str, files: Sequence[File], wanted: Wanted, decisions: list[str]
) -> tuple[list[File], list[str]]:
    """Return the masks that fit the scan, and a line on each that names no session where it must."""
    usable, unassigned = [], []
    only = next(iter(wanted.sessions)) if len(wanted.sessions) == 1 else None
    for file in files:
        session = session_of(file) or only
        if session not in wanted.sessions and session is not None:
            decisions.append(f"{kind}: {file.shown} is not used: no scan of session {session} is listed")
        elif session in wanted.sessions and session != wanted.session:
            continue
        elif not _in_scan_space(file, wanted.reference):
            space = file.entities["space"]
            decisions.append(f"{kind}: {file.shown} is not used: it lies in space {space}, not in the scan's")
        elif session is None and wanted.session is not None:
            unassigned.append(
                f"{kind}: {file.shown} is not used: it names no session, and there are several; "
                "add ses- to its name"
            )
        else:
            usable.append(file)
    return usable, unassigned


def _in_scan_space(file: File, reference: File | None) -> bool:
    space = file.entities.get("space")
    if space is None or space.lower() in SCAN_SPACES:
        return True
    return reference is not None and space == reference.entities.get("space")


def _named_masks(files: list[File]) -> list[File]:
    """Leave out `_bet` where the same image has `_bet_mask` or `_bet_bet`: there it is the brain itself."""
    stems = {file.name.partition(".")[0] for file in files}
    brains = {stem for stem in stems if stem.endswith("_bet") and {f"{stem}_mask", f"{stem}_bet"} & stems}
    return [file for file in files if file.name.partition(".")[0] not in brains]


def _of_reference(files: list[File], reference: File | None) -> list[File]:
    """Keep the brain masks made from the reference image, where the names tell which they are."""
    if reference is None or len(files) == 1:
        return files
    contrast = str(contrast_of(reference)).lower()
    same = [file for file in files if _contrasts(file) <= {contrast}] or files
    own = [file for file in same if _acquisition(file) == _acquisition(reference)]
    return own or same


def _contrasts(file: File) -> set[str]:
    return {file.entities.get("space", "").lower(), *(word.lower() for word in file.words)} & _SUFFIXES


def _acquisition(file: File) -> tuple[str | None, ...]:
    return tuple(file.entities.get(entity) for entity in ("acq", "ce", "rec", "run"))


def masks_of_pattern(pattern: str, files: Sequence[File]) -> list[File]:
    """Return the files that a lesion_pattern fits, with the labels that it reads from their paths.

    pattern: a path with {participant} and, if need be, {session} (labels without sub- and ses-; a
    session also counts if the file's name has one), `*` for anything within one folder, `**/` for
    any folders. It is the user's word: what it fits is a mask in the scan's space. Raises
    InputError where {participant} is missing, another {name} is used, or no file fits.
    """
    expression = re.compile(_expression(pattern))
    masks = []
    for file in files:
        match = expression.fullmatch(file.below)
        if match:
            read = {_ENTITY[name]: label for name, label in match.groupdict().items()}
            named = {key: label for key, label in file.entities.items() if key == "ses"}
            level = "raw" if file.level == "other" else file.level
            masks.append(replace(file, level=level, entities=named | read))
    if not masks:
        raise InputError(
            f"lesion_pattern={pattern}",
            "fits no file",
            "give a path below lesions_dir, or else below bids_dir, such as masks/sub-{participant}*.nii.gz",
        )
    return masks


def _expression(pattern: str) -> str:
    wildcards = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}
    parts: list[str] = []
    plain = re.sub(r"\*+(?=\*(?!/))", "", re.sub(r"(\*\*/)+", "**/", pattern))  # many in a row take for ever
    for token in re.split(r"(\*\*/|\*|\?|\{[^}]*\})", plain):
        name = token.strip("{}")
        if token.startswith("{") and name in _ENTITY:
            again = any(part.startswith(f"(?P<{name}>") for part in parts)
            parts.append(f"(?P={name})" if again else f"(?P<{name}>[A-Za-z0-9]+)")
        elif token.startswith("{"):
            raise InputError(
                f"lesion_pattern={pattern}", f"{token} is not known", "use {participant}, {session}"
            )
        else:
            parts.append(wildcards.get(token, re.escape(token)))
    if "{participant}" not in pattern:
        raise InputError(f"lesion_pattern={pattern}", "has no {participant}", "write {participant} in it")
    return "".join(parts)
