"""Our own operations, and the limits of the machine."""

from __future__ import annotations

import functools
import importlib.metadata
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

import numba_dropout as nd
from numba_dropout import system
from numba_dropout.kernels import cpu

from .. import limits
from ..cases import LR, MOMENTUM, RATES, Case, P, step_operations, steps_in_a_call
from . import _checks, _inputs
from ._held import held_bytes, traced_bytes
from ._timed import Timed

__all__ = ["CONTESTANTS", "PAIRS", "SIZES_OF_MEMORY", "VERSIONS", "settle"]

NAME = "numba-dropout"
VERSIONS = {name: importlib.metadata.version(name) for name in ("numba-dropout", "numba", "llvmlite", "numpy")}
STEPS = 2**18  # of a chain of multiply-adds: below a millisecond


def settle(threads: int, dtype: str) -> None:
    """Use so many threads."""
    system.set_threads(threads)


# ---------------------------------------------------------------- limits


def _copies(x: NDArray[Any], out: NDArray[Any]) -> dict[str, Timed]:
    given = (*limits.words(out, x), numba.get_num_threads())
    return {
        "copy, memcpy on all threads": Timed(lambda: limits.plain_copy(*given), "limit"),
        "copy, non-temporal": Timed(lambda: limits.nontemporal_copy(*given), "limit"),
    }


def _peak(operations: float, dtype: str) -> dict[str, Timed]:
    """Return the most multiply-adds, as if they were so many operations."""
    out = np.empty(numba.get_num_threads(), dtype)
    times = limits.operations(out, STEPS) / operations
    return {"multiply-adds in registers": Timed(lambda: limits.multiply_adds(out, STEPS), "limit", times=times)}


# ---------------------------------------------------------------- kernels


def _dropout(operation: Callable[..., Any]) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        x, out = _inputs.positive(case), _inputs.aligned(case.shape, case.dtype)

        def call() -> Any:
            return operation(x, P, seed=1, out=out)

        def new() -> Any:
            return operation(x, P, seed=1)

        return {
            NAME: Timed(call, "own", lambda: _checks.dropped(call(), x, P)),
            f"{NAME}, new array": Timed(new, "own", lambda: _checks.dropped(new(), x, P)),
            **_copies(x, out),
        }

    return contestants


def _mask(packed: bool) -> Callable[[Case], dict[str, Timed]]:
    def contestants(case: Case) -> dict[str, Timed]:
        (n,) = case.shape
        out = _inputs.aligned(((n + 7) // 8,), np.uint8) if packed else _inputs.aligned((n,), np.bool_)

        def call() -> Any:
            return nd.sample_mask(n, P, seed=1, packed=packed, out=out)

        def check() -> None:
            mask = call()
            _checks.masked(np.unpackbits(mask, count=n, bitorder="little") if packed else mask, P)

        return {NAME: Timed(call, "own", check)}

    return contestants


def _product(form: str) -> Callable[[Case], dict[str, Timed]]:
    """Return who computes a product of a layer: through the public function, or the kernel of one gradient."""

    def contestants(case: Case) -> dict[str, Timed]:
        x, weight, dy = _inputs.layer(case)
        left, right = _inputs.factors(form, x, weight, dy)
        out = _inputs.aligned((left.shape[0], right.shape[1]), case.dtype)
        bias, one = _inputs.aligned(weight.shape[:1], case.dtype), np.dtype(case.dtype).type(1)

        def call() -> Any:
            if form == "forward":
                nd.linear(x, weight, out=out)
            elif form == "dinp":
                cpu.linear_backward_input(out, dy, weight, x[:0], one)
            else:
                cpu.linear_backward_weight(out, bias, dy, x)  # the gradient by the bias too
            return out

        return {
            NAME: Timed(call, "own", lambda: _checks.product(call(), left, right)),
            **_peak(case.work, case.dtype),
        }

    return contestants


def _linear_relu_dropout(case: Case) -> dict[str, Timed]:
    x, weight, dy = _inputs.layer(case)
    out, bias, p = _inputs.aligned(dy.shape, case.dtype), _inputs.aligned(weight.shape[:1], case.dtype), RATES[0]

    def call() -> Any:
        return nd.linear_relu_dropout(x, weight, bias, p, seed=1, out=out)

    return {
        NAME: Timed(call, "own", lambda: _checks.hidden(call(), x, weight, p)),
        **_peak(case.work, case.dtype),
    }


# ---------------------------------------------------------------- training


def _network(case: Case, dropout: bool = True) -> tuple[nd.MLP, nd.SGD]:
    hidden, inputs = RATES if dropout else (0.0, 0.0)
    net = nd.MLP(case.shape[:-1], dropout=hidden, input_dropout=inputs, seed=1, dtype=case.dtype)
    return net, nd.SGD(lr=LR, momentum=MOMENTUM)


def _one_step(case: Case, dropout: bool = True) -> Callable[[], float]:
    net, optimizer = _network(case, dropout)
    x, y = _inputs.batch(case)
    return lambda: net.train_step(x, y, optimizer)


def _step(case: Case) -> dict[str, Timed]:
    one = _one_step(case)
    net, optimizer = _network(case)
    steps = steps_in_a_call(case.shape)
    x, y = net.as_pair(*_inputs.batch(case, steps))
    rows, totals = np.arange(len(x)), np.empty((steps, 2))

    def many() -> float:
        net.train_steps(totals, x, y, rows, case.shape[-1], optimizer)
        return totals[:, 0].sum() / len(x)

    return {
        f"{NAME}, train_step": Timed(one, "own", _checks.learns(one)),
        f"{NAME}, fit": Timed(many, "own", _checks.learns(many, window=2), times=steps),
        **_peak(step_operations(case.shape), case.dtype),
    }


def _pairs(case: Case) -> dict[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    return {NAME: (_one_step(case), _one_step(case, dropout=False))}


def _memory(case: Case) -> dict[str, int]:
    """Return bytes with dropout, less those without: in the network's buffers, and allocated during a step."""
    held, traced = [], []
    for dropout in (True, False):
        net, optimizer = _network(case, dropout)
        x, y = _inputs.batch(case)
        net.train_step(x, y, optimizer)
        held.append(held_bytes(net))
        traced.append(traced_bytes(functools.partial(net.train_step, x, y, optimizer)))
    return {
        f"{NAME}, all its buffers": held[0] - held[1],
        f"{NAME}, allocated in a step": traced[0] - traced[1],
    }


CONTESTANTS = {
    "dropout": _dropout(nd.dropout),
    "dropout_backward": _dropout(nd.dropout_backward),
    "mask": _mask(False),
    "packed_mask": _mask(True),
    "product_forward": _product("forward"),
    "product_dinp": _product("dinp"),
    "product_dweight": _product("dweight"),
    "linear_relu_dropout": _linear_relu_dropout,
    "step": _step,
}
PAIRS = {"dropout_adds": _pairs}
SIZES_OF_MEMORY = {"memory": _memory}
