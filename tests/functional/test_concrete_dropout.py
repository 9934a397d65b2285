"""Concrete dropout, and the gradient by the logit of its rate."""

import math

import naive
import numba
import numpy as np
import pytest
from backends import CPU, full_precision
from floats import DTYPES, same_bits, same_result

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}
STREAM = 5 << 24 | AT["stream"]  # of the purpose "noise"


def smooth_mask(i, p, dtype):
    """Return element i of the scaled mask by the formula of the paper."""
    if dtype == "float32":
        u = ((naive.words(i >> 2, AT["seed"], STREAM, AT["step"])[i & 3] >> 9) + 0.5) / 2**23
    else:
        u = ((naive.bits64(i, AT["seed"], STREAM, AT["step"]) >> 12) + 0.5) / 2**52
    s = 10 * (math.log(p / (1 - p)) - math.log(u / (1 - u)))
    return 1 / ((1 + math.exp(min(s, 700))) * (1 - p))


def smooth_masks(n, p, dtype, offset):
    return np.array([smooth_mask(offset + i, p, dtype) for i in range(n)])


def check_values_and_gradients(backend, dtype, offset, n, p, rng):
    x, dy = rng.standard_normal((2, n)).astype(dtype)
    where, logit = {**AT, "offset": offset}, math.log(p / (1 - p))
    factor = smooth_masks(n, p, dtype, offset)
    close = {"rtol": 400 * np.finfo(dtype).eps, "atol": 1e-30}
    y = nd.concrete_dropout(backend.array(x), logit, **where)
    np.testing.assert_allclose(backend.numpy(y), x * factor, **close)
    array = backend.array(dy)
    dx, dlogit = nd.concrete_dropout_backward(array, y, logit, **where)
    np.testing.assert_allclose(backend.numpy(dx), dy * factor, **close)
    above, below = (smooth_masks(n, 1 / (1 + math.exp(-logit - h)), dtype, offset) for h in (1e-5, -1e-5))
    slope = (dy.astype(np.float64) * x * (above - below)).sum() / 2e-5
    tolerance = 1e-3 if dtype == "float32" else 1e-6
    np.testing.assert_allclose(backend.numpy(dlogit), slope, rtol=tolerance, atol=1e-6)
    assert dlogit.shape == ()
    assert nd.concrete_dropout_backward(array, y, logit, **where, out=array)[0] is array
    assert same_result(backend, array, backend.numpy(dx))


@full_precision
def test_values_and_gradients(backend, dtype, rng):
    check_values_and_gradients(backend, dtype, 5, 15, 0.4, rng)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, 3, 2**40 + 2])
@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (5, 0.1), (70, 0.3), (70, 1e-5), (70, 0.99)])
def test_positions_and_rates(dtype, offset, n, p, rng):
    check_values_and_gradients(CPU(), dtype, offset, n, p, rng)


@full_precision
def test_evaluation(backend, dtype, rng):
    x = rng.standard_normal((3, 5)).astype(dtype)
    assert same_result(backend, nd.concrete_dropout(backend.array(x), -1.0, training=False), x)


@full_precision
@pytest.mark.parametrize("logit", [-1e40, -80, 59, 80, 100, 1e40])
def test_extreme_logits(backend, dtype, logit):
    x = np.ones(100, dtype)
    y = nd.concrete_dropout(backend.array(x), logit, **AT)
    assert same_result(backend, y, x if logit < 0 else np.zeros_like(x))
    dx, dlogit = nd.concrete_dropout_backward(backend.array(x), y, logit, **AT)
    assert same_result(backend, dx, backend.numpy(y))
    assert backend.numpy(dlogit) == pytest.approx(0, abs=1e-20)


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_in_place(dtype, rng):
    dy, y = rng.standard_normal((2, 40_001)).astype(dtype)
    expected = nd.concrete_dropout_backward(dy, y, -1.0, **AT)
    for which in (0, 1):
        arrays = [dy.copy(), y.copy()]
        actual = nd.concrete_dropout_backward(*arrays, -1.0, **AT, out=arrays[which])
        assert same_bits(actual[0], expected[0])
        assert actual[1] == expected[1]


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_gradient_of_a_large_array(dtype, rng):
    """The sum by the logit is accurate, and does not depend on the number of threads."""
    dy, y = rng.standard_normal((2, 300_001)).astype(dtype)
    _, dlogit = nd.concrete_dropout_backward(dy, y, -1.0, **AT)
    factor = nd.concrete_dropout(np.ones(dy.size, dtype), -1.0, **AT).astype(np.float64) * (1 - 1 / (1 + math.e))
    exact = (dy.astype(np.float64) * y * (1 / (1 + math.e) - 10 * (1 - factor))).sum()
    assert float(dlogit) == pytest.approx(exact, rel=1e-3 if dtype == "float32" else 1e-10)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert nd.concrete_dropout_backward(dy, y, -1.0, **AT)[1] == dlogit
    finally:
        numba.set_num_threads(before)


def test_errors():
    with pytest.raises(ValueError, match="logit: expected a finite number, got inf"):
        nd.concrete_dropout(np.ones(3), np.inf, **AT)
    with pytest.raises(TypeError, match="seed: expected an integer"):
        nd.concrete_dropout(np.ones(3), 0.0)
    with pytest.raises(ValueError, match=r"y: expected shape \(3,\), got \(2,\)"):
        nd.concrete_dropout_backward(np.ones(3), np.ones(2), 0.0, **AT)
