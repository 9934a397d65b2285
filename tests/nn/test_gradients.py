"""Hand-written gradients against central differences in float64, dropout active."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.kernels import cpu

RATES = [0, 0.1, 0.5, 0.9, 1]
STEP = 1e-5
TOLERANCE = 1e-6


def differences(function, array):
    """Return the gradient of a number by an array, by central differences; the array is restored."""
    gradient = np.empty_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + STEP
        above = function()
        array[i] = kept - STEP
        below = function()
        array[i] = kept
        gradient[i] = (above - below) / (2 * STEP)
    return gradient


def disagreement(analytic, numeric):
    """Return the largest |a - n| / (|a| + |n|), which is 0 where both vanish."""
    both = np.abs(analytic) + np.abs(numeric)
    return float((np.abs(analytic - numeric) / np.where(both > 0, both, 1)).max(initial=0))


def weighted(y, weights):
    return float((y * weights).sum())


@pytest.mark.parametrize("p", RATES)
def test_dropout(p, rng):
    x, dy = rng.standard_normal((2, 5, 7))
    where = {"seed": 3, "stream": 1, "step": 2, "offset": 3}
    numeric = differences(lambda: weighted(nd.dropout(x, p, **where), dy), x)
    assert disagreement(nd.dropout_backward(dy, p, **where), numeric) <= TOLERANCE


def test_relu(rng):
    x, dy = rng.standard_normal((2, 5, 7))
    numeric = differences(lambda: weighted(nd.relu(x), dy), x)
    assert disagreement(nd.relu_backward(dy, nd.relu(x)), numeric) <= TOLERANCE


def test_linear(rng):
    x, w, b, dy = (rng.standard_normal(shape) for shape in [(5, 4), (3, 4), (3,), (5, 3)])
    analytic = nd.linear_backward(dy, x, w)
    for array, gradient in zip((x, w, b), analytic, strict=True):
        numeric = differences(lambda: weighted(nd.linear(x, w, b), dy), array)
        assert disagreement(gradient, numeric) <= TOLERANCE


@pytest.mark.parametrize("p", RATES)
def test_linear_relu_dropout(p, rng):
    x, w, b, dy = (rng.standard_normal(shape) for shape in [(5, 4), (6, 4), (6,), (5, 6)])
    where = {"seed": 4, "offset": 5}
    y = nd.linear_relu_dropout(x, w, b, p, **where)
    analytic = nd.linear_relu_dropout_backward(dy, y, x, w, p)
    for array, gradient in zip((x, w, b), analytic, strict=True):
        numeric = differences(lambda: weighted(nd.linear_relu_dropout(x, w, b, p, **where), dy), array)
        assert disagreement(gradient, numeric) <= TOLERANCE


def loss_and_gradient(name, out, target):
    """Return the mean loss of a batch, and its gradient by the network's outputs."""
    losses, correct, saved = np.empty(len(out)), np.empty(len(out)), np.empty_like(out)
    getattr(cpu, f"{name}_forward")(losses, correct, saved, out, target)
    getattr(cpu, f"{name}_backward")(saved, saved, target)
    return losses.mean(), saved


def targets(name, rng, rows, outputs):
    if name == "softmax_cross_entropy":
        return rng.integers(0, outputs, rows)
    if name in ("huber", "absolute"):
        return 2 * rng.standard_normal((rows, outputs))
    return rng.random((rows, outputs))


@pytest.mark.parametrize("name", ["softmax_cross_entropy", "mse", "bce", "huber", "absolute", "poisson"])
def test_losses(name, rng):
    out, target = rng.standard_normal((6, 4)), targets(name, rng, 6, 4)
    _, gradient = loss_and_gradient(name, out, target)
    assert disagreement(gradient, differences(lambda: loss_and_gradient(name, out, target)[0], out)) <= TOLERANCE


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "bce", "huber", "absolute", "poisson"])
def test_whole_network(loss, p, rng):
    """All parameters and the standardized input have the right gradients, with dropout at all sites."""
    name = "softmax_cross_entropy" if loss == "cross_entropy" else loss
    net = nd.MLP([4, 5, 6, 3], dropout=p, input_dropout=p, seed=12, loss=loss, dtype="float64")
    net.scale_input(rng.standard_normal(4), 0.5 + rng.random(4))
    for name_of, value in net.state_dict().items():
        if name_of.endswith("bias"):
            value[...] = rng.standard_normal(value.shape)
        elif loss == "poisson":  # differences of exponentials are inaccurate where they are large
            value[...] *= max(1 - p, 0.1)
    x, target = rng.standard_normal((5, 4)), targets(name, rng, 5, 3)

    def run():
        out = net.forward(x, training=True, step=7, row_offset=2)
        return loss_and_gradient(name, out, target)

    dx = net.backward(run()[1])
    gradients = {key: value.copy() for key, value in net.gradients().items()}
    assert disagreement(dx, differences(lambda: run()[0], x)) <= TOLERANCE
    for key, value in net.state_dict().items():
        assert disagreement(gradients[key], differences(lambda: run()[0], value)) <= TOLERANCE, key


def test_evaluation_mode(rng):
    net = nd.MLP([4, 5, 3], dropout=0.5, seed=1, dtype="float64")
    x, target = rng.standard_normal((5, 4)), rng.integers(0, 3, 5)

    def run():
        return loss_and_gradient("softmax_cross_entropy", net.forward(x), target)

    dx = net.backward(run()[1])
    assert disagreement(dx, differences(lambda: run()[0], x)) <= TOLERANCE
