"""The group table as REDCap takes it: data, and the data dictionary that they go through."""

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from cpimaging.columns import Column
from cpimaging.io import cell_text
from cpimaging.words import UNKNOWN

HEADER = (
    *("Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label"),
    *("Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number"),
    *("Text Validation Min", "Text Validation Max", "Identifier?"),
    *("Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment"),
    *("Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation"),
)
"""The columns of a data dictionary, as REDCap writes and reads them."""
FORM = "cpimaging"
RECORD = Column("record_id", "str", "The scan: participant, and session where there is one.")
LONGEST = 26
"""Letters that REDCap advises for a name."""
SHORT = {
    "corticospinal": "cst",
    "sections": "sect",
    "optic_radiation": "optic_rad",
    "white_matter": "wm",
    "corpus_callosum": "callosum",
    "posterior": "post",
    "percent": "pct",
}
"""What is shortened in names that are longer."""
LIMITS: Mapping[str, tuple[float | None, float | None]] = {
    "percent": (0, 100),
    "mm3": (0, None),
    "mm2": (0, None),
    "ratio": (0, None),
    "points": (0, None),
    "years": (0, 120),
    "1": (-1, 1),
}
"""What a number of a unit cannot leave."""
DIGITS = 12
"""Significant digits of numbers: fewer than are known, so that 100 % stays within its limit."""
_CODE = re.compile(r"\w+", re.ASCII)


def field_name(name: str) -> str:
    """Return the name of a column as REDCap's variable."""
    short = name.lower()
    if len(short) > LONGEST:
        for word, shorter in SHORT.items():
            short = short.replace(word, shorter)
    return short


def dictionary_rows(columns: Sequence[Column]) -> Iterator[list[str]]:
    """Yield the rows of the data dictionary, one for each variable, the record first."""
    for column in (RECORD, *columns):
        name = field_name(column.name)
        choices = _choices(column)
        number = column.dtype != "str"
        low, high = LIMITS.get(column.unit, (None, None)) if number else (None, None)
        cells = {
            "Variable / Field Name": name,
            "Form Name": FORM,
            "Field Type": "dropdown" if choices else "text",
            "Field Label": column.text,
            "Choices, Calculations, OR Slider Labels": " | ".join(
                f"{code}, {text}" for code, text in choices.items()
            ),
            "Field Note": column.unit,
            "Text Validation Type OR Show Slider Number": "number" if number else "",
            "Text Validation Min": "" if low is None else f"{low:g}",
            "Text Validation Max": "" if high is None else f"{high:g}",
            "Field Annotation": "" if name == column.name else f"column {column.name}",
        }
        yield [cells.get(title, "") for title in HEADER]


def _choices(column: Column) -> dict[str, str]:
    """Return the choices of a column of words. Raises ValueError for one that REDCap cannot hold."""
    choices = {word: text for word, text in column.levels.items() if word != UNKNOWN}
    for word, text in choices.items():
        if not _CODE.fullmatch(word) or "|" in text:
            raise ValueError(f"{column.name}: {word}, {text} cannot be a choice of REDCap")
    return choices


def data_rows(table: pd.DataFrame, columns: Sequence[Column]) -> Iterator[list[str]]:
    """Yield the header and the rows of the data to import; what is not known is empty.

    table: of these columns. Raises ValueError for a word that is not declared.
    """
    yield [field_name(column.name) for column in (RECORD, *columns)]
    for row in table.to_dict("records"):
        parts = (str(row["participant_id"]), str(row["session_id"]))
        record = "_".join(part for part in parts if part != UNKNOWN)
        yield [record, *(_cell(row[column.name], column) for column in columns)]


def _cell(value: object, column: Column) -> str:
    if isinstance(value, float):
        if np.isnan(value):
            return ""
        return np.format_float_positional(float(f"{value:.{DIGITS}g}") + 0.0, trim="-")
    text = str(cell_text(str(value)))
    if text == UNKNOWN:
        return ""
    if column.levels and text not in column.levels:
        raise ValueError(f"{column.name} has the word {text}")
    return text
