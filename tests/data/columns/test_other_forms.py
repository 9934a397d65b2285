"""Columns of dates and numbers that are written in another form than the options say."""

import datetime

import numpy as np
import pytest
from column_tables import made

from numba_dropout import data
from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.date_patterns import date_patterns
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions


def of(cells, **options):
    """Return the plan of one column."""
    return kinds(made(x=cells), ColumnOptions(**options))[0]


def message(cells, **options):
    """Return the message that refuses one column."""
    with pytest.raises(InputError) as error:
        of(cells, **options)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


@pytest.mark.parametrize(
    ("cells", "options"),
    [
        (["03/28/2023", "04/01/2023"], "dates={'x': '%m/%d/%Y'}"),
        (["05.03.2024", "06.04.2024"], "dates={'x': '%d.%m.%Y'} or dates={'x': '%m.%d.%Y'}"),
        (["2024/03/05", "2024/12/31"], "dates={'x': '%Y/%m/%d'}"),
        (["21 Jan 2024", "3 May 2024"], "dates={'x': '%d %b %Y'}"),
        (["3 May 2024", "21 January 2024"], "dates={'x': '%d %B %Y'}"),
        (["5-Jan-23", "12-Feb-23"], "dates={'x': '%d-%b-%y'}"),
        (["March 5, 2024", "April 16, 2024"], "dates={'x': '%B %d, %Y'}"),
        (["Jan 2024", "Feb 2024"], "dates={'x': '%b %Y'}"),
        (["2024-01", "2024-12"], "dates={'x': '%Y-%m'}"),
        (["01/2024", "12/2024"], "dates={'x': '%m/%Y'}"),
        (["03/28/2023 13:45", "04/01/2023 9:05"], "dates={'x': '%m/%d/%Y %H:%M'}"),
        (["2024-03-05 1:45 PM", "2024-03-06 11:45 AM"], "dates={'x': '%Y-%m-%d %I:%M %p'}"),
        (["unknown", "2024/03/05", "2024/03/06", "2024/03/07", "2024/03/08"], "dates={'x': '%Y/%m/%d'}"),
    ],
)
def test_dates_in_another_form(cells, options):
    """They are refused however few they are, with the patterns that read them."""
    assert message(cells * 4).endswith(f"column 1 ('x'): dates in another form than ISO 8601; give {options}")
    assert of(cells * 4, categorical=("x",)).kind == "category"


def test_patterns_read_what_they_write():
    days = [datetime.datetime(2013, 1, 1, 5) + datetime.timedelta(hours=131 * i) for i in range(60)]
    for pattern in ("%d/%m/%Y", "%m-%d-%y", "%Y.%m.%d", "%d-%b-%Y", "%d. %B %Y", "%b %d, %Y", "%d/%m/%y %H:%M:%S"):
        texts = list(dict.fromkeys(day.strftime(pattern) for day in days))
        assert date_patterns(texts) == [pattern]


@pytest.mark.parametrize(
    "cells", [["2024", "x"], ["1.2.3", "4.5.6"], ["21 cats 2024", "3 dogs 2024"], ["2024-13", "2024-99"]]
)
def test_texts_that_are_no_dates(cells):
    assert of(cells * 4).kind == "category"


def test_several_columns_of_dates_in_one_message():
    with pytest.raises(
        InputError, match=r"'a'\), column 2 \('b'\): dates .*; give dates={'a': '%Y/%m', 'b': '%m/%d/%Y'}$"
    ):
        kinds(made(a=["2024/01", "2024/02"], b=["03/28/2023", "03/29/2023"]))


def test_nearly_all_iso_dates():
    text = message(["2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08", "soon"])
    assert "expected an ISO date such as 2013-02-11 at row 6, column 1 ('x'), got 'soon'" in text
    assert "missing=['soon']" in text


def test_times_of_day_are_a_category():
    plan = of(["13:45", "9:00", "1:05 pm"] * 3)
    assert (plan.kind, plan.levels) == ("category", 3)
    assert plan.note == "column 1 ('x') has times of day, so it is a category; drop=['x'] leaves it out"


@pytest.mark.parametrize(
    ("cells", "given", "mend"),
    [
        (["6.673,88", "1.234,50"], {}, "another decimal sign; give decimal=','"),
        (["6.673,88 €", "646 €"], {}, "another decimal sign; give decimal=','"),
        (["1\u202f234,50 €", "9,10 €"], {}, "another decimal sign; give decimal=','"),
        (["1'234.50", "900"], {}, 'a separator of thousands; give thousands="\'"'),
        (["1 234.50", "900"], {}, "a separator of thousands; give thousands=' '"),
        (["1'234,50", "1'900,25"], {}, "another decimal sign; give decimal=',', thousands=\"'\""),
        (["1 234,50 €", "2 345,10 €"], {"decimal": ","}, "a separator of thousands; give thousands=' '"),
        (["12.5", "3"], {"decimal": ","}, "another decimal sign; give decimal='.'"),
        (["6.673,88", "1,5", "2,5", "3,5", "4,5", "junk"], {}, "another decimal sign; give decimal=','"),
    ],
)
def test_numbers_in_another_form(cells, given, mend):
    assert message(cells * 2, **given).endswith(f"column 1 ('x'): numbers with {mend}")


def test_the_remedies_read_the_numbers():
    assert of(["1'234.50", "900"], thousands="'").high == 1234.5
    assert of(["1'234,50", "1'900,25"], decimal=",", thousands="'").high == 1900.25
    assert of(["1\u202f234,50\u00a0€", "9,10\u00a0€"], decimal=",").high == 1234.5
    assert (of(["EUR 478", "EUR 12"]).high, of(["\u22125", "3"]).low, of(["(1,234.50)", "2"]).low) == (478, -5, -1234.5)


def test_two_decimal_signs():
    assert "column 1 ('x'): mixes the decimal signs of '1.5' and '2,5'; " in message(["1.5", "2,5"])


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ("{} kg", "numbers with the unit 'kg'; write the numbers alone"),
        ("{},5 °C", "numbers with the unit '°C'; write the numbers alone"),
        ("{} m2", "numbers with the unit 'm2'; write the numbers alone"),
        ("${}k", "numbers with 'k' for thousands; write them in full"),
        ("1,{},500", "numbers with commas between two digits, such as '1,10,500'; write them without commas"),
    ],
)
def test_numbers_with_a_unit(form, what):
    """They are refused if they have many levels, and a category with a note if they have few."""
    many = [form.format(number) for number in range(10, 60)]
    assert message([*many, *many, "?"]).endswith(
        f"{what}, leave it out with drop=['x'], or keep it with categorical=['x']"
    )
    assert message(many).endswith(f"{what}, or leave it out with drop=['x']")
    few = of(many[:4] * 4)
    assert (few.kind, few.levels) == ("category", 4)
    content, mend = what.split("; ")
    assert few.note == f"column 1 ('x') has {content}, so it is a category; {mend} for a column of numbers"
    with pytest.raises(InputError, match=r"the target, column 2 .*has numbers with .*task='classes' for classes"):
        data.load(made(x=np.arange(50), y=many))


def test_texts_with_numbers_that_are_no_units():
    for cells in (
        ["1st", "2nd", "3rd", "4th"],
        ["01A", "02A"],
        ["3D", "2D", "flat", "wide"],
        ["08f1", "12e3f", "2ad4"],
    ):
        assert of(cells * 4).note is None


@pytest.mark.parametrize(
    "given",
    [{"categorical": ("x",), "numeric": (1,)}, {"drop": ("x",), "ids": ("x",)}, {"numeric": ("x",), "drop": ("x",)}],
)
def test_two_kinds_of_a_column(given):
    text = message(["1", "2"], **given)
    first, second = (f"{name}=['x']" for name in ("numeric", "categorical", "drop", "ids") if name in given)
    assert f"column 1 ('x') is given twice, as {first} and {second}; leave one of them out" in text


@pytest.mark.parametrize("source", ["dict", "pandas", "polars", "parquet"])
def test_nested_values(source, tmp_path):
    columns = {"l": [[1, 2], [3], [1, 2]], "y": [1.5, 2.0, 2.5]}
    made_of = columns
    if source == "parquet":
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table(columns), made_of := tmp_path / "t.parquet")
    elif source != "dict":
        made_of = pytest.importorskip(source).DataFrame(columns)
    table = data.read(made_of)
    with pytest.raises(
        InputError, match=r"column 1 \('l'\) holds lists .* such as '\[1, 2\]'; leave it out with drop=\['l'\]"
    ):
        kinds(table)
    assert kinds(table, ColumnOptions(drop=("l",)))[0].kind == "dropped"
    assert data.read({"a": [[1, 2], [3, 4]], "b": [np.ones(2), np.ones(3)]}).texts(0) == ["[1, 2]", "[3, 4]"]
