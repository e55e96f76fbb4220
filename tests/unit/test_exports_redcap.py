import math
from pathlib import Path

import pandas as pd
import pytest
from redcap import read, refused

from cpimaging.columns import Column
from cpimaging.exports.files import write_csv
from cpimaging.exports.redcap import HEADER, data_rows, dictionary_rows, field_name
from cpimaging.io import typed
from cpimaging.scorers.group import group_columns, group_dtypes

COLUMNS = group_columns()


def table(**cells: object) -> pd.DataFrame:
    rows = [dict.fromkeys(group_dtypes()) for _ in range(2)]
    rows[0] |= {"participant_id": "sub-01", **cells}
    rows[1] |= {"participant_id": "sub-01", "session_id": "ses-2"}
    return typed(rows, group_dtypes())


def written(folder: Path, rows: pd.DataFrame) -> tuple[Path, Path]:
    write_csv(folder / "dictionary.csv", [HEADER, *dictionary_rows(COLUMNS)])
    write_csv(folder / "data.csv", data_rows(rows, COLUMNS))
    return folder / "dictionary.csv", folder / "data.csv"


def test_every_column_becomes_a_variable_that_redcap_takes(tmp_path: Path) -> None:
    """100.00000000000001 is what 100 × a / a may come to."""
    paths = written(
        tmp_path,
        table(
            mrics_group="B",
            nichd_low="2A",
            sex="F",
            in_group="true",
            white_matter_percent=100.00000000000001,
            lesion_volume_mm3=1.5e-7,
            ventricles_z=-2.25,
            override='=HYPERLINK("x"), said',
            age_years=math.nan,
        ),
    )
    assert refused(*paths) == []
    fields = {row["Variable / Field Name"]: row for row in read(paths[0])}
    assert len(HEADER) == 18
    assert next(iter(fields)) == "record_id"
    assert len(fields) == len(COLUMNS) + 1
    sex, share = fields["sex"], fields["white_matter_percent"]
    assert sex["Choices, Calculations, OR Slider Labels"] == "F, female | M, male | O, other"
    assert (share["Text Validation Min"], share["Text Validation Max"]) == ("0", "100")
    first, second = read(paths[1])
    assert (first["record_id"], second["record_id"]) == ("sub-01", "sub-01_ses-2")
    assert first["white_matter_percent"] == "100"
    assert first["lesion_volume_mm3"] == "0.00000015"
    assert first["ventricles_z"] == "-2.25"
    assert first["override"] == '\'=HYPERLINK("x"), said'
    assert (first["age_years"], first["session_id"], second["sex"]) == ("", "", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("data.csv", "sub-01_ses-2", "sub-01", "records"),
        ("data.csv", "white_matter,", "wm,", "dominance: wm is no choice"),
        ("data.csv", "55.5", "155.5", "cortex_percent: 155.5 is beyond 0 to 100"),
        ("data.csv", "55.5", "55 %", "cortex_percent: 55 % is no number"),
        ("data.csv", "cortex_percent", "cortex", "columns"),
        ("dictionary.csv", "cortex_percent", "Cortex_percent", "name Cortex_percent"),
    ],
)
def test_what_redcap_refuses_is_noticed(tmp_path: Path, name: str, old: str, new: str, told: str) -> None:
    paths = written(tmp_path, table(dominance="white_matter", cortex_percent=55.5))
    path = tmp_path / name
    path.write_text(path.read_text().replace(old, new, 1))
    assert told in refused(*paths)


def test_a_word_that_is_not_declared_is_refused() -> None:
    with pytest.raises(ValueError, match="sex has the word female"):
        list(data_rows(table(sex="female"), COLUMNS))


def test_a_choice_that_would_be_two_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be a choice of REDCap"):
        list(dictionary_rows([Column("side", "str", "Side.", levels={"left": "left | first"})]))


def test_names_are_short_lower_case_and_differ() -> None:
    names = [field_name(column.name) for column in COLUMNS]
    assert len(set(names)) == len(names)
    assert max(map(len, names)) <= 26
    assert field_name("corticospinal_sections_right_percent") == "cst_sect_right_pct"
    assert field_name("confidence") == "confidence"
