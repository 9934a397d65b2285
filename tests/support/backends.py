"""Sets of kernels with the same interface: the CPU's on NumPy arrays, and CUDA's on copies on a device."""

import importlib

import numpy as np
import pytest
from dtypes import scalar
from numba import cuda

from numba_dropout.arrays import devices
from numba_dropout.core import contract


def has_cuda():
    """Return whether CUDA's kernels run on this machine: in Numba's simulator, or on a GPU if Numba compiles."""
    return devices.why_not() is None


class CPU:
    """The CPU's kernels, on NumPy arrays. They take half precision as its bits, in int16 (float16) and uint16."""

    name = "cpu"
    dtypes = ("float32", "float64", "float16", "bfloat16")
    marks = ()

    def __init__(self):
        self.kernels = importlib.import_module(f"numba_dropout.kernels.{self.name}")

    def array(self, x):
        """Return a copy of a NumPy array for this backend's kernels and the public functions."""
        return x.copy()

    def numpy(self, x):
        """Return an array of this backend as a NumPy array."""
        return x

    def run(self, kernel, *arguments):
        """Call a kernel by its name with copies of all arrays; return all arguments, with NumPy arrays.

        An array that is passed twice is one array in the kernel too, which then works in place.
        """
        copies = {id(a): self.array(a) for a in arguments if isinstance(a, np.ndarray)}
        getattr(self.kernels, kernel)(*(self.operand(copies.get(id(a), a)) for a in arguments))
        return [self.numpy(copies[id(a)]) if id(a) in copies else a for a in arguments]

    def operand(self, x):
        """Return an array as kernels take it, on the same memory. Other arguments do not change."""
        return x.view(np.int16) if getattr(x, "dtype", None) == np.float16 else x


class CUDA(CPU):
    """CUDA's kernels, on arrays of a device. bfloat16 stands for its bits in uint16."""

    name = "cuda"
    dtypes = ("float32", "float16", "bfloat16")
    marks = (pytest.mark.cuda_kernels,)

    def array(self, x):
        return cuda.to_device(x)

    def numpy(self, x):
        return x.copy_to_host()

    def operand(self, x):
        return x


def _parametrize(dtypes):
    """Return a decorator that runs a test on each backend, with each of its dtypes that is listed."""
    cases = [
        pytest.param(backend.name, dtype, marks=backend.marks)
        for backend in (CPU, CUDA)
        for dtype in backend.dtypes
        if dtype in dtypes
    ]
    return pytest.mark.parametrize(("backend", "dtype"), cases, indirect=["backend"])


full_precision = _parametrize(("float32", "float64"))
all_precisions = _parametrize(("float32", "float64", "float16", "bfloat16"))
cpu_only = pytest.mark.parametrize("backend", [pytest.param("cpu", marks=CPU.marks)], indirect=True)
cuda_only = pytest.mark.parametrize("backend", [pytest.param("cuda", marks=CUDA.marks)], indirect=True)


def position(seed=5, stream=0, step=0, offset=0):
    """Return a key and a position in a stream as kernel arguments."""
    return (*contract.key(seed), np.uint64(stream), np.uint64(step), np.uint64(offset))


def threshold(p):
    """Return the threshold of a dropout probability, as an argument of kernels."""
    return np.uint64(contract.threshold(p))


def scale(p, dtype="float32"):
    """Return the factor of kept elements in the type of a kernel's computations."""
    return contract.scale(contract.threshold(p), scalar(0, dtype).dtype)
