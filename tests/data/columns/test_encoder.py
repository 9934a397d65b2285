"""The encoder of tables, against its definition and scikit-learn's encoders."""

import json

import numpy as np
import pytest
from column_tables import made, of_matrix

from numba_dropout.core.errors import InputError
from numba_dropout.data.columns.encoder import ColumnEncoder
from numba_dropout.data.columns.kinds import kinds
from numba_dropout.data.columns.options import ColumnOptions

EXAMPLE = {"x": ["1", "2", "", "4", "6"], "c": ["a", "b", "b", "", "c"], "y": ["0", "1", "0", "1", "0"]}


def fitted(table, options=None, targets=()):
    """Return an encoder of a table."""
    return ColumnEncoder(options).fit(table, kinds(table, options, targets))


def again(encoder):
    """Return the encoder after a way through JSON."""
    return ColumnEncoder.from_dict(json.loads(json.dumps(encoder.to_dict())))


def test_the_example_by_hand():
    table = made(**EXAMPLE)
    encoder = fitted(table, targets=[2])
    encoded = encoder.transform(table)
    assert encoder.names == ["x", "x missing", "c=b", "c=a", "c=c", "c missing"]
    assert encoder.kinds == {"x": "number", "c": "category"}
    assert encoded.x[:, 0].tolist() == [1, 2, 3, 4, 6]
    assert encoded.x[:, 1].tolist() == [0, 0, 1, 0, 0]
    assert encoded.x[:, 2:].tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    assert (encoded.x[:, 0].mean(), encoded.x[:, 0].var()) == pytest.approx((3.2, 2.96), rel=1e-15)
    assert encoder.indicators.tolist() == [False, True, True, True, True, True]
    assert encoded.filled == {"x": 1, "c": 1}


def test_unseen_levels_are_counted():
    encoder = fitted(made(**EXAMPLE), targets=[2])
    encoded = encoder.transform(made(c=["z", "b", "z"], x=["1", "2", "3"]))
    assert encoded.x.tolist() == [[1, 0, 0, 0, 0, 0], [2, 0, 1, 0, 0, 0], [3, 0, 0, 0, 0, 0]]
    assert encoded.unseen == {"c": 2}
    assert encoded.notes == ["c: 2 cells with a level that training did not have; unknown='refuse' makes it an error"]


def test_unseen_levels_are_refused():
    encoder = fitted(made(**EXAMPLE), ColumnOptions(unknown="refuse"), targets=[2])
    with pytest.raises(InputError, match=r"^t.csv: 'z' at row 3, column 2 \('c'\), is not one of .* b, a, c; unknown="):
        encoder.transform(made(x=["1", "2"], c=["b", "z"]))


def test_two_levels_have_one_feature():
    table = made(League=["A", "A", "N", "A", ""], x=["1", "2", "3", "4", "5"])
    encoder = fitted(table)
    assert encoder.names == ["League=N", "League missing", "x"]
    assert encoder.transform(table).x[:, :2].tolist() == [[0, 0], [0, 0], [1, 0], [0, 0], [0, 1]]


@pytest.mark.parametrize("kind", [bool, str])
def test_booleans_are_a_category(kind):
    cells = np.array([True, True, False])
    table = made(member=cells if kind is bool else list(map(str, cells.tolist())))
    encoder = fitted(table)
    assert encoder.names == ["member=False"]
    assert encoder.transform(table).x.tolist() == [[0], [0], [1]]
    assert encoder.transform(made(member=["True", "False"])).x.tolist() == [[0], [1]]


def test_rare_levels_share_a_feature():
    cells = ["a"] * 10 + ["b"] * 8 + ["c", "d"]
    table = made(c=cells)
    encoder = fitted(table)
    assert encoder.names == ["c=a", "c=b", "c=(other)"]
    assert encoder.transform(table).x.sum(0).tolist() == [10, 8, 2]
    unseen = encoder.transform(made(c=["z", "c", ""]))
    assert unseen.x.tolist() == [[0, 0, 1], [0, 0, 1], [0, 0, 0]]
    assert (unseen.unseen, unseen.filled) == ({"c": 1}, {"c": 1})
    assert fitted(table, ColumnOptions(min_count=9)).names == ["c=(other)"]
    assert fitted(table, ColumnOptions(min_count=1)).names == ["c=a", "c=b", "c=c", "c=d"]


def test_rare_levels_match_scikit_learn(rng):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    cells = rng.choice(list("abcdefghij"), 200, p=np.arange(1, 11) / 55).tolist()
    peer = preprocessing.OneHotEncoder(min_frequency=20, sparse_output=False)
    expected = peer.fit_transform(np.array(cells, object)[:, None])
    encoded = fitted(made(c=cells), ColumnOptions(min_count=20)).transform(made(c=cells)).x
    assert sorted(map(tuple, encoded.T)) == sorted(map(tuple, expected.T))


def test_at_most_40_levels_have_a_feature():
    cells = [f"l{i:02}" for i in range(50) for _ in range(60 - i)]
    encoder = fitted(made(c=cells))
    assert encoder.names == [f"c=l{i:02}" for i in range(40)] + ["c=(other)"]
    assert (encoder.transform(made(c=cells)).x.sum(1) == 1).all()


def test_the_median_fills_gaps_that_training_did_not_have():
    encoder = fitted(made(x=["1", "2", "5"], c=["a", "b", "a"]))
    encoded = encoder.transform(made(x=["", "3"], c=["a", ""]))
    assert encoder.names == ["x", "c=b"]
    assert encoded.x.tolist() == [[2, 0], [3, 0]]
    assert encoded.notes == ["x: 1 missing value, filled with the median 2", "c: 1 missing value"]


def test_missing_words_and_numbers():
    options = ColumnOptions(missing=("-999", "unknown"))
    for cells in (["1", "-999.0", "NA", "3"], ["1", "unknown", "-999", "3"], np.array([1, -999, np.nan, 3])):
        assert fitted(made(x=cells), options).transform(made(x=cells)).x.tolist() == [[1, 0], [2, 1], [2, 1], [3, 0]]
    whole = np.array([1, -999, -999, 3])
    assert fitted(made(x=whole), options).transform(made(x=whole)).x.tolist() == [[1, 0], [2, 1], [2, 1], [3, 0]]
    matrix = np.array([[1.0, 5.0], [-999.0, 6.0], [3.0, -999.0]])
    assert fitted(of_matrix(matrix), options).transform(of_matrix(matrix)).x[:, ::2].tolist() == [
        [1, 5],
        [2, 6],
        [3, 5.5],
    ]


def test_numbers_match_scikit_learn(rng):
    impute = pytest.importorskip("sklearn.impute")
    values = np.where(rng.random((50, 3)) < 0.2, np.nan, rng.standard_normal((50, 3)))
    values[:, 1] = rng.standard_normal(50)
    peer = impute.SimpleImputer(strategy="median", add_indicator=True)
    expected = peer.fit_transform(values)
    encoder = fitted(made(a=values[:, 0], b=values[:, 1], c=values[:, 2]))
    assert encoder.names == ["a", "a missing", "b", "c", "c missing"]
    np.testing.assert_array_equal(
        encoder.transform(made(a=values[:, 0], b=values[:, 1], c=values[:, 2])).x[:, [0, 2, 3, 1, 4]], expected
    )


def test_constant_columns_have_no_feature():
    table = made(k=["7", "7", "7"], x=["1", "2", "3"], c=["a", "a", "a"], gone=["", "", ""], some=["1", "", "1"])
    encoder = fitted(table)
    assert encoder.names == ["x", "some missing"]
    changed = made(k=["2000"], x=["1"], c=["z"], gone=["5"], some=["1"])
    assert encoder.transform(changed).x.tolist() == [[1, 0]]


def test_columns_that_are_constant_in_the_training_rows_only():
    table = made(k=["7", "7", "8"], c=["a", "a", "b"], d=["2013-02-11", "2013-02-11", "2013-02-12"], x=["1", "2", "3"])
    plans = kinds(table)
    encoder = ColumnEncoder().fit(table.rows(np.array([0, 1])), plans)
    assert encoder.names == ["x"]
    assert encoder.transform(table).x.tolist() == [[1], [2], [3]]


def test_dates():
    table = made(day=["2013-02-11", "2013-03-12", "1969-12-31"])
    encoder = fitted(table)
    assert encoder.names == ["day: days", "day: month", "day: weekday"]
    assert encoder.transform(table).x.tolist() == [[15747, 2, 0], [15776, 3, 1], [-1, 12, 2]]
    assert not encoder.indicators.any()


def test_dates_with_times_and_gaps():
    table = made(t=["2013-02-11T10:59:59", "2013-02-12", "", "2013-03-13 23:00"])
    encoder = fitted(table)
    assert encoder.names == ["t: days", "t: month", "t: weekday", "t: hour", "t missing"]
    encoded = encoder.transform(table)
    assert encoded.x.tolist()[0] == [15747, 2, 0, 10, 0]
    assert encoded.x.tolist()[2] == [15748, 2, 1, 10, 1]
    assert encoded.filled == {"t": 1}
    typed = made(t=np.array(["2013-02-11T10:59:59", "NaT"], "datetime64[s]"))
    assert encoder.transform(typed).x.tolist() == encoded.x.tolist()[:3:2]


def test_dates_match_pandas(rng):
    pandas = pytest.importorskip("pandas")
    moments = rng.integers(-(2**31), 2**31, 500).astype("datetime64[s]")
    x = fitted(made(t=moments)).transform(made(t=moments)).x
    peer = pandas.Series(moments).dt
    np.testing.assert_array_equal(x[:, 1:], np.column_stack([peer.month, peer.day_of_week, peer.hour]))
    np.testing.assert_array_equal(x[:, 0], moments.astype("datetime64[D]").astype(int))


def test_dates_with_a_pattern():
    options = ColumnOptions(dates={"day": "%d-%m-%Y"})
    table = made(day=["11-02-2013", "12-03-2014"], x=["1", "2"])
    assert fitted(table, options).transform(table).x[0].tolist() == [15747, 2, 0, 1]
    assert fitted(table, options).columns[0].pattern == "%d-%m-%Y"


def test_values_far_outside_are_counted_and_clipped():
    table = made(surface=["28", "120"], rooms=["1", "5"])
    rows = made(surface=["400", "150", "-100"], rooms=["3", "10", "9"])
    encoded = fitted(table).transform(rows)
    assert (encoded.outside, encoded.rows_outside) == ({"surface": 2, "rooms": 1}, 3)
    assert encoded.x.tolist() == [[212, 3], [150, 9], [-64, 9]]  # a range's length outside, at most
    far = "surface: 2 values far outside the training range, 28 to 120; "
    assert encoded.notes[0] == far + "bounded by -64 to 212, clip=False leaves them"
    wide = fitted(table, ColumnOptions(clip=False)).transform(rows)
    assert wide.x.tolist() == [[400, 3], [150, 10], [-100, 9]]
    assert wide.notes[0] == far + "clip=True bounds them"
    assert (wide.outside, wide.rows_outside) == (encoded.outside, 3)
    clipped = fitted(table, ColumnOptions(clip=True)).transform(rows)
    assert clipped.x.tolist() == [[120, 3], [120, 5], [28, 5]]
    assert clipped.rows_outside == 3


def test_notes_of_many_columns_are_one():
    """Of more than three columns, with the numbers of their cells."""
    numbers = {f"n{i}": [str(k + 10 * (k == 1)) for k in range(20)] for i in range(4)}
    encoder = fitted(made(**numbers, **{f"c{i}": ["a", "b"] * 10 for i in range(4)}))
    new = {f"n{i}": ["", "99"] for i in range(4)} | {f"c{i}": ["", "z"] for i in range(4)}
    found = encoder.transform(made(**new))
    names = {letter: ", ".join(f"{{}} in {letter}{i}" for i in range(4)) for letter in "nc"}
    assert found.notes == [
        f"cells with a level that training did not have: {names['c'].replace('{}', '1')}; unknown='refuse' makes it an "
        "error",
        "missing values, filled as in training: " + f"{names['n']}, {names['c']}".replace("{}", "1"),
        f"values far outside the training range: {names['n'].replace('{}', '1')}; bounded, clip=False leaves them",
    ]
    assert found.facts == [note.partition(";")[0] for note in found.notes]


def test_wholly_numeric_tables_are_not_copied(rng):
    matrix = rng.standard_normal((30, 4))
    encoder = fitted(of_matrix(matrix))
    encoded = encoder.transform(of_matrix(matrix))
    np.testing.assert_array_equal(encoded.x, matrix)
    assert np.shares_memory(encoded.x, matrix)
    assert not encoded.x.flags.writeable
    assert matrix.flags.writeable
    assert encoder.names == ["x0", "x1", "x2", "x3"]
    assert not encoded.notes
    matrix[:, 2] = 5
    np.testing.assert_array_equal(fitted(of_matrix(matrix)).transform(of_matrix(matrix)).x, matrix[:, [0, 1, 3]])
    assert kinds(of_matrix(matrix))[2].kind == "constant"


def test_columns_are_found_by_name_or_by_position():
    table = made(x=["1", "2"], y=["0", "1"], c=["a", "b"])
    encoder = fitted(table, targets=[1])
    expected = encoder.transform(table).x
    assert (encoder.transform(made(c=["a", "b"], more=["u", "v"], x=["1", "2"])).x == expected).all()
    with pytest.raises(InputError, match=r"there is no column 'x', 'c', which .* the columns are z"):
        encoder.transform(made(z=["1"]))
    assert (encoder.transform(made(z=["a", "b"], w=["1", "2"]), positions=[1, 0]).x == expected).all()


def test_columns_without_names():
    from dataclasses import replace

    table = replace(made(x=["1", "2"], y=["0", "1"], c=["a", "b"]), names=None)
    encoder = fitted(table, targets=[1])
    assert encoder.names == ["column 1", "column 3=b"]
    assert encoder.transform(table).x.tolist() == [[1, 0], [2, 1]]
    assert encoder.transform(table.select([0, 2])).x.tolist() == [[1, 0], [2, 1]]
    with pytest.raises(InputError, match="expected the 3 columns of the training table, or only the 2"):
        encoder.transform(table.select([0]))


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1", "many"], r"expected a number at row 3, column 1 \('x'\), got 'many'; missing=.'many'"),
        (["1", "1e999"], r"expected a finite number at row 3, column 1 \('x'\), got 1e999"),
        (np.array([1.0, np.inf]), r"expected a finite number at row 3, column 1 \('x'\), got inf"),
    ],
)
def test_cells_that_cannot_be_read(cells, message):
    encoder = fitted(made(x=["1", "2"]))
    with pytest.raises(InputError, match=message):
        encoder.transform(made(x=cells))


def test_a_date_that_cannot_be_read():
    encoder = fitted(made(d=["2013-02-11", "2013-02-12"]))
    with pytest.raises(InputError, match=r"expected an ISO date such as .* at row 2, column 1 \('d'\), got 'Monday'"):
        encoder.transform(made(d=["Monday"]))


def test_json_restores_the_encoder():
    table = made(
        x=["1", "", "3"] * 9,
        c=["a", "b", ""] * 9,
        d=["2013-02-11", "", "2014-01-01T10:00"] * 9,
        k=["1"] * 27,
        name=["u", "v", "w"] * 9,
    )
    options = ColumnOptions(ids=("name",), missing=("-999",), dates={}, clip=True, min_count=3)
    encoder = fitted(table, options)
    restored = again(encoder)
    assert restored.options == options
    assert (restored.transform(table).x == encoder.transform(table).x).all()
    assert (restored.names, restored.kinds, restored.summary()) == (encoder.names, encoder.kinds, encoder.summary())
    assert restored.to_dict() == encoder.to_dict()


def test_the_summary_has_a_line_for_each_kind():
    table = made(
        x=["1", "", "3"],
        c=["a", "b", "a"],
        d=["2013-02-11", "2013-02-12", "2014-01-01"],
        k=["1"] * 3,
        i=["u", "v", "w"],
    )
    assert fitted(table, ColumnOptions(ids=("i",))).summary() == [
        "numbers: 1 (x)",
        "categories: 1 (c (2 levels))",
        "dates: 1 (d)",
        "missing values, with an indicator: 1 (x)",
        "constant, left out: 1 (k)",
        "ids: 1 (i)",
    ]


def test_whole_numbers_as_categories_read_the_same_with_a_decimal():
    options = ColumnOptions(categorical=("zip",))
    encoder = fitted(made(zip=np.array([7, 7, 8])), options)
    assert encoder.transform(made(zip=np.array([8.0, np.nan]))).x.tolist() == [[1], [0]]
    assert encoder.transform(made(zip=["8.0", "7"])).x.tolist() == [[1], [0]]
