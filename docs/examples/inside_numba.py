"""Kernels inside your own compiled functions, and on your own threads.

python docs/examples/inside_numba.py
"""

import numpy as np
from numba import njit, prange

import numba_dropout as nd
from numba_dropout.kernels import cpu

K0, K1 = np.uint64(7), np.uint64(0)  # the low and the high 32 bits of the seed
THRESHOLD, SCALE = np.uint64(round(0.25 * 2**32)), np.float32(1 / 0.75)
NONE = np.uint64(0)


@njit
def perturbed_mean(total, x, noisy, step):
    """Compute the mean of the rows of x after dropout with the mask of a step."""
    flat, out = x.reshape(-1), noisy.reshape(-1)
    cpu.dropout_forward(out, flat, THRESHOLD, SCALE, K0, K1, NONE, step, NONE)
    for i in range(noisy.shape[0]):
        for j in range(noisy.shape[1]):
            total[j] += noisy[i, j] / noisy.shape[0]


@njit(parallel=True)
def in_rows(x, noisy, step):
    """Apply dropout on your own threads, a row each: `offset` is the index of the first element of a row."""
    for i in prange(x.shape[0]):
        for j in range(x.shape[1]):
            noisy[i, j] = x[i, j]
        row = noisy[i]
        offset = np.uint64(i * x.shape[1])
        masked_row(row, step, offset)


@njit
def masked_row(row, step, offset):
    """Apply dropout to one row in place.

    A kernel starts no threads for up to 16,384 elements. With more, it shares Numba's threads with other kernels, which
    all threading layers except `workqueue` allow.
    """
    cpu.dropout_forward(row, row, THRESHOLD, SCALE, K0, K1, NONE, step, offset)


def main():
    """Compare both with the public function: the masks are equal bit for bit."""
    x = np.random.default_rng(0).standard_normal((1000, 64), dtype=np.float32)
    noisy, total = np.empty_like(x), np.zeros(64, np.float32)
    perturbed_mean(total, x, noisy, np.uint64(3))
    expected = nd.dropout(x, 0.25, seed=7, step=3)
    print("one call:        ", np.array_equal(noisy, expected))
    in_rows(x, noisy, np.uint64(3))
    print("a row per thread:", np.array_equal(noisy, expected))


if __name__ == "__main__":
    main()
