"""The plan: one file per scan, made while planning and read by the jobs of that scan alone."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from cpimaging.bids.files import natural
from cpimaging.bids.scan import Scan
from cpimaging.io import read_json, write_json
from cpimaging.types import InputError

PLAN = "logs/plan"
INDEX = "logs/index.tsv"
SUMMARY = "logs/summary.tsv"


class Entry(NamedTuple):
    """A scan as it was planned, and the folder that its paths are relative to."""

    dataset: Path
    scan: Scan


def planned_labels(output: Path) -> list[str]:
    """Return the labels of all scans of the study, in natural order; none where nothing was planned."""
    found = (output / PLAN).glob("[!.]*.json")  # a killed writer leaves files with a dot
    return sorted((path.stem for path in found), key=natural)


def study_labels(output: Path) -> list[str]:
    """Return the labels of all scans of the study. Raises InputError where nothing was planned."""
    labels = planned_labels(output)
    if not labels:
        raise InputError(output / PLAN, "holds no scan", "give the folder of a study's results")
    return labels


def read_entry(output: Path, label: str) -> Entry:
    """Return one scan of the plan. Raises InputError where the plan does not hold it."""
    path = _path(output, label)
    if not path.is_file():
        raise InputError(path, "no such file", "plan the scan: start the workflow")
    content: dict[str, Any] = read_json(path)
    try:
        lists = {name: tuple(content["scan"][name]) for name in ("decisions", "problems")}
        return Entry(Path(content["bids_dir"]), Scan(**{**content["scan"], **lists}))
    except (KeyError, TypeError):
        raise InputError(path, "is no scan of a plan", "delete it and start the workflow again") from None


def write_plan(output: Path, dataset: Path | str, scans: Iterable[Scan], *, whole: bool = True) -> None:
    """Write the scans of a dataset; an unchanged file is left as it is.

    whole: these are all scans of the study, others that were planned before are dropped.
    """
    labels = set()
    for scan in scans:
        labels.add(scan.label)
        entry = Entry(Path(dataset), scan)
        if not _path(output, scan.label).is_file() or read_entry(output, scan.label) != entry:
            write_json(_path(output, scan.label), {"bids_dir": str(dataset), "scan": asdict(scan)})
    for label in set(planned_labels(output)) - labels if whole else ():
        _path(output, label).unlink(missing_ok=True)


def _path(output: Path, label: str) -> Path:
    return output / PLAN / f"{label}.json"
