"""Columns that count or name the rows."""

from dataclasses import replace

import numpy as np
import pytest
from column_tables import made

from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions


def test_the_first_column_that_counts_rows_is_left_out():
    table = replace(made(i=["1", "2"], x=["5", "6"]), index=0)
    plan = kinds(table)[0]
    assert (plan.kind, plan.reason, plan.remedy) == ("index", "counts the rows", "use=['i'] keeps it")
    assert plan.note == "column 1 ('i') counts the rows: left out; use=['i'] keeps it"
    assert kinds(replace(made(i=["u", "v"], x=["5", "6"]), index=0))[0].reason == "names the rows"
    assert kinds(table, ColumnOptions(use=("i",)))[0].note is None
    assert kinds(table, ColumnOptions(use=("i",)))[0].kind == "number"
    assert kinds(table, ColumnOptions(ids=("i",)))[0].kind == "id"


@pytest.mark.parametrize("numbers", [range(20), range(1, 21)])
def test_a_later_column_that_counts_the_rows_is_left_out(numbers):
    table = made(x=np.arange(20.0) ** 2, id=np.array(numbers), y=np.arange(20.0) % 3)
    plan = kinds(table)[1]
    assert (plan.kind, plan.note) == ("index", "column 2 ('id') counts the rows: left out; use=['id'] keeps it")
    assert kinds(table, ColumnOptions(use=("id",)))[1].kind == "number"
    alone = made(x=np.array(numbers), y=np.arange(20.0) ** 2)
    assert kinds(alone, targets=[1])[0].kind == "number"


@pytest.mark.parametrize("numbers", [range(1000, 1020), range(20, 0, -1)])
def test_a_column_that_counts_the_rows_otherwise_gets_a_note(numbers):
    table = made(x=np.arange(20.0) ** 2, id=np.array(numbers), y=np.arange(20.0) % 3)
    plan = kinds(table)[1]
    assert plan.kind == "number"
    assert plan.note == "column 2 ('id') counts the rows; drop=['id'] leaves it out, use=['id'] keeps it"
    assert kinds(table, ColumnOptions(use=("id",)))[1].note is None
    assert kinds(table)[0].note is None
