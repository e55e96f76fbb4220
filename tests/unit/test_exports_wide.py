import math

import pandas as pd
import pytest

from cpimaging.columns import described
from cpimaging.exports.wide import Wide
from cpimaging.io import typed
from cpimaging.scorers.group import group_columns, group_dtypes

LOAD = [
    "sub-01 n/a putamen left deep_grey n/a n/a 200.0 50.0 25.0 100.0 true",
    "sub-01 n/a white_matter left white_matter frontal deep 300.0 0.0 0.0 0.0 true",
    "sub-02 n/a putamen left deep_grey n/a n/a 210.0 7.0 3.3 100.0 false",
    "sub-03 n/a putamen left deep_grey n/a n/a 220.0 8.0 3.6 100.0 false",
]
MEASURES = [
    "sub-01 n/a volume putamen left 201.0 mm3 pass",
    "sub-02 n/a volume putamen left 211.0 mm3 pass",
    "sub-03 n/a volume putamen left 221.0 mm3 fail",
]
CHECKS = [
    "sub-01 n/a pass T1w_noise 0.1 0.2 true warn",
    "sub-03 n/a fail T1w_noise words 0.2 false fail",
    "sub-03 n/a fail folded_share 0.5 0.1 false fail",
]


def rows(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


@pytest.fixture
def patterns() -> pd.DataFrame:
    """A scan of the group, one whose lesion is not trusted, one that failed its checks."""
    blank = dict.fromkeys(group_dtypes())
    known = {"sub-01": ("true", "pass"), "sub-02": ("false", "pass"), "sub-03": ("false", "fail")}
    cells = [
        {**blank, "participant_id": name, "in_group": inside, "qc": qc}
        for name, (inside, qc) in known.items()
    ]
    return typed(cells, group_dtypes())


def test_long_tables_become_columns(patterns: pd.DataFrame) -> None:
    wide = Wide(patterns)
    wide.add_load(rows(LOAD))
    wide.add_measures(rows(MEASURES), "morphometry")
    wide.add_measures(rows(["sub-01 n/a anterior_share lesion midline 12.5 %"]), "profile", of_lesion=True)
    wide.add_measures(rows(["sub-02 n/a anterior_share lesion midline 99 %"]), "profile", of_lesion=True)
    wide.add_checks(rows(CHECKS))
    table, columns = wide.table(group_columns())
    assert list(table) == [column.name for column in columns]
    assert list(table)[: len(group_columns())] == list(group_dtypes())
    assert table["load_putamen_left_lesion_volume_mm3"].tolist()[0] == 50
    lesion = table[["load_putamen_left_lesion_volume_mm3", "load_putamen_left_percent_region"]]
    assert lesion.isna().to_numpy().tolist() == [[False] * 2, [True] * 2, [True] * 2]
    region = table["load_putamen_left_region_volume_mm3"].tolist()
    assert region[:2] == [200, 210]
    assert math.isnan(region[2])
    assert table["load_white_matter_left_frontal_deep_lesion_volume_mm3"].isna().tolist() == [
        False,
        True,
        True,
    ]
    measured = table["morphometry_volume_putamen_left"].tolist()
    assert measured[:2] == [201, 211]
    assert math.isnan(measured[2])
    assert table["profile_anterior_share_lesion_midline"].isna().tolist() == [False, True, True]
    assert table["qc_T1w_noise"].isna().tolist() == [False, True, True]
    assert table["qc_not_held"].tolist() == ["n/a", "n/a", "T1w_noise,folded_share"]


def test_every_column_is_described(patterns: pd.DataFrame) -> None:
    wide = Wide(patterns)
    wide.add_load(rows(LOAD))
    wide.add_measures(rows(MEASURES), "morphometry")
    _, columns = wide.table(group_columns())
    told = described(columns)
    assert told["load_putamen_left_percent_region"] == {
        "Description": "Putamen left: share of the part that is lesion.",
        "Units": "percent",
    }
    assert told["morphometry_volume_putamen_left"]["Units"] == "mm3"
    assert len(told) == len(columns)


def test_parts_of_one_name_are_told_apart_by_their_tissue(patterns: pd.DataFrame) -> None:
    wide = Wide(patterns)
    wide.add_load(rows([LOAD[0], LOAD[0].replace("deep_grey", "overlay").replace(" 50.0", " 60.0")]))
    table, _ = wide.table(group_columns())
    assert table["load_putamen_left_lesion_volume_mm3"][0] == 50
    assert table["load_putamen_left_overlay_lesion_volume_mm3"][0] == 60


def test_a_row_of_an_unknown_scan_is_an_error(patterns: pd.DataFrame) -> None:
    with pytest.raises(KeyError):
        Wide(patterns).add_load(rows([LOAD[0].replace("sub-01", "sub-09")]))
