"""Stochastic depth: dropout of whole samples, or of the whole batch."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import contract_mask, masked_dropout
from floats import same_result, special_values

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}


@full_precision
@pytest.mark.parametrize(
    ("mode", "shape", "mask_shape"),
    [("row", (4, 3), (4, 1)), ("row", (4,), (4,)), ("batch", (4, 3), (1, 1))],
)
def test_values(backend, dtype, mode, shape, mask_shape, rng):
    x = special_values(shape, dtype, rng)
    expected = masked_dropout(x, contract_mask(mask_shape, 0.3, **AT), 0.3)
    for function in (nd.stochastic_depth, nd.stochastic_depth_backward):
        array = backend.array(x)
        assert same_result(backend, function(array, 0.3, mode, **AT), expected)
        assert function(array, 0.3, mode, **AT, out=array) is array
        assert same_result(backend, array, expected)


def test_batch_of_each_step(backend):
    x = np.ones((3, 4), np.float32)
    kept = [contract_mask((1, 1), 0.3, seed=1, step=step) for step in range(4)]
    assert len(set(map(bool, kept))) == 2
    for step, mask in enumerate(kept):
        y = nd.stochastic_depth(backend.array(x), 0.3, "batch", seed=1, step=step)
        assert same_result(backend, y, masked_dropout(x, mask, 0.3))


@full_precision
def test_rates_0_and_1(backend, dtype):
    x = np.array([[np.nan, np.inf], [-0.0, 2.0]], dtype)
    for function in (nd.stochastic_depth, nd.stochastic_depth_backward):
        assert same_result(backend, function(backend.array(x), 0.0, **AT), x)
        assert same_result(backend, function(backend.array(x), 1.0, **AT), np.zeros_like(x))
    assert same_result(backend, nd.stochastic_depth(backend.array(x), 0.5, training=False), x)


def test_errors():
    with pytest.raises(ValueError, match="mode: expected row or batch, got 'all'"):
        nd.stochastic_depth(np.ones(3), 0.5, "all", **AT)
    with pytest.raises(ValueError, match="x: expected at least 1 dimension"):
        nd.stochastic_depth(1.0, 0.5, **AT)
