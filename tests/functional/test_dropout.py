"""Dropout with one rate: values, edges, memory and errors."""

import dropout_oracles as oracles
import numpy as np
import pytest
from backends import full_precision
from floats import DTYPES, same_bits, same_result

import numba_dropout as nd
from numba_dropout import reference

MIDDLE = [1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9]


@full_precision
@pytest.mark.parametrize("p", MIDDLE)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 3)])
def test_values(backend, dtype, p, shape, rng):
    x = rng.standard_normal(shape).astype(dtype)
    expected = oracles.dropout(x, p, seed=3, step=1)
    assert same_result(backend, nd.dropout(backend.array(x), p, seed=3, step=1), expected)
    assert same_result(backend, nd.dropout_backward(backend.array(x), p, seed=3, step=1), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1023, 1025, 2**14 + 1, pytest.param(2**20 + 3, marks=pytest.mark.jit_only)])
@pytest.mark.parametrize("offset", [0, 5, 2**35 + 3])
def test_large_arrays(dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    where = {"seed": 2**63 + 1, "stream": 7, "step": 9, "offset": offset}
    assert same_bits(nd.dropout(x, 0.3, **where), oracles.dropout(x, 0.3, **where))


def test_half_precision(backend, rng):
    """The product is computed in float32 and rounded once."""
    x = rng.standard_normal(50).astype(np.float16)
    where = {"seed": 11, "stream": 3, "step": 2, "offset": 5}
    expected = oracles.dropout(x.astype(np.float32), 0.3, **where).astype(np.float16)
    assert same_result(backend, nd.dropout(backend.array(x), 0.3, **where), expected)


def test_special_values():
    """Dropped elements are +0, even where x is NaN or infinite."""
    x = np.array([np.nan, np.inf, -np.inf, -0.0, -1.0, 0.0] * 20)
    y = nd.dropout(x, 0.5, seed=1)
    mask = reference.sample_mask(x.shape, 0.5, seed=1)
    assert same_bits(y[~mask], np.zeros((~mask).sum()))
    assert same_bits(y[mask], x[mask] * 2)


@full_precision
def test_rates_0_and_1(backend, dtype):
    x = np.array([np.nan, np.inf, -0.0, 3.0], dtype)
    for p in (0, 2**-34):
        array = backend.array(x)
        y = nd.dropout(array, p, seed=1)
        assert same_result(backend, y, x)
        assert y is not array
        assert not np.shares_memory(backend.numpy(array), backend.numpy(y))
    for p in (1, 1 - 1e-12):
        assert same_result(backend, nd.dropout(backend.array(x), p, seed=1), np.zeros(4, dtype))
        assert same_result(backend, nd.dropout_backward(backend.array(x), p, seed=1), np.zeros(4, dtype))


@full_precision
def test_evaluation(backend, dtype, rng):
    """Without training the result is a copy, and a seed is not needed."""
    x = rng.standard_normal(10).astype(dtype)
    array = backend.array(x)
    for seed in (None, 1):
        y = nd.dropout(array, 0.5, seed=seed, training=False)
        assert same_result(backend, y, x)
        assert y is not array
        assert not np.shares_memory(backend.numpy(array), backend.numpy(y))


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.001, 0.9, 1 - 1e-3])
def test_mean(p):
    n = 2**24
    y = nd.dropout(np.ones(n, np.float32), p, seed=2)
    error = y.mean(dtype=np.float64) - 1
    assert abs(error) < 4 * np.sqrt(p / (1 - p) / n)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, ::3], np.s_[1:, 1:], np.s_[:]])
@pytest.mark.parametrize("order", ["C", "F"])
def test_views(view, order, rng):
    x = np.asarray(rng.standard_normal((12, 9)), order=order)[view]
    assert same_bits(nd.dropout(x, 0.4, seed=6), oracles.dropout(np.ascontiguousarray(x), 0.4, seed=6))


def test_read_only_unaligned_and_broadcast_inputs(rng):
    x = rng.standard_normal(20)
    x.flags.writeable = False
    assert same_bits(nd.dropout(x, 0.4, seed=6), oracles.dropout(x, 0.4, seed=6))
    shifted = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float64)
    assert not shifted.flags.aligned
    assert same_bits(nd.dropout(shifted, 0.4, seed=6), oracles.dropout(x, 0.4, seed=6))
    row = np.broadcast_to(np.float32(1), (5, 5))
    assert same_bits(nd.dropout(row, 0.4, seed=6), oracles.dropout(np.ones((5, 5), np.float32), 0.4, seed=6))


@full_precision
def test_out(backend, dtype, rng):
    x = rng.standard_normal(20).astype(dtype)
    where = {"seed": 11, "stream": 3, "step": 2, "offset": 5}
    inputs, out = backend.array(x), backend.array(np.zeros_like(x))
    for array in (out, inputs):
        assert nd.dropout(inputs, 0.5, **where, out=array) is array
        assert same_result(backend, array, oracles.dropout(x, 0.5, **where))


def test_overlapping_and_strided_out(rng):
    x = rng.standard_normal(40)
    expected = oracles.dropout(x, 0.4, seed=6)
    y = x.copy()
    assert nd.dropout(y, 0.4, seed=6, out=y) is y
    assert same_bits(y, expected)
    memory = np.concatenate([x, np.zeros(3)])
    nd.dropout(memory[:40], 0.4, seed=6, out=memory[3:])
    assert same_bits(memory[3:], expected)
    wide = np.zeros((20, 4))
    nd.dropout(x.reshape(20, 2), 0.4, seed=6, out=wide[:, ::2])
    assert same_bits(np.ascontiguousarray(wide[:, ::2]), expected.reshape(20, 2))
    assert not wide[:, 1::2].any()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # of np.matrix
@pytest.mark.parametrize("kind", [np.asmatrix, np.ma.asarray])
def test_out_of_a_subclass(kind, rng):
    x = rng.standard_normal((20, 30))
    out = kind(np.zeros((20, 30)))
    assert nd.dropout(x, 0.4, seed=6, out=out) is out
    assert same_bits(np.asarray(out), oracles.dropout(x, 0.4, seed=6))


def test_backward_in_chunks(rng):
    dy = rng.standard_normal((6, 11))
    full = nd.dropout_backward(dy, 0.5, seed=8, stream=1, step=2)
    pieces = [nd.dropout_backward(dy[r], 0.5, seed=8, stream=1, step=2, offset=11 * r) for r in range(6)]
    assert same_bits(full, np.stack(pieces))
    assert np.array_equal(full != 0, nd.dropout(np.ones((6, 11)), 0.5, seed=8, stream=1, step=2) != 0)


def test_input_types():
    assert nd.dropout([1.0, 2.0], 0, seed=1).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="x: expected an array of float32, float64, float16 or bfloat16, got int64"):
        nd.dropout(np.arange(3), 0.5, seed=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": None}, TypeError, "seed: expected an integer"),
        ({"p": np.nan}, ValueError, "between 0 and 1, but got nan"),
        ({"p": "0.5"}, TypeError, "p: expected a number"),
        ({"out": np.empty(4)}, ValueError, r"out: expected shape \(3,\), got \(4,\)"),
        ({"out": np.empty(3, np.float32)}, TypeError, "out: expected dtype float64, got float32"),
        ({"out": np.broadcast_to(0.0, 3)}, ValueError, "read-only"),
        ({"offset": -1}, ValueError, "offset: expected an integer from 0"),
        ({"offset": 2**63 - 3}, ValueError, "offset: expected an integer"),
        ({"offset": np.array([3])}, TypeError, "offset: expected an integer"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        nd.dropout(np.ones(3), **{"p": 0.5, "seed": 1, **arguments})
