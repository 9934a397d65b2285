"""Columns of numbers: their readings, infinite numbers and codes."""

import numpy as np
import pytest
import shared_tables
from column_tables import plan_of

from numba_dropout import data
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
    with pytest.raises(InputError, match=r"1\.847 beside 646"):
        kinds(data.read(TABLES / "german_thousands.csv"))
    options = {"decimal": ",", "thousands": "."}
    plans = kinds(data.read(TABLES / "german_thousands.csv", **options), ColumnOptions(**options))
    assert plans[1].high > 2000


def plan_of_file(path, cells):
    """Return the plan of a column of a text file, beside another one."""
    path.write_text("code,x\n" + "".join(f"{cell},{i % 7}.5\n" for i, cell in enumerate(cells)))
    return kinds(data.read(path))[0]


@pytest.mark.parametrize(
    "codes",
    [
        ["01027", "09963", "02134"],
        ["030001", "020001"],
        ["90210", "01234"],
        ["10", "00", "20"],
        ["01027", "", "09963"],
    ],
)
def test_numbers_with_leading_zeros_are_a_category(tmp_path, codes):
    """Whether all of them have a zero or only some, and with gaps."""
    plan = plan_of_file(tmp_path / "t.csv", codes * 4)
    assert (plan.kind, plan.levels) == ("category", len(set(codes) - {""}))
    expected = "column 1 ('code') has numbers with leading zeros, so it is a category; numeric=['code'] reads numbers"
    assert plan.note == expected


@pytest.mark.parametrize("numbers", [["1", "10", "5"], ["0", "10", "5"], ["0.5", "0.7"], ["1027", "9963"]])
def test_numbers_without_leading_zeros_stay_numbers(tmp_path, numbers):
    plan = plan_of_file(tmp_path / "t.csv", numbers * 4)
    assert (plan.kind, plan.note) == ("number", None)
