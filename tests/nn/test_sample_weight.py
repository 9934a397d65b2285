"""Sample weights in training."""

import numpy as np
import pytest

import numba_dropout as nd


@pytest.fixture
def x(rng):
    return rng.standard_normal((23, 9))


def trained(x, y, loss="cross_entropy", variant="dropout", **options):
    net = nd.MLP([9, 7, 3], dropout=0.4, input_dropout=0.1, loss=loss, variant=variant, seed=5)
    net.scale_input(np.arange(9) / 10, np.arange(1, 10))
    history = nd.fit(net, x, y, optimizer=nd.Adam(lr=0.01), epochs=2, batch_size=8, **options)
    return net, history


@pytest.mark.compiles_long
@pytest.mark.parametrize(
    "loss",
    ["cross_entropy", *(pytest.param(name, marks=pytest.mark.full) for name in ("mse", "bce", "huber", "poisson"))],
)
def test_integer_weights(loss, rng):
    """A row of weight n equals n rows, in one batch without dropout: repeated rows have other masks."""
    x, times = rng.standard_normal((12, 9)), np.array([0, 1, 2, 3] * 3)
    y = {"cross_entropy": rng.integers(0, 3, 12), "mse": rng.standard_normal((12, 3))}.get(loss, rng.random((12, 3)))
    results = []
    for rows, weights in ((np.arange(12), times), (np.repeat(np.arange(12), times), None)):
        net = nd.MLP([9, 5, 3], dropout=0.0, loss=loss, seed=2, dtype="float64")
        rule = nd.SGD(lr=0.1, clip_norm=1.0)
        history = nd.fit(net, x[rows], y[rows], optimizer=rule, epochs=4, batch_size=99, sample_weight=weights)
        results.append((net.weights(), history.records[-1]))
    (weighted, record), (repeated, record_of_rows) = results
    for name, value in weighted.items():
        assert np.allclose(value, repeated[name], rtol=1e-12, atol=1e-14)
    assert np.isclose(record["loss"], record_of_rows["loss"], rtol=1e-12)
    assert record["accuracy"] == pytest.approx(record_of_rows["accuracy"])


@pytest.mark.parametrize(
    "variant",
    [
        "dropout",
        pytest.param("gaussian", marks=pytest.mark.full),
        pytest.param("dropconnect", marks=pytest.mark.full),
        pytest.param("concrete", marks=pytest.mark.full),
        pytest.param("subnetwork", marks=pytest.mark.full),
    ],
)
def test_equal_weights(variant, x, rng):
    y = rng.integers(0, 3, 23)
    plain, weighted = (trained(x, y, variant=variant, **each)[0] for each in ({}, {"sample_weight": np.full(23, 0.3)}))
    assert all(np.array_equal(value, weighted.weights()[name]) for name, value in plain.weights().items())


def test_zero_weights(x, rng):
    y = rng.integers(0, 3, 23)
    weights = (np.arange(23) % 3).astype(float)
    changed = np.where(weights > 0, y, (y + 1) % 3)
    first, second = (trained(x, each, sample_weight=weights)[0] for each in (y, changed))
    assert all(np.array_equal(value, second.weights()[name]) for name, value in first.weights().items())


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (np.ones(4), ValueError, r"sample_weight: expected shape \(23,\) like the rows of x, got \(4,\)"),
        (np.zeros(23), ValueError, "sample_weight: expected finite numbers at least 0, not all of them 0"),
        (np.full(23, -1.0), ValueError, "sample_weight: expected finite numbers at least 0"),
        (np.full(23, np.inf), ValueError, "sample_weight: expected finite numbers at least 0"),
        (np.array(["a"] * 23), TypeError, "sample_weight: expected numbers, got <U1"),
    ],
)
def test_invalid_weights(weights, error, message, x):
    with pytest.raises(error, match=message):
        trained(x, np.zeros(23, int), sample_weight=weights)


def test_large_weights(x):
    """The sum of the weights is not finite."""
    net, _ = trained(x, np.zeros(23, int), sample_weight=np.full(23, 1e308))
    plain, _ = trained(x, np.zeros(23, int))
    assert all(np.array_equal(value, net.weights()[name]) for name, value in plain.weights().items())
