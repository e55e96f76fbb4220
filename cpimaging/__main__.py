"""`cpimaging` and `python -m cpimaging`, by which jobs call the interpreter that planned them."""

import gc
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from typer.main import get_command

from cpimaging.cli import LEVELS, app

COMMANDS = ("--run", "--brain-command")
"""Options whose word is read by a shell, which knows what ~ is."""


def main() -> None:
    """Run the workflow as a BIDS App, or one command."""
    # Modules stay: looked through for garbage with every 700 new objects, they take a tenth longer to load.
    gc.set_threshold(100_000)
    words = at_home(sys.argv[1:])
    if is_bids_app(words):
        # not above: it brings jsonschema and more, for which no command should wait
        from cpimaging import bids_app

        sys.exit(bids_app.run(words))
    if words and Path(words[0]).is_dir() and not is_command(words[0]):
        print(f"cpimaging: {words[0]}: is a folder; write: cpimaging BIDS OUT participant", file=sys.stderr)
        sys.exit(2)
    app(words, prog_name="cpimaging")


def at_home(words: Sequence[str]) -> list[str]:
    """Return words with the user's home for a ~ that no shell has seen: quoted, or behind --option=."""
    told = []
    for before, word in zip(["", *words], words, strict=False):
        option, equals, path = word.partition("=") if word.startswith("--") else ("", "", word)
        read_by_shell = (option or before) in COMMANDS
        told.append(word if read_by_shell else option + equals + os.path.expanduser(path))
    return told


def is_bids_app(words: Sequence[str]) -> bool:
    """Tell whether words are those of a BIDS App; a command of the same name wins over a folder."""
    return len(words) >= 3 and words[2] in LEVELS and not is_command(words[0])


def is_command(word: str) -> bool:
    """Tell whether a word is one of our commands."""
    return word in get_command(app).commands  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
