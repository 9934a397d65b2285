"""Results go into arrays whose elements have memory of their own; all others are refused before anything is written."""

import itertools

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided
from operations import OPERATIONS, missing

from numba_dropout.arrays.host import refuse_shared_elements

SHARED = "out: expected an array whose elements do not share memory, got strides"


def expanded(shape, dtype):
    return as_strided(np.ones(1, dtype), shape, (0,) * len(shape))


def expanded_rows(shape, dtype):
    memory = np.ones(max(shape), dtype)
    return as_strided(memory, shape, (*(0,) * (len(shape) - 1), memory.itemsize if len(shape) > 1 else 0))


def overlapping(shape, dtype):
    """Return an array whose rows begin within the rows before."""
    memory = np.ones(64 * max(shape), dtype)
    if len(shape) == 1:
        return as_strided(memory, shape, (memory.itemsize // 2 or 0,))
    return as_strided(memory, shape, (memory.itemsize,) * len(shape))


def read_only(shape, dtype):
    array = np.ones(shape, dtype)
    array.flags.writeable = False
    return array


REFUSED = {
    "expanded": (expanded, ValueError, SHARED),
    "expanded rows": (expanded_rows, ValueError, SHARED),
    "overlapping": (overlapping, ValueError, SHARED),
    "broadcast": (lambda shape, dtype: np.broadcast_to(dtype(1), shape), ValueError, "out: expected .* read-only one"),
    "read-only": (read_only, ValueError, "out: expected a writable array, got a read-only one"),
    "foreign order of bytes": (
        lambda shape, dtype: np.ones(shape, np.dtype(dtype).newbyteorder()),
        TypeError,
        r"out: expected dtype \w+, got >",
    ),
    "another dtype": (lambda shape, dtype: np.ones(shape, np.int16), TypeError, r"out: expected dtype \w+, got int16"),
    "another shape": (lambda shape, dtype: np.ones((*shape, 2), dtype), ValueError, r"out: expected shape \("),
    "too few": (lambda shape, dtype: np.ones([n - 1 for n in shape], dtype), ValueError, r"out: expected shape \("),
    "no dimensions": (lambda shape, dtype: np.array(1, dtype), ValueError, r"out: expected shape \("),
    "a list": (lambda shape, dtype: [1.0], TypeError, "out: expected a NumPy array, got list"),
}
ACCEPTED = {
    "backwards": lambda shape, dtype: np.zeros(shape, dtype)[(slice(None, None, -1),) * len(shape)],
    "in the other order": lambda shape, dtype: np.zeros(shape, dtype, order="F"),
    "spread": lambda shape, dtype: np.zeros([3 * n for n in shape], dtype)[(slice(1, None, 3),) * len(shape)],
    "unaligned": lambda shape, dtype: np.frombuffer(
        bytearray(np.prod(shape) * dtype().itemsize + 1), dtype, offset=1
    ).reshape(shape),
}


SIZE = 48


def operands(name, rng):
    return [rng.standard_normal(shape).astype(np.float32) for shape in OPERATIONS[name].inputs(SIZE)]


def into(name, inputs, outputs):
    return OPERATIONS[name].call(*inputs, out=outputs[0] if len(outputs) == 1 else tuple(outputs))


def test_every_operation_is_in_the_table():
    assert missing() == set()


@pytest.mark.parametrize("layout", REFUSED)
@pytest.mark.parametrize("name", OPERATIONS)
def test_outputs_that_are_refused(name, layout, rng):
    make, error, message = REFUSED[layout]
    dtype, inputs = OPERATIONS[name].dtype or np.float32, operands(name, rng)
    if layout == "foreign order of bytes" and np.dtype(dtype).itemsize == 1:
        pytest.skip("one byte has no order")
    shapes = OPERATIONS[name].outputs(SIZE)
    for place in range(len(shapes)):
        outputs = [np.ones(shape, dtype) for shape in shapes]
        outputs[place] = make(shapes[place], dtype)
        before = [np.asarray(array).tobytes() for array in outputs]
        with pytest.raises(error, match=message):
            into(name, inputs, outputs)
        assert [np.asarray(array).tobytes() for array in outputs] == before


@pytest.mark.parametrize("layout", ACCEPTED)
@pytest.mark.parametrize("name", OPERATIONS)
def test_outputs_of_other_layouts(name, layout, rng):
    dtype, inputs, shapes = OPERATIONS[name].dtype or np.float32, operands(name, rng), OPERATIONS[name].outputs(SIZE)
    outputs, plain = ([make(shape, dtype) for shape in shapes] for make in (ACCEPTED[layout], np.zeros))
    into(name, inputs, outputs)
    into(name, inputs, plain)
    assert [array.tobytes() for array in outputs] == [array.tobytes() for array in plain]


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
        ((2, 3), (12, 8), False),  # rows lie between each other: PyTorch cannot tell, and accepts it
        ((2, 3), (16, 8), True),
        ((3, 2), (4, 6), True),  # halves of elements
        ((2**40,), (0,), True),
        ((2**20, 2**20), (4, 4), True),
        ((7, 5, 3), (4, 28, 140), False),
        ((7, 5, 3), (4, 28, 136), True),
    ],
)
def test_which_strides_share_elements(shape, strides, shared):
    if shared:
        with pytest.raises(ValueError, match=SHARED):
            refuse_shared_elements(None, shape, strides, 4)
    else:
        assert refuse_shared_elements(None, shape, strides, 4) is None


def test_strides_of_small_arrays():
    """Every array of three dimensions, against a count of the bytes it covers."""
    for strides in itertools.product((-6, -4, -2, 0, 1, 2, 3, 4, 5, 8), repeat=3):
        for shape in itertools.product((1, 2, 3), repeat=3):
            places = sum(np.arange(n).reshape(-1, *(1,) * (2 - axis)) * strides[axis] for axis, n in enumerate(shape))
            covered = {int(place) + byte for place in places.reshape(-1) for byte in range(2)}
            try:
                refuse_shared_elements(None, shape, strides, 2)
                shared = False
            except ValueError:
                shared = True
            assert shared == (len(covered) < 2 * places.size), (shape, strides)
