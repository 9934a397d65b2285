"""PyTorch, eager and compiled."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ..cases import ACTIVATIONS, ENCODER_P, LR, MOMENTUM, RATES, Case, P, steps_in_a_call
from . import _checks, _inputs
from ._timed import Timed, queued
from ._torch_saved import kept_by_dropout
from ._torch_steps import MODULES, Pairs, Step, dropout_call, encoder_step, model_of, one_step, pairs_of

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]

VERSIONS = {"torch": torch.__version__}

_device = "cpu"


def configure(threads: int, dtype: str, device: str = "cpu") -> None:
    """Set the number of threads or the device. Matrix products use float32, not TF32."""
    global _device
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    _device = device
    if device != "cpu":
        torch.cuda.set_device(device)
    torch.backends.cuda.matmul.allow_tf32 = False


def _to_device(array: Any) -> Any:
    return torch.from_numpy(array).to(_device)


def _timed(call: Callable[[], Any], role: str, check: Callable[[Any], None] = lambda result: None) -> Timed:
    """Return a timed call. check(values) gets the result as an array."""

    def checked() -> None:
        check(call().cpu().numpy())

    return Timed(call, role, checked) if _device == "cpu" else queued(call, torch.cuda.synchronize, role, checked)


# ---------------------------------------------------------------- kernels


def _both(operation: Callable[..., Any], arrays: Any, check: Callable[[Any], None], of: str = "") -> dict[str, Timed]:
    """Return the contestants of an operation on arrays, eager and compiled."""
    tensors, compiled = tuple(map(_to_device, arrays)), torch.compile(operation, dynamic=False)
    return {
        f"{name}{of}": _timed(functools.partial(function, *tensors), "peer", check)
        for name, function in (("torch", operation), ("torch.compile", compiled))
    }


def _elementwise(case: Case, operation: Callable[..., Any], check: Callable[..., None]) -> dict[str, Timed]:
    """Return the contestants of an elementwise operation, eager and compiled."""
    x = _inputs.positive(case)
    return {**_both(operation, (x,), lambda values: check(values, x, P)), **_copy(case)}


def _gaussian_dropout(case: Case) -> dict[str, Timed]:
    deviation = (P / (1 - P)) ** 0.5
    return _elementwise(case, lambda x: x * (1 + deviation * torch.randn_like(x)), _checks.gaussian)


def _alpha_dropout(case: Case) -> dict[str, Timed]:
    return _elementwise(case, lambda x: functional.alpha_dropout(x, P, training=True), _checks.alpha)


def _dropout(case: Case) -> dict[str, Timed]:
    result = _elementwise(case, lambda x: functional.dropout(x, P, training=True), _checks.dropped)
    x = _to_device(_inputs.positive(case))
    if _device != "cpu":
        native = functools.partial(torch.native_dropout, x, P, True)
        result["torch.native_dropout"] = _timed(lambda: native()[0], "peer")
    return result


def _copy(case: Case) -> dict[str, Timed]:
    x = _to_device(_inputs.positive(case))
    out = torch.zeros_like(x)
    return {"copy, torch copy_": _timed(lambda: out.copy_(x), "limit")}


def _product(form: str) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        left, right = _inputs.factors(form, *_inputs.layer(case))
        out = torch.zeros((left.shape[0], right.shape[1]), dtype=getattr(torch, case.dtype), device=_device)
        call = functools.partial(torch.mm, _to_device(left), _to_device(right), out=out)
        return {"torch.mm": _timed(call, "peer", functools.partial(_checks.product, left=left, right=right))}

    return contestants


def _layer(case: Case, activation: Any, p: float, check: Callable[..., None], of: str = "") -> dict[str, Timed]:
    """Return the contestants of a hidden layer."""
    x, weight, _ = _inputs.layer(case)

    def layer(x: Any, weight: Any, bias: Any) -> Any:
        y = activation(functional.linear(x, weight, bias))
        return functional.dropout(y, p, training=True) if p else y

    bias = _inputs.aligned(weight.shape[:1], case.dtype)
    return _both(layer, (x, weight, bias), functools.partial(check, x=x, weight=weight), of)


def _activation(name: str) -> Callable[[Case], dict[str, Timed]]:
    return lambda case: _layer(case, MODULES[name](), 0.0, functools.partial(_checks.activated, name=name))


def _linear_relu_dropout(case: Case) -> dict[str, Timed]:
    check = functools.partial(_checks.hidden, p=RATES[0])
    return _layer(case, functional.relu, RATES[0], check, ", linear + relu + dropout")


# ---------------------------------------------------------------- training


def _one_step(case: Case, **options: Any) -> Step:
    return one_step(case, device=_device, **options)


def _graph(case: Case) -> Callable[[], float]:
    """Return a function that runs many steps as a CUDA graph on different batches and reads back one loss."""
    model = model_of(case).to(_device)
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, fused=True)
    steps, rows = steps_in_a_call(case.shape), case.shape[-1]
    data, classes = map(_to_device, _inputs.batch(case, steps))
    x, y = data[:rows].clone(), classes[:rows].clone()

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def many() -> float:
        for start in range(0, len(data), rows):
            x.copy_(data[start : start + rows])
            y.copy_(classes[start : start + rows])
            graph.replay()
        return loss.item()

    return many


def _step(case: Case) -> dict[str, Timed]:
    eager, compiled = _one_step(case), _one_step(case, compiled=True)
    result = {
        "torch": Timed(eager, "peer", _checks.learns(eager)),
        "torch.compile": Timed(compiled, "peer", _checks.learns(compiled)),
    }
    if _device != "cpu":
        graph = _graph(case)
        check = _checks.learns(graph, window=2)
        result["torch, CUDA graph"] = Timed(graph, "peer", check, times=steps_in_a_call(case.shape))
    return result


def _pairs(case: Case) -> Pairs:
    return {"torch": (_one_step(case), _one_step(case, dropout=None))}


def _pairs_in_torch(case: Case) -> Pairs:
    return pairs_of(case, "torch", torch.nn.Dropout)


def _encoder_pairs(case: Case) -> Pairs:
    return {"torch": (encoder_step(case, ENCODER_P), encoder_step(case, 0.0))}


def _small_dropout(case: Case) -> dict[str, Timed]:
    return {"torch": dropout_call(case, functional.dropout)}


def _activation_pairs(case: Case) -> Pairs:
    return {f"torch, {name}": (_one_step(case, activation=name), _one_step(case)) for name in ACTIVATIONS}


def _memory(case: Case) -> dict[str, int]:
    return kept_by_dropout(case, "torch", torch.nn.Dropout)


CONTESTANTS = {
    "dropout": _dropout,
    "dropout_backward": _copy,
    "gaussian_dropout": _gaussian_dropout,
    "alpha_dropout": _alpha_dropout,
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    **{f"activation_{name}": _activation(name) for name in ACTIVATIONS},
    "linear_relu_dropout": _linear_relu_dropout,
    "step": _step,
    "step_shared": _step,
    "torch_dropout": _small_dropout,
}
PAIRS = {
    "dropout_adds": _pairs,
    "activation_adds": _activation_pairs,
    "torch_adds": _pairs_in_torch,
    "torch_autocast_adds": _pairs_in_torch,
    "torch_compiled_adds": _pairs_in_torch,
    "torch_encoder_adds": _encoder_pairs,
}
MEMORY = {"memory": _memory, "torch_memory": _memory}
