"""NaN, infinity and -0 in linear layers and dropout, at all positions of a tile."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import reference

DTYPES = [np.float32, np.float64]
SHAPES = [(1, 1, 1), (3, 5, 2), (6, 5, 7), (9, 33, 41), pytest.param((70, 300, 65), marks=pytest.mark.jit_only)]

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of NumPy, without the JIT


def positions(rows, columns):
    """Return the corners and the middle of a matrix."""
    return {(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1), (rows // 2, columns // 2)}


def expect(value, rows, columns, bad):
    """Check that a result (rows, columns) is NaN exactly at the positions `bad`."""
    expected = np.zeros((rows, columns), bool)
    expected[bad] = True
    assert value.shape == (rows, columns)
    assert np.array_equal(np.isnan(value), expected)


@pytest.fixture(params=DTYPES)
def operands(request, rng):
    """Return a function that returns x, weight, bias and dy, all positive."""

    def make(rows, inputs, units):
        shapes = [(rows, inputs), (units, inputs), (units,), (rows, units)]
        return [rng.uniform(1, 2, shape).astype(request.param) for shape in shapes]

    return make


@pytest.mark.parametrize("shape", SHAPES)
def test_nan_in_linear(shape, operands):
    rows, inputs, units = shape
    x, w, b, dy = operands(*shape)
    every = slice(None)
    for i, c in positions(rows, inputs):
        bad = x.copy()
        bad[i, c] = np.nan
        expect(nd.linear(bad, w, b), rows, units, (i, every))
        dx, dw, db = nd.linear_backward(dy, bad, w)
        expect(dx, rows, inputs, (0, slice(0)))
        expect(dw, units, inputs, (every, c))
        assert not np.isnan(db).any()
    for k, c in positions(units, inputs):
        bad = w.copy()
        bad[k, c] = np.nan
        expect(nd.linear(x, bad, b), rows, units, (every, k))
        expect(nd.linear_backward(dy, x, bad)[0], rows, inputs, (every, c))
    for i, k in positions(rows, units):
        bad = dy.copy()
        bad[i, k] = np.nan
        dx, dw, db = nd.linear_backward(bad, x, w)
        expect(dx, rows, inputs, (i, every))
        expect(dw, units, inputs, (k, every))
        assert np.flatnonzero(np.isnan(db)).tolist() == [k]


@pytest.mark.parametrize("shape", SHAPES)
def test_infinity_in_linear(shape, operands):
    rows, inputs, units = shape
    x, w, b, dy = operands(*shape)
    for i, c in positions(rows, inputs):
        bad = x.copy()
        bad[i, c] = -np.inf
        y = nd.linear(bad, w, b)
        assert (y[i] == -np.inf).all()
        assert np.isfinite(np.delete(y, i, 0)).all()
        dw = nd.linear_backward(dy, bad, w)[1]
        assert (dw[:, c] == -np.inf).all()
        assert np.isfinite(np.delete(dw, c, 1)).all()
        zero = w.copy()
        zero[-1, c] = 0
        expect(nd.linear(bad, zero, b), rows, units, (i, units - 1))
        if inputs > 1:
            bad[i, c - 1] = np.inf
            expect(nd.linear(bad, w, b), rows, units, (i, slice(None)))
    for i, k in positions(rows, units):
        bad = dy.copy()
        bad[i, k] = np.inf
        zero = w.copy()
        zero[k, 0] = 0
        dx = nd.linear_backward(bad, x, zero)[0]
        expect(dx, rows, inputs, (i, 0))
        assert (dx[i, 1:] == np.inf).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_linear_relu_dropout_of_nan(shape, operands):
    x, w, b, _ = operands(*shape)
    x[-1, -1] = np.nan
    w[0, 0] = -np.inf
    plain = nd.linear(x, w, b)
    rectified = np.where(plain <= 0, 0, plain)
    y = nd.linear_relu_dropout(x, w, b, 0.5, seed=3, offset=5)
    mask = reference.sample_mask(y.shape, 0.5, seed=3, offset=5)
    assert np.isnan(rectified[-1]).all()
    assert np.array_equal(y, np.where(mask, rectified * 2, 0), equal_nan=True)
    assert not np.signbit(y[~mask]).any()


@pytest.mark.parametrize("shape", SHAPES)
def test_linear_relu_dropout_backward_of_nan(shape, operands):
    rows, inputs, units = shape
    x, w, b, dy = operands(*shape)
    y = nd.linear_relu_dropout(x, w, b, 0.5, seed=3)
    dy[:] = np.nan
    dx, dw, db = nd.linear_relu_dropout_backward(dy, y, x, w, 0.5)
    expect(dx, rows, inputs, (y > 0).any(1))
    expect(dw, units, inputs, (y > 0).any(0))
    assert np.array_equal(np.isnan(db), (y > 0).any(0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 63, 64, 65, 200, pytest.param(2**15 + 3, marks=pytest.mark.jit_only)])
def test_dropout(n, dtype):
    special = np.array([np.nan, -np.nan, np.inf, -np.inf, -0.0, 0.0, np.finfo(dtype).smallest_subnormal], dtype)
    x = np.resize(special, n)
    y = nd.dropout(x, 0.5, seed=9, offset=3)
    mask = reference.sample_mask(n, 0.5, seed=9, offset=3)
    assert y.tobytes() == np.where(mask, x * dtype(2), dtype(0)).tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
def test_relu_of_linear_relu_dropout(dtype):
    x = np.array([[np.nan, -0.0, -1.0, -np.inf, np.inf, 2.0]], dtype)
    y = nd.linear_relu_dropout(x.T, np.ones((7, 1), dtype), None, 0.5, training=False)
    expected = np.array([np.nan, 0.0, 0.0, 0.0, np.inf, 2.0], dtype)
    assert np.array_equal(y, np.repeat(expected[:, None], 7, 1), equal_nan=True)
    assert not np.signbit(y[1:]).any()
