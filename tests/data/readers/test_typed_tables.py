"""Tables of typed sources: frames, dicts, arrays, Parquet, Excel and .npy files."""

import builtins
import datetime
import decimal
import json
import re

import numpy as np
import pytest

from numba_dropout import data
from numba_dropout.data import ReadOptions

BIG = 9007199254740993  # no float64
DAY = datetime.date(2013, 2, 11)
COLUMNS = {
    "whole": [3, BIG, -1],
    "gap": [BIG, None, 7],
    "real": [0.1, None, 2.0],
    "truth": [True, False, True],
    "maybe": [True, None, False],
    "text": [" a ", None, "007"],
    "day": [DAY, None, DAY],
    "moment": [datetime.datetime(2013, 2, 11, 10, 30), datetime.datetime(1969, 1, 1, 0, 0, 0, 700_000), None],
}
KINDS = dict(zip(COLUMNS, "iffbOOMM", strict=True))
TEXTS = {
    "whole": ["3", str(BIG), "-1"],
    "gap": [str(BIG), None, "7"],
    "real": ["0.1", None, "2.0"],
    "truth": ["True", "False", "True"],
    "maybe": ["True", None, "False"],
    "text": ["a", None, "007"],
    "day": ["2013-02-11T00:00:00", None, "2013-02-11T00:00:00"],
    "moment": ["2013-02-11T10:30:00", "1969-01-01T00:00:00", None],
}


def pandas_frame(tmp_path):
    pandas = pytest.importorskip("pandas")
    types = {"whole": "int64", "gap": "Int64", "real": "float64", "truth": "bool", "maybe": "boolean"}
    frame = pandas.DataFrame({name: pandas.array(COLUMNS[name], dtype=kind) for name, kind in types.items()})
    frame["text"] = COLUMNS["text"]  # the version's own dtype of texts
    return frame.assign(day=pandas.to_datetime(COLUMNS["day"]), moment=pandas.to_datetime(COLUMNS["moment"]))


def polars_frame(tmp_path):
    return pytest.importorskip("polars").DataFrame(COLUMNS)


def parquet_file(tmp_path, columns=COLUMNS):
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


@pytest.mark.parametrize("source", [pandas_frame, polars_frame, parquet_file, lambda _: COLUMNS])
def test_kinds_and_texts(source, tmp_path):
    table = data.read(source(tmp_path))
    assert table.names == list(COLUMNS)
    assert {column.name: column.cells.dtype.kind for column in table.columns} == KINDS
    assert {name: table.texts(i) for i, name in enumerate(table.names)} == TEXTS
    assert table.columns[0].cells.tolist() == COLUMNS["whole"]
    assert table.columns[6].cells.dtype == "datetime64[s]"
    some = table.rows(np.array([2, 0]))
    assert [some.texts(i) for i in (1, 5)] == [["7", str(BIG)], ["007", "a"]]


def test_categories(tmp_path):
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    levels = ["b", None, "a", "b"]
    frames = [
        pandas.DataFrame({"x": [1.5, 2, 3, 4], "c": pandas.Categorical(levels)}),
        polars.DataFrame({"x": [1.5, 2, 3, 4], "c": polars.Series(levels, dtype=polars.Categorical)}),
    ]
    frames[0].to_parquet(tmp_path / "t.parquet")
    for source in (*frames, tmp_path / "t.parquet"):
        assert data.read(source).texts(1) == levels
    numbers = data.read(pandas.DataFrame({"x": [1, 5, 2], "c": pandas.Categorical([2, 1, 2])})).columns[1]
    assert (numbers.texts(), numbers.cells.dtype.kind) == (["2", "1", "2"], "O")


def test_other_values():
    polars = pytest.importorskip("polars")
    table = data.read({"d": [decimal.Decimal("1.10"), None], "f": np.array([0.1, np.nan], np.float32)})
    assert [table.texts(i) for i in (0, 1)] == [["1.10", None], ["0.1", None]]
    assert table.columns[0].cells[0] == 1.1
    frame = polars.DataFrame({"t": [datetime.timedelta(seconds=90), None], "l": [[1, 2], [3]], "e": [None, None]})
    table = data.read(frame)
    assert np.array_equal(table.columns[0].cells, [90, np.nan], equal_nan=True)
    assert table.texts(1) == ["[1, 2]", "[3]"]
    assert np.isnan(table.columns[2].cells).all()
    assert data.read({"u": np.array([2**64 - 1, 0], np.uint64), "b": np.array(["x", "y"])}).texts(0) == [
        str(2**64 - 1),
        "0",
    ]


@pytest.mark.parametrize("source", ["parquet", "pandas", "polars", "dict"])
def test_decimals(source, tmp_path):
    """Numbers of a decimal type are float64, and keep their texts, of which one alone can be asked for."""
    values = [decimal.Decimal("1.10"), None, decimal.Decimal("-2.25")]
    columns = {"d": values, "y": [1.5, 2.0, 3.5]}
    made = columns
    if source == "parquet":
        pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(pyarrow.table(columns), made := tmp_path / "t.parquet")
    elif source != "dict":
        made = pytest.importorskip(source).DataFrame(columns)
    column = data.read(made).columns[0]
    assert column.cells.dtype == np.float64
    assert np.array_equal(column.cells, [1.1, np.nan, -2.25], equal_nan=True)
    assert column.texts() == [column.text(row) for row in range(3)] == ["1.10", None, "-2.25"]
    assert column.rows(np.array([2, 0])).text(1) == "1.10"
    assert data.load(data.read(made)).features == ["d", "d missing"]


@pytest.mark.parametrize("source", [pandas_frame, polars_frame, parquet_file, lambda _: COLUMNS])
def test_text_of_one_cell(source, tmp_path):
    for column in data.read(source(tmp_path)).columns:
        assert [column.text(row) for row in range(3)] == column.texts()
    short = data.read({"f": np.array([0.1, np.nan], np.float32)}).columns[0]
    assert [short.text(row) for row in range(2)] == ["0.1", None]


def test_lazy_frame():
    frame = pytest.importorskip("polars").DataFrame({"a": [5, 6], "b": ["u", "v"]})
    table = data.read(frame.lazy())
    assert (table.names, table.texts(0), table.texts(1)) == (["a", "b"], ["5", "6"], ["u", "v"])


def test_periods():
    pandas = pytest.importorskip("pandas")
    table = data.read(pandas.DataFrame({"m": pandas.PeriodIndex(["2013-02", None], freq="M"), "y": [1, 2]}))
    assert (table.columns[0].cells.dtype, table.texts(0)) == ("datetime64[s]", ["2013-02-01T00:00:00", None])


def test_zone():
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2013-02-11T10:30+02:00", None], utc=True).tz_convert("Europe/Berlin")
    assert data.read(pandas.DataFrame({"t": moments, "y": [1, 2]})).texts(0) == ["2013-02-11T08:30:00", None]


def test_arrays(tmp_path):
    x = np.array([[0.5, 2], [1, 7]])
    np.save(tmp_path / "t.npy", x)
    for source in (x, tmp_path / "t.npy"):
        table = data.read(source)
        assert (table.names, table.matrix.tolist(), table.texts(1)) == (None, x.tolist(), ["2.0", "7.0"])
    whole = data.read(np.array([[1, BIG], [2, 3], [3, 4]]))
    assert (whole.texts(1), whole.index) == ([str(BIG), "3", "4"], None)
    assert data.read(np.arange(12).reshape(4, 3) // 3 + 1).index == 0
    assert data.read(table) is table


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros(3), "expected one array of shape"),
        (np.zeros((0, 2)), "expected one array of shape"),
        (np.array([["a"]]), "expected numbers in the table"),
        ({}, "expected rows of data, got none"),
        ({"a": []}, "expected rows of data, got none"),
        ({"a": [1], "b": [1, 2]}, "columns of the same length, got 1, 2"),
        ({"a": np.zeros((2, 2))}, r"arrays of shape \(rows,\), got \(2, 2\) for 'a'"),
    ],
)
def test_refused(source, message):
    with pytest.raises(ValueError, match=message):
        data.read(source)


def test_damaged_files(write, tmp_path):
    with pytest.raises(ValueError, match="truncated, damaged or not in NumPy's format"):
        data.read(write(b"\x93NUMPY", "t.npy"))
    with pytest.raises(ValueError, match="damaged or not in the Parquet format"):
        data.read(write(b"PAR1 and more", "t.csv"))
    np.savez(tmp_path / "t.npz", x=np.zeros(2))
    with pytest.raises(ValueError, match=r"expected a table, got arrays in an \.npz file"):
        data.read(tmp_path / "t.npz")
    with pytest.raises(ValueError, match="damaged or not in Excel's format"):
        data.read(write(b"nothing", "t.xlsx"))


@pytest.fixture(params=["python_calamine", "openpyxl"])
def reader(request, monkeypatch):
    """Hide python_calamine where openpyxl is to read."""
    pytest.importorskip("openpyxl")
    pytest.importorskip(request.param)
    if request.param == "openpyxl":
        hide(monkeypatch, "python_calamine")


def hide(monkeypatch, *names):
    found = builtins.__import__

    def find(name, *args, **options):
        if name in names:
            raise ImportError(name)
        return found(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", find)


def workbook(path, *rows, sheets=1):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in rows:
        book.active.append(row)
    for i in range(sheets - 1):
        book.create_sheet(f"other {i}")
    book.save(path)
    return path


@pytest.mark.usefixtures("reader")
def test_excel(tmp_path):
    rows = [
        [],
        ["name", "x", None, "n", "day", "ok"],
        ["a ", 1.5, None, 3, DAY, True],
        [],
        ["007", None, None, 4, DAY, False],
    ]
    table = data.read(workbook(tmp_path / "t.xlsx", *rows))
    assert table.names == ["name", "x", "n", "day", "ok"]
    assert [column.cells.dtype.kind for column in table.columns] == list("OfiMb")
    assert [table.texts(i) for i in (0, 1, 2)] == [["a", "007"], ["1.5", None], ["3", "4"]]
    assert (table.lines, table.notes) == ([3, 5], [])
    headless = data.read(workbook(tmp_path / "u.xlsx", [1, 5, 0.5], [2, 5, 0.25], [3, 6, 1], sheets=3))
    assert (headless.names, headless.index, len(headless)) == (None, 0, 3)
    assert headless.notes[0].startswith("sheet: 'Sheet', the first of 3")
    assert data.read(tmp_path / "t.xlsx", skip=2, header=False).names is None
    assert data.read(tmp_path / "t.xlsx", skip_footer=1).lines == [3]


def test_excel_by_content(tmp_path):
    pytest.importorskip("python_calamine")
    workbook(tmp_path / "t.xlsx", ["a", "b"], [1, 2]).rename(tmp_path / "t.csv")
    assert data.read(tmp_path / "t.csv").names == ["a", "b"]
    with pytest.raises(ValueError, match="the first sheet is empty"):
        data.read(workbook(tmp_path / "u.xlsx"))
    with pytest.raises(ValueError, match="got only a header"):
        data.read(workbook(tmp_path / "v.xlsx", ["a", "b"]))


def test_without_libraries(tmp_path, monkeypatch):
    path = workbook(tmp_path / "t.xlsx", ["a", "b"], [1, 2])
    hide(monkeypatch, "python_calamine", "openpyxl", "pyarrow")
    with pytest.raises(ValueError, match=r"pip install python-calamine \(or the extra \[excel\]\)"):
        data.read(path)
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(ValueError, match=r"pip install pyarrow \(or the extra \[parquet\]\)"):
        data.read(tmp_path / "t.parquet")


def test_read_options():
    options = ReadOptions(header=False, delimiter="tab", missing=["-999"])
    assert options.delimiter == "\t"
    assert ReadOptions.from_dict(json.loads(json.dumps(options.to_dict()))) == options
    assert ReadOptions.from_dict({}) == ReadOptions()


TEXTS_OF_NUMBERS = {"c": [str(i % 4) for i in range(60)], "x": [i % 7 / 2 for i in range(60)]}


def texts_in_pandas(columns, tmp_path):
    return pytest.importorskip("pandas").DataFrame(columns)


def categories_in_pandas(columns, tmp_path):
    return texts_in_pandas(columns, tmp_path).astype({"c": int}).astype({"c": "category"})


def texts_in_polars(columns, tmp_path):
    return pytest.importorskip("polars").DataFrame(columns)


def texts_in_parquet(columns, tmp_path):
    return parquet_file(tmp_path, columns)


def categories_in_parquet(columns, tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    return parquet_file(tmp_path, columns | {"c": pyarrow.array(columns["c"]).dictionary_encode()})


@pytest.mark.parametrize(
    "source",
    [
        texts_in_pandas,
        categories_in_pandas,
        texts_in_polars,
        texts_in_parquet,
        categories_in_parquet,
        lambda columns, tmp_path: columns,
    ],
)
def test_texts_of_numbers_are_categories(source, tmp_path):
    columns = TEXTS_OF_NUMBERS | {"y": [i / 3 for i in range(60)]}
    dataset = data.load(source(columns, tmp_path))
    assert dataset.features == ["c=0", "c=1", "c=2", "c=3", "x"]
    note = "column 1 ('c'): texts or categories of the source that are all numbers are categories; numeric=['c'] reads "
    assert sum(each.startswith(note) for each in dataset.notes) == 1
    numbers = data.load(source(columns, tmp_path), numeric=["c"])
    assert (numbers.features, numbers.x[:5, 0].tolist()) == (["c", "x"], [0, 1, 2, 3, 0])


def test_several_columns_of_texts_of_numbers():
    """All are in one note, and those that differ in nearly all rows in one message."""
    y = [i / 3 for i in range(60)]
    dataset = data.load({"c": [str(i % 4) for i in range(60)], "d": [f"{i % 3}.5" for i in range(60)], "y": y})
    expected = r"column 1 \('c'\), column 2 \('d'\): texts or .* are categories; numeric=\['c', 'd'\] reads numbers"
    assert sum(re.fullmatch(expected, note) is not None for note in dataset.notes) == 1
    many = {"c": [str(i) for i in range(60)], "d": [f"{i}.5" for i in range(60)], "y": y}
    message = re.escape(
        "column 1 ('c'), column 2 ('d'): texts that are all numbers, and different in nearly all rows; read "
        "numbers with numeric=['c', 'd'], leave out with drop=['c', 'd'], or keep with ids=..."
    )
    with pytest.raises(ValueError, match=message):
        data.load(many)
    assert data.load(many, numeric=["c"], drop=["d"]).x[:, 0].tolist() == list(range(60))
    assert data.load({"day": [f"2020-01-{i % 28 + 1:02}" for i in range(60)], "y": y}).encoder.kinds == {"day": "date"}
    gone = data.load({"x": y, "none": ["", "NA"] * 30, "y": y[::-1]})
    assert {plan.name: plan.kind for plan in gone.encoder.plans}["none"] == "constant"


def test_targets_of_texts_of_numbers():
    """They are classes, and many different ones are refused with both remedies."""
    few = TEXTS_OF_NUMBERS | {"y": [f"{i % 8}.50" for i in range(60)]}
    dataset = data.load(few, categorical=["c"])
    assert dataset.classes[:2] == ["0.50", "1.50"]
    note = "target column 3 ('y'): 8 different texts in 60 rows that are all numbers are read as classes; task='values'"
    assert sum(each.startswith(note) for each in dataset.notes) == 1
    assert data.load(few, task="values", categorical=["c"]).y[:2].tolist() == [[0.5], [1.5]]
    many = TEXTS_OF_NUMBERS | {"y": [str(i) for i in range(60)]}
    with pytest.raises(ValueError, match=r"got 60 different texts in 60 rows .*; use task='values' or task='classes'"):
        data.load(many)
    assert data.load(many, task="values", categorical=["c"]).y[:2].tolist() == [[0], [1]]


def test_new_rows_with_numbers_for_texts():
    """Levels are compared as they are written, and a whole number is written with .0 or not."""
    encoder = data.load(TEXTS_OF_NUMBERS | {"y": [i / 3 for i in range(60)]}).encoder
    rows = [encoder.transform(data.read({"c": np.array(c), "x": [0.0] * 3})) for c in ([1, 3, 7], [1.0, 3.0, 0.5])]
    for encoded in rows:
        assert encoded.x[:, :4].tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
        assert encoded.unseen == {"c": 1}
    numbers = data.load({"c": [i % 4 for i in range(60)], "y": [i / 3 for i in range(60)]}).encoder
    assert numbers.transform(data.read({"c": ["3", "1.5"]})).x.tolist() == [[3], [1.5]]
