"""What a stage has written: a list that ends it. Without it, or a file of it, the stage is not finished."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from cpimaging.io import noted_writes, read_json, remove_orphans, write_json
from cpimaging.study.job import SCAN_STAGES
from cpimaging.types import InputError

RECORDS = "logs/files"
STUDY = "study"
"""Stands for a scan's label in the records of stages that serve the whole study."""

ASKED = "CPIMAGING_ASKED"
"""Environment variable in which the workflow tells a stage what decides its results, as a short hash."""
UNFINISHED = ".unfinished"
ORDER = (SCAN_STAGES[0], "command", *SCAN_STAGES[1:])
"""Each builds on those before it."""
GROUP_STAGE = "cohort"

Options = ParamSpec("Options")


class Target(Protocol):
    """What a stage works on: a scan's job or a study's, each with the folder of the results."""

    @property
    def output(self) -> Path:
        """Folder of the results."""


Target_ = TypeVar("Target_", bound=Target | Path)


def recorded(
    run: Callable[Concatenate[Target_, Options], None],
) -> Callable[Concatenate[Target_, Options], None]:
    """Make the function of a stage end with the list of what it wrote; its module names the stage.

    What an earlier run wrote and this one has not is removed, also where that run was killed: a file that
    depends on a choice (a mask that was detected, say) never outlives the choice. A run that is refused
    before it writes changes nothing. Later stages of the scan, and the tables of the group, whose results
    are of what was there before, count as not finished from then on.
    """
    stage = run.__module__.rpartition(".")[2]

    @wraps(run)
    def listed(target: Target_, /, *args: Options.args, **options: Options.kwargs) -> None:
        output = target if isinstance(target, Path) else target.output
        path = record_path(output, stage, getattr(target, "label", STUDY))
        before, begun = path.with_suffix(UNFINISHED), path.with_suffix(".begun")
        was_finished = path.is_file()
        reopen(output, stage, path.stem)
        written: dict[str, None] = {}

        def note(file: Path) -> None:
            if file.is_relative_to(output):  # not the cache
                written[file.relative_to(output).as_posix()] = None
                begun.parent.mkdir(parents=True, exist_ok=True)
                with begun.open("a", encoding="utf-8") as stream:
                    stream.write(f"{file.relative_to(output).as_posix()}\n")

        with noted_writes(note):
            try:
                run(target, *args, **options)
            finally:
                if not written and was_finished:
                    os.replace(before, path)
        known = {*(_sizes(_record(before)) or ()), *_begun(begun)}
        for name in known - written.keys():
            (output / name).unlink(missing_ok=True)
        _sweep(output, known | written.keys())
        for later in _following(stage):
            reopen(output, later, path.stem)
        if stage in ORDER:
            reopen(output, GROUP_STAGE, STUDY)
        sizes = {name: (output / name).stat().st_size for name in written}
        write_json(path, {"Asked": os.environ.get(ASKED, ""), "Files": sizes})
        for file in (before, begun):
            file.unlink(missing_ok=True)

    return listed


def finished(output: Path, stage: str, label: str = STUDY, asked: str | None = None) -> bool:
    """Tell whether a stage came to its end and every file that it wrote is still there, of the same size.

    asked: what is asked of it now (`ASKED`), which must be what it was asked then; None: not compared.
    """
    record = _record(record_path(output, stage, label))
    sizes = _sizes(record)
    if sizes is None or (asked is not None and record.get("Asked") != asked):
        return False
    root = str(output)
    return all(_size(f"{root}/{name}") == size for name, size in sizes.items())


def reopen(output: Path, stage: str, label: str) -> None:
    """Make a stage count as not finished; what it wrote stays, and is known to the next run of it."""
    path = record_path(output, stage, label)
    if path.is_file():
        with suppress(FileNotFoundError):  # a job of another scan was quicker
            os.replace(path, path.with_suffix(UNFINISHED))


def _following(stage: str) -> tuple[str, ...]:
    """Return the stages of a scan that build on one; none for a stage of the study."""
    return ORDER[ORDER.index(stage) + 1 :] if stage in ORDER else ()


def asked_before(output: Path, stage: str, label: str) -> str | None:
    """Return what a stage was asked (`ASKED`), "" where it was not told; None where it is not finished."""
    record = _record(record_path(output, stage, label))
    return str(record.get("Asked", "")) if _sizes(record) is not None else None


@contextmanager
def asking(words: str) -> Iterator[None]:
    """Tell the stages in a block, in this process, what decides their results."""
    before = os.environ.get(ASKED)
    os.environ[ASKED] = words
    try:
        yield
    finally:
        if before is None:
            del os.environ[ASKED]
        else:
            os.environ[ASKED] = before


def record_path(output: Path, stage: str, label: str = STUDY) -> Path:
    """Return where the list of a stage's files stands."""
    return Path(f"{output}/{RECORDS}/{stage}/{label}.json")


def _sizes(record: dict[str, Any]) -> dict[str, int] | None:
    """Return the files of a record and their sizes in bytes; None where there is no record."""
    files = record.get("Files")
    return {name: size for name, size in files.items() if _inside(name)} if isinstance(files, dict) else None


def _record(path: Path) -> dict[str, Any]:
    """Return a record; an empty one where there is none that can be read."""
    try:
        content = read_json(path) if os.path.isfile(path) else {}  # none at first: no need to raise
    except InputError:
        return {}
    return content if isinstance(content, dict) else {}


def _begun(path: Path) -> list[str]:
    """Return what a killed run had begun to write."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [name for name in lines if _inside(name)]


def _inside(name: str) -> bool:
    """Tell whether a name of a record leads into the results, whoever wrote it there."""
    return not name.startswith("/") and (".." not in name or ".." not in name.split("/"))


def _sweep(output: Path, names: set[str]) -> None:
    """Remove what a killed run had half written of these files."""
    folders: dict[Path, set[str]] = {}
    for name in names:
        folders.setdefault((output / name).parent, set()).add(name.rpartition("/")[2])
    for folder, files in folders.items():
        remove_orphans(folder, files)


def _size(path: str) -> int | None:
    """Return the size of a file, by its name alone: a path object costs as much as the look-up."""
    try:
        return os.stat(path).st_size
    except OSError:
        return None
