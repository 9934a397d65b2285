"""The arguments that both interfaces of Flax have."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.errors import InputError

__all__ = ["broadcast_shape"]


def broadcast_shape(shape: Sequence[int], broadcast_dims: Sequence[int]) -> tuple[int, ...] | None:
    """Return a mask's shape: that of the inputs, with 1 for axes along which elements share their mask, or None."""
    if not broadcast_dims:
        return None
    result = list(shape)
    for axis in broadcast_dims:
        if not -len(result) <= axis < len(result):
            raise InputError(f"broadcast_dims: expected axes of shape {tuple(shape)}, got {axis}")
        result[axis] = 1
    return tuple(result)
