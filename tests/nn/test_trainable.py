"""Gradients and updates apart: both halves are a training step, and chunks of a batch add up to the batch."""

import copy

import numpy as np
import pytest
from covering import covering
from small_networks import LOSSES, OPTIMIZERS, ROWS, VARIANTS, batch, network

import numba_dropout as nd


@pytest.mark.compiles_long
@pytest.mark.parametrize(
    ("activation", "variant", "loss", "optimizer"), covering(["relu", "gelu"], VARIANTS, LOSSES, list(OPTIMIZERS))
)
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
@pytest.mark.parametrize(
    ("activation", "variant", "loss", "weighted"), covering(["relu", "gelu"], VARIANTS, LOSSES, [False, True])
)
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
        ({"batch_rows": 0}, "batch_rows: expected an integer from 13"),
        ({"batch_rows": 13, "row_offset": 1}, "batch_rows: expected an integer from 14"),
        ({"sample_weight": [np.nan] + [1.0] * 12}, "sample_weight: expected finite numbers$"),
        ({"sample_weight": [-1e300] * 13, "dtype": "float32"}, "can hold, got -1e"),
        ({"sample_weight": [1e300] * 13, "dtype": "float32"}, "sample_weight: expected numbers that float32 can hold"),
        ({"row_offset": -1}, "row_offset: expected an integer"),
        ({"sample_weight": [1.0]}, r"sample_weight: expected shape \(13,\)"),
    ],
)
def test_refused_arguments(choices, message, rng):
    x, y = batch("mse", rng)
    dtype = choices.get("dtype", "float64")
    with pytest.raises(ValueError, match=message):
        network(loss="mse", dtype=dtype).loss_and_gradients(x, y, **{k: v for k, v in choices.items() if k != "dtype"})


@pytest.mark.compiles_long
def test_weights_of_0(rng):
    """A chunk whose rows all have weight 0 adds nothing."""
    x, y = batch("mse", rng)
    loss, gradients = network(loss="mse").loss_and_gradients(x, y, sample_weight=np.zeros(ROWS))
    assert loss == 0
    assert not any(gradient.any() for gradient in gradients.values())


def test_missing_gradients(rng):
    """Only a backward pass fills all gradients: a training step does not keep those of weights."""
    (x, y), message = batch("mse", rng), "expected loss_and_gradients or backward before it"
    net, optimizer = network(loss="mse"), nd.SGD(lr=0.1)

    def check_refusals(net):
        for call in (lambda: net.update(optimizer), net.gradients):
            with pytest.raises(ValueError, match=message):
                call()

    check_refusals(net)
    net.loss_and_gradients(x, y)
    check_refusals(copy.deepcopy(net))
    net.update(optimizer)
    assert net.gradients()
    net.train_step(x, y, optimizer)
    check_refusals(net)
    net.backward(net.forward(x, training=True))
    net.update(optimizer)
    assert net.step == 3


@pytest.mark.parametrize("optimizer", [None, "adam", nd.Adam])
def test_refused_optimizers(optimizer, rng):
    x, y = batch("mse", rng)
    net = network(loss="mse")
    net.loss_and_gradients(x, y)
    for call in (lambda: net.update(optimizer), lambda: net.train_step(x, y, optimizer)):
        with pytest.raises(TypeError, match="optimizer: expected an Optimizer such as"):
            call()
    assert net.step == 0


def test_missing_regularizers(rng):
    x, y = batch("mse", rng)
    net = network("concrete", loss="mse", weight_regularizer=None)
    with pytest.raises(ValueError, match="loss_and_gradients: expected a network with weight_regularizer"):
        net.loss_and_gradients(x, y)
