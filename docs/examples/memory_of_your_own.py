"""Dropout in place on memory that NumPy did not allocate: a mapped file with `__array_interface__`.

python docs/examples/memory_of_your_own.py
"""

import ctypes
import mmap
import tempfile

import numpy as np

import numba_dropout as nd


class Samples:
    """float32 numbers in a memory-mapped file."""

    def __init__(self, file, shape):
        self.shape = shape
        self.memory = mmap.mmap(file.fileno(), 4 * shape[0] * shape[1])

    @property
    def __array_interface__(self):
        """Return the address, shape and type of the memory."""
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        return {"version": 3, "shape": self.shape, "typestr": "<f4", "data": (address, False)}


def main():
    """Write numbers to a file, and apply dropout to them in place."""
    with tempfile.TemporaryFile() as file:
        x = np.random.default_rng(0).standard_normal((1000, 64), dtype=np.float32)
        file.write(x.tobytes())
        file.flush()
        samples = Samples(file, x.shape)
        print("as an input:       ", np.array_equal(nd.dropout(samples, 0.25, seed=7), nd.dropout(x, 0.25, seed=7)))
        print("in place:          ", nd.dropout(samples, 0.25, seed=7, out=samples) is samples)
        file.seek(0)
        print("in the file:       ", file.read() == nd.dropout(x, 0.25, seed=7).tobytes())


if __name__ == "__main__":
    main()
