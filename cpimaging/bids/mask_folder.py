"""List lesion masks that lie in template space, from file names alone; there are no images beside them."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from cpimaging.bids.files import File, natural, parse_file, walk
from cpimaging.bids.listing import Scan
from cpimaging.bids.masks import SCAN_SPACES
from cpimaging.types import InputError

SOURCE = "masks_dir"
"""lesion_source of the scans that are listed here."""

_NOT_IN_A_LABEL = re.compile(r"[^0-9A-Za-z+]")


def list_masks(folder: Path | str, pattern: str = "*", skip: Iterable[Path] = ()) -> list[Scan]:
    """Return one scan without images per NIfTI file below `folder`, in natural order.

    Participant and session are taken from sub- and ses- in the name; without them the participant's label is
    the name itself, letters and digits only. pattern: file names that are meant, with * and ?. skip: folders
    that are left out. A mask that cannot be used has its reason in `problems`: its name says that it lies in
    the scan's own space, or another file has the same labels. Raises InputError where no file fits.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(folder, "no such folder", "give the folder of the lesion masks")
    files = [parse_file(path, SOURCE) for path in walk(folder, skip).images]
    files = [file for file in files if fnmatchcase(file.name, pattern) and not file.name.startswith(".")]
    if not files:
        raise InputError(folder, f"holds no NIfTI file named {pattern}", "check the folder and the pattern")
    named: dict[tuple[str, str | None], list[File]] = {}
    for file in files:
        named.setdefault(_labels(file), []).append(file)
    scans = [_scan(*labels, file, same) for labels, same in named.items() for file in same]
    return sorted(scans, key=lambda scan: (natural(scan.label), natural(str(scan.lesion_mask))))


def _labels(file: File) -> tuple[str, str | None]:
    """Return the participant's and the session's label."""
    stem = file.name.removesuffix(".gz").removesuffix(".nii")
    participant = _NOT_IN_A_LABEL.sub("", file.entities.get("sub") or stem)
    return participant or "unnamed", _NOT_IN_A_LABEL.sub("", file.entities.get("ses", "")) or None


def _scan(participant: str, session: str | None, file: File, same: list[File]) -> Scan:
    problems = []
    space = file.entities.get("space", "")
    if space.lower() in SCAN_SPACES:
        problems.append(f"{file.below}: lies in space {space}, the scan's own; a template's space is needed")
    if len(same) > 1:
        names = ", ".join(other.below for other in same)
        problems.append(f"{len(same)} masks have these labels, none is guessed: {names}")
    return Scan(participant, session, {}, file.below, SOURCE, problems=tuple(problems))
