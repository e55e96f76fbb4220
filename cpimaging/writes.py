"""Files that appear whole or not at all, and what is left of writers that were killed."""

import os
import re
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from cpimaging.types import InputError, of_system


def temporary_beside(path: Path) -> Path:
    """Return a hidden name beside `path` of no other writer: numbers of processes recur on other nodes."""
    return path.with_name(f".{token_hex(6)}.{path.name}")


@contextmanager
def whole(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` once the block has succeeded.

    The orphan of a killed run cannot spoil the next one: no two writers share a name.
    Raises InputError where the disk is full.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for note in _NOTES:
        note(path)
    temporary = temporary_beside(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise of_system(error, path) if error.filename is None else error from None
    finally:
        temporary.unlink(missing_ok=True)


_NOTES: list[Callable[[Path], None]] = []


@contextmanager
def noted_writes(note: Callable[[Path], None]) -> Iterator[None]:
    """Call `note` with every file that is written in the block, before it is."""
    _NOTES.append(note)
    try:
        yield
    finally:
        _NOTES.remove(note)


@contextmanager
def unnoted() -> Iterator[None]:
    """Leave what is written in the block out of all notes: it is of a cache, wherever that lies."""
    notes = _NOTES.copy()
    _NOTES.clear()
    try:
        yield
    finally:
        _NOTES.extend(notes)


def remove_orphans(folder: Path, names: Container[str] | None = None) -> None:
    """Remove what killed writers have left in a folder, of files of these names alone or of all.

    Nobody else may be writing them.
    """
    if folder.is_dir():
        for entry in os.scandir(folder):
            orphan = _TEMPORARY.fullmatch(entry.name)
            if orphan and (names is None or orphan[1] in names):
                Path(entry.path).unlink(missing_ok=True)


_TEMPORARY = re.compile(r"\.[0-9a-f]{12}\.(.+)")
"""What `temporary_beside` gives."""


def check_writable(folder: Path, other: str = "output_dir") -> None:
    """Raise InputError where a folder cannot be written to or made. other: what to choose anew."""
    paths = (folder.absolute(), *folder.absolute().parents)
    there = next(path for path in paths if os.path.lexists(path))
    if there.is_symlink() and not there.exists():
        problem = f"cannot be made: {there.name} is a link to what is not there"
        raise InputError(folder, problem, f"delete it, or choose another {other}")
    if not there.is_dir():
        raise InputError(folder, f"cannot be made: {there.name} is a file", f"choose another {other}")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(folder, "cannot be written to", f"choose another {other}, or get the right to write")
