"""What made an output: code digests, software versions, sidecars."""

import ast
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cpimaging import __version__

PACKAGE = "cpimaging"
LIBRARIES = ("nibabel", "nilearn", "numpy", "picsl_greedy", "scikit-image", "scipy", "SimpleITK")


@cache
def code_digest(stage: str) -> str:
    """Return a short hash of a stage's code: its module and every module of ours that it imports.

    Comments and docstrings do not count; data files beside the modules (YAML, TSV, templates) do.
    """
    digest = hashlib.sha256()
    for module in sorted(_reachable(f"{PACKAGE}.stages.{stage}")):
        digest.update(_parsed(_text(module))[0].encode())
        digest.update(_data_beside(_source(module)))
    return digest.hexdigest()[:12]


def _reachable(start: str) -> set[str]:
    found: set[str] = set()
    todo = [start]
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo.extend(_parsed(_text(module))[1])
            todo.extend(filter(None, [module.rpartition(".")[0]]))  # a package runs, and reads, first
    return found


@cache  # the stages share most of their modules
def _parsed(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the code of a module, without comments and docstrings, and what it imports of ours."""
    tree = ast.parse(text)
    return _code(tree), tuple(_imported(tree))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a module and all statements in it, however deep; a tenth of all its nodes."""
    yield node
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, name, ()):
            yield from _statements(child)


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in _statements(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            yield node.module
            yield from (name for alias in node.names if _is_module(name := f"{node.module}.{alias.name}"))
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == PACKAGE)


@cache
def _is_module(name: str) -> bool:
    parent = find_spec(name.rpartition(".")[0])
    return bool(parent and parent.submodule_search_locations and find_spec(name))


def _source(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(module)
    return Path(spec.origin)


def _text(module: str) -> str:
    return _source(module).read_text(encoding="utf-8")


def _code(tree: ast.Module) -> str:
    for node in list(_statements(tree)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _data_beside(path: Path) -> bytes:
    """Return the data files that a module reads: beside a package's __init__, or of a module's own name."""
    if path.name == "__init__.py":
        files = [
            file for file in path.parent.rglob("*") if file.suffix in {".jinja", ".css", ".json", ".tsv"}
        ]
        files = [file for file in files if path.parent.name != PACKAGE or file.parent == path.parent]
    else:
        files = [path.with_suffix(".yaml")]
    return b"".join(file.read_bytes() for file in sorted(files) if file.is_file())


def software_versions() -> dict[str, str]:
    """Return the versions of cpimaging and of the libraries whose results reach an output."""
    found = {PACKAGE: __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "n/a"
    return found


def sidecar(stage: str, sources: list[str], **fields: Any) -> dict[str, Any]:
    """Return a BIDS sidecar: sources, code digest, versions and the stage's own fields.

    sources: BIDS URIs or paths relative to the dataset, never absolute ones.
    """
    content: Mapping[str, Any] = {
        "Sources": sources,
        "GeneratedBy": [{"Name": PACKAGE, "Version": __version__}],
        "Stage": stage,
        "CodeDigest": code_digest(stage),
    }
    return {**content, **fields}
