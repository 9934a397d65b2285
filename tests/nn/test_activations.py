"""Networks with any activation: gradients, equality with single operations, and what is refused."""

import itertools

import numpy as np
import pytest
from activation_formulas import FORMULAS
from small_networks import VARIANTS

import numba_dropout as nd

SIZES = [5, 7, 6, 3]
LOSSES = ("mse", "cross_entropy", "bce")
STEP = 1e-6


def network(activation, variant="dropout", rng=None, **choices):
    """Return a network with random biases: those of 0 put dropped units on the kinks of activations."""
    options = {"dropout": 0.4, "input_dropout": 0.2, "variant": variant}
    if variant == "rates":
        options = {"dropout": [np.linspace(0.1, 0.6, 7), np.linspace(0.1, 0.6, 6)]}
    net = nd.MLP(SIZES, seed=1, dtype="float64", activation=activation, **{**options, **choices})
    for name, value in net.state_dict().items():
        if rng is not None and name.endswith("bias"):
            value[:] = rng.standard_normal(value.shape)
    return net


def central_difference(function, array, index):
    """Return the derivative of a function without arguments with respect to an element of an array."""
    value, results = array[index], []
    for step in (STEP, -STEP):
        array[index] = value + step
        results.append(function())
    array[index] = value
    return (results[0] - results[1]) / (2 * STEP)


def loss_and_gradient(loss, out, y):
    """Return the mean loss of outputs and its gradient, in NumPy."""
    if loss == "mse":
        return ((out - y) ** 2).mean(), 2 * (out - y) / out.size
    if loss == "bce":
        probs = 1 / (1 + np.exp(-out))
        return -(y * np.log(probs) + (1 - y) * np.log(1 - probs)).mean(), (probs - y) / out.size
    probs = np.exp(out) / np.exp(out).sum(1, keepdims=True)
    classes = np.eye(out.shape[1])[y]
    return -(classes * np.log(probs)).sum() / len(out), (probs - classes) / len(out)


@pytest.mark.compiles_long
@pytest.mark.parametrize(
    ("activation", "variant", "loss"),
    [
        pytest.param(name, variant, LOSSES[(i + 2 * j) % 3], marks=[pytest.mark.plain_only] if (i + j) % 3 else [])
        for (i, name), (j, variant) in itertools.product(enumerate([*FORMULAS, ("tanh", "relu")]), enumerate(VARIANTS))
    ],
)
def test_gradients(activation, variant, loss, rng):
    """Gradients are those of central differences, in training and evaluation mode.

    Each loss meets each activation and each variant. Its gradient comes from NumPy: the network is the same for all.
    """
    net = network(list(activation) if isinstance(activation, tuple) else activation, variant, rng)
    x = rng.standard_normal((9, 5))
    targets = {"mse": rng.standard_normal((9, 3)), "cross_entropy": rng.integers(0, 3, 9), "bce": rng.random((9, 3))}
    y = targets[loss]
    for training in (True, False):

        def value(training=training):
            return loss_and_gradient(loss, net.forward(x, training=training, step=3), y)[0]

        dout = loss_and_gradient(loss, net.forward(x, training=training, step=3), y)[1]
        dx = net.backward(dout)
        gradients = {name: value.copy() for name, value in net.gradients().items()}
        for name, array in net.state_dict().items():
            if name.endswith("logit") and not training:
                continue
            for index in rng.integers(0, array.size, 3):
                position = np.unravel_index(index, array.shape)
                difference = central_difference(value, array, position)
                assert abs(gradients[name][position] - difference) <= 1e-6 * max(1, abs(difference)), (name, loss)
        assert abs(dx[3, 2] - central_difference(value, x, (3, 2))) <= 1e-6


@pytest.mark.parametrize("activation", [pytest.param("gelu", marks=pytest.mark.compiles_long), ["tanh", "silu"]])
def test_forward(activation, rng):
    """The outputs are those of the public functions, one layer after the other."""
    net = network(activation, rng=rng)
    x, params = rng.standard_normal((9, 5)), net.state_dict()
    out = nd.dropout(x, 0.2, seed=1, step=3)
    for layer, name in enumerate(net.activation):
        weight, bias = params[f"{layer}.weight"], params[f"{layer}.bias"]
        out = nd.linear_dropout(out, weight, bias, 0.4, activation=name, seed=1, stream=layer + 1, step=3)
    out = nd.linear(out, params["2.weight"], params["2.bias"])
    assert np.array_equal(net.forward(x, training=True, step=3), out)


def test_training(tmp_path, rng):
    """A training step is the update with the gradients of a backward pass, and files keep the activations."""
    x, y = rng.standard_normal((9, 5)), rng.standard_normal((9, 3))
    net, other = (network(["tanh", "silu"], rng=np.random.default_rng(0), loss="mse") for _ in range(2))
    net.train_step(x, y, nd.SGD(lr=0.1, momentum=0))
    out = other.forward(x, training=True)
    other.backward(2 * (out - y) / out.size)
    for name, value in other.state_dict().items():
        value -= 0.1 * other.gradients()[name]
        np.testing.assert_allclose(net.state_dict()[name], value, rtol=1e-12)
    net.save(tmp_path / "net.npz")
    loaded = nd.MLP.load(tmp_path / "net.npz")
    assert loaded.activation == ["tanh", "silu"]
    assert np.array_equal(loaded.forward(x), net.forward(x))
    assert [name for name, _ in loaded.stages()][3::3] == ["tanh", "silu"]


def test_relu_without_slopes():
    assert network("relu")._state.net.batch.slopes is None
    assert network(["relu", "tanh"])._state.net.batch.slopes is not None


@pytest.mark.parametrize(
    ("activation", "message"),
    [
        ("sine", "activation: expected one of relu, leaky_relu, elu, .*, got 'sine'"),
        (["relu"], r"activation: expected one name, or one for each of the 2 hidden layers, got \['relu'\]"),
        (["relu", 3], "activation: expected one of relu"),
        ([["relu"], "relu"], r"activation: expected one of relu, .*, got \['relu'\]"),
        (None, "activation: expected one name, or one for each of the 2 hidden layers, got None"),
    ],
)
def test_refused_activations(activation, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP(SIZES, activation=activation)


def test_array_of_activations():
    assert nd.MLP(SIZES, activation=np.array(["gelu", "tanh"])).activation == ["gelu", "tanh"]


@pytest.mark.parametrize("name", ["loss", "variant", "init"])
def test_refused_lists(name):
    with pytest.raises(ValueError, match=rf"{name}: expected one of .*, got \['relu'\]"):
        nd.MLP(SIZES, **{name: ["relu"]})
