"""The options of tables: their parts, JSON, and the columns of the target."""

import json

import pytest
from column_tables import made

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.readers.read_options import ReadOptions
from numba_dropout.data.table_options import TableOptions

TABLE = made(**{"a": ["1"], "b": ["2"], "c": ["3"], "a,b": ["4"]})


def test_options_have_two_parts():
    options = TableOptions.of(["a", "b"], "values", drop=["c"], decimal=",", header=True, clip=None, missing=["-1"])
    assert options.target == ("a", "b")
    assert options.task == "values"
    assert options.reading == ReadOptions(header=True, decimal=",", missing=("-1",))
    assert options.columns == ColumnOptions(drop=("c",), decimal=",", missing=("-1",))
    assert TableOptions.of() == TableOptions()


def test_options_that_both_parts_have_are_equal():
    options = TableOptions.of(decimal=",", thousands=".", missing=["x"])
    for name in ("decimal", "thousands", "missing"):
        assert getattr(options.reading, name) == getattr(options.columns, name)


def test_json():
    options = TableOptions.of(
        ["a", 2], "classes", drop=["c", 1], dates={"d": "%d-%m-%Y"}, skip=3, min_count=4, unknown="refuse", ids=["n"]
    )
    restored = TableOptions.from_dict(json.loads(json.dumps(options.to_dict())))
    assert restored == options
    assert TableOptions.from_dict({}) == TableOptions()
    assert TableOptions.from_dict(options.to_dict() | {"later": 1}) == options


@pytest.mark.parametrize(
    ("target", "positions"),
    [
        (None, [3]),
        ("b", [1]),
        (1, [0]),
        ("-2", [2]),
        ("c,a", [2, 0]),
        ("c, 1", [2, 0]),
        ("a,b", [3]),
        (["a", "b"], [0, 1]),
        (("a,b", 2), [3, 1]),
    ],
)
def test_columns_of_the_target(target, positions):
    """A name with a comma comes before names separated by commas."""
    assert TableOptions.of(target).target_columns(TABLE) == positions


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("d", "t.csv: there is no column 'd'; the columns are a, b, c, a,b"),
        ("c,d", "t.csv: there is no column 'd'"),
        ("c,3", "t.csv: a target is given twice in c,3"),
        (["a", "a"], "a target is given twice"),
        (9, "there is no column 9; the columns are 1 to 4"),
    ],
)
def test_refused_targets(target, message):
    with pytest.raises(InputError, match=message):
        TableOptions.of(target).target_columns(TABLE)


def test_refused_options():
    with pytest.raises(TypeError, match=r"drops: expected an option of a table, one of header, delimiter, .*, drop, "):
        TableOptions.of(drops=["a"])
    with pytest.raises(InputError, match="task: expected one of auto, classes, values, got 'class'"):
        TableOptions.of(task="class")
    with pytest.raises(InputError, match="min_count: expected at least 1, got 0"):
        TableOptions.of(min_count=0)
    with pytest.raises(InputError, match="skip: expected a number of lines, at least 0, got -1"):
        TableOptions.of(skip=-1)
