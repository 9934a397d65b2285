"""The argument `out` of each operation: layouts that are accepted, and refused arrays, which stay unchanged."""

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided
from operations import OPERATIONS, missing

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


INVALID = {
    "expanded": (expanded, ValueError, SHARED),
    "expanded rows": (expanded_rows, ValueError, SHARED),
    "overlapping": (overlapping, ValueError, SHARED),
    "broadcast": (lambda shape, dtype: np.broadcast_to(dtype(1), shape), ValueError, "out: expected .* read-only one"),
    "read-only": (read_only, ValueError, "out: expected a writable array, got a read-only one"),
    "other byte order": (
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
LAYOUTS = {
    "reversed": lambda shape, dtype: np.zeros(shape, dtype)[(slice(None, None, -1),) * len(shape)],
    "Fortran order": lambda shape, dtype: np.zeros(shape, dtype, order="F"),
    "strided": lambda shape, dtype: np.zeros([3 * n for n in shape], dtype)[(slice(1, None, 3),) * len(shape)],
    "unaligned": lambda shape, dtype: np.frombuffer(
        bytearray(np.prod(shape) * dtype().itemsize + 1), dtype, offset=1
    ).reshape(shape),
}
SIZE = 48


def operands(name, rng):
    return [rng.standard_normal(shape).astype(np.float32) for shape in OPERATIONS[name].inputs(SIZE)]


def into(name, inputs, outputs):
    return OPERATIONS[name].call(*inputs, out=outputs[0] if len(outputs) == 1 else tuple(outputs))


def test_table_of_operations_is_complete():
    assert missing() == set()


@pytest.mark.parametrize("layout", INVALID)
@pytest.mark.parametrize("name", OPERATIONS)
def test_invalid_outputs(name, layout, rng):
    make, error, message = INVALID[layout]
    dtype, inputs = OPERATIONS[name].dtype or np.float32, operands(name, rng)
    if layout == "other byte order" and np.dtype(dtype).itemsize == 1:
        pytest.skip("a single byte has no order")
    shapes = OPERATIONS[name].outputs(SIZE)
    for index in range(len(shapes)):
        outputs = [np.ones(shape, dtype) for shape in shapes]
        outputs[index] = make(shapes[index], dtype)
        before = [np.asarray(array).tobytes() for array in outputs]
        with pytest.raises(error, match=message):
            into(name, inputs, outputs)
        assert [np.asarray(array).tobytes() for array in outputs] == before


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", OPERATIONS)
def test_layouts(name, layout, rng):
    dtype, inputs, shapes = OPERATIONS[name].dtype or np.float32, operands(name, rng), OPERATIONS[name].outputs(SIZE)
    outputs, plain = ([make(shape, dtype) for shape in shapes] for make in (LAYOUTS[layout], np.zeros))
    into(name, inputs, outputs)
    into(name, inputs, plain)
    assert [array.tobytes() for array in outputs] == [array.tobytes() for array in plain]
