"""Stochastic depth as a layer."""

import pytest
from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


@pytest.mark.parametrize("mode", ["row", "batch"])
def test_functions(backend, mode):
    functions = nd.stochastic_depth, nd.stochastic_depth_backward
    check_functions(backend, layers.StochasticDepth, *functions, (4, 3), p=0.4, mode=mode)


def test_errors():
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(ValueError, match="mode: expected row or batch"):
        layers.StochasticDepth(0.5, "all", masks=masks)
    assert masks.sites == 0
