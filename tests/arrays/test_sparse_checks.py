"""Checks of sparse matrices with inconsistent arrays, and of all formats that are valid. None is changed."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.arrays.sparse import Compressed, SparseRows

sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed: no sparse matrices")

ROWS, COLUMNS = 6, 10
Y = np.arange(ROWS) % 3
DENSE = np.where(np.random.default_rng(1).random((ROWS, COLUMNS)) < 0.4, np.arange(1.0, COLUMNS + 1), 0.0)


def put(name, index, value):
    return lambda matrix: getattr(matrix, name).__setitem__(index, value)


def cast(name, dtype):
    return lambda matrix: setattr(matrix, name, getattr(matrix, name).astype(dtype))


def cut(name, stop):
    return lambda matrix: setattr(matrix, name, getattr(matrix, name)[:stop])


# Format, change of a valid matrix that SciPy does not notice, error, message.
INVALID = {
    "column past the last": (
        "csr",
        put("indices", 2, 12),
        ValueError,
        "columns from 0 to 9, got 12 at row 0, value 2",
    ),
    "first column past the last": (
        "csr",
        put("indices", 3, 10),
        ValueError,
        "columns from 0 to 9, got 10 at row 1",
    ),
    "column far out of range": ("csr", put("indices", -1, 2**31 - 1), ValueError, "got 2147483647 at row 5"),
    "column below 0": ("csr", put("indices", 4, -1), ValueError, "columns from 0 to 9, got -1 at row 1, value 1"),
    "decreasing rows": (
        "csr",
        put("indptr", 2, 21),
        ValueError,
        "non-decreasing numbers, got 21 and then .* row 2",
    ),
    "rows past the values": (
        "csr",
        put("indptr", -1, 2000),
        ValueError,
        r"x.indptr: expected numbers from 0 to \d+, got 0",
    ),
    "rows before the values": (
        "csr",
        put("indptr", 0, -5),
        ValueError,
        "x.indptr: expected numbers from 0 to .* got -5",
    ),
    "rows that start after 0": (
        "csr",
        put("indptr", 0, 1),
        ValueError,
        "x.indptr: expected numbers from 0 to .* got 1",
    ),
    "too few rows": ("csr", cut("indptr", -1), ValueError, "one number for each row plus one, got 6"),
    "no rows": ("csr", cut("indptr", 0), ValueError, "one number for each row plus one, got 0"),
    "too few values": ("csr", cut("data", -3), ValueError, r"x.indices: expected \d+ like the values in x.data, got"),
    "too few columns": (
        "csr",
        cut("indices", -3),
        ValueError,
        r"x.indices: expected \d+ like the values in x.data, got",
    ),
    "columns of floats": ("csr", cast("indices", float), TypeError, "x.indices: expected integers, got float64"),
    "rows of floats": ("csr", cast("indptr", np.float32), TypeError, "x.indptr: expected integers, got float32"),
    "columns of bool": ("csr", cast("indices", bool), TypeError, "x.indices: expected integers, got bool"),
    "another shape": ("csr", lambda m: setattr(m, "_shape", (9, COLUMNS)), ValueError, "one number for each row"),
    "2D columns": (
        "csr",
        lambda m: setattr(m, "indices", m.indices[None]),
        ValueError,
        "expected 1 dimension",
    ),
    "complex values": ("csr", cast("data", complex), TypeError, "x: expected numbers, .* got complex128"),
    "half precision": ("csr", cast("data", np.float16), TypeError, "x: expected numbers, .* got float16"),
    "values of another byte order": ("csr", cast("data", ">f8"), TypeError, "x: expected numbers, .* got >f8"),
    "row past the last": ("csc", put("indices", 1, 600000), ValueError, "rows from 0 to 5, got 600000 at column"),
    "row below 0": ("csc", put("indices", 1, -1), ValueError, "rows from 0 to 5, got -1 at column"),
    "columns past the values": ("csc", put("indptr", -1, 2000), ValueError, "x.indptr: expected numbers from 0 to"),
    "decreasing columns": (
        "csc",
        put("indptr", 2, 19),
        ValueError,
        "non-decreasing numbers, got 19 and then .* at column 2",
    ),
    "coordinate row past the last": ("coo", put("row", 1, 99), ValueError, "x.row: .* from 0 to 5, got 99 at value 1"),
    "coordinate column below 0": ("coo", put("col", 1, -3), ValueError, "x.col: .* from 0 to 9, got -3 at value 1"),
    "block past the last": (
        "bsr",
        put("indices", 1, 77),
        ValueError,
        "block columns from 0 to 4, got 77 at block row 0",
    ),
    "decreasing blocks": (
        "bsr",
        put("indptr", 1, 9),
        ValueError,
        "non-decreasing numbers, got 9 and then .* at block row 1",
    ),
    "list column past the last": (
        "lil",
        lambda m: (m.rows[0].append(55), m.data[0].append(5.0)),
        ValueError,
        "columns from 0 to 9, got 55 at row 0",
    ),
    "lists of different lengths": (
        "lil",
        lambda m: m.rows[2].append(9),
        ValueError,
        r"x.rows: expected \d columns like .* in row 2",
    ),
    "too few diagonals": ("dia", cut("offsets", -1), ValueError, "x.offsets: expected .* like the rows of x.data"),
}


def changed(kind, change):
    matrix = sparse.csr_array(DENSE)
    matrix = matrix.tobsr(blocksize=(2, 2)) if kind == "bsr" else matrix.asformat(kind)
    if kind in ("csr", "csc", "coo"):
        matrix.has_canonical_format = True  # SciPy does not update it
    change(matrix)
    return matrix


def arrays(matrix):
    names = ("data", "indices", "indptr", "row", "col", "offsets")
    return {name: np.array(getattr(matrix, name)).tobytes() for name in names if hasattr(matrix, name)}


@pytest.fixture(scope="module")
def net():
    return nd.MLP([COLUMNS, 4, 3], seed=1)


CALLS = {
    "forward": lambda net, x: net.forward(x),
    "predict": lambda net, x: net.predict(x),
    "predict_proba": lambda net, x: net.predict_proba(x),
    "predict_mc": lambda net, x: net.predict_mc(x, 2),
    "evaluate_loss": lambda net, x: net.evaluate_loss(x, Y),
    "evaluate": lambda net, x: nd.evaluate(net, x, Y),
    "train_step": lambda net, x: net.train_step(x, Y, nd.SGD()),
    "fit": lambda net, x: nd.fit(net, x, Y, optimizer=nd.SGD(), epochs=1, batch_size=2),
    "validation": lambda net, x: nd.fit(net, DENSE, Y, optimizer=nd.SGD(), epochs=1, batch_size=2, validation=(x, Y)),
}


@pytest.mark.parametrize("case", INVALID)
def test_invalid_matrices(case, net):
    kind, change, error, message = INVALID[case]
    matrix = changed(kind, change)
    before, weights = arrays(matrix), {name: value.copy() for name, value in net.weights().items()}
    for call in CALLS.values():
        with pytest.raises(error, match=message) as raised:
            call(net, matrix)
        assert "\n" not in str(raised.value)
        assert str(raised.value).startswith(("x", "validation x"))
    assert arrays(matrix) == before
    assert all(np.array_equal(value, weights[name]) for name, value in net.weights().items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["DropoutMLPClassifier", "DropoutMLPRegressor"])
@pytest.mark.parametrize("case", ["column past the last", "column below 0", "decreasing rows", "row past the last"])
def test_invalid_matrices_in_estimators(name, case):
    estimators = pytest.importorskip("numba_dropout.sklearn", reason="scikit-learn is not installed")
    good = sparse.csr_matrix(DENSE)
    model = getattr(estimators, name)(hidden_layer_sizes=(4,), max_iter=1, batch_size=3, random_state=0).fit(good, Y)
    kind, change, error, _ = INVALID[case]
    for call in (model.predict, lambda x: model.fit(x, Y)):
        with pytest.raises(error):
            call(changed(kind, change))


# Changes that leave the matrix valid.
VALID = {
    "unsigned columns": ("csr", cast("indices", np.uint64)),
    "int8 columns": ("csr", cast("indices", np.int8)),
    "columns of another byte order": ("csr", cast("indices", ">i4")),
    "int64 rows": ("csr", cast("indptr", np.int64)),
    "unaligned columns": (
        "csr",
        lambda m: setattr(m, "indices", np.frombuffer(b"\0" + m.indices.tobytes(), m.indices.dtype, offset=1)),
    ),
    "reversed values": ("csr", lambda m: setattr(m, "data", m.data[::-1].copy()[::-1])),
    "unused values": (
        "csr",
        lambda m: (setattr(m, "data", np.append(m.data, 7.0)), setattr(m, "indices", np.append(m.indices, 1))),
    ),
    "coordinates": ("coo", lambda m: None),
    "blocks": ("bsr", lambda m: None),
    "diagonals": ("dia", lambda m: None),
}


@pytest.mark.parametrize("case", VALID)
def test_valid_matrices(case, net):
    kind, change = VALID[case]
    matrix = changed(kind, change)
    before = arrays(matrix)
    assert np.array_equal(net.forward(matrix), net.forward(DENSE))
    assert arrays(matrix) == before


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_duplicate_entries_of_canonical_format(kind, net):
    matrix = changed(kind, lambda m: None)
    assert matrix.has_canonical_format
    indices = matrix.row if kind == "coo" else matrix.indices
    if kind == "coo":
        matrix.row[:2], matrix.col[:2] = 3, 4
    else:
        indices[:2] = 3
    before = arrays(matrix)
    lines = np.repeat(np.arange(len(matrix.indptr) - 1), np.diff(matrix.indptr)) if kind != "coo" else None
    pairs = {"csr": (lines, indices), "csc": (indices, lines), "coo": (indices, getattr(matrix, "col", None))}[kind]
    dense = np.zeros(DENSE.shape)
    np.add.at(dense, pairs, matrix.data)
    assert matrix.has_canonical_format
    assert np.array_equal(net.forward(matrix), net.forward(dense))
    assert np.array_equal(SparseRows.of(matrix).to_array(), dense)
    assert arrays(matrix) == before


def test_unsorted_columns(net):
    matrix = changed("csr", lambda m: None)
    stop = matrix.indptr[1]
    matrix.indices[:stop], matrix.data[:stop] = matrix.indices[:stop][::-1].copy(), matrix.data[:stop][::-1].copy()
    before = arrays(matrix)
    assert np.array_equal(net.forward(matrix), net.forward(DENSE))
    assert arrays(matrix) == before


def test_sparse_rows_from_arrays(net):
    good = SparseRows.of(sparse.csr_array(DENSE)).arrays
    assert np.array_equal(net.forward(SparseRows(good, COLUMNS)), net.forward(DENSE))
    for wrong, message in (
        (good._replace(columns=good.columns + COLUMNS), "columns from 0 to 9"),
        (good._replace(starts=good.starts + 3), "x.indptr: expected numbers from 0"),
        (good._replace(columns=np.zeros_like(good.columns)), "strictly ascending columns in each row"),
        (Compressed(good.values, good.columns, good.starts[:0]), "one number for each row plus one, got 0"),
    ):
        with pytest.raises(ValueError, match=message):
            SparseRows(wrong, COLUMNS)


def test_empty_matrix(net):
    for shape in ((0, COLUMNS), (4, COLUMNS)):
        empty = sparse.csr_array(shape)
        assert np.array_equal(net.forward(empty), net.forward(np.zeros(shape)))
    with pytest.raises(ValueError, match=r"x: expected shape \(rows, columns\), got \(10,\)"):
        SparseRows.of(sparse.coo_array(np.arange(10.0)))


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_matrix", "coo_matrix"])
def test_invalid_sparse_labels(kind):
    sparse = pytest.importorskip("scipy.sparse")
    estimators = pytest.importorskip("numba_dropout.sklearn")
    x, labels = np.ones((6, 3)), getattr(sparse, kind)(np.eye(6, 4))
    (labels.col if kind == "coo_matrix" else labels.indices)[3] = 10**8
    with pytest.raises(ValueError, match=r"y\.(indices|col): "):
        estimators.DropoutMLPClassifier(8, max_iter=1).fit(x, labels)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda m: setattr(m, "data", m.data.reshape(-1, 1)), ValueError, "x.data: expected 1 dimension"),
        (lambda m: setattr(m, "indices", list(m.indices)), TypeError, "x.indices: expected an array, got list"),
    ],
)
def test_invalid_arrays(change, error, message):
    matrix = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(5, 3))
    change(matrix)
    with pytest.raises(error, match=message):
        nd.MLP([3, 4, 2], seed=1).forward(matrix)
