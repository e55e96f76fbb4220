"""Whether files hold the columns and keys that are declared: nothing else, and with the words that are."""

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from jsonschema import Draft202012Validator

import cpimaging
from cpimaging import outputs_by_name
from cpimaging.columns import Column, described, dtypes
from cpimaging.io import read_table
from cpimaging.outputs import Output, Place
from cpimaging.outputs_by_name import first_that_fits, inherited, schema_name
from cpimaging.scorers.group import outputs as all_outputs

SCHEMAS = Path(cpimaging.__file__).parent / "schemas"
KINDS = {"str": str, "int64": int, "float64": int | float, "bool": bool, "list": list}


def tables() -> dict[str, list[Column]]:
    """Return the columns of every table by its pattern of names."""
    return {name: list(found) for name, found in outputs_by_name.tables(all_outputs()).items()}


def files() -> dict[str, list[Column]]:
    """Return the keys of every JSON file by its pattern of names."""
    return {name: list(found) for name, found in outputs_by_name.json_files(all_outputs()).items()}


def of(declared: dict[str, list[Column]], name: str) -> tuple[str, list[Column]]:
    """Return the first pattern that fits a name, and what is declared for it; "" where none does."""
    return first_that_fits(declared.items(), name) or ("", [])


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
    columns = [column for column in columns if not column.when or column.name in names]
    if not pattern or names != list(dtypes(columns)):
        return [f"{path.name}: {names}"]
    table = read_table(path, dtypes(columns))
    wrong = [
        f"{path.name}: {column.name} is {sorted(strange)}"
        for column in columns
        if column.levels and (strange := set(table[column.name]) - {*column.levels, "n/a"})
    ]
    told, wanted = sidecar_of(path), described(columns)
    return wrong + [f"{path.name}: sidecar of {name}" for name in wanted if told.get(name) != wanted[name]]


def sidecar_of(path: Path) -> dict[str, object]:
    """Return what the JSON files of a table say: that on top for the tables of all scans, then its own."""
    name = path.with_suffix(".json").name
    shared = re.sub(r"^sub-[^_]+_(ses-[^_]+_)?", "", name)
    tops = [] if shared == name else [folder / shared for folder in path.parents]
    found = [json.loads(one.read_text()) for one in (*tops, path.with_name(name)) if one.is_file()]
    return {key: value for content in found for key, value in content.items()}


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
    found = sorted(folder.rglob(f"*{suffix}"))  # also those of a folder below, such as niistat
    return [path for path in found if "logs" not in path.parts or path.parts[-2] == "logs"]  # not those below


def unlisted(folder: Path) -> list[str]:
    """Return the files below a folder that are not declared, and those of which another stage is."""
    stages = {
        name: {"atlas"} if name == inherited(output) else set(output.stage.split(", "))
        for output in all_outputs()
        for name in names_of(output)
    }
    wrong = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "logs" not in path.parts and not first_that_fits(stages.items(), path.name):
            wrong.append(f"{path.name}: not declared")
    for record in sorted(folder.glob("logs/files/*/*.json")):
        for name in json.loads(record.read_text())["Files"]:
            found = first_that_fits(stages.items(), Path(name).name)
            if found and record.parent.name not in found[1]:
                wrong.append(f"{name}: declared of {found[1]}, written by {record.parent.name}")
    return wrong


def names_of(output: Output) -> list[str]:
    """Return the name of a file, of its sidecar, and of the one that it shares with other scans."""
    shared = [name] if (name := inherited(output)) else []
    return list(dict.fromkeys([output.name, *([output.json_name] if output.keys else []), *shared]))


def undeclared(folder: Path) -> list[str]:
    """Return all that is wrong with the files below a folder."""
    wrong = unlisted(folder)
    wrong += [line for path in outputs(folder, ".tsv") for line in wrong_in_table(path)]
    found = outputs(folder, ".json")
    wrong += [line for path in found for line in wrong_in_json(path)]
    known = [path for path in (*found, *outputs(folder, ".jsonl")) if of(files(), path.name)[0]]
    return wrong + [line for path in known for line in breaks_its_schema(path)]


def lacking(place: Place, *folders: Path) -> list[str]:
    """Return the declared files of a place that are in none of the folders."""
    there = [path.name for folder in folders for path in folder.rglob("*")]
    wanted = [name for output in all_outputs() if output.place == place for name in names_of(output)]
    return [name for name in wanted if not any(fnmatch(file, name) for file in there)]


def never_seen(folder: Path) -> list[str]:
    """Return what is declared without a condition and is in no file below a folder."""
    seen: dict[str, set[str]] = {}
    for path in outputs(folder, ".json"):
        names = {name for name, _ in walk(json.loads(path.read_text(encoding="utf-8")))}
        seen.setdefault(of(files(), path.name)[0], set()).update(names)
    names = [name for output in all_outputs() for name in names_of(output)]
    there = [path.name for path in folder.rglob("*") if path.is_file() and path.parent.parent.name != "logs"]
    patterns = dict.fromkeys(names)
    kinds = {found[0] for name in there if (found := first_that_fits(patterns.items(), name))}
    missing = [f"{pattern}: no such file" for pattern in patterns if pattern not in kinds]
    return missing + [
        f"{pattern}: {key.name}"
        for pattern, names in seen.items()
        for key in files()[pattern]
        if not key.when and not any(fits(name, key.name) for name in names)
    ]


def breaks_its_schema(path: Path) -> list[str]:
    """Return what the schema that we ship says of a JSON file, or of each line of one with lines."""
    name, keys = of(files(), path.name)
    schema = json.loads((SCHEMAS / schema_name(name, tuple(keys))).read_text(encoding="utf-8"))
    text = path.read_text(encoding="utf-8")
    parts = text.splitlines() if path.suffix == ".jsonl" else [text]
    found = [error for part in parts for error in Draft202012Validator(schema).iter_errors(json.loads(part))]
    return [f"{path.name}: {error.json_path} {error.message[:200]}" for error in found]
