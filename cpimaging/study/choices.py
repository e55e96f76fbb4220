"""The study's choices: defaults for what a configuration leaves out, one line for what is wrong in it."""

import json
import os
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import chdir, redirect_stderr
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from cpimaging.bids.labels import Label
from cpimaging.types import InputError

PLAIN = (
    "bids_dir",
    "output_dir",
    "lesions_dir",
    "masks_dir",
    "masks_template",
    "overrides",
    "atlas",
    "adc_norm",
    "norms_dir",
    "templates_dir",
)
"""Folders and files: in their names Snakemake would take braces for wildcards."""

SURELY_TEXT = re.compile(r"/[\w./-]*")
"""What YAML reads as it stands."""

COUNTS = ("cores", "jobs", "local_cores", "max_threads")
"""Options of Snakemake: with less than one it waits for ever, or every job fails."""
WITHOUT_JOBS = ("dryrun", "unlock", "touch", "report", "delete_all_output")
"""Options with which Snakemake runs no job, on however many cores."""

CURE = "every key is described in config/README.md"


@dataclass(frozen=True)
class Choices:
    """What a study chose, by the keys of the configuration (config/README.md); None where nothing."""

    bids_dir: str
    output_dir: str
    lesions_dir: str | None
    lesion_pattern: str | None
    masks_dir: str | None
    masks_space: str | None
    masks_template: str | None
    masks_stability: str
    overrides: str | None
    participant_label: Label | Sequence[Label]
    session_label: Label | Sequence[Label]
    atlas: str
    scorers: str | Sequence[str]
    engine: str
    detection: str
    lesion_command: str | None
    brain_command: str | None
    adc_norm: str | None
    norms_dir: str | None
    assume_age: str | None
    templates_dir: str | None
    compare: str | Sequence[str]


def read_choices(config: Mapping[str, Any], schema: Mapping[str, Any]) -> Choices:
    """Return the choices of a configuration; keys that it lacks have the schema's defaults.

    Raises InputError for a key that the schema does not know, with the one that may be meant, and for a
    value that it does not allow.
    """
    known = schema["properties"]
    for key in config:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            cure = f"did you mean {near[0]}?" if near else CURE
            raise InputError(str(key), "is no key of the configuration", cure)
    defaults = {key: entry["default"] for key, entry in known.items() if "default" in entry}
    full = {**defaults, **config}
    for key in PLAIN:
        if isinstance(full.get(key), str):
            full[key] = os.path.expanduser(full[key])  # a file's ~ no shell has seen
    for error in Draft202012Validator(schema).iter_errors(full):
        raise InputError(".".join(map(str, error.path)) or "configuration", error.message, CURE)
    for key in PLAIN:
        if set("{}\n") & set(full[key] or ""):
            raise InputError(key, "holds a brace or a line break", "choose another name")
    return Choices(**full)


def check_call(words: Sequence[str], config: Mapping[str, Any]) -> None:
    """Refuse a call of Snakemake that says something other than what Snakemake makes of it.

    Of --config given twice it takes the last alone; a folder's name it reads as YAML, which ends at " #".
    """
    if sum(word in ("--config", "-C") or word.startswith("--config=") for word in words) > 1:
        raise InputError("--config", "is given twice, and only the last counts", "give all keys behind one")
    for key in PLAIN:
        read = re.escape(str(config.get(key)))
        if any(re.match(rf"(--config=)?{key}=.*{read}\s+#", word) for word in words):
            problem = f"is read by --config as {config[key]}, up to the #"
            raise InputError(key, problem, "write it into a file: --configfile")


def check_options(words: Sequence[str], folder: Path | str = ".") -> None:
    """Refuse options of Snakemake with which no run comes to a right end, however short, or in a profile.

    words: a call of Snakemake without the program; of another program they are passed over. folder: where it
    was called, for the paths of profiles.
    """
    from snakemake.cli import parse_args  # here: it takes longer to load than all of ours

    try:
        with chdir(folder), redirect_stderr(StringIO()):
            _, asked = parse_args(list(words))
    except (SystemExit, Exception):  # they are of another program, or Snakemake says what is wrong
        return
    check_asked(asked)


def check_asked(asked: Namespace) -> None:
    """Raise InputError for options, as Snakemake reads them, with which no run comes to a right end."""
    if asked.no_hooks:
        problem = "takes away what writes the plan, and jobs would work on that of an earlier run"
        raise InputError("--no-hooks", problem, "leave it away, in a profile too")
    if any(getattr(asked, name) for name in WITHOUT_JOBS):
        return
    counts = {f"--{name.replace('_', '-')}": getattr(asked, name) for name in COUNTS}
    counts |= {f"--set-threads {rule}": told.value for rule, told in (asked.set_threads or {}).items()}
    for option, number in counts.items():
        if isinstance(number, int) and number < 1:
            raise InputError(f"{option} {number}", "leaves nothing to run jobs with", "give 1 or more")


def as_words(config: Mapping[str, Any]) -> list[str]:
    """Return a configuration as words of --config, for jobs elsewhere: a file may have changed by then."""
    return [f"{key}={_as_read(value)}" for key, value in config.items()]


def _as_read(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value)
    return "" if value is None else json.dumps(value)


def quoted(text: str) -> str:
    """Return a text as Snakemake's --config reads it: as YAML, which would end it at " #" and the like.

    The spaces keep the quotes, which Snakemake takes off where they stand at an end.
    """
    return text if SURELY_TEXT.fullmatch(text) else f" {json.dumps(text, ensure_ascii=False)} "
