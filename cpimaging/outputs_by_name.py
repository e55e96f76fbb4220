"""What is looked up in the declarations of files: by the name of a file, of its sidecar or of its schema."""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from typing import TypeVar

from cpimaging import keys
from cpimaging.columns import Column
from cpimaging.outputs import OUTPUTS, Output, sidecar_name

Of = TypeVar("Of")


def first_that_fits(found: Iterable[tuple[str, Of]], name: str) -> tuple[str, Of] | None:
    """Return the first pattern that the name of a file fits, and what stands with it."""
    return next(((pattern, of) for pattern, of in found if fnmatch(name, pattern)), None)


def schema_name(json_name: str, found: tuple[Column, ...]) -> str:
    """Return the file in cpimaging/schemas that describes a JSON file with these keys.

    X stands for what differs from file to file; those that only describe columns share one.
    """
    stem = "columns" if found == keys.COLUMN_KEYS else json_name.removeprefix("*_").rpartition(".")[0]
    return f"{stem.replace('*', 'X')}.schema.json"


def desc_words() -> dict[str, str]:
    """Return what each desc entity in the names of a scan's files means."""
    found = [
        (re.search(r"_desc-([A-Za-z0-9]+)", output.name), output.text)
        for output in OUTPUTS
        if output.place == "scan"
    ]
    return {match[1]: text for match, text in found if match}


def inherited(output: Output) -> str:
    """Return the name of the sidecar that serves a table of all scans, on top of the results; "" for none."""
    is_table = output.place == "scan" and output.columns
    return sidecar_name(output.name.removeprefix("*_")) if is_table else ""


def scan_sidecars(atlas: str, space: str) -> dict[str, tuple[Column, ...]]:
    """Return the columns of the tables that each scan has, by the name of the one sidecar for all scans."""
    found = {
        inherited(output): output.columns for output in OUTPUTS if output.place == "scan" and output.columns
    }
    return {
        name.replace("atlas-*", f"atlas-{atlas}").replace("space-*", f"space-{space}"): of
        for name, of in found.items()
    }


def json_files(found: Iterable[Output] = OUTPUTS) -> dict[str, tuple[Column, ...]]:
    """Return the keys of every JSON file by its name."""
    tops = {name: keys.COLUMN_KEYS for output in found if (name := inherited(output))}
    return tops | {output.json_name: output.keys for output in found if output.keys}


def tables(found: Iterable[Output] = OUTPUTS) -> dict[str, tuple[Column, ...]]:
    """Return the columns of every table by its name."""
    return {output.name: output.columns for output in found if output.columns}
