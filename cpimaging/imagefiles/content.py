"""The bytes of an image file: there, whole, and no more than its header states."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zlib_ng import zlib_ng

from cpimaging.types import InputError

UNREADABLE = "cannot be read, it may be truncated"
COPY_AGAIN = "copy it again or convert it anew"

GZIP = b"\x1f\x8b"
ANY_DEFLATE = 47
"""zlib's word for: gzip or zlib, whichever its first bytes say, check sum compared at the end."""

BEGINNING_BYTES = 1 << 18
"""A header with all that programs write into it is shorter (ours)."""

DEFLATED_AT_MOST = 1032
"""No compressed byte holds more bytes than this (zlib's technical notes)."""

SURPLUS_BYTES = 1 << 24
"""What may follow the voxels, zeros or the notes of FreeSurfer; more is a bomb (ours)."""

_GET = "fetch it with 'datalad get' (or 'git annex get')"


@contextmanager
def decoding(path: Path | str, problem: str = UNREADABLE, cure: str = COPY_AGAIN) -> Iterator[None]:
    """Turn whatever goes wrong in reading a user's file into InputError: no decoder is proof against all."""
    try:
        yield
    except InputError:
        raise
    except PermissionError as error:
        raise InputError(path, "cannot be opened", "check its permissions") from error
    except OSError as error:
        problem = f"cannot be read ({error.strerror or 'no reason is given'})"
        raise InputError(path, problem, "check the file and the disk that it lies on") from error
    except MemoryError as error:
        raise InputError(path, "needs more memory than there is", "use a larger machine") from error
    except Exception as error:
        raise InputError(path, problem, cure) from error


def require_content(path: Path) -> None:
    """Raise InputError unless the file is there and is not a stand-in for content kept elsewhere."""
    if path.is_symlink() and not path.exists():
        annex = "annex" in path.readlink().parts
        cure = _GET if annex else "restore the file that it points to"
        raise InputError(path, "is a link to content that is not there", cure)
    if not path.is_file():
        raise InputError(path, "no such file", "check the path")
    with path.open("rb") as stream:
        start = stream.read(64)
    if not start:
        raise InputError(path, "is empty (0 bytes)", COPY_AGAIN)
    if start.startswith(b"version https://git-lfs"):
        raise InputError(path, "is a git-lfs pointer, not the file", "fetch it with 'git lfs pull'")
    if start.startswith(b"/annex/objects/"):
        raise InputError(path, "is a git-annex pointer, not the file", _GET)


def on_disk(path: Path) -> bytes:
    """Return the bytes of a file as they are stored."""
    require_content(path)
    return path.read_bytes()


def beginning_on_disk(path: Path) -> bytes:
    """Return the first bytes of a file as they are stored."""
    require_content(path)
    with path.open("rb") as stream:
        return stream.read(BEGINNING_BYTES)


def beginning(path: Path, raw: bytes) -> bytes:
    """Return the first bytes of a file, unpacked, over all parts that it is packed in."""
    if not raw.startswith(GZIP):
        return raw
    start = b""
    while raw.startswith(GZIP) and len(start) < BEGINNING_BYTES:
        engine = zlib_ng.decompressobj(wbits=ANY_DEFLATE)
        start += _inflated(path, engine, raw, BEGINNING_BYTES - len(start))
        raw = engine.unused_data
    return start


def whole(path: Path, raw: bytes, needed: int, *, packed: bool, more: bool = False) -> bytes:
    """Return the content of a file, unpacked to its end: length and check sums are compared.

    needed: bytes that the header states. Beyond them there may be zeros; whatever else only with `more`.
    Raises InputError where it is shorter, longer or damaged.
    """
    content = _unpacked(path, raw, needed) if packed else raw
    if len(content) < needed:
        raise InputError(path, "is truncated", COPY_AGAIN)
    if not more and content[needed:].strip(b"\0"):
        raise InputError(path, "holds more than its header states", COPY_AGAIN)
    return content


def _unpacked(path: Path, raw: bytes, needed: int) -> bytes:
    """Unpack all parts of a compressed file, which may be padded with zeros."""
    parts, room = [], needed + SURPLUS_BYTES
    while raw:
        engine = zlib_ng.decompressobj(wbits=ANY_DEFLATE)
        part = _inflated(path, engine, raw, room + 1)
        parts.append(part)
        room -= len(part)
        if room < 0:
            raise InputError(path, "holds more than its header states", COPY_AGAIN)
        if not engine.eof:
            raise InputError(path, UNREADABLE, COPY_AGAIN)
        raw = engine.unused_data.lstrip(b"\0")
        if raw and not raw.startswith(GZIP):
            raise InputError(path, "has something behind its end that is no image", COPY_AGAIN)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _inflated(path: Path, engine: Any, raw: bytes, most: int) -> bytes:
    try:
        content: bytes = engine.decompress(raw, most)
    except zlib_ng.error as error:  # type: ignore[misc]  # the stubs take the class for an instance
        raise InputError(path, "is damaged: its content does not fit its check sum", COPY_AGAIN) from error
    return content
