"""How commands end where the input is bad: one line, no traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from inspect import signature
from typing import Any, NoReturn

import typer
from typer.core import TyperCommand

BAD_INPUT = 2


class PlainCommand(TyperCommand):
    """A command that refuses an empty word for a path, which would mean the folder that one works in."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words of a call."""
        before = ["", *args]
        if any(word == "" and not before[at].startswith("-") for at, word in enumerate(args)):
            _end("a path is empty (a variable that is not set?); give the folder or file, . for this folder")
        return super().parse_args(ctx, args)


def make_plain(app: typer.Typer) -> None:
    """Let every command of an app refuse empty paths, in one line."""
    for command in app.registered_commands:
        if not (command.cls and issubclass(command.cls, PlainCommand)):
            command.cls = PlainCommand
    for group in app.registered_groups:
        if group.typer_instance:
            make_plain(group.typer_instance)


def _end(problem: str) -> NoReturn:
    typer.echo(f"cpimaging: {problem}", err=True)
    raise typer.Exit(BAD_INPUT)


_LOOP = "Symlink loop from "


@contextmanager
def _plainly() -> Iterator[None]:
    """Turn bad input, and what the file system refuses, into one line and exit code 2."""
    from cpimaging.types import InputError, of_system  # numpy: not needed to print a help text

    try:
        yield
    except InputError as error:
        problem = str(error)
    except OSError as error:
        problem = str(of_system(error))
    except MemoryError:
        problem = "out of memory; give the job more, or leave the scan out"
    except RuntimeError as error:
        if not str(error).startswith(_LOOP):  # as pathlib says it before Python 3.13
            raise
        problem = f"{str(error).removeprefix(_LOOP)}: is a link that leads back to itself; give what it means"
    else:
        return
    _end(problem)


def plain(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command end in one line where its input is bad; it opens its paths itself, and tells."""
    for word in signature(function).parameters.values():
        for told in getattr(word.annotation, "__metadata__", ()):
            told.readable = False  # the check of typer would end in a box

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        with _plainly():
            function(*args, **kwargs)

    return wrapped
