"""A rate for each unit."""

import numpy as np
import pytest
from numpy_networks import SIZES, network

import numba_dropout as nd


@pytest.mark.compiles_long
def test_equal_rates(rng):
    """Masks and samples are those of the network with one rate for each layer."""
    x = rng.standard_normal((6, 5))
    per_unit = nd.MLP(SIZES, dropout=(np.full(12, 0.5), 0.3), input_dropout=0.2, seed=9, loss="mse", dtype="float64")
    per_layer = nd.MLP(SIZES, dropout=(0.5, 0.3), input_dropout=0.2, seed=9, loss="mse", dtype="float64")
    for net in (per_unit, per_layer):
        net.y = net.forward(x, training=True)
        net.all = np.array(list(net.samples(x, 3)))
    np.testing.assert_allclose(per_unit.y, per_layer.y, rtol=1e-12)
    np.testing.assert_allclose(per_unit.all, per_layer.all, rtol=1e-12)


def test_stages():
    assert ("dropout 0 to 1", 12) in network("rates").stages()
