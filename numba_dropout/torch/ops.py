"""The operations as PyTorch's own: registered operators, and a shorter way for eager tensors.

Both compute the mask again in the backward pass and keep the seed only. Compilers, exports and the transformations of
`torch.func` see the operators, with the schema of `Draw`. Their seed is a tensor, so that it can be a random number of
the compiled or transformed function.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._functorch.utils import enable_single_level_autograd_function
from torch.autograd import forward_ad
from torch.autograd.function import _SingleLevelFunction
from torch.autograd.graph import increment_version
from torch.jit import is_tracing

from .draw import ADJOINT, Draw, drawn

__all__ = ["SEEDS", "is_eager", "numbers_of", "operate", "operator", "seed_tensor"]

NAMESPACE = "numba_dropout"
SCHEMA = (
    "(Tensor x, Tensor seed, float p, int option, int[] order, SymInt stream, SymInt step, SymInt offset) -> Tensor"
)
SEEDS = 1 << 64  # negative numbers of a tensor of int64 are the upper half of the seeds
PLAIN = (Tensor, torch.nn.Parameter)
LEAF = "a leaf Variable that requires grad is being used in an in-place operation."  # PyTorch's message


def is_eager(x: Tensor) -> bool:
    """Return whether an operation on a tensor runs now: nothing is compiled, traced or transformed."""
    return (
        type(x) in PLAIN
        and not x.is_meta
        and not torch.compiler.is_compiling()
        and not torch._C._are_functorch_transforms_active()
        and not torch._C._functorch.is_legacy_batchedtensor(x)  # of torch.autograd.grad(is_grads_batched=True)
        and not torch._C._len_torch_dispatch_stack()
        and not is_tracing()
    )


# ---------------------------------------------------------------- eager tensors


def operate(x: Tensor, draw: Draw, inplace: bool = False) -> Tensor:
    """Return an operation on an eager tensor, and write it into the tensor if `inplace`."""
    differentiable = x.requires_grad and torch.is_grad_enabled()
    if inplace and differentiable and x.is_leaf and not x._is_view():
        raise RuntimeError(LEAF)
    if inplace and ((differentiable and x._is_view()) or forward_ad._current_level >= 0):
        return x.copy_(operate(x, draw))  # which checks before it writes, and writes directional derivatives
    if differentiable or forward_ad._current_level >= 0:
        return _Operation.apply(x, draw, inplace)
    if not inplace:
        return drawn(x, draw)
    drawn(x, draw, x)
    if not x.is_inference():
        increment_version(x)
    return x


class _Operation(torch.autograd.Function):
    """An operation on an eager tensor. Its gradient is another one with the same draw."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, draw: Draw, inplace: bool) -> Tensor:
        ctx.draw = draw
        if not inplace:
            return drawn(x, draw)
        ctx.mark_dirty(x)
        return drawn(x, draw, x)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        return _gradient(dy, ctx.draw.adjoint), None, None

    @staticmethod
    def jvp(ctx: Any, dx: Tensor, *_: Any) -> Tensor:
        return _gradient(dx, ctx.draw.adjoint)


def _gradient(dy: Tensor, draw: Draw) -> Tensor:
    """Return an operation on a gradient, which may be differentiated, traced, transformed or sparse itself."""
    if dy.layout != torch.strided:
        dy = dy.to_dense()
    if is_eager(dy):
        return operate(dy, draw)
    kind, p, option, order, seed, *position = draw
    return operator(kind)(dy, seed_tensor(seed), p, option, list(order), *position)


# ---------------------------------------------------------------- tensors that are traced or transformed


class _Derivative(_SingleLevelFunction):
    """The derivatives of an operator at one level of differentiation. Its gradient is another operator.

    `torch.library.register_autograd` has no directional derivatives, and none of `torch.func` but in new versions.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, seed: Tensor, kind: str, *arguments: Any) -> Tensor:
        ctx.kind, ctx.arguments = kind, arguments
        ctx.save_for_backward(seed)
        ctx.save_for_forward(seed)
        # Transformations of other levels come below, and record what they differentiate.
        with torch.enable_grad(), forward_ad._set_fwd_grad_enabled(True), torch._C._AutoDispatchBelowAutograd():
            return operator(kind)(x, seed, *arguments)

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        (seed,) = ctx.saved_tensors
        return operator(ADJOINT[ctx.kind])(dy, seed, *ctx.arguments), *(None,) * (2 + len(ctx.arguments))

    @staticmethod
    def jvp(ctx: Any, dx: Tensor, *_: Any) -> Tensor:
        (seed,) = ctx.saved_tensors
        return operator(ADJOINT[ctx.kind])(dx, seed, *ctx.arguments)


def _samples(info: Any, dimension: int | None, x: Tensor) -> Sequence[Tensor]:
    """Return what each sample of a vectorized function gets of a tensor."""
    return [x] * info.batch_size if dimension is None else x.unbind(dimension)


# ---------------------------------------------------------------- registered operators


def operator(kind: str) -> Any:
    """Return the registered operator of a kind of operation."""
    return getattr(torch.ops.numba_dropout, kind).default


def seed_tensor(seed: int) -> Tensor:
    """Return a seed as a tensor of int64."""
    return torch.tensor(seed if seed < SEEDS // 2 else seed - SEEDS, dtype=torch.int64, device="cpu")


def numbers_of(seed: Tensor) -> tuple[int, int]:
    """Return the seed and the step in a tensor of int64 (2,)."""
    number, step = seed.tolist()
    return number % SEEDS, step


def _register(library: torch.library.Library, kind: str) -> None:
    """Define the operator of a kind of operation, on the CPU and on CUDA devices."""
    name = f"{NAMESPACE}::{kind}"
    library.define(kind + SCHEMA)

    def compute(
        x: Tensor, seed: Tensor, p: float, option: int, order: list[int], stream: int, step: int, offset: int
    ) -> Tensor:
        number, step = numbers_of(seed) if seed.ndim else (int(seed) % SEEDS, step)
        return drawn(x, Draw(kind, p, option, tuple(order), number, stream, step, offset))

    def fake(x: Tensor, *_: Any) -> Tensor:
        return torch.empty_like(x)

    def differentiate(keys: Any, x: Tensor, seed: Tensor, *arguments: Any) -> Tensor:
        transformed = forward_ad._current_level >= 0 or torch._C._are_functorch_transforms_active()
        if transformed or (x.requires_grad and torch.is_grad_enabled()):
            with enable_single_level_autograd_function():
                return _Derivative.apply(x, seed, kind, *arguments)
        with torch._C._AutoDispatchBelowAutograd():
            return operator(kind).redispatch(keys & torch._C._after_autograd_keyset, x, seed, *arguments)

    def over_samples(info: Any, in_dims: tuple[Any, ...], x: Tensor, seed: Tensor, *arguments: Any) -> Any:
        if not info.batch_size:
            return torch.empty_like(x), in_dims[0]
        values = zip(in_dims, (x, seed), strict=False)
        samples = zip(*(_samples(info, dimension, value) for dimension, value in values), strict=True)
        return torch.stack([operator(kind)(*sample, *arguments) for sample in samples]), 0

    for device in ("CPU", "CUDA"):
        library.impl(kind, compute, device)
    torch.library.register_fake(name, fake, lib=library)
    library.impl(kind, differentiate, "Autograd", with_keyset=True)
    torch.library.register_vmap(name, over_samples, lib=library)


_LIBRARY = torch.library.Library(NAMESPACE, "DEF")
for _kind in ADJOINT:
    _register(_LIBRARY, _kind)
