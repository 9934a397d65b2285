"""Memory layouts, views, sizes, and gradients in other layouts."""

import pytest
import torch
from torch.nn import functional
from torch_cases import CASES

from numba_dropout import torch as nd_torch

LAYOUTS = {
    "channels_last": lambda: torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last),
    "channels_last_3d": lambda: torch.randn(2, 3, 4, 5, 2).to(memory_format=torch.channels_last_3d),
    "Fortran": lambda: torch.randn(4, 3, 2).permute(2, 1, 0),
    "transposed": lambda: torch.randn(7, 6).T,
    "slice": lambda: torch.randn(7, 12)[:, 2:9:2],
    "expanded": lambda: torch.randn(5, 1, 3).expand(5, 4, 3),
    "scalar": lambda: torch.randn(()),
    "empty": lambda: torch.randn(0, 3),
    "one element": lambda: torch.randn(1, 1, 1).permute(2, 0, 1),
}
layouts = pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)


@layouts
@pytest.mark.parametrize("seed", [None, 5])
@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "gaussian_dropout"])
def test_layout_of_the_result(make, seed, name):
    x = make().detach()
    y = getattr(nd_torch, name)(x, 0.5, training=True, seed=seed)
    assert y.shape == x.shape
    assert y.stride() == torch.empty_like(x).stride() == functional.dropout(x, 0.5).stride()
    if seed is not None:
        expected = getattr(nd_torch, name)(x.contiguous(), 0.5, training=True, seed=seed)
        torch.testing.assert_close(y, expected, rtol=0, atol=0)


@layouts
def test_gradients_in_other_layouts(make):
    """A gradient in any layout meets the mask of the forward pass."""
    x = make().detach().requires_grad_()
    y = nd_torch.dropout(x, 0.5)
    mask = (y != 0).detach()
    for dy in (torch.ones_like(y), torch.ones(y.shape), torch.ones(()).expand(y.shape)):
        (dx,) = torch.autograd.grad(y, x, dy, retain_graph=True)
        torch.testing.assert_close(dx, torch.where(mask, 2.0, 0.0))


@pytest.mark.parametrize("name", ["dropout2d", "feature_alpha_dropout", "drop_block2d"])
def test_channels_last(name):
    case = CASES[name]
    x = torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last).requires_grad_()
    y = case.call(x, seed=1)
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(y, case.call(x.detach().contiguous(), seed=1), rtol=0, atol=0)
    y.square().sum().backward()
    separate = x.detach().contiguous().requires_grad_()
    case.call(separate, seed=1).square().sum().backward()
    torch.testing.assert_close(x.grad, separate.grad)


@pytest.mark.parametrize("make", [LAYOUTS[name] for name in ("channels_last", "Fortran", "slice")])
def test_in_place_in_other_layouts(make):
    x = make().detach()
    expected = nd_torch.dropout(x, 0.5, seed=1)
    assert nd_torch.dropout(x, 0.5, inplace=True, seed=1) is x
    torch.testing.assert_close(x, expected, rtol=0, atol=0)


def test_in_place_of_a_view():
    base = torch.ones(10, 10, requires_grad=True)
    whole = base * 1
    nd_torch.dropout(whole[2:4], 0.5, inplace=True, seed=1)
    whole.sum().backward()
    expected = torch.ones(10, 10)
    expected[2:4] = nd_torch.dropout(torch.ones(2, 10), 0.5, seed=1)
    torch.testing.assert_close(base.grad, expected)


def test_compiled_with_another_layout():
    """The compiler may change strides: the counting order of the mask is part of the operation."""
    torch.compiler.reset()

    def call(x):
        y = nd_torch.dropout(x.to(memory_format=torch.channels_last) * 2, 0.5)
        return y, (y.contiguous() * 3).sum()

    x = torch.ones(2, 3, 4, 5, requires_grad=True)
    y, loss = torch.compile(call, fullgraph=True, backend="aot_eager")(x)
    loss.backward()
    torch.testing.assert_close(x.grad, 3 * y.detach())
