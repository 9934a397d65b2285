"""Schedules of dropout rates: their values, and training with them."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.nn.rate_schedules import RATE_SCHEDULES, early, rate_schedule

STEPS = np.arange(101.0)


def test_first_and_last_rate():
    ends = {"constant": (1, 1), "linear": (0, 1), "cosine": (0, 1), "curriculum": (0, 1), "early": (1, 0)}
    assert set(ends) == set(RATE_SCHEDULES)
    for name, (first, last) in ends.items():
        factors = rate_schedule(name)(STEPS, 101)
        assert factors[0] == pytest.approx(first)
        assert factors[-1] == pytest.approx(last, abs=1e-4)
        assert ((factors >= 0) & (factors <= 1)).all()


def test_values():
    np.testing.assert_allclose(rate_schedule("linear")(STEPS, 101), STEPS / 100)
    np.testing.assert_allclose(rate_schedule("cosine")(STEPS, 101)[[25, 50]], [0.5 - np.sqrt(0.125), 0.5])
    np.testing.assert_allclose(rate_schedule("curriculum")(STEPS, 101), 1 - np.exp(-10 * STEPS / 101))
    assert rate_schedule("early")(STEPS, 100).sum() == 20
    assert early(0.5)(STEPS, 100).sum() == 50


@pytest.mark.parametrize(
    "variant",
    ["dropout", *(pytest.param(name, marks=pytest.mark.compiles_long) for name in ("gaussian", "subnetwork"))],
)
def test_rate_of_each_step(variant, rng):
    """Training with a schedule takes the steps of networks with these rates."""
    x, y = rng.standard_normal((12, 4)), rng.standard_normal((12, 3))
    choices = {"seed": 3, "variant": variant, "loss": "mse", "dtype": "float64"}
    net = nd.MLP([4, 10, 3], dropout=0.6, input_dropout=0.4, **choices)
    nd.fit(net, x, y, optimizer=nd.SGD(lr=0.1), epochs=3, batch_size=6, dropout_schedule=lambda s, total: s / total)
    weights = nd.MLP([4, 10, 3], **choices).weights()
    velocity = None
    from numba_dropout.arrays import random

    for step in range(6):
        current = nd.MLP([4, 10, 3], dropout=0.6 * step / 6, input_dropout=0.4 * step / 6, **choices)
        current.load_state_dict(weights)
        current.step = step
        optimizer = nd.SGD(lr=0.1)
        optimizer.bind(current._state.net.master.values)
        if velocity is not None:
            optimizer.state[:] = velocity
        order = random.permutation(12, "shuffling", seed=3, step=step // 2)
        rows = order[step % 2 * 6 : step % 2 * 6 + 6]
        current.train_step(x[rows], y[rows], optimizer)
        weights, velocity = {name: value.copy() for name, value in current.weights().items()}, optimizer.state.copy()
    for name, value in net.weights().items():
        np.testing.assert_allclose(value, weights[name], rtol=1e-12, atol=1e-12)


def test_rates_after_training(rng):
    x, y = rng.standard_normal((12, 4)), rng.integers(0, 3, 12)
    net = nd.MLP([4, 10, 3], seed=3)
    nd.fit(net, x, y, optimizer=nd.SGD(), epochs=1, dropout_schedule="early")
    reference = nd.MLP([4, 10, 3], seed=3)
    reference.load_state_dict(net.weights())
    reference.step = net.step
    assert net.train_step(x, y, nd.SGD()) == reference.train_step(x, y, nd.SGD())


@pytest.mark.parametrize(
    ("rates", "schedule", "message"),
    [
        (0.5, "slowly", "dropout_schedule: expected one of constant, linear"),
        ([[0.5] * 10], "linear", "dropout_schedule: expected one rate for each layer, got an array"),
        (
            0.5,
            lambda steps, total: np.ones(3),
            r"dropout_schedule: expected a factor for each of 1 steps, got shape \(3,\)",
        ),
        (0.5, ["linear"], "dropout_schedule: expected one of constant, linear, .*, got \\['linear'\\]"),
        (0.5, lambda steps, total: steps + 2.1, "dropout_schedule: dropout probability has to be between 0 and 1"),
    ],
)
def test_invalid_schedules(rates, schedule, message, rng):
    net = nd.MLP([4, 10, 3], dropout=rates)
    with pytest.raises(ValueError, match=message):
        nd.fit(net, np.ones((6, 4)), np.zeros(6, int), optimizer=nd.SGD(), epochs=1, dropout_schedule=schedule)


def test_schedule_without_numbers(rng):
    for value in (None, "much", [[1, 2], [3]]):
        with pytest.raises(TypeError, match="dropout_schedule: expected a function that returns numbers, got"):
            nd.fit(
                nd.MLP([4, 10, 3]),
                np.ones((6, 4)),
                np.zeros(6, int),
                optimizer=nd.SGD(),
                dropout_schedule=lambda steps, total, value=value: value,
            )


@pytest.mark.compiles_long
def test_gaussian_dropout(rng):
    net = nd.MLP([4, 10, 3], dropout=0.5, variant="gaussian", loss="mse", dtype="float64")
    x, y = rng.standard_normal((6, 4)), rng.standard_normal((6, 3))
    with pytest.raises(
        ValueError, match="dropout_schedule: expected probabilities below 1 with variant='gaussian', got 1"
    ):
        nd.fit(net, x, y, optimizer=nd.SGD(), dropout_schedule=lambda steps, total: np.full(len(steps), 2.0))


def test_constant_factor(rng):
    """A schedule is called for the steps of training only."""
    x, y = rng.standard_normal((12, 4)), rng.standard_normal((12, 3))
    weights, calls = [], []

    def half(steps, total):
        calls.append(len(steps))
        return 0.5

    for schedule in (half, lambda steps, total: np.full(len(steps), 0.5)):
        net = nd.MLP([4, 10, 3], dropout=0.6, seed=3, loss="mse", dtype="float64")
        nd.fit(net, x, y, optimizer=nd.SGD(), epochs=2, batch_size=4, dropout_schedule=schedule)
        weights.append(net.weights()["0.weight"])
    assert np.array_equal(*weights)
    assert min(calls) > 0
    assert sum(calls) == 6


def test_learning_rate(rng):
    x, y = rng.standard_normal((12, 4)), rng.standard_normal((12, 3))
    net = nd.MLP([4, 10, 3], loss="mse", dtype="float64")
    with pytest.raises(ValueError, match="schedule: expected a factor for each of 1 steps, got shape"):
        nd.fit(net, x, y, optimizer=nd.SGD(schedule=lambda steps, total: np.ones(3)))
    for factor in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"schedule: expected finite factors at least 0, got {factor}"):
            nd.fit(net, x, y, optimizer=nd.SGD(schedule=lambda steps, total, factor=factor: factor))
