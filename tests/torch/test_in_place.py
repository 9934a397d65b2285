"""Operations in place on views, and under directional derivatives: PyTorch's checks hold before anything is written."""

import pytest
import torch
from torch.autograd import forward_ad

from numba_dropout import torch as nd_torch


def view_of_a_leaf():
    base = torch.ones(2, 4, requires_grad=True)
    return base, base[0]


def one_of_several_views():
    base = torch.ones(2, 4, requires_grad=True) * 1
    return base, base.unbind()[0]


def view_made_without_gradients():
    base = torch.ones(2, 4, requires_grad=True) * 1
    with torch.no_grad():
        return base, base[0]


@pytest.mark.parametrize("make", [view_of_a_leaf, one_of_several_views, view_made_without_gradients])
def test_refused_views_stay(make):
    base, view = make()
    with pytest.raises(RuntimeError, match=r"is a view|a view of a leaf|view was created"):
        nd_torch.dropout(view, 0.9, inplace=True, seed=1)
    assert base.detach().eq(1).all()


def test_gradients_through_a_view():
    gradients = []
    for inplace in (True, False):
        leaf = torch.linspace(-1, 1, 24).reshape(4, 6).requires_grad_()
        base = leaf * 2
        view = base.t()[1:3]
        if inplace:
            assert nd_torch.dropout(view, 0.5, inplace=True, seed=1) is view
        else:
            view.copy_(nd_torch.dropout(view.clone(), 0.5, seed=1))
        base.square().sum().backward()
        gradients.append(leaf.grad)
    assert torch.equal(*gradients)


@pytest.mark.parametrize("part", [slice(None), slice(0, 3)])
def test_directional_derivatives(part):
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.ones(6), torch.full((6,), 3.0))
        y = nd_torch.dropout(x[part], 0.5, inplace=True, seed=1)
        assert torch.equal(y, nd_torch.dropout(torch.ones(6), 0.5, seed=1)[part])
        value, derivative = forward_ad.unpack_dual(x)
        assert torch.equal(derivative, 3 * value)
