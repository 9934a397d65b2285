"""DropConnect: a batch runs through a network with fewer weights."""

import numpy as np
import pytest
from numpy_networks import SIZES

import numba_dropout as nd
from numba_dropout.kernels.scalar.philox import PURPOSE

DROPPED = {"variant": "dropconnect", "dropout": (0.5, 1.0), "input_dropout": 0.2, "loss": "mse", "dtype": "float64"}
SOME_DROPPED = {**DROPPED, "dropout": (0.0, 0.3), "input_dropout": 0.0}


def with_weights(net, change):
    """Return a network without dropout with the weights of `net`, changed by change(weight, rate, layer)."""
    result = nd.MLP(SIZES, dropout=0.0, loss="mse", dtype="float64")
    rates = [net.input_dropout, *net.dropout]
    state = dict(net.state_dict())
    state |= {f"{i}.weight": change(state[f"{i}.weight"], p, i) for i, p in enumerate(rates)}
    result.load_state_dict(state)
    return result


@pytest.mark.parametrize("choices", [DROPPED, SOME_DROPPED], ids=["all", "some"])
def test_forward_and_backward(choices, rng):
    """Outputs and gradients are those of a network without dropout whose dropped weights are 0."""
    net, at = nd.MLP(SIZES, seed=9, **choices), {"seed": 9, "step": 4}
    net.load_state_dict({name: rng.standard_normal(value.shape) for name, value in net.state_dict().items()})
    reference = with_weights(net, lambda weight, p, i: nd.dropout(weight, p, stream=i, **at))
    x, dout = rng.standard_normal((20, 5)), rng.standard_normal((20, 3))
    assert np.array_equal(net.forward(x, training=True, step=4, row_offset=6), reference.forward(x))
    assert np.array_equal(net.backward(dout), reference.backward(dout))
    for i, p in enumerate([net.input_dropout, *net.dropout]):
        dweight = nd.dropout_backward(reference.gradients()[f"{i}.weight"], p, stream=i, **at)
        np.testing.assert_allclose(net.gradients()[f"{i}.weight"], dweight, rtol=1e-15)
        assert np.array_equal(net.gradients()[f"{i}.bias"], reference.gradients()[f"{i}.bias"])
    plain = with_weights(net, lambda weight, p, i: weight)
    assert np.array_equal(net.forward(x), plain.forward(x))


@pytest.mark.parametrize("choices", [DROPPED, SOME_DROPPED], ids=["all", "some"])
def test_train_step(choices, rng):
    net, x, y = nd.MLP(SIZES, seed=9, **choices), rng.standard_normal((7, 5)), rng.standard_normal((7, 3))
    out = net.forward(x, training=True)
    net.backward(2 * (out - y) / out.size)
    grads = {name: value.copy() for name, value in net.gradients().items()}
    before = {name: value.copy() for name, value in net.state_dict().items()}
    loss = net.train_step(x, y, nd.SGD(lr=0.1, momentum=0.0, weight_decay=0.3))
    assert loss == pytest.approx(((out - y) ** 2).mean())
    for name, value in net.state_dict().items():
        decay = 0.3 * before[name] if "weight" in name else 0
        np.testing.assert_allclose(value, before[name] - 0.1 * (grads[name] + decay), rtol=1e-12, atol=1e-14)


def test_samples(rng):
    """Each sample has its own weights for all rows, and a row does not depend on the other rows."""
    net, x = nd.MLP(SIZES, seed=9, **DROPPED), rng.standard_normal((6, 5))
    samples = list(net.samples(x, 5))
    for number, out in enumerate(samples):

        def drop(weight, p, i, number=number):
            from numba_dropout.kernels import cpu

            result, threshold = np.zeros(weight.size), round(p * 2**32)
            if p < 1:
                at = np.uint64(9), np.uint64(0), np.uint64(PURPOSE["monte carlo"] | i), np.uint64(number), np.uint64(0)
                scale = 2**32 / (2**32 - threshold)
                cpu.dropout_forward(result, weight.reshape(-1), np.uint64(threshold), scale, *at)
            return result.reshape(weight.shape)

        np.testing.assert_allclose(out, with_weights(net, drop).forward(x), rtol=1e-12)
    for row in range(6):
        single_row = np.array(list(net.samples(x[row : row + 1], 5)))[:, 0]
        np.testing.assert_allclose(single_row, np.array(samples)[:, row], rtol=1e-12)


def test_save_and_load(tmp_path, rng):
    net, x = nd.MLP(SIZES, seed=9, **DROPPED), rng.standard_normal((6, 5))
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert np.array_equal(loaded.forward(x, training=True, step=3), net.forward(x, training=True, step=3))
