"""Optimisers against the formulas of their papers, written out in NumPy."""

import pickle

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.optim import inverse_time, step_decay

STEPS = 4


def run(optimizer, params, gradients, decayed, dtype):
    """Return the parameters after one step for each gradient."""
    params = params.astype(dtype)
    state = optimizer.bind(params)
    kernel = getattr(cpu, f"{optimizer.update}_update")
    for settings, gradient in zip(optimizer.settings(STEPS).astype(dtype), gradients, strict=True):
        kernel(params, gradient.astype(dtype), state, settings, decayed)
    return params


def decay_of(strength, size, decayed):
    return strength * (np.arange(size) < decayed)


def sgd(w, gradients, lr, momentum, nesterov, decay):
    v = np.zeros_like(w)
    for gradient in gradients:
        gradient = gradient + decay * w
        v = momentum * v + gradient
        w = w - lr * (gradient + momentum * v if nesterov else v)
    return w


def adam(w, gradients, lr, l2, decoupled):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, gradient in enumerate(gradients, 1):
        gradient = gradient + l2 * w
        m = 0.9 * m + 0.1 * gradient
        v = 0.999 * v + 0.001 * gradient**2
        w = w - lr * decoupled * w - lr * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


@pytest.fixture(params=[(np.float32, 3e-6), (np.float64, 1e-13)], ids=["float32", "float64"])
def precision(request):
    return request.param


@pytest.fixture(params=[37, 2**14 + 5, pytest.param(2**16 + 5, marks=pytest.mark.jit_only)])
def problem(request, rng):
    size = request.param
    return rng.standard_normal(size), rng.standard_normal((STEPS, size)), size // 2


@pytest.mark.parametrize(("momentum", "nesterov"), [(0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("decay", [0, 0.01])
def test_sgd(problem, precision, momentum, nesterov, decay):
    w, gradients, decayed = problem
    optimizer = nd.SGD(0.1, momentum, nesterov, weight_decay=decay)
    expected = sgd(w, gradients, 0.1, momentum, nesterov, decay_of(decay, len(w), decayed))
    assert np.allclose(run(optimizer, w, gradients, decayed, precision[0]), expected, atol=precision[1])


@pytest.mark.parametrize("decay", [0, 0.01])
def test_adam(problem, precision, decay):
    w, gradients, decayed = problem
    expected = adam(w, gradients, 0.01, decay_of(decay, len(w), decayed), 0)
    optimizer = nd.Adam(0.01, weight_decay=decay)
    assert np.allclose(run(optimizer, w, gradients, decayed, precision[0]), expected, atol=10 * precision[1])


def test_adamw(problem, precision):
    w, gradients, decayed = problem
    expected = adam(w, gradients, 0.01, 0, decay_of(0.1, len(w), decayed))
    optimizer = nd.AdamW(0.01, weight_decay=0.1)
    assert np.allclose(run(optimizer, w, gradients, decayed, precision[0]), expected, atol=10 * precision[1])


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 0), (130, 128)])
def test_max_norm(shape, precision, rng):
    weight = rng.standard_normal(shape).astype(precision[0])
    norms = np.linalg.norm(weight.astype(float), axis=1)
    limit = precision[0](np.median(norms) if weight.size else 1)
    expected = weight * np.minimum(1, limit / np.maximum(norms, 1e-30))[:, None]
    cpu.max_norm(weight, limit)
    assert np.allclose(weight, expected, rtol=10 * precision[1])
    assert weight.size == 0 or (np.linalg.norm(weight.astype(float), axis=1) <= limit * (1 + 1e-6)).all()


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        ("constant", [1, 1, 1, 1]),
        ("cosine", [1, 0.5 + np.sqrt(0.125), 0.5, 0.5 - np.sqrt(0.125)]),
        (inverse_time(2), [1, 1 / 1.5, 1 / 2, 1 / 2.5]),
        (step_decay(2, 0.1), [1, 1, 0.1, 0.1]),
        (lambda steps, total: 1 - steps / total, [1, 0.75, 0.5, 0.25]),
    ],
)
def test_schedules(schedule, factors):
    optimizer = nd.SGD(0.2, schedule=schedule, total_steps=4)
    assert np.allclose(optimizer.rates(4), 0.2 * np.array(factors), rtol=1e-14)
    optimizer.step = 2
    assert np.allclose(optimizer.rates(2), 0.2 * np.array(factors[2:]), rtol=1e-14)


def test_cosine_needs_and_keeps_its_end():
    with pytest.raises(ValueError, match="total_steps"):
        nd.Adam(schedule="cosine").rates(1)
    optimizer = nd.Adam(schedule="cosine", total_steps=3)
    optimizer.step = 3
    assert np.allclose(optimizer.rates(2), 0, atol=1e-18)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nd.SGD(lr=0), "lr: expected a number above 0, got 0"),
        (lambda: nd.SGD(lr=np.nan), "lr: .* got nan"),
        (lambda: nd.SGD(momentum=0, nesterov=True), "nesterov: needs a momentum"),
        (lambda: nd.SGD(momentum=1), "momentum: expected a number below 1"),
        (lambda: nd.Adam(beta2=1.0), "beta2"),
        (lambda: nd.Adam(weight_decay=-1), "weight_decay"),
        (lambda: nd.Adam(max_norm=0), "max_norm"),
        (lambda: nd.SGD(schedule="warm"), "schedule: expected one of constant, inverse, cosine, step, got 'warm'"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_optimizer_belongs_to_one_network():
    optimizer = nd.SGD()
    optimizer.bind(np.zeros(3))
    with pytest.raises(ValueError, match="optimizer: expected a new one"):
        optimizer.bind(np.zeros(3))


def test_a_second_moment_that_hardly_forgets():
    """1 - beta is taken in float64: float32 cannot hold it."""
    params = run(nd.Adam(0.01, beta2=1 - 1e-9), np.zeros(3), np.ones((STEPS, 3)), 3, np.float32)
    assert np.allclose(params, -0.01 * STEPS, rtol=1e-3)


def test_max_norm_of_weights_whose_squares_overflow():
    weight = np.full((2, 4), 1e20, np.float32)
    cpu.max_norm(weight, np.float32(3))
    assert np.allclose(weight, 1.5)


def test_optimizers_can_be_pickled():
    optimizer = pickle.loads(pickle.dumps(nd.SGD(0.5, schedule=step_decay(2, 0.1))))
    assert np.allclose(optimizer.rates(3), [0.5, 0.5, 0.05])
