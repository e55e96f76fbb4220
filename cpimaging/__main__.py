"""`cpimaging` and `python -m cpimaging`, by which jobs call the interpreter that planned them."""

import gc
import sys
from collections.abc import Sequence

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
    app(prog_name="cpimaging")


def is_bids_app(words: Sequence[str]) -> bool:
    """Tell whether words are those of a BIDS App; a command of the same name wins over a folder."""
    if len(words) < 3 or words[2] not in LEVELS:
        return False
    return words[0] not in get_command(app).commands  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
