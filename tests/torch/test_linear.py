"""Linear layer, ReLU and dropout in one kernel, beside the three operations."""

import pytest
import torch
from torch.nn import functional

from numba_dropout import torch as nd_torch

AT = {"seed": 3, "stream": 1, "step": 2}


def composed(x, weight, bias, p):
    """Return the three operations with the same mask."""
    return nd_torch.dropout(functional.relu(functional.linear(x, weight, bias)), p, **AT)


@pytest.fixture(params=[True, False], ids=["bias", "no bias"])
def tensors(request):
    """Return input, weight and bias."""
    generator = torch.Generator().manual_seed(1)
    x, weight, bias = (
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
        for shape in ((2, 5, 6), (9, 6), 9)
    )
    return [x, weight, bias] if request.param else [x, weight, None]


def test_values_and_gradients(tensors):
    y, expected = nd_torch.linear_relu_dropout(*tensors, 0.4, **AT), composed(*tensors, 0.4)
    assert "LinearReLUDropout" in y.grad_fn.next_functions[0][0].name()
    torch.testing.assert_close(y, expected)
    given = [each for each in tensors if each is not None]
    dy = torch.randn_like(y)
    for found, right in zip(torch.autograd.grad(y, given, dy), torch.autograd.grad(expected, given, dy), strict=True):
        torch.testing.assert_close(found, right)


def test_derivatives(tensors):
    given = tuple(each for each in tensors if each is not None)
    call = lambda x, weight, bias=None: nd_torch.linear_relu_dropout(x, weight, bias, 0.4, **AT)  # noqa: E731
    assert torch.autograd.gradcheck(call, given)
    assert torch.autograd.gradgradcheck(call, given)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_rates_0_and_1(tensors, p):
    y = nd_torch.linear_relu_dropout(*tensors, p, **AT)
    torch.testing.assert_close(y, composed(*tensors, p))
    y.sum().backward()
    assert tensors[1].grad.any() == (p == 0)


def test_other_ways(tensors):
    """Half precision, casts, compilers and transformations run the three operations with the same mask."""
    x, weight, bias = (None if each is None else each.detach() for each in tensors)
    half = [None if each is None else each.bfloat16() for each in (x, weight, bias)]
    torch.testing.assert_close(nd_torch.linear_relu_dropout(*half, 0.4, **AT), composed(*half, 0.4))
    single = [None if each is None else each.float() for each in (x, weight, bias)]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert nd_torch.linear_relu_dropout(*single, 0.4, **AT).dtype is torch.bfloat16
    expected = nd_torch.linear_relu_dropout(x, weight, bias, 0.4, **AT)
    torch.compiler.reset()
    compiled = torch.compile(nd_torch.linear_relu_dropout, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(x, weight, bias, 0.4, **AT), expected)
    vectorized = torch.vmap(lambda x: nd_torch.linear_relu_dropout(x, weight, bias, 0.4, **AT))(x[None])
    torch.testing.assert_close(vectorized[0], expected)


def test_messages():
    x, weight = torch.ones(2, 3), torch.ones(4, 5)
    with pytest.raises(ValueError, match=r"a weight \(units, inputs\) of shape \(4, 5\)"):
        nd_torch.linear_relu_dropout(x, weight, p=0.5)
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1"):
        nd_torch.linear_relu_dropout(x, weight, p=2)
