"""Reading delimited text."""

import gzip

import numpy as np
import pytest
from animals import CLASSES, LABELS, ROWS, X, text

from numba_dropout import data


def check_table(dataset):
    assert np.array_equal(dataset.x, X)
    assert dataset.y.tolist() == LABELS
    assert dataset.classes == CLASSES


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " ", "   "])
def test_delimiter_and_header(write, delimiter, header):
    dataset = data.load(write(text(delimiter, header)))
    check_table(dataset)
    assert dataset.features == (["length", "width"] if header else None)


@pytest.mark.parametrize(
    "content",
    [
        text(end="\r\n"),
        "\ufeff" + text(),
        text().replace("cat", '"cat"').replace("length", '"length"'),
        text().replace("1.5,", '"1.5",'),
        "\n" + text().replace("\n", "\n\n  \n"),
        text().rstrip("\n"),
        text().replace(",", " , "),
    ],
    ids=["CRLF", "BOM", "quoted texts", "quoted number", "blank lines", "no last newline", "blanks around"],
)
def test_text_formats(write, content):
    check_table(data.load(write(content)))


def test_gzip(write):
    check_table(data.load(write(gzip.compress(text().encode()), "table.csv.gz")))


def test_quoted_delimiter(write):
    dataset = data.load(write('size,kind\n1,"cat, small"\n2,"a ""big"" dog"\n3,"cat, small"\n'))
    assert dataset.classes == ['a "big" dog', "cat, small"]
    assert dataset.x[:, 0].tolist() == [1, 2, 3]


def test_inch_sign(write):
    assert data.load(write('size,kind\n1,5" pipe\n2,7" pipe\n')).classes == ['5" pipe', '7" pipe']


def test_utf_8(write):
    assert data.load(write("größe,Art\n1,Bär\n2,猫\n")).classes == ["Bär", "猫"]


@pytest.mark.parametrize("target", ["kind", "1", 1, "-3", -3])
def test_target_by_name_or_number(write, target):
    content = "kind,length,width\n" + "".join(f"{kind},{a},{b}\n" for a, b, kind in ROWS)
    dataset = data.load(write(content), target=target)
    check_table(dataset)
    assert dataset.features == ["length", "width"]


@pytest.mark.parametrize("target", [None, "3", "-1", "kind"])
def test_default_target(write, target):
    check_table(data.load(write(text()), target=target))


def test_target_in_the_middle(write):
    dataset = data.load(write("a,b,c\n1,0,3\n4,1,6\n"), target="2")
    assert dataset.x.tolist() == [[1, 3], [4, 6]]
    assert dataset.features == ["a", "c"]


MISSING = ["", "?", "NA", "n/a", "nan", "NaN", "null", "None"]


def with_cell(row, column, cell):
    """Return the table of animals with another cell."""
    lines = [line.split(",") for line in text().splitlines()]
    lines[row - 1][column - 1] = cell
    return "\n".join(map(",".join, lines))


@pytest.mark.parametrize("cell", MISSING)
@pytest.mark.parametrize(("row", "column", "median"), [(2, 1, 0.0), (4, 2, 0.003)])
def test_missing_value(write, cell, row, column, median):
    """A gap takes the median of the other cells, and the column gets an indicator."""
    dataset = data.load(write(with_cell(row, column, cell)))
    expected = X.copy()
    expected[row - 2, column - 1] = median
    indicator = np.arange(4) == row - 2
    assert np.array_equal(dataset.x, np.insert(expected, column, indicator, axis=1))
    assert dataset.features == [["length", "length missing", "width"], ["length", "width", "width missing"]][column - 1]
    name = ["length", "width"][column - 1]
    assert f"missing values, with an indicator: 1 ({name})" in dataset.notes


def test_missing_target(write):
    """A row without a target is left out. Only an empty cell is none where the target has classes."""
    dataset = data.load(write(with_cell(3, 3, "")))
    assert (len(dataset.x), dataset.classes) == (3, ["cat", "emu"])
    assert "1 row has no target in column 3 ('kind') (row 3): left out" in dataset.notes
    for cell in MISSING[1:]:
        assert data.load(write(with_cell(3, 3, cell))).classes == sorted(["cat", "emu", cell])
        values = data.load(write(f"u,y\n1,1.5\n2,{cell}\n3,2.5\n"))
        assert values.y.tolist() == [[1.5], [2.5]]
        assert "1 row has no target in column 2 ('y') (row 3): left out" in values.notes


NUMBERS = "".join(f"{i * 3 % 50},{i % 2}\n" for i in range(50))


@pytest.mark.parametrize("cell", ["x", "1_000", "0x1F"])
def test_a_text_among_numbers(write, cell):
    """In few rows the column is a category, which is said. In many rows the cell is refused."""
    quoted = f'"{cell}"'
    few = data.load(write(f"1.5,2.5,a\n3,{quoted},b\n"))
    assert few.features is None
    assert few.x.tolist() in ([[1.5, 0], [3, 1]], [[1.5, 1], [3, 0]])
    assert any(f"column 2 is a category because of {cell!r}; missing=[{cell!r}] " in note for note in few.notes)
    message = rf"table.csv: expected a number at row 51, column 1, got {cell!r}; missing=.{cell!r}. .*categorical=.1"
    with pytest.raises(ValueError, match=message):
        data.load(write(f"{NUMBERS}{quoted},1\n"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,a\n-1e999,3,b\n", "expected a finite number at row 2, column 1, got -1e999"),
        ("u,y\n1,2.5\n2,3.5\n3,inf\n", r"expected a number at row 4, column 2 \('y'\), got text 'inf'"),
        ("u,y\n1,2.5\n2,3.5\n3,1e999\n", r"expected a finite number at row 4 of the target, .*\('y'\), got 1e999"),
        ("1,2,3\n4,5\n", "expected 3 columns as in row 1, got 2 in row 2"),
        ("u,v,y\n\n1,2,3\n4,5,6,7\n", "expected 3 columns as in row 1, got 4 in row 4"),
        ('1,2,a\n3,4,"b\n5,6,c\n', "a quote that opens in row 2 does not end; close it"),
        ('1,2,a\n3,"4,b\n5,6,c\n', "a quote that opens in row 2 does not end; close it"),
        ("1,1\n2,1\n3,1\n", r"got one \(1\)"),
        ("1,cat\n2,cat\n", r"got one \(cat\)"),
        ("1\n2\n3\n", "at least one feature that varies, got none"),
        ("1,5\n1,6\n1,7\n", "at least one feature that varies, got none"),
        ("a,b\n", "expected rows of data, got only a header"),
        ("", "empty"),
        ("\n \n", "empty"),
        (
            "".join(f"{i},{i / 2}\n" for i in range(9)) + "9,x\n",
            "at row 10, column 2, got text 'x'; missing=.'x'. reads",
        ),
        ('1.5,2.5,a\n3,"1,2",b\n', r"column 2: mixes the decimal signs of '2.5' and '1,2'; .*drop=\[2\]"),
        ('1.5,"2,5",a\n3,"1,2",b\n', "column 2: numbers with another decimal sign; give decimal=','"),
        ("x,y\n1,a\n2,b\n-inf,a\n", r"expected a finite number at row 4, column 1 \('x'\), got -inf; leave the row"),
        ("".join(f"{i},{i}\n" for i in range(25)) + "9,x\n", "at row 26, column 2, got text 'x'; .*task='classes'"),
        ("".join(f"{i},name{i}\n" for i in range(30)), "expected classes in column 2, got 30 different texts"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "expected delimited text"),
        ("size,größe\n1,2\n".encode("latin-1"), "UTF-8"),
        pytest.param(
            f"{NUMBERS}{'a' * 200_000},1\n", r"row 51, column 1, got 'a{57}\.\.\.'; correct", id="a long cell"
        ),
    ],
)
def test_damaged_tables(write, content, message):
    with pytest.raises(ValueError, match=rf"table.csv: .*{message}"):
        data.load(write(content))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("colour", "no column 'colour'; the columns are length, width, kind"),
        ("4", "no column 4; the columns are 1 to 3"),
        ("0", "no column 0"),
        ("-4", "no column -4"),
        ("1.5", "no column '1.5'"),
    ],
)
def test_unknown_target(write, target, message):
    with pytest.raises(ValueError, match=message):
        data.load(write(text()), target=target)


def test_ambiguous_target(write):
    with pytest.raises(ValueError, match="there is no header; give a number from 1 to 3"):
        data.load(write(text(header=False)), target="kind")
    with pytest.raises(ValueError, match=r"more than one column is called 'a' \(columns 1, 2\)"):
        data.load(write("a,a\n1,2\n2,1\n"), target="a")


@pytest.mark.parametrize("damage", ["cut", "garbled"])
def test_damaged_gzip(write, damage):
    compressed = gzip.compress("".join(f"{i * 7919 % 1000},{i % 2}\n" for i in range(300)).encode())
    garbled = compressed[:20] + b"\xff" * 9 + compressed[29:]
    content = {"cut": compressed[: len(compressed) // 2], "garbled": garbled}[damage]
    with pytest.raises(ValueError, match=r"table.csv.gz: .*damaged compressed file; replace it"):
        data.load(write(content, "table.csv.gz"))


def test_a_name_of_gzip_for_plain_text(write):
    check_table(data.load(write(text(), "table.csv.gz")))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('[{"a":1,"b":"x"},{"a":2,"b":"x"}]', "JSON"),
        ('{"a":1,"b":"x"}\n{"a":2,"b":"y"}\n', "JSON"),
        ('{\n "a": [1, 2]\n}\n', "JSON"),
        ('<table border="1">\n<tr><td>1</td></tr></table>\n', "HTML or XML"),
        ("<!DOCTYPE html>\n", "HTML or XML"),
    ],
)
def test_other_formats_of_text_are_refused(write, content, name):
    with pytest.raises(ValueError, match=f"expected delimited text, got {name}; write the table as"):
        data.read(write(content))


def test_a_short_last_row_may_be_below_the_table(write):
    rows = "a,b,c\n" + "1,2,3\n" * 9
    with pytest.raises(ValueError, match="got 1 in row 11; skip_footer=1 leaves this and all below out"):
        data.read(write(rows + "Source: a survey\n"))
    with pytest.raises(ValueError, match="got 1 in row 11; skip_footer=2 leaves this and all below out"):
        data.read(write(rows + "Total\nSource: a survey\n"))
