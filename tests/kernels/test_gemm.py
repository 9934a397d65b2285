"""The products of a layer at the edges of tiles, panels, blocks, parts and arrays."""

import itertools

import numpy as np
import pytest
from exact import check_layer, check_whole_layer, whole_layer

import numba_dropout as nd
from numba_dropout.kernels import cpu
from numba_dropout.kernels.cpu import _gemm

DTYPES = [np.float32, np.float64]
SPREAD = [1, 2, 3, 4, 5, 8, 9, 16, 17, 24, 25, 32, 33]
AWKWARD = [13, 29, 37]
SMALL = range(1, 41)
DEEP = [255, 256, 257, 511, 512, 513, 1000, 3000]

pytestmark = pytest.mark.jit_only


def around(*numbers):
    return sorted({number + d for number in numbers for d in (-1, 0, 1)} - {0})


@pytest.mark.parametrize("dtype", DTYPES)
def test_combinations_of_sizes(dtype, rng):
    for shape in itertools.product(SPREAD, repeat=3):
        check_whole_layer(rng, *shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("index", range(3))
def test_sizes_of_each_dimension(index, dtype, rng):
    for size, others in itertools.product(SMALL, itertools.product(AWKWARD, repeat=2)):
        shape = [*others[:index], size, *others[index:]]
        check_whole_layer(rng, *shape, dtype)


@pytest.mark.full
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", SMALL)
def test_every_shape(rows, dtype, rng):
    for inputs, units in itertools.product(SMALL, repeat=2):
        check_whole_layer(rng, rows, inputs, units, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rounding(dtype, rng):
    for shape in itertools.product([1, 4, 5, 8, 9, 17, 33], repeat=3):
        check_layer(rng, *shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_deep_sums(dtype, rng):
    """A sum over more than a block's depth is computed in blocks. Each of the three products is deep in turn."""
    for depth, (a, b) in itertools.product(DEEP, [(5, 35), (33, 6), (9, 1)]):
        for shape in ((a, depth, b), (a, b, depth), (depth, a, b)):
            check_whole_layer(rng, *shape, dtype)
            check_layer(rng, *shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.full)])
def test_borders_of_tiles_and_blocks(times, dtype, rng):
    width = _gemm.TILE_WIDTH // np.dtype(dtype).itemsize
    columns = _gemm.PACKED // (_gemm.DEPTH * _gemm.TILE_WIDTH) * width  # the number of columns that are packed at once
    heights = around(times * _gemm.TILE_ROWS, times * _gemm.ROWS)
    for height, breadth in itertools.product(heights, around(times * width, times * columns)):
        for shape in ((height, 256, breadth), (height, breadth, 256), (256, breadth, height)):
            check_whole_layer(rng, *shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("number", [*range(4), *(pytest.param(n, marks=pytest.mark.full) for n in range(4, 40))])
def test_large_shapes(number, dtype):
    rng = np.random.default_rng(number)
    shape = rng.integers(1, 700, 3) | 1
    check_whole_layer(rng, *shape, dtype)
    check_layer(rng, *shape, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_strides_of_a_dimension_of_one_element(dtype, rng):
    """NumPy calls an array contiguous with any stride of a dimension that has one element."""
    for shape in [(6, 1, 5), (6, 5, 1), (1, 6, 5), (1, 1, 9), (9, 1, 1), (1, 9, 1), (40, 1, 40), (40, 40, 1)]:
        x, w, b, dy = whole_layer(rng, *shape, dtype)
        odd = [
            np.lib.stride_tricks.as_strided(a, strides=[5 * a.itemsize + 3 if n == 1 else s for n, s in sizes])
            for a, sizes in ((a, list(zip(a.shape, a.strides, strict=True))) for a in (x, w, b, dy))
        ]
        assert all(a.flags.c_contiguous for a in odd)
        assert np.array_equal(nd.linear(*odd[:3]), x @ w.T + b)
        for actual, expected in zip(nd.linear_backward(odd[3], *odd[:2]), (dy @ w, dy.T @ x, dy.sum(0)), strict=True):
            assert np.array_equal(actual, expected)


class Banded:
    """Arrays between bands of marked memory. `check` asserts that the bands are unchanged."""

    def __init__(self, dtype, band):
        self.mark = np.frombuffer(b"\xa5" * 8, dtype)[0]
        self.band = band
        self.memories = []

    def __call__(self, *shape):
        size = int(np.prod(shape))
        memory = np.full(size + 2 * self.band, self.mark)
        self.memories.append(memory)
        return memory[self.band : self.band + size].reshape(shape)

    def check(self):
        for memory in self.memories:
            both = np.concatenate([memory[: self.band], memory[memory.size - self.band :]])
            assert both.tobytes() == self.mark.tobytes() * both.size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("band", [67, 129])
def test_no_writes_around_outputs(band, dtype, rng):
    where = np.uint64(2**31), dtype(2), *(np.uint64(number) for number in (1, 2, 3, 4, 5))
    shapes = [*itertools.product([1, 3, 5, 9, 33], repeat=3), (130, 40, 201), (40, 300, 65), (300, 70, 35)]
    for rows, inputs, units in shapes:
        x, w, b, dy = whole_layer(rng, rows, inputs, units, dtype)
        banded = Banded(dtype, band)
        y, hidden, dx, dw, db = (
            banded(*s) for s in [(rows, units), (rows, units), (rows, inputs), (units, inputs), (units,)]
        )
        cpu.linear_forward(y, x, w, b)
        cpu.linear_relu_dropout_forward(hidden, x, w, b, *where)
        cpu.linear_backward(dx, dw, db, dy, x, w)
        banded.check()
        assert np.array_equal(y, x @ w.T + b)
        assert np.array_equal(hidden, nd.dropout(np.maximum(y, 0), 0.5, seed=2 << 32 | 1, stream=3, step=4, offset=5))
        for actual, expected in zip((dx, dw, db), (dy @ w, dy.T @ x, dy.sum(0)), strict=True):
            assert np.array_equal(actual, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_writes_around_updated_parameters(dtype, rng):
    """The gradient by the weight is computed and applied in blocks. Multiples of 1/4 are exact."""
    lr, momentum = dtype(0.25), dtype(0.5)
    for rows, inputs, units in [*itertools.product([1, 5, 33], repeat=3), (17, 1100, 35), (256, 40, 70), (300, 33, 9)]:
        x, w, b, dy = whole_layer(rng, rows, inputs, units, dtype)
        banded = Banded(dtype, 65)
        weight, bias, dweight = banded(units, inputs), banded(units), banded(units, inputs)
        dbias, state = banded(units), banded(1, w.size + b.size + 5)
        weight[:], bias[:] = w, b
        state[:] = banded.mark
        starts = np.array([b.size + 3, 2])
        velocities = state[0, starts[0] : starts[0] + w.size].reshape(w.shape), state[0, 2 : 2 + b.size]
        for velocity in velocities:
            velocity[:] = 4
        hyperparameters = np.array([lr, momentum, 0, 0], dtype)
        cpu.linear_sgd(weight, bias, dweight, dbias, state, starts, dy, x, hyperparameters)
        banded.check()
        gradients = dy.T @ x, dy.sum(0)
        for value, before, velocity, gradient in zip((weight, bias), (w, b), velocities, gradients, strict=True):
            assert np.array_equal(velocity, 2 + gradient)
            assert np.array_equal(value, before - lr * velocity)
        left = np.concatenate([state[0, :2], state[0, 2 + b.size : starts[0]], state[0, starts[0] + w.size :]])
        assert left.tobytes() == banded.mark.tobytes() * left.size
