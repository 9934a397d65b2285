"""Reading delimited text as a table: delimiters, quotes, lines, widths, and typed columns."""

import csv

import numpy as np
import pytest

from numba_dropout import data
from numba_dropout.data.readers.records import Splitter

COUNT = 10  # rows


def texts(table):
    return [table.texts(i) for i in range(table.width)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "   "])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(write, delimiter, end):
    rows = [["u", "v", "kind"], ["1.5", "2", "cat"], ["2.5", "3", "dog"]]
    table = data.read(write(end.join(map(delimiter.join, rows)) + end))
    assert table.names == rows[0]
    assert texts(table) == [list(column) for column in zip(*rows[1:], strict=True)]
    assert [column.cells.dtype.kind for column in table.columns] == ["f", "f", "O"]


@pytest.mark.parametrize(
    ("content", "names", "columns"),
    [
        ("a;b\n1,5;2\n3,25;4\n", ["a", "b"], [["1,5", "3,25"], ["2", "4"]]),
        ("1,5 2,5\n3,0 4,5\n", None, [["1,5", "3,0"], ["2,5", "4,5"]]),
        ("a,b\nx;y,1\nz;w,2\n", ["a", "b"], [["x;y", "z;w"], ["1", "2"]]),
        ("a b\n1.5\t2\n3  4\n", ["a", "b"], [["1.5", "3"], ["2", "4"]]),
        (
            '18.0   8\t"chevrolet chevelle"\n15.0   8\t"buick skylark"\n',
            None,
            [["18.0", "15.0"], ["8", "8"], ["chevrolet chevelle", "buick skylark"]],
        ),
        (
            "15.26\t14.84\t\t0.87\n14.88\t14.57\t0.88\n",
            None,
            [["15.26", "14.88"], ["14.84", "14.57"], ["0.87", "0.88"]],
        ),
        ("name\tv\nNew York\t5\nParis\t6\n", ["name", "v"], [["New York", "Paris"], ["5", "6"]]),
        ('x,note\n1,"a;b;c"\n2,"d,e"\n', ["x", "note"], [["1", "2"], ["a;b;c", "d,e"]]),
        ('1, 2, "a"\n3, 4, "b, c"\n', None, [["1", "3"], ["2", "4"], ["a", "b, c"]]),
        ('size,kind\n1,5" pipe\n2,7" pipe\n', ["size", "kind"], [["1", "2"], ['5" pipe', '7" pipe']]),
        ('a,b\n1,"say ""hi"""\n2,""\n', ["a", "b"], [["1", "2"], ['say "hi"', ""]]),
        ('a,b\n1,"x" \n2,"y"z\n', ["a", "b"], [["1", "2"], ["x", "yz"]]),
        ("a,b\n1,'Yes'\n2,'No'\n3,\n", ["a", "b"], [["1", "2", "3"], ["Yes", "No", ""]]),
        ("'a','b'\n'1','Yes'\n'2','No'\n", ["a", "b"], [["1", "2"], ["Yes", "No"]]),
        ("a,b\n1,'Yes'\n2,No\n", ["a", "b"], [["1", "2"], ["'Yes'", "No"]]),
        ("a,b\n1,x\u2028y\n2,\x85z\x0b\x0c.\n", ["a", "b"], [["1", "2"], ["x\u2028y", "z\x0b\x0c."]]),
        ("a,b,\n1,2,\n3,4,\n", ["a", "b"], [["1", "3"], ["2", "4"]]),
        ("a,b\n1,2,\n3,4,\n", ["a", "b"], [["1", "3"], ["2", "4"]]),
        ("a;b;;\n1;2;;\n3;4;;\n", ["a", "b"], [["1", "3"], ["2", "4"]]),
        ('"u" "v"\n"r 1" 1 2\n"r 2" 3 4\n', ["column 1", "u", "v"], [["r 1", "r 2"], ["1", "3"], ["2", "4"]]),
        ('"u","v"\n"1",1,2\n"2",3,4\n', ["column 1", "u", "v"], [["1", "2"], ["1", "3"], ["2", "4"]]),
        ("a,,c\n1,2,x\n3,4,y\n", ["a", "column 2", "c"], [["1", "3"], ["2", "4"], ["x", "y"]]),
        ("5\n6\n7\n", None, [["5", "6", "7"]]),
        ("a b\n1 x\xa0y\n2 \x1cz\x0b\x85w\n", ["a", "b"], [["1", "2"], ["x\xa0y", "z\x0b\x85w"]]),
    ],
)
def test_cells(write, content, names, columns):
    table = data.read(write(content))
    assert table.names == names
    assert texts(table) == columns


def test_row_names_of_r(write):
    table = data.read(write('"u" "v"\n"one" 1 2\n"two" 3 4\n'))
    assert table.index == 0
    assert table.notes == []


@pytest.mark.parametrize("below", ["r1,3,a\nr2,4,b\n", "1,3,a\n2,4,b\n", '"7","3",a\n"9","4",b\n'])
def test_row_names_are_texts_quoted_or_count(write, below):
    table = data.read(write("x,y\n" + below))
    assert (table.names, table.texts(1), table.index) == (["column 1", "x", "y"], ["3", "4"], 0)


@pytest.mark.parametrize(
    ("content", "mend"),
    [
        ("x,price,y\n3,3,50,a\n4,2,10,b\n", "decimal commas, write it with another delimiter and give decimal=',' or"),
        ("price,y\n3,50,a\n3,50,b\n", "or quote them"),
        ("price,y\n1,50,a\n2,10,b\n2,20,b\n", "or quote them"),
        ("name,price\nbob,3,50\nbob,4,25\n", "or quote them"),
        ("price;y\n4;5;a\n2;5;b\n", "quote the cells that contain ';'"),
        ("price y\n1 234 a\n2 345 b\n1 100 a\n", "quote the cells that contain blanks"),
    ],
)
def test_a_shorter_header_without_row_names(write, content, mend):
    """Decimal commas give the rows one cell more than the header."""
    with pytest.raises(
        ValueError, match=r"expected \d columns as in the header, got \d in row 2 and all below"
    ) as caught:
        data.read(write(content))
    assert mend in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_long_quoted_field(write):
    limit = csv.field_size_limit()
    long = "x, \n" * 35_000
    table = data.read(write(f'a,b\n1,"{long}"\n2,y\n'))
    assert table.texts(1) == [long.strip(), "y"]
    assert list(table.lines) == [2, 35_003]
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        ("a,b\n1,2\n3\n", {}, "expected 2 columns as in row 1, got 1 in row 3; quote the cells that contain commas"),
        ("a,b\n1,2\n\n3,4,5\n", {}, "expected 2 columns as in row 1, got 3 in row 4"),
        (
            "My table\n\na,b,c\n1,2,3\n4,5,6\n",
            {},
            "expected 3 columns as in row 3 and all below, got 1 in row 1; .* skip=2",
        ),
        ('a,b\n1,"x\n2,y\n', {}, "a quote that opens in row 2 does not end"),
        ("", {}, "the file is empty"),
        ("\n \n", {}, "the file is empty"),
        ("a,b\n", {}, "got only a header"),
        ("a,b\n1,\0\n", {}, "NUL byte in row 2"),
        ("a,b\n1,2\n", {"delimiter": "ab"}, "delimiter: expected one character"),
        ("a,b\n1,2\n", {"encoding": "utf-9"}, "no encoding 'utf-9'"),
        ("a,b\n1,2\n", {"encoding": "rot13"}, "no encoding 'rot13'"),
        ("a,b\n1,2\n", {"skip": -1}, "skip: expected"),
        ("a,b\n1,2\n", {"skip_footer": -1}, "skip_footer: expected"),
        ("a,b\n1,2\n", {"skip_footer": 2}, "expected rows above the footer"),
        (
            "a,b\n" + 20 * "1,2\n" + "made by\nan office\n",
            {},
            "in row 22; skip_footer=2 leaves this and all below out, if the table ends above",
        ),
        ("a,b\n1,2\n", {"decimal": ";"}, "decimal: expected a point or a comma"),
        ("a,b\n1,2\n", {"thousands": "."}, "thousands: expected another mark"),
        ("a,b\n1,2\n", {"comment": " "}, "comment: expected"),
    ],
)
def test_refused(write, content, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        data.read(write(content), **options)
    assert len(str(caught.value).splitlines()) == 1


def test_footer(write):
    table = data.read(write("a,b\n1,2\n3,4\n\nTotal\n"), skip_footer=1)
    assert texts(table) == [["1", "3"], ["2", "4"]]
    assert table.notes == ["the last row: left out; skip_footer=0 keeps every row"]


def test_options(write):
    content = 'title, "x\nmade by hand\n# a "note\na;b\n# more\n1,5;2\n2,5;"3\n# no comment"\n'
    table = data.read(write(content), skip=2, comment="#", decimal=",")
    assert texts(table) == [["1,5", "2,5"], ["2", "3\n# no comment"]]
    assert list(table.lines) == [6, 7]
    assert data.read(write("a,b\n1,2\n"), delimiter="tab").width == 1
    assert texts(data.read(write("a-b c\n1 2\n"), delimiter="blank")) == [["1"], ["2"]]


def test_choice_of_blanks_is_said(write):
    table = data.read(write("1,5 2,5\n3,0 4,5\n"))
    assert table.notes == ["delimiter: blanks, by the numbers between them; delimiter='comma' reads other columns"]


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("dose,y\n5 mg,yes\n10 mg,no\n", [["5 mg", "10 mg"], ["yes", "no"]]),
        ("first dose;y\n5 mg;yes\n10 mg;no\n", [["5 mg", "10 mg"], ["yes", "no"]]),
        ("x;y\n1 234,50;e\n2 345,50;f\n", [["1 234,50", "2 345,50"], ["e", "f"]]),
        ("dose\ty\n5 mg\tyes\n10 mg\tno\n", [["5 mg", "10 mg"], ["yes", "no"]]),
        ("a dose|y\n5 mg|yes\n10 mg|no\n", [["5 mg", "10 mg"], ["yes", "no"]]),
    ],
)
def test_a_delimiter_comes_before_blanks(write, content, columns):
    table = data.read(write(content))
    assert texts(table) == columns
    assert not any(note.startswith("delimiter") for note in table.notes)


@pytest.mark.parametrize(("first", "delimiter"), [("sep=;", ";"), ('"sep=;"', ";"), ("SEP=,", ","), ("sep=\t", "\t")])
def test_first_line_for_excel(write, first, delimiter):
    rows = [["u", "v"], ["1.5", "2"], ["2.5", "7"]]
    content = "\r\n".join([first, *map(delimiter.join, rows)])
    table = data.read(write("\ufeff" + content))
    assert (table.names, texts(table), list(table.lines)) == (rows[0], [["1.5", "2.5"], ["2", "7"]], [3, 4])
    assert table.notes == [f"delimiter: {delimiter!r}, as the first line says; delimiter=... gives another"]
    assert data.read(write(content), skip=1).names == rows[0]


def test_typed_columns(write):
    rows = [f"{i}.5,{'007' if i % 2 else '1e2'},{'' if i == 7 else i},n{i},1_000,\u0661" for i in range(COUNT)]
    table = data.read(write("a,b,c,d,e,f\n" + "\n".join(rows)))
    assert [column.cells.dtype.kind for column in table.columns] == list("ffOOOO")
    assert table.matrix is None
    assert table.columns[1].cells[:2].tolist() == [100, 7]
    assert table.texts(1)[:2] == ["1e2", "007"]


@pytest.mark.parametrize("cell", ["nan", "inf", "1e999", "0x10", "1_0", "\u0661", "-"])
def test_not_plain_numbers(write, cell):
    for content in (f"a,b\n1,2\n3,{cell}\n", f"a,b\n1,{cell}\n3,4\n"):
        assert data.read(write(content)).columns[1].cells.dtype == object


def test_late_text(write, monkeypatch):
    monkeypatch.setattr("numba_dropout.data.readers.text_columns.BLOCK_CELLS", 8)
    rows = [[f"0{i}", "x" if i == 13 else str(i), "" if i == 29 else str(i), f"{i}.0"] for i in range(30)]
    table = data.read(write("a,b,c,d\n" + "\n".join(map(",".join, rows))))
    assert [column.cells.dtype.kind for column in table.columns] == list("fOOf")
    assert texts(table) == [list(column) for column in zip(*rows, strict=True)]
    monkeypatch.setattr("numba_dropout.data.readers.text_columns.KEPT_CELLS", 0)
    assert texts(data.read(write("a,b,c,d\n" + "\n".join(map(",".join, rows))))) == texts(table)


def test_matrix_and_selections(write):
    table = data.read(write("a,b,c\n" + "".join(f"{i}.0,0{i},{-i}\n" for i in range(COUNT))))
    assert table.matrix.shape == (COUNT, 3)
    assert all(np.shares_memory(column.cells, table.matrix) for column in table.columns)
    some = table.rows(np.array([7, 2])).rows(np.array([1, 0, 0]))
    assert some.matrix.tolist() == [[2, 2, -2], [7, 7, -7], [7, 7, -7]]
    assert (some.texts(1), some.lines, len(some)) == (["02", "07", "07"], [4, 9, 9], 3)
    assert all(np.shares_memory(column.cells, some.matrix) for column in some.columns)
    last = some.select([2, 0])
    assert (last.names, last.matrix.tolist()) == (["c", "a"], [[-2, 2], [-7, 7], [-7, 7]])
    assert last.texts(1) == ["2.0", "7.0", "7.0"]
    assert np.shares_memory(table.select([0, 1]).matrix, table.matrix)


def test_index_of_a_selection(write):
    table = data.read(write("id,u,v\n1,5,x\n2,5,y\n3,6,x\n"))
    assert table.index == 0
    assert table.select([1, 0]).index == 1
    assert table.select([1, 2]).index is None
    some = table.rows(np.array([2]))
    assert (some.texts(0), some.texts(2), some.index) == (["3"], ["x"], 0)


def test_position_and_names(write):
    table = data.read(write("2,b,c\nx,1,5\ny,2,7\n"))
    assert [table.position(each) for each in ("2", 2, "b", 3, -1, "-3", None)] == [0, 0, 1, 2, 2, 0, 2]
    assert table.column_name(1) == "column 2 ('b')"
    for wrong, message in (("z", "no column 'z'; the columns are 2, b, c"), (4, "no column 4; the columns are 1 to 3")):
        with pytest.raises(ValueError, match=message):
            table.position(wrong)
    table = data.read(write("1,2\n3,4\n"))
    assert table.column_name(1) == "column 2"
    with pytest.raises(ValueError, match="there is no header; give a number from 1 to 2"):
        table.position("z")


def test_records_are_split_once_and_not_for_each_column(write, monkeypatch):
    calls = []
    cells = Splitter.cells
    monkeypatch.setattr(Splitter, "cells", lambda splitter, record: calls.append(record) or cells(splitter, record))
    counts = []
    for width in (20, 2_000):
        rows = [",".join("vw"[row % 2] if i % 2 else f"{i}.{row}" for i in range(width)) for row in range(10)]
        path = write("\n".join([",".join(f"c{i}" for i in range(width)), *rows]))
        calls.clear()
        assert data.load(path, target=1).table.width == width
        counts.append(len(calls))
    assert counts[1] <= counts[0] + 10
