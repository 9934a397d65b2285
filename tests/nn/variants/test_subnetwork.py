"""Sub-network dropout, against the network with masks of units in NumPy."""

import numpy as np
import pytest

import numba_dropout as nd

SIZES = [7, 20, 12, 4]
RATES = {"dropout": (0.5, 0.3), "input_dropout": 0.2}


def network(**choices):
    return nd.MLP(SIZES, **{**RATES, "seed": 9, "loss": "mse", "variant": "subnetwork", **choices})


def masked(net, x, step, y=None):
    """Return the outputs and gradients of a network with masks of units, in NumPy and float64, for squared errors."""
    params = {name: value.astype(np.float64) for name, value in net.state_dict().items()}
    rates = [net.input_dropout, *net.dropout]
    factors, inputs, sums = [], [], []
    h = x.astype(np.float64)
    for site, p in enumerate(rates):
        mask = nd.sample_mask(h.shape[1], p, seed=net.seed, stream=site, step=step)
        factors.append(mask / (1 - round(p * 2**32) / 2**32) if p < 1 else mask * 0.0)
        inputs.append(h * factors[-1])
        sums.append(inputs[-1] @ params[f"{site}.weight"].T + params[f"{site}.bias"])
        h = np.maximum(sums[-1], 0)
    return params, factors, inputs, sums


def gradients(net, x, step, dout):
    """Return the outputs, the gradient by the input and those by the parameters."""
    params, factors, inputs, sums = masked(net, x, step)
    grads, d = {}, dout
    for site in reversed(range(len(sums))):
        if site < len(sums) - 1:
            d = d * (sums[site] > 0)
        grads[f"{site}.weight"], grads[f"{site}.bias"] = d.T @ inputs[site], d.sum(0)
        d = d @ params[f"{site}.weight"] * factors[site]
    return sums[-1], d, grads


def bound(dtype, length):
    """Return the rounding bound of a sum of that length of numbers of about 1."""
    return 4 * length * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 3, 40])
@pytest.mark.parametrize("step", [0, 1, 2**32 - 1])
def test_forward_and_backward(dtype, rows, step, rng):
    net = network(dtype=dtype)
    x, dout = rng.standard_normal((rows, 7)).astype(dtype), rng.standard_normal((rows, 4)).astype(dtype)
    out, dinp, grads = gradients(net, x, step, dout)
    tolerance = {"rtol": bound(dtype, 40), "atol": bound(dtype, 40) * 10}
    np.testing.assert_allclose(net.forward(x, training=True, step=step), out, **tolerance)
    np.testing.assert_allclose(net.backward(dout), dinp, **tolerance)
    for name, value in net.gradients().items():
        np.testing.assert_allclose(value, grads[name], **tolerance, err_msg=name)
        assert not value[grads[name] == 0].any()


MAKE = {
    "SGD": lambda: nd.SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "AdamW": lambda: nd.AdamW(lr=0.01, max_norm=1.5),
}
MORE = [("cross_entropy", "AdamW"), ("mse", "AdamW"), ("cross_entropy", "SGD"), ("bce", "SGD"), ("bce", "AdamW")]


@pytest.mark.parametrize(
    ("loss", "optimizer"),
    [("mse", "SGD"), *(pytest.param(*choice, marks=pytest.mark.compiles_long) for choice in MORE)],
)
def test_train_step(loss, optimizer, rng):
    """A step, which stores no gradients, equals one with the gradients of `backward`."""
    x = rng.standard_normal((9, 7))
    y = rng.integers(0, 4, 9) if loss == "cross_entropy" else rng.random((9, 4))
    net, reference = network(dtype="float64", loss=loss), network(dtype="float64", loss=loss)
    optimizer, reference_optimizer = MAKE[optimizer](), MAKE[optimizer]()
    for step in range(3):
        before = {name: value.copy() for name, value in net.state_dict().items()}
        out = net.forward(x, training=True)
        expected, dout = evaluate_loss(loss, out, y)
        assert net.train_step(x, y, optimizer) == pytest.approx(expected)
        net_after = {name: value.copy() for name, value in net.state_dict().items()}
        net.load_state_dict(before)
        net.forward(x, training=True, step=step)
        net.backward(dout)
        update_in_numpy(reference, net.gradients(), reference_optimizer)
        net.load_state_dict(net_after)
        for name, value in reference.state_dict().items():
            np.testing.assert_allclose(value, net_after[name], rtol=1e-9, atol=1e-12, err_msg=f"{name} at step {step}")


def evaluate_loss(loss, out, y):
    """Return a mean loss and its gradient by the outputs."""
    if loss == "mse":
        return ((out - y) ** 2).mean(), 2 * (out - y) / out.size
    if loss == "bce":
        p = 1 / (1 + np.exp(-out))
        return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(), (p - y) / out.size
    p = np.exp(out - out.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(y))
    return -np.log(p[rows, y]).mean(), (p - np.eye(4)[y]) / len(y)


def update_in_numpy(net, grads, optimizer):
    """Update the parameters of a network by the rule of the optimizer, in NumPy."""
    params = np.concatenate([value.reshape(-1) for value in ordered(net.state_dict())])
    slopes = np.concatenate([value.reshape(-1) for value in ordered(grads)])
    weights = sum(value.size for name, value in net.state_dict().items() if name.endswith("weight"))
    decays = np.arange(params.size) < weights
    state = optimizer.bind(net._state.net.master.values)
    (row,) = optimizer.hyperparameters(1)
    if isinstance(optimizer, nd.SGD):
        slopes = slopes + row[3] * params * decays
        state[0] = row[1] * state[0] + slopes
        params = params - row[0] * (slopes + row[1] * state[0])
    else:
        state[0] = row[1] * state[0] + row[2] * slopes
        state[1] = row[3] * state[1] + row[4] * slopes**2
        params = params * np.where(decays, row[7], 1) - row[0] * state[0] / (np.sqrt(state[1]) / row[8] + row[5])
    net._state.net.master.values[:] = params
    if optimizer.max_norm:
        for name, value in net.state_dict().items():
            if name in ("0.weight", "1.weight"):
                norms = np.sqrt((value**2).sum(1, keepdims=True))
                value *= np.where(norms > optimizer.max_norm, optimizer.max_norm / norms, 1)
    optimizer.step += 1


def ordered(values):
    return [values[f"{layer}.{kind}"] for kind in ("weight", "bias") for layer in range(3)]


@pytest.mark.parametrize("rates", [{"dropout": 1.0}, {"dropout": 0.0, "input_dropout": 0.0}, {"input_dropout": 1.0}])
def test_rates_0_and_1(rates, rng):
    net = network(dtype="float64", **rates)
    x, dout = rng.standard_normal((5, 7)), rng.standard_normal((5, 4))
    out, dinp, grads = gradients(net, x, 0, dout)
    np.testing.assert_allclose(net.forward(x, training=True), out, atol=1e-12)
    np.testing.assert_allclose(net.backward(dout), dinp, atol=1e-12)
    for name, value in net.gradients().items():
        np.testing.assert_allclose(value, grads[name], atol=1e-12)
    before = {name: value.copy() for name, value in net.state_dict().items()}
    net.train_step(x, rng.standard_normal((5, 4)), nd.SGD(lr=0.1))
    assert any(not np.array_equal(value, before[name]) for name, value in net.state_dict().items())


def test_evaluation(rng):
    x = rng.standard_normal((5, 7))
    net, plain = network(), network(variant="dropout")
    assert np.array_equal(net.forward(x), plain.forward(x))
    dout = rng.standard_normal((5, 4))
    assert np.array_equal(net.backward(dout), plain.backward(dout))
    assert np.array_equal(net.predict(x), plain.predict(x))
    y = rng.standard_normal((5, 4))
    assert net.evaluate_loss(x, y) == plain.evaluate_loss(x, y)


def test_fit(rng):
    x, y = rng.standard_normal((20, 7)), rng.standard_normal((20, 4))
    net, reference = network(), network()
    optimizer, reference_optimizer = nd.SGD(), nd.SGD()
    nd.fit(net, x, y, optimizer=optimizer, epochs=2, batch_size=8)
    from numba_dropout.arrays import random

    for epoch in range(2):
        order = random.permutation(20, "shuffling", seed=9, step=epoch)
        for start in range(0, 20, 8):
            rows = order[start : start + 8]
            reference.train_step(x[rows], y[rows], reference_optimizer)
    for name, value in net.state_dict().items():
        assert np.array_equal(value, reference.state_dict()[name]), name


def test_save_and_load(tmp_path, rng):
    x = rng.standard_normal((5, 7))
    net = network()
    net.save(tmp_path / "m.npz")
    loaded = nd.MLP.load(tmp_path / "m.npz")
    assert loaded.variant == "subnetwork"
    assert np.array_equal(loaded.forward(x, training=True, step=3), net.forward(x, training=True, step=3))
