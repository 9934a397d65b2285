"""Modules beside PyTorch's, and their state."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

from numba_dropout import MaskGenerator
from numba_dropout import torch as nd_torch

SAME = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
MODULES = {
    **{
        name: lambda name=name, **options: getattr(nd_torch, name)(0.3, **options)
        for name in (*SAME, "GaussianDropout")
    },
    "StochasticDepth": lambda **options: nd_torch.StochasticDepth(0.3, "row", **options),
    "DropBlock2d": lambda **options: nd_torch.DropBlock2d(0.3, 2, **options),
    "LinearReLUDropout": lambda **options: nd_torch.LinearReLUDropout(5, 5, p=0.3, **options),
}
modules = pytest.mark.parametrize("make", MODULES.values(), ids=MODULES)


def input_of(module):
    """Return an input that a module takes."""
    return (
        torch.randn(8, 6, 4, 5, 5)
        if isinstance(module, nd_torch.Dropout3d)
        else (torch.randn(8, 6, 5) if isinstance(module, nd_torch.Dropout1d) else torch.randn(8, 6, 5, 5))
    )


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("arguments", [(), (0.2,), (0.2, True)])
def test_arguments_and_texts_of_pytorch(name, arguments):
    ours, theirs = getattr(nd_torch, name)(*arguments), getattr(nn, name)(*arguments)
    assert repr(ours) == repr(theirs)
    assert (ours.p, ours.inplace, ours.training) == (theirs.p, theirs.inplace, theirs.training)
    assert ours.state_dict() == theirs.state_dict() == {}


@pytest.mark.parametrize("name", [*SAME, "GaussianDropout", "LinearReLUDropout"])
@pytest.mark.parametrize("p", [-0.5, 2])
def test_probability_out_of_range(name, p):
    arguments = (2, 2) if name == "LinearReLUDropout" else ()
    with pytest.raises(ValueError, match=f"dropout probability has to be between 0 and 1, but got {p}"):
        getattr(nd_torch, name)(*arguments, p=p)


def test_other_arguments():
    with pytest.raises(ValueError, match="mode: expected 'batch' or 'row', got 'all'"):
        nd_torch.StochasticDepth(0.5, "all")
    with pytest.raises(ValueError, match="block_size: expected an integer from 1"):
        nd_torch.DropBlock2d(0.5, 0)
    with pytest.raises(TypeError, match="masks: expected a MaskGenerator or None, got int"):
        nd_torch.Dropout(0.5, masks=3)


@modules
def test_training_and_evaluation(make):
    module = make()
    x = input_of(module)
    assert not torch.equal(module(x), module(x))
    assert torch.equal(module.eval()(x), module(x))
    if not isinstance(module, nd_torch.LinearReLUDropout):
        assert module(x) is x


@modules
@pytest.mark.parametrize("masked", [False, True])
def test_copies(make, masked):
    module = make(masks=MaskGenerator(seed=2**63 + 1, step=4)) if masked else make()
    x = input_of(module)
    for copied in (copy.deepcopy(module), pickle.loads(pickle.dumps(module))):
        results = []
        for each in (module, copied):
            torch.manual_seed(3)
            results.append(each(x))
        assert torch.equal(*results)


def model(masks):
    """Return a small model with two sites."""
    return nn.Sequential(
        nn.Linear(4, 8), nd_torch.Dropout(0.5, masks=masks), nd_torch.LinearReLUDropout(8, 8, p=0.2, masks=masks)
    )


def test_resumed_training_goes_on_bit_for_bit():
    torch.manual_seed(0)
    masks = MaskGenerator(seed=2**64 - 1)
    whole, x = model(masks), torch.randn(16, 4)
    optimizer = torch.optim.SGD(whole.parameters(), 0.1)

    def train(module, optimizer, masks, steps):
        for _ in range(steps):
            optimizer.zero_grad()
            module(x).square().sum().backward()
            optimizer.step()
            masks.advance()

    train(whole, optimizer, masks, 3)
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    train(whole, optimizer, masks, 3)

    file.seek(0)
    other_masks = MaskGenerator(seed=1)
    other = model(other_masks)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert (other_masks.seed, other_masks.step) == (2**64 - 1, 3)
    train(other, torch.optim.SGD(other.parameters(), 0.1), other_masks, 3)
    for ours, expected in zip(other.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, expected)


def test_states_without_and_with_masks():
    plain, masked = model(None), model(MaskGenerator(seed=1))
    assert set(masked.state_dict()) - set(plain.state_dict()) == {"1.masks", "2.masks"}
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "1.masks", "2.masks"'):
        masked.load_state_dict(plain.state_dict())
    with pytest.raises(RuntimeError, match=r'Unexpected key\(s\) in state_dict: "1.masks", "2.masks"'):
        plain.load_state_dict(masked.state_dict())
    state = dict(masked.state_dict())
    masked.load_state_dict(state)
    assert "1.masks" in state
    assert masked.load_state_dict(plain.state_dict(), strict=False).missing_keys == ["1.masks", "2.masks"]
