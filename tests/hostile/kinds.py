"""Kinds of hostile input: each makes its input by code and checks what comes of it, in seconds."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cpimaging.types import InputError

Check = Callable[[Path], None]


@dataclass(frozen=True)
class Kind:
    """One kind of input.

    area: what it is about. made: the input in words. result: what must come of it, in words. check: makes it
    in an empty folder, and raises AssertionError where something else comes of it. slow: takes over 5 s.
    """

    area: str
    made: str
    result: str
    check: Check
    slow: bool = False

    def __str__(self) -> str:
        return re.sub("[^0-9a-z]+", "-", f"{self.area} {self.made}".lower()).strip("-")[:90]


def refused(words: str) -> str:
    """Say that an input is refused in one line that holds `words`."""
    return f"refused: “{words}”"


def one_line(error: InputError, words: str, name: str = "") -> None:
    """Check that an error is one line with the file, what is wrong, and what to do."""
    told = str(error)
    assert told.isprintable(), told
    assert words in told
    assert name in told
    assert error.problem
    assert error.cure


def refusal(read: Callable[[], object], words: str, name: str = "") -> None:
    """Check that reading is refused in one line."""
    try:
        read()
    except InputError as error:
        one_line(error, words, name)
        return
    raise AssertionError(f"accepted; “{words}” was expected")


def slugs(kinds: Iterable[Kind]) -> list[str]:
    """Return the short names of kinds, for tests."""
    return [str(kind) for kind in kinds]
