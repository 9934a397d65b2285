"""Targets of texts: classes, or refused."""

import pytest
from column_tables import target_of

from numba_dropout.core.errors import InputError


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
        target_of(cells)
    assert len(str(error.value)) < 250
    with pytest.raises(InputError, match="expected a number at row"):
        target_of(cells, "values")
    assert len(target_of(cells, "classes").classes) == len(cells)


def test_a_text_among_classes():
    """The guess is said."""
    cells = ["0", "1", "2", "3+"] * 12
    result = target_of(cells)
    assert result.classes == ["0", "1", "2", "3+"]
    assert result.notes == ["target column 1 ('y'): 4 classes because of '3+'; missing=['3+'] reads it as missing"]
    assert target_of(cells, "classes").notes == []
    assert target_of([*cells, "2.5"] * 2).classes == ["0", "1", "2", "2.5", "3+"]
    assert target_of(list("0123456789abcdef")).classes == list("0123456789abcdef")
