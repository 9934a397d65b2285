"""DropBlock as a layer."""

import pytest
from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


def test_functions(backend):
    functions = nd.drop_block2d, nd.drop_block2d_backward
    check_functions(backend, layers.DropBlock2d, *functions, (2, 1, 3, 4), p=0.4, block_size=2)


def test_repr():
    layer = layers.DropBlock2d(0.4, 3, masks=nd.MaskGenerator(seed=1))
    assert repr(layer) == "DropBlock2d(p=0.4, block_size=3, site=0)"


def test_errors():
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(ValueError, match="block_size: expected an integer from 1"):
        layers.DropBlock2d(0.5, 0, masks=masks)
    assert masks.sites == 0
