"""The replacement of a model's dropout modules by those of this package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import nn

from ..core.errors import InputError
from ..layers.mask_generator import MaskGenerator
from . import modules
from .attention import MultiheadAttention
from .masked import Masked

__all__ = ["Replacement", "replace_dropout"]

# The modules of other libraries, by their full names, with the arguments of those that replace them.
REPLACEMENTS: dict[str, tuple[type[Masked], Callable[[Any], dict[str, Any]]]] = {
    **{
        f"torch.nn.modules.dropout.{name}": (
            getattr(modules, name),
            lambda module: {"p": module.p, "inplace": module.inplace},
        )
        for name in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
    },
    "torchvision.ops.stochastic_depth.StochasticDepth": (
        modules.StochasticDepth,
        lambda module: {"p": module.p, "mode": module.mode},
    ),
    "torchvision.ops.drop_block.DropBlock2d": (
        modules.DropBlock2d,
        lambda module: {
            "p": module.p,
            "block_size": module.block_size,
            "inplace": module.inplace,
            "eps": module.eps,
        },
    ),
}
# Modules with a rate of dropout that is no module.
INSIDE = {nn.MultiheadAttention: "attention's dropout", nn.RNNBase: "dropout between the layers"}


class Replacement(NamedTuple):
    """The result of `replace_dropout`: the number of replaced modules, and what was left, a line each."""

    replaced: int
    left: list[str]


def replace_dropout(model: nn.Module, *, masks: MaskGenerator | None = None) -> Replacement:
    """Replace all dropout modules of a model in place, and return their number and what was left.

    Replaced are PyTorch's modules and torchvision's `StochasticDepth` and `DropBlock2d`. `nn.MultiheadAttention` with
    dropout becomes this package's, with the same parameters. Subclasses, dropout modules with hooks, and dropout inside
    recurrent networks and functions are left. `install` reaches these.

    Parameters
    ----------
    model : torch.nn.Module
    masks : MaskGenerator, optional
        As in `Dropout`. Each module takes a site, in the order of `model.named_modules()`.

    Raises
    ------
    ValueError
        The model is a dropout module itself, which cannot be replaced in place.

    Examples
    --------
    >>> from torch.nn import LSTM, Dropout, Linear, Sequential
    >>> model = Sequential(Linear(4, 4), Dropout(0.3), LSTM(4, 4, 2, dropout=0.1))
    >>> replace_dropout(model)
    Replacement(replaced=1, left=['2: dropout between the layers'])
    >>> model[1]
    Dropout(p=0.3, inplace=False)
    """
    if _name(model) in REPLACEMENTS:
        raise InputError(f"model: expected a module that contains dropout modules, got {type(model).__name__} itself")
    replaced: dict[nn.Module, nn.Module] = {}
    attentions = 0
    left: list[str] = []
    for path, module in list(model.named_modules()):
        if _name(module) in REPLACEMENTS:
            if _has_hooks(module):
                left.append(f"{path}: {type(module).__name__} with hooks")
            else:
                kind, arguments = REPLACEMENTS[_name(module)]
                replaced[module] = kind(**arguments(module), masks=masks).train(module.training)
        elif type(module) is nn.MultiheadAttention and module.dropout:
            module.__class__ = MultiheadAttention  # it has the same parameters, and may have hooks
            module._use(masks)
            attentions += 1
        elif isinstance(module, nn.modules.dropout._DropoutNd) and not isinstance(module, Masked):
            left.append(f"{path}: {type(module).__name__}, a subclass")
        elif not isinstance(module, Masked):
            left.extend(
                f"{path}: {what}" for kind, what in INSIDE.items() if isinstance(module, kind) and module.dropout
            )
    for module in list(model.modules()):
        for name, child in module._modules.items():  # named_children leaves out repetitions
            if child in replaced:
                setattr(module, name, replaced[child])
    return Replacement(len(replaced) + attentions, left)


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _has_hooks(module: nn.Module) -> bool:
    """Return whether a module has hooks, which a replacement would lose."""
    return any(value for name, value in vars(module).items() if name.endswith("_hooks"))
