"""Alpha dropout."""

import dropout_oracles as oracles
import numpy as np
import pytest
from backends import full_precision
from floats import same_bits, same_result, special_values

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}


@full_precision
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_values(backend, dtype, p, rng):
    x = special_values((6, 20), dtype, rng)
    mask = oracles.contract_mask(x.shape, p, **AT)
    array = backend.array(x)
    y = backend.numpy(nd.alpha_dropout(array, p, **AT))
    np.testing.assert_allclose(y, oracles.alpha_dropout(x, mask, p), rtol=1e-6, atol=1e-6)
    dx = backend.numpy(nd.alpha_dropout_backward(array, p, **AT))
    np.testing.assert_allclose(dx, oracles.alpha_dropout_backward(x, mask, p), rtol=1e-6)
    assert same_bits(dx[~mask], np.zeros((~mask).sum(), dtype))
    for function, expected in ((nd.alpha_dropout, y), (nd.alpha_dropout_backward, dx)):
        array = backend.array(x)
        assert function(array, p, **AT, out=array) is array
        np.testing.assert_array_equal(backend.numpy(array), expected)


@full_precision
def test_rates_0_and_1(backend, dtype):
    x = np.array([[np.nan, np.inf], [-0.0, 2.0]], dtype)
    for function in (nd.alpha_dropout, nd.alpha_dropout_backward):
        assert same_result(backend, function(backend.array(x), 0.0, **AT), x)
        assert same_result(backend, function(backend.array(x), 1.0, **AT), np.zeros_like(x))
    assert same_result(backend, nd.alpha_dropout(backend.array(x), 0.5, training=False), x)


def test_errors():
    with pytest.raises(ValueError, match="between 0 and 1, but got 2"):
        nd.alpha_dropout(np.ones(3), 2.0, **AT)
    with pytest.raises(TypeError, match="seed: expected an integer"):
        nd.alpha_dropout(np.ones(3))
