"""`cpimaging` and `python -m cpimaging`, by which jobs call the interpreter that planned them."""

import sys

from typer.main import get_command

from cpimaging.cli import app


def main() -> None:
    """Run the workflow as a BIDS App, or one command."""
    words = sys.argv[1:]
    if len(words) > 2:  # at least the two folders and the level
        from cpimaging import bids_app

        if bids_app.is_call(words, get_command(app).commands):  # type: ignore[attr-defined]
            sys.exit(bids_app.run(words))
    app(prog_name="cpimaging")


if __name__ == "__main__":
    main()
