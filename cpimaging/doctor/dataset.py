"""What a dataset holds: scans, ages, masks, and what is not understood. Headers are read, no voxels."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cpimaging.bids.checks import check_scan
from cpimaging.bids.demographics import with_demographics
from cpimaging.bids.files import File, parse_file, walk
from cpimaging.bids.images import contrast_of, why_not
from cpimaging.bids.listing import list_scans
from cpimaging.bids.masks import is_brain_mask, is_lesion_mask
from cpimaging.bids.scan import Scan
from cpimaging.bids.unused import unused_masks
from cpimaging.doctor.found import Found, refused
from cpimaging.planner import head_sizes
from cpimaging.types import CONTRASTS, InputError

OTHERS = (
    "PDw PDT2 T2star T2starw inplaneT1 inplaneT2 angio UNIT1 defacemask VFA IRT1 MP2RAGE MESE MEGRE "
    "MTR MTS MPM MTRmap MTsat MTVmap T1map T2map T2starmap R1map R2map R2starmap PDmap PDT2map M0map "
    "S0map MWFmap RB1COR FLASH Chimap swi dwi sbref trace FA"
)
SHOWN = 3
"""So many kinds of problems are told, each of the first scan that has it."""
OF_A_SCAN = re.compile(r"(?:sub|ses)-[0-9A-Za-z+]+|\d+")
"""What differs between scans in lines on the same problem."""
UNDERSTOOD = frozenset((suffix,) for suffix in (*CONTRASTS, *OTHERS.split()))
"""Words of image names that say what is shown; most of them are BIDS suffixes that we do not read."""


@dataclass(frozen=True)
class Study:
    """What the machine must cope with.

    sizes: of each scan that can be processed: voxels of all its images over those of a head at 1 mm.
    largest: the same of the largest image alone, at least 1. scans: those that can be processed.
    """

    sizes: dict[str, float]
    largest: float
    scans: Sequence[Scan]


def look_at_dataset(bids_dir: Path, output_dir: Path | None) -> tuple[list[Found], Study | None]:
    """Return what was found in a dataset, and how large it is; None where it cannot be listed."""
    try:
        scans = with_demographics(bids_dir, list_scans(bids_dir, output_dir=output_dir))
        images = _images_of_anatomy(bids_dir, output_dir)
    except InputError as error:
        return [refused("dataset", error)], None
    problems = {scan.label: (*scan.problems, *check_scan(bids_dir, scan)) for scan in scans}
    fit = [scan for scan in scans if not problems[scan.label]]
    sizes = {scan.label: head_sizes([bids_dir / path for path in scan.images.values()]) for scan in fit}
    found = [_scans(problems), *_ages(fit), *_masks(fit), *_names(images), *_not_used(images)]
    totals = {label: sum(each) for label, each in sizes.items()}
    return found, Study(totals, max([1.0, *(size for each in sizes.values() for size in each)]), fit)


def _scans(problems: dict[str, tuple[str, ...]]) -> Found:
    bad = {label: lines for label, lines in problems.items() if lines}
    if not bad:
        return Found("ok", "scans", f"{len(problems)} found, all can be read")
    alike: dict[str, list[str]] = {}
    for label, lines in bad.items():
        alike.setdefault(OF_A_SCAN.sub("", lines[0]), []).append(f"{label}: {lines[0]}")
    shown = [f"{first}{_more(len(others))}" for first, *others in list(alike.values())[:SHOWN]]
    told = f"{len(bad)} of {len(problems)} cannot be processed, such as {'; '.join(shown)}"
    if len(bad) == len(problems):
        return Found("fault", "scans", told)
    return Found("warning", "scans", told, "the others run; logs/index.tsv will hold every problem")


def _more(count: int) -> str:
    return f" (and {count} more like it)" if count else ""


def _ages(scans: Sequence[Scan]) -> Iterator[Found]:
    known = sum(scan.age_years is not None or scan.pma_weeks is not None for scan in scans)
    if scans and known < len(scans):
        cure = (
            "add a column age (years) to participants.tsv, of newborns pma_weeks, or postnatal_age_days and "
            "ga_weeks (where there are several sessions, to *_sessions.tsv), or set assume_age "
            "(docs/method/ages.md)"
        )
        label = next(scan.label for scan in scans if scan.age_years is None and scan.pma_weeks is None)
        told = f"known of {known} of {len(scans)} scans, not of {label}; without one no pattern is called"
        yield Found("warning", "ages", told, cure)
    elif scans:
        yield Found("ok", "ages", f"known of all {known} scans")


def _masks(scans: Sequence[Scan]) -> Iterator[Found]:
    given = sum(scan.lesion_mask is not None for scan in scans)
    others = "" if given == len(scans) else "; lesions of the others are searched for"
    if scans:
        yield Found("ok", "lesion masks", f"given for {given} of {len(scans)} scans{others}")
    lines = [line for scan in scans for line in scan.decisions if "mask" in line and "not used" in line]
    if lines:
        yield Found("warning", "masks not used", f"{len(lines)}, such as {lines[0]}")


def _names(images: Sequence[File]) -> Iterator[Found]:
    unread = [file.shown for file in images if not (_is_known(file) or why_not(file))]
    if unread:
        cure = "rename those that are to be read, as in BIDS: sub-01_T1w.nii.gz"
        yield Found("warning", "names not understood", f"{len(unread)}, such as {unread[0]}", cure)
    else:
        yield Found("ok", "names", "all images in anat folders are understood")


def _not_used(images: Sequence[File]) -> Iterator[Found]:
    lines = [f"{file.shown}: {reason}" for file in images if (reason := why_not(file))]
    if lines:
        yield Found("warning", "images not used", f"{len(lines)}, such as {lines[0]}")


def _images_of_anatomy(bids_dir: Path, output_dir: Path | None) -> list[File]:
    """Return the images among a dataset's anatomy."""
    tree = walk(bids_dir.resolve(), [output_dir] if output_dir else [])
    files = [parse_file(path, "raw") for path in tree.images if path.startswith("sub-")]
    return [file for file in files if file.folder == "anat" or file.folder.startswith(("sub-", "ses-"))]


def _is_known(file: File) -> bool:
    """Tell whether the name of an image says what it is."""
    mask = is_lesion_mask(file) or is_brain_mask(file) or unused_masks([file])
    return bool(contrast_of(file) or mask) or file.words in UNDERSTOOD
