"""PyTorch, as it is and compiled."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ..cases import LR, MOMENTUM, RATES, Case, P
from . import _checks, _inputs
from ._timed import Timed

__all__ = ["CONTESTANTS", "PAIRS", "SIZES_OF_MEMORY", "VERSIONS", "settle"]

VERSIONS = {"torch": torch.__version__}


def settle(threads: int, dtype: str) -> None:
    """Use so many threads."""
    torch.set_num_threads(threads)
    torch.manual_seed(1)


# ---------------------------------------------------------------- kernels


def _dropout(case: Case) -> dict[str, Timed]:
    given = _inputs.positive(case)
    x = torch.from_numpy(given)

    def dropout(x: Any) -> Any:
        return functional.dropout(x, P, training=True)

    result = {}
    for name, function in (("torch", dropout), ("torch.compile", torch.compile(dropout, dynamic=False))):
        call = functools.partial(function, x)
        result[name] = Timed(call, "peer", lambda call=call: _checks.dropped(call().numpy(), given, P))  # type: ignore[misc]
    return {**result, **_copy(case)}


def _copy(case: Case) -> dict[str, Timed]:
    x = torch.from_numpy(_inputs.positive(case))
    out = torch.zeros_like(x)
    return {"copy, torch copy_": Timed(lambda: out.copy_(x), "limit")}


def _product(form: str) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        left, right = _inputs.factors(form, *_inputs.layer(case))
        out = torch.zeros((left.shape[0], right.shape[1]), dtype=getattr(torch, case.dtype))
        given = torch.from_numpy(left), torch.from_numpy(right)

        def call() -> Any:
            return torch.mm(*given, out=out)

        return {"torch.mm": Timed(call, "peer", lambda: _checks.product(call().numpy(), left, right))}

    return contestants


def _linear_relu_dropout(case: Case) -> dict[str, Timed]:
    x, weight, _ = _inputs.layer(case)
    tensors = (
        torch.from_numpy(x),
        torch.from_numpy(weight),
        torch.zeros(weight.shape[0], dtype=getattr(torch, case.dtype)),
    )

    def layer(x: Any, weight: Any, bias: Any) -> Any:
        return functional.dropout(functional.relu(functional.linear(x, weight, bias)), RATES[0], training=True)

    result = {}
    for name, function in (("torch", layer), ("torch.compile", torch.compile(layer, dynamic=False))):
        call = functools.partial(function, *tensors)
        check = lambda call=call: _checks.hidden(call().numpy(), x, weight, RATES[0])  # noqa: E731
        result[f"{name}, linear + relu + dropout"] = Timed(call, "peer", check)
    return result


# ---------------------------------------------------------------- training


def _model(case: Case, dropout: bool = True) -> Any:
    units = case.shape[:-1]
    layers: list[Any] = [torch.nn.Dropout(RATES[1])] if dropout else []
    for inputs, outputs in itertools.pairwise(units[:-1]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
        layers += [torch.nn.Dropout(RATES[0])] if dropout else []
    layers.append(torch.nn.Linear(units[-2], units[-1]))
    return torch.nn.Sequential(*layers).to(getattr(torch, case.dtype))


def _one_step(case: Case, dropout: bool = True, compiled: bool = False) -> Callable[[], float]:
    model = _model(case, dropout)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, fused=True)
    x, y = map(torch.from_numpy, _inputs.batch(case))

    def loss_of(x: Any, y: Any) -> Any:
        return functional.cross_entropy(model(x), y)

    if compiled:
        loss_of = torch.compile(loss_of, dynamic=False)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(x, y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def _step(case: Case) -> dict[str, Timed]:
    eager, compiled = _one_step(case), _one_step(case, compiled=True)
    return {
        "torch": Timed(eager, "peer", _checks.learns(eager)),
        "torch.compile": Timed(compiled, "peer", _checks.learns(compiled)),
    }


def _pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    return {"torch": (_one_step(case), _one_step(case, dropout=False))}


def _memory(case: Case) -> dict[str, int]:
    """Return bytes kept for backward: those of masks, and all, less those that are kept without dropout."""
    with_dropout, without = _saved(case, True), _saved(case, False)
    masks = 0
    for tensor in with_dropout.values():
        values = set(torch.unique(tensor).tolist()) if tensor.is_floating_point() else {-1}
        if tensor.dtype is torch.bool or (len(values) == 2 and min(values) == 0):  # 0 and the scale
            masks += tensor.untyped_storage().nbytes()
    kept, bare = (sum(t.untyped_storage().nbytes() for t in saved.values()) for saved in (with_dropout, without))
    return {"torch, masks": masks, "torch, all that dropout adds": kept - bare}


def _saved(case: Case, dropout: bool) -> dict[int, Any]:
    """Return the tensors that are kept for backward, one for each memory."""
    found: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    model = _model(case, dropout)
    x, y = map(torch.from_numpy, _inputs.batch(case))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = functional.cross_entropy(model(x), y)
    loss.backward()
    return found


CONTESTANTS = {
    "dropout": _dropout,
    "dropout_backward": _copy,
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    "linear_relu_dropout": _linear_relu_dropout,
    "step": _step,
}
PAIRS = {"dropout_adds": _pairs}
SIZES_OF_MEMORY = {"memory": _memory}
