"""Classes of targets: their order, their numbers, and notes on doubtful ones."""

import numpy as np
import pytest
from column_tables import target_of

from numba_dropout.core.errors import InputError
from numba_dropout.data.class_labels import class_numbers, integer_labels


@pytest.mark.parametrize("cells", [["5"] * 3, np.array([5, 5, 5]), ["a"] * 3, np.array([True, True])])
def test_one_class(cells):
    with pytest.raises(InputError, match=r"t.csv: expected at least two classes in the target, got one \((5|a|True)\)"):
        target_of(cells)


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
    result = target_of(cells, "classes")
    assert result.classes == classes
    texts = [str(cell) for cell in (cells if isinstance(cells, list) else cells.tolist())]
    assert [str(result.classes[k]) for k in result.y] == texts
    assert result.y.dtype == np.int64


def test_classes_that_differ_by_capital_letters():
    note = "warning: target column 1 ('y'): No, Yes, no, yes differ by capital letters only; correct the file"
    assert target_of(["Yes", "yes", "No", "no", "maybe"]).notes == [note]
    assert target_of(["Yes", "No"]).notes == []


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
