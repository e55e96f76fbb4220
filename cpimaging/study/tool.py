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
    try:
        return {name for _, name, _, _ in string.Formatter().parse(command) if name is not None}
    except ValueError as error:
        raise InputError(key, f"cannot be read: {error}", "write literal braces twice") from None


def check_placeholders(key: str, command: str, known: Sequence[str], needed: Sequence[str]) -> None:
    """Refuse a command with a placeholder that is not known, or without one that is needed."""
    named = placeholders(key, command)
    unknown = sorted(named - set(known))
    if unknown:
        choice = ", ".join(f"{{{name}}}" for name in known)
        raise InputError(key, f"has the unknown placeholder {{{unknown[0]}}}", f"use {choice}")
    for name in needed:
        if name not in named:
            raise InputError(key, f"has no {{{name}}}", f"add {{{name}}}")


def run_tool(key: str, command: str, files: Mapping[str, Path], out: Path) -> None:
    """Run a command in a shell, its placeholders filled with quoted absolute paths; `out` must appear."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.unlink(missing_ok=True)
    words = {name: shlex.quote(str(path.resolve())) for name, path in {**files, OUT: out}.items()}
    done = subprocess.run(command.format_map(words), shell=True, check=False)
    if done.returncode:
        raise InputError(key, f"ended with code {done.returncode}", "see the lines above")
    if not out.is_file():
        raise InputError(key, "wrote no mask to {out}", "make it write a NIfTI file there")
