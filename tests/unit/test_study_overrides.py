import re
from pathlib import Path

import pytest

from cpimaging.report import words
from cpimaging.scorers.overrides import Override
from cpimaging.study.overrides import DOMINANCE_WORDS, MRICS_WORDS, read_overrides
from cpimaging.types import InputError

SCANS = ("sub-1", "sub-2_ses-a", "sub-2_ses-b")


def table(folder: Path, *rows: str, columns: str = "participant_id session_id verdict qc reason") -> Path:
    path = folder / "overrides.tsv"
    path.write_text("\n".join("\t".join(row.split("|")) for row in (columns.replace(" ", "|"), *rows)) + "\n")
    return path


def test_rows_find_their_scans(tmp_path: Path) -> None:
    path = table(tmp_path, "1|n/a|B1, white_matter|n/a|two readers", "sub-2|b||fail|moved")
    assert read_overrides(path, SCANS) == {
        "sub-1": Override("white_matter", "B1", None, "two readers"),
        "sub-2_ses-b": Override("", "", "fail", "moved"),
    }


def test_a_row_without_session_counts_for_all_sessions(tmp_path: Path) -> None:
    path = table(tmp_path, "sub-2|E|seen", columns="participant_id verdict reason")
    assert set(read_overrides(path, SCANS)) == {"sub-2_ses-a", "sub-2_ses-b"}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("sub-9||B1||r", "line 2: no scan sub-9 is processed"),
        ("sub-2|c|B1||r", "line 2: no scan sub-2_ses-c is processed"),
        ("sub-1||B7||r", "line 2: has the unknown verdict 'B7'"),
        ("sub-1||B1, C1||r", "line 2: has two verdicts of one kind"),
        ("sub-1|||good|r", "line 2: has the unknown qc 'good'"),
        ("sub-1||||r", "line 2: decides nothing"),
        ("sub-1||B1||", "line 2: gives no reason"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read_overrides(table(tmp_path, row), SCANS)
    assert "\n" not in str(caught.value)


def test_missing_columns_and_two_rows_on_one_scan_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lacks the column\(s\) reason"):
        read_overrides(table(tmp_path, "1|B1", columns="participant_id verdict"), SCANS)
    with pytest.raises(InputError, match="verdict or qc"):
        read_overrides(table(tmp_path, "1|why", columns="participant_id reason"), SCANS)
    with pytest.raises(InputError, match="line 3: sub-1 is there twice"):
        read_overrides(table(tmp_path, "1||B1||r", "sub-1||C1||r"), SCANS)


def test_a_quote_swallows_no_decision(tmp_path: Path) -> None:
    path = table(tmp_path, '1||B1||"a', "2|a|C1||b", '2|b|D||c"')
    assert {label: row.mrics for label, row in read_overrides(path, SCANS).items()} == {
        "sub-1": "B1",
        "sub-2_ses-a": "C1",
        "sub-2_ses-b": "D",
    }


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ("sub-2_ses-a|B1|r", "participant_id verdict reason"),
        ("SUB-2-ses-a|B1|r", "Participant_ID Verdict REASON"),
        ('"sub-2"|"ses-a"|"B1"|"r"', "participant_id session_id verdict reason"),
        ("2|a|first|B1|r", "participant_id session_id visit verdict reason"),
    ],
)
def test_a_row_on_one_session_counts_for_it_alone(tmp_path: Path, row: str, columns: str) -> None:
    overrides = read_overrides(table(tmp_path, row, columns=columns), SCANS)
    assert overrides == {"sub-2_ses-a": Override("", "B1", None, "r")}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("participant_id\tsession\tverdict\treason\n2\ta\tB1\tr\n", "column 'session'; call it session_id"),
        ("participant_id\tverdict\treason\n1\t\tB1\tr\n", "line 2 has 4 cells, the header 3"),
        ("participant_id\tverdict\treason\n1\tB1\n", "line 2 has 2 cells, the header 3"),
        ("participant_id\tqc\tQC\treason\n1\tfail\tpass\tr\n", "has the column 'qc' twice"),
        ("participant_id,verdict,reason\n1,B1,r\n", "has commas between its cells, not tabs"),
        ("participant_id\tverdict\treason\n\n\n1\tB9\tr\n", "line 4: has the unknown verdict 'B9'"),
        ("participant_id\tsession_id\tqc\treason\n2_ses-a\tb\tfail\tr\n", "line 2: names two sessions"),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_not_certain_is_refused_in_one_line(
    tmp_path: Path, content: str, problem: str
) -> None:
    (tmp_path / "overrides.tsv").write_text(content)
    with pytest.raises(InputError, match=re.escape(problem)) as caught:
        read_overrides(tmp_path / "overrides.tsv", SCANS)
    assert "\n" not in str(caught.value)


def test_the_words_are_those_of_the_pages() -> None:
    assert set(MRICS_WORDS) == {*words.MRICS_GROUPS, *words.MRICS_SUBGROUPS}
    assert set(DOMINANCE_WORDS) == set(words.DOMINANCE) - {"not_assessed"}
