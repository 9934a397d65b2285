"""Targets of tables: rows without one, classes or values, labels, and several columns."""

import numpy as np
import pytest
from column_tables import made

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.target import class_numbers, guess_task, integer_labels, read_target, with_target

PLAIN = ColumnOptions()


def target(cells, task="auto", **options):
    """Return the target of a table of one column."""
    return read_target(made(y=cells), [0], task, ColumnOptions(**options))


def rows_with(cells, **options):
    """Return the rows that have a target, and the notes."""
    table, notes = with_target(made(y=cells), [0], ColumnOptions(**options))
    return [line - 2 for line in table.lines], notes


@pytest.mark.parametrize(
    ("cells", "options", "kept"),
    [
        (["1.5", "", "2"], {}, [0, 2]),
        (["1.5", "NA", "2", "nan", "-", "?", "null", "None", "NaT"], {}, [0, 2]),
        (["a", "", "NA", "None", "?", "-"], {}, [0, 2, 3, 4, 5]),
        (["a", "b", "gone", "Gone"], {"missing": ("gone",)}, [0, 1]),
        (["a", "NA", "b"], {"missing": ("NA",)}, [0, 2]),
        (["1.5", "-999", "-999.0", "2"], {"missing": ("-999",)}, [0, 3]),
        (["None", "NA", "b"], {"missing": ("",)}, [0, 1, 2]),
        (["+", "-", "+"], {}, [0, 1, 2]),
        (list("0123456789abcdef"), {}, list(range(16))),
        (np.array([1.0, np.nan, -999]), {"missing": ("-999",)}, [0]),
        (np.array([1, -999, 3]), {"missing": ("-999",)}, [0, 2]),
        (["1.5", None, "2"], {}, [0, 2]),
    ],
)
def test_rows_without_a_target(cells, options, kept):
    """Words such as NA are missing among numbers. Among classes only an empty cell, or a given word, is."""
    rows, notes = rows_with(cells, **options)
    assert rows == kept
    assert len(notes) == (len(kept) < len(cells))


def test_note_on_rows_without_a_target():
    assert rows_with(["1", "", "3"])[1] == ["1 row has no target in column 1 ('y') (row 3): left out"]
    note = "4 rows have no target in column 1 ('y') (row 2, 3, 4, ...): left out"
    assert rows_with(["", "", "", "", "1"])[1] == [note]
    table, notes = with_target(made(u=["1", "", "3"], v=["", "2", "3"]), [0, 1], PLAIN)
    assert list(table.lines) == [4]
    assert notes == ["2 rows have no target in column 1 ('u') or column 2 ('v') (row 2, 3): left out"]
    with pytest.raises(InputError, match=r"t.csv: no row has a target in column 1 \('y'\); choose another target"):
        rows_with(["", ""])


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
        result = target(cells)
        assert (result.classes is None) == (task == "values")
        assert str(different) in result.notes[0]
        assert "task=" + repr("values" if task == "classes" else "classes") in result.notes[0]
    assert target(cells, "classes").notes == target(cells, "values").notes == []


def test_guess_of_the_task():
    assert guess_task(np.array([1.0, 2.5])) == "values"
    assert guess_task(np.array([0, 1] * 10)) == "classes"
    assert guess_task(np.array([0, 1] * 9)) == "values"
    assert guess_task(np.array([5, 5])) == "classes"
    (note,) = target(["007", "7", "1e2", "100"] * 15, task="auto").notes
    assert "4 different whole numbers in 60 rows are read as classes; task='values' reads values" in note


@pytest.mark.parametrize("cells", [["5"] * 3, np.array([5, 5, 5]), ["a"] * 3, np.array([True, True])])
def test_one_class(cells):
    with pytest.raises(InputError, match=r"t.csv: expected at least two classes in the target, got one \((5|a|True)\)"):
        target(cells)


@pytest.mark.parametrize(
    ("cells", "classes"),
    [
        (["b", "a", "B"], ["B", "a", "b"]),
        (["7", "10", "-2"], [-2, 7, 10]),
        (["007", "010", "042"], ["007", "010", "042"]),
        (["007", "7"], ["007", "7"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),
        (["1e2", "100"], ["100", "1e2"]),
        (["+1", "1"], ["+1", "1"]),
        (["1_0", "10"], ["10", "1_0"]),
        (["٣", "3"], ["3", "٣"]),
        (["9007199254740993", "9007199254740992"], [2**53, 2**53 + 1]),
        (np.array([2**53 + 1, 2**53]), [2**53, 2**53 + 1]),
        (np.array([2**64 - 1, 2**64 - 2], np.uint64), [2**64 - 2, 2**64 - 1]),
        (np.array([True, False]), ["False", "True"]),
        (["10", "9", "3+"], ["9", "10", "3+"]),
        (["None", "NA", "?"], ["?", "NA", "None"]),
    ],
)
def test_labels_stay_as_they_are_written(cells, classes):
    result = target(cells, "classes")
    assert result.classes == classes
    texts = [str(cell) for cell in (cells if isinstance(cells, list) else cells.tolist())]
    assert [str(result.classes[k]) for k in result.y] == texts
    assert result.y.dtype == np.int64


def test_classes_that_differ_by_capital_letters():
    note = "warning: target column 1 ('y'): No, Yes, no, yes differ by capital letters only; correct the file"
    assert target(["Yes", "yes", "No", "no", "maybe"]).notes == [note]
    assert target(["Yes", "No"]).notes == []


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1.5", "2.5", "x"], "at row 4, .*got text 'x'; missing=.'x'. reads it as missing, or task='classes' reads c"),
        (["1.5", "2.5", "inf"], "at row 4, .*got text 'inf'; missing=.'inf'"),
        ([*map(str, range(25)), "3+"], "at row 27, .*got text '3\\+'; missing=.'3\\+'"),
        ([*map(str, range(25)), "not known"], "got text 'not known'; missing=.'not known'. reads it"),
        ([*map(str, range(25)), "z" * 300], r"got text 'z{57}\.\.\.'; correct or empty the cell"),
    ],
)
def test_a_text_among_values(cells, message):
    """With task="classes", which the message offers, all are classes."""
    with pytest.raises(InputError, match=f"t.csv: expected a number .*{message}") as error:
        target(cells)
    assert len(str(error.value)) < 250
    with pytest.raises(InputError, match="expected a number at row"):
        target(cells, "values")
    assert len(target(cells, "classes").classes) == len(cells)


def test_a_text_among_classes():
    """The guess is said."""
    cells = ["0", "1", "2", "3+"] * 12
    result = target(cells)
    assert result.classes == ["0", "1", "2", "3+"]
    assert result.notes == ["target column 1 ('y'): 4 classes because of '3+'; missing=['3+'] reads it as missing"]
    assert target(cells, "classes").notes == []
    assert target([*cells, "2.5"] * 2).classes == ["0", "1", "2", "2.5", "3+"]
    assert target(list("0123456789abcdef")).classes == list("0123456789abcdef")


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
        target(cells, task)


def test_readings_of_numbers():
    """Numbers are read as in features, with a note on a guess."""
    result = target(["1,200", "$3,400", "2,000"])
    assert result.y.tolist() == [[1200], [3400], [2000]]
    assert any("'1,200' is read as 1200; decimal=',' reads it as a decimal" in note for note in result.notes)
    assert target(["1.200,5", "3"], decimal=",", thousands=".").y.tolist() == [[1200.5], [3]]
    assert target(["12%", "7.5%"]).y.tolist() == [[0.12], [0.075]]


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


def test_class_numbers():
    """Labels are compared as the classes are: as texts, or as exact integers."""
    lines = [2, 3, 4]
    assert class_numbers("t", ["b", "a", "b"], ["a", "b"], lines).tolist() == [1, 0, 1]
    assert class_numbers("t", ["7", 7, "7.0"], [3, 7], lines).tolist() == [1, 1, 1]
    assert class_numbers("t", [2**53 + 1, str(2**53)], [2**53, 2**53 + 1], lines).tolist() == [1, 0]
    for label, classes in (("7", ["007", "8"]), ("007x", [7, 8]), (7.5, [7, 8]), (float(2**54), [2**53, 2**53 + 1])):
        with pytest.raises(InputError, match=r"t: class .* at row 2 is not a class of the model: "):
            class_numbers("t", [label], classes, lines)


def test_integer_labels():
    y, classes = integer_labels(np.array([5.0, -1.0, 5.0]), "t")
    assert (y.tolist(), classes) == ([1, 0, 1], [-1, 5])
    assert integer_labels(np.array(["b", "a"]), "t")[1] == ["a", "b"]
    with pytest.raises(InputError, match="t: expected integers as classes in the target, got fractions; use task='val"):
        integer_labels(np.array([0.5, 1]), "t")
