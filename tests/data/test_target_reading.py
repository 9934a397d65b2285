"""Reading targets: classes or values, labels, and several columns."""

import numpy as np
import pytest
from column_tables import made, target_of

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.target_reading import guess_task, read_target

PLAIN = ColumnOptions()


@pytest.mark.parametrize(
    ("different", "rows", "task"),
    [(20, 200, "classes"), (21, 300, "values"), (12, 12, "values"), (2, 20, "classes"), (2, 19, "values")],
)
def test_whole_numbers(different, rows, task):
    for cells in (
        np.arange(rows) % different,
        [str(i % different) for i in range(rows)],
        np.arange(rows) % different * 1.0,
    ):
        result = target_of(cells)
        assert (result.classes is None) == (task == "values")
        assert str(different) in result.notes[0]
        assert "task=" + repr("values" if task == "classes" else "classes") in result.notes[0]
    assert target_of(cells, "classes").notes == target_of(cells, "values").notes == []


def test_guess_of_the_task():
    assert guess_task(np.array([1.0, 2.5])) == "values"
    assert guess_task(np.array([0, 1] * 10)) == "classes"
    assert guess_task(np.array([0, 1] * 9)) == "values"
    assert guess_task(np.array([5, 5])) == "classes"
    (note,) = target_of(["007", "7", "1e2", "100"] * 15, task="auto").notes
    assert "4 different whole numbers in 60 rows are read as classes; task='values' reads values" in note


@pytest.mark.parametrize(
    ("cells", "task", "message"),
    [
        (["a", "b"], "values", r"of the target, column 1 \('y'\), got text .*; use task='classes'"),
        (["1e999", "2"], "auto", r"expected a finite number at row 2 of the target, column 1 \('y'\), got 1e999"),
        (np.array([1.0, np.inf]), "auto", "expected a finite number at row 3 of the target, .*, got inf"),
        (np.array(["2020-01-01", "2020-01-02"], "datetime64[s]"), "auto", "holds dates; choose another target"),
        (
            [f"name {i}" for i in range(30)],
            "auto",
            "got 30 different texts in 30 rows; choose another target, or use t",
        ),
    ],
)
def test_refused(cells, task, message):
    with pytest.raises(InputError, match=message):
        target_of(cells, task)


def test_readings_of_numbers():
    """Numbers are read as in features, with a note on a guess."""
    result = target_of(["1,200", "$3,400", "2,000"])
    assert result.y.tolist() == [[1200], [3400], [2000]]
    assert any("'1,200' is read as 1200; decimal=',' reads it as a decimal" in note for note in result.notes)
    assert target_of(["1.200,5", "3"], decimal=",", thousands=".").y.tolist() == [[1200.5], [3]]
    assert target_of(["12%", "7.5%"]).y.tolist() == [[0.12], [0.075]]


def several(task="auto", **columns):
    return read_target(made(**columns), range(len(columns)), task, PLAIN)


def test_several_values():
    result = several(a=["1.5", "2"], b=np.array([3, 4]))
    assert (result.y.tolist(), result.classes, result.labels, result.notes) == ([[1.5, 3], [2, 4]], None, False, [])


@pytest.mark.parametrize(
    "column", [["0", "1", "1"], np.array([0, 1, 1]), np.array([False, True, True]), ["false", "True", "true"]]
)
def test_several_labels(column):
    result = several(a=column, b=["1", "0", "1"])
    assert result.y.tolist() == [[0, 1], [1, 0], [1, 1]]
    assert result.labels
    assert result.notes == ["2 targets are read as labels; task='values' reads values"]
    read_as_values = several("values", a=column, b=["1", "0", "1"])
    assert read_as_values.y.tolist() == result.y.tolist()
    assert not read_as_values.labels
    assert read_as_values.notes == several("classes", a=column, b=["1", "0", "1"]).notes == []


def test_several_refused():
    with pytest.raises(InputError, match="several targets with classes hold labels 0 and 1 only; use task='values'"):
        several("classes", a=["0", "2"], b=["1", "0"])
    with pytest.raises(
        InputError, match=r"expected numbers in the target, column 2 \('b'\), got texts; a model of val"
    ):
        several(a=["0", "2"], b=["u", "v"])
