"""The replacement of PyTorch's dropout itself: models need no change, and attention's dropout is reached too."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from . import functional
from .arguments import check_probability
from .draw import SUPPORTED

__all__ = ["install", "installed", "uninstall"]

KEYS = ("CPU", "AutogradCPU")  # tensors of the host, in inference mode and with automatic differentiation

_lock = threading.Lock()
_library: torch.library.Library | None = None


def install() -> None:
    """Replace `aten::dropout` and `aten::dropout_` for tensors on the CPU, until `uninstall`.

    These are behind `torch.nn.Dropout`, `torch.nn.functional.dropout`, and the dropout of recurrent networks, of
    `MultiheadAttention` and `scaled_dot_product_attention`. What was compiled before keeps PyTorch's dropout. A second
    call has no effect.

    Examples
    --------
    >>> from numba_dropout.torch import install, uninstall
    >>> install()
    >>> y = torch.nn.functional.dropout(torch.ones(1000, requires_grad=True))
    >>> y.grad_fn.name()
    '_OperationBackward'
    >>> uninstall()
    """
    global _library
    with _lock:
        if _library is not None:
            return
        _library = torch.library.Library("aten", "IMPL")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that an operator is replaced
            for key in KEYS:
                _library.impl("dropout", _dropout, key)
                _library.impl("dropout_", _dropout_, key)


def uninstall() -> None:
    """Restore PyTorch's dropout. Without `install`, it has no effect.

    Examples
    --------
    >>> from numba_dropout.torch import uninstall
    >>> uninstall()
    """
    global _library
    with _lock:
        if _library is not None:
            _library._destroy()
            _library = None


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """Return a context with `install`, and without it afterwards if it was not installed before.

    Examples
    --------
    >>> from numba_dropout.torch import installed
    >>> with installed():
    ...     y = torch.nn.functional.dropout(torch.ones(1000))
    >>> bool((y == 0).any())
    True
    """
    before = _library is not None
    install()
    try:
        yield
    finally:
        if not before:
            uninstall()


def _dropout(input: Tensor, p: float, train: bool) -> Tensor:
    if input.dtype in SUPPORTED or not train:
        return functional.dropout(input, p, train)
    check_probability(p)
    return input * _noise(input, p) if p else input


def _dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    if input.dtype in SUPPORTED or not train:
        return functional.dropout(input, p, train, inplace=True)
    check_probability(p)
    return input.mul_(_noise(input, p)) if p else input


def _noise(x: Tensor, p: float) -> Tensor:
    """Return the scaled mask for a dtype that the kernels do not have, such as a complex one."""
    noise = torch.empty_like(x).bernoulli_(1 - p)
    return noise.div_(1 - p) if p < 1 else noise
