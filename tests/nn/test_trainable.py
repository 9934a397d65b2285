"""Gradients and updates apart: both halves are a training step, and chunks of a batch add up to the batch."""

import numpy as np
import pytest

import numba_dropout as nd

SIZES, ROWS = [5, 7, 6, 3], 13
VARIANTS = ("dropout", "rates", "gaussian", "alpha", "subnetwork", "dropconnect", "concrete")
LOSSES = ("mse", "cross_entropy", "bce")
OPTIMIZERS = {
    "sgd": lambda: nd.SGD(lr=0.1, momentum=0.9),
    "bounded": lambda: nd.SGD(lr=0.1, momentum=0.9, clip_norm=0.5, max_norm=1.0),
    "adam": lambda: nd.Adam(lr=0.1),
}


def network(variant="dropout", **choices):
    """Return a network in float64."""
    options = {"dropout": 0.4, "input_dropout": 0.2, "variant": variant}
    if variant == "rates":
        options = {"dropout": [np.linspace(0.1, 0.6, 7), np.linspace(0.1, 0.6, 6)]}
    if variant == "concrete":
        options |= {"weight_regularizer": 1e-3, "dropout_regularizer": 1e-3}
    return nd.MLP(SIZES, seed=1, dtype="float64", **{**options, **choices})


def batch(loss, rng):
    """Return rows and targets for a loss."""
    y = {"mse": rng.standard_normal((ROWS, 3)), "cross_entropy": rng.integers(0, 3, ROWS), "bce": rng.random((ROWS, 3))}
    return rng.standard_normal((ROWS, 5)), y[loss]


@pytest.mark.compiles_long
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_two_halves(activation, variant, loss, optimizer, rng):
    nets = [network(variant, activation=activation, loss=loss) for _ in range(2)]
    optimizers = [OPTIMIZERS[optimizer]() for _ in range(2)]
    x, y = batch(loss, rng)
    for _ in range(3):
        expected = nets[0].train_step(x, y, optimizers[0])
        result, gradients = nets[1].loss_and_gradients(x, y)
        assert set(gradients) == set(nets[1].state_dict())
        nets[1].update(optimizers[1])
        assert result == pytest.approx(expected, rel=1e-12)
    for name, value in nets[1].weights().items():
        np.testing.assert_allclose(value, nets[0].weights()[name], rtol=1e-11, atol=1e-13)
    assert [net.step for net in nets] == [optimizer.step for optimizer in optimizers] == [3, 3]


@pytest.mark.compiles_long
@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_chunks(activation, variant, loss, weighted, rng):
    """Losses and gradients of chunks, each with the masks of its rows, add up to those of the batch."""
    net = network(variant, activation=activation, loss=loss)
    x, y = batch(loss, rng)
    weight = rng.random(ROWS) if weighted else None
    expected, gradients = net.loss_and_gradients(x, y, sample_weight=weight)
    gradients = {name: value.copy() for name, value in gradients.items()}
    total, sums = 0.0, dict.fromkeys(gradients, 0.0)
    for start, stop in ((0, 1), (1, 5), (5, ROWS)):
        chunk = {"row_offset": start, "batch_rows": ROWS}
        chunk |= {"sample_weight": weight[start:stop]} if weighted else {}
        value, parts = net.loss_and_gradients(x[start:stop], y[start:stop], **chunk)
        total += value
        sums = {name: sums[name] + parts[name] for name in sums}
    assert total == pytest.approx(expected, rel=1e-12)
    for name, value in gradients.items():
        np.testing.assert_allclose(sums[name], value, rtol=1e-11, atol=1e-13)


def test_changed_gradients(rng):
    """Gradients are live views, which a user may change before the update."""
    net, (x, y) = network(loss="mse"), batch("mse", rng)
    _, gradients = net.loss_and_gradients(x, y)
    before = {name: value.copy() for name, value in net.state_dict().items()}
    for value in gradients.values():
        value[...] = 1.0
    net.update(nd.SGD(lr=0.5, momentum=0))
    for name, value in net.state_dict().items():
        np.testing.assert_allclose(value, before[name] - 0.5, rtol=1e-14)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"batch_rows": 0}, "batch_rows: expected an integer from 1"),
        ({"row_offset": -1}, "row_offset: expected an integer"),
        ({"sample_weight": [1.0]}, r"sample_weight: expected shape \(13,\)"),
    ],
)
def test_refused_arguments(choices, message, rng):
    x, y = batch("mse", rng)
    with pytest.raises(ValueError, match=message):
        network(loss="mse").loss_and_gradients(x, y, **choices)


def test_missing_regularizers(rng):
    x, y = batch("mse", rng)
    net = network("concrete", loss="mse", weight_regularizer=None)
    with pytest.raises(ValueError, match="loss_and_gradients: expected a network with weight_regularizer"):
        net.loss_and_gradients(x, y)
