"""A linear layer, ReLU and dropout in one kernel."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as torch_functional

from ..core.errors import InputError
from ..functional.linear_relu_dropout import linear_relu_dropout as forward_of_arrays
from ..functional.linear_relu_dropout import linear_relu_dropout_backward as backward_of_arrays
from .arguments import check_numbers, check_probability, seed_of
from .draw import FLOATS, limited_threads
from .functional import dropout
from .ops import is_eager, numbers_of

__all__ = ["linear_relu_dropout"]


def linear_relu_dropout(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    p: float = 0.5,
    training: bool = True,
    *,
    generator: Generator | None = None,
    seed: int | Tensor | None = None,
    stream: int = 0,
    step: int = 0,
    offset: int = 0,
) -> Tensor:
    """Return dropout(relu(input @ weight.T + bias)), computed by one kernel.

    The backward pass reads the mask off the signs of the result. What is compiled, traced, transformed or cast
    automatically runs as the three operations, with the same mask.

    Parameters
    ----------
    input : Tensor (..., inputs)
    weight : Tensor (units, inputs)
    bias : Tensor (units,), optional
    p, training, generator, seed, stream, step, offset
        As in `dropout`. The mask is that of the result (..., units).

    Raises
    ------
    ValueError, TypeError
        An argument is out of its range or of the wrong type.

    Examples
    --------
    >>> x, weight = torch.ones(1, 2), torch.tensor([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.0], [5.0, 6.0]])
    >>> linear_relu_dropout(x, weight, p=0.5, seed=1).tolist()
    [[0.0, 14.0, 0.0, 22.0]]
    """
    numbers = generator, seed, stream, step, offset
    check_probability(p)
    check_numbers(*numbers)
    tensors = [input, weight] if bias is None else [input, weight, bias]
    if not training or p == 0 or not _is_fused(tensors):
        y = torch_functional.relu(torch_functional.linear(input, weight, bias))
        options = {"generator": generator, "seed": seed, "stream": stream, "step": step, "offset": offset}
        return dropout(y, p, training, **options)  # type: ignore[arg-type]
    if input.shape[-1:] != weight.shape[1:] or weight.ndim != 2:
        raise InputError(
            f"input: expected (..., inputs) for a weight (units, inputs) of shape {tuple(weight.shape)}, got "
            f"{tuple(input.shape)}"
        )
    if isinstance(seed, Tensor):
        seed, step = numbers_of(seed)
    at: dict[str, Any] = {
        "seed": seed_of(generator) if seed is None else seed,
        "stream": stream,
        "step": step,
        "offset": offset,
    }
    rows = input.reshape(input.shape[:-1].numel(), input.shape[-1])
    y = _LinearReLUDropout.apply(rows, weight, bias, p, at)
    return y.reshape(*input.shape[:-1], weight.shape[0])


def _is_fused(tensors: list[Tensor]) -> bool:
    """Return whether the kernel takes the tensors: eager ones of one dtype, in the memory of the host."""
    dtypes = {tensor.dtype for tensor in tensors}
    return (
        len(dtypes) == 1
        and dtypes <= FLOATS.keys()
        and all(is_eager(tensor) and tensor.device.type == "cpu" and not tensor.is_neg() for tensor in tensors)
        and not torch.is_autocast_enabled("cpu")
        and torch.autograd.forward_ad._current_level < 0
    )


class _LinearReLUDropout(torch.autograd.Function):
    """The kernel, whose gradient is another one, or PyTorch's operations where that is differentiated itself."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, p: float, at: dict[str, Any]) -> Tensor:
        y = x.new_empty(x.shape[0], weight.shape[0])
        array_x, array_weight = (each.detach().contiguous().numpy() for each in (x, weight))
        array_bias = None if bias is None else bias.detach().contiguous().numpy()
        with limited_threads(y.numel() * x.shape[1]):
            forward_of_arrays(array_x, array_weight, array_bias, p, **at, out=y.numpy())
        ctx.p, ctx.has_bias = p, bias is not None
        ctx.save_for_backward(x, weight, y)
        return y

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> Any:
        x, weight, y = ctx.saved_tensors
        if torch.is_grad_enabled() or not is_eager(dy):
            dz = torch.where(y > 0, dy / (1 - ctx.p), 0) if ctx.p < 1 else torch.zeros_like(dy)
            gradients = dz @ weight, dz.T @ x, dz.sum(0)
        else:
            host_dy, host_y, host_x, host_weight = (each.detach().contiguous().numpy() for each in (dy, y, x, weight))
            with limited_threads(y.numel() * x.shape[1]):
                gradients = tuple(
                    map(torch.from_numpy, backward_of_arrays(host_dy, host_y, host_x, host_weight, ctx.p))
                )
        return *gradients[:2], gradients[2] if ctx.has_bias else None, None, None
