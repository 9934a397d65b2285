"""Fenced memory: arrays that end at the end of memory, or begin at its start, and every kernel on them.

An access past an array's end, or before its start, ends the process. `probe.py` runs the checks.
"""

import ctypes
import itertools
import mmap

import numpy as np

from numba_dropout import reference
from numba_dropout.kernels import cpu

DTYPES = (np.float32, np.float64)
SIZES = (1, 3, 4, 7, 9, 16, 33)
LARGE = ((70, 40, 201), (40, 300, 65), (300, 70, 35), (2, 70, 67), (67, 70, 3))
HALF = np.uint64(2**31)
WORDS = tuple(np.uint64(number) for number in (1, 2, 3, 4))  # seed 2**33 + 1, stream 3, step 4
NUMBERS = {"seed": 2 << 32 | 1, "stream": 3, "step": 4}


class Fence:
    """Memory between two protected pages."""

    def __init__(self, size):
        page = mmap.PAGESIZE
        self.size = -(-size // page) * page
        self.memory = mmap.mmap(-1, self.size + 2 * page)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for address in (start, start + page + self.size):
            if ctypes.CDLL(None, use_errno=True).mprotect(ctypes.c_void_p(address), page, 0):
                raise OSError(ctypes.get_errno(), "mprotect")

    def array(self, content, last):
        """Return a copy of an array at the end of the memory, or at its start."""
        offset = mmap.PAGESIZE + (self.size - content.nbytes if last else 0)
        copy = np.frombuffer(self.memory, content.dtype, content.size, offset).reshape(content.shape)
        copy[...] = content
        return copy


def fenced(fences, arrays, last):
    return [fence.array(array, last) for fence, array in zip(fences, arrays, strict=False)]


def check_layer(fences, rng, shape, dtype, last):
    """Check a layer's kernels on fenced operands and results. All numbers are integers, compared exactly."""
    rows, inputs, units = shape
    sizes = [(rows, inputs), (units, inputs), (units,), (rows, units)]
    operands = [rng.integers(-4, 5, size).astype(dtype) for size in sizes]
    x, w, b, dy, y, dx, dw, db = fenced(fences, [*operands, operands[3], operands[0], operands[1], operands[2]], last)
    exact = operands[3] @ operands[1], operands[3].T @ operands[0], operands[3].sum(0)
    cpu.linear_forward(y, x, w, b)
    plain = operands[0] @ operands[1].T + operands[2]
    results = [(y.copy(), plain)]
    cpu.linear_relu_dropout_forward(y, x, w, b, HALF, dtype(2), *WORDS, np.uint64(5))
    kept = reference.sample_mask(y.shape, 0.5, **NUMBERS, offset=5)
    results += [(y.copy(), np.where(kept & (plain > 0), 2 * plain, 0))]
    cpu.linear_backward(dx, dw, db, dy, x, w)
    results += [(dx.copy(), exact[0]), (dw.copy(), exact[1]), (db.copy(), exact[2])]
    cpu.linear_backward_input(dx, dy, w, x, dtype(2))
    results += [(dx.copy(), np.where(x > 0, 2 * exact[0], 0))]
    for length in (1, 2):  # of the state's rows: velocities, or two moments
        state = fences[8].array(np.zeros((length, w.size + b.size), dtype), last)
        starts = fences[9].array(np.array([0, w.size]), last)
        hyperparameters = fences[10].array(np.array([0.25, 0.5, 0, 0, 0, 1, 0, 1, 1][: 5 * length - 1], dtype), last)
        (cpu.linear_sgd, cpu.linear_adam)[length - 1](w, b, dw, db, state, starts, dy, x, hyperparameters)
        if length == 1:
            results += [(w.copy(), operands[1] - exact[1] / 4), (b.copy(), operands[2] - exact[2] / 4)]
    cpu.linear_relu_dropout_backward(dx, dw, db, dy, y, x, w, dtype(2))
    results += [(dw, np.where(y > 0, 2 * operands[3], 0).T @ operands[0])]
    for number, (value, expected) in enumerate(results):
        assert np.array_equal(value, expected), (number, shape, dtype, last)


def check_elements(fences, rng, n, offset, dtype, last):
    """Check dropout and masks on fenced arrays."""
    values = rng.standard_normal(n).astype(dtype)
    x, y, mask, packed = fenced(fences, [values, values, values > 0, np.zeros(-(-n // 8), np.uint8)], last)
    where = *WORDS, np.uint64(offset)
    cpu.dropout_forward(y, x, HALF, dtype(2), *where)
    kept = reference.sample_mask(n, 0.5, **NUMBERS, offset=offset)
    assert np.array_equal(y, np.where(kept, 2 * values, 0)), (n, offset, dtype, last)
    cpu.dropout_forward(x, x, HALF, dtype(2), *where)
    assert np.array_equal(x, y)
    cpu.sample_mask(mask, HALF, *where)
    assert np.array_equal(mask, kept)
    cpu.sample_packed_mask(packed, n, HALF, *where)
    assert np.array_equal(packed, np.packbits(kept, bitorder="little"))


def check_all(report):
    """Check every kernel at both ends of memory. `report` gets a line before each call, for a crash."""
    rng = np.random.default_rng(0)
    fences = [Fence(8 * 2 * 21500) for _ in range(11)]
    for dtype, last in itertools.product(DTYPES, (True, False)):
        for shape in (*itertools.product(SIZES, repeat=3), *LARGE):
            report(f"layer {shape}, {dtype.__name__}, {'last' if last else 'first'} in memory")
            check_layer(fences, rng, shape, dtype, last)
        for n, offset in itertools.product(range(1, 201), range(8)):
            report(f"{n} elements, offset {offset}, {dtype.__name__}, {'last' if last else 'first'} in memory")
            check_elements(fences, rng, n, offset, dtype, last)
        for n in (2**14 + 1, 2**14 + 2**13 - 1, 2**15 + 63):
            check_elements(fences, rng, n, 2**35 - n // 2, dtype, last)
