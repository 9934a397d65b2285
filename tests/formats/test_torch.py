"""Models as PyTorch's Sequential."""

import numpy as np
import pytest
from activation_formulas import FORMULAS
from networks import network

import numba_dropout as nd


@pytest.fixture
def x(rng):
    return rng.standard_normal((40, 5)).astype(np.float32)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_round_trip(dtype, tmp_path, x):
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    from numba_dropout.formats.torch import from_sequential, to_sequential

    net = network(dtype=dtype)
    model = to_sequential(net).eval()
    rows = net.standardized(x)
    np.testing.assert_allclose(model(torch.from_numpy(rows)).detach().numpy(), net.outputs(x), rtol=1e-5, atol=1e-6)
    back = from_sequential(model, seed=4)
    assert (back.sizes, back.dropout, back.input_dropout, back.dtype) == (net.sizes, [0.3, 0.0], 0.1, net.dtype)
    assert np.array_equal(back.outputs(rows), net.outputs(x))
    net.save(tmp_path / "m.safetensors")
    model.load_state_dict(load_file(tmp_path / "m.safetensors"))
    assert from_sequential(torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False))).weights()["0.bias"].tolist() == [
        0,
        0,
    ]


@pytest.mark.parametrize("variant", ["dropout", "alpha"])
@pytest.mark.parametrize("activation", FORMULAS)
def test_activations(activation, variant, tmp_path, x):
    torch = pytest.importorskip("torch")
    load_file = pytest.importorskip("safetensors.torch").load_file
    from numba_dropout.formats.torch import MODULES, from_sequential, to_sequential

    if activation not in MODULES:
        pytest.skip("PyTorch has no such module")
    net = nd.MLP([5, 8, 6, 3], activation=[activation, "relu"], variant=variant, dropout=[0.3, 0.0], seed=1)
    model = to_sequential(net)
    assert type(model[2]) is {"dropout": torch.nn.Dropout, "alpha": torch.nn.AlphaDropout}[variant]
    np.testing.assert_allclose(model.eval()(torch.from_numpy(x)).detach().numpy(), net.forward(x), rtol=1e-5, atol=1e-6)
    back = from_sequential(model)
    assert (back.activation, back.variant, back.dropout) == (net.activation, variant, [0.3, 0.0])
    assert np.array_equal(back.forward(x), net.forward(x))
    net.save(tmp_path / "m.safetensors")
    model.load_state_dict(load_file(tmp_path / "m.safetensors"))


def test_unsupported_models():
    torch = pytest.importorskip("torch")
    from numba_dropout.formats.torch import from_sequential, to_sequential

    nn = torch.nn
    for modules_, message in [
        ([nn.Linear(2, 2), nn.Linear(2, 2)], r"model\[1\]: Linear: expected an activation between"),
        ([nn.Linear(2, 2), nn.Dropout(), nn.ReLU(), nn.Linear(2, 2)], r"model\[1\]: Dropout: expected one Dropout"),
        (
            [nn.Linear(2, 2), nn.GLU(), nn.Linear(2, 2)],
            r"model\[1\]: GLU: expected Linear, Dropout or an act",
        ),
        ([nn.Linear(2, 2), nn.ELU(2.0), nn.Linear(2, 2)], r"model\[1\]: ELU: expected .* with its default options"),
        ([nn.Dropout(), nn.Linear(2, 2), nn.ReLU(), nn.AlphaDropout(), nn.Linear(2, 2)], r"model\[3\]: .*, got both"),
        ([nn.Linear(2, 2), nn.ReLU()], "model: expected a Linear at the end"),
        ([nn.ReLU(), nn.Linear(2, 2)], r"model\[0\]: ReLU: expected an activation right after a Linear"),
    ]:
        with pytest.raises(ValueError, match=message):
            from_sequential(nn.Sequential(*modules_))
    with pytest.raises(TypeError, match=r"model: expected a torch\.nn\.Sequential, got Linear"):
        from_sequential(nn.Linear(2, 2))
    half = nn.Sequential(nn.Linear(2, 2)).bfloat16()
    assert np.array_equal(from_sequential(half).weights()["0.weight"], half[0].weight.detach().float().numpy())
    with pytest.raises(
        ValueError, match="expected variant dropout or alpha and one rate for each layer, got variant gaus"
    ):
        to_sequential(network(variant="gaussian"))
