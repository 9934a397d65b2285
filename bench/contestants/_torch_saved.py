"""The tensors that PyTorch saves for the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

__all__ = ["saved_tensors"]


def saved_tensors(loss: Callable[[], Any]) -> dict[int, Any]:
    """Return the tensors that the computation of a loss saves, one for each storage, by its address."""
    saved: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss()
    value.backward()
    return saved
