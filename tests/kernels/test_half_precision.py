"""Conversions between half precision and float32: LLVM's own and those with integers."""

import platform

import numpy as np
import pytest
from dtypes import cast, same_numbers, widen
from numba import njit

from numba_dropout.kernels.simd import half_precision
from numba_dropout.kernels.simd.half_precision import converts

ALL = np.arange(2**16).astype(np.uint16)

every_dtype = pytest.mark.parametrize("dtype", ["float16", "bfloat16"])


def all_numbers(dtype):
    """Return the numbers of all bits."""
    return ALL.view(np.float16) if dtype == "float16" else ALL


def bits(x):
    """Return an array as kernels take it."""
    return x.view(np.int16) if x.dtype == np.float16 else x


def between(dtype):
    """Return float32 numbers: all of a dtype, those in the middle of two neighbours, and the float32 next to both."""
    with np.errstate(invalid="ignore", over="ignore"):
        x = np.unique(widen(all_numbers(dtype)))
        x = x[np.isfinite(x)]
        middles = ((x[1:].astype(np.float64) + x[:-1]) / 2).astype(np.float32)  # exact
        beyond = np.float32(65520.0) if dtype == "float16" else np.finfo(np.float32).max
        x = np.concatenate([x, middles, [beyond, -beyond]])
        return np.concatenate([x, *(np.nextafter(x, np.float32(end)) for end in (np.inf, -np.inf))])


def random_numbers(rng):
    """Return float32 numbers of all exponents, with infinity and NaN."""
    return rng.integers(0, 2**32, 100_000, np.uint32).view(np.float32)


@pytest.fixture(params=["native", pytest.param("integers", marks=pytest.mark.jit_only)])
def conversions(request, monkeypatch):
    """Return functions that convert arrays, compiled for one of the two ways to convert float16."""
    native = request.param == "native"
    if native and not half_precision.NATIVE:
        pytest.skip("this machine has no instructions for float16")
    monkeypatch.setattr(half_precision, "NATIVE", native)  # read when they are compiled

    @njit
    def widen_all(out, inp):
        for i in range(out.size):
            out[i] = half_precision.widen(inp[i])

    @njit
    def narrow_all(out, inp):
        for i in range(out.size):
            out[i] = half_precision.narrow(inp[i], out)

    return widen_all, narrow_all


@every_dtype
def test_widen(conversions, dtype):
    x = all_numbers(dtype)
    result = np.zeros(x.size, np.float32)
    conversions[0](result, bits(x))
    assert same_numbers(result, widen(x))


@pytest.mark.jit_only
@every_dtype
def test_there_and_back(conversions, dtype):
    """Half precision is exact in float32. NaN becomes quiet, and keeps its other bits."""
    x = all_numbers(dtype)
    single, result = np.zeros(x.size, np.float32), np.zeros_like(bits(x))
    conversions[0](single, bits(x))
    conversions[1](result, single)
    quiet = np.where(np.isnan(widen(x)), ALL | (0x200 if dtype == "float16" else 0x40), ALL)
    assert np.array_equal(result.view(np.uint16), quiet)


@pytest.mark.jit_only
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the instruction's name on x86-64")
def test_instructions(conversions, request):
    x = all_numbers("float16")
    conversions[0](np.zeros(x.size, np.float32), bits(x))
    (code,) = conversions[0].inspect_asm().values()
    assert ("vcvtph2ps" in code) == ("native" in request.node.name)


@every_dtype
def test_narrow(conversions, dtype, rng):
    for x in (between(dtype), random_numbers(rng)):
        result = np.zeros_like(bits(all_numbers(dtype)), shape=x.size)
        conversions[1](result, x)
        with np.errstate(over="ignore", invalid="ignore"):
            expected = cast(x, dtype)
        assert same_numbers(result.view(expected.dtype), expected)


def test_rounding_of_the_tests(rng):
    """The bfloat16 of the tests is that of ml_dtypes."""
    bfloat16 = pytest.importorskip("ml_dtypes", reason="needs ml_dtypes").bfloat16
    for x in (between("bfloat16"), random_numbers(rng)):
        with np.errstate(over="ignore", invalid="ignore"):
            assert same_numbers(cast(x, "bfloat16"), x.astype(bfloat16).view(np.uint16))


MACHINES = {
    ("x86_64", "+sse2,+avx,+f16c,+avx2"): True,
    ("x86_64", "+avx512f,+avx512vl"): True,
    ("x86_64", "+sse2,+sse4.2,-f16c"): False,
    ("x86_64", "+avx512fp16x"): False,
    ("x86_64", ""): False,
    ("aarch64", "+neon"): True,
    ("arm64", ""): True,
    ("riscv64", "+v"): False,
}


@pytest.mark.parametrize(("machine", "features"), MACHINES)
def test_machines_that_convert_float16(machine, features):
    assert converts(features, machine) == MACHINES[machine, features]
