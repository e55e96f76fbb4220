"""The only module that opens tables and JSON files; images: `images`. Writes are whole or not at all."""

import csv
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml
from numpy.typing import NDArray

from cpimaging.imagefiles.content import decoding, require_content
from cpimaging.tables import Cells, strict_cells
from cpimaging.types import InputError
from cpimaging.writes import noted_writes, remove_orphans, temporary_beside, whole

if TYPE_CHECKING:  # what makes no data frame starts a quarter of a second earlier
    import pandas as pd

__all__ = [
    "cell_text",
    "noted_writes",
    "read_columns",
    "read_json",
    "read_record",
    "read_rows",
    "read_runs",
    "read_table",
    "read_yaml",
    "remove_orphans",
    "runs_of",
    "temporary_beside",
    "typed",
    "whole",
    "write_json",
    "write_table",
    "write_text",
]


def read_table(path: Path | str, columns: Mapping[str, str] | None = None) -> "pd.DataFrame":
    """Read a tab-separated table; "n/a" is missing. With `columns`, typed and complete.

    Without `columns` every cell is text. Raises InputError where the file cannot be read with certainty, or
    a column is missing (`tables.strict_cells`).
    """
    import pandas as pd

    cells = strict_cells(path)
    table = pd.DataFrame([row.cells for row in cells.rows], columns=list(cells.columns)).astype(str)
    if columns is None:
        return table
    _require(columns, cells, path)
    return typed(table[list(columns)], columns)


def read_columns(path: Path | str, columns: Mapping[str, str]) -> dict[str, list[Any]]:
    """Read a table as lists by column, typed and complete as `read_table` has it, without pandas.

    Raises InputError as `read_table` does, and where a cell that should be a number is none.
    """
    cells = strict_cells(path)
    _require(columns, cells, path)
    found = {}
    for name, dtype in columns.items():
        at = cells.columns.index(name)
        try:
            found[name] = [_OF_TEXT[dtype](row.cells[at]) for row in cells.rows]
        except ValueError as error:
            problem = f"holds in the column '{name}' what is no number"
            raise InputError(path, problem, "delete it: the workflow makes it") from error
    return found


_OF_TEXT: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "int64": int,
    "float64": lambda cell: float("nan" if cell == "n/a" else cell),
}


def _require(columns: Iterable[str], cells: Cells, path: Path | str) -> None:
    missing = [name for name in columns if name not in cells.columns]
    if missing:
        raise InputError(path, f"lacks the column(s) {', '.join(missing)}", "add them")


def read_rows(path: Path | str, columns: Mapping[str, str]) -> list[list[str]]:
    """Read the cells of a table with exactly these columns, as text: a tenth of the time of `read_table`.

    For tables of our own, by the thousand: lines are split at their tabs where the file is as `write_table`
    leaves it, else read as `read_table` does. Raises InputError as `read_table` does, and for other columns.
    """
    names = list(columns)
    with decoding(path, "is not text", "write it again: run the workflow"):
        content = _content(path).decode("utf-8-sig", errors="replace")
    lines = content.split("\n")
    rows = [line.split("\t") for line in lines[1:-1]]
    plain = lines[0].split("\t") == names and lines[-1] == "" and not any(odd in content for odd in _ODD)
    if plain and set(map(len, rows)) <= {len(names)}:
        return rows
    cells = strict_cells(path)
    if list(cells.columns) != names:
        lacking = [name for name in names if name not in cells.columns]
        raise InputError(path, f"lacks the column(s) {', '.join(lacking) or 'in their order'}", "add them")
    return [list(row.cells) for row in cells.rows]


_ODD = ("\r", "\0", "\ufffd")
"""What sends a table to the strict reader: other line ends, no text."""


def read_runs(path: Path | str, columns: Mapping[str, str], shape: tuple[int, int, int]) -> NDArray[np.intp]:
    """Read the voxels of a mask that a table gives as runs: flat, C order, on a grid of this shape.

    columns: x, y, z of the first voxel, length along z. Raises InputError where a run leaves the grid.
    """
    with decoding(path, "does not hold runs of voxels", "delete it: the workflow makes it"):
        header, _, body = _content(path).decode().partition("\n")
        runs = np.fromstring(body, dtype=np.intp, sep="\t").reshape(-1, len(columns))
        whole_table = header.split("\t") == list(columns) and len(runs) == body.count("\n")
    ends = runs[:, :3] + np.where([False, False, True], runs[:, 3:], 1) if whole_table else runs
    if not whole_table or (runs < [0, 0, 0, 1]).any() or (ends > shape).any():
        cure = "delete it: the workflow makes it"
        raise InputError(path, "does not hold runs of voxels of this grid", cure)
    starts = np.ravel_multi_index(tuple(runs[:, :3].T), shape)
    before = np.cumsum(runs[:, 3]) - runs[:, 3]
    return np.repeat(starts - before, runs[:, 3]) + np.arange(runs[:, 3].sum())


def runs_of(mask: NDArray[np.bool_], columns: Mapping[str, str]) -> "pd.DataFrame":
    """Return the voxels of a mask as runs along its last axis: what `read_runs` reads."""
    import pandas as pd

    inside = np.flatnonzero(mask)
    new = np.diff(inside, prepend=-2) != 1
    new |= inside % mask.shape[2] == 0  # a run ends where its row of voxels does
    first = inside[new]
    lengths = np.diff(np.append(np.flatnonzero(new), len(inside)))
    rows = np.stack([*np.unravel_index(first, mask.shape), lengths], axis=1)
    return pd.DataFrame(rows, columns=list(columns))


def typed(rows: "pd.DataFrame | Sequence[Mapping[str, Any]]", columns: Mapping[str, str]) -> "pd.DataFrame":
    """Return a table with exactly `columns` (name: dtype), typed also when it has no rows.

    None and NaN are NaN in numbers, "n/a" in text. Raises ValueError for a column, or a row's key, too many
    or too few.
    """
    import pandas as pd

    for names in [rows] if isinstance(rows, pd.DataFrame) else rows:
        wrong = [f"{name} is unknown" for name in names if name not in columns]
        wrong += [f"{name} is missing" for name in columns if name not in names]
        if wrong:
            raise ValueError(f"columns: {', '.join(wrong)}")
    frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows), columns=list(columns))
    series = {}
    for name, dtype in columns.items():
        column = frame[name]
        if dtype == "str":
            series[name] = column.fillna("n/a").astype(object).map(str)
        elif dtype == "float64":
            series[name] = column.replace("n/a", np.nan).astype("float64")
        else:
            series[name] = column.astype(dtype)
    return pd.DataFrame(series, columns=list(columns))


def write_table(path: Path | str, table: "pd.DataFrame") -> None:
    """Write a table as BIDS TSV: tabs, "n/a" for missing values, full float precision.

    Quotes are ordinary characters, as `read_table` has it; a tab or a line end within a cell becomes a space.
    An apostrophe goes before a text that a spreadsheet would compute.
    """
    texts = table.select_dtypes(exclude="number")
    written = {name: {cell: cell_text(cell) for cell in texts[name].unique()} for name in texts}
    plain = table.assign(**{name: texts[name].map(cells) for name, cells in written.items()})
    with whole(path) as temporary:
        plain.to_csv(
            temporary, sep="\t", index=False, na_rep="n/a", lineterminator="\n", quoting=csv.QUOTE_NONE
        )


def cell_text(value: Any) -> Any:
    """Return a text as tables write it: on one line, and none that a spreadsheet would compute."""
    if not isinstance(value, str):
        return value
    text = _BREAKS.sub(" ", value)
    return f"'{text}" if _FORMULA.match(text) else text


_BREAKS = re.compile(r"[\t\r\n]+")
_FORMULA = re.compile(r"[=@+-](?=.)(?![\d.]+(?:[eE][+-]?\d+)?$)")
"""How a text begins that spreadsheets compute (OWASP, CSV injection); a number is none."""


def _content(path: Path | str) -> bytes:
    """Return the bytes of a small file, opened once. Raises InputError as `require_content` does."""
    content = b""
    if os.path.isfile(path):  # to read a pipe may never end
        with suppress(OSError), open(path, "rb", buffering=0) as stream:  # half the time of read_bytes
            content = stream.read()
    if not content or content.startswith((b"version https://git-lfs", b"/annex/objects/")):
        require_content(Path(path))
        content = Path(path).read_bytes()
    return content


def read_json(path: Path | str, made: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Read a JSON file. Raises InputError where it is missing, kept elsewhere or broken. made: of objects."""
    with decoding(path, "is not valid JSON", "repair it"):
        text = _content(path).decode("utf-8-sig")
        content = json.loads(text, object_hook=made, object_pairs_hook=None if made else _once)
        if "\\u" in text:  # half of a character may hide in an escape
            json.dumps(content, ensure_ascii=False).encode()
        return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON. Raises ValueError where it gives a key two values."""
    content = dict(pairs)
    if len(content) < len(pairs) and any(content[key] != value for key, value in pairs):
        raise ValueError("a key twice")
    return content


class _Record(dict[str, Any]):
    """An object of a JSON file that this package wrote; what it lacks is an InputError."""

    path: Path | str

    def __missing__(self, key: str) -> Any:
        raise InputError(self.path, f"lacks {key}, which was written into it", "delete it and start again")


def read_record(path: Path | str) -> Any:
    """Read a JSON file of this package. Raises InputError as read_json does, and where a key is gone."""

    def record(content: dict[str, Any]) -> _Record:
        made = _Record(content)
        made.path = path
        return made

    content = read_json(path, record)
    if not isinstance(content, dict):
        raise InputError(path, "is not what was written into it", "delete it and start again")
    return content


def write_json(path: Path | str, content: Any) -> None:
    """Write JSON, indented, UTF-8; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_yaml(path: Path | str) -> Any:
    """Read a YAML file."""
    return yaml.load(Path(path).read_text(encoding="utf-8"), _YAML)


_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The first reads in a tenth of the time; PyYAML has it where it was built with libyaml."""


def write_text(path: Path | str, text: str) -> None:
    """Write a text file, UTF-8."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
