"""Optimisers against the formulas of their papers, written out in NumPy."""

import pickle

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.optim import inverse_time, step_decay

STEPS = 4
ROWS = 20  # of a batch, at least


def run(optimizer, weight, bias, gradients, dtype):
    """Return weight and bias after one step for each gradient by the weight."""
    weight, bias = weight.astype(dtype), bias.astype(dtype)
    state = optimizer.bind(np.zeros(1 + weight.size + 2 + bias.size, dtype))  # not all of it is this layer's
    starts = np.array([1, 1 + weight.size + 2])
    kernel = getattr(cpu, f"linear_{optimizer.update}")
    for hyperparameters, gradient in zip(optimizer.hyperparameters(STEPS).astype(dtype), gradients, strict=True):
        inp = np.zeros((max(len(gradient.T), ROWS), len(gradient.T)), dtype)
        inp[-len(gradient.T) :] = np.eye(len(gradient.T))
        dout = np.zeros((len(inp), len(bias)), dtype)
        dout[-len(gradient.T) :] = gradient.T
        kernel(weight, bias, np.empty_like(weight), np.empty_like(bias), state, starts, dout, inp, hyperparameters)
    return weight, bias


def agree(results, expected, tolerance):
    return all(np.allclose(*pair, atol=tolerance) for pair in zip(results, expected, strict=True))


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


@pytest.fixture(params=[(5, 7), (1, 3), (37, 9), pytest.param((130, 300), marks=pytest.mark.jit_only)])
def problem(request, rng):
    """Return a weight, a bias, and the gradients by the weight; those by the bias are their sums."""
    weight, bias = rng.standard_normal(request.param), rng.standard_normal(request.param[0])
    gradients = rng.standard_normal((STEPS, *request.param))
    return weight, bias, gradients


@pytest.mark.parametrize(("momentum", "nesterov"), [(0, False), (0.9, False), (0.9, True)])
@pytest.mark.parametrize("decay", [0, 0.01])
def test_sgd(problem, precision, momentum, nesterov, decay):
    weight, bias, gradients = problem
    optimizer = nd.SGD(0.1, momentum, nesterov, weight_decay=decay)
    expected = (
        sgd(weight, gradients, 0.1, momentum, nesterov, decay),
        sgd(bias, gradients.sum(2), 0.1, momentum, nesterov, 0),
    )
    assert agree(run(optimizer, weight, bias, gradients, precision[0]), expected, 10 * precision[1])


@pytest.mark.parametrize("decay", [0, 0.01])
def test_adam(problem, precision, decay):
    weight, bias, gradients = problem
    expected = adam(weight, gradients, 0.01, decay, 0), adam(bias, gradients.sum(2), 0.01, 0, 0)
    optimizer = nd.Adam(0.01, weight_decay=decay)
    assert agree(run(optimizer, weight, bias, gradients, precision[0]), expected, 10 * precision[1])


def test_adamw(problem, precision):
    weight, bias, gradients = problem
    expected = adam(weight, gradients, 0.01, 0, 0.1), adam(bias, gradients.sum(2), 0.01, 0, 0)
    optimizer = nd.AdamW(0.01, weight_decay=0.1)
    assert agree(run(optimizer, weight, bias, gradients, precision[0]), expected, 10 * precision[1])


@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (5, 0), (130, 128)])
def test_max_norm(shape, precision, rng):
    weight = rng.standard_normal(shape).astype(precision[0])
    norms = np.linalg.norm(weight.astype(float), axis=1)
    limit = precision[0](np.median(norms) if weight.size else 1)
    expected = weight * np.minimum(1, limit / np.maximum(norms, 1e-30))[:, None]
    cpu.max_norm(weight, limit)
    assert np.allclose(weight, expected, rtol=10 * precision[1])
    assert weight.size == 0 or (np.linalg.norm(weight.astype(float), axis=1) <= limit * (1 + 1e-6)).all()


@pytest.mark.parametrize("size", [1, 40, pytest.param(100_000, marks=pytest.mark.jit_only)])
@pytest.mark.parametrize("share", [0.25, 1.5])
def test_clip_norm(size, share, precision, rng):
    gradient = rng.standard_normal(size).astype(precision[0])
    norm = np.linalg.norm(gradient.astype(float))
    hyperparameters = np.array([7, share * norm], precision[0])
    expected = gradient * min(1, share)
    cpu.clip_norm(gradient, np.full(256, np.nan), hyperparameters)
    assert np.allclose(gradient, expected, rtol=10 * precision[1], atol=0)


def test_momentum_that_rises():
    optimizer = nd.SGD(momentum=0.9, momentum_steps=4)
    assert np.allclose(optimizer.hyperparameters(6)[:, 1], [0.5, 0.6, 0.7, 0.8, 0.9, 0.9])
    optimizer.step = 3
    assert np.allclose(optimizer.hyperparameters(2)[:, 1], [0.8, 0.9])


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
        (lambda: nd.Adam(clip_norm=-1), "clip_norm: expected a number above 0, got -1"),
        (lambda: nd.SGD(momentum=0.3, momentum_steps=9), "momentum: expected at least 0.5 with momentum_steps"),
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
    weight, _ = run(nd.Adam(0.01, beta2=1 - 1e-9), np.zeros((1, 3)), np.zeros(1), np.ones((STEPS, 1, 3)), np.float32)
    assert np.allclose(weight, -0.01 * STEPS, rtol=1e-3)


def test_max_norm_of_weights_whose_squares_overflow():
    weight = np.full((2, 4), 1e20, np.float32)
    cpu.max_norm(weight, np.float32(3))
    assert np.allclose(weight, 1.5)


def test_optimizers_can_be_pickled():
    optimizer = pickle.loads(pickle.dumps(nd.SGD(0.5, schedule=step_decay(2, 0.1))))
    assert np.allclose(optimizer.rates(3), [0.5, 0.5, 0.05])


@pytest.mark.parametrize("optimizer", [nd.SGD, nd.Adam])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_averages_fade_to_0(optimizer, dtype):
    """Not into denormal numbers, with which processors are slow; what is no number stays so."""
    state = np.full((optimizer.slots, 3), 2.0**-90, dtype)
    state[:, 1], state[:, 2] = 0.5, np.nan
    params, none = np.ones(3, dtype), np.zeros(3, dtype)
    hyperparameters = optimizer().hyperparameters(1)[0].astype(dtype)
    step = getattr(cpu, f"step_{optimizer.update}")
    seen = set()
    for _ in range(30_000):
        step(params, none, state, 0, hyperparameters, False)
        seen.update(state[:, 0].tolist())
    assert (state[:, 0] == 0).all()
    assert min(value for value in seen if value) >= 2.0**-120
    assert np.isnan(state[:, 2]).all()
