"""Sparse rows: training and predictions with the results of dense data."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.arrays.sparse import SparseRows

scipy_sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed: no sparse matrices")
FORMATS = ["csr_matrix", "csr_array", "csc_array", "coo_matrix", "lil_array"]


@pytest.fixture
def x(rng):
    return np.where(rng.random((23, 9)) < 0.3, rng.standard_normal((23, 9)), 0.0)


def trained(x, y, loss="cross_entropy", variant="dropout", **options):
    net = nd.MLP([9, 7, 3], dropout=0.4, input_dropout=0.1, loss=loss, variant=variant, seed=5)
    net.scale_input(np.arange(9) / 10, np.arange(1, 10))
    history = nd.fit(net, x, y, optimizer=nd.Adam(lr=0.01), epochs=2, batch_size=8, **options)
    return net, history


@pytest.mark.compiles_long
@pytest.mark.parametrize("name", FORMATS)
def test_training(name, x, rng):
    y, rows = rng.integers(0, 3, 23), getattr(scipy_sparse, name)(x)
    (dense, before), (sparse, after) = (trained(each, y, validation=(each, y)) for each in (x, rows))
    for key, value in dense.weights().items():
        assert np.array_equal(value, sparse.weights()[key])
    assert before.column("loss") == after.column("loss")
    assert before.column("val_loss") == after.column("val_loss")
    assert np.array_equal(dense.predict_proba(x), sparse.predict_proba(rows))
    assert np.array_equal(dense.predict_mc(x, 3).mean, sparse.predict_mc(rows, 3).mean)
    assert repr(nd.evaluate(dense, x, y)) == repr(nd.evaluate(sparse, rows, y))  # `repr`: NaN is not equal to NaN


@pytest.mark.parametrize(
    "variant",
    [
        pytest.param(variant, marks=pytest.mark.compiles_long)
        for variant in ("gaussian", "dropconnect", "concrete", "subnetwork")
    ],
)
def test_training_of_variants(variant, x, rng):
    y, rows = rng.integers(0, 3, 23), scipy_sparse.csr_array(x)
    dense, sparse = (trained(each, y, variant=variant)[0] for each in (x, rows))
    for key, value in dense.weights().items():
        assert np.allclose(value, sparse.weights()[key], rtol=1e-4, atol=1e-6)


@pytest.mark.compiles_long
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.bool_, np.float32])
def test_dtypes_of_values(dtype, x, rng):
    values, y = (x > 0).astype(dtype), rng.integers(0, 3, 23)
    dense, sparse = (trained(each, y)[0] for each in (values, scipy_sparse.csr_array(values)))
    assert np.array_equal(dense.outputs(values), sparse.outputs(scipy_sparse.csr_array(values)))


def test_many_rows(rng):
    x = np.where(rng.random((2500, 9)) < 0.3, rng.standard_normal((2500, 9)), 0.0)
    net = nd.MLP([9, 4, 3], seed=1)
    assert np.array_equal(net.outputs(x), net.outputs(scipy_sparse.csr_array(x)))
    assert np.array_equal(net.forward(x), net.forward(scipy_sparse.csr_array(x)))


def test_duplicate_entries(x):
    twice = scipy_sparse.coo_array((np.ones(2), ([0, 0], [3, 3])), shape=(1, 9)).tocsr(copy=True)
    raw = scipy_sparse.csr_array((np.ones(2), np.array([3, 3]), np.array([0, 2])), shape=(1, 9))
    net = nd.MLP([9, 4, 3], seed=1)
    assert np.array_equal(net.outputs(raw), net.outputs(twice.toarray()))
    assert raw.nnz == 2  # the input does not change


def test_sparse_rows(x):
    rows = SparseRows.of(scipy_sparse.csr_array(x))
    assert len(rows) == 23
    assert rows.shape == (23, 9)
    assert np.array_equal(rows.to_array(), x)
    assert np.array_equal(rows[5:9].to_array(), x[5:9])
    assert np.array_equal(rows[20:99][1:2].to_array(), x[21:22])
    number = int(np.flatnonzero(rows.arrays.values)[4])
    assert x[rows.position_of(number)] == rows.arrays.values[number]


def test_resume(tmp_path, x, rng):
    y, rows = rng.integers(0, 3, 23), scipy_sparse.csr_array(x)
    weights = rng.random(23)
    expected, _ = trained(rows, y, sample_weight=weights, callbacks=[nd.Checkpoint(tmp_path / "m.npz", every=2)])
    net = nd.MLP([9, 7, 3], dropout=0.4, input_dropout=0.1, seed=5)
    net.scale_input(np.arange(9) / 10, np.arange(1, 10))
    rule, saved = nd.Adam(lr=0.01), tmp_path / "m.ckpt-4.npz"
    with pytest.raises(ValueError, match="is of a run on other data"):
        nd.fit(net, rows, y, optimizer=nd.Adam(lr=0.01), epochs=2, batch_size=8, resume=saved)
    nd.fit(net, rows, y, optimizer=rule, epochs=2, batch_size=8, sample_weight=weights, resume=saved)
    assert all(np.array_equal(value, net.weights()[name]) for name, value in expected.weights().items())


def test_nan(x):
    x[4, 2] = np.nan
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan at \[4, 2\]"):
        trained(scipy_sparse.csr_array(x), np.zeros(23, int))


def test_errors(x):
    net = nd.MLP([9, 3])
    with pytest.raises(ValueError, match=r"x: expected shape \(rows, 9\), got \(23, 8\)"):
        net.outputs(scipy_sparse.csr_array(x[:, :8]))
    with pytest.raises(TypeError, match="x: expected numbers, float32, float64 or integers, got complex128"):
        net.outputs(scipy_sparse.csr_array(x.astype(complex)))
