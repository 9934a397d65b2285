"""Sets of kernels that a test calls in the same way: the CPU's on NumPy arrays, and CUDA's on copies on a device."""

import importlib

import numpy as np
from numba import cuda
from numba.core import config

from numba_dropout.core import contract


def has_cuda():
    """Tell whether CUDA's kernels run here: in Numba's simulator, or on a GPU if Numba compiles."""
    return config.ENABLE_CUDASIM or (not config.DISABLE_JIT and cuda.is_available())


class CPU:
    """The CPU's kernels, on NumPy arrays."""

    name = "cpu"
    dtypes = ("float32", "float64")

    def __init__(self):
        self.kernels = importlib.import_module(f"numba_dropout.kernels.{self.name}")

    def array(self, x):
        """Return a copy of a NumPy array that this backend's kernels and the public functions take."""
        return x.copy()

    def numpy(self, x):
        """Return an array of this backend as a NumPy array."""
        return x

    def run(self, kernel, *arguments):
        """Call a kernel by its name with copies of all arrays; return all arguments, with NumPy arrays."""
        copies = [self.array(a) if isinstance(a, np.ndarray) else a for a in arguments]
        getattr(self.kernels, kernel)(*copies)
        return [self.numpy(b) if isinstance(a, np.ndarray) else b for a, b in zip(arguments, copies, strict=True)]


class CUDA(CPU):
    """CUDA's kernels, on arrays of a device. bfloat16 stands for its bits in uint16."""

    name = "cuda"
    dtypes = ("float32", "float16", "bfloat16")

    def array(self, x):
        return cuda.to_device(x)

    def numpy(self, x):
        return x.copy_to_host()


def position(seed=5, stream=0, step=0, offset=0):
    """Return a key and a position in a stream as kernel arguments."""
    return (*contract.key(seed), np.uint64(stream), np.uint64(step), np.uint64(offset))


def threshold(p):
    """Return a dropout probability as the kernels take it."""
    return np.uint64(contract.threshold(p))


def scale(p, dtype="float32"):
    """Return the factor of kept elements in the type that a kernel computes with."""
    return contract.scale(contract.threshold(p), np.dtype(dtype))
