"""The table of participants holds what is true of all sessions of a person."""

from pathlib import Path

import pytest

from cpimaging.bids.scan import Scan
from cpimaging.io import read_table
from cpimaging.stages import index
from cpimaging.study.plan import write_plan


@pytest.mark.parametrize(
    ("ages", "sexes", "row"),
    [
        ([5.0], ["F"], ["5.0", "F"]),
        ([5.0, 5.0], ["F", "F"], ["5.0", "F"]),
        ([5.0, 7.0], ["F", "F"], ["n/a", "F"]),
        ([None, 7.0], ["n/a", "F"], ["n/a", "n/a"]),
        ([None, None], ["n/a", "n/a"], ["n/a", "n/a"]),
    ],
)
def test_an_age_that_differs_from_session_to_session_is_no_persons(
    tmp_path: Path, ages: list[float | None], sexes: list[str], row: list[str]
) -> None:
    scans = [
        Scan("01", str(n), {}, age_years=age, sex=sex)
        for n, (age, sex) in enumerate(zip(ages, sexes, strict=True))
    ]
    write_plan(tmp_path, tmp_path, [*scans, Scan("02", None, {}, age_years=3.0, sex="M")])
    index.run(tmp_path)
    people = read_table(tmp_path / "participants.tsv").set_index("participant_id")
    assert people.loc["sub-01"].tolist() == row
    assert people.loc["sub-02"].tolist() == ["3.0", "M"]
    assert len(people) == 2
