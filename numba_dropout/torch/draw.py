"""Operations on PyTorch tensors without automatic differentiation, each given by a `Draw`.

Kernels read and write the memory of tensors. The memory order of a result is that of `torch.empty_like`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..core import contract
from ..core.jit import threading_lock
from ..functional.alpha_dropout import alpha_dropout, alpha_dropout_backward
from ..functional.channel_dropout import feature_alpha_dropout, feature_alpha_dropout_backward
from ..functional.drop_block import drop_block2d
from ..functional.dropout import dropout
from ..functional.gaussian_dropout import gaussian_dropout
from ..functional.stochastic_depth import stochastic_depth
from ..kernels import cpu

__all__ = ["ADJOINT", "FLOATS", "SUPPORTED", "Draw", "drawn", "limited_threads", "memory_order"]

WORD = 0xFFFFFFFF
FLOATS = {torch.float32: np.dtype(np.float32), torch.float64: np.dtype(np.float64)}  # dtypes of the kernels
UNLIMITED = contextlib.nullcontext()
SUPPORTED = {*FLOATS, torch.float16, torch.bfloat16}
PARALLEL = 1 << 14  # elements up to which kernels use one thread

# The operation that is the gradient of each. All but the alpha dropouts are their own: they are linear and multiply
# each element by a factor.
ADJOINT = {
    "dropout": "dropout",
    "gaussian_dropout": "gaussian_dropout",
    "group_dropout": "group_dropout",
    "drop_block2d": "drop_block2d",
    "alpha_dropout": "alpha_dropout_backward",
    "alpha_dropout_backward": "alpha_dropout_backward",
    "feature_alpha_dropout": "feature_alpha_dropout_backward",
    "feature_alpha_dropout_backward": "feature_alpha_dropout_backward",
}


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "dropout": dropout,
    "gaussian_dropout": gaussian_dropout,
    "alpha_dropout": alpha_dropout,
    "alpha_dropout_backward": alpha_dropout_backward,
    "feature_alpha_dropout": feature_alpha_dropout,
    "feature_alpha_dropout_backward": feature_alpha_dropout_backward,
}


class Draw(NamedTuple):
    """An operation with its random numbers.

    `option` is the number of leading dimensions with one mask element for each index of group_dropout, and the size of
    the blocks of drop_block2d. `order` are the dimensions in the order in which mask elements are counted, or empty for
    the C order.
    """

    kind: str
    p: float
    option: int
    order: tuple[int, ...]
    seed: int
    stream: int
    step: int
    offset: int

    @property
    def adjoint(self) -> Draw:
        """The operation on gradients."""
        return self._replace(kind=ADJOINT[self.kind])


def memory_order(x: Tensor) -> tuple[int, ...]:
    """Return the dimensions of a tensor in the order of `torch.empty_like`'s memory, or () for the C order.

    Examples
    --------
    >>> memory_order(torch.empty(2, 3, 4, 5).to(memory_format=torch.channels_last))
    (0, 2, 3, 1)
    """
    if x.is_contiguous():
        return ()
    strides = torch.empty_like(x, device="meta").stride()
    order: list[int] = []
    for dimension in range(x.ndim):  # sorted by insertion: compilers cannot sort by sizes that vary
        place = len(order)
        while place and strides[order[place - 1]] < strides[dimension]:
            place -= 1
        order.insert(place, dimension)
    return () if order == list(range(x.ndim)) else tuple(order)


def drawn(x: Tensor, draw: Draw, out: Tensor | None = None) -> Tensor:
    """Return an operation on a tensor, with its dtype and layout. With `out`, which may be x, write the result there.

    float16 and bfloat16 are computed in float32, and rounded once.
    """
    if x.dtype not in SUPPORTED:
        raise TypeError(f"input: expected float32, float64, float16 or bfloat16, got {x.dtype}")
    x = x.resolve_neg()
    if out is None:
        out = torch.empty_like(x)
    source, target = (x.permute(draw.order), out.permute(draw.order)) if draw.order else (x, out)
    source = source.contiguous()
    result = target if target.is_contiguous() and not target.is_neg() else torch.empty_like(source)
    if x.device.type == "cpu":
        _on_cpu(result, source, draw)
    else:
        _on_arrays(result.detach(), source.detach(), draw)
    if result is not target:
        target.copy_(result)
    return out


def _on_cpu(out: Tensor, x: Tensor, draw: Draw) -> None:
    """Write an operation on a contiguous tensor in the memory of the host."""
    with limited_threads(x.numel()):
        if x.dtype in FLOATS:
            _on_host(out.detach().numpy(), x.detach().numpy(), draw)
        else:
            _on_arrays(out.detach(), x.detach(), draw)


def limited_threads(work: int) -> contextlib.AbstractContextManager[None]:
    """Return a context in which kernels run on at most as many threads as PyTorch's operations.

    Where PyTorch is imported before the first kernel runs, both use the threads of one OpenMP library.
    """
    if work <= PARALLEL or torch.get_num_threads() >= numba.get_num_threads():
        return UNLIMITED
    return _with_threads(torch.get_num_threads())


@contextlib.contextmanager
def _with_threads(threads: int) -> Iterator[None]:
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _on_host(out: NDArray[Any], x: NDArray[Any], draw: Draw) -> None:
    """Write an operation on an array. Dropout, the most frequent one, does without the checks of its function."""
    threshold, size = contract.threshold(draw.p), x.size
    if draw.kind != "dropout" or not 0 < threshold < contract.DROP_ALL:
        return _on_arrays(out, x, draw)
    scale, key = contract.scale(threshold, x.dtype), (np.uint64(draw.seed & WORD), np.uint64(draw.seed >> 32))
    words = contract.counter(draw.stream, draw.step, draw.offset, size)
    with threading_lock():
        cpu.dropout_forward(out.reshape(size), x.reshape(size), np.uint64(threshold), scale, *key, *words)


def _on_arrays(out: Any, x: Any, draw: Draw) -> None:
    """Write an operation on arrays of the host or of a device."""
    options: dict[str, Any] = {"seed": draw.seed, "stream": draw.stream, "step": draw.step, "offset": draw.offset}
    if draw.kind == "group_dropout":
        groups, size = math.prod(x.shape[: draw.option]), math.prod(x.shape[draw.option :])
        stochastic_depth(x.reshape(groups, size), draw.p, **options, out=out.reshape(groups, size))
    elif draw.kind == "drop_block2d":
        drop_block2d(x, draw.p, draw.option, **options, out=out)
    else:
        FUNCTIONS[draw.kind](x, draw.p, **options, out=out)


def _start_threads() -> None:
    """Start Numba's threads. Otherwise they would set PyTorch's number of threads at the first call of a kernel."""
    threads = torch.get_num_threads()
    numba.get_num_threads()
    torch.set_num_threads(threads)


_start_threads()
