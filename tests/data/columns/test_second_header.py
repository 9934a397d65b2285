"""Rows of texts between the header and the numbers of a table."""

import re

import pytest

from numba_dropout import data
from numba_dropout.core.errors import InputError

ROWS = "".join(f"{i}.5,{i % 7},{i * i}\n" for i in range(3, 40))


def refused(source, **options):
    """Return the message that refuses a file."""
    with pytest.raises(InputError) as error:
        data.load(source, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("above", "options", "row", "names"),
    [
        ("length,mass,price\nm,kg,usd\n", {}, 2, ["m", "kg"]),
        ("Report,,\n,,\na,b,y\n", {}, 3, ["a", "b"]),
        ("t,u,v\na,b,y\nm,kg,usd\n", {}, 3, ["m", "kg"]),
        ("a,b,y\n", {"header": False}, 1, ["a", "b"]),
        ("length,mass,price\nm,kg,usd\n", {"header": False}, 2, ["m", "kg"]),
    ],
)
def test_the_remedies_work(tmp_path, above, options, row, names):
    (source := tmp_path / "t.csv").write_text(above + ROWS)
    message = refused(source, **options)
    assert "texts above columns of numbers" in message
    given, read = re.search("((?:header=True|skip=[0-9]+|, )+) reads row ([0-9]+) as the names$", message).groups()
    assert int(read) == row
    assert data.load(source, **eval(f"dict({given.removeprefix(', or ').strip(', ')})")).features == names
    lines = source.read_text().splitlines(keepends=True)
    if "take row 2 out" in message:
        source.write_text("".join([lines[0], *lines[2:]]))
        assert data.load(source).features == ["length", "mass"]


def test_units_that_are_no_names(tmp_path):
    (source := tmp_path / "t.csv").write_text("a,b,y\nm,m,m\n" + ROWS)
    assert refused(source).endswith("(m, m, m); take row 2 out of the file if it has units")


def test_first_rows_that_are_data(tmp_path):
    """A text in one column, beside a number, or of which there are others below, is a cell of the data."""
    for row in ("odd,3,5\n", "odd,bad,5\n"):
        (source := tmp_path / "t.csv").write_text("a,b,y\n" + row + ROWS)
        assert "missing=['odd']" in refused(source)
    (source := tmp_path / "t.csv").write_text("a,b,y\nodd,bad,5\n" + ROWS + "odd,bad,6\n")
    assert "above columns" not in refused(source)


def test_names_below_a_title(tmp_path):
    (source := tmp_path / "t.csv").write_text("t,t,out\na,b,y\n" + ROWS)
    assert refused(source).endswith("'t' (columns 1, 2); rename them, or skip=1 reads the names from row 2")
    assert data.load(source, skip=1).features == ["a", "b"]
