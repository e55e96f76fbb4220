"""Write config/README.md from the schema; with --check, only say whether it is up to date."""

import sys
from pathlib import Path

import yaml

HERE = Path(__file__).parent
SCHEMA = HERE.parent / "workflow" / "schemas" / "config.schema.yaml"
README = HERE / "README.md"


def text() -> str:
    """Return the page."""
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    demo = yaml.safe_load((HERE / "config.yaml").read_text(encoding="utf-8"))
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
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" not in sys.argv:
        README.write_text(text(), encoding="utf-8")
    elif README.read_text(encoding="utf-8") != text():
        sys.exit("config/README.md is out of date: python config/make_readme.py")
