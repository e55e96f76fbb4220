"""What a stage has written: a list that ends it. Without it, or a file of it, the stage is not finished."""

import os
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from cpimaging.io import noted_writes, read_json, write_json
from cpimaging.types import InputError

RECORDS = "logs/files"
STUDY = "study"
"""Stands for a scan's label in the records of stages that serve the whole study."""

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

    What an earlier run wrote and this one has not is removed: a file that depends on a choice (a mask that
    was detected, say) never outlives the choice. A run that is refused before it writes changes nothing.
    """
    stage = run.__module__.rpartition(".")[2]

    @wraps(run)
    def listed(target: Target_, /, *args: Options.args, **options: Options.kwargs) -> None:
        output = target if isinstance(target, Path) else target.output
        path = record_path(output, stage, getattr(target, "label", STUDY))
        before = path.with_suffix(".unfinished")
        if path.is_file():
            os.replace(path, before)
        with noted_writes() as written:
            try:
                run(target, *args, **options)
            finally:
                if not written and before.is_file():
                    os.replace(before, path)
        inside = [file for file in dict.fromkeys(written) if file.is_relative_to(output)]  # not the cache
        sizes = {file.relative_to(output).as_posix(): file.stat().st_size for file in inside}
        for name in _listed(before).keys() - sizes.keys():
            (output / name).unlink(missing_ok=True)
        write_json(path, sizes)
        before.unlink(missing_ok=True)

    return listed


def finished(output: Path, stage: str, label: str = STUDY) -> bool:
    """Tell whether a stage came to its end and every file that it wrote is still there, of the same size."""
    path = record_path(output, stage, label)
    sizes = _listed(path) or ({} if path.is_file() else {"": -1})
    return all(_size(f"{output}/{name}") == size for name, size in sizes.items())


def record_path(output: Path, stage: str, label: str = STUDY) -> Path:
    """Return where the list of a stage's files stands."""
    return Path(f"{output}/{RECORDS}/{stage}/{label}.json")


def _listed(path: Path) -> dict[str, int]:
    """Return the files of a record and their sizes in bytes; none where there is no record."""
    try:
        content = read_json(path)
    except InputError:
        if not path.is_file():
            return {}
        content = None
    if not isinstance(content, dict):
        return {"": -1}  # never finished
    return {name: size for name, size in content.items() if ".." not in name.split("/")}


def _size(path: str) -> int | None:
    """Return the size of a file, by its name alone: a path object costs as much as the look-up."""
    try:
        return os.stat(path).st_size
    except OSError:
        return None
