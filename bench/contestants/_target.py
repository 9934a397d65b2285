"""Targets of the package's operations, the CPU or a CUDA device: transfers, timing, and limits of the hardware."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from numba_dropout.arrays import devices
from numba_dropout.kernels import cpu

from .. import limits
from ._timed import Timed, queued

__all__ = ["Device", "Host"]

STEPS = 2**18  # length of a chain of multiply-adds, less than a millisecond


class Host:
    """The CPU."""

    device = "cpu"
    kernels = cpu

    def to_device(self, array: NDArray[Any]) -> Any:
        """Return an array on the device."""
        return array

    def to_host(self, array: Any) -> NDArray[Any]:
        """Return an array on the host."""
        return array

    def timed(self, call: Callable[[], Any], role: str, check: Callable[[], None] = lambda: None) -> Timed:
        """Return a timed call."""
        return Timed(call, role, check)

    def copies(self, x: NDArray[Any], out: NDArray[Any]) -> dict[str, Timed]:
        """Return timed calls of the fastest copies."""
        operands = (*limits.words(out, x), numba.get_num_threads())
        return {
            "copy, memcpy on all threads": Timed(lambda: limits.plain_copy(*operands), "limit"),
            "copy, non-temporal": Timed(lambda: limits.nontemporal_copy(*operands), "limit"),
        }

    def peak(self, operations: float, dtype: str) -> dict[str, Timed]:
        """Return a timed call of multiply-adds in registers, scaled to a number of operations."""
        out = np.empty(numba.get_num_threads(), dtype)
        times = limits.operations(out, STEPS) / operations
        return {"multiply-adds in registers": Timed(lambda: limits.multiply_adds(out, STEPS), "limit", times=times)}


class Device(Host):
    """A CUDA device. Timed calls wait for the device."""

    def __init__(self, device: str) -> None:
        from numba import cuda

        from numba_dropout.kernels import cuda as kernels

        self.device, self.kernels, self._cuda = device, kernels, cuda
        cuda.select_device(devices.number_of(device))

    def to_device(self, array: NDArray[Any]) -> Any:
        return self._cuda.to_device(array)

    def to_host(self, array: Any) -> NDArray[Any]:
        return array.copy_to_host()

    def timed(self, call: Callable[[], Any], role: str, check: Callable[[], None] = lambda: None) -> Timed:
        return queued(call, self._cuda.synchronize, role, check)

    def copies(self, x: Any, out: Any) -> dict[str, Timed]:
        return {"copy, device to device": self.timed(lambda: out.copy_to_device(x), "limit")}

    def peak(self, operations: float, dtype: str) -> dict[str, Timed]:
        """Return nothing, because the peak of a device is not measured."""
        return {}
