"""The tour names every room of the package, in the order of the layers."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = re.compile(r"^\| (`.+?) \| ", re.MULTILINE)


def rooms() -> set[str]:
    """Return every module and folder of the package."""
    found = (ROOT / "cpimaging").iterdir()
    return {path.stem for path in found if path.suffix == ".py" or (path / "__init__.py").is_file()} - {
        "__init__"
    }


def told() -> list[list[str]]:
    """Return the rooms of each row of the tour's table."""
    text = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")
    return [re.findall(r"`(\w+)/?`", cell) for cell in TABLE.findall(text)]


def layers() -> list[list[str]]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (rows,) = (each["layers"] for each in contracts if each["name"] == "Layers")
    return [[name.removeprefix("cpimaging.") for name in row.split(" | ")] for row in rows]


def test_the_tour_names_every_room_once() -> None:
    names = [name for row in told() for name in row]
    assert sorted(names) == sorted(rooms())


def test_every_room_has_its_layer() -> None:
    names = [name for row in layers() for name in row]
    assert sorted(names) == sorted(rooms())


def test_the_tour_goes_down_as_the_layers_do() -> None:
    depth = {name: place for place, row in enumerate(layers()) for name in row}
    places = [max(depth[name] for name in row) for row in told()]
    assert places == sorted(places)
