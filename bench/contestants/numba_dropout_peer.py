"""numba-dropout's operations, and the limits of the hardware."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable
from typing import Any

import numpy as np

import numba_dropout as nd
from numba_dropout.experiments import environment

from ..cases import ACTIVATIONS, LR, MOMENTUM, RATES, Case, P, step_operations, steps_in_a_call
from . import _checks, _inputs
from ._allocations import array_bytes, peak_bytes
from ._target import Device, Host
from ._timed import Timed

__all__ = ["CONTESTANTS", "MEMORY", "PAIRS", "VERSIONS", "configure"]

NAME = "numba-dropout"
VERSIONS = {
    "numba-dropout": nd.__version__,
    **{name: importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")},
}


Check = Callable[[Any, Any, float], None]  # arguments: a result, the input, and the rate

_target = Host()


def configure(threads: int, dtype: str, device: str = "cpu") -> None:
    """Set the number of threads, or the device."""
    global _target
    environment.set_threads(threads)
    _target = Host() if device == "cpu" else Device(device)


# ---------------------------------------------------------------- kernels


def _dropout(operation: Callable[..., Any], check: Check = _checks.dropped) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        host_x = _inputs.positive(case)
        x, out = _target.to_device(host_x), _target.to_device(_inputs.aligned(case.shape, case.dtype))

        def call() -> Any:
            return operation(x, P, seed=1, out=out)

        def new() -> Any:
            return operation(x, P, seed=1)

        return {
            NAME: _target.timed(call, "own", lambda: check(_target.to_host(call()), host_x, P)),
            f"{NAME}, new array": _target.timed(new, "own", lambda: check(_target.to_host(new()), host_x, P)),
            **_target.copies(x, out),
        }

    return contestants


def _mask(packed: bool) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        (n,) = case.shape
        shape, dtype = (((n + 7) // 8,), np.uint8) if packed else ((n,), np.bool_)
        out = _target.to_device(_inputs.aligned(shape, dtype))

        def call() -> Any:
            return nd.sample_mask(n, P, seed=1, packed=packed, device=_target.device, out=out)

        def check() -> None:
            mask = _target.to_host(call())
            _checks.masked(np.unpackbits(mask, count=n, bitorder="little") if packed else mask, P)

        return {NAME: _target.timed(call, "own", check)}

    return contestants


def _product(form: str) -> Callable[[Case], dict[str, Timed]]:
    """Return the contestants of a layer's product: the public function, or the kernel of one gradient."""

    def contestants(case: Case) -> dict[str, Timed]:
        arrays = _inputs.layer(case)
        left, right = _inputs.factors(form, *arrays)
        x, weight, dy = map(_target.to_device, arrays)
        out = _target.to_device(_inputs.aligned((left.shape[0], right.shape[1]), case.dtype))
        bias, one = _target.to_device(_inputs.aligned(weight.shape[:1], case.dtype)), np.dtype(case.dtype).type(1)

        def call() -> Any:
            if form == "forward":
                nd.linear(x, weight, out=out)
            elif form == "dinp":
                _target.kernels.linear_backward_input(out, dy, weight, x[:0], one)
            else:
                _target.kernels.linear_backward_weight(out, bias, dy, x)  # also the gradient of the bias
            return out

        return {
            NAME: _target.timed(call, "own", lambda: _checks.product(_target.to_host(call()), left, right)),
            **_target.peak(case.work, case.dtype),
        }

    return contestants


def _activation(name: str) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        arrays = _inputs.layer(case)
        x, weight, out = map(_target.to_device, arrays)

        def call(name: str = name) -> Any:
            return nd.linear_dropout(x, weight, None, 0.0, activation=name, seed=1, out=out)

        return {
            NAME: _target.timed(call, "own", lambda: _checks.activated(_target.to_host(call()), *arrays[:2], name)),
            f"{NAME}, identity": _target.timed(lambda: call("identity"), "own"),
        }

    return contestants


def _linear_relu_dropout(case: Case) -> dict[str, Timed]:
    arrays = _inputs.layer(case)
    x, weight, out = map(_target.to_device, arrays)
    bias, p = _target.to_device(_inputs.aligned(weight.shape[:1], case.dtype)), RATES[0]

    def call() -> Any:
        return nd.linear_relu_dropout(x, weight, bias, p, seed=1, out=out)

    return {
        NAME: _target.timed(call, "own", lambda: _checks.hidden(_target.to_host(call()), *arrays[:2], p)),
        **_target.peak(case.work, case.dtype),
    }


# ---------------------------------------------------------------- training


def _network(case: Case, dropout: bool = True, activation: str = "relu") -> tuple[nd.MLP, nd.SGD]:
    hidden, inputs = RATES if dropout else (0.0, 0.0)
    options: dict[str, Any] = {"activation": activation, "dropout": hidden, "input_dropout": inputs}
    net = nd.MLP(case.shape[:-1], **options, seed=1, dtype=case.dtype, device=_target.device)
    return net, nd.SGD(lr=LR, momentum=MOMENTUM)


def _one_step(case: Case, dropout: bool = True, activation: str = "relu") -> Callable[[], float]:
    net, optimizer = _network(case, dropout, activation)
    x, y = _inputs.batch(case)
    return lambda: net.train_step(x, y, optimizer)


def _step(case: Case) -> dict[str, Timed]:
    one = _one_step(case)
    net, optimizer = _network(case)
    steps = steps_in_a_call(case.shape)
    x, y = net.check_xy(*_inputs.batch(case, steps))
    net.train_steps(np.empty((0, 2)), x, y, np.arange(0), case.shape[-1], optimizer)
    rows, totals = np.arange(len(x)), np.empty((steps, 2))

    def many() -> float:
        net.train_steps(totals, x, y, rows, case.shape[-1], optimizer)
        return totals[:, 0].sum() / len(x)

    return {
        f"{NAME}, train_step": Timed(one, "own", _checks.learns(one)),
        f"{NAME}, fit": Timed(many, "own", _checks.learns(many, window=2), times=steps),
        **_target.peak(step_operations(case.shape), case.dtype),
    }


def _pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    return {NAME: (_one_step(case), _one_step(case, dropout=False))}


def _activation_pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    return {f"{NAME}, {name}": (_one_step(case, activation=name), _one_step(case)) for name in ACTIVATIONS}


def _subnetwork_pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    calls = []
    for hidden, variant in ((RATES[0], "subnetwork"), (0.0, "dropout")):
        shape, device = case.shape[:-1], _target.device
        net = nd.MLP(shape, dropout=hidden, seed=1, variant=variant, dtype=case.dtype, device=device)
        calls.append(functools.partial(net.train_step, *_inputs.batch(case), nd.SGD(lr=LR, momentum=MOMENTUM)))
    return {NAME: (calls[0], calls[1])}


def _memory(case: Case) -> dict[str, int]:
    """Return the bytes that dropout adds to the network's buffers, and to the allocations during a step."""
    buffers, peaks = [], []
    for dropout in (True, False):
        net, optimizer = _network(case, dropout)
        x, y = _inputs.batch(case)
        net.train_step(x, y, optimizer)
        buffers.append(array_bytes(net))
        peaks.append(peak_bytes(functools.partial(net.train_step, x, y, optimizer)))
    return {
        f"{NAME}, all its buffers": buffers[0] - buffers[1],
        f"{NAME}, allocated in a step": peaks[0] - peaks[1],
    }


CONTESTANTS = {
    "dropout": _dropout(nd.dropout),
    "dropout_backward": _dropout(nd.dropout_backward),
    "gaussian_dropout": _dropout(nd.gaussian_dropout, _checks.gaussian),
    "alpha_dropout": _dropout(nd.alpha_dropout, _checks.alpha),
    "mask": _mask(False),
    "packed_mask": _mask(True),
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    **{f"activation_{name}": _activation(name) for name in ACTIVATIONS},
    "linear_relu_dropout": _linear_relu_dropout,
    "step": _step,
    "step_shared": _step,
}
PAIRS = {"dropout_adds": _pairs, "subnetwork_adds": _subnetwork_pairs, "activation_adds": _activation_pairs}
MEMORY = {"memory": _memory}
