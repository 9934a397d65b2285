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


@pytest.mark.parametrize("cell", ["", "?", "NA", "n/a", "nan", "NaN", "null", "None"])
@pytest.mark.parametrize(("row", "column"), [(2, 1), (4, 2), (5, 3)])
def test_missing_value(write, cell, row, column):
    lines = [line.split(",") for line in text().splitlines()]
    lines[row - 1][column - 1] = cell
    name = lines[0][column - 1]
    where = rf"at row {row}, column {column} \('{name}'\)"
    with pytest.raises(ValueError, match=f"table.csv: a missing value.* {where}"):
        data.load(write("\n".join(map(",".join, lines))))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("1,2,a\n3,x,b\n", "expected a number at row 2, column 2, got text 'x'"),
        ("u,v,y\n\n1,2,a\n\n3,1_000,b\n", r"expected a number at row 5, column 2 \('v'\), got text '1_000'"),
        ("1,2,a\n3,inf,b\n", "expected a finite number at row 2, column 2, got inf"),
        ("1,2,a\n-1e999,3,b\n", "expected a finite number at row 2, column 1, got -1e999"),
        ("u,y\n1,2.5\n3,inf\n", r"expected a finite number at row 3, column 2 \('y'\), got inf"),
        ("1,2,3\n4,5\n", "expected 3 columns as in row 1, got 2 in row 2"),
        ("u,v,y\n\n1,2,3\n4,5,6,7\n", "expected 3 columns as in row 1, got 4 in row 4"),
        ('1,2,a\n3,4,"b\n5,6,c\n', "row 2 .*quotes"),
        ('1,2,a\n3,"4,b\n5,6,c\n', "row 2 .*quotes"),
        ("1,1\n2,1\n3,1\n", r"got one \(1\)"),
        ("1,cat\n2,cat\n", r"got one \(cat\)"),
        ("1\n2\n3\n", "at least one feature and a target"),
        ("a,b\n", "expected rows of data, got only a header"),
        ("", "empty"),
        ("\n \n", "empty"),
        ("1,2\n2,3\n3,4\n4,x\n", "expected a number at row 4, column 2, got text 'x'"),
        ("".join(f"{i},name{i}\n" for i in range(30)), "expected classes in column 2, got 30 different texts"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe\x00", "expected delimited text"),
        ("size,größe\n1,2\n".encode("latin-1"), "UTF-8"),
        pytest.param("u,v,y\n" + "a" * 200_000 + ",1,2\n", "row 2, column 1", id="a long cell"),
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
def test_missing_target(write, target, message):
    with pytest.raises(ValueError, match=message):
        data.load(write(text()), target=target)


def test_ambiguous_target(write):
    with pytest.raises(ValueError, match="there is no header; give a number from 1 to 3"):
        data.load(write(text(header=False)), target="kind")
    with pytest.raises(ValueError, match="more than one column is called 'a'"):
        data.load(write("a,a\n1,2\n2,1\n"), target="a")


@pytest.mark.parametrize("damage", ["cut", "garbled", "not gzip"])
def test_damaged_gzip(write, damage):
    compressed = gzip.compress("".join(f"{i * 7919 % 1000},{i % 2}\n" for i in range(300)).encode())
    garbled = compressed[:20] + b"\xff" * 9 + compressed[29:]
    content = {"cut": compressed[: len(compressed) // 2], "garbled": garbled, "not gzip": b"1,2\n"}[damage]
    with pytest.raises(ValueError, match=r"table.csv.gz: .*damaged gzip"):
        data.load(write(content, "table.csv.gz"))
