"""Every number of detection stands in a table, with its unit and its source, and is used."""

import ast
from dataclasses import dataclass, fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import get_args, get_origin

import pytest

import cpimaging.lesions.detect as package
from cpimaging import io
from cpimaging.lesions.detect.parameters import read_parameters

HERE = Path(package.__file__).parent
TABLES = sorted(path.relative_to(HERE).with_suffix("").as_posix() for path in HERE.rglob("*.yaml"))
MODULES = sorted(path.relative_to(HERE).with_suffix("").as_posix() for path in HERE.rglob("*.py"))
PLAIN = {0.5, 0.49, 1.0, 1e3, 1e6, 1.4826}
"""Numbers that are no choice: half, just under it, a far place, units, the MAD of a Gaussian."""


def module_of(name: str) -> ModuleType:
    return import_module(f"{package.__name__}.{name.replace('/', '.')}")


def tree_of(name: str) -> ast.Module:
    return ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))


def is_a(value: object, kind: object) -> bool:
    """Tell whether a value is just of the kind that a field is said to be."""
    if get_origin(kind) is not tuple:
        return type(value) is kind
    args = get_args(kind)
    kinds = args[:1] * len(value) if args[-1] is ... else args
    return type(value) is tuple and all(is_a(v, k) for v, k in zip(value, kinds, strict=True))


def test_each_module_that_chooses_numbers_has_its_table() -> None:
    having = [name for name in MODULES if "Parameters" in vars(module_of(name))]
    assert having == TABLES  # of one name: so the digest of a stage counts the table
    assert {"regions", "normal_findings", "detectors/adc"} <= set(having)


@pytest.mark.parametrize("name", TABLES)
def test_every_entry_says_what_it_is_and_whence(name: str) -> None:
    for entry, content in io.read_yaml(HERE / f"{name}.yaml")["parameters"].items():
        assert list(content) == ["value", "unit", "tag", "source"], entry
        assert content["tag"] in ("S", "S2", "K", "D"), entry
        assert content["unit"], entry
        assert "ours" in content["source"] if content["tag"] == "D" else "et al." in content["source"], entry


@pytest.mark.parametrize("name", TABLES)
def test_every_entry_is_of_its_kind_and_is_used(name: str) -> None:
    module = module_of(name)
    declared = {field.name: field.type for field in fields(module.Parameters)}
    assert {entry for entry in declared if not is_a(getattr(module.P, entry), declared[entry])} == set()
    used = {
        node.attr
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "P"
    }
    assert used == set(declared)


@pytest.mark.parametrize("name", MODULES)
def test_no_number_that_was_chosen_stands_in_the_code(name: str) -> None:
    numbers = {
        node.value
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Constant) and isinstance(node.value, float)
    }
    assert {value for value in numbers - PLAIN if value > 1e-3} == set()  # smaller ones guard divisions


def test_a_table_and_its_dataclass_must_agree(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Parameters:
        steps: tuple[tuple[float, ...], ...]
        least_mm3: float

    table = tmp_path / "toy.yaml"
    table.write_text(
        "parameters:\n"
        "  steps: {value: [[0.5, 1.0], [2.0]], unit: mm, tag: D, source: ours}\n"
        "  least_mm3: {value: 3.0, unit: mm3, tag: D, source: ours}\n"
    )
    assert read_parameters(Parameters, str(tmp_path / "toy.py")) == Parameters(((0.5, 1.0), (2.0,)), 3.0)
    table.write_text(table.read_text().replace("least_mm3:", "least_ml:"))
    with pytest.raises(TypeError, match="least_ml"):
        read_parameters(Parameters, str(tmp_path / "toy.py"))
