"""What made an output: code digests and sidecars."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cache
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any

from cpimaging import __version__
from cpimaging.cache import cache_dir
from cpimaging.io import read_json, write_json
from cpimaging.types import InputError
from cpimaging.writes import unnoted

PACKAGE = "cpimaging"
IMPORTS = re.compile(rf"^ *from ({PACKAGE}(?:\.\w+)*) import (\([^)]*\)|.+)$", re.MULTILINE)
"""Imports of our own modules; all are written so."""

KEPT = "code_digests.json"


@cache
def code_digest(stage: str, *, keep: bool = False) -> str:
    """Return a short hash of a stage's code: its module and every module of ours that it imports.

    Comments and docstrings do not count; data files beside the modules (YAML, TSV, templates) do. keep: what
    was computed is kept in the user's cache until a file of the package changes; a dry run writes nothing.
    """
    package, known = _kept()
    if stage not in known:
        known[stage] = _computed(stage)
        if keep and cache_dir().is_dir():
            with suppress(InputError, OSError), unnoted():
                write_json(cache_dir() / KEPT, {"package": package, "stages": known})
    return known[stage]


@cache
def _kept() -> tuple[str, dict[str, str]]:
    """Return a hash of every byte of the package and of Python, and the digests that were kept under it."""
    root, total = _source(PACKAGE).parent, hashlib.sha256(MAGIC_NUMBER)
    for file in sorted(root.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            total.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    with suppress(InputError, KeyError, TypeError, ValueError):
        kept = read_json(cache_dir() / KEPT)
        if kept["package"] == total.hexdigest():
            return kept["package"], dict(kept["stages"])
    return total.hexdigest(), {}


def _computed(stage: str) -> str:
    digest = hashlib.sha256()
    for module in sorted(_reachable(f"{PACKAGE}.stages.{stage}")):
        digest.update(_read(_text(module))[0])
        digest.update(_data_beside(_source(module)))
    return digest.hexdigest()[:12]


def _reachable(start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo.extend(_read(_text(module))[1])
            todo.extend(filter(None, [module.rpartition(".")[0]]))  # a package runs, and reads, first
    return found


@cache  # the stages share most of their modules
def _read(text: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the code of a module, without comments and docstrings, and what it imports of ours."""
    # by the compiler, in C: to dump syntax trees took a tenth of the processor time of a whole scan
    code = compile(text, "", "exec", dont_inherit=True, optimize=2)
    return b"".join(_instructions(code)), tuple(_imported(text))


def _instructions(code: CodeType) -> Iterator[bytes]:
    """Yield what a piece of code does, function by function; not where it stands in its file."""
    constants = [_told(constant) for constant in code.co_consts if not isinstance(constant, CodeType)]
    arguments = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    names = (code.co_name, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
    yield repr((arguments, names, constants)).encode()
    yield code.co_code + code.co_exceptiontable
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _instructions(constant)


def _told(constant: object) -> str:
    """Return a constant as text; the order of a set depends on the seed of hashes."""
    return repr(sorted(map(repr, constant))) if isinstance(constant, frozenset) else repr(constant)


def _imported(text: str) -> Iterator[str]:
    for module, names in IMPORTS.findall(text):
        yield module
        aliases = (alias.split(" as ")[0].strip() for alias in names.strip("()").split(","))
        yield from (name for alias in aliases if alias and _is_module(name := f"{module}.{alias}"))


@cache
def _modules() -> dict[str, Path]:
    """Return the files of our modules, by name; importlib would load the packages that it looks into."""
    root = Path(__file__).parent
    files = {path.relative_to(root.parent).with_suffix(""): path for path in root.rglob("*.py")}
    return {".".join(name.parts).removesuffix(".__init__"): path for name, path in files.items()}


def _is_module(name: str) -> bool:
    return name in _modules()


def _source(module: str) -> Path:
    return _modules()[module]


def _text(module: str) -> str:
    return _source(module).read_text(encoding="utf-8")


def _data_beside(path: Path) -> bytes:
    """Return the data files that a module reads: beside a package's __init__, or of a module's own name."""
    if path.name == "__init__.py":
        files = [
            file
            for file in path.parent.rglob("*")
            if file.suffix in {".jinja", ".css", ".js", ".json", ".tsv"}
        ]
        files = [file for file in files if path.parent.name != PACKAGE or file.parent == path.parent]
    else:
        files = [path.with_suffix(".yaml")]
    return b"".join(file.read_bytes() for file in sorted(files) if file.is_file())


def sidecar(stage: str, sources: list[str], **fields: Any) -> dict[str, Any]:
    """Return a BIDS sidecar: sources, code digest, versions and the stage's own fields.

    sources: BIDS URIs or paths relative to the dataset, never absolute ones.
    """
    content: Mapping[str, Any] = {
        "Sources": sources,
        "GeneratedBy": [{"Name": PACKAGE, "Version": __version__}],
        "Stage": stage,
        "CodeDigest": code_digest(stage, keep=True),
    }
    return {**content, **fields}
