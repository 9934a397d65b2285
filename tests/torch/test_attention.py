"""Attention with dropout of its weights, compared with PyTorch's."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as torch_functional

from numba_dropout import MaskGenerator
from numba_dropout import torch as nd_torch

AT = {"seed": 7, "step": 5}
SHAPE = (2, 4, 5, 8)  # batch, heads, queries, width
theirs = torch_functional.scaled_dot_product_attention


def tensors(keys=6, heads=4):
    generator = torch.Generator().manual_seed(1)
    shapes = SHAPE, (2, heads, keys, 8), (2, heads, keys, 3)
    return [torch.randn(shape, generator=generator, requires_grad=True) for shape in shapes]


def weights_of(query, key, **options):
    """Return the weights of PyTorch's attention: its results for the rows of an identity as values."""
    values = torch.eye(key.shape[-2]).expand(*key.shape[:-2], -1, -1)
    return theirs(query, key, values, **options)


MASKS = {
    "none": {},
    "causal": {"is_causal": True},
    "scale": {"scale": 0.3},
    "booleans": {"attn_mask": torch.rand(2, 1, 5, 6, generator=torch.Generator().manual_seed(2)) > 0.4},
    "numbers": {"attn_mask": torch.randn(5, 6, generator=torch.Generator().manual_seed(2))},
    "no key": {"attn_mask": torch.arange(5)[:, None] > torch.arange(6)},
}


@pytest.mark.parametrize("options", MASKS.values(), ids=MASKS)
def test_dropped_weights(options):
    query, key, value = tensors()
    y = nd_torch.scaled_dot_product_attention(query, key, value, dropout_p=0.4, **options, **AT)
    expected = nd_torch.dropout(weights_of(query, key, **options), 0.4, **AT) @ value
    torch.testing.assert_close(y, expected)
    found, right = (torch.autograd.grad(each.square().sum(), (query, key, value)) for each in (y, expected))
    for each, other in zip(found, right, strict=True):
        torch.testing.assert_close(each, other)


def test_without_dropout():
    query, key, value = tensors()
    assert torch.equal(nd_torch.scaled_dot_product_attention(query, key, value), theirs(query, key, value))


def test_shared_keys():
    query, key, value = tensors(heads=2)
    y = nd_torch.scaled_dot_product_attention(query, key, value, dropout_p=0.4, enable_gqa=True, **AT)
    repeated = key.repeat_interleave(2, 1), value.repeat_interleave(2, 1)
    torch.testing.assert_close(y, nd_torch.scaled_dot_product_attention(query, *repeated, dropout_p=0.4, **AT))


def test_refused_arguments():
    query, key, value = tensors()
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got 2"):
        nd_torch.scaled_dot_product_attention(query, key, value, dropout_p=2.0)
    with pytest.raises(RuntimeError, match="attn_mask and is_causal: expected one of them"):
        nd_torch.scaled_dot_product_attention(query, key, value, torch.ones(5, 6), 0.5, True)


OPTIONS = {
    "plain": {},
    "batch first": {"batch_first": True},
    "no bias": {"bias": False},
    "other widths": {"kdim": 5, "vdim": 7},
    "bias of keys": {"add_bias_kv": True},
    "zero key": {"add_zero_attn": True},
}


@pytest.fixture(params=OPTIONS)
def pair(request):
    """Return our module, PyTorch's with the same parameters, and query, key and value."""
    options = OPTIONS[request.param]
    ours = nd_torch.MultiheadAttention(8, 2, 0.4, **options)
    their = nn.MultiheadAttention(8, 2, 0.4, **options)
    their.load_state_dict(ours.state_dict())
    generator = torch.Generator().manual_seed(1)
    sizes = (5, 8), (6, options.get("kdim", 8)), (6, options.get("vdim", 8))
    inputs = [torch.randn(length, 3, width, generator=generator) for length, width in sizes]
    return ours, their, [x.transpose(0, 1) for x in inputs] if ours.batch_first else inputs


CALLS = {
    "plain": {},
    "no weights": {"need_weights": False},
    "weights of heads": {"average_attn_weights": False},
    "mask": {"attn_mask": torch.randn(5, 6, generator=torch.Generator().manual_seed(2))},
    "booleans": {"attn_mask": torch.arange(5)[:, None] < torch.arange(6)},
    "mask of each head": {"attn_mask": torch.randn(6, 5, 6, generator=torch.Generator().manual_seed(2))},
    "padding": {"key_padding_mask": torch.tensor([[False] * 4 + [True] * 2] * 3)},
}


@pytest.mark.parametrize("options", CALLS.values(), ids=CALLS)
def test_module(pair, options):
    """The same seed of PyTorch's generator gives PyTorch's module the same masks, while our dropout is installed."""
    ours, their, inputs = pair
    torch.manual_seed(3)
    y, weights = ours(*inputs, **options)
    torch.manual_seed(3)
    with nd_torch.installed():
        expected, right = their(*inputs, **options)
    torch.testing.assert_close(y, expected)
    assert (weights is None) == (right is None)
    if weights is not None:
        assert (right == 0).any()
        torch.testing.assert_close(weights, right)
    y.square().sum().backward()
    expected.square().sum().backward()
    for found, parameter in zip(ours.parameters(), their.parameters(), strict=True):
        torch.testing.assert_close(found.grad, parameter.grad)
    for module in (ours, their):
        module.eval()
    assert torch.equal(ours(*inputs, **options)[0], their(*inputs, **options)[0])


def test_inputs_without_a_batch(pair):
    ours, their, inputs = pair
    single = [x[0] if ours.batch_first else x[:, 0] for x in inputs]
    padding = torch.tensor([False] * 5 + [True])
    torch.manual_seed(3)
    found = ours(*single, key_padding_mask=padding)
    torch.manual_seed(3)
    with nd_torch.installed():
        expected = their(*single, key_padding_mask=padding)
    for each, right in zip(found, expected, strict=True):
        torch.testing.assert_close(each, right)


def test_masks_of_a_generator():
    module = nd_torch.MultiheadAttention(8, 2, 0.4, masks=MaskGenerator(seed=1))
    x = torch.randn(5, 3, 8)
    other = copy.deepcopy(module)
    first = module(x, x, x)[0]
    assert torch.equal(first, module(x, x, x)[0])
    module.masks.advance()
    assert not torch.equal(first, module(x, x, x)[0])
    other.load_state_dict(module.state_dict())
    assert torch.equal(other(x, x, x)[0], module(x, x, x)[0])


def test_compiled():
    torch.compiler.reset()
    module = nd_torch.MultiheadAttention(8, 2, 0.4, masks=MaskGenerator(seed=1))
    x = torch.randn(5, 3, 8, requires_grad=True)
    y = torch.compile(module, fullgraph=True, backend="aot_eager")(x, x, x)[0]
    torch.testing.assert_close(y, module(x, x, x)[0])
    y.sum().backward()
    assert x.grad.abs().sum() > 0


def test_refused_options():
    with pytest.raises(ValueError, match="dropout probability has to be between 0 and 1, but got 2"):
        nd_torch.MultiheadAttention(8, 2, 2.0)
    module = nd_torch.MultiheadAttention(8, 2, 0.4)
    x = torch.randn(5, 3, 8)
    with pytest.raises(RuntimeError, match="Need attn_mask if specifying the is_causal hint"):
        module(x, x, x, is_causal=True)


def test_queries_that_see_no_key():
    module = nd_torch.MultiheadAttention(8, 2, 0.4)
    x = torch.randn(5, 3, 8)
    y, weights = module(x, x, x, attn_mask=torch.full((5, 5), -math.inf))
    assert not weights.any()
    assert torch.isfinite(y).all()
