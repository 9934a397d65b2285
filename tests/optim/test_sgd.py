"""SGD against the formula of its paper, written out in NumPy."""

import numpy as np
import pytest
from updates import train_layer

import numba_dropout as nd


def sgd(w, gradients, lr, momentum, nesterov, decay):
    """Return parameters after one step for each gradient."""
    v = np.zeros_like(w)
    for gradient in gradients:
        gradient = gradient + decay * w
        v = momentum * v + gradient
        w = w - lr * (gradient + momentum * v if nesterov else v)
    return w


@pytest.mark.parametrize(("momentum", "nesterov"), [(0, False), (0.9, False), (0.9, True), (1, False), (1, True)])
@pytest.mark.parametrize("decay", [0, 0.01])
def test_sgd(problem, precision, momentum, nesterov, decay):
    weight, bias, gradients = problem
    dtype, tolerance = precision
    optimizer = nd.SGD(0.1, momentum, nesterov, weight_decay=decay)
    w, b = train_layer(optimizer, weight, bias, gradients, dtype)
    expected = sgd(weight, gradients, 0.1, momentum, nesterov, decay)
    np.testing.assert_allclose(w, expected, rtol=tolerance, atol=10 * tolerance)
    expected = sgd(bias, gradients.sum(2), 0.1, momentum, nesterov, 0)
    np.testing.assert_allclose(b, expected, rtol=tolerance, atol=10 * tolerance)


def test_momentum_schedule():
    optimizer = nd.SGD(momentum=0.9, momentum_steps=4)
    assert np.allclose(optimizer.hyperparameters(6)[:, 1], [0.5, 0.6, 0.7, 0.8, 0.9, 0.9])
    optimizer.step = 3
    assert np.allclose(optimizer.hyperparameters(2)[:, 1], [0.8, 0.9])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 0, "nesterov": True}, "nesterov: needs a momentum"),
        ({"momentum": 1.5}, "momentum: expected a number from 0 to 1, got 1.5"),
        ({"momentum": 0.3, "momentum_steps": 9}, "momentum: expected at least 0.5 with momentum_steps"),
    ],
)
def test_invalid_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        nd.SGD(**arguments)
