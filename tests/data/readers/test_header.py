"""The header of a table, its names, and a first column that counts or names the rows."""

import numpy as np
import pytest

from numba_dropout.data.readers.count_header import count_header
from numba_dropout.data.readers.header import column_names, guess_header, row_index
from numba_dropout.data.readers.read_options import ReadOptions


def guess(first, *below, **options):
    rows = [row.split(",") for row in below]
    return guess_header(first.split(","), lambda: rows, ReadOptions(**options))


@pytest.mark.parametrize(
    ("rows", "header", "said"),
    [
        (["a,b", "1,2"], True, False),
        (["a,b", "1,x"], True, False),
        (["a,b", "?,x", "2,y"], True, False),
        (["a,b", "12%,x", "$5,y"], True, False),
        (["rate,b", "3 €,x"], True, False),
        (["a,b,c", "x,y,z", "v,w,x"], True, True),
        (["x,y", "x,z", "w,y"], False, True),
        (["1,2.5", "3,4"], False, False),
        (["1.5,cat", "2.5,dog", "3,cat"], False, False),
        (["John,25,m", "Anna,31,f", "Max,4,m"], False, False),
        (["John,25,Smith", "Anna,31,Berg"], False, True),
        (["age,2019,y", "57,0.9,0"], True, True),
        (["name,2018,2019", "x,3,4.5"], True, True),
        (["name,0,1,2", "x,3,4,5"], True, True),
        (["0,1,2,3", "5,1,2,0.5"], True, True),
        (["1,2,3,4", "5,1,2,7"], True, True),
        ([",0,1,2,3", "1,5,1,2,0"], True, True),
        (["1,2,3,4", "2,1,4,3"], False, True),
        (["0,1", "0,0", "1,1"], False, True),
        (["0,1", "0.5,0.25"], True, True),
        (["1,2", "3,4"], False, True),
        (["0,1,2", "5,3,9", "4,4,1"], True, True),
        (["1,2,3", "7,5,2", "3,4,5"], True, True),
        (["0,1,2", "3,4,5", "6,7,8"], False, True),
        (["1,2,3", "3,1,2"], False, True),
        (["2018,2019", "70.5,70.9"], True, True),
        (["2018,2019", "2017,2015"], False, False),
        (["1950,1940,5", "2,3,4"], False, False),
        (["a,b", "1,"], True, False),
        (["NA,1", "2,3"], False, False),
        (["a,b"], True, False),
        (["1,2"], False, False),
        (["x,2"], False, True),
        (["'a','b'", "'x','y'"], True, True),
        (["'p','x'", "'e','x'"], False, True),
    ],
)
def test_guess(rows, header, said):
    found, notes = guess(*rows)
    assert found is header
    assert len(notes) <= 1
    if said and len(rows) > 1:
        assert notes[0].endswith("; header=False reads it as data" if header else "; header=True reads it as names")
    else:
        assert not notes or len(rows) == 1


def test_options():
    assert guess("a,b", "1,2", header=False) == (False, [])
    assert guess("1.5,2", "1,2", header=True) == (True, [])
    assert guess("x,b", "..,1", "5,2", missing=("..",)) == (True, [])


def test_note_shows_the_row():
    assert guess("0,1,2,3", "5,1,2,9")[1] == ["header: the first row (0, 1, 2, ...); header=False reads it as data"]
    long = guess(f"{'x' * 30},a\u2028b", "y,c")[1][0]
    assert f"({'x' * 17}..., a b)" in long


def test_names():
    assert column_names("t", ["a", " 'b' ", "c"]) == (["a", "b", "c"], [], [])
    assert column_names("t", ["", "b", ""]) == (
        ["column 1", "b", "column 3"],
        [0, 2],
        ["column 3 has no name; it is called 'column 3'"],
    )
    names, unnamed, notes = column_names("t", ["a", *[""] * 5])
    assert (len(names), len(unnamed), notes) == (6, 5, ["5 columns have no names; they are numbered"])
    with pytest.raises(ValueError, match=r"'a' \(columns 1, 3\) and 'b' \(columns 2, 4\); rename .* header=False"):
        column_names("t", ["a", "b", "a", "b"], guessed=True)


@pytest.mark.parametrize(
    ("names", "unnamed", "first", "width", "index"),
    [
        (["column 1", "x"], [0], [5.0, 3, 9], 2, 0),
        (["Unnamed: 0", "x"], [], [5.0, 3, 9], 2, 0),
        (["id", "x", "y"], [], [0.0, 1, 2], 3, 0),
        (["id", "x", "y"], [], [1, 2, 3], 3, 0),
        (["id", "x", "y"], [], [2.0, 3, 4], 3, None),
        (["id", "x", "y"], [], [1.0, 3, 2], 3, None),
        (["id", "x", "y"], [], [1.0, 2], 3, None),
        (["id", "x"], [], [1.0, 2, 3], 2, None),
        (["id", "x", "y"], [], ["1", "2", "3"], 3, None),
        (None, [], [1.0, 2, 3], 3, 0),
        (None, [], [1.0, 2, 3], 2, None),
    ],
)
def test_row_index(names, unnamed, first, width, index):
    assert row_index(names, unnamed, np.array(first), width) == index


def test_count_header():
    found = count_header(["3", "2", "cat", "dog"], 3, 3, ["0", "1", "1"])
    assert (found.classes, found.names(3)) == (["cat", "dog"], ["feature 1", "feature 2", "target"])
    assert count_header(["4", "2", "cat", "dog"], 3, 3, ["0", "1", "1"]) is None
    assert count_header(["3", "3", "cat", "dog"], 3, 3, ["0", "1", "1"]) is None
    assert count_header(["3", "2", "cat", "dog"], 3, 3, ["0", "1", "2"]) is None
    assert count_header(["1", "2", "cat", "dog"], 1, 3, ["0"]) is None
    assert count_header(["3", "2", "cat", "cat"], 3, 3, ["0", "1", "1"]) is None
    assert count_header(["3", "2", "0.5"], 3, 3, ["0", "0", "0"]) is None
