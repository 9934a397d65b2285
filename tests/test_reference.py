"""The reference in NumPy against the mask contract in Python's integers."""

import naive

from numba_dropout import reference


def test_sample_mask():
    for p in [0, 2**-33, 1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9, 1 - 1e-12, 1, 2**-16, 0.3 + 2**-20]:
        for seed, offset, stream, step in [(0, 0, 0, 0), (2**63 + 7, 2**35 + 5, 9, 2**32 - 1)]:
            mask = reference.sample_mask(64, p, seed=seed, stream=stream, step=step, offset=offset)
            assert mask.tolist() == [naive.kept(offset + i, p, seed, stream, step) for i in range(64)]
