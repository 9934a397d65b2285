"""Steps in chunks: those of the whole batch, up to rounding, with buffers for a chunk."""

import numpy as np
import pytest
from covering import covering
from small_networks import LOSSES, OPTIMIZERS, ROWS, VARIANTS, batch, network

import numba_dropout as nd


def train(net, x, y, optimizer, batch_size, accumulate=1, **options):
    """Train two epochs, and return the losses and the parameters."""
    options = {"epochs": 2, "batch_size": batch_size, "accumulate": accumulate, **options}
    history = nd.fit(net, x, y, optimizer=optimizer, **options)
    return history.column("loss"), net.weights()


@pytest.mark.compiles_long
@pytest.mark.parametrize(("variant", "loss", "optimizer"), covering(VARIANTS, LOSSES, list(OPTIMIZERS)))
def test_accumulation(variant, loss, optimizer, rng):
    x, y = batch(loss, rng)
    make = OPTIMIZERS[optimizer]
    losses, weights = train(network(variant, loss=loss), x, y, make(), 10)  # steps of 10 and 3 rows
    in_chunks, chunk_weights = train(network(variant, loss=loss), x, y, make(), 2, 5)
    np.testing.assert_allclose(in_chunks, losses, rtol=1e-11)
    for name, value in weights.items():
        np.testing.assert_allclose(chunk_weights[name], value, rtol=1e-9, atol=1e-12)


@pytest.mark.compiles_long
def test_sample_weight(rng):
    x, y = batch("mse", rng)
    weight = rng.random(ROWS)
    results = [
        train(network(loss="mse"), x, y, nd.SGD(lr=0.1), *sizes, sample_weight=weight)[1]["0.weight"]
        for sizes in ((6,), (3, 2))
    ]
    np.testing.assert_allclose(*results, rtol=1e-9)


@pytest.mark.compiles_long
def test_buffers_of_a_chunk(rng):
    x, y = batch("mse", rng)
    net = network(loss="mse")
    train(net, x, y, nd.SGD(lr=0.1), 3, 4)
    assert net._state.take().net.batch.losses.size == 3


@pytest.mark.compiles_long
def test_more_than_the_rows(rng):
    """A step has at most all rows."""
    x, y = batch("mse", rng)
    expected = train(network(loss="mse"), x, y, nd.Adam(), ROWS)
    losses, weights = train(network(loss="mse"), x, y, nd.Adam(), 5, 100)
    np.testing.assert_allclose(losses, expected[0], rtol=1e-12)
    np.testing.assert_allclose(weights["0.weight"], expected[1]["0.weight"], rtol=1e-9)


@pytest.mark.parametrize("accumulate", [0, -1, 1.5])
def test_refused_numbers(accumulate, rng):
    x, y = batch("mse", rng)
    with pytest.raises((ValueError, TypeError), match="accumulate: expected an integer"):
        train(network(loss="mse"), x, y, nd.SGD(), 2, accumulate)
