"""Whether files hold the columns and keys that are declared: nothing else, and with the words that are."""

import json
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from cpimaging.columns import TABLES, Column, dtypes
from cpimaging.io import read_table
from cpimaging.keys import FILES
from cpimaging.scorers.group import group_columns, pattern_keys

KINDS = {"str": str, "int64": int, "float64": int | float, "bool": bool, "list": list}


def tables() -> dict[str, list[Column]]:
    """Return the columns of every table by its pattern of names."""
    return {"group_patterns.tsv": group_columns(), **{name: list(found) for name, found in TABLES.items()}}


def files() -> dict[str, list[Column]]:
    """Return the keys of every JSON file by its pattern of names."""
    patterns = {"*_desc-pattern_stats.json": pattern_keys()}
    return patterns | {name: list(found) for name, found in FILES.items()}


def of(declared: dict[str, list[Column]], name: str) -> tuple[str, list[Column]]:
    """Return the first pattern that fits a name, and what is declared for it; "" where none does."""
    fitting = ((pattern, found) for pattern, found in declared.items() if fnmatch(name, pattern))
    return next(fitting, ("", []))


def walk(content: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield every key of a JSON file, with those above it, and its value."""
    if isinstance(content, dict):
        for key, value in content.items():
            name = f"{place}.{key}" if place else key
            yield name, value
            yield from walk(value, name)
    elif isinstance(content, list):
        for value in content:
            if isinstance(value, dict):
                yield from walk(value, f"{place}[]")


def fits(name: str, declared: str) -> bool:
    """Tell whether a key is a declared one, in which * is any name."""
    parts, wanted = name.split("."), declared.split(".")
    return len(parts) == len(wanted) and all(b in ("*", a) for a, b in zip(parts, wanted, strict=True))


def wrong_in_table(path: Path) -> list[str]:
    """Return what is wrong with a table: its columns, their dtypes, words that are not declared."""
    pattern, columns = of(tables(), path.name)
    names = list(read_table(path))
    if not pattern or names != list(dtypes(columns)):
        return [f"{path.name}: {names}"]
    table = read_table(path, dtypes(columns))
    return [
        f"{path.name}: {column.name} is {sorted(strange)}"
        for column in columns
        if column.levels and (strange := set(table[column.name]) - {*column.levels, "n/a"})
    ]


def wrong_in_json(path: Path) -> list[str]:
    """Return what is wrong with a JSON file: keys, kinds of values, words that are not declared."""
    pattern, keys = of(files(), path.name)
    wrong = [] if pattern else [f"{path.name}: not declared"]
    for name, value in walk(json.loads(path.read_text(encoding="utf-8"))):
        key = next((key for key in keys if fits(name, key.name)), None)
        if key is None:
            wrong.append(f"{path.name}: {name} is not declared")
        elif value is not None and not isinstance(value, KINDS.get(key.dtype, object)):
            wrong.append(f"{path.name}: {name} is no {key.dtype}")
        elif key.levels and value is not None and value not in {*key.levels, "n/a"}:
            wrong.append(f"{path.name}: {name} is {value}")
    return wrong


def outputs(folder: Path, suffix: str) -> list[Path]:
    """Return the results below a folder; of logs, those that are for people."""
    found = sorted(folder.rglob(f"*{suffix}"))
    told = (("logs", "index.tsv"), ("logs", "summary.tsv"))  # not those of Snakemake, deeper below logs
    return [path for path in found if "logs" not in path.parts or path.parts[-2:] in told]


def undeclared(folder: Path) -> list[str]:
    """Return all that is wrong with the tables and JSON files below a folder."""
    wrong = [line for path in outputs(folder, ".tsv") for line in wrong_in_table(path)]
    return wrong + [line for path in outputs(folder, ".json") for line in wrong_in_json(path)]


def never_seen(folder: Path) -> list[str]:
    """Return what is declared without a condition and is in no file below a folder."""
    seen: dict[str, set[str]] = {}
    for path in outputs(folder, ".json"):
        names = {name for name, _ in walk(json.loads(path.read_text(encoding="utf-8")))}
        seen.setdefault(of(files(), path.name)[0], set()).update(names)
    kinds = {of(tables(), path.name)[0] for path in outputs(folder, ".tsv")} | set(seen)
    missing = [f"{pattern}: no such file" for pattern in {**tables(), **files()} if pattern not in kinds]
    return missing + [
        f"{pattern}: {key.name}"
        for pattern, names in seen.items()
        for key in files()[pattern]
        if not key.when and not any(fits(name, key.name) for name in names)
    ]
