"""From the arguments of functions to draws: their checks, and the seed of PyTorch's generator."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor

from ..core import contract
from ..core.errors import InputError
from .draw import Draw, memory_order
from .ops import is_eager, numbers_of, operate, operator, seed_tensor

__all__ = ["Numbers", "check_mode", "check_numbers", "check_probability", "operated", "seed_of"]

LARGEST = 2**63 - 1  # seeds of PyTorch's generator are below it
Numbers = tuple[Generator | None, int | Tensor | None, int, int, int]  # generator, seed, stream, step, offset


def check_probability(p: float) -> None:
    """Raise ValueError, with PyTorch's message, for a probability out of [0, 1]."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def check_mode(mode: str) -> None:
    """Raise ValueError for a mode of stochastic depth that does not exist."""
    if mode not in ("batch", "row"):
        raise InputError(f"mode: expected 'batch' or 'row', got {mode!r}")


def operated(
    kind: str,
    x: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    option: int,
    numbers: Numbers,
    *,
    ordered: bool = False,
) -> Tensor:
    """Return an operation on a tensor, or the tensor if nothing changes.

    If `ordered`, the elements of a mask from PyTorch's generator are counted in the order of the memory.
    """
    check_probability(p)
    generator, seed, *position = numbers
    check_numbers(generator, seed, *position)
    if not training or p == 0:
        return x
    order = memory_order(x) if ordered and seed is None else ()
    if is_eager(x):
        if isinstance(seed, Tensor):
            seed, position[1] = numbers_of(seed)
        elif seed is None:
            seed = seed_of(generator)
        return operate(x, Draw(kind, p, option, order, seed, *position), inplace)
    if seed is None:
        seed = torch.randint(LARGEST, (), generator=generator, device="cpu")
    y = operator(kind)(x, seed if isinstance(seed, Tensor) else seed_tensor(seed), p, option, list(order), *position)
    return x.copy_(y) if inplace else y


def seed_of(generator: Generator | None) -> int:
    """Return a seed from a generator of PyTorch."""
    return int(torch.randint(LARGEST, (), generator=generator, device="cpu"))


def check_numbers(generator: Any, seed: Any, *position: Any) -> None:
    """Raise InputError for numbers that have no effect together, or that are out of their ranges."""
    if seed is None:
        for name, value in zip(("stream", "step", "offset"), position, strict=True):
            if value:
                raise InputError(f"{name}: only valid with seed, got {value!r}")
    elif generator is not None:
        raise InputError("generator: only valid without seed")
    elif not isinstance(seed, Tensor):
        if not torch.compiler.is_compiling() or seed < 0:  # the check makes a constant of the seed
            contract.key(seed)
    elif seed.dtype != torch.int64 or seed.shape != (2,):
        raise InputError(f"seed: expected int64 (2,), the seed and the step, got {seed.dtype} {tuple(seed.shape)}")
    elif position[1]:
        raise InputError(f"step: only valid with a seed that is an integer, got {position[1]!r}")
