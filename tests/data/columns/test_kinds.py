"""The kinds of columns."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import shared_tables
from column_tables import made, of_matrix

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions
from numba_dropout.data.columns.plan import ColumnPlan

TABLES = shared_tables.FOLDER
NAMES = [f"Mr {i}" for i in range(60)]


def of(cells, options=None, **columns):
    """Return the plan of one column."""
    return kinds(made(x=cells, **columns), options)[0]


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
    plan = of(cells)
    assert plan.kind == kind
    assert {name: getattr(plan, name) for name in rest} == rest


def test_options_choose_the_kind():
    table = made(a=["1", "2"], b=["u", "v"], c=["1", "2"], w=["1", "1"], y=["0", "1"], d=["11-02-2013", "12-02-2013"])
    options = ColumnOptions(drop=("b",), ids=(1,), categorical=("c",), weights="w", dates={"d": "%d-%m-%Y"})
    plans = kinds(table, options, [4])
    assert [plan.kind for plan in plans] == ["id", "dropped", "category", "weights", "target", "date"]
    assert [plan.name for plan in plans] == list("abcwyd")
    assert of(np.array([True, False]), ColumnOptions(numeric=("x",))).kind == "number"
    assert of(["5", "-999"], ColumnOptions(missing=("-999",))).missing == 1
    assert of(["NA", "DE"], ColumnOptions(missing=("",))).levels == 2
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


def test_the_first_column_that_counts_rows_is_left_out():
    table = replace(made(i=["1", "2"], x=["5", "6"]), index=0)
    plan = kinds(table)[0]
    assert (plan.kind, plan.reason, plan.remedy) == ("index", "counts the rows", "use=['i'] keeps it")
    assert plan.note == "column 1 ('i') counts the rows: left out; use=['i'] keeps it"
    assert kinds(replace(made(i=["u", "v"], x=["5", "6"]), index=0))[0].reason == "names the rows"
    assert kinds(table, ColumnOptions(use=("i",)))[0].note is None
    assert kinds(table, ColumnOptions(use=("i",)))[0].kind == "number"
    assert kinds(table, ColumnOptions(ids=("i",)))[0].kind == "id"


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
        of(NAMES[:50] + NAMES[:30])
    assert of(NAMES[:40] + NAMES[:30]).kind == "category"
    assert of(NAMES[:10]).kind == "category"
    with pytest.raises(InputError, match="nearly all rows"):
        of(NAMES[:11])


def test_numbers_with_a_few_texts_are_refused_with_the_row():
    cells = [str(i) for i in range(50)] + ["many"] * 2
    with pytest.raises(InputError) as error:
        of(cells)
    message = str(error.value)
    assert "expected a number at row 52, column 1 ('x'), got 'many'" in message
    assert "missing=['many']" in message
    assert "categorical=['x']" in message
    assert of(cells, ColumnOptions(missing=("many",))).kind == "number"
    assert of(cells, ColumnOptions(categorical=("x",))).kind == "category"


def test_few_numbers_with_a_text_are_a_category():
    plan = of(["0", "1", "2", "3+"] * 20)
    assert (plan.kind, plan.levels) == ("category", 4)
    assert plan.note == (
        "column 1 ('x') is a category because of '3+'; missing=['3+'] reads it as missing, drop=['x'] leaves the "
        "column out"
    )
    with pytest.raises(InputError, match=r"row 5, column 1 \('x'\), got '3\+'"):
        of(["0", "1", "2", "3+"] * 20, ColumnOptions(numeric=("x",)))


def test_two_readings_and_units_are_refused():
    with pytest.raises(
        InputError, match=r"^t.csv: column 1 \('x'\): 1.847 beside 646 .* thousands='.', decimal=',' for 1847"
    ):
        of(["1.847", "646", "1.567"])
    assert of(["1.847", "646"], ColumnOptions(decimal=",", thousands=".")).high == 1847
    assert of(["1.847", "646"], ColumnOptions(thousands="")).low == 1.847
    with pytest.raises(InputError, match=r"column 1 \('x'\): mixes '12%' and '3'"):
        of(["12%", "3"])
    assert "'1,200' is read as 1200" in of(["1,200", "900"]).note


def test_decimal_commas_are_refused_at_once():
    with pytest.raises(
        InputError, match=r"column 1 \('x'\), column 2 \('z'\): numbers with another .*; give decimal=','$"
    ):
        of(["0,5", "12", "1,25"], z=["0,1", "0,1", "0,2"])
    assert of(["0,5", "12"], ColumnOptions(decimal=",")).low == 0.5


def test_dates_in_another_order_are_refused_with_their_pattern():
    days = np.arange("2013-01-01", "2013-03-01", dtype="datetime64[D]").tolist()
    for pattern in ("%d/%m/%Y", "%m-%d-%y", "%d.%m.%Y"):
        cells = [day.strftime(pattern) for day in days]
        with pytest.raises(InputError, match=f"give dates={{'x': '{pattern}'}}$"):
            of(cells)
        assert of(cells, ColumnOptions(dates={"x": pattern})).low == "2013-01-01"
    with pytest.raises(InputError, match="expected a date like %d-%m-%Y at row 2"):
        of(["2013"], ColumnOptions(dates={"x": "%d-%m-%Y"}))


@pytest.mark.parametrize("cells", [["1", "1e999"], np.array([1.0, np.inf]), ["1", "inf"], ["", "-Infinity", "2"]])
def test_infinite_numbers_are_refused(cells):
    with pytest.raises(InputError, match=r"expected a finite number at row 3, column 1 \('x'\), got"):
        of(cells)


def test_wholly_numeric_tables(rng):
    matrix = rng.standard_normal((20, 3))
    matrix[:, 1] = 4
    plans = kinds(of_matrix(matrix), targets=[2])
    assert [plan.kind for plan in plans] == ["number", "constant", "target"]
    assert (plans[0].low, plans[0].high) == (matrix[:, 0].min(), matrix[:, 0].max())


def test_plans_and_options_as_json():
    plan = of(["1,200", "900"])
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


def test_german_thousands():
    if not TABLES.exists():
        pytest.skip("the shared tables are not here")
    from numba_dropout import data

    with pytest.raises(InputError, match=r"1\.847 beside 646"):
        kinds(data.read(TABLES / "german_thousands.csv"))
    options = {"decimal": ",", "thousands": "."}
    plans = kinds(data.read(TABLES / "german_thousands.csv", **options), ColumnOptions(**options))
    assert plans[1].high > 2000


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


def test_levels_that_differ_by_capital_letters_get_a_warning():
    plan = of(["TRUE", "True", "FALSE"] * 5)
    assert plan.note == "warning: column 1 ('x'): TRUE, True differ by capital letters only; correct the file"
    assert of(["TRUE", "no", "False"] * 5).note is None


def test_one_column_is_given_without_a_list():
    assert ColumnOptions(drop="q1", ids=2) == ColumnOptions(drop=["q1"], ids=[2])


def test_errors_of_excel_and_nulls_of_dumps_are_missing():
    plan = of(["1", "#DIV/0!", "2.5", "#VALUE!", "\\N", "#REF!"])
    assert (plan.kind, plan.missing) == ("number", 4)
