"""Instruction sets: equal masks under each, products within the bound, and the widest registers."""

import itertools
import platform
import sys

import numpy as np
import pytest
from dtypes import cast, same_numbers, widen
from exact import check_backward, check_forward, layer
from llvmlite import binding
from probe import DTYPES, HALVES, MASKS, POSITION, SHAPES, half_numbers, training
from processes import probe

from numba_dropout import reference
from numba_dropout.kernels import cpu
from numba_dropout.kernels.simd.registers import Tile, tile_for

V1 = ["64bit", "cx8", "fxsr", "mmx", "sse", "sse2"]
V2 = [*V1, "cx16", "popcnt", "sahf", "sse3", "sse4.1", "sse4.2", "ssse3"]
V3 = [*V2, "avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe", "xsave"]
V4 = [*V3, "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"]

# the features, and which of xmm, ymm and zmm occur in their code
LEVELS = {
    "x86-64": (V1, [True, False, False]),
    "x86-64-v2": (V2, [True, False, False]),
    "x86-64-v3": (V3, [True, True, False]),
    "x86-64-v4": (V4, [True, True, True]),
    "avx2 without fma": ([name for name in V3 if name != "fma"], [True, True, False]),
}


PARTS = ["masks", "halves", "products", "registers", "tiles"]

every_level = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "x86-64-v3" else pytest.mark.full) for name in LEVELS]
)


def run_under(name, folder, *parts):
    """Return the results of parts of `probe.py` in a process that compiles for a level, or skip."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        pytest.skip(f"{name} is a level of x86-64")
    features, _ = LEVELS[name]
    host = binding.get_host_cpu_features()
    missing = [feature for feature in features if not host.get(feature, True)]
    if missing:
        pytest.skip(f"this machine lacks {', '.join(missing)}")
    return probe(
        folder,
        *parts,
        NUMBA_CPU_NAME=name if name.startswith("x86-64") else "x86-64-v3",
        NUMBA_CPU_FEATURES=",".join([f"+{feature}" for feature in features] + ["-fma"] * ("fma" not in features)),
        NUMBA_DROPOUT_CACHE="0",  # code from disk does not show its registers
    )


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Return a function that returns masks, products and registers of a level, from one process for each level."""
    results = {}

    def computed_under(name):
        if name not in results:
            results[name] = run_under(name, tmp_path_factory.mktemp("level"), *PARTS)
        return results[name]

    return computed_under


@pytest.mark.jit_only
@every_level
def test_registers_of_each_level(name, computed):
    registers = {key: value.tolist() for key, value in computed(name).items() if key.startswith("registers")}
    assert len(registers) == 4
    assert all(value == LEVELS[name][1] for value in registers.values()), registers


@pytest.mark.jit_only
@every_level
def test_sums_stay_in_registers(name, computed):
    tiles = {key: value.tolist() for key, value in computed(name).items() if key.startswith("tiles")}
    assert len(tiles) == 4
    assert all(loops >= 2 and spilled == 0 for loops, spilled in tiles.values()), tiles


@pytest.mark.jit_only
@every_level
def test_masks_of_each_level(name, computed):
    results = computed(name)
    for number, (n, p, where) in enumerate(MASKS):
        mask = reference.sample_mask(n, p, **where)
        assert np.array_equal(results[f"mask {number}"], mask)
        assert np.array_equal(results[f"packed {number}"], np.packbits(mask, bitorder="little"))
        threshold = int(np.rint(p * 2**32))
        for dtype in DTYPES:
            x = np.random.default_rng(number).standard_normal(n).astype(dtype)
            expected = np.where(mask, x * x.dtype.type(2**32 / (2**32 - threshold)), x.dtype.type(0))
            assert results[f"dropout {number} {dtype}"].tobytes() == expected.tobytes()


@pytest.mark.jit_only
@every_level
def test_half_precision_of_each_level(name, computed):
    """Those without instructions for float16 convert with integers."""
    results = computed(name)
    for dtype in HALVES:
        x = half_numbers(dtype)
        numbers = widen(x)
        kept = reference.sample_mask(x.size, 0.5, seed=5, stream=1, step=2, offset=3)
        noise = np.zeros_like(numbers)
        cpu.add_gaussian_noise(noise, numbers, np.float32(0.5), *POSITION)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = np.where(kept, numbers * np.float32(2), np.float32(0))
            assert same_numbers(results[f"dropout {dtype}"], cast(expected, dtype))
            assert same_numbers(results[f"noise {dtype}"], cast(noise, dtype))
            assert same_numbers(results[f"relu {dtype}"], cast(np.where(numbers <= 0, np.float32(0), numbers), dtype))


@pytest.mark.jit_only
@every_level
def test_products_of_each_level(name, computed):
    results = computed(name)
    for shape, dtype in itertools.product(SHAPES, DTYPES):
        x, w, b, dy = layer(np.random.default_rng(sum(shape)), *shape, dtype)
        at = f"{shape} {dtype}"
        check_forward(results[f"linear {at}"], x, w, b)
        check_backward([results[f"{part} {at}"] for part in ("dx", "dw", "db")], dy, x, w)
        y, kept = results[f"hidden {at}"], reference.sample_mask((shape[0], shape[2]), 0.3, seed=5, offset=7)
        scale = y.dtype.type(2**32 / (2**32 - round(0.3 * 2**32)))
        assert np.array_equal(y, np.where(kept & (results[f"linear {at}"] > 0), results[f"linear {at}"] * scale, 0))
        masked_dy = np.where(y > 0, dy * scale, y.dtype.type(0))
        check_backward([results[f"hidden {part} {at}"] for part in ("dx", "dw", "db")], masked_dy, x, w)


@pytest.mark.jit_only
@pytest.mark.full
@pytest.mark.parametrize("name", LEVELS)
def test_training_on_each_level(name, tmp_path):
    results = run_under(name, tmp_path, "training", *(["fences"] if sys.platform == "linux" else []))
    for key, value in training():
        assert np.allclose(results[key], value, rtol=1e-4, atol=1e-5), key


# ---------------------------------------------------------------- the tile

REGISTERS = {  # their number, their bytes, and whether a multiply-add is one operation
    ("x86_64", "+sse2,+avx,+avx2,+fma,+avx512f,+avx512vl"): (32, 64, True),
    ("x86_64", "+sse2,+avx,+avx2,+fma,-avx512f"): (16, 32, True),
    ("x86_64", "+sse2,+avx,+avx2,-fma"): (16, 32, False),
    ("x86_64", "+sse2,+avx,-avx2"): (16, 16, False),
    ("x86_64", "+sse2,+sse4.2,-avx"): (16, 16, False),
    ("x86_64", ""): (16, 16, False),
    ("AMD64", ""): (16, 16, False),
    ("aarch64", "+neon"): (32, 16, True),
    ("arm64", "+neon,+sve"): (32, 16, True),
    ("arm64", ""): (32, 16, True),
    ("riscv64", "+v"): (16, 16, False),
}


@pytest.mark.parametrize(("machine", "features"), REGISTERS)
def test_tile_fits_registers(machine, features):
    number, size, fused = REGISTERS[machine, features]
    tile = tile_for(features, machine)
    assert isinstance(tile, Tile)
    assert (tile.size, tile.fused, tile.width) == (size, fused, tile.vectors * size)
    used = tile.rows * tile.vectors + tile.vectors + 1  # the sums, a row of the panel, an element of the left side
    assert used <= number


def test_disabled_features():
    assert tile_for("-avx512f,-avx2", "x86_64") == tile_for("", "x86_64")
    assert tile_for("+avx512fp16,+avx2,+fma", "x86_64") == tile_for("+avx2,+fma", "x86_64")
