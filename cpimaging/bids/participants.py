"""Sort the files of a dataset by participant: images, masks, and what is told of all others."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cpimaging.bids.files import File, Tree, is_own_file, participant_folder, session_folder
from cpimaging.bids.images import contrast_of, part_of, why_not
from cpimaging.bids.masks import BRAIN, LESION, is_brain_mask
from cpimaging.bids.rows import Names
from cpimaging.bids.unused import Unused, participant_of, unused_masks
from cpimaging.types import InputError, plain

_EMPTY_ROOM = "sub-emptyroom"  # BIDS: noise of the MEG room, nobody in it
UNSAFE = "its path holds braces or unprintable characters; rename it"


class Note(NamedTuple):
    """What is told of the scans of a session, None for all: as a decision, or as what stands in their way."""

    session: str | None
    line: str
    is_problem: bool


@dataclass(frozen=True)
class Participant:
    """One participant's files: images per session and contrast, misplaced ones, masks."""

    sessions: set[str] = field(default_factory=set)
    images: dict[str | None, dict[str, list[File]]] = field(default_factory=dict)
    misplaced: dict[str | None, list[str]] = field(default_factory=dict)
    lesion_masks: list[File] = field(default_factory=list)
    brain_masks: list[File] = field(default_factory=list)
    unused: list[Unused] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def collect(root: Path, tree: Tree, files: Iterable[File]) -> dict[str, Participant]:
    """Return the participants of a dataset with their images and brain masks.

    Raises InputError for a folder that is not read and is of no participant.
    """
    found: dict[str, Participant] = {}
    for folder in tree.folders:
        top, _, below = folder.partition("/")
        if not top.startswith("sub-") or top == _EMPTY_ROOM:
            continue
        participant = found.setdefault(top[4:], Participant())
        if below.startswith("ses-") and "/" not in below:
            participant.sessions.add(below[4:])
    for file in files:
        if file.level == "raw" and (here := found.get(_folder_label(file.below))):
            _add_raw(here, file)
        if file.level != "other" and is_brain_mask(file) and file.entities.get("sub") in found:
            owner = found[file.entities["sub"]]
            _add_mask(root, BRAIN, owner, owner.brain_masks, file)
    _add_closed(root, found, tree.closed)
    return found


def add_lesion_masks(root: Path, found: Mapping[str, Participant], masks: Iterable[File]) -> None:
    """Add the lesion masks to their participants; one of "sub-1" is not that of "sub-01", but is told."""
    names = Names(found)
    for mask in masks:
        label = mask.entities.get("sub", "")
        if participant := found.get(label):
            _add_mask(root, LESION, participant, participant.lesion_masks, mask)
        elif alike := names.find(label):
            line = (
                f"{LESION}: {mask.shown} is not used: its participant is written otherwise than sub-{alike}; "
                "where it is the same, rename the mask"
            )
            found[alike].notes.append(Note(None, line, False))


def add_unused(found: Mapping[str, Participant], files: Iterable[File]) -> None:
    """Add the files that look like lesion masks and are not taken for one to their participants."""
    for unused in unused_masks(files):
        participant = found.get(participant_of(unused.file) or "")
        if participant and all(mask.path != unused.file.path for mask in participant.lesion_masks):
            participant.unused.append(unused)


def _folder_label(path: str) -> str:
    return path.partition("/")[0].removeprefix("sub-")


def _session_folder(path: str) -> str | None:
    """Return the session whose folder a path of the raw data lies in."""
    below = path.partition("/")[2]
    return below.partition("/")[0].removeprefix("ses-") if below.startswith("ses-") else None


def _add_raw(participant: Participant, file: File) -> None:
    session, contrast = _session_folder(file.below), contrast_of(file)
    if contrast is None:
        if why := why_not(file):
            participant.notes.append(Note(session, f"{file.shown} is not used: {why}", False))
    elif not file.safe:
        participant.misplaced.setdefault(session, []).append(f"{file.shown}: {UNSAFE}")
    elif file.entities.get("sub") == _folder_label(file.below) and file.entities.get("ses") == session:
        participant.images.setdefault(session, defaultdict(list))[contrast].append(file)
    else:
        line = f"{file.shown}: its name does not agree with its folder; rename it or move it"
        participant.misplaced.setdefault(session, []).append(line)


def _add_mask(root: Path, kind: str, participant: Participant, masks: list[File], mask: File) -> None:
    """Add a mask to those of its participant, unless its name stops the workflow or we made it ourselves."""
    session = mask.entities.get("ses")
    if not mask.safe:
        participant.notes.append(Note(session, f"{kind} {mask.shown}: {UNSAFE}", True))
    elif problem := _whose(mask) or _whole(mask):
        line = f"{kind}: {mask.shown} is not used: {problem}"
        participant.notes.append(Note(session, line, kind == LESION))
    elif is_own_file(root / mask.path):
        line = (
            f"{kind}: {mask.shown} is not used: its sidecar says that this software made it; "
            "where a reader has corrected it, take the sidecar away"
        )
        participant.notes.append(Note(session, line, False))
    else:
        masks.append(mask)


def _whose(mask: File) -> str:
    """Return what is wrong where a mask's name tells of another person or session than its folder."""
    named, folders = mask.entities, (participant_folder(mask), session_folder(mask))
    for key, folder in zip(("sub", "ses"), folders, strict=True):
        if folder is not None and named.get(key, folder) != folder:
            return "its name does not agree with its folder; rename it or move it"
    return ""


def _whole(mask: File) -> str:
    """Return what is wrong where a mask's name says that it is a part of one."""
    part = part_of(mask)
    return f"it is a part of a mask by its name ({part}); join the parts in one" if part else ""


def _add_closed(root: Path, found: dict[str, Participant], closed: Mapping[str, tuple[str, str]]) -> None:
    """Make a folder that is not read a problem of its participant. Raises InputError for others."""
    for folder, (problem, cure) in closed.items():
        raw = folder.startswith("sub-")
        label = next((part[4:] for part in folder.split("/") if part.startswith("sub-")), "")
        if raw:
            found.setdefault(label, Participant())
        elif label not in found:
            raise InputError(root / folder, problem, cure)
        line = f"{plain(folder)}: {problem}; {cure}"
        if raw:
            found[label].misplaced.setdefault(_session_folder(f"{folder}/"), []).append(line)
        else:
            found[label].notes.append(Note(None, line, True))
