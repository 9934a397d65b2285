"""Columns of numbers: their readings, infinite numbers and codes."""

import numpy as np
import pytest
import shared_tables
from column_tables import plan_of

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions

TABLES = shared_tables.FOLDER


def test_two_readings_and_units_are_refused():
    with pytest.raises(
        InputError, match=r"^t.csv: column 1 \('x'\): 1.847 beside 646 .* thousands='.', decimal=',' for 1847"
    ):
        plan_of(["1.847", "646", "1.567"])
    assert plan_of(["1.847", "646"], ColumnOptions(decimal=",", thousands=".")).high == 1847
    assert plan_of(["1.847", "646"], ColumnOptions(thousands="")).low == 1.847
    with pytest.raises(InputError, match=r"column 1 \('x'\): mixes '12%' and '3'"):
        plan_of(["12%", "3"])
    assert "'1,200' is read as 1200" in plan_of(["1,200", "900"]).note


@pytest.mark.parametrize("cells", [["1", "1e999"], np.array([1.0, np.inf]), ["1", "inf"], ["", "-Infinity", "2"]])
def test_infinite_numbers_are_refused(cells):
    with pytest.raises(InputError, match=r"expected a finite number at row 3, column 1 \('x'\), got"):
        plan_of(cells)


def test_german_thousands():
    if not TABLES.exists():
        pytest.skip("the shared tables are not here")
    from numba_dropout import data

    with pytest.raises(InputError, match=r"1\.847 beside 646"):
        kinds(data.read(TABLES / "german_thousands.csv"))
    options = {"decimal": ",", "thousands": "."}
    plans = kinds(data.read(TABLES / "german_thousands.csv", **options), ColumnOptions(**options))
    assert plans[1].high > 2000
