"""Conversion: copies of arrays on the host, and views of arrays on a device."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..core import checks
from ..core.errors import InputError
from .devices import number_of, on_device
from .sparse import SparseRows

__all__ = ["on_host", "view"]


def on_host(values: Any) -> NDArray[Any]:
    """Return any array as a NumPy array. Compressed rows become dense."""
    if isinstance(values, SparseRows):
        return values.map(on_host).to_array()
    if not on_device(values):
        return checks.as_array(values)
    source = view(values, "the values")
    result = source.copy_to_host()
    if source.stream:
        source.stream.synchronize()
    return np.asarray(result)


def view(x: Any, name: str, device: str | None = None) -> Any:
    """Return an array on a device as a numba.cuda array. If `device` is given, raise InputError for another one."""
    from . import cuda

    with cuda.named(name):
        number = cuda.device_of(x)
        if device not in (None, "cpu") and number not in (None, number_of(str(device))):
            raise InputError(f"expected an array on {device} like the network, got one on cuda:{number}")
        return cuda.view(x)
