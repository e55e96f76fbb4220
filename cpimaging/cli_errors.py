"""How commands end where the input is bad: one line, no traceback."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import typer

BAD_INPUT = 2


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
    else:
        return
    typer.echo(f"cpimaging: {problem}", err=True)
    raise typer.Exit(BAD_INPUT)


def plain(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command end in one line where its input is bad."""

    @wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        with _plainly():
            function(*args, **kwargs)

    return wrapped
