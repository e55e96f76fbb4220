"""List lesion masks that lie in template space, from file names alone; there are no images beside them."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from cpimaging.bids.files import File, is_own_file, natural, parse_file, walk
from cpimaging.bids.images import part_of
from cpimaging.bids.masks import ANATOMY, SCAN_SPACES, is_brain_mask
from cpimaging.bids.participants import UNSAFE
from cpimaging.bids.scan import Scan
from cpimaging.bids.unused import LESION_WORDS
from cpimaging.imagefiles import stem
from cpimaging.types import CONTRASTS, InputError, plain

SOURCE = "masks_dir"
"""lesion_source of the scans that are listed here."""

NAMED = "the name of the mask says"
"""How lines begin that tell of a name that is not quite what the study says."""

FAMILY = ("MNI", "ICBM152")
"""How names begin of spaces whose templates show the same people in about the same frame."""

_NOT_IN_A_LABEL = re.compile(r"[^0-9A-Za-z+]")


def list_masks(
    folder: Path | str, pattern: str = "*", skip: Iterable[Path] = (), space: str = ""
) -> list[Scan]:
    """Return one scan without images per image file below `folder`, in natural order.

    Participant and session are taken from sub- and ses- in the name; without them the participant's label is
    the name itself, letters and digits only. pattern: file names that are meant, with * and ?. skip: folders
    that are left out. space: that the masks are said to lie in. A mask that cannot be used has its reason in
    `problems`: by its name it lies in another space, shows a brain or an image, or is a part of a mask,
    another file has the same labels, or its path is no plain text. The frequency map of an earlier run in the
    same folder is left out. Raises InputError where no file fits.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "give the folder of the lesion masks")
    tree = walk(folder, skip)
    files = [parse_file(path, SOURCE) for path in tree.images]
    files = [f for f in files if fnmatchcase(f.name, pattern) and not _is_own_map(folder, f)]
    if not files and not tree.closed:
        raise InputError(folder, f"holds no image file named {pattern}", "check the folder and the pattern")
    named: dict[tuple[str, str | None], list[File]] = {}
    for file in files:
        named.setdefault(_labels(file), []).append(file)
    scans = [_scan(*labels, file, same, space) for labels, same in named.items() for file in same]
    scans += [_closed(path, *why) for path, why in tree.closed.items()]
    return sorted(scans, key=lambda scan: (natural(scan.label), natural(str(scan.lesion_mask))))


def _labels(file: File) -> tuple[str, str | None]:
    """Return the participant's and the session's label."""
    participant = _NOT_IN_A_LABEL.sub("", file.entities.get("sub") or stem(file.name))
    return participant or "unnamed", _NOT_IN_A_LABEL.sub("", file.entities.get("ses", "")) or None


def _is_own_map(folder: Path, file: File) -> bool:
    """Tell whether a file is the frequency map of an earlier run in the same folder."""
    return file.name.startswith("group_") and is_own_file(folder / file.below)


def _closed(folder: str, problem: str, cure: str) -> Scan:
    """Return what stands for the masks of a folder that is not read."""
    label = _NOT_IN_A_LABEL.sub("", folder.rpartition("/")[2].removeprefix("sub-")) or "unnamed"
    return Scan(label, None, {}, folder, SOURCE, problems=(f"{plain(folder)}: {problem}; {cure}",))


def _scan(participant: str, session: str | None, file: File, same: list[File], space: str) -> Scan:
    problems = [] if file.safe else [f"{file.shown}: {UNSAFE}"]
    decisions = []
    if not in_space(file, space):
        own, needed = file.entities["space"], space or "a template's space"
        why = "the scan's own" if own.lower() in SCAN_SPACES else "another"
        problems.append(f"{file.shown}: lies in space {plain(own)}, {why}; {needed} is needed")
    elif file.entities.get("space", space) != space:
        decisions.append(f"{NAMED} space-{plain(file.entities['space'])}, taken for {space}")
    if part := part_of(file):
        problems.append(f"{file.shown}: is a part of a mask by its name ({part}); join the parts in one")
    if _is_another(file):
        problems.append(f"{file.shown}: its name is not that of a lesion mask; choose masks by a pattern")
    same = [file for file in same if not _is_another(file)]
    if len(same) > 1 and file in same:
        names = ", ".join(other.shown for other in same)
        problem = f"{len(same)} masks have these labels, none is guessed: {names}"
        problems.append(f"{problem}; name them after their participants, or keep one")
    return Scan(
        participant, session, {}, file.below, SOURCE, decisions=tuple(decisions), problems=tuple(problems)
    )


def _is_another(file: File) -> bool:
    """Tell whether a name is that of a brain mask, of a tissue or structure, or of an image."""
    shown = [file.entities[key] for key in ("label", "seg") if key in file.entities]
    anatomy = any(map(ANATOMY.match, shown)) and not LESION_WORDS.search(file.name)
    return anatomy or is_brain_mask(file) or file.words[-1:] in {(contrast,) for contrast in CONTRASTS}


def in_space(file: File, space: str) -> bool:
    """Tell whether a mask may lie in a space by its name: that, one of the same family, or none is named."""
    own = file.entities.get("space")
    if own is None or own == space or not space:
        return own is None or own.lower() not in SCAN_SPACES
    return own.startswith(FAMILY) and space.startswith(FAMILY)
