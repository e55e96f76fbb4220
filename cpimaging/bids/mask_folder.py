"""List lesion masks that lie in template space, from file names alone; there are no images beside them."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from cpimaging.bids.files import File, is_own_file, natural, parse_file, walk
from cpimaging.bids.listing import Scan
from cpimaging.bids.masks import SCAN_SPACES
from cpimaging.bids.participants import UNSAFE
from cpimaging.imagefiles import stem
from cpimaging.types import InputError, plain

SOURCE = "masks_dir"
"""lesion_source of the scans that are listed here."""

_NOT_IN_A_LABEL = re.compile(r"[^0-9A-Za-z+]")


def list_masks(folder: Path | str, pattern: str = "*", skip: Iterable[Path] = ()) -> list[Scan]:
    """Return one scan without images per image file below `folder`, in natural order.

    Participant and session are taken from sub- and ses- in the name; without them the participant's label is
    the name itself, letters and digits only. pattern: file names that are meant, with * and ?. skip: folders
    that are left out. A mask that cannot be used has its reason in `problems`: its name says that it lies in
    the scan's own space, another file has the same labels, or its path is no plain text. The frequency map of
    an earlier run in the same folder is left out. Raises InputError where no file fits.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "give the folder of the lesion masks")
    tree = walk(folder, skip)
    files = [parse_file(path, SOURCE) for path in tree.images]
    files = [file for file in files if fnmatchcase(file.name, pattern) and not _is_own_map(folder, file)]
    if not files and not tree.closed:
        raise InputError(folder, f"holds no image file named {pattern}", "check the folder and the pattern")
    named: dict[tuple[str, str | None], list[File]] = {}
    for file in files:
        named.setdefault(_labels(file), []).append(file)
    scans = [_scan(*labels, file, same) for labels, same in named.items() for file in same]
    scans += [_closed(path) for path in tree.closed]
    return sorted(scans, key=lambda scan: (natural(scan.label), natural(str(scan.lesion_mask))))


def _labels(file: File) -> tuple[str, str | None]:
    """Return the participant's and the session's label."""
    participant = _NOT_IN_A_LABEL.sub("", file.entities.get("sub") or stem(file.name))
    return participant or "unnamed", _NOT_IN_A_LABEL.sub("", file.entities.get("ses", "")) or None


def _is_own_map(folder: Path, file: File) -> bool:
    """Tell whether a file is the frequency map of an earlier run in the same folder."""
    return file.name.startswith("group_") and is_own_file(folder / file.below)


def _closed(folder: str) -> Scan:
    """Return what stands for the masks of a folder that cannot be opened."""
    label = _NOT_IN_A_LABEL.sub("", folder.rpartition("/")[2].removeprefix("sub-")) or "unnamed"
    problem = f"{plain(folder)}: cannot be opened; check its permissions"
    return Scan(label, None, {}, folder, SOURCE, problems=(problem,))


def _scan(participant: str, session: str | None, file: File, same: list[File]) -> Scan:
    problems = [] if file.safe else [f"{file.shown}: {UNSAFE}"]
    space = file.entities.get("space", "")
    if space.lower() in SCAN_SPACES:
        problems.append(f"{file.shown}: lies in space {space}, the scan's own; a template's space is needed")
    if len(same) > 1:
        names = ", ".join(other.shown for other in same)
        problems.append(f"{len(same)} masks have these labels, none is guessed: {names}; keep one of them")
    return Scan(participant, session, {}, file.below, SOURCE, problems=tuple(problems))
