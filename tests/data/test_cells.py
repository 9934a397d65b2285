"""Cells of text: numbers, dates and missing values."""

import datetime

import numpy as np
import pytest

from numba_dropout.core.errors import InputError
from numba_dropout.data.cells import dates, is_missing, is_number, missing_words, number_reading, numbers

NUMBERS = {
    "1": 1.0,
    "-2": -2.0,
    "+5": 5.0,
    ".5": 0.5,
    "5.": 5.0,
    "1e5": 1e5,
    "1.5E-3": 0.0015,
    "1,200": 1200.0,
    "1,200,000.5": 1200000.5,
    "$250,000": 250000.0,
    "-$5": -5.0,
    "$ -5": -5.0,
    "250 €": 250.0,
    "£3.50": 3.5,
    "¥12": 12.0,
    "12%": 0.12,
    "12.3 %": 0.123,
    "1e1%": 0.1,
    "EUR 478": 478.0,
    "1,200.50 USD": 1200.5,
    "-CHF 5": -5.0,
    "JPY12": 12.0,
    "(1,234.50)": -1234.5,
    "($12)": -12.0,
    "(3%)": -0.03,
    "\u22125": -5.0,
    "$\u22125.5": -5.5,
    "1\u202f200\u00a0€": 1200.0,
}
TEXTS = [
    "",
    "-",
    "+",
    ".",
    "x",
    "nan",
    "inf",
    "Infinity",
    "0x1F",
    "1_000",
    "1,20",
    "0,123",
    "1.234.567",
    "1 200",
    "\u0661",
]


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_of_cells(text):
    assert is_number(text)
    assert numbers([text, None]).tolist()[:1] == [NUMBERS[text]]


@pytest.mark.parametrize(
    "text", [*TEXTS, "-$-5", "$5$", "$5%", "(5", "5)", "(-5)", "-(5)", "($-5)", "ABC 5", "EUR 5 EUR", "1\u202f20"]
)
def test_texts_are_no_numbers(text):
    assert not is_number(text)
    assert np.isnan(numbers([text])).all()
    assert np.isnan(numbers([text, "1"])).tolist() == [True, False]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "value"),
    [
        ("1.847", ",", ".", 1847.0),
        ("1.847,5", ",", None, 1847.5),
        ("0,5", ",", None, 0.5),
        ("-1,5e3", ",", None, -1500.0),
        ("1 200", ".", " ", 1200.0),
        ("1\u202f200", ".", " ", 1200.0),
        ("1'200.5", ".", "'", 1200.5),
        ("1\u2019200.5", ".", "'", 1200.5),
        ("1\u202f234,50\u202f€", ",", None, 1234.5),
        ("EUR 1.234,50", ",", None, 1234.5),
        ("\u22121.234,50", ",", None, -1234.5),
        ("12,5%", ",", None, 0.125),
    ],
)
def test_decimal_and_thousands(text, decimal, thousands, value):
    assert is_number(text, decimal, thousands)
    assert numbers([text], decimal, thousands).tolist() == [value]


def test_no_thousands_with_an_empty_separator():
    assert not is_number("1,200", thousands="")
    assert is_number("1.847", thousands="")


def test_plain_numbers_are_pythons(rng):
    values = rng.standard_normal(1000) * 10.0 ** rng.integers(-300, 300, 1000)
    texts = list(map(repr, values.tolist()))
    assert (numbers(texts) == values).all()
    assert (numbers([*texts, "1,000"])[:-1] == values).all()
    assert (numbers([text.replace(".", ",") for text in texts], ",") == values).all()


def test_numbers_as_pandas_reads_them():
    pandas = pytest.importorskip("pandas")
    import io

    texts = ["1.234,5", "12", "-3,25", "1.000.000"]
    column = pandas.read_csv(io.StringIO("\n".join(["x", *texts])), sep=";", decimal=",", thousands=".")["x"]
    assert numbers(texts, ",", ".").tolist() == column.tolist()


def test_numbers_beyond_float_are_infinite():
    assert numbers(["1e999", "-1e999"]).tolist() == [np.inf, -np.inf]


def test_line_breaks_within_cells():
    assert np.isnan(numbers(["1\n2", "3"], ",")).tolist() == [True, False]


def reading(cells, decimal=".", thousands=None, where="t.csv: column 1"):
    return number_reading(cells, decimal, thousands, where, as_texts="read it as text", without="drop it")


@pytest.mark.parametrize(
    ("cells", "parts"),
    [
        (
            ["1.847", "646", "1.567"],
            ["1.847 beside 646", "thousands='.', decimal=',' for 1847", "thousands='' for 1.847"],
        ),
        (["12.500", "950.000", "800"], ["12.500 beside 800"]),
        (["900", "1,200", "1300"], ["'1,200' beside '1300'", "thousands=',' for 1200", "decimal=',' for 1.200"]),
        (["12%", "3"], ["'12%' and '3'", "or drop it"]),
        (["$3", "4 €"], ["'$3' and '4 €'", "currencies", "or drop it"]),
        (["USD 3", "$4", "4 CHF"], ["'USD 3' and '4 CHF'", "currencies"]),
    ],
)
def test_two_readings_are_refused(cells, parts):
    with pytest.raises(InputError) as error:
        reading(cells, where="t.csv: column 2 ('rent')")
    message = str(error.value)
    assert message.startswith("t.csv: column 2 ('rent'): ")
    assert "\n" not in message
    assert all(part in message for part in parts), message


def test_grouped_numbers_have_a_note():
    note = reading(["1,200", "900"])
    assert note == "t.csv: column 1: '1,200' is read as 1200; decimal=',' reads it as a decimal"


@pytest.mark.parametrize(
    "cells", [["1,200.50", "1300"], ["1,200,000", "1300"], ["1,200", "3.14159"], ["$4,363.57", "$1,200"]]
)
def test_grouped_numbers_that_cannot_be_decimals(cells):
    """Another option could not read them."""
    assert reading(cells) is None


def test_brackets_have_a_note():
    note = reading(["12", "(1,234.50)"])
    assert note == "t.csv: column 1: '(1,234.50)' is read as -1234.5; read it as text"


@pytest.mark.parametrize(
    "cells",
    [["1.847", "0.646", "1.5"], ["1.847", "2.125"], ["3", "4"], ["5.125", "3", "7.625"], ["12%", "0"], ["$3", "4"], []],
)
def test_one_reading_has_no_note(cells):
    assert reading(cells) is None


def test_given_separators_settle_the_reading():
    assert reading(["1.847", "646"], ",", ".") is None
    assert reading(["1.847", "646"], ".", "") is None


def test_missing_words():
    for text in ("", "NA", "n/a", "N/A", "NaN", "nan", "?", "null", "None", "-", "#N/A", None):
        assert is_missing(text)
    assert not is_missing("no")
    assert not is_missing("-999")
    words = missing_words(["-999", "Unknown"])
    assert all(is_missing(text, words) for text in ("-999", "unknown", "NA"))
    assert missing_words([""]) == {""}
    assert not is_missing("NA", missing_words([""]))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2013-02-11", "2013-02-11"),
        ("1969-12-31", "1969-12-31"),
        ("2013-02-11T10:30", "2013-02-11T10:30"),
        ("2013-02-11 10:30:05", "2013-02-11T10:30:05"),
        ("2013-02-11 10:30:05.25", "2013-02-11T10:30:05"),
        ("2013-02-11T10:30:05Z", "2013-02-11T10:30:05"),
        ("2013-02-11T10:30:05+02:00", "2013-02-11T08:30:05"),
        ("2013-02-11 10:30-0530", "2013-02-11T16:00"),
        ("2013-02-11T10:30:05 +02", "2013-02-11T08:30:05"),
        ("2013-02-30", "NaT"),
        ("2013-13-01", "NaT"),
        ("2013-02", "NaT"),
        ("11.02.2013", "NaT"),
        ("", "NaT"),
    ],
)
def test_iso_dates(text, value):
    expected = np.array([value], "datetime64[s]")
    np.testing.assert_array_equal(dates([text]), expected)
    np.testing.assert_array_equal(dates([text, None, "2000-01-01T00:00"])[:1], expected)
    if value != "NaT" and "." not in text and "-0530" not in text and " +02" not in text:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        assert np.datetime64(moment, "s") == expected[0]


def test_dates_with_a_pattern():
    assert dates(["11-02-2013", "31-02-2013", None], "%d-%m-%Y").astype(str).tolist() == [
        "2013-02-11T00:00:00",
        "NaT",
        "NaT",
    ]
    assert dates(["11/02/13 10:00 +0200"], "%d/%m/%y %H:%M %z").astype(str).tolist() == ["2013-02-11T08:00:00"]


def test_columns_of_dates_are_numpys():
    days = np.arange("1950-01-01", "2050-01-01", 97, dtype="datetime64[D]")
    times = np.arange("1990-01-01", "1990-03-01", 12345, dtype="datetime64[s]")
    np.testing.assert_array_equal(dates(days.astype(str).tolist()), days.astype("datetime64[s]"))
    np.testing.assert_array_equal(dates(times.astype(str).tolist()), times)
