"""Write docs/outputs.md and the JSON schemas in cpimaging/schemas from the declarations of all outputs.

With --check, only say whether all are up to date.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cpimaging.columns import Column
from cpimaging.keys import COLUMN_KEYS, SIDECAR
from cpimaging.outputs import SCHEMA_VERSION, Output, Place
from cpimaging.outputs_by_name import inherited, schema_name
from cpimaging.scorers.group import outputs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "outputs.md"
SCHEMAS = ROOT / "cpimaging" / "schemas"
TYPES = {
    "str": "text",
    "int64": "whole number",
    "float64": "number",
    "bool": "true or false",
    "list": "list",
    "object": "any",
}
JSON_TYPES = {"str": "string", "int64": "integer", "float64": "number", "bool": "boolean", "list": "array"}
PLACES: Mapping[Place, tuple[str, str]] = {
    "study": ("The dataset", "On top of the results."),
    "group": ("The group", "On top of the results."),
    "scan": (
        "Each scan",
        "In `sub-XX/[ses-YY/]anat`, the page on top of the results; `*` at the front is the scan's label.",
    ),
    "logs": (
        "Logs",
        "In `logs`. Beside them lie the logs of all stages and what the stages note for each other.",
    ),
    "export": (
        "Exports",
        "Written by `cpimaging export` where you ask. `cpimaging export wide OUT FILE` writes a table of "
        "your name; the JSON file beside it describes its columns.",
    ),
    "readers": ("Readers", "With `cpimaging agree`: on top of the results, and in the folder for readers."),
    "norms": ("Norms", "In the folder of norms."),
    "adc": ("Map of healthy ADC", "In the folder of the map."),
    "simulated": ("Simulated brains", "In `sourcedata/truth` of a simulated dataset."),
}
HEAD = f"""# Outputs

Every file that is written, and every column and key in it. `python docs/outputs.py` makes this page from the
declarations that the software itself writes its sidecars from.

- Tables are text with tabs. `n/a` is what is not known or was not assessed: it is never 0. Beside each table
  lies a JSON file of the same name with the descriptions of its columns. The tables that every scan has share
  one on top of the results, as the inheritance of BIDS allows: `desc-lesions_stats.json` is for
  `sub-XX/anat/sub-XX_desc-lesions_stats.tsv`.
- Scripts may rely on names of files, columns and words. A new column follows the others.
- JSON schemas for all JSON files stand in `cpimaging/schemas`, version {SCHEMA_VERSION}: the first
  number rises where a key goes or changes its meaning, the second where one is added.
"""


def page_text() -> str:
    """Return the page."""
    lines = [HEAD]
    for place, (title, where) in PLACES.items():
        found = [output for output in outputs() if output.place == place]
        lines += [f"## {title}", "", where, "", "| file | written by | what | when |", "|---|---|---|---|"]
        lines += [
            _row(f"`{output.name}`", output.stage, output.text, output.when or "always") for output in found
        ]
        lines.append("")
        for output in found:
            lines += _contents(output)
    lines += ["## Every sidecar", "", *_table(SIDECAR), "## The sidecar of a table", "", *_table(COLUMN_KEYS)]
    return "\n".join(lines).rstrip() + "\n"


def _contents(output: Output) -> Iterator[str]:
    shared = [*SIDECAR, *COLUMN_KEYS]
    own = [key for key in output.keys if key not in shared]
    if output.columns:
        beside = inherited(output) or output.json_name
        yield from (f"### `{output.name}`", "", f"{output.text} Described in `{beside}`.", "")
        yield from _table(output.columns)
    if own:
        more = " Beside these, what every sidecar says." if SIDECAR[0] in output.keys else ""
        yield from (f"### `{output.json_name}`", "", f"{output.text}{more}", "", *_table(own))


def _table(found: Iterable[Column]) -> Iterator[str]:
    yield from ("| name | type | unit | words | meaning |", "|---|---|---|---|---|")
    for column in found:
        words = "; ".join(f"`{word}`: {text}" for word, text in column.levels.items())
        text = f"{column.text} Only {column.when}." if column.when else column.text
        yield _row(f"`{column.name}`", TYPES[column.dtype], column.unit, words, text)
    yield ""


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


@dataclass
class Node:
    """A place in a JSON file. column: what is declared of it. named: keys by name; any: of any other name."""

    column: Column | None = None
    named: dict[str, "Node"] = field(default_factory=dict)
    any: "Node | None" = None
    items: "Node | None" = None

    def below(self, name: str) -> "Node":
        """Return the place of a key; name* for any, name[] for the items of a list."""
        if name.endswith("[]"):
            node = self.below(name[:-2])
            node.items = node.items or Node()
            return node.items
        if name == "*":
            self.any = self.any or Node()
            return self.any
        return self.named.setdefault(name, Node())


def schema_of(output: Output) -> dict[str, object]:
    """Return the JSON schema of a file."""
    root = Node()
    for column in output.keys:
        node = root
        for name in column.name.split("."):
            node = node.below(name)
        node.column = column
    name = schema_name(output.json_name, output.keys)
    shared = output.keys == COLUMN_KEYS
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:cpimaging:{name.removesuffix('.schema.json')}:{SCHEMA_VERSION}",
        "title": "the sidecar of a table" if shared else output.json_name,
        "description": "What the columns of a table hold." if shared else output.text,
        "version": SCHEMA_VERSION,
        **_schema(root, null=False),
    }


def _schema(node: Node, *, null: bool = True) -> dict[str, object]:
    column, nothing = node.column, ["null"] if null else []
    told: dict[str, object] = {}
    if column:
        told["description"] = f"{column.text} Unit: {column.unit}." if column.unit else column.text
    if node.named or node.any:
        return {**told, "type": ["object", *nothing], **_object(node)}
    if column and column.levels:
        return {**told, "enum": [*dict.fromkeys((*column.levels, "n/a")), *([None] if null else [])]}
    if column and column.dtype in JSON_TYPES:
        told["type"] = [JSON_TYPES[column.dtype], *nothing]
    return {**told, "items": _schema(node.items, null=False)} if node.items else told


def _object(node: Node) -> dict[str, object]:
    required = [name for name, of in node.named.items() if of.column and not of.column.when]
    return {
        "properties": {name: _schema(of) for name, of in node.named.items()},
        "required": required,
        "additionalProperties": _schema(node.any) if node.any else False,
    }


def made() -> dict[Path, str]:
    """Return the content of every file that this script writes."""
    schemas = {
        SCHEMAS / schema_name(output.json_name, output.keys): json.dumps(
            schema_of(output), indent=1, ensure_ascii=False
        )
        + "\n"
        for output in outputs()
        if output.keys
    }
    return {PAGE: page_text(), **schemas}


if __name__ == "__main__":
    for path, text in made().items():
        if "--check" not in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.relative_to(ROOT)} is out of date: python docs/outputs.py")
    for path in set(SCHEMAS.glob("*.json")) - set(made()):
        sys.exit(f"{path.relative_to(ROOT)} is of no output: delete it")
