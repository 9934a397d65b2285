"""Codes of missing values among numbers."""

import numpy as np
import pytest
from column_tables import made

from numba_dropout import data
from numba_dropout.data.columns.far_codes import far_codes
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions

GRADES = [1, 2, 3, 4, 5] * 40


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([*GRADES, 99, 99, 99], {99: 3}),
        ([*GRADES, *[9] * 4], {}),  # 4 from 5, which is the range
        ([0, 1] * 50 + [9] * 5, {9: 5}),
        ([-2.5, 3.5, 0.25] * 20 + [-999] * 60, {-999: 60}),
        ([0.2, 0.7, 0.9] * 20 + [-1] * 5, {-1: 5}),
        ([0, 1] * 20 + [-1] * 5, {}),
        ([*GRADES, *[-99] * 4, *[999] * 5], {-99: 4, 999: 5}),
        ([*GRADES, np.nan, *[99] * 3], {99: 3}),
        ([*GRADES, 99, 99], {}),  # too few
        ([*GRADES * 2, *[99] * 4], {}),  # less than 1 % of the rows
        ([*GRADES, *[98] * 5], {}),
        ([*GRADES, *[98] * 5, *[99] * 5], {}),
        ([*GRADES, *[99.5] * 5], {}),
        ([0] * 50 + [99] * 5, {}),  # no range
        ([99] * 20, {}),
        ([9, 99, 999] * 5, {}),
        (list(range(100)) * 3, {}),
    ],
)
def test_codes(values, codes):
    assert far_codes(np.array(values, np.float64)) == codes


def test_one_note_for_columns_with_the_same_code():
    far = [*GRADES, *[99] * 10]
    table = made(
        a=np.array(far),
        b=[str(grade) for grade in far],
        c=np.array([*far[5:], *[99] * 5]),
        d=np.array([*GRADES] + [6] * 10),
    )
    notes = [plan.note for plan in kinds(table)]
    names = "column 1 ('a'), column 2 ('b'), column 3 ('c')"
    remedy = "missing=['99'] reads it as missing in every column"
    assert notes == [f"{names}: 99 in 10 to 15 of 210 rows is far from all other values; {remedy}", None, None, None]
    assert [plan.note for plan in kinds(table, ColumnOptions(missing=["99"]))] == [None] * 4


@pytest.mark.parametrize("values", [GRADES, [i / 7 for i in range(200)]], ids=["classes", "values"])
def test_codes_of_a_target(values):
    columns = {"x": np.arange(210) % 17, "y": np.array([*values, *[-999] * 10], np.float64)}
    note = "target column 2 ('y'): -999 in 10 of 210 rows is far from all other values; missing=['-999'] leaves its"
    assert [found for found in data.load(columns).notes if found.startswith(note)]
    left = data.load(columns, missing=["-999"])
    assert len(left.x) == 200
    assert not [found for found in left.notes if "far from" in found]
