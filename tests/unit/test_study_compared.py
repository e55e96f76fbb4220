from pathlib import Path

import pytest

from cpimaging.bids.scan import Scan
from cpimaging.study.compared import column_names, compared_by
from cpimaging.study.job import Job
from cpimaging.study.plan import write_plan
from cpimaging.types import InputError

PEOPLE = """participant_id\tgroup\tsite
sub-01\tcontrol\tnorth
02\t"case"\tn/a
SUB-03\tcase\tsouth
"""


def jobs(folder: Path, people: str, *sessions: str | None) -> list[Job]:
    (folder / "bids").mkdir()
    (folder / "bids/participants.tsv").write_text(people)
    scans = [Scan(f"0{n}", session, {}) for n in (1, 2, 3, 4) for session in sessions or (None,)]
    write_plan(folder / "out", folder / "bids", scans)
    return [Job(folder / "out", scan.label) for scan in scans]


def test_each_scan_has_the_word_of_its_row(tmp_path: Path) -> None:
    """However a row spells its participant; without a row, or with none in the cell, it is n/a."""
    found = compared_by(jobs(tmp_path, PEOPLE), "Group, site")
    assert found == {
        "Group": {"sub-01": "control", "sub-02": "case", "sub-03": "case", "sub-04": "n/a"},
        "site": {"sub-01": "north", "sub-02": "n/a", "sub-03": "south", "sub-04": "n/a"},
    }


def test_a_row_that_names_a_session_is_of_that_session(tmp_path: Path) -> None:
    rows = ("01 ses-a x", "01 ses-b y", "02 n/a z", "03 ses-a x", "03 ses-a y")
    people = "\n".join(line.replace(" ", "\t") for line in ("participant_id session_id group", *rows))
    found = compared_by(jobs(tmp_path, people, "a", "b"), ["group"])["group"]
    assert [found[f"sub-01_ses-{name}"] for name in "ab"] == ["x", "y"]
    assert [found[f"sub-02_ses-{name}"] for name in "ab"] == ["z", "z"]
    assert [found[f"sub-03_ses-{name}"] for name in "ab"] == ["n/a", "n/a"]  # two words; none


@pytest.mark.parametrize(
    ("people", "column", "told"),
    [
        (PEOPLE, "arm", r"participants.tsv: lacks the column 'arm'"),
        ("name\tgroup\nx\ty\n", "group", "lacks the column participant_id"),
    ],
)
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, people: str, column: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        compared_by(jobs(tmp_path, people), column)


def test_a_column_that_is_a_list_of_people_is_refused(tmp_path: Path) -> None:
    rows = "".join(f"{n:02d}\tword {n}\n" for n in range(1, 14))
    (tmp_path / "bids").mkdir()
    (tmp_path / "bids/participants.tsv").write_text(f"participant_id\tremark\n{rows}")
    scans = [Scan(f"{n:02d}", None, {}) for n in range(1, 14)]
    write_plan(tmp_path / "out", tmp_path / "bids", scans)
    with pytest.raises(InputError, match="has 13 different words in 'remark'"):
        compared_by([Job(tmp_path / "out", scan.label) for scan in scans], "remark")
    assert (
        len(compared_by([Job(tmp_path / "out", scan.label) for scan in scans[:12]], "remark")["remark"]) == 12
    )


def test_nothing_named_reads_nothing(tmp_path: Path) -> None:
    assert compared_by([Job(tmp_path, "sub-01")], "") == {}
    assert column_names(" a,, b ") == column_names(["a", "b"]) == ["a", "b"]
