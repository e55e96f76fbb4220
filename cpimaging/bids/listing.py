"""List the scans of a BIDS dataset from file names alone."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cpimaging.bids.drawn_on import named_contrasts, names_no_image
from cpimaging.bids.files import (
    File,
    is_own_output,
    is_safe,
    natural,
    parse_file,
    read_description,
    session_of,
    walk,
)
from cpimaging.bids.images import choose_image
from cpimaging.bids.labels import Label, choose_labels
from cpimaging.bids.masks import (
    BRAIN,
    LESION,
    SCAN_SPACES,
    Wanted,
    choose_mask,
    is_lesion_mask,
    masks_of_pattern,
)
from cpimaging.bids.participants import Note, Participant, add_lesion_masks, add_unused, collect
from cpimaging.bids.scan import Scan
from cpimaging.bids.unused import other_side, unused_lines
from cpimaging.types import CONTRASTS, InputError, plain

_LABEL = re.compile(r"[0-9A-Za-z+]+")
_NOT_IN_A_LABEL = re.compile(r"[^0-9A-Za-z+]")
ONE_MASK = "give both sides in one mask named label-lesion"
_ANY_CONTRAST = f"{', '.join(CONTRASTS[:-1])} or {CONTRASTS[-1]}"


def list_scans(
    bids_dir: Path | str,
    *,
    lesions_dir: Path | str | None = None,
    output_dir: Path | str | None = None,
    participant_label: Label | Sequence[Label] | None = (),
    session_label: Label | Sequence[Label] | None = (),
    lesion_pattern: str | None = None,
) -> list[Scan]:
    """Return the scans of a dataset, one per participant and session, in natural order.

    Only file names are read, in one walk. Nothing below output_dir, and no dataset that this
    package wrote, is looked at. lesion_pattern (see masks.masks_of_pattern) is relative to lesions_dir,
    or else to bids_dir; where it fits no file of a scan, the usual names count, which is told. A session that
    holds no image of a contrast is listed only if it is asked for, or if its participant has no image at all.
    Raises InputError: no such folder, not a BIDS dataset, a label or pattern that nothing fits.
    """
    root, masks_root = _check_folders(bids_dir, lesions_dir, output_dir)
    aside = [Path(output_dir)] if output_dir else []
    given = _files_of_lesions_dir(root, masks_root, aside) if masks_root else None
    tree = walk(root, [*aside, masks_root] if masks_root else aside)
    files = [parse_file(path, _level(path)) for path in tree.images]
    participants = collect(root, tree, files)
    fitting, named = _lesion_masks(files, given, lesion_pattern)
    usual = _left_to_names(fitting, named, participants)
    add_lesion_masks(root, participants, [*fitting, *usual])
    add_unused(participants, [*(given or []), *files])
    if not participants:
        raise InputError(bids_dir, "has no sub-* folder", "give the folder that holds the sub-* folders")
    chosen = choose_labels("participant", participant_label, participants.keys()) or participants.keys()
    known = {session for label in chosen for session in participants[label].sessions}
    sessions = choose_labels("session", session_label, known)
    scans = [scan for label in chosen for scan in _scans(label, participants[label], sessions)]
    scans = _properly_named(scans)
    if fitting:
        by_name = {mask.path for mask in usual}
        scans = [_told_by_name(scan, by_name) for scan in scans]
    return sorted(scans, key=lambda scan: (natural(scan.participant), natural(scan.session or "")))


def single_scan(
    images: Mapping[str, Path | str],
    lesion: Path | str | None = None,
    brain_mask: Path | str | None = None,
    label: str = "sub-01",
) -> Scan:
    """Return one scan without a BIDS dataset, its paths as given.

    images: contrast (T1w, T2w, FLAIR, ADC) to path. label: "sub-01" or "sub-01_ses-02".
    Raises InputError where there is no image, or a contrast or the label is not of that form.
    """
    unknown = [contrast for contrast in images if contrast not in CONTRASTS]
    if unknown or not images:
        problem = f"contrast {unknown[0]} is not known" if unknown else "no image is given"
        raise InputError(label, problem, f"give one or more of {', '.join(CONTRASTS)}")
    name = parse_file(label, "raw")
    participant, session = name.entities.get("sub", ""), name.entities.get("ses")
    scan = Scan(
        participant,
        session,
        {contrast: Path(images[contrast]).as_posix() for contrast in CONTRASTS if contrast in images},
        None if lesion is None else Path(lesion).as_posix(),
        "none" if lesion is None else "given",
        None if brain_mask is None else Path(brain_mask).as_posix(),
    )
    if scan.label != label or not _is_proper(participant, session):
        raise InputError(label, "is not a label", "write it as sub-01 or sub-01_ses-02, letters and digits")
    return scan


def _is_proper(participant: str, session: str | None) -> bool:
    labels = [participant] if session is None else [participant, session]
    return all(_LABEL.fullmatch(label) for label in labels)


def _check_folders(
    bids_dir: Path | str, lesions_dir: Path | str | None, output_dir: Path | str | None
) -> tuple[Path, Path | None]:
    """Return bids_dir and lesions_dir, both resolved, once they are fit to be read."""
    root = Path(os.path.realpath(bids_dir))
    if not root.is_dir():
        raise InputError(bids_dir, "no such folder", "check bids_dir")
    if not is_safe(str(root)):
        raise InputError(bids_dir, "has braces or unprintable characters in its path", "rename the folder")
    if not os.path.lexists(root / "dataset_description.json"):
        raise InputError(
            bids_dir,
            "is not a BIDS dataset: it has no dataset_description.json",
            'give the dataset\'s top folder, or write {"Name": "…", "BIDSVersion": "1.10.0"} into that file',
        )
    read_description(root)
    if is_own_output(root):
        raise InputError(
            bids_dir, "holds results of this workflow", "give the dataset that they were made from"
        )
    output = Path(os.path.realpath(output_dir)) if output_dir else None
    if output == root:
        raise InputError(bids_dir, "is also the output_dir", "choose another output_dir")
    if output and output.is_relative_to(root) and output.relative_to(root).parts[0].startswith("sub-"):
        raise InputError(output, "lies in the folder of a participant", "choose another output_dir")
    if not lesions_dir:
        return root, None
    masks_root = Path(os.path.realpath(lesions_dir))
    if not masks_root.is_dir():
        raise InputError(lesions_dir, "no such folder", "check lesions_dir")
    own = masks_root != root and is_own_output(masks_root)
    if own or (output and masks_root.is_relative_to(output) and not root.is_relative_to(output)):
        raise InputError(
            lesions_dir, "holds results of this workflow", "copy the masks that a reader has seen elsewhere"
        )
    return root, masks_root


def _properly_named(scans: Iterable[Scan]) -> list[Scan]:
    """Give scans that cannot be processed for their label a label that files can have."""
    proper = [scan for scan in scans if _is_proper(scan.participant, scan.session)]
    taken = {scan.label for scan in proper}
    for scan in scans:
        if not _is_proper(scan.participant, scan.session):
            participant = _NOT_IN_A_LABEL.sub("", scan.participant) or "unnamed"
            session = scan.session and (_NOT_IN_A_LABEL.sub("", scan.session) or "unnamed")
            named = replace(scan, participant=participant, session=session)
            while named.label in taken:
                named = replace(named, participant=f"{named.participant}x")
            taken.add(named.label)
            proper.append(named)
    return proper


def _level(path: str) -> str:
    top = path.partition("/")[0]
    if top == "derivatives":
        return "derivatives"
    return "raw" if top.startswith("sub-") else "other"


def _files_of_lesions_dir(root: Path, masks_root: Path, aside: Sequence[Path]) -> list[File]:
    """Return the files of lesions_dir; their paths are relative to bids_dir where it lies below that."""
    inside = masks_root.is_relative_to(root)
    front = (masks_root.relative_to(root) if inside else masks_root).as_posix() + "/"
    front = "" if front == "./" else front
    shown = front if inside else "lesions_dir/"
    return [parse_file(path, "lesions_dir", front, shown) for path in walk(masks_root, aside).images]


def _lesion_masks(
    files: list[File], given: list[File] | None, pattern: str | None
) -> tuple[list[File], list[File]]:
    """Return the lesion masks that the pattern fits, and those of usual names.

    given: the files of lesions_dir, None where there is no such setting.
    """
    fitting = masks_of_pattern(pattern, files if given is None else given) if pattern else []
    masks = [file for file in given or [] if is_lesion_mask(file)]
    if given is not None and not (masks or fitting):
        raise InputError(
            "lesions_dir",
            "no file in it has the name of a lesion mask",
            "name them sub-<label>[_ses-<label>]_label-L_mask.nii.gz, or set lesion_pattern",
        )
    masks += [file for file in files if file.level in ("derivatives", "raw") and is_lesion_mask(file)]
    return fitting, masks


def _left_to_names(
    fitting: Sequence[File], named: Sequence[File], participants: Mapping[str, Participant]
) -> list[File]:
    """Return the masks of usual names for scans that lesion_pattern leaves out; tell of the others."""
    sessions: defaultdict[str, set[str | None]] = defaultdict(set)
    for mask in fitting:
        sessions[mask.entities.get("sub", "")].add(session_of(mask))
    taken, usual = {mask.path for mask in fitting}, []
    for mask in named:
        label = mask.entities.get("sub", "")
        if not _is_served(mask, sessions[label]):
            usual.append(mask)
        elif mask.path not in taken and label in participants:
            line = f"{LESION}: {mask.shown} is not used: lesion_pattern fits another of this scan"
            participants[label].notes.append(Note(session_of(mask), line, False))
    return usual


def _is_served(mask: File, sessions: Collection[str | None]) -> bool:
    """Tell whether masks of some sessions (None: of any) stand for a mask; those of others do not."""
    own = session_of(mask)
    return bool(sessions) and (own is None or own in sessions or None in sessions)


def _told_by_name(scan: Scan, by_name: Collection[str]) -> Scan:
    """Say of a mask which lesion_pattern does not fit that it counts by its name."""
    if scan.lesion_mask not in by_name:
        return scan
    line = f"{LESION}: lesion_pattern fits none of this scan; one of the usual names is used"
    return replace(scan, decisions=(*scan.decisions, line))


def _scans(label: str, participant: Participant, asked: frozenset[str] | None) -> list[Scan]:
    """Return a participant's scans, those of the sessions that are asked for (None: of all)."""
    filled = participant.images.keys() | participant.misplaced.keys()
    all_sessions: set[str | None] = set(filled) or set(participant.sessions) or {None}
    empty = participant.sessions - all_sessions
    listed = all_sessions if asked is None else (all_sessions | empty) & asked
    ordered = sorted(listed, key=lambda session: natural(session or ""))
    scans = [_scan(label, session, participant, frozenset(all_sessions)) for session in ordered]
    if asked is None and empty:
        names = ", ".join(f"ses-{session}" for session in sorted(empty, key=natural))
        line = f"not listed, without any {_ANY_CONTRAST} image: {names}"
        scans[0] = replace(scans[0], decisions=(line, *scans[0].decisions))
    return scans


def _scan(
    label: str, session: str | None, participant: Participant, all_sessions: frozenset[str | None]
) -> Scan:
    decisions: list[str] = []
    chosen: dict[str, File] = {}
    for contrast in CONTRASTS:
        if files := participant.images.get(session, {}).get(contrast):
            chosen[contrast], passed_over = choose_image(contrast, files)
            decisions += passed_over
        decisions += _of_other_space(contrast, chosen.get(contrast))
    wanted = Wanted(session, all_sessions, next(iter(chosen.values()), None))
    lesion = choose_mask(LESION, participant.lesion_masks, wanted)
    decisions += _of_no_image(lesion.mask, participant.images.get(session, {}))
    sides = other_side(lesion.mask, participant.unused) if lesion.mask else None
    if sides:
        lesion.problems.append(f"{LESION}: {sides} lies beside it, so label-L may mean left; {ONE_MASK}")
    brain = choose_mask(BRAIN, participant.brain_masks, wanted)
    told = [note for note in participant.notes if note.session in (None, session)]
    decisions += [note.line for note in told if not note.is_problem]
    unused = unused_lines(participant.unused, session, mask_taken=lesion.mask is not None)
    problems = [*participant.misplaced.get(session, []), *(note.line for note in told if note.is_problem)]
    if not chosen and not problems:
        problems.append(f"no {_ANY_CONTRAST} image")
    if not _is_proper(label, session):
        folder = plain(f"sub-{label}" if session is None else f"sub-{label}/ses-{session}")
        problems.append(f"{folder}: a label may hold letters and digits only; rename its folders and files")
    return Scan(
        label,
        session,
        {contrast: file.path for contrast, file in chosen.items()},
        lesion.mask.path if lesion.mask else None,
        lesion.mask.level if lesion.mask else "none",
        brain.mask.path if brain.mask else None,
        tuple(decisions + lesion.decisions + unused + brain.decisions),
        tuple(problems + lesion.problems + brain.problems),
    )


def _of_no_image(mask: File | None, images: Mapping[str, Sequence[File]]) -> list[str]:
    """Say where a mask names an acquisition or run of which there is no image."""
    drawn_on = named_contrasts(mask.name) if mask else (None, None)
    if mask is None or {*drawn_on} - {None, *images}:  # not of these images
        return []
    listed = [image for files in images.values() for image in files]
    if not listed or not (named := names_no_image(mask, listed)):
        return []
    what = f"names {plain(named)}, of which no image is listed"
    return [f"{LESION}: {mask.shown} {what}; check what it was drawn on"]


def _of_other_space(contrast: str, image: File | None) -> list[str]:
    """Say where an image is named after a space that is not the scanner's."""
    space = image.entities.get("space", "orig") if image else "orig"
    if space.lower() in SCAN_SPACES or image is None:
        return []
    return [f"{contrast}: {image.name} is named space-{plain(space)}: its volumes are those of that space"]
