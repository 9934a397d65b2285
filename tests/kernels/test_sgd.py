"""Kernels of stochastic gradient descent against its formula in NumPy."""

import numpy as np
import pytest
from backends import cpu_only, full_precision
from dtypes import scalar
from exact import layer
from updates import check_flush_to_zero, small_layer, step_layer

import numba_dropout as nd

HYPERPARAMETERS = [0.1, 0.9, 1, 0.01]  # learning rate, momentum, whether it is Nesterov's, weight decay


def sgd(w, dw, v, lr, momentum, nesterov, decay):
    """Return parameters and velocities after a step."""
    dw = dw + decay * w
    v = momentum * v + dw
    return w - lr * (dw + momentum * v if nesterov else v), v


@full_precision
@pytest.mark.parametrize("shape", [(5, 7, 9), (3, 20, 66)])
def test_linear_sgd(backend, dtype, shape, rng):
    x, w, b, dy = layer(rng, *shape, dtype)
    hyperparameters = np.array(HYPERPARAMETERS, dtype)
    weight, bias, state = step_layer(backend, "linear_sgd", w, b, 1, dy, x, hyperparameters, steps=2)
    dw, db, vw, vb = dy.T.astype(np.float64) @ x, dy.sum(0, np.float64), 0, 0
    for _ in range(2):
        w, vw = sgd(w, dw, vw, *HYPERPARAMETERS)
        b, vb = sgd(b, db, vb, *HYPERPARAMETERS[:3], 0)
    close = {"rtol": 2e-4, "atol": 2e-6} if dtype == "float32" else {"rtol": 1e-12, "atol": 1e-14}
    np.testing.assert_allclose(weight, w, **close)
    np.testing.assert_allclose(bias, b, **close)
    np.testing.assert_allclose(state[0], np.append(vw, vb), **close)


@full_precision
@pytest.mark.parametrize("decays", [False, True])
def test_step_sgd(backend, dtype, decays, rng):
    params, dparams = rng.standard_normal((2, 21)).astype(dtype)
    state, hyperparameters = rng.random((1, 30)).astype(dtype), np.array([0.1, 0.9, 0.1, 0.8], dtype)
    results = backend.run("step_sgd", params, dparams, state, 5, hyperparameters, decays)
    lr, momentum, nesterov, decay = hyperparameters.astype(np.float64)
    expected = state.astype(np.float64)
    w, expected[0, 5:26] = sgd(params, dparams, expected[0, 5:26], lr, momentum, nesterov, decay if decays else 0)
    rtol = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(results[0], w, rtol=rtol)
    np.testing.assert_allclose(results[2], expected, rtol=rtol)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("some_units", "some_inputs"), [(0, 5), (3, 0), (3, 5), (3, 11), (7, 5)])
def test_subnetwork_sgd(backend, dtype, some_units, some_inputs, rng):
    """Gradients of units and inputs that are left out are 0."""
    _, w, b, _ = layer(rng, 1, 11, 7, dtype)
    small_dweight, small_dbias, units, inputs, dw, db = small_layer(rng, 7, 11, some_units, some_inputs, dtype)
    state, starts = rng.random((1, w.size + b.size)).astype(dtype), np.array([0, w.size])
    gradients = small_dweight, small_dbias, state, starts, units, inputs
    hyperparameters = np.array(HYPERPARAMETERS, dtype)
    arguments = w, b, *gradients, scalar(1.5, dtype), hyperparameters
    weight, bias, _, _, velocities = backend.run("subnetwork_sgd", *arguments)[:5]
    vw, vb = state[0, : w.size].reshape(w.shape), state[0, w.size :]
    w, vw = sgd(w, 1.5 * dw, vw.astype(np.float64), *HYPERPARAMETERS)
    b, vb = sgd(b, db, vb.astype(np.float64), *HYPERPARAMETERS[:3], 0)
    close = {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-13, "atol": 1e-14}
    np.testing.assert_allclose(weight, w, **close)
    np.testing.assert_allclose(bias, b, **close)
    np.testing.assert_allclose(velocities[0], np.append(vw, vb), **close)


@cpu_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_velocities_fade_to_0(backend, dtype):
    check_flush_to_zero(backend, "step_sgd", 1, nd.SGD().hyperparameters(1, dtype)[0])
