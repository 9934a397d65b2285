"""Kernels in threads with small stacks. Large scratch memory is not on the stack."""

import os
import platform

import pytest
from processes import probe

pytestmark = [
    pytest.mark.jit_only,
    pytest.mark.skipif(os.name != "posix", reason="scratch memory is on the stack here"),
]

BOUND = 16 * 1024  # bytes of stack for a kernel, in docs/performance.md
X86 = platform.machine() in ("x86_64", "AMD64")


@pytest.mark.full
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
@pytest.mark.parametrize("size", [64, 128, 256])
def test_every_kernel_with_a_small_stack(size, layer, tmp_path):
    """OpenMP's threads have stacks of the same size."""
    results = probe(tmp_path, f"small_stacks:{size}", NUMBA_THREADING_LAYER=layer, OMP_STACKSIZE=f"{size}k")
    assert results["same"].all()


def test_products_with_a_small_stack(tmp_path):
    results = probe(tmp_path, "small_stacks:64:linear_forward:linear_backward:sample_mask_rates", OMP_STACKSIZE="64k")
    assert results["same"].all()


def test_failed_allocation(tmp_path):
    with pytest.raises(
        AssertionError, match=r"(?s)ended with -6.*a thread's 320 KiB of scratch memory cannot be alloc"
    ):
        probe(tmp_path, "no_memory", NUMBA_NUM_THREADS="1")


@pytest.mark.full
@pytest.mark.skipif(not X86, reason="for x86's instructions")
def test_stack_frames(tmp_path):
    results = probe(tmp_path, "stack_frames", NUMBA_DROPOUT_CACHE="0")
    assert results
    assert max(value.max() for value in results.values()) < BOUND
