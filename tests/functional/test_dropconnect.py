"""DropConnect: linear layers with dropout of the weights."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import contract_mask, masked_dropout

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def operands(dtype, rng):
    return [rng.standard_normal(shape).astype(dtype) for shape in ((4, 6), (5, 6), (5,), (4, 5))]


@full_precision
def test_forward(backend, dtype, rng):
    x, weight, bias, _ = operands(dtype, rng)
    arrays = [backend.array(a) for a in (x, weight, bias)]
    exact, dropped = x.astype(np.float64), masked_dropout(weight, contract_mask((5, 6), 0.3, **AT), 0.3)
    y = nd.dropconnect(*arrays, 0.3, **AT)
    np.testing.assert_allclose(backend.numpy(y), exact @ dropped.T + bias, **CLOSE)
    y = nd.dropconnect(*arrays[:2], p=0.3, **AT)
    np.testing.assert_allclose(backend.numpy(y), exact @ dropped.T, **CLOSE)
    y = nd.dropconnect(*arrays, 0.3, training=False)
    np.testing.assert_allclose(backend.numpy(y), exact @ weight.T + bias, **CLOSE)


@full_precision
def test_backward(backend, dtype, rng):
    x, weight, bias, dy = operands(dtype, rng)
    arrays = [backend.array(a) for a in (dy, x, weight)]
    exact, mask = dy.astype(np.float64), contract_mask((5, 6), 0.3, **AT)
    expected = exact @ masked_dropout(weight, mask, 0.3), masked_dropout(exact.T @ x, mask, 0.3), exact.sum(0)
    out = tuple(backend.array(np.empty_like(a)) for a in (x, weight, bias))
    for target in (None, out):
        gradients = nd.dropconnect_backward(*arrays, 0.3, **AT, out=target)
        for gradient, value in zip(gradients, expected, strict=True):
            np.testing.assert_allclose(backend.numpy(gradient), value, **CLOSE)
        assert target is None or all(a is b for a, b in zip(gradients, out, strict=True))


def test_errors():
    x, weight = np.ones((2, 3)), np.ones((4, 3))
    with pytest.raises(TypeError, match="weight: expected an array of float32 or float64, got int64"):
        nd.dropconnect(x, weight.astype(int), None, 0.5, seed=1)
    with pytest.raises(ValueError, match="out: expected separate memory"):
        nd.dropconnect_backward(np.ones((2, 4)), x, weight, 0.5, seed=1, out=(np.empty((2, 3)), weight, np.empty(4)))
    square = np.eye(4)
    with pytest.raises(ValueError, match="out: expected separate memory"):
        nd.dropconnect(np.ones((4, 4)), square, None, 0.5, seed=1, out=square)
    assert (weight == 1).all()
