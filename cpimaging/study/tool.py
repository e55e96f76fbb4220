"""Run a command that the user has put into the configuration."""

import shlex
import string
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from cpimaging.types import InputError

OUT = "out"


def placeholders(key: str, command: str) -> set[str]:
    """Return the names in braces of a command. key: its name in the configuration."""
    return {name for _, name in _pieces(key, command) if name is not None}


def _pieces(key: str, command: str) -> list[tuple[str, str | None]]:
    """Return the parts of a command: plain text, and the placeholder behind it, if any."""
    try:
        parts = list(string.Formatter().parse(command))
    except ValueError as error:
        raise InputError(key, f"cannot be read: {error}", "write literal braces twice") from None
    for _, name, form, conversion in parts:
        if form or conversion:
            problem = f"says how {{{name}}} is to be written (! or :), which a file's path has no use for"
            raise InputError(key, problem, f"write {{{name}}}")
    return [(text, name) for text, name, _, _ in parts]


def check_placeholders(key: str, command: str, known: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a command with a placeholder that is not known or stands in quotes, or without one needed."""
    named = placeholders(key, command)
    unknown = sorted(named - set(known))
    if unknown:
        choice = ", ".join(f"{{{name}}}" for name in known)
        raise InputError(key, f"has the unknown placeholder {{{unknown[0]}}}", f"use {choice}")
    for name in needed:
        if name not in named:
            raise InputError(key, f"has no {{{name}}}", f"add {{{name}}}")
    _check_quotes(key, command)


def _check_quotes(key: str, command: str) -> None:
    """Refuse a placeholder within quotes: ours would end there, and the shell would run a file's name."""
    open_quote, escaped = "", False
    for text, name in _pieces(key, command):
        for character in text:
            if escaped:
                escaped = False
            elif character == "\\" and open_quote != "'":
                escaped = True
            elif character == open_quote:
                open_quote = ""
            elif not open_quote and character in "'\"`":
                open_quote = character
        if name is not None and (open_quote or escaped):
            problem = f"has {{{name}}} behind {open_quote or 'a backslash'}, but paths are quoted already"
            raise InputError(key, problem, "take the quotes away, or put the command into a script")


def run_tool(key: str, command: str, files: Mapping[str, Path], out: Path) -> None:
    """Run a command in a shell, its placeholders filled with quoted absolute paths; `out` must appear.

    Raises InputError where it fails, and for a placeholder in quotes.
    """
    _check_quotes(key, command)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    words = {name: shlex.quote(str(path.resolve())) for name, path in {**files, OUT: out}.items()}
    done = subprocess.run(command.format_map(words), shell=True, check=False)
    if done.returncode:
        raise InputError(key, f"ended with code {done.returncode}", "see the lines above")
    if not out.is_file():
        raise InputError(key, "wrote no mask to {out}", "make it write a NIfTI file there")
