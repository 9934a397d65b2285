"""Kernels in compiled code of users: unsupported arrays are refused at compilation."""

import numpy as np
import pytest
from numba import errors, njit

import numba_dropout as nd
from numba_dropout.kernels import cpu

NUMBERS = tuple(np.uint64(number) for number in (2**31, 1, 0, 0, 0, 0))  # threshold, seed, stream, step, offset
SCALE = np.float32(2)

pytestmark = pytest.mark.jit_only


@njit
def dropped(out, inp):
    cpu.dropout_forward(out, inp, NUMBERS[0], SCALE, *NUMBERS[1:])


def zeros(*shape):
    return np.zeros(shape, np.float32)


@pytest.mark.parametrize(
    ("out", "inp"),
    [
        (zeros(200)[::2], zeros(100)),
        (zeros(100), zeros(200)[::2]),
        (zeros(100)[::-1], zeros(100)),
        (zeros(50), zeros(50, 2)[:, 0]),
    ],
)
def test_dropout_of_arrays_with_gaps(out, inp):
    with pytest.raises(errors.TypingError, match="contiguous"):
        dropped(out, inp)


def test_masks_with_gaps():
    with pytest.raises(errors.TypingError, match="contiguous"):
        cpu.sample_mask(np.zeros(200, bool)[::2], *NUMBERS)


@pytest.mark.parametrize("out", [zeros(6, 10)[:, ::2], zeros(5, 6).T])
def test_products_into_other_layouts(out):
    with pytest.raises(errors.TypingError, match="contiguous"):
        cpu.linear_forward(out, zeros(6, 10), zeros(5, 10), zeros(5))


@pytest.mark.parametrize(("x", "w"), [(zeros(6, 20)[:, ::2], zeros(5, 10)), (zeros(6, 10), zeros(5, 20)[:, ::2])])
def test_products_of_arrays_with_gaps(x, w):
    with pytest.raises(errors.TypingError, match="contiguous"):
        cpu.linear_forward(zeros(6, 5), x, w, zeros(5))


def test_two_kinds_of_numbers():
    with pytest.raises(errors.TypingError, match="arrays of one dtype"):
        dropped(zeros(100), np.zeros(100))
    with pytest.raises(errors.TypingError, match="arrays of one dtype"):
        cpu.linear_forward(zeros(6, 5), np.zeros((6, 10)), zeros(5, 10), zeros(5))
    with pytest.raises(errors.TypingError, match="arrays of one dtype"):
        cpu.linear_backward_weight(zeros(5, 10), zeros(5), zeros(6, 5), np.zeros((6, 10)))


def test_read_only_inputs(rng):
    x = rng.standard_normal(100, dtype=np.float32)
    x.flags.writeable = False
    out = zeros(100)
    dropped(out, x)
    assert np.array_equal(out, nd.dropout(x, 0.5, seed=1))
