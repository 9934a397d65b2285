"""The kinds of columns."""

import json
import re

import numpy as np
import pytest
import shared_tables
from column_tables import made, of_matrix, plan_of

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.columns.plan import ColumnPlan

TABLES = shared_tables.FOLDER


@pytest.mark.parametrize(
    ("cells", "kind", "rest"),
    [
        (["1", "2.5", "NA"], "number", {"missing": 1, "low": 1.0, "high": 2.5}),
        (["12%", "7%"], "number", {"low": 0.07, "high": 0.12}),
        (["$1,200", "$900"], "number", {"low": 900.0, "high": 1200.0}),
        (np.array([1, 2]), "number", {"low": 1.0, "high": 2.0}),
        (np.array([2**63 + 1, 2], np.uint64), "number", {"low": 2.0, "high": float(2**63)}),
        (np.array([1.0, np.nan, 2.0]), "number", {"missing": 1, "low": 1.0, "high": 2.0}),
        (np.array([True, False]), "category", {"levels": 2}),
        (["True", "False", ""], "category", {"levels": 2, "missing": 1}),
        (["a", "b", "b", None], "category", {"levels": 2, "missing": 1}),
        (["A1", "b", "Yes", "yes"], "category", {"levels": 4}),
        (["2013-02-11", "", "2014-03-01"], "date", {"missing": 1, "low": "2013-02-11", "high": "2014-03-01"}),
        (np.array(["2013-02-11T10:00", "NaT"], "datetime64[s]"), "date", {"missing": 1, "low": "2013-02-11T10:00:00"}),
        (["7", "7"], "constant", {"reason": "always 7", "low": 7.0}),
        (["a", "a"], "constant", {"reason": "always 'a'", "levels": 1}),
        (["", "NA"], "constant", {"reason": "all cells are missing", "missing": 2}),
        (np.array([np.nan, np.nan]), "constant", {"reason": "all cells are missing", "missing": 2}),
        (["2013-02-11", "2013-02-11"], "constant", {"reason": "always 2013-02-11"}),
        (["7", "", "7"], "number", {"missing": 1, "low": 7.0, "high": 7.0}),
        (["0x1F", "0x2A"], "category", {"levels": 2}),
    ],
)
def test_kinds(cells, kind, rest):
    plan = plan_of(cells)
    assert plan.kind == kind
    assert {name: getattr(plan, name) for name in rest} == rest


def test_options_choose_the_kind():
    table = made(a=["1", "2"], b=["u", "v"], c=["1", "2"], w=["1", "1"], y=["0", "1"], d=["11-02-2013", "12-02-2013"])
    options = ColumnOptions(drop=("b",), ids=(1,), categorical=("c",), weights="w", dates={"d": "%d-%m-%Y"})
    plans = kinds(table, options, [4])
    assert [plan.kind for plan in plans] == ["id", "dropped", "category", "weights", "target", "date"]
    assert [plan.name for plan in plans] == list("abcwyd")
    assert plan_of(np.array([True, False]), ColumnOptions(numeric=("x",))).kind == "number"
    assert plan_of(["5", "-999"], ColumnOptions(missing=("-999",))).missing == 1
    assert plan_of(["NA", "DE"], ColumnOptions(missing=("",))).levels == 2
    with pytest.raises(InputError, match=r"there is no column 'z'; the columns are a, b, c, w, y, d"):
        kinds(table, ColumnOptions(drop=("z",)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal": "x"}, "decimal: "),
        ({"thousands": ".."}, "thousands: "),
        ({"thousands": ".", "decimal": "."}, "thousands: "),
        ({"unknown": "other"}, "unknown: "),
        ({"min_count": 0}, "min_count: "),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(InputError, match=f"^{message}expected .* got"):
        ColumnOptions(**options)


def test_wholly_numeric_tables(rng):
    matrix = rng.standard_normal((20, 3))
    matrix[:, 1] = 4
    plans = kinds(of_matrix(matrix), targets=[2])
    assert [plan.kind for plan in plans] == ["number", "constant", "target"]
    assert (plans[0].low, plans[0].high) == (matrix[:, 0].min(), matrix[:, 0].max())


def test_plans_and_options_as_json():
    plan = plan_of(["1,200", "900"])
    assert ColumnPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    options = ColumnOptions(drop=("a", 2), dates={"d": "%Y"}, missing=("-1",), thousands=",", min_count=3)
    assert ColumnOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    with pytest.raises(InputError, match=r"expected a kind of number, category, .* for 'x', got 'text'"):
        ColumnPlan(0, "x", "text")


@pytest.mark.parametrize(
    ("name", "expected", "options"),
    [
        ("booleans.csv", "number category", {}),
        ("all_text.csv", "category category", {}),
        ("percent.csv", "number", {}),
        ("constant_dup.csv", "constant number number", {}),
        ("timestamps.csv", "number", {}),
        ("index_sorted.csv", "index number number", {}),
        ("boston_csv2.csv", "index " + "number " * 13, {"decimal": ","}),
    ],
)
def test_small_tables(name, expected, options):
    if not TABLES.exists():
        pytest.skip("the shared tables are not here")
    from numba_dropout import data

    table = data.read(TABLES / name, **options)
    plans = kinds(table, ColumnOptions(**options), [table.width - 1])
    assert [plan.kind for plan in plans[:-1]] == expected.split()


@pytest.mark.parametrize(
    ("name", "value", "rest"),
    [
        ("drop", ["y"], "; choose another target with target=..., or leave the option out"),
        ("ids", ["y"], "; choose another target with target=..., or leave the option out"),
        ("weights", "y", "; choose another target with target=..., or leave the option out"),
        ("numeric", ["y"], "; choose another target with target=..., or use task='values' instead"),
        ("categorical", ["y"], "; choose another target with target=..., or use task='classes' instead"),
        ("dates", {"y": "%d"}, ", but a target cannot be a date; choose another target with target=..., or leave"),
    ],
)
def test_a_target_is_given_no_other_kind(name, value, rest):
    table = made(x=["1", "2"], y=["0", "1"])
    expected = f"column 2 ('y') is the target and is given as {name}={value!r}{rest}"
    with pytest.raises(InputError, match=re.escape(expected)):
        kinds(table, ColumnOptions(**{name: value}), [1])


def test_one_column_is_given_without_a_list():
    assert ColumnOptions(drop="q1", ids=2) == ColumnOptions(drop=["q1"], ids=[2])


def test_errors_of_excel_and_nulls_of_dumps_are_missing():
    plan = plan_of(["1", "#DIV/0!", "2.5", "#VALUE!", "\\N", "#REF!"])
    assert (plan.kind, plan.missing) == ("number", 4)
