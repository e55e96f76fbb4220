"""Folders that are made once and kept in the user's cache, whole or not at all."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import platformdirs

from cpimaging.writes import check_writable, temporary_beside, unnoted


def cache_dir() -> Path:
    """Return the folder for files that are made or fetched once: $CPIMAGING_CACHE or the user's cache."""
    told = os.environ.get("CPIMAGING_CACHE") or platformdirs.user_cache_dir("cpimaging")
    return Path(os.path.expanduser(told))


def digest(files: Iterable[Path], *words: str) -> str:
    """Return 12 hexadecimal digits that change with the content of `files` or with `words`."""
    total = hashlib.sha256("\0".join(words).encode())
    for file in sorted(files):
        total.update(file.name.encode() + b"\0" + file.read_bytes())
    return total.hexdigest()[:12]


def cached_folder(name: str, build: Callable[[Path], None]) -> Path:
    """Return the cache folder `name`; where it is absent, `build` fills it.

    It is filled under a temporary name and renamed when complete: a killed build leaves nothing
    behind that could be taken for the whole, and of two builds at once the first one stays.
    """
    folder = cache_dir() / name
    if folder.is_dir():
        return folder
    check_writable(cache_dir(), "CPIMAGING_CACHE")
    temporary = temporary_beside(folder)
    temporary.mkdir(parents=True)
    try:
        with unnoted():
            build(temporary)
        os.rename(temporary, folder)
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return folder
