"""Devices: their names, and the reasons why CUDA is not available."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import numpy as np
from numba.core import config

from ..core import checks
from ..core.errors import InputError, missing
from ..core.jit import CUDA_PACKAGES

__all__ = ["describe", "libraries_of", "number_of", "on_device", "resolve", "why_not"]

OLDEST = (7, 5)  # the oldest compute capability for which kernels are compiled and tested
TENSOR_CORES = (8, 0)  # the oldest compute capability with TF32 and bfloat16
PRECISIONS = ("float32", "tf32", "bf16")
_HOST_TYPES = (np.ndarray, np.generic, float, int, list, tuple, type(None))
_usable: set[int] = set()  # numbers of devices that are known to work


def libraries_of(x: Any) -> set[str]:
    """Return the names of the libraries that define an object's class and its bases."""
    return {base.__module__.partition(".")[0] for base in type(x).__mro__}


def on_device(x: Any) -> bool:
    """Return whether an object is an array in a CUDA device's memory."""
    if type(x) is np.ndarray or isinstance(x, _HOST_TYPES):
        return False
    if getattr(x, "__cuda_ndarray__", False):  # numba.cuda, including the simulator
        return True
    libraries = libraries_of(x)
    if "torch" in libraries:
        return bool(getattr(x, "is_cuda", False))
    if "jax" in libraries or "jaxlib" in libraries:
        return any(device.platform in ("gpu", "cuda") for device in getattr(x, "devices", tuple)())
    return hasattr(type(x), "__cuda_array_interface__") or hasattr(x, "__cuda_array_interface__")


def number_of(name: str) -> int:
    """Return the number of the CUDA device with a name."""
    return int(name.partition(":")[2] or 0)


def resolve(name: Any, precision: str = "float32") -> str:
    """Return "cpu" or "cuda:0", "cuda:1", ...

    "auto" is the first CUDA device, or "cpu" if there is none. Raise InputError with the reason if a CUDA device is not
    available, or does not support the precision.
    """
    if not isinstance(name, str) or not re.fullmatch(r"cpu|auto|cuda(:\d+)?", name):
        raise InputError(f"device: expected cpu, cuda, cuda:0, cuda:1, ... or auto, got {name!r}")
    checks.choice(precision, "precision", PRECISIONS)
    reason = None if name == "cpu" else why_not(number_of(name))
    if name == "cpu" or (name == "auto" and reason is not None):
        if precision != "float32":
            raise InputError(
                f"precision: expected float32 on the CPU, got {precision}; tensor cores are on CUDA devices"
            )
        return "cpu"
    if reason is not None:
        raise InputError(f"device {name}: {reason}")
    if precision != "float32" and _capability(number_of(name)) < TENSOR_CORES:
        raise InputError(f"precision: {precision} needs a device of compute capability 8.0 or newer; use float32")
    return f"cuda:{number_of(name)}"


def _capability(number: int) -> tuple[int, int]:
    """Return a device's compute capability, or TENSOR_CORES for the simulator."""
    if config.ENABLE_CUDASIM:
        return TENSOR_CORES
    from numba import cuda

    major, minor = cuda.gpus[number].compute_capability
    return major, minor


def why_not(number: int = 0) -> str | None:
    """Return the reason why a CUDA device is not available, in one line, or None if it is available."""
    if config.ENABLE_CUDASIM:
        return None if number == 0 else f"the simulator has only cuda:0, not cuda:{number}"
    if number in _usable:
        return None
    if importlib.util.find_spec("numba_cuda") is None:
        return missing("requires numba-cuda", CUDA_PACKAGES, "cuda")
    if config.DISABLE_JIT:
        return "NUMBA_DISABLE_JIT is set, but CUDA kernels must be compiled"
    try:
        from numba import cuda

        count = len(cuda.gpus)
        capability = _capability(number) if number < count else OLDEST
    except Exception as error:  # numba-cuda raises many types, all of which mean that the driver does not work
        return _driver_error(str(error))
    if number >= count:
        available = f"cuda:0 to cuda:{count - 1}" if count > 1 else "cuda:0 only" if count else "no device"
        return f"there is no device with that number; the driver shows {available}"
    if capability < OLDEST:
        actual, oldest = (".".join(map(str, version)) for version in (capability, OLDEST))
        return f"compute capability {actual} is not supported; {oldest} or newer is required"
    _usable.add(number)
    return None


def _driver_error(message: str) -> str:
    """Return the reason for an error of numba-cuda at its start: no driver, no device, or another error."""
    if "NO_DEVICE" in message or "no CUDA-capable device" in message:
        return "no CUDA device: the driver shows none (CUDA_VISIBLE_DEVICES may hide it)"
    if "cannot be found" in message:
        return "no CUDA driver: install NVIDIA's (580 or newer; 525 with the extra [cuda12])"
    return f"the CUDA driver failed to start: {' '.join(message.split())}"


def describe() -> str:
    """Return one line about CUDA: the devices, or the reason why there is none."""
    reason = why_not()
    if reason is not None:
        return f"not available: {reason}"
    if config.ENABLE_CUDASIM:
        return "Numba's simulator (NUMBA_ENABLE_CUDASIM is set)"
    from numba import cuda

    return "; ".join(_device(cuda, number) for number in range(len(cuda.gpus)))


def _device(cuda: Any, number: int) -> str:
    device = cuda.gpus[number]
    name = device.name.decode() if isinstance(device.name, bytes) else device.name
    reason = why_not(number)
    if reason is not None:
        return f"cuda:{number} {name} is not available: {reason}"
    capability = ".".join(map(str, device.compute_capability))
    try:
        with device:
            free, total = cuda.current_context().get_memory_info()
        memory = f"{checks.amount(free)} of {checks.amount(total)} free"
    except Exception as error:  # for example a device in exclusive use
        memory = f"failed to start: {' '.join(str(error).split())}"
    return f"cuda:{number} {name}, compute capability {capability}, {memory}"
