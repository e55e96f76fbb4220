"""Text tables: every cell in its own column, or refused in one line."""

import re

import pytest

from cpimaging import io
from cpimaging.tables import Row, bare, read_cells, strict_cells
from cpimaging.types import InputError


def write(folder, content):
    path = folder / "a.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(folder, content):
    return [row.cells for row in read_cells(write(folder, content)).rows]


@pytest.mark.parametrize(
    "content",
    [
        "a\tb\n1\t2\n",
        "a\tb\r\n1\t2\r\n",
        "a\tb\r1\t2\r",
        "a\tb\n1\t2",
        "\n\na\tb\n\n\t\n1\t2\n\n",
        "a\tb\t\n1\t2\t\n",
        "\ufeffa\tb\n1\t2\n",
        "a\tb\n1\t2\n".encode("utf-16"),
        b"\xfe\xff" + "a\tb\n1\t2\n".encode("utf-16-be"),
    ],
)
def test_one_table_in_many_spellings(tmp_path, content):
    table = strict_cells(write(tmp_path, content))
    assert table.columns == ("a", "b")
    assert [row.cells for row in table.rows] == [("1", "2")]


def test_quotes_are_ordinary_characters(tmp_path):
    content = 'a\tb\n1\t"open\n2\tcl"osed\n3\t"x"\n'
    assert rows(tmp_path, content) == [("1", '"open'), ("2", 'cl"osed'), ("3", '"x"')]


@pytest.mark.parametrize(
    ("text", "plain"), [('"x y"', "x y"), (' " x" ', "x"), ('"', '"'), ('"x', '"x'), ("", "")]
)
def test_one_pair_of_quotes_around_a_cell_comes_from_a_spreadsheet(text, plain):
    assert bare(text) == plain


def test_lines_are_counted_as_an_editor_does(tmp_path):
    table = read_cells(write(tmp_path, "a\tb\n\n1\t2\n\n\n3\t4\t5\n"))
    assert table.rows == (Row(3, ("1", "2")),)
    assert table.broken == (Row(6, ("3", "4", "5")),)


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("1\t2\t3\t", ("1", "2", "3")),  # a tab at the end
        ("1\t2\t3\t \t", ("1", "2", "3")),
        ("1\t\t2\t3", None),  # a tab too many
        ("1\t\t2\t", None),  # one too many within, or one at the end: nobody knows
        ("1\t2", None),  # a tab missing
        ("1\t2 3", None),
        ("1,2,3", None),
    ],
)
def test_a_row_with_another_number_of_tabs_is_read_only_where_it_is_certain(tmp_path, line, cells):
    table = read_cells(write(tmp_path, f"a\tb\tc\n{line}\n4\t5\t6\n"))
    assert [row.cells for row in table.rows] == ([cells] if cells else []) + [("4", "5", "6")]
    assert [row.line for row in table.broken] == ([] if cells else [2])


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a,b\n1,2\n", "has commas between its cells, not tabs"),
        ("a;b\n1;2\n", "has semicolons between its cells, not tabs"),
        (b"a\tb\n1\t2\n\xfc\t3\n", "holds bytes that are not UTF-8"),
    ],
)
def test_what_can_be_told_apart_is_read_and_told_or_refused(tmp_path, content, fault):
    path = write(tmp_path, content)
    table = read_cells(path)
    assert table.columns == ("a", "b")
    assert table.rows[0].cells == ("1", "2")
    assert table.faults == (fault,)
    with pytest.raises(InputError, match=fault):
        strict_cells(path)


def test_a_header_with_commas_and_semicolons_is_one_cell(tmp_path):
    assert read_cells(write(tmp_path, "a;b,c\n1;2,3\n")).columns == ("a;b,c",)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"a\0b\n", "is not text"),
        (b"PK\x03\x04\x00\x00", "is not text"),
        (b"\xff\xfea\x00b", "not UTF-8|not text"),
        (b"/annex/objects/MD5E-s12--0", "datalad get"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"a\tb\n" + b"x" * 200_000 + b"\t1\n", "not a table of text"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(tmp_path, content, told):
    with pytest.raises(InputError, match=told) as caught:
        strict_cells(write(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_what_cannot_be_opened_is_refused_in_one_line(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(".git/annex/objects/x")
    (tmp_path / "loop").symlink_to("loop")
    told = {
        "absent": "no such file",
        "folder": "is a folder",
        "link": "a link to content that is not there",
        "loop": "cannot be opened",
    }
    for name, problem in told.items():
        with pytest.raises(InputError, match=problem):
            read_cells(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\tb\ta\n1\t2\t3\n", "has the column 'a' twice"),
        ("a\tb\n1\t2\n1\t2\t3\n", "line 3 has 3 cells, the header 2"),
        ("a\tb\n1\n", "line 2 has 1 cells, the header 2"),
    ],
)
def test_a_table_of_which_a_column_is_not_certain_is_refused(tmp_path, content, told):
    with pytest.raises(InputError, match=re.escape(told)):
        io.read_table(write(tmp_path, content))


def test_a_written_table_is_read_back_whatever_its_text(tmp_path):
    import pandas as pd

    texts = ['"', 'a "b" c', '"x', "1,5", "a;b", "é", " "]
    table = pd.DataFrame({"n": range(len(texts)), "text": texts})
    io.write_table(tmp_path / "b.tsv", table)
    assert list(io.read_table(tmp_path / "b.tsv")["text"]) == texts
    io.write_table(tmp_path / "b.tsv", pd.DataFrame({"n": [1, 2], "text": ["a\tb", "c\r\nd"]}))
    assert list(io.read_table(tmp_path / "b.tsv")["text"]) == ["a b", "c d"]
