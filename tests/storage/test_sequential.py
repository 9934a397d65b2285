"""Names of parameters in PyTorch's Sequential."""

from networks import network

from numba_dropout.storage.sequential import modules, names


def test_module_names():
    """The names are those in docs/formats.md."""
    choices = network().choices()
    kinds = [kind for kind, _ in modules(choices)]
    assert kinds == ["dropout", "linear", "relu", "dropout", "linear", "relu", "linear"]
    expected = {
        f"{layer}.{part}": f"{index}.{part}" for layer, index in ((0, 1), (1, 4), (2, 6)) for part in ("weight", "bias")
    }
    assert names(choices) == expected
    assert names(network(dropout=0.0, input_dropout=0.0).choices())["2.bias"] == "4.bias"
    assert names(network(variant="dropconnect").choices())["2.bias"] == "4.bias"
