"""Kernels of dropout against the reference of the mask contract."""

import numpy as np
import pytest
from backends import all_precisions, full_precision, position, scale, threshold
from dtypes import cast, same_numbers, scalar, widen

from numba_dropout import reference


def dropout(x, p, dtype, **at):
    """Return dropout of an array of a dtype, computed in full precision."""
    mask = reference.sample_mask(x.size, p, **at)
    with np.errstate(invalid="ignore"):
        return cast(np.where(mask, widen(x) * scale(p, dtype), scalar(0, dtype)), dtype)


@all_precisions
@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("n", [1, 7, 8, 9, 300])
def test_dropout(backend, dtype, n, offset, rng):
    x = rng.standard_normal(n)
    x[rng.random(n) < 0.2] = np.nan
    x[rng.random(n) < 0.1] = -0.0
    x = cast(x, dtype)
    expected = dropout(x, 0.3, dtype, seed=5, offset=offset)
    arguments = x, threshold(0.3), scale(0.3, dtype), *position(offset=offset)
    for kernel in ("dropout_forward", "dropout_backward"):
        assert same_numbers(backend.run(kernel, np.full_like(x, 7), *arguments)[0], expected)
    in_place = backend.run("dropout_forward", x, *arguments)[0]
    assert same_numbers(in_place, expected)


@full_precision
def test_unaligned_arrays(backend, dtype, rng):
    x = rng.standard_normal(64).astype(dtype)
    inp, out = backend.array(x), backend.array(np.full(64, 9, dtype))
    backend.kernels.dropout_forward(out[5:55], inp[3:53], threshold(0.5), scale(0.5, dtype), *position())
    result = backend.numpy(out)
    assert np.array_equal(result[5:55], dropout(x[3:53], 0.5, dtype, seed=5))
    assert (result[:5] == 9).all()
    assert (result[55:] == 9).all()


@full_precision
@pytest.mark.parametrize("offset", [0, 5])
@pytest.mark.parametrize("size", [1, 8, 21])
def test_dropout_steps(backend, dtype, size, offset, rng):
    x = rng.standard_normal(3 * size).astype(dtype)
    steps = [
        dropout(x[step * size :][:size], 0.3, dtype, seed=5, stream=1, step=2 + step, offset=offset)
        for step in range(3)
    ]
    arguments = size, threshold(0.3), scale(0.3, dtype), *position(5, 1, 2, offset)
    result = backend.run("dropout_steps", np.zeros_like(x), x, *arguments)[0]
    assert same_numbers(result, np.concatenate(steps))


@all_precisions
def test_drop_all(backend, dtype):
    zeros = cast(np.zeros(20), dtype)
    assert same_numbers(backend.run("drop_all", np.ones_like(zeros))[0], zeros)
