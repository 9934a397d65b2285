"""Monte-Carlo dropout: samples with the masks of the contract, and their statistics."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.kernels.scalar.philox import PURPOSE
from numba_dropout.nn import monte_carlo, prediction

VARIANTS = ("dropout", "subnetwork")


def network(loss="mse", outputs=2, **choices):
    choices = {"dropout": (0.5, 0.3), "input_dropout": 0.2, "seed": 9, "dtype": "float64", **choices}
    return nd.MLP([4, 12, 9, outputs], loss=loss, **choices)


def drawn(net, x, sample):
    """Return a network's outputs with the masks of a sample, in NumPy, from the contract."""
    h = x
    for site, p in enumerate([net.input_dropout, *net.dropout]):
        shape = (1, h.shape[1]) if net.variant == "subnetwork" else h.shape
        mask = np.empty(shape, bool)
        threshold = np.uint64(round(p * 2**32))
        key = np.uint64(net.seed), np.uint64(0)
        at = np.uint64(PURPOSE["monte carlo"] | site), np.uint64(sample), np.uint64(0)
        cpu.sample_mask(mask.reshape(-1), threshold, *key, *at)
        h = np.where(mask, h / (1 - int(threshold) / 2**32), 0)
        h = h @ net.state_dict()[f"{site}.weight"].T + net.state_dict()[f"{site}.bias"]
        h = np.maximum(h, 0) if site < 2 else h
    return h


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("rows", [1, 3, 7])
def test_samples(variant, rows, rng):
    net, x = network(variant=variant), rng.standard_normal((rows, 4))
    samples = list(net.samples(x, 4))
    assert len(samples) == 4
    for number, out in enumerate(samples):
        np.testing.assert_allclose(out, drawn(net, x, number), rtol=1e-12, atol=1e-12)


@pytest.mark.jit_only  # plain Python multiplies by NumPy, whose sums depend on the shape
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [5, 16, 100])
def test_chunk_size(variant, size, rng, monkeypatch):
    net, x = network(variant=variant), rng.standard_normal((23, 4))
    expected = np.array(list(net.samples(x, 6)))
    monkeypatch.setattr(prediction, "MAX_CHUNK", size)
    assert np.array_equal(np.array(list(net.samples(x, 6))), expected)
    assert np.array_equal(np.array(list(net.samples(x[:9], 6))), expected[:, :9])
    assert np.array_equal(np.array(list(net.samples(x, 2))), expected[:2])


@pytest.mark.parametrize(("loss", "outputs"), [("cross_entropy", 3), ("bce", 1), ("bce", 2), ("mse", 2)])
def test_statistics(loss, outputs, rng):
    net, x = network(loss, outputs), rng.standard_normal((6, 4))
    if loss == "mse":
        net.scale_target(np.array([1.0, -2.0]), np.array([0.5, 4.0]))
    result = net.predict_mc(x, 20)
    draws = [drawn(net, x, number) for number in range(20)]
    if loss == "mse":
        values = np.array([out / [0.5, 4.0] + [1.0, -2.0] for out in draws])
    elif loss == "bce":
        values = 1 / (1 + np.exp(-np.array(draws)))
        values = np.concatenate([1 - values, values], axis=2) if outputs == 1 else values
    else:
        values = np.exp(np.array(draws))
        values /= values.sum(2, keepdims=True)
    assert result.samples == 20
    np.testing.assert_allclose(result.mean, values.mean(0), rtol=1e-10)
    np.testing.assert_allclose(result.std, values.std(0), rtol=1e-8)
    np.testing.assert_allclose(result.variance, values.var(0), rtol=1e-8)
    if loss == "mse":
        assert result.entropy is None
        assert result.mutual_information is None
        return

    def entropy(p):
        several = loss == "bce" and outputs == 2
        return -(p * np.log(p) + (1 - p) * np.log(1 - p) * several).sum(-1)

    np.testing.assert_allclose(result.entropy, entropy(values.mean(0)), rtol=1e-10)
    mutual = entropy(values.mean(0)) - entropy(values).mean(0)
    np.testing.assert_allclose(result.mutual_information, mutual, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_dropout(variant, rng):
    net, x = network("cross_entropy", 3, dropout=0.0, input_dropout=0.0, variant=variant), rng.standard_normal((8, 4))
    result = net.predict_mc(x, 5)
    np.testing.assert_allclose(result.mean, net.predict_proba(x), rtol=1e-12)
    assert not result.std.any()
    assert (result.mutual_information < 1e-15).all()


def test_dropout_of_all_units(rng):
    net = network(dropout=1.0)
    assert not net.predict_mc(rng.standard_normal((8, 4)), 3).std.any()


def test_backward_after_samples(rng):
    """Samples use the buffers of the network, so a backward pass after them is refused."""
    net, x = network(), rng.standard_normal((8, 4))
    net.forward(x, training=True)
    net.predict_mc(x, 2)
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        net.backward(np.ones((8, 2)))


@pytest.mark.parametrize(
    ("rows", "samples", "message"),
    [(3, 0, "samples: expected an integer from 1"), (0, 3, "x: expected at least one row, got none")],
)
def test_invalid_arguments(rows, samples, message):
    with pytest.raises(ValueError, match=message):
        network().predict_mc(np.ones((rows, 4)), samples)


def test_row_offset_and_step(rng):
    """Parts of the data have the masks of all rows, and other steps have other samples."""
    net, x = nd.MLP([4, 10, 3], seed=3, loss="mse", dtype="float64"), rng.standard_normal((7, 4))
    full = np.array(list(net.samples(x, 6)))
    pieces = [np.array(list(net.samples(x[a:b], 6, row_offset=a))) for a, b in ((0, 3), (3, 7))]
    np.testing.assert_allclose(np.concatenate(pieces, 1), full, rtol=1e-12)
    np.testing.assert_allclose(np.array(list(net.samples(x, 4, step=2))), full[2:], rtol=1e-12)
    assert np.array_equal(net.predict_mc(x, 4, step=2).mean, net.predict_mc(x, 4, step=2).mean)
    assert not np.array_equal(net.predict_mc(x, 4, step=2).mean, net.predict_mc(x, 4).mean)
    for arguments, message in (
        ({"samples": 0}, "samples: expected an integer from 1"),
        ({"samples": 2, "step": -1}, "step: expected an integer from 0"),
        ({"samples": 2**32 - 3, "step": 3}, "samples: expected an integer from 1 to 4294967292"),
        ({"samples": 2, "row_offset": -1}, "row_offset: expected an integer from 0"),
    ):
        with pytest.raises(ValueError, match=message):
            net.samples(x, **arguments)


def test_backward_after_more_samples(rng):
    """The iterator draws samples later, in the same buffers."""
    net, x = nd.MLP([4, 10, 3], seed=3, loss="mse", dtype="float64"), rng.standard_normal((7, 4))
    samples = net.samples(x, 2000)
    next(samples)
    out = net.forward(x, training=True)
    for _ in samples:
        pass
    with pytest.raises(ValueError, match="backward: expected a forward before it"):
        net.backward(out)


def test_entropy_of_certain_prediction():
    assert str(monte_carlo.of_classes([np.array([[1.0, 0.0]])], independent=False).entropy[0]) == "0.0"
