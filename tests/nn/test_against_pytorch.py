"""Gradients and optimizers, against PyTorch."""

import numpy as np
import pytest

import numba_dropout as nd

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

RATES = [0, 0.1, 0.5, 0.9]


def functional(loss):
    return {
        "cross_entropy": torch.nn.functional.cross_entropy,
        "mse": torch.nn.functional.mse_loss,
        "bce": torch.nn.functional.binary_cross_entropy_with_logits,
    }[loss]


def gradients_of_torch(net, x, y, step):
    """Return loss, parameters' gradients and input's gradient of the network, of PyTorch with the same masks."""
    params = {key: torch.tensor(value, requires_grad=True) for key, value in net.state_dict().items()}
    inputs = torch.tensor(x, requires_grad=True)
    h = inputs
    rates = [net.input_dropout, *net.dropout]
    for layer, p in enumerate(rates):
        mask = nd.sample_mask(tuple(h.shape), p, seed=net.seed, stream=layer, step=step)
        h = h * torch.tensor(mask) / (1 - p)
        h = torch.nn.functional.linear(h, params[f"{layer}.weight"], params[f"{layer}.bias"])
        if layer < len(rates) - 1:
            h = torch.relu(h)
    loss = functional(net.loss)(h, torch.tensor(y))
    loss.backward()
    return loss.item(), {key: value.grad.numpy() for key, value in params.items()}, inputs.grad.numpy()


def relative(a, b):
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-30)


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("loss", ["cross_entropy", "mse", "bce"])
def test_gradients(loss, p, rng):
    net = nd.MLP([20, 32, 16, 4], dropout=p, input_dropout=p / 2, seed=6, loss=loss)
    x = rng.standard_normal((40, 20)).astype(np.float32)
    y = rng.integers(0, 4, 40) if loss == "cross_entropy" else rng.random((40, 4)).astype(np.float32)
    expected, gradients, dx = gradients_of_torch(net, x, y, step=3)
    dout = torch.tensor(net.forward(x, training=True, step=3), requires_grad=True)
    value = functional(loss)(dout, torch.tensor(y))
    value.backward()
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert relative(net.backward(dout.grad.numpy()), dx) <= 1e-5
    for key, gradient in net.gradients().items():
        assert relative(gradient, gradients[key]) <= 1e-5, key


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
