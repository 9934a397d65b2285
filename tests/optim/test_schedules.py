"""Schedules of the learning rate."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.optim import inverse_time, step_decay


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


def test_cosine_needs_total_steps():
    with pytest.raises(ValueError, match="total_steps"):
        nd.Adam(schedule="cosine").rates(1)


def test_cosine_stays_at_0():
    optimizer = nd.Adam(schedule="cosine", total_steps=3)
    optimizer.step = 3
    assert np.allclose(optimizer.rates(2), 0, atol=1e-18)


def test_unknown_schedule():
    message = "schedule: expected one of constant, inverse, cosine, step, got 'warm'"
    with pytest.raises(ValueError, match=message):
        nd.SGD(schedule="warm")
