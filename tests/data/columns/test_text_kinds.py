"""Columns of texts: dates, categories and refused ones."""

from dataclasses import replace

import numpy as np
import pytest
from column_tables import made, plan_of

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions

NAMES = [f"Mr {i}" for i in range(60)]


def test_all_texts_that_differ_are_refused_at_once():
    table = made(Name=NAMES, age=list(map(str, range(60))), Ticket=[f"T {i}" for i in range(60)], y=["0", "1"] * 30)
    table = replace(table, names=["Full name", "age", "Ticket", "y"])
    with pytest.raises(InputError) as error:
        kinds(table, targets=[3])
    message = str(error.value)
    assert "column 1 ('Full name'), column 3 ('Ticket'): a different text in nearly all rows" in message
    assert "drop=['Full name', 'Ticket']" in message
    assert "\n" not in message
    plans = kinds(table, targets=[3], refuse=False)
    assert [plan.kind for plan in plans] == ["refused", "number", "refused", "target"]
    assert plans[0].levels == 60
    kept = kinds(table, ColumnOptions(ids=("Full name",), categorical=("Ticket",)), [3])
    assert [plan.kind for plan in kept] == ["id", "number", "category", "target"]


def test_texts_that_differ_in_most_rows_only():
    with pytest.raises(InputError, match="nearly all rows"):
        plan_of(NAMES[:50] + NAMES[:30])
    assert plan_of(NAMES[:40] + NAMES[:30]).kind == "category"
    assert plan_of(NAMES[:10]).kind == "category"
    with pytest.raises(InputError, match="nearly all rows"):
        plan_of(NAMES[:11])


def test_numbers_with_a_few_texts_are_refused_with_the_row():
    cells = [str(i) for i in range(50)] + ["many"] * 2
    with pytest.raises(InputError) as error:
        plan_of(cells)
    message = str(error.value)
    assert "expected a number at row 52, column 1 ('x'), got 'many'" in message
    assert "missing=['many']" in message
    assert "categorical=['x']" in message
    assert plan_of(cells, ColumnOptions(missing=("many",))).kind == "number"
    assert plan_of(cells, ColumnOptions(categorical=("x",))).kind == "category"


def test_few_numbers_with_a_text_are_a_category():
    plan = plan_of(["0", "1", "2", "3+"] * 20)
    assert (plan.kind, plan.levels) == ("category", 4)
    assert plan.note == (
        "column 1 ('x') is a category because of '3+'; missing=['3+'] reads it as missing, drop=['x'] leaves the "
        "column out"
    )
    with pytest.raises(InputError, match=r"row 5, column 1 \('x'\), got '3\+'"):
        plan_of(["0", "1", "2", "3+"] * 20, ColumnOptions(numeric=("x",)))


def test_decimal_commas_are_refused_at_once():
    with pytest.raises(
        InputError, match=r"column 1 \('x'\), column 2 \('z'\): numbers with another .*; give decimal=','$"
    ):
        plan_of(["0,5", "12", "1,25"], z=["0,1", "0,1", "0,2"])
    assert plan_of(["0,5", "12"], ColumnOptions(decimal=",")).low == 0.5


def test_dates_in_another_order_are_refused_with_their_pattern():
    days = np.arange("2013-01-01", "2013-03-01", dtype="datetime64[D]").tolist()
    for pattern in ("%d/%m/%Y", "%m-%d-%y", "%d.%m.%Y"):
        cells = [day.strftime(pattern) for day in days]
        with pytest.raises(InputError, match=f"give dates={{'x': '{pattern}'}}$"):
            plan_of(cells)
        assert plan_of(cells, ColumnOptions(dates={"x": pattern})).low == "2013-01-01"
    with pytest.raises(InputError, match="expected a date like %d-%m-%Y at row 2"):
        plan_of(["2013"], ColumnOptions(dates={"x": "%d-%m-%Y"}))


def test_levels_that_differ_by_capital_letters_get_a_warning():
    plan = plan_of(["TRUE", "True", "FALSE"] * 5)
    assert plan.note == "warning: column 1 ('x'): TRUE, True differ by capital letters only; correct the file"
    assert plan_of(["TRUE", "no", "False"] * 5).note is None
