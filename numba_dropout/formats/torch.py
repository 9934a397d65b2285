"""Conversion of networks to and from PyTorch's `torch.nn.Sequential`, with their weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import InputError, missing
from ..nn.mlp import MLP
from ..storage.sequential import modules, names

__all__ = ["from_sequential", "to_sequential"]


def to_sequential(net: MLP) -> Any:
    """Return the `torch.nn.Sequential` equivalent to `forward`, with copies of the weights, on the CPU.

    Its input is `net.standardized(x)`, and its output that of `forward`: logits, standardized values, or logarithms of
    rates. In training mode its Dropout uses PyTorch's random numbers.

    Raise ValueError for dropout without a module in PyTorch: a variant other than "dropout" and "alpha", or a rate for
    each unit.

    Examples
    --------
    >>> from numba_dropout.formats import torch
    >>> torch.to_sequential(nd.MLP([5, 8, 3], dropout=0.3))
    Sequential(
      (0): Linear(in_features=5, out_features=8, bias=True)
      (1): ReLU()
      (2): Dropout(p=0.3, inplace=False)
      (3): Linear(in_features=8, out_features=3, bias=True)
    )
    """
    torch = _library()
    dropout = {"dropout": torch.nn.Dropout, "alpha": torch.nn.AlphaDropout}.get(net.variant)
    if dropout is None or any(np.ndim(rate) for rate in net.rates):
        raise InputError(
            f"to_sequential: expected variant dropout or alpha and one rate for each layer, got variant {net.variant}"
            + ("" if dropout is None else " with a rate for each unit")
        )
    layers = []
    for kind, value in modules(net.choices()):
        if kind == "linear":
            dtype = getattr(torch, net.dtype.name)
            layers.append(torch.nn.Linear(net.sizes[value], net.sizes[value + 1], dtype=dtype))
        else:
            layers.append(dropout(value) if kind == "dropout" else _module(kind, torch.nn))
    result = torch.nn.Sequential(*layers)
    renamed = names(net.choices())
    state = {renamed[name]: torch.from_numpy(np.array(value)) for name, value in net.weights().items()}
    result.load_state_dict(state)
    return result


def from_sequential(model: Any, **options: Any) -> MLP:
    """Return the network equivalent to a `torch.nn.Sequential`, with copies of its weights.

    model : Linear modules with activations of `MLP` between them, and Dropout or AlphaDropout before any of them. A
    missing bias is 0.
    options : options of `MLP` except sizes, activations and rates, which come from the model: loss, seed, device, ...

    Raise ValueError for another module or another order.

    Examples
    --------
    >>> from numba_dropout.formats import torch
    >>> net = torch.from_sequential(torch.to_sequential(nd.MLP([5, 8, 3], activation="gelu", dropout=0.3)))
    >>> net.sizes, net.activation, net.dropout
    ([5, 8, 3], ['gelu'], [0.3])
    """
    torch = _library()
    if not isinstance(model, torch.nn.Sequential):
        raise TypeError(f"model: expected a torch.nn.Sequential, got {type(model).__name__}")
    linears, activations, rates, variants, rate, active = [], [], [], set(), 0.0, True
    for index, module in enumerate(model):
        name, activation = f"model[{index}]: {type(module).__name__}", _name_of(module, torch.nn)
        if isinstance(module, (torch.nn.Dropout, torch.nn.AlphaDropout)):
            if rate or not active:
                raise InputError(f"{name}: expected one Dropout, after an activation or at the beginning")
            rate = float(module.p)
            variants.add("alpha" if isinstance(module, torch.nn.AlphaDropout) else "dropout")
            if len(variants) > 1:
                raise InputError(f"{name}: expected Dropout or AlphaDropout in the whole model, got both")
        elif activation:
            if active or rate:
                raise InputError(f"{name}: expected an activation right after a Linear")
            active = True
            activations.append(activation)
        elif isinstance(module, torch.nn.Linear):
            if not active:
                raise InputError(f"{name}: expected an activation between two Linear")
            linears.append(module)
            rates.append(rate)
            rate, active = 0.0, False
        else:
            raise InputError(f"{name}: expected Linear, Dropout or an activation of MLP with its default options")
    if not linears or active:
        raise InputError("model: expected a Linear at the end")
    sizes = [linears[0].in_features, *(module.out_features for module in linears)]
    dtype = "float64" if linears[0].weight.dtype == torch.float64 else "float32"
    options = {"dtype": dtype, **({"variant": variants.pop()} if variants else {}), **options}
    net = MLP(sizes, **options, activation=activations, input_dropout=rates[0], dropout=rates[1:])
    state = {}
    for layer, module in enumerate(linears):
        state[f"{layer}.weight"] = _values(module.weight)
        state[f"{layer}.bias"] = np.zeros(sizes[layer + 1], dtype) if module.bias is None else _values(module.bias)
    net.load_state_dict(state)
    return net


MODULES: dict[str, Callable[[Any], Any]] = {  # the modules of activations, from torch.nn
    "relu": lambda nn: nn.ReLU(),
    "leaky_relu": lambda nn: nn.LeakyReLU(),
    "elu": lambda nn: nn.ELU(),
    "selu": lambda nn: nn.SELU(),
    "gelu": lambda nn: nn.GELU(),
    "gelu_tanh": lambda nn: nn.GELU(approximate="tanh"),
    "silu": lambda nn: nn.SiLU(),
    "tanh": lambda nn: nn.Tanh(),
    "logistic": lambda nn: nn.Sigmoid(),
    "identity": lambda nn: nn.Identity(),
}


def _module(name: str, nn: Any) -> Any:
    """Return the module of an activation."""
    if name not in MODULES:
        raise InputError(f"activation: no module of PyTorch for {name}")
    return MODULES[name](nn)


def _name_of(module: Any, nn: Any) -> str | None:
    """Return the name of the activation that a module is, or None. Its options, except `inplace`, are the defaults."""
    for name, build in MODULES.items():
        default = build(nn)
        options = {option for option in getattr(default, "__constants__", ()) if option != "inplace"}
        same = all(getattr(module, option, None) == getattr(default, option) for option in options)
        if type(module) is type(default) and same:
            return name
    return None


def _values(tensor: Any) -> Any:
    tensor = tensor.detach().cpu()
    return (tensor if tensor.element_size() == 8 else tensor.float()).numpy()


def _library() -> Any:
    try:
        import torch
    except ImportError:
        raise InputError(missing("torch.nn.Sequential requires PyTorch", "torch", "torch")) from None
    return torch
