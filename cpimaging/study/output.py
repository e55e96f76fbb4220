"""Where results may be written: a folder that can be written to and holds nothing of somebody else."""

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from cpimaging.bids.files import is_generated, is_own_output
from cpimaging.outputs import OUTPUTS
from cpimaging.study.job import SCAN_STAGES
from cpimaging.study.plan import PLAN
from cpimaging.study.record import RECORDS
from cpimaging.types import InputError, of_system, plain
from cpimaging.writes import check_writable

Sort = Literal["scans", "masks", "group"]
SORTS: dict[Sort, tuple[tuple[str, ...], str]] = {
    "scans": ((PLAN, f"{RECORDS}/{SCAN_STAGES[0]}"), "the results of scans"),
    "masks": ((f"{RECORDS}/masks",), "the results of masks"),
    "group": ((f"{RECORDS}/cohort",), "the results of several folders"),
}
"""By which folders the sorts of results are told, the first that is there, and how they are called."""
DESCRIPTION = "dataset_description.json"
PLACES = {"group": "", "study": "", "logs": "logs/"}
"""Where in the folder files of these places lie; those of scans lie in folders, but for their pages."""


def check_output(folder: Path, sort: Sort | None = None) -> None:
    """Raise InputError where results cannot be written to a folder, or it holds what may be another's.

    A folder of our own results stays usable, as does one in which nothing has a name that results have: a
    new or empty one, one with hidden files, with logs of a run that ended early, or with files beside.
    sort: of the results to come, where results of another sort would be replaced.
    """
    check_writable(folder)
    there = next(
        (name for name, (traces, _) in SORTS.items() if any((folder / one).is_dir() for one in traces)), sort
    )
    if sort and there != sort and there:
        raise InputError(folder, f"holds {SORTS[there][1]}", f"give {SORTS[sort][1]} a folder of their own")
    if is_own_output(folder):
        return
    foreign = _named_as_results(folder)
    recorded = (folder / RECORDS).is_dir() and foreign != DESCRIPTION  # a group of several folders has none
    if foreign and not recorded:
        problem = f"holds {plain(foreign)}, which was not written here by this software"
        raise InputError(folder, problem, "choose a new folder, or one of earlier results")


def check_own_files(folder: Path, names: Sequence[str]) -> None:
    """Raise InputError where a folder holds one of these files, and the first, a JSON, does not say ours."""
    there = next((name for name in names if os.path.lexists(folder / name)), None)
    if there and not is_generated(folder / names[0]):
        problem = f"holds {there}, which was not written here by this software"
        raise InputError(folder, problem, "choose a new folder")


def _named_as_results(folder: Path) -> str | None:
    """Return the first name in a folder that a file or folder of results would have, None without one."""
    patterns = ["sub-*/"]
    for output in OUTPUTS:
        if output.place in PLACES or (output.place == "scan" and output.name.startswith("sub-")):
            names = (output.name, output.json_name) if output.columns or output.keys else (output.name,)
            patterns += [PLACES.get(output.place, "") + name for name in names]
    there = [name for below in sorted(set(PLACES.values())) for name in _names(folder, below)]
    return next((name for name in there if any(fnmatch(name, pattern) for pattern in patterns)), None)


def _names(folder: Path, below: str) -> list[str]:
    """Return the names in a folder, what says whose it is first, folders with a /; [] without a folder."""
    if not (folder / below).is_dir():
        return []
    try:
        found = list(os.scandir(folder / below))
    except OSError as error:
        raise of_system(error) from None
    entries = sorted(found, key=lambda entry: (entry.name != DESCRIPTION, entry.name))
    return [below + entry.name + "/" * entry.is_dir() for entry in entries]
