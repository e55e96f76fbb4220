"""Print the table of hostile input: kind, input, result. With --write, put it into docs/reliability.md."""

import sys
from itertools import groupby
from pathlib import Path

from registry import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
START, END = "<!-- kinds: made by tests/hostile/table.py -->\n", "<!-- end of kinds -->\n"
LONGEST = 110


def table() -> str:
    """Return the table of all kinds, one part for each area."""
    ordered = sorted(KINDS, key=lambda kind: kind.area)
    parts = [f"{len(KINDS)} kinds.\n"]
    for area, kinds in groupby(ordered, key=lambda kind: kind.area):
        rows = [f"| {_cell(kind.made)} | {_cell(kind.result)} |" for kind in kinds]
        head = [f"### {area[0].upper()}{area[1:]} ({len(rows)})\n", "| input | result |", "|---|---|"]
        parts.append("\n".join([*head, *rows]) + "\n")
    return "\n".join(parts)


def _cell(text: str) -> str:
    shown = text if len(text) <= LONGEST else f"{text[:LONGEST]} …"
    for character in "\\`*_{}<>|$~[]":
        shown = shown.replace(character, f"\\{character}")
    return shown


def page() -> str:
    """Return docs/reliability.md with the table as it is now."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    return f"{before}{START}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    else:
        print(table())
