"""The replacement of PyTorch's own dropout."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from numba_dropout import torch as nd_torch
from numba_dropout.torch import ops


@pytest.fixture
def operations(monkeypatch):
    """Return the shapes of the tensors that eager operations run on, with PyTorch's dropout replaced."""
    shapes = []
    drawn = ops.drawn

    def recorded(x, *arguments):
        shapes.append(tuple(x.shape))
        return drawn(x, *arguments)

    monkeypatch.setattr(ops, "drawn", recorded)
    with nd_torch.installed():
        yield shapes


def test_functions_and_modules(operations):
    x = torch.ones(50, requires_grad=True)
    for y in (functional.dropout(x), nn.Dropout(0.5)(x), torch.dropout(x, 0.5, True)):
        assert y.grad_fn.name() == "_OperationBackward"
        assert torch.equal(torch.autograd.grad(y.sum(), x)[0], y.detach())
    assert len(operations) == 6
    assert functional.dropout(x, training=False) is not None
    assert len(operations) == 6


def test_in_place_and_inference(operations):
    x = torch.ones(50)
    assert functional.dropout(x, inplace=True) is x
    with torch.inference_mode():
        functional.dropout(x)
    with torch.no_grad():
        functional.dropout(x)
    assert len(operations) == 3


def test_attention_and_recurrent_networks(operations):
    x = torch.randn(2, 5, 8)
    nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)(x, x, x)
    nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)(x, x, x, need_weights=False)
    functional.scaled_dot_product_attention(x, x, x, dropout_p=0.1)
    nn.LSTM(8, 4, num_layers=3, dropout=0.2, batch_first=True)(x)
    assert (4, 5, 5) in operations or (2, 2, 5, 5) in operations
    assert len(operations) == 5
    nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True)(x).sum().backward()
    assert len(operations) == 5 + 8


def test_other_dtypes_have_pytorchs_dropout(operations):
    theirs = functional.dropout(torch.ones(50, dtype=torch.float8_e5m2).float(), 0.5)
    assert theirs.dtype is torch.float32
    for inplace in (False, True):
        with pytest.raises(RuntimeError):
            functional.dropout(torch.ones(50, dtype=torch.int64), 0.5, inplace=inplace)
        with pytest.raises(NotImplementedError):
            functional.dropout(torch.ones(50, dtype=torch.complex64), 0.5, inplace=inplace)


def test_message_of_pytorch(operations):
    with pytest.raises((ValueError, RuntimeError), match="dropout probability has to be between 0 and 1, but got 2"):
        torch.dropout(torch.ones(3), 2.0, True)


def test_compiled(operations):
    torch.compiler.reset()
    compiled = torch.compile(lambda x: functional.dropout(x * 1, 0.5), fullgraph=True, backend="aot_eager")
    x = torch.ones(200, requires_grad=True)
    y = compiled(x)
    y.sum().backward()
    assert torch.equal(x.grad, y.detach())
    assert set(y.tolist()) == {0.0, 2.0}


def test_transformed(operations):
    y = torch.vmap(lambda x: functional.dropout(x, 0.5), randomness="different")(torch.ones(3, 50))
    assert not torch.equal(y[0], y[1])
    gradient = torch.func.grad(lambda x: functional.dropout(x, 0.5).sum())(torch.ones(50))
    assert set(gradient.tolist()) == {0.0, 2.0}


def test_restored():
    x = torch.ones(50, requires_grad=True)
    before = functional.dropout(x).grad_fn.name()
    nd_torch.install()
    nd_torch.install()
    with nd_torch.installed():
        pass
    assert functional.dropout(x).grad_fn.name() == "_OperationBackward"
    nd_torch.uninstall()
    nd_torch.uninstall()
    assert functional.dropout(x).grad_fn.name() == before
    with pytest.raises(KeyError), nd_torch.installed():
        raise KeyError
    assert functional.dropout(x).grad_fn.name() == before
