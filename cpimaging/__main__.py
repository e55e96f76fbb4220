"""`cpimaging` and `python -m cpimaging`, by which jobs call the interpreter that planned them."""

import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from typer.main import get_command

from cpimaging.cli import LEVELS, app


def main() -> None:
    """Run the workflow as a BIDS App, or one command."""
    # Modules stay: looked through for garbage with every 700 new objects, they take a tenth longer to load.
    gc.set_threshold(100_000)
    words = sys.argv[1:]
    if is_bids_app(words):
        # not above: it brings jsonschema and more, for which no command should wait
        from cpimaging import bids_app

        sys.exit(bids_app.run(words))
    if words and Path(words[0]).is_dir() and not is_command(words[0]):
        print(f"cpimaging: {words[0]}: is a folder; write: cpimaging BIDS OUT participant", file=sys.stderr)
        sys.exit(2)
    app(prog_name="cpimaging")


def is_bids_app(words: Sequence[str]) -> bool:
    """Tell whether words are those of a BIDS App; a command of the same name wins over a folder."""
    return len(words) >= 3 and words[2] in LEVELS and not is_command(words[0])


def is_command(word: str) -> bool:
    """Tell whether a word is one of our commands."""
    return word in get_command(app).commands  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
