"""All variants of dropout, against the same network in NumPy."""

import numpy as np
import pytest
from numpy_networks import CHOICES, SIZES, factors, gradients, logit, network, passed, slopes

import numba_dropout as nd


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("rows", [1, 3, 20])
def test_forward_and_backward(name, rows, rng):
    net = network(name)
    x, dout = rng.standard_normal((rows, 5)), rng.standard_normal((rows, 3))
    scales = factors(net, rows, step=4, first=6)
    out = net.forward(x, training=True, step=4, row_offset=6)
    np.testing.assert_allclose(out, passed(net, x, scales)[1][-1], rtol=1e-10, atol=1e-12)
    dinp, grads = gradients(net, x, dout, scales, slopes(net, rows, step=4, first=6))
    np.testing.assert_allclose(net.backward(dout), dinp, rtol=1e-10, atol=1e-12)
    for key, value in net.gradients().items():
        close = {"rtol": 1e-5, "atol": 1e-7} if "logit" in key else {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(value, grads[key], **close, err_msg=key)


@pytest.mark.parametrize("name", CHOICES)
def test_evaluation(name, rng):
    x, dout = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    net, plain = network(name), nd.MLP(SIZES, seed=9, loss="mse", dtype="float64")
    assert np.array_equal(net.forward(x), plain.forward(x))
    assert np.array_equal(net.backward(dout), plain.backward(dout))


@pytest.mark.parametrize("name", CHOICES)
def test_train_step(name, rng):
    net = network(name)
    x, y = rng.standard_normal((7, 5)), rng.standard_normal((7, 3))
    scales = factors(net, 7, step=0)
    out = passed(net, x, scales)[1][-1]
    _, grads = gradients(net, x, 2 * (out - y) / out.size, scales, slopes(net, 7, step=0))
    before = {key: value.copy() for key, value in net.state_dict().items()}
    for site, p in enumerate([net.input_dropout, *net.dropout] if "concrete" in name else []):
        if p:
            weight = before[f"{site}.weight"]
            grads[f"{site}.weight"] += 2 * 0.03 / (1 - p) * weight
            grads[f"{site}.logit"] += 0.03 * p / (1 - p) * (weight**2).sum()
            grads[f"{site}.logit"] += 0.2 * weight.shape[1] * p * (1 - p) * logit(p)
    loss = net.train_step(x, y, nd.SGD(lr=0.1, momentum=0.0))
    assert loss == pytest.approx(((out - y) ** 2).mean())
    for key, value in net.state_dict().items():
        close = {"rtol": 1e-6} if "logit" in key else {"rtol": 1e-10, "atol": 1e-12}
        np.testing.assert_allclose(value, before[key] - 0.1 * grads[key], **close, err_msg=key)


@pytest.mark.full
@pytest.mark.parametrize("name", [*CHOICES, "subnetwork", "dropconnect"])
@pytest.mark.parametrize("share", [0.5, 2.0])
def test_clip_norm(name, share, rng):
    """The gradient is that of a backward pass, and the step is computed in NumPy."""
    x, y = rng.standard_normal((6, 5)), rng.standard_normal((6, 3))
    options = {} if name in CHOICES else {"variant": name}
    net, shadow = (network("gaussian" if options else name, **options) for _ in range(2))
    for each in (net, shadow):
        if net.variant == "concrete":
            each.weight_regularizer = each.dropout_regularizer = 0.0
            each.regularize(None)
    out = shadow.forward(x, training=True)
    shadow.backward(2 * (out - y) / out.size)
    gradients = {name: value.copy() for name, value in shadow.gradients().items()}
    norm = np.sqrt(sum((value**2).sum() for value in gradients.values()))
    net.train_step(x, y, nd.SGD(0.1, clip_norm=share * norm, weight_decay=0.01))
    for key, value in shadow.weights().items():
        decay = 0.01 * value if key.endswith("weight") else 0.0
        expected = value - 0.1 * (min(1.0, share) * gradients[key] + decay)
        np.testing.assert_allclose(net.weights()[key], expected, rtol=1e-9, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", CHOICES)
def test_save_and_load(name, tmp_path, rng):
    net, x = network(name), rng.standard_normal((6, 5))
    nd.fit(net, x, rng.standard_normal((6, 3)), optimizer=nd.SGD(), epochs=1, batch_size=4)
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert np.array_equal(loaded.forward(x, training=True, step=3), net.forward(x, training=True, step=3))
    assert loaded.stages() == net.stages()
    assert all(np.array_equal(a, b) for a, b in zip(loaded.rates, net.rates, strict=True))
