"""The replacement of a model's dropout modules."""

import pytest
import torch
from torch import nn

from numba_dropout import MaskGenerator
from numba_dropout import torch as nd_torch
from numba_dropout.torch import replace_dropout


class OwnAttention(nn.MultiheadAttention):
    """A subclass, which may have a forward of its own."""


class Own(nn.Dropout):
    """A subclass with a forward of its own."""

    def forward(self, input):
        return input


def test_all_kinds():
    names = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
    model = nn.Sequential(*(getattr(nn, name)(0.2, inplace=True) for name in names)).eval()
    before = repr(model)
    assert replace_dropout(model) == (6, [])
    assert repr(model) == before
    assert [type(module) for module in model] == [getattr(nd_torch, name) for name in names]
    assert not any(module.training for module in model)
    assert replace_dropout(model) == (0, [])


def test_transformer():
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.1, batch_first=True), 2)
    before, x = dict(model.named_parameters()), torch.randn(2, 5, 8)
    expected = model.eval()(x)
    assert replace_dropout(model) == (8, [])
    assert all(parameter is before[name] for name, parameter in model.named_parameters())
    assert all(isinstance(layer.self_attn, nd_torch.MultiheadAttention) for layer in model.layers)
    assert torch.equal(model(x), expected)
    assert not torch.equal(model.train()(x), model(x))
    assert replace_dropout(model) == (0, [])


def test_what_is_left():
    hooked = nn.Dropout(0.1)
    hooked.register_forward_hook(lambda *arguments: None)
    modules = {"own": Own(), "hooked": hooked, "rnn": nn.LSTM(2, 2, 2, dropout=0.1), "gru": nn.GRU(2, 2)}
    attentions = {"none": nn.MultiheadAttention(2, 1), "subclass": OwnAttention(2, 1, 0.1)}
    count, left = replace_dropout(nn.ModuleDict({**modules, **attentions}))
    assert count == 0
    assert left == [
        "own: Own, a subclass",
        "hooked: Dropout with hooks",
        "rnn: dropout between the layers",
        "subclass: attention's dropout",
    ]


def test_shared_modules_stay_shared():
    shared = nn.Dropout(0.3)
    model = nn.Sequential(shared, nn.Linear(2, 2), shared, nn.Sequential(shared))
    assert replace_dropout(model).replaced == 1
    assert model[0] is model[2] is model[3][0]


def test_masks():
    masks = MaskGenerator(seed=1)
    model = nn.Sequential(nn.Dropout(0.3), nn.Sequential(nn.Dropout(0.3)), nn.MultiheadAttention(2, 1, 0.1))
    replace_dropout(model, masks=masks)
    assert (model[0].site, model[1][0].site, model[2].site, masks.sites) == (0, 1, 2, 3)
    x = torch.ones(100)
    assert torch.equal(model[0](x), model[0](x))


def test_a_dropout_module_itself():
    with pytest.raises(ValueError, match="model: expected a module that contains dropout modules, got Dropout itself"):
        replace_dropout(nn.Dropout(0.5))


class StochasticDepth(nn.Module):
    """What torchvision's module has."""

    __module__ = "torchvision.ops.stochastic_depth"

    def __init__(self):
        super().__init__()
        self.p, self.mode = 0.2, "row"


class DropBlock2d(nn.Module):
    """What torchvision's module has."""

    __module__ = "torchvision.ops.drop_block"

    def __init__(self):
        super().__init__()
        self.p, self.block_size, self.inplace, self.eps = 0.3, 3, False, 1e-6


def test_modules_of_torchvision():
    model = nn.Sequential(StochasticDepth(), DropBlock2d())
    assert replace_dropout(model) == (2, [])
    assert [repr(module) for module in model] == [
        "StochasticDepth(p=0.2, mode=row)",
        "DropBlock2d(p=0.3, block_size=3, inplace=False)",
    ]
