"""Rows of tables without a target."""

import numpy as np
import pytest
from column_tables import made

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.target import with_target

PLAIN = ColumnOptions()


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
