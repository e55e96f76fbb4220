"""Write what is made from the registries: names in the schema and in config.yaml, and config/README.md.

With --check, only say whether all are up to date.
"""

import re
import sys
import textwrap
from pathlib import Path

import yaml

from cpimaging.registration.engines import ENGINES
from cpimaging.scorers import SCORERS

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "workflow" / "schemas" / "config.schema.yaml"
CONFIG = HERE / "config.yaml"
README = HERE / "README.md"
ENTRY = re.compile(r"^  scorers:\n(?:   .*\n)+", re.MULTILINE)
"""The entry of the scorers in the schema."""
ENGINE_NAMES = re.compile(r"(?<=^  engine:\n)((?:    .*\n)*?    enum: )\[.*\]", re.MULTILINE)
CHOSEN = re.compile(r"^scorers: .*$", re.MULTILINE)


def schema_text() -> str:
    """Return the schema, with scorers and engines as they are registered."""
    names = ", ".join(SCORERS)
    told = "; ".join(f"{name} ({scorer.title}: {scorer.ages})" for name, scorer in SCORERS.items())
    meaning = (
        f"What is called from the tables, a list, a comma list, or the word all: {told}; see docs/method. "
        "A scan of another age is told to be not scored. [] gives the load tables alone, for atlases that "
        "lack the structures which a scorer needs."
    )
    entry = [
        "  scorers:",
        f"    default: [{names}]",
        "    type: [array, string]",
        "    items:",
        f"      enum: [{names}]",
        "    description: >-",
        *textwrap.wrap(meaning, 110, initial_indent=6 * " ", subsequent_indent=6 * " "),
    ]
    schema = ENTRY.sub("\n".join(entry) + "\n", SCHEMA.read_text(encoding="utf-8"))
    return ENGINE_NAMES.sub(rf"\g<1>[{', '.join(ENGINES)}]", schema)


def config_text() -> str:
    """Return the configuration, in which every scorer is chosen."""
    return CHOSEN.sub(f"scorers: [{', '.join(SCORERS)}]", CONFIG.read_text(encoding="utf-8"))


def readme_text() -> str:
    """Return the page."""
    schema = yaml.safe_load(schema_text())
    demo = yaml.safe_load(config_text())
    lines = [
        "# Configuration",
        "",
        f"{schema['description']} Generated from `workflow/schemas/config.schema.yaml` by `make_readme.py`.",
        "Set a key in `config.yaml`, or on the command line: `snakemake --config bids_dir=/data/study`.",
        "An unknown key stops the workflow. Quote labels in YAML: `010` without quotes is the number 8.",
        "",
        "| key | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for key, entry in schema["properties"].items():
        kinds = entry["type"] if isinstance(entry["type"], list) else [entry["type"]]
        kind = " or ".join(f"`{value}`" for value in entry.get("enum", [])) or " or ".join(kinds)
        default = f"`{entry['default']}`" if "default" in entry else f"none; the demo's is `{demo[key]}`"
        lines.append(f"| `{key}` | {kind} | {default} | {entry['description']} |")
    return "\n".join([*lines, *_scorer_lines()]) + "\n"


def _scorer_lines() -> list[str]:
    lines = [
        "",
        "## Scorers",
        "",
        "| name | title | for | columns of `group_patterns.tsv` | structures that the atlas must label |",
        "|---|---|---|---|---|",
    ]
    for scorer in SCORERS.values():
        columns = ", ".join(f"`{column.name}`" for column in scorer.columns)
        needs = ", ".join(sorted(scorer.requires))
        lines.append(f"| `{scorer.name}` | {scorer.title} | {scorer.ages} | {columns} | {needs} |")
    return lines


if __name__ == "__main__":
    for path, text in ((SCHEMA, schema_text()), (CONFIG, config_text()), (README, readme_text())):
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.parent.name}/{path.name} is out of date: python config/make_readme.py")
