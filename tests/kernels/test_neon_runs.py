"""The building blocks for NEON on a simulated ARM processor, in memory that ends at the end of the arrays."""

import itertools

import naive
import numpy as np
import pytest
from aarch64 import compiled, target_machine
from numba import types

from numba_dropout.kernels.simd import gemm, masked_store, philox_mask, vectors
from numba_dropout.kernels.simd.registers import tile_for

pytest.importorskip("unicorn")
from arm import Program

pytestmark = [pytest.mark.jit_only, pytest.mark.full]

TILE = tile_for("+neon", "aarch64")
KINDS = {np.float32: types.float32, np.float64: types.float64}


@pytest.fixture(scope="module", params=["cortex-a76", "generic", "apple-m1"])
def machine(request):
    return target_machine(request.param)


def program(machine, kinds, emit):
    return Program(machine.emit_object(compiled(machine, kinds, emit)))


def test_random_numbers(machine, monkeypatch):
    monkeypatch.setattr(philox_mask, "AVX512", False)
    word = types.uint64
    signature, generate = philox_mask.draw._defn(None, *[word] * 6)

    def emit(context, builder, values):
        result = generate(context, builder, signature, values[:6])
        position = vectors.View(context, builder, types.Array(word, 1, "C"), values[6]).start
        for number in range(2):
            vectors.store(builder, builder.extract_value(result, number), position, 8 * number)

    draw = program(machine, [*[word] * 6, types.Array(word, 1, "C")], emit)
    for first, stream, step, seed in (
        (0, 0, 0, 0),
        (2**32 - 3, 2**31 + 9, 2**32 - 1, 2**63 + 7),
        (2**59, 1, 2, 2**40 + 3),
    ):
        numbers = [naive.half(8 * first + i, seed, stream, step) for i in range(64)]
        for high in (1, 0x4000, numbers[5], 0xFFFF):
            result = np.zeros(2, np.uint64)
            draw(first, high << 16 | 77, seed & 0xFFFFFFFF, seed >> 32, stream, step, result)
            assert int(result[0]) == sum((number >= high) << position for position, number in enumerate(numbers))
            assert int(result[1]) == sum((number == high) << position for position, number in enumerate(numbers))


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("name", ["store_kept", "store_relu_kept", "store_kept_past_caches", "store_affine_kept"])
def test_masked_stores(name, dtype, machine, rng):
    array = types.Array(KINDS[dtype], 1, "C")
    numbers = (2, 0.5, -1) if name == "store_affine_kept" else (2,)
    kinds = [array, array, types.int64, types.uint64, types.uint64, *len(numbers) * [KINDS[dtype]]]
    signature, generate = getattr(masked_store, name)._defn(None, *kinds)
    store = program(machine, kinds, lambda *values: generate(*values[:2], signature, values[2]))
    for n, last in itertools.product([64, 1, 2, 3, 4, 5, 17, 31, 63], (True, False)):
        bits = int(rng.integers(0, 2**63)) << 1 | 1
        x, out = rng.standard_normal(n).astype(dtype), np.full(n, 99, dtype)
        x[-1] = np.nan
        store(out, x, 0, 2**n - 1, bits, *map(dtype, numbers), last=last)
        chosen = np.array([bits >> i & 1 for i in range(n)], bool)
        if name == "store_relu_kept":
            chosen &= ~(x <= 0)
        expected = (
            np.where(chosen, x * 2 + dtype(0.5), dtype(-1)) if len(numbers) > 1 else np.where(chosen, x * 2, dtype(0))
        )
        assert out.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("layout", ["A", "F"])
def test_tiles(layout, dtype, machine, rng):
    element = KINDS[dtype]
    kinds = [types.Array(element, 2, "A"), types.Array(element, 2, layout), types.Array(element, 3, "C"), types.boolean]
    multiply = program(machine, kinds, lambda *values: gemm.emit_tiles(*values[:2], TILE, kinds, values[2]))
    width = TILE.width // dtype().itemsize
    for rows, columns, depth in itertools.product(range(1, TILE.rows + 1), range(1, 2 * width + 1), (0, 1, 4, 7)):
        panels = -(-columns // width)
        packed = rng.integers(-4, 5, (panels, depth, width)).astype(dtype)
        right = np.concatenate(list(packed), axis=1)[:, :columns]
        # a packed left side has unused rows
        left = rng.integers(-4, 5, (depth, TILE.rows)).astype(dtype).T if layout == "F" else None
        left = rng.integers(-4, 5, (rows, depth)).astype(dtype) if left is None else left
        before = rng.integers(-4, 5, (rows, columns)).astype(dtype)
        for add, last in itertools.product((False, True), repeat=2):
            out = before.copy()
            multiply(out, left, packed, add, last=last)
            assert np.array_equal(out, left[:rows] @ right + add * before)


@pytest.mark.parametrize("dtype", KINDS)
@pytest.mark.parametrize("across", [False, True])
def test_packing(across, dtype, machine, rng):
    size = dtype().itemsize
    kinds = [types.Array(KINDS[dtype], 3, "C"), types.Array(KINDS[dtype], 2, "A")]
    for width in (TILE.width // size, TILE.rows):

        def emit(context, builder, values, width=width):
            gemm.emit_packing(builder, TILE.size, *vectors.views(context, builder, kinds, values), width)

        pack = program(machine, kinds, emit)
        for depth, columns, last in itertools.product([1, 3, 4, 5, 16, 17, 33], range(1, 2 * width + 2), (True, False)):
            memory = rng.integers(-4, 5, (columns, depth) if across else (depth, columns)).astype(dtype)
            right = memory.T if across else memory
            packed = np.full((-(-columns // width), depth, width), 99, dtype)
            pack(packed, right, last=last)
            for panel, part in enumerate(packed):
                block = right[:, panel * width : (panel + 1) * width]
                assert np.array_equal(part[:, : block.shape[1]], block)
