"""The limits of benchmarks: copies, and multiply-adds."""

import numpy as np
import pytest


@pytest.mark.jit_only
@pytest.mark.parametrize("name", ["plain_copy", "nontemporal_copy"])
@pytest.mark.parametrize("size", [0, 1, 15, 1000, 100_003])
def test_copies(name, size):
    from numba_dropout_bench import limits

    for start in (0, 1, 5):
        inp, out = np.arange(1, size + 1, dtype=np.float32), np.zeros(size + 40, np.float32)
        getattr(limits, name)(*limits.words(out[start : start + size], inp), 2)
        assert np.array_equal(out[start : start + size], inp)
        assert not out[:start].any()
        assert not out[start + size :].any()


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_multiply_adds(dtype):
    from numba_dropout_bench import limits

    out = np.zeros(2, dtype)
    limits.multiply_adds(out, 3)
    chains = [3.0 + chain for chain in range(limits.CHAINS)]
    for _ in range(3):
        chains = [0.5 * value + 1 for value in chains]
    assert np.allclose(out, limits.lanes(out.dtype) * sum(chains))
    assert limits.operations(out, 3) == 2 * 2 * 3 * limits.CHAINS * limits.lanes(out.dtype)
