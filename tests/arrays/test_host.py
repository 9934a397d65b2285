"""Checks of host arrays: outputs whose elements share memory."""

import itertools

import numpy as np
import pytest

from numba_dropout.arrays.host import refuse_shared_elements

SHARED = "out: expected an array whose elements do not share memory, got strides"


@pytest.mark.parametrize(
    ("shape", "strides", "shared"),
    [
        ((), (), False),
        ((0, 5), (0, 0), False),
        ((1, 5), (0, 4), False),
        ((5, 1), (4, 0), False),
        ((2,), (0,), True),
        ((3, 4), (16, 4), False),
        ((3, 4), (-16, -4), False),
        ((3, 4), (12, 4), True),
        ((2, 3), (12, 8), False),  # interleaved rows, which PyTorch accepts too
        ((2, 3), (16, 8), True),
        ((3, 2), (4, 6), True),  # halves of elements
        ((2**40,), (0,), True),
        ((2**20, 2**20), (4, 4), True),
        ((7, 5, 3), (4, 28, 140), False),
        ((7, 5, 3), (4, 28, 136), True),
    ],
)
def test_shared_elements(shape, strides, shared):
    if shared:
        with pytest.raises(ValueError, match=SHARED):
            refuse_shared_elements(None, shape, strides, 4)
    else:
        assert refuse_shared_elements(None, shape, strides, 4) is None


def test_shared_elements_of_small_arrays():
    """Compare all small strides of three dimensions with the number of bytes that they cover."""
    for strides in itertools.product((-6, -4, -2, 0, 1, 2, 3, 4, 5, 8), repeat=3):
        for shape in itertools.product((1, 2, 3), repeat=3):
            offsets = sum(np.arange(n).reshape(-1, *(1,) * (2 - axis)) * strides[axis] for axis, n in enumerate(shape))
            covered = {int(offset) + byte for offset in offsets.reshape(-1) for byte in range(2)}
            try:
                refuse_shared_elements(None, shape, strides, 2)
                shared = False
            except ValueError:
                shared = True
            assert shared == (len(covered) < 2 * offsets.size), (shape, strides)
