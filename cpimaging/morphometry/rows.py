"""Rows of the morphometry table."""

from collections.abc import Mapping
from typing import Any

from cpimaging.types import MORPHOMETRY_COLUMNS

Key = tuple[str, str]
"""Structure and side."""

Row = dict[str, Any]
COLUMNS = {name: kind for name, kind in MORPHOMETRY_COLUMNS.items() if not name.endswith("_id")}
"""MORPHOMETRY_COLUMNS without the two id columns."""


def row(measure: str, key: Key, value: float, unit: str) -> Row:
    """Return one row; key: structure and side."""
    return {"measure": measure, "structure": key[0], "side": key[1], "value": value, "unit": unit}


def asymmetries(volumes: Mapping[Key, float]) -> list[Row]:
    """Return (left − right) / (left + right) of every volume that has both sides: −1 to 1, 0 equal."""
    rows = []
    for structure, side in volumes:
        if side == "left" and (structure, "right") in volumes:
            left, right = volumes[(structure, "left")], volumes[(structure, "right")]
            index = (left - right) / (left + right) if left + right > 0 else float("nan")
            rows.append(row("asymmetry_index", (structure, "midline"), index, "1"))
    return rows
