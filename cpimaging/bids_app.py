"""`cpimaging BIDS OUT participant …`: the workflow as a BIDS App, from wherever the package is installed.

Snakemake does the work, as in a clone; what it keeps for itself lies in the folder of the results.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from difflib import get_close_matches
from functools import partial
from io import StringIO
from pathlib import Path
from typing import NoReturn

import platformdirs

from cpimaging.cli import LEVELS
from cpimaging.layout import pipeline
from cpimaging.study.choices import check_asked, quoted
from cpimaging.study.output import check_output
from cpimaging.types import InputError
from cpimaging.writes import check_writable

PATHS = (
    "adc_norm",
    "atlas",
    "lesions_dir",
    "masks_dir",
    "masks_template",
    "norms_dir",
    "overrides",
    "templates_dir",
)
"""Choices that may name a path: relative ones are the user's, and Snakemake works in another folder."""
PYTHON = (sys.executable, "-P", "-m")
"""Runs a module, and takes none from the folder that one works in, where a random.py may lie."""
HELP = "see snakemake --help"
UNKNOWN = "unrecognized arguments: "
"""So Snakemake's parser begins its line on options that it does not know."""


def run(words: Sequence[str]) -> int:
    """Run the workflow as these words ask, and return its exit code."""
    output = Path(words[1]).resolve()
    code = subprocess.run(call(words), env=environment(output), check=False).returncode
    if words[2] == "group" and code == 0:
        print(output / "index.html")
    return code


def environment(output: Path) -> dict[str, str]:
    """Return the variables of the call; without a cache of the user's own, there is one beside the results.

    Snakemake keeps copies of the rules in it, and would end in a traceback.
    """
    try:
        check_writable(Path(platformdirs.user_cache_dir()))
    except InputError:
        return {**os.environ, "XDG_CACHE_HOME": str(output / ".snakemake" / "cache")}
    return dict(os.environ)


def call(words: Sequence[str]) -> list[str]:
    """Return the command that does what these words ask: Snakemake, or the stage of the whole cohort."""
    parser = _parser()
    asked, rest = parser.parse_known_args(words)
    try:
        _check_paths(asked)
    except InputError as error:
        parser.error(str(error))
    files = [str(path.resolve()) for path in asked.configfile]
    output = asked.output_dir.resolve()
    choices = dict(choice.partition("=")[::2] for choice in asked.config)
    if asked.level == "group":
        _, rest = _cores().parse_known_args(rest)
        if rest or files or asked.participant_label or asked.session_label or set(choices) - {"atlas"}:
            parser.error("group takes all results as they are: no option but --cores and --config atlas=…")
        return [*PYTHON, "cpimaging", "cohort", str(output), *_atlas(choices)]
    choices = {name: _rooted(name, value) for name, value in choices.items()}
    ours = {"bids_dir": str(asked.bids_dir.resolve()), "output_dir": str(output)}
    for name in ("participant_label", "session_label"):
        if labels := getattr(asked, name):
            ours[name] = ",".join(labels)
    choices |= {name: quoted(value) for name, value in ours.items()}
    root = pipeline()
    given = [
        *("--snakefile", str(root / "Snakefile")),
        *("--workflow-profile", str(root / "profiles/default"), "--directory", str(output), *rest),
        *(("--configfile", *files) if files else ()),
        *("--config", *(f"{name}={value}" for name, value in choices.items())),
    ]
    try:
        _check_options(given)
    except InputError as error:
        parser.error(str(error))
    return [*PYTHON, "snakemake", *given]


def _check_options(given: Sequence[str]) -> None:
    """Raise InputError for what Snakemake would print its whole usage at, or pass over."""
    from snakemake.cli import parse_args
    from snakemake.exceptions import CliException

    told = StringIO()
    try:
        with redirect_stderr(told), redirect_stdout(StringIO()):
            _, asked = parse_args(given)
    except SystemExit as end:
        if end.code:
            raise _misunderstood(told.getvalue().rpartition("rror: ")[2].strip()) from None
    except (CliException, ValueError) as error:
        raise InputError("an option of Snakemake", str(error).rstrip("."), HELP) from None
    else:
        check_asked(asked)
        profile = asked.workflow_profile
        if profile != "none" and "workflow specific profile" not in told.getvalue():
            raise InputError(f"--workflow-profile {profile}", "no such folder", "check the path")


def _misunderstood(told: str) -> InputError:
    """Return what ends Snakemake's usage as bad input; an unknown option with one of like spelling."""
    from snakemake.cli import get_argument_parser

    if "invalid choice: 'slurm'" in told:
        return InputError("slurm", "its executor is not installed", "pip install 'cpimaging[slurm]'")
    if argument := re.match(r"argument ([^\s:/]+)\S*: (.*)", told):
        return InputError(argument[1], argument[2], HELP)
    if not told.startswith(UNKNOWN):
        return InputError("Snakemake", told, HELP)
    unknown = told.removeprefix(UNKNOWN).split()[0]
    parsers = (_parser(), get_argument_parser())
    known = [word for parser in parsers for action in parser._actions for word in action.option_strings]
    near = get_close_matches(unknown.partition("=")[0], known, n=1)
    return InputError(unknown, "is no option", f"did you mean {near[0]}?" if near else HELP)


def _check_paths(asked: argparse.Namespace) -> None:
    """Raise InputError for what Snakemake would end at in a traceback, before it reads the Snakefile."""
    check_output(asked.output_dir)
    for path in asked.configfile:
        if not path.is_file():
            raise InputError(f"--configfile {path}", "no such file", "check the path")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one line, without the usage."""
        self.exit(2, f"cpimaging: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="cpimaging",
        allow_abbrev=False,
        description="Process a BIDS dataset (participant), or write the page of its results again (group).",
        epilog="All other options are Snakemake's: --cores, -n, --profile, --executor, …",
    )
    parser.add_argument("bids_dir", type=Path, help="the dataset; it is only read")
    parser.add_argument("output_dir", type=Path, help="where results are written")
    parser.add_argument("level", choices=LEVELS)
    for name in ("participant", "session"):
        words = (f"--{name}-label", f"--{name}_label")
        parser.add_argument(*words, nargs="+", action="extend", metavar="LABEL", help="only these")
    # Given twice, Snakemake would take the last alone.
    many = partial(parser.add_argument, nargs="+", action="extend", default=[])
    many("--config", "-C", metavar="KEY=VALUE", help="config/README.md")
    many("--configfile", "--configfiles", type=Path, metavar="FILE", help="choices in YAML")
    return parser


def _cores() -> argparse.ArgumentParser:
    """Return what takes the number of cores from the words; the group level needs one, whatever is given."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--cores", "-c", nargs="?")
    return parser


def _atlas(choices: dict[str, str]) -> list[str]:
    return ["--atlas", _path("atlas", choices["atlas"]) or choices["atlas"]] if "atlas" in choices else []


def _rooted(name: str, value: str) -> str:
    path = _path(name, value)
    return quoted(path) if path else value


def _path(name: str, value: str) -> str | None:
    """Return the absolute path that a choice names, None where it names none."""
    path = Path(os.path.expanduser(value))
    return str(path.resolve()) if name in PATHS and value and path.exists() else None
