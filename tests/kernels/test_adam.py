"""Kernels of Adam against its formula in NumPy."""

import numpy as np
import pytest
from backends import cpu_only, full_precision
from dtypes import scalar
from exact import bound, layer
from updates import check_flush_to_zero, small_layer, step_layer

import numba_dropout as nd

# learning rate, beta1, 1 - beta1, beta2, 1 - beta2, epsilon, weight decay in the gradient and as a factor, correction
HYPERPARAMETERS = [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.01, 0.99, 0.1]


def adam(w, dw, m, v, lr, beta1, rest1, beta2, rest2, eps, decay, shrink, correction):
    """Return parameters and both moments after a step."""
    dw = dw + decay * w
    m = beta1 * m + rest1 * dw
    v = beta2 * v + rest2 * dw**2
    return w * shrink - lr * m / (np.sqrt(v) / correction + eps), m, v


def without_decay(hyperparameters):
    """Return the hyperparameters of a bias."""
    return [*hyperparameters[:6], 0, 1, hyperparameters[8]]


@full_precision
@pytest.mark.parametrize("shape", [(5, 7, 9), (3, 20, 66)])
def test_linear_adam(backend, dtype, shape, rng):
    x, w, b, dy = layer(rng, *shape, dtype)
    hyperparameters = np.array(HYPERPARAMETERS, dtype)
    weight, bias, state = step_layer(backend, "linear_adam", w, b, 2, dy, x, hyperparameters, steps=2)
    dw, db, mw, vw, mb, vb = dy.T.astype(np.float64) @ x, dy.sum(0, np.float64), 0, 0, 0, 0
    for _ in range(2):
        w, mw, vw = adam(w, dw, mw, vw, *HYPERPARAMETERS)
        b, mb, vb = adam(b, db, mb, vb, *without_decay(HYPERPARAMETERS))
    close = {"rtol": 2e-4, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(weight, w, **close)
    np.testing.assert_allclose(bias, b, **close)
    np.testing.assert_allclose(state, [np.append(mw, mb), np.append(vw, vb)], **close)


@cpu_only
@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 5, 3), (9, 40, 33), (17, 1100, 35), (300, 33, 9)])
def test_first_step_within_the_bound(backend, dtype, shape, rng):
    """Both moments of the first step are the gradient's."""
    x, w, b, dy = layer(rng, *shape, dtype)
    beta1, beta2, lr, eps = 0.9, 0.99, 0.01, 1e-3
    hyperparameters = np.array(
        [lr / (1 - beta1), beta1, 1 - beta1, beta2, 1 - beta2, eps, 0, 1, np.sqrt(1 - beta2)], dtype
    )
    weight, bias, _ = step_layer(backend, "linear_adam", w, b, 2, dy, x, hyperparameters, steps=1)
    dout, magnitude = dy.astype(np.float64), np.abs(dy).astype(np.float64)
    for result, old, gradient, size in (
        (weight, w, dout.T @ x, magnitude.T @ np.abs(x)),
        (bias, b, dout.sum(0), magnitude.sum(0)),
    ):
        expected = old - lr * gradient / (np.abs(gradient) + eps)
        error = bound(shape[0] + 20, dtype, size) * lr / eps + 20 * np.finfo(dtype).eps * (np.abs(old) + lr)
        assert (np.abs(result - expected) <= error).all()


@full_precision
@pytest.mark.parametrize("decays", [False, True])
def test_step_adam(backend, dtype, decays, rng):
    params, dparams = rng.standard_normal((2, 21)).astype(dtype)
    state = rng.random((2, 30)).astype(dtype)
    hyperparameters = np.array([0.1, 0.9, 0.1, 0.8, 0.2, 0.01, 0.3, 0.7, 0.9], dtype)
    results = backend.run("step_adam", params, dparams, state, 5, hyperparameters, decays)
    numbers = hyperparameters.astype(np.float64)
    expected = state.astype(np.float64)
    w, expected[0, 5:26], expected[1, 5:26] = adam(
        params, dparams, *expected[:, 5:26], *(numbers if decays else without_decay(numbers))
    )
    error = 20 * np.finfo(dtype).eps * (np.abs(params) + np.abs(w - params))  # a difference may be near 0
    assert (np.abs(results[0] - w) <= error).all()
    np.testing.assert_allclose(results[2], expected, rtol=1e-5 if dtype == "float32" else 1e-13)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("some_units", "some_inputs"), [(0, 5), (3, 0), (3, 5), (3, 11), (7, 5)])
def test_subnetwork_adam(backend, dtype, some_units, some_inputs, rng):
    """Gradients of units and inputs that are left out are 0."""
    _, w, b, _ = layer(rng, 1, 11, 7, dtype)
    small_dweight, small_dbias, units, inputs, dw, db = small_layer(rng, 7, 11, some_units, some_inputs, dtype)
    state, starts = rng.random((2, w.size + b.size)).astype(dtype), np.array([0, w.size])
    gradients = small_dweight, small_dbias, state, starts, units, inputs
    hyperparameters = np.array(HYPERPARAMETERS, dtype)
    arguments = w, b, *gradients, scalar(1.5, dtype), hyperparameters
    weight, bias, _, _, moments = backend.run("subnetwork_adam", *arguments)[:5]
    mw, vw = state.astype(np.float64)[:, : w.size].reshape(2, *w.shape)
    mb, vb = state.astype(np.float64)[:, w.size :]
    w, mw, vw = adam(w, 1.5 * dw, mw, vw, *HYPERPARAMETERS)
    b, mb, vb = adam(b, db, mb, vb, *without_decay(HYPERPARAMETERS))
    close = {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}
    np.testing.assert_allclose(weight, w, **close)
    np.testing.assert_allclose(bias, b, **close)
    np.testing.assert_allclose(moments, [np.append(mw, mb), np.append(vw, vb)], **close)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_moments_fade_to_0(backend, dtype):
    check_flush_to_zero(backend, "step_adam", 2, nd.Adam().hyperparameters(1, dtype)[0])
