"""Kernels, operations and networks access only their arrays: guarded memory ends a process that accesses more."""

import signal
import sys

import pytest
from kernel_cases import KERNELS, METHODS, Cases, Out
from numba.core import config
from operations import OPERATIONS
from processes import probe

from numba_dropout.nn.variants import VARIANTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guards are made by Linux's mprotect")

SAMPLE = (
    "masked_dropout_forward",
    "dropout_forward",
    "gather_sparse_rows",
    "pack_mask",
    "sample_mask",
    "spread_columns",
)


def counted(folder, part):
    results = probe(folder, part)
    counts = dict(zip(results["names"].tolist(), results["counts"].tolist(), strict=True))
    print(f"{part}: {sum(counts.values())} calls of {len(counts)} names in guarded memory")
    assert min(counts.values()) > 0
    return counts


def test_every_kernel_has_cases():
    assert set(METHODS) == set(KERNELS)


@pytest.mark.skipif(not config.DISABLE_JIT, reason="compiled, the guarded calls are these")
@pytest.mark.parametrize("name", KERNELS)
def test_cases_are_calls(name, rng):
    for n in (0, 1, 9):
        for arguments in Cases(n, "float32", rng).of(name):
            assert any(isinstance(value, Out) for value in arguments)
            KERNELS[name](*(value.content if isinstance(value, Out) else value for value in arguments))


@pytest.mark.jit_only
def test_sample_of_cases(tmp_path):
    counts = counted(tmp_path, f"guarded_kernels:float32:0,201,8:{':'.join(SAMPLE)}")
    assert list(counts) == list(SAMPLE)


@pytest.mark.jit_only
@pytest.mark.parametrize("part", ["past_the_end", "into_an_input"])
def test_guards_are_effective(part, tmp_path):
    with pytest.raises(AssertionError, match=rf"ended with -{signal.SIGSEGV.value}\nbefore\n"):
        probe(tmp_path, part)


@pytest.mark.jit_only
@pytest.mark.full
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kernel(dtype, tmp_path):
    assert set(counted(tmp_path, f"guarded_kernels:{dtype}:0,201,1")) == set(KERNELS)


@pytest.mark.jit_only
@pytest.mark.full
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_operation(dtype, tmp_path):
    assert set(counted(tmp_path, f"guarded_operations:{dtype}")) == set(OPERATIONS)


@pytest.mark.jit_only
@pytest.mark.full
def test_every_variant(tmp_path):
    assert set(counted(tmp_path, "guarded_networks")) == set(VARIANTS)
