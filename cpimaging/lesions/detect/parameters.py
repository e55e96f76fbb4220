"""Parameters of detection: every number stands in a YAML table beside the module that uses it."""

from pathlib import Path
from typing import Any, TypeVar

from cpimaging.io import read_yaml

Kind = TypeVar("Kind")


def read_parameters(kind: type[Kind], module: str) -> Kind:
    """Return the table beside a module, of its name with .yaml, as the module's dataclass.

    kind: one field per entry. module: `__file__` of the module. Table: parameters: name: {value, unit, tag,
    source}; tag: S read in the source, K not verified, D ours. Lists become tuples. Raises TypeError where
    the entries are not the fields.
    """
    table = read_yaml(Path(module).with_suffix(".yaml"))["parameters"]
    return kind(**{name: _frozen(entry["value"]) for name, entry in table.items()})


def _frozen(value: Any) -> Any:
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value
