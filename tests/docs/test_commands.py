"""Every command that the documentation names exists, with the options that stand behind it."""

import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from snakemake.cli import get_argument_parser
from typer.main import get_command

from cpimaging import bids_app
from cpimaging.cli import LEVELS, app
from cpimaging.io import read_yaml
from cpimaging.layout import SCHEMA

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), ROOT / "config" / "README.md", *(ROOT / "docs").rglob("*.md")]
FENCE = re.compile(r"^```\w*\n(.*?)^```", re.M | re.S)
IN_CONTAINER = re.compile(r"(?:apptainer|docker) run .*?\bcpimaging(?:\.sif)? (.+)")
MISSING = ("Missing parameter", "Missing argument", "Missing option", "requires an argument")
"""Said of a command that is only named in a sentence."""


def commands(page: Path) -> Iterator[tuple[str, bool]]:
    """Yield the commands of a page, and whether each stands in a block, to be copied as it is."""
    text = page.read_text(encoding="utf-8")
    for block in FENCE.findall(text):
        yield from ((line.strip(), True) for line in re.sub(r"\\\n\s*", "", block).splitlines())
    for span in re.findall(r"`([^`]+)`", FENCE.sub("", text)):
        yield " ".join(span.split()), False


def named(program: str) -> list[Any]:
    """Return the calls of a program in all pages."""
    found = []
    for page in PAGES:
        for told, copied in commands(page):
            inside = IN_CONTAINER.match(told)
            command = f"cpimaging {inside[1]}" if inside else told
            if command.startswith(f"{program} "):
                name = page.relative_to(ROOT).as_posix()
                found.append(pytest.param(words_of(command)[1:], copied, id=f"{name}: {command}"))
    return found


def words_of(command: str) -> list[str]:
    """Return the words of a command without its comment; of "a|b" the first, of "…" and "[…]" nothing."""
    words = shlex.split(command, comments=True)
    return [word.split("|")[0] for word in words if "…" not in word and word[0] not in "[]"]


def check_snakemake(words: list[str]) -> None:
    asked = get_argument_parser().parse_args(words)
    keys = {choice.partition("=")[0] for choice in asked.config or []}
    assert keys <= read_yaml(ROOT / SCHEMA)["properties"].keys()


def wrong_in(words: list[str]) -> str:
    """Return what one of our commands says of words, "" where it takes them."""
    command: Any = get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"{words[0]} is no command"
        command, words = command.commands[words[0]], words[1:]
    if hasattr(command, "commands") or "--help" in words:
        known = [option for each in command.params for option in each.opts] + ["--help"]
        return " ".join(word for word in words if word not in known and word.startswith("-"))
    try:
        command.make_context(command.name, words)
    except Exception as error:  # of typer's own parser, whose module has moved between its versions
        return str(getattr(error, "message", "") or error)
    return ""


@pytest.mark.parametrize(("words", "copied"), named("cpimaging"))
def test_ours_are_there(words: list[str], copied: bool) -> None:
    if len(words) > 2 and words[2] in LEVELS:
        asked, rest = bids_app._parser().parse_known_args(words)
        check_snakemake([*rest, "--config", *asked.config])
    elif not re.match("[A-Z/]", words[0]):  # a placeholder
        told = wrong_in(words)
        assert not told or (not copied and any(part in told for part in MISSING)), told


@pytest.mark.parametrize(("words", "copied"), named("snakemake"))
def test_snakemakes_are_there(words: list[str], copied: bool) -> None:
    check_snakemake(words)


@pytest.mark.parametrize(("words", "copied"), named("make"))
def test_targets_are_there(words: list[str], copied: bool) -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    benchmarks = re.findall(r"[a-z]+", re.findall(r"addprefix bench-,([^)]*)", text)[0])
    targets = {*re.findall(r"^([a-z-]+):", text, re.M), *(f"bench-{name}" for name in benchmarks)}
    assert set(words) <= targets


@pytest.mark.parametrize(("words", "copied"), named("pip"))
def test_extras_are_there(words: list[str], copied: bool) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {extra for word in words for extra in re.findall(r"cpimaging\[(\w+)\]", word)}
    assert asked <= project["optional-dependencies"].keys()


@pytest.mark.parametrize(("words", "copied"), named("python"))
def test_scripts_are_there(words: list[str], copied: bool) -> None:
    if words[0].endswith(".py"):
        assert (ROOT / words[0]).is_file()
    elif words[0] == "-m" and words[1].startswith("cpimaging"):
        assert importlib.util.find_spec(words[1])


def test_what_jobs_ask_for_is_what_the_rules_say() -> None:
    rule = re.compile(r"^rule (\w+):.*?mem_mb=\w+\((\d+)\),\s+runtime=\w+\((\d+)\)", re.M | re.S)
    rules = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "workflow/rules").glob("*")))
    asked = re.findall(r"mem_mb=", rules)
    told = re.compile(r"^\| (\w+)[^|]* \| (\d+) \| (\d+) \|$", re.M)
    page = (ROOT / "docs/how-to.md").read_text(encoding="utf-8")
    section = page[page.index("**Use a cluster") : page.index("**Use a container")]
    assert len(asked) == len(rule.findall(rules))
    assert sorted(told.findall(section)) == sorted(rule.findall(rules))


@pytest.mark.parametrize(
    "words",
    [
        ["atlas", "steal"],
        ["doctor", "BIDS", "OUT", "--core", "8"],
        ["status"],
        ["convert", "bonbids", "a", "b"],
        ["pdf", "OUT", "--all"],
        ["--verison"],
    ],
)
def test_a_command_that_is_not_there_is_found(words: list[str]) -> None:
    assert wrong_in(words)
