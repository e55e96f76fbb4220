"""A study file to begin with: two keys, and the others in comments, as they are if left out."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cpimaging.io import read_yaml, write_text
from cpimaging.layout import SCHEMA, pipeline
from cpimaging.study.choices import read_choices
from cpimaging.types import InputError

WIDTH = 110


def write_study_file(path: Path, bids_dir: Path, output_dir: Path) -> None:
    """Write the configuration of a study, with absolute paths, so that it works from everywhere.

    Raises InputError where there is such a file, no such dataset, or a name that the workflow cannot take.
    """
    if os.path.lexists(path):
        raise InputError(path, "is there already", "name another one with --file, or edit it")
    if not bids_dir.is_dir():
        raise InputError(bids_dir, "no such folder", "give the folder that holds the sub-* folders")
    schema = read_yaml(pipeline() / SCHEMA)
    choices = {"bids_dir": str(bids_dir.resolve()), "output_dir": str(output_dir.resolve())}
    read_choices(choices, schema)
    write_text(path, "\n".join(_lines(path.name, choices, schema)) + "\n")


def _lines(name: str, choices: Mapping[str, str], schema: Mapping[str, Any]) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={pipeline() / SCHEMA}"
    yield f"# In the clone: snakemake --configfile {name}"
    yield f"# Installed: cpimaging BIDS OUT participant --configfile {name}"
    yield from (_entry(key, value) for key, value in choices.items())
    yield ""
    yield "# All other keys, as they are if left out; take the first # away to set one."
    for key, described in schema["properties"].items():
        if key not in choices:
            line = f"# {_entry(key, described['default'])}  # {_brief(described['description'])}"
            yield line if len(line) <= WIDTH else f"{line[: WIDTH - 1].rpartition(' ')[0]} …"


def _entry(key: str, value: Any) -> str:
    style = None if isinstance(value, list) else False  # a list stays on its line
    return yaml.safe_dump({key: value}, allow_unicode=True, width=10_000, default_flow_style=style).strip()


def _brief(description: str) -> str:
    """Return the first sentence of a description."""
    return re.split(r"\. |: |; ", description, maxsplit=1)[0].rstrip(".")
