"""Text tables, cell by cell. Quotes are ordinary characters, as BIDS has it; nothing is guessed."""

import codecs
import csv
import io
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cpimaging.types import InputError

_SAVE_AS = "save it as a tab-separated table in UTF-8"
MOST_BYTES = 1 << 30
"""Larger tables are refused: they would fill the memory; those of ten thousand masks are smaller (ours)."""

_LFS, _ANNEX = b"version https://git-lfs", b"/annex/objects/"


class Row(NamedTuple):
    """The cells of one line; lines are counted from 1, the header's included."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Cells:
    """A table as text.

    rows: as many cells as columns. broken: lines with another number of cells, or with quotes around several,
    of which nobody can tell which column they belong to. faults: what is wrong with the file, though its
    cells can be told apart.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    broken: tuple[Row, ...] = ()
    faults: tuple[str, ...] = ()

    def told(self, row: Row) -> str:
        """Say what is wrong with a broken row."""
        if len(row.cells) == len(self.columns):
            return f"line {row.line} has quotes around what may be one cell"
        return f"line {row.line} has {len(row.cells)} cells, the header {len(self.columns)}"


def bare(text: str) -> str:
    """Return a cell without spaces and one pair of quotes around it, which spreadsheets add."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def read_cells(path: Path | str) -> Cells:
    """Read a table, also one with commas or semicolons between its cells, or with bytes that are not UTF-8.

    Both are told in `faults`; lines without any text are left out. Raises InputError where the file cannot be
    opened, is empty, or is no text.
    """
    path = Path(path)
    text, faults = _decoded(path)
    lines = csv.reader(
        io.StringIO(text, newline=""), delimiter=_separator(text, faults), quoting=csv.QUOTE_NONE
    )
    try:
        rows = [Row(lines.line_num, tuple(cells)) for cells in lines if any(map(str.strip, cells))]
    except csv.Error as error:
        raise InputError(path, "is not a table of text", _SAVE_AS) from error
    if not rows:
        raise InputError(path, "has no text in its cells", "fill it or delete it")
    columns = [name.strip() for name in rows[0].cells]
    while not columns[-1]:
        columns.pop()
    fitted = [_without_empty_end(row, len(columns)) for row in rows[1:]]
    whole = tuple(row for row in fitted if _is_whole(row, len(columns)))
    broken = tuple(row for row in fitted if not _is_whole(row, len(columns)))
    return Cells(tuple(columns), whole, broken, tuple(faults))


def strict_cells(path: Path | str) -> Cells:
    """Read a table. Raises InputError, in one line, also where there is any fault or doubt about a column."""
    cells = read_cells(path)
    if cells.faults:
        raise InputError(path, cells.faults[0], _SAVE_AS)
    twice = [name for name in cells.columns if cells.columns.count(name) > 1]
    if twice:
        raise InputError(path, f"has the column '{twice[0]}' twice", "keep one of them")
    if cells.broken:
        raise InputError(path, cells.told(cells.broken[0]), "give every line as many tabs as the header")
    return cells


def _is_whole(row: Row, columns: int) -> bool:
    """Tell whether a row's cells are those of the columns: as many, none cut in two within its quotes."""
    cells = [cell.strip() for cell in row.cells]
    opened = [at for at, cell in enumerate(cells) if cell.startswith('"') and not cell.endswith('"')]
    closed = [at for at, cell in enumerate(cells) if cell.endswith('"') and not cell.startswith('"')]
    return len(cells) == columns and not (opened and closed and opened[0] < closed[-1])


def _without_empty_end(row: Row, columns: int) -> Row:
    """Drop tabs at the end of a line; a row with another empty cell may be shifted, and is left as it is."""
    cells, more = row.cells[:columns], row.cells[columns:]
    if not more:
        return row
    certain = all(cell.strip() for cell in cells) and not any(cell.strip() for cell in more)
    return Row(row.line, cells) if certain else row


def _separator(text: str, faults: list[str]) -> str:
    """Return what separates the cells of the header: tabs, or else one of comma and semicolon."""
    header = text.lstrip().splitlines()[0]
    others = [(mark, name) for mark, name in ((";", "semicolons"), (",", "commas")) if mark in header]
    if "\t" in header or len(others) != 1:
        return "\t"
    faults.append(f"has {others[0][1]} between its cells, not tabs")
    return others[0][0]


def _decoded(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file, and what is wrong with its bytes."""
    content = _content(path)
    faults = []
    try:
        utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("utf-8-sig", errors="replace")  # the other cells are right in any such encoding
        faults.append("holds bytes that are not UTF-8")
    if "\0" in text:
        raise InputError(path, "is not text", _SAVE_AS)
    if not text.strip():
        raise InputError(path, "is empty", "fill it or delete it")
    return text, faults


def _content(path: Path) -> bytes:
    """Return the bytes of a file. Raises InputError where it cannot be opened or stands in for another."""
    get = "fetch it with 'datalad get' (or 'git annex get')"
    try:
        kind = path.stat()
        if not (stat.S_ISREG(kind.st_mode) or stat.S_ISDIR(kind.st_mode)):
            raise InputError(path, "is no plain file", "put the table there")  # reading a pipe may never end
        if kind.st_size > MOST_BYTES:
            problem = f"holds more than {MOST_BYTES >> 20} MB, as no table of people or labels does"
            raise InputError(path, problem, "check which file it is")
        content = path.read_bytes()
    except FileNotFoundError as error:
        if path.is_symlink():
            raise InputError(path, "is a link to content that is not there", get) from error
        raise InputError(path, "no such file", "check the path") from error
    except IsADirectoryError as error:
        raise InputError(path, "is a folder, not a table", "put the table there") from error
    except OSError as error:
        raise InputError(path, "cannot be opened", "check its permissions") from error
    if content.startswith(_ANNEX):
        raise InputError(path, "is a git-annex pointer, not the table", get)
    if content.startswith(_LFS):
        raise InputError(path, "is a git-lfs pointer, not the table", "fetch it with 'git lfs pull'")
    return content
