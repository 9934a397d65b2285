"""Training steps of PyTorch's models, with modules of dropout that are given, and dropout of a tensor."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ..cases import LR, MOMENTUM, RATES, Case, P
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["Pairs", "Step", "dropout_call", "encoder_step", "model_of", "one_step", "pairs_of"]

Step = Callable[[], float]  # a training step, which returns its loss
Pairs = dict[str, tuple[Step, Step]]  # steps, and steps to compare with
MODULES = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU, "silu": torch.nn.SiLU}


def model_of(case: Case, dropout: type[torch.nn.Module] | None = torch.nn.Dropout, activation: str = "relu") -> Any:
    """Return the case's network, with modules of dropout or without."""
    units = case.shape[:-1]
    layers: list[Any] = [dropout(RATES[1])] if dropout else []
    for inputs, outputs in itertools.pairwise(units[:-1]):
        layers += [torch.nn.Linear(inputs, outputs), MODULES[activation]()]
        layers += [dropout(RATES[0])] if dropout else []
    layers.append(torch.nn.Linear(units[-2], units[-1]))
    return torch.nn.Sequential(*layers).to(getattr(torch, case.dtype))


def one_step(
    case: Case,
    dropout: type[torch.nn.Module] | None = torch.nn.Dropout,
    activation: str = "relu",
    compiled: bool = False,
    autocast: bool = False,
    device: str = "cpu",
) -> Step:
    """Return a training step of the case's network, with modules of dropout or without."""
    model = model_of(case, dropout, activation).to(device)
    x, y = (torch.from_numpy(array).to(device) for array in _inputs.batch(case))

    def evaluate_loss(x: Any, y: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            return functional.cross_entropy(model(x), y)

    return _training(model, evaluate_loss, (x, y), compiled)


def pairs_of(case: Case, name: str, dropout: type[torch.nn.Module]) -> Pairs:
    """Return pairs of steps with and without dropout, for one of the cases of models of PyTorch."""
    options: dict[str, Any] = {
        "compiled": case.kind == "torch_compiled_adds",
        "autocast": case.kind == "torch_autocast_adds",
    }
    return {name: (one_step(case, dropout, **options), one_step(case, None, **options))}


def encoder_step(case: Case, p: float) -> Step:
    """Return a training step of a transformer encoder with a rate of dropout."""
    rows, length, width, layers = case.shape
    layer = torch.nn.TransformerEncoderLayer(width, 8, 4 * width, p, batch_first=True)
    model = torch.nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
    generator = torch.Generator().manual_seed(1)
    x, y = (torch.randn(rows, length, width, generator=generator) for _ in range(2))
    return _training(model, lambda x, y: functional.mse_loss(model(x), y), (x, y))


def dropout_call(case: Case, function: Callable[..., Any]) -> Timed:
    """Return dropout of a tensor, forward and backward."""
    x = torch.from_numpy(_inputs.positive(case)).requires_grad_()
    dy = torch.ones_like(x)

    def call() -> Any:
        y = function(x, P, True)
        return y, torch.autograd.grad(y, x, dy)[0]

    def check() -> None:
        y, dx = call()
        _checks.dropped(y.detach().numpy(), x.detach().numpy(), P)
        if not torch.allclose(y / x, dx):
            raise ValueError("the gradient has another mask than the values")

    return Timed(call, "peer", check)


def _training(model: Any, evaluate_loss: Callable[..., Any], data: tuple[Any, Any], compiled: bool = False) -> Step:
    """Return a step of SGD that returns the loss of a model."""
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, fused=True)

    if compiled:
        evaluate_loss = torch.compile(evaluate_loss, dynamic=False)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = evaluate_loss(*data)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step
