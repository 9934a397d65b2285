"""Gradients and optimizers, against PyTorch."""

import itertools

import numpy as np
import pytest
from activation_formulas import ALPHA, SELU
from numpy_networks import CHOICES, factors, slopes

import numba_dropout as nd

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

SIZES = [5, 12, 8, 3]  # those of `numpy_networks`
RATES = [0, 0.1, 0.5, 0.9]
LOSSES = {
    "cross_entropy": torch.nn.functional.cross_entropy,
    "mse": torch.nn.functional.mse_loss,
    "bce": torch.nn.functional.binary_cross_entropy_with_logits,
    "huber": torch.nn.functional.huber_loss,
    "absolute": torch.nn.functional.l1_loss,
    "poisson": torch.nn.functional.poisson_nll_loss,
}
ACTIVATIONS = {
    "relu": torch.nn.functional.relu,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "elu": torch.nn.functional.elu,
    "selu": torch.nn.functional.selu,
    "gelu": torch.nn.functional.gelu,
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
    "silu": torch.nn.functional.silu,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "identity": lambda x: x,
}
VARIANTS = {
    **{name: CHOICES[name] for name in ("gaussian", "concrete", "rates")},
    **{name: {"variant": name, "dropout": (0.5, 0.3), "input_dropout": 0.2} for name in ("dropout", "alpha")},
    **{name: {"variant": name, "dropout": (0.5, 0.3), "input_dropout": 0.2} for name in ("subnetwork", "dropconnect")},
}


def noise(net, params, rows, step):
    """Return for each layer the factor of its input, what is added to it, and the factor of its weight."""
    limit, result = -SELU * ALPHA, []
    for layer, p in enumerate([net.input_dropout, *net.dropout]):
        units, at = net.sizes[layer], {"seed": net.seed, "stream": layer, "step": step}
        if net.variant == "dropconnect":
            result.append((1, 0, torch.tensor(nd.dropout(np.ones((net.sizes[layer + 1], units)), p, **at))))
        elif net.variant == "subnetwork":
            result.append((torch.tensor(nd.dropout(np.ones((1, units)), p, **at)), 0, 1))
        elif net.variant == "alpha":
            keep, scale = torch.tensor(nd.sample_mask((rows, units), p, **at)), ((1 - p) * (1 + p * limit**2)) ** -0.5
            result.append((keep * scale, torch.where(keep, -scale * p * limit, scale * (limit - p * limit)), 1))
    if result:
        return result
    result = [torch.tensor(factor) for factor in factors(net, rows, step)]
    for layer, slope in enumerate(slopes(net, rows, step)) if net.variant == "concrete" else ():
        if net.rates[layer]:  # learned: the factor is linear in the logit near its value
            logit = params[f"{layer}.logit"]
            result[layer] = result[layer] + torch.tensor(slope) * (logit - logit.detach())
    return [(factor, 0, 1) for factor in result]


def gradients_of_torch(net, x, y, step):
    """Return loss, parameters' gradients and input's gradient of the network, of PyTorch with the same masks."""
    params = {key: torch.tensor(value, requires_grad=True) for key, value in net.state_dict().items()}
    inputs = torch.tensor(x, requires_grad=True)
    h, activations = inputs, [*net.activation, "identity"]
    for layer, (factor, offset, of_weight) in enumerate(noise(net, params, len(x), step)):
        weight, bias = params[f"{layer}.weight"] * of_weight, params[f"{layer}.bias"]
        h = torch.nn.functional.linear((h * factor + offset).to(weight.dtype), weight, bias)
        h = ACTIVATIONS[activations[layer]](h)
    loss = LOSSES[net.loss](h, torch.tensor(y))
    loss.backward()
    return loss.item(), {key: value.grad.numpy() for key, value in params.items()}, inputs.grad.numpy()


def relative(a, b):
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)


def check_gradients(net, rows, rng, tolerance):
    """Check loss and gradients of a network in training mode."""
    x = rng.standard_normal((rows, net.sizes[0])).astype(net.dtype)
    outputs = net.sizes[-1]
    y = rng.integers(0, outputs, rows) if net.loss == "cross_entropy" else rng.random((rows, outputs)).astype(net.dtype)
    expected, gradients, dx = gradients_of_torch(net, x, y, step=3)
    dout = torch.tensor(net.forward(x, training=True, step=3), requires_grad=True)
    value = LOSSES[net.loss](dout, torch.tensor(y))
    value.backward()
    assert value.item() == pytest.approx(expected, rel=tolerance)
    assert relative(net.backward(dout.grad.numpy()), dx) <= tolerance
    for key, gradient in net.gradients().items():
        assert relative(gradient, gradients[key]) <= tolerance, key


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradients(loss, p, rng):
    net = nd.MLP(SIZES, dropout=p, input_dropout=p / 2, seed=9, loss=loss)
    check_gradients(net, 40, rng, 1e-5)


@pytest.mark.compiles_long
@pytest.mark.parametrize(("activation", "variant"), list(itertools.product(ACTIVATIONS, VARIANTS)))
def test_gradients_of_activations(activation, variant, rng):
    for loss in LOSSES:
        net = nd.MLP(SIZES, seed=9, loss=loss, dtype="float64", activation=activation, **VARIANTS[variant])
        for name, value in net.state_dict().items():
            if name.endswith("bias"):  # biases of 0 put dropped units on the kinks of activations
                value[:] = rng.standard_normal(value.shape)
        check_gradients(net, 5, rng, 1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_of_activations_in_float32(activation, rng):
    net = nd.MLP(SIZES, dropout=0.5, input_dropout=0.2, seed=9, activation=activation)
    check_gradients(net, 40, rng, 1e-5)


@pytest.mark.parametrize(
    ("make", "make_reference"),
    [
        (lambda: nd.SGD(0.1, 0.9), lambda p: torch.optim.SGD(p, 0.1, 0.9)),
        (lambda: nd.SGD(0.1, 0.9, True), lambda p: torch.optim.SGD(p, 0.1, 0.9, nesterov=True)),
        (lambda: nd.Adam(0.01), lambda p: torch.optim.Adam(p, 0.01)),
        (lambda: nd.AdamW(0.01, weight_decay=0), lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0)),
    ],
    ids=["momentum", "nesterov", "adam", "adamw"],
)
def test_optimizers(make, make_reference, rng):
    net = nd.MLP([6, 8, 3], dropout=0, seed=2, dtype="float64")
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)).double()
    with torch.no_grad():
        for layer, index in enumerate((0, 2)):
            model[index].weight.copy_(torch.tensor(net.state_dict()[f"{layer}.weight"]))
            model[index].bias.copy_(torch.tensor(net.state_dict()[f"{layer}.bias"]))
    x, y = rng.standard_normal((10, 6)), rng.integers(0, 3, 10)
    optimizer, reference = make(), make_reference(model.parameters())
    for _ in range(5):
        loss = net.train_step(x, y, optimizer)
        reference.zero_grad()
        expected = torch.nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(y))
        expected.backward()
        reference.step()
        assert loss == pytest.approx(expected.item(), rel=1e-10)
    for layer, index in enumerate((0, 2)):
        assert np.allclose(net.state_dict()[f"{layer}.weight"], model[index].weight.detach().numpy(), atol=1e-12)
