"""Arrays of other libraries on a CUDA device, which the simulator accepts by their addresses too."""

import numpy as np
from numba.core import config

from numba_dropout.arrays import cuda as cuda_arrays
from numba_dropout.arrays import devices


class Foreign:
    """An array with only `__cuda_array_interface__`, on the memory of a numba.cuda or NumPy array."""

    def __init__(self, array, read_only=False, **interface):
        self.array, self.read_only, self.interface = array, read_only, interface

    @property
    def __cuda_array_interface__(self):
        array = self.array
        interface = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
        data = interface["data"][0], self.read_only
        return {**interface, "version": 3, "stream": None, "data": data, **self.interface}

    def copy_to_host(self):
        return self.array.copy_to_host()


def accept_addresses(monkeypatch):
    """Let the simulator, which has no arrays at addresses, accept arrays of other libraries."""
    if config.ENABLE_CUDASIM:
        monkeypatch.setattr(cuda_arrays, "_device_array", _simulated)


def _simulated(info, owner):
    from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

    typestr = np.dtype("uint16" if info.dtype == "bfloat16" else info.dtype).str
    interface = {"shape": tuple(info.shape), "strides": info.strides, "typestr": typestr, "data": (info.address, False)}
    holder = type("Memory", (), {"__array_interface__": {**interface, "version": 3}, "owner": owner})()
    return FakeCUDAArray(np.asarray(holder))


def take_for_device_arrays(monkeypatch, kind):
    """Let the package treat a library's arrays in host memory as arrays on a device."""
    for module in (devices, cuda_arrays):
        monkeypatch.setattr(module, "on_device", lambda x: isinstance(x, kind) or getattr(x, "__cuda_ndarray__", False))
