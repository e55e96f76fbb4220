"""What REDCap checks when data are imported: names, choices, types and limits of the data dictionary."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"[a-z](?:_?[a-z0-9])*")
VALIDATION = {"number": re.compile(r"[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?"), "": re.compile(r".*")}
"""The second as REDCap's own table of validation types has it."""


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def refused(dictionary: Path, data: Path) -> list[str]:
    """Return what REDCap would refuse of a dictionary and of data that go through it."""
    fields = {row["Variable / Field Name"]: row for row in read(dictionary)}
    rows = read(data)
    wrong = [f"name {name}" for name in fields if not NAME.fullmatch(name) or len(name) > 26]
    wrong += [
        f"type of {name}" for name, row in fields.items() if row["Field Type"] not in ("text", "dropdown")
    ]
    if list(fields) != list(rows[0]):
        return [*wrong, "columns"]
    records = [row[next(iter(fields))] for row in rows]
    if not all(records) or len(set(records)) < len(records):
        wrong.append("records")
    return wrong + [
        line for row in rows for name, field in fields.items() for line in _cell(row[name], field)
    ]


def _cell(text: str, field: dict[str, str]) -> Iterator[str]:
    if not text:
        return
    name, kind = field["Variable / Field Name"], field["Text Validation Type OR Show Slider Number"]
    choices = field["Choices, Calculations, OR Slider Labels"]
    if choices and text not in [choice.split(", ", 1)[0] for choice in choices.split(" | ")]:
        yield f"{name}: {text} is no choice"
    if not VALIDATION[kind].fullmatch(text):
        yield f"{name}: {text} is no {kind}"
    elif kind == "number":
        low, high = (field[f"Text Validation {end}"] for end in ("Min", "Max"))
        if (low and float(text) < float(low)) or (high and float(text) > float(high)):
            yield f"{name}: {text} is beyond {low} to {high}"
    if text[0] in "=@+-\t" and not kind:
        yield f"{name}: {text} is a formula"
