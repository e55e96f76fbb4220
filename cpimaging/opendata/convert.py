"""Bring a public dataset to BIDS: copies or links, masks as derivatives, whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cpimaging.images import read_image, write_image
from cpimaging.io import temporary_beside, write_json, write_table, write_text
from cpimaging.opendata.layouts import Given, Layout, layout
from cpimaging.types import InputError

BIDS_VERSION = "1.11.0"
NIFTI = ".nii.gz"


def convert(name: str, source: Path, out: Path, *, link: bool = False) -> Iterator[str]:
    """Write a dataset of a known layout as BIDS to the new folder `out`; yield what was done, in lines.

    link: point to NIfTI images instead of copying them. MetaImage files and masks with other labels are
    written anew, numbers as stored. Raises InputError for another layout, a folder that is in use, two scans
    of one name, or a mask with an unknown label; nothing is left behind then.
    """
    chosen = layout(name)
    scans = _scans(chosen, source, out)
    temporary = temporary_beside(out.absolute())
    try:
        temporary.mkdir(parents=True)
        rows = [_write_scan(chosen, scan, temporary, link) for scan in scans]
        _write_about(chosen, rows, temporary)
        os.rename(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    with_mask = sum(scan.lesion is not None for scan in scans)
    yield f"{chosen.title}: {len(scans)} scans, {with_mask} with a lesion mask: {out}"
    yield f"licence: {chosen.licence}\ncite: {chosen.cite}\n{chosen.notes}"


def _scans(of: Layout, source: Path, out: Path) -> list[Given]:
    """Return the scans, once all is fit to be written."""
    if not source.is_dir():
        raise InputError(source, "no such folder", "give the folder that the release was unpacked to")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(out, "is not an empty folder", "give a new one")
    if out.resolve().is_relative_to(source.resolve()):
        raise InputError(out, "lies in the source, which is only read", "give a folder elsewhere")
    scans = list(of.find(source))
    if not scans:
        raise InputError(source, f"is not laid out as {of.title}", f"expected below it: {of.looks}")
    seen: set[tuple[str, str | None]] = set()
    for scan in scans:
        key = (scan.participant, scan.session)
        if key in seen:
            problem = f"holds two scans called {_label(scan)}"
            raise InputError(source, problem, "convert them one folder at a time")
        seen.add(key)
    return scans


def _label(scan: Given) -> str:
    return f"sub-{scan.participant}" + (f"_ses-{scan.session}" if scan.session else "")


def _target(root: Path, scan: Given, key: str) -> Path:
    """Return where a file belongs. key: data type and end of the name, such as "anat/T1w"."""
    kind, _, ending = key.partition("/")
    return root / _label(scan).replace("_", "/") / kind / f"{_label(scan)}_{ending}{NIFTI}"


def _write_scan(of: Layout, scan: Given, root: Path, link: bool) -> dict[str, str]:
    """Write the files of a scan; return its row of participants.tsv."""
    derived = root / "derivatives" / of.name
    for key, path in scan.images.items():
        _place(path, _target(root, scan, key), link)
    for key, path in scan.derived.items():
        _place(path, _target(derived, scan, key), link)
    row = {"participant_id": f"sub-{scan.participant}", **scan.told}
    if scan.lesion is None:
        return {**row, **({"other_pathology": "n/a"} if of.other else {})}
    key, path = scan.lesion
    if of.lesion is None:
        _place(path, _target(derived, scan, key), link)
        return row
    mask = read_image(path, labels=True)
    values = set(np.unique(mask.data).tolist())
    if not values <= {0, 1, 2}:
        raise InputError(path, f"holds the labels {sorted(values)}", "0, 1 and 2 are known of this release")
    write_image(_target(derived, scan, key), mask.with_data(mask.data == of.lesion))
    other = (mask.data != 0) & (mask.data != of.lesion)
    if of.other and other.any():
        write_image(_target(derived, scan, of.other), mask.with_data(other))
    return {**row, "other_pathology": "yes" if other.any() else "no"}


def _place(source: Path, target: Path, link: bool) -> None:
    """Bring one image to its place; what is no NIfTI is written as one, its numbers as stored."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not source.name.endswith(NIFTI):
        write_image(target, read_image(source, labels=True))
    elif link:
        target.symlink_to(source.resolve(strict=True))
    else:
        shutil.copyfile(source, target)


def _write_about(of: Layout, rows: list[dict[str, str]], root: Path) -> None:
    """Write what says whose data these are."""
    people = pd.DataFrame(rows).drop_duplicates("participant_id")
    write_table(root / "participants.tsv", people)
    described = {"BIDSVersion": BIDS_VERSION, "License": of.licence, "HowToAcknowledge": of.cite}
    write_json(root / "dataset_description.json", {"Name": of.title, "DatasetType": "raw", **described})
    derived = root / "derivatives" / of.name
    if derived.is_dir():
        made = {"DatasetType": "derivative", "GeneratedBy": [{"Name": f"the authors of {of.title}"}]}
        about = {"Name": f"{of.title}: masks", **described, **made}
        write_json(derived / "dataset_description.json", about)
    text = f"# {of.title}\n\n{of.notes}\n\nLicence: {of.licence}\n\nCite: {of.cite}\n"
    write_text(root / "README.md", text)
