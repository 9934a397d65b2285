"""The tensors that PyTorch saves for the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from ..cases import Case
from . import _inputs
from ._torch_steps import model_of

__all__ = ["kept_by_dropout"]


def kept_by_dropout(case: Case, name: str, dropout: type[torch.nn.Module]) -> dict[str, int]:
    """Return the bytes saved for backward by a network with a module of dropout: the masks, and all that it adds."""
    with_dropout, without = (_saved(case, module) for module in (dropout, None))
    masks = 0
    for tensor in with_dropout.values():
        values = set(torch.unique(tensor).tolist()) if tensor.is_floating_point() else {-1}
        if tensor.dtype is torch.bool or (len(values) == 2 and min(values) == 0):  # 0 and the scale
            masks += tensor.untyped_storage().nbytes()
    with_bytes, without_bytes = (
        sum(t.untyped_storage().nbytes() for t in saved.values()) for saved in (with_dropout, without)
    )
    return {f"{name}, masks": masks, f"{name}, all that dropout adds": with_bytes - without_bytes}


def _saved(case: Case, dropout: type[torch.nn.Module] | None) -> dict[int, Any]:
    """Return the tensors saved for backward, one for each storage."""
    model = model_of(case, dropout)
    x, y = map(torch.from_numpy, _inputs.batch(case))
    return _saved_tensors(lambda: functional.cross_entropy(model(x), y))


def _saved_tensors(loss: Callable[[], Any]) -> dict[int, Any]:
    """Return the tensors that the computation of a loss saves, one for each storage, by its address."""
    saved: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        value = loss()
    value.backward()
    return saved
