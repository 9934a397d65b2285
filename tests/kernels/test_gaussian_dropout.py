"""Kernels of Gaussian dropout and noise against the formula of Box and Muller in Python's floats."""

import naive
import numpy as np
import pytest
from backends import all_precisions, full_precision, position
from dtypes import cast, same_numbers, scalar, widen

sizes = pytest.mark.parametrize("n", [1, 7, 20])
offsets = pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])


def normals(n, dtype, offset):
    return np.array([naive.normal(offset + i, dtype, 5, 1, 2) for i in range(n)])


def check_close(result, expected):
    np.testing.assert_allclose(
        result, expected, rtol=8 * np.finfo(result.dtype).eps, atol=8 * np.finfo(result.dtype).eps
    )


@full_precision
@offsets
@sizes
def test_gaussian_dropout(backend, dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    factors = 1 + 0.7 * normals(n, dtype, offset)
    arguments = x, scalar(0.7, dtype), *position(5, 1, 2, offset)
    for kernel in ("gaussian_dropout_forward", "gaussian_dropout_backward"):
        check_close(backend.run(kernel, np.zeros_like(x), *arguments)[0], x * factors)


@full_precision
@offsets
@sizes
def test_add_gaussian_noise(backend, dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    arguments = x, scalar(0.7, dtype), *position(5, 1, 2, offset)
    result = backend.run("add_gaussian_noise", np.zeros_like(x), *arguments)[0]
    check_close(result, x + 0.7 * normals(n, dtype, offset))


@all_precisions
@pytest.mark.parametrize("kernel", ["gaussian_dropout_forward", "add_gaussian_noise"])
def test_half_precision(backend, dtype, kernel, rng):
    """Half precision is computed in float32 and rounded once."""
    x = cast(rng.standard_normal(21), dtype)
    arguments = scalar(0.7, dtype), *position(5, 1, 2, 3)
    expected = backend.run(kernel, np.zeros_like(widen(x)), widen(x), *arguments)[0]
    for out in (np.zeros_like(x), x):
        assert same_numbers(backend.run(kernel, out, x, *arguments)[0], cast(expected, dtype))


@full_precision
@pytest.mark.parametrize("offset", [0, 3])
def test_gaussian_relu_derivative(backend, dtype, offset, rng):
    dy, y = rng.standard_normal((2, 20)).astype(dtype)
    y[::3] = 0
    factors = 1 + 0.7 * normals(20, dtype, offset)
    arguments = dy, y, scalar(0.7, dtype), *position(5, 1, 2, offset)
    result = backend.run("gaussian_relu_derivative", np.ones_like(dy), *arguments)[0]
    check_close(result, np.where(y == 0, 0, dy * factors))
