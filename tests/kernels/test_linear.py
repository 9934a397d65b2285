"""Kernels of linear layers on integers, whose sums of products are exact in float32."""

import itertools

import numpy as np
import pytest
from backends import cpu_only, cuda_only, full_precision
from dtypes import scalar
from exact import whole_layer

shapes = pytest.mark.parametrize("shape", [(1, 1, 1), (5, 7, 9), (65, 9, 70), (3, 20, 66)])  # rows, inputs, units


def check_forward(backend, dtype, shape, rng):
    x, w, b, dy = whole_layer(rng, *shape, dtype)
    y = np.empty_like(dy)
    assert np.array_equal(backend.run("linear_forward", y, x, w, b)[0], x @ w.T + b)
    assert np.array_equal(backend.run("linear_forward", y, x, w, b[:0])[0], x @ w.T)


def check_backward(backend, dtype, shape, rng):
    x, w, b, dy = whole_layer(rng, *shape, dtype)
    gradients = np.empty_like(x), np.empty_like(w), np.empty_like(b)
    dx, dw, db = backend.run("linear_backward", *gradients, dy, x, w)[:3]
    assert np.array_equal(dx, dy @ w)
    assert np.array_equal(dw, dy.T @ x)
    assert np.array_equal(db, dy.sum(0))


def check_backward_input(backend, dtype, shape, rng):
    x, w, _, dy = whole_layer(rng, *shape, dtype)
    arguments = np.full_like(x, 99), dy, w, x, scalar(2, dtype)
    dx = backend.run("linear_backward_input", *arguments)[0]
    assert np.array_equal(dx, np.where(x > 0, 2 * (dy @ w), 0))
    assert not np.signbit(dx[x <= 0]).any()


@full_precision
@shapes
def test_linear_forward(backend, dtype, shape, rng):
    check_forward(backend, dtype, shape, rng)


@full_precision
@shapes
def test_linear_backward(backend, dtype, shape, rng):
    check_backward(backend, dtype, shape, rng)


@full_precision
@shapes
def test_linear_backward_input(backend, dtype, shape, rng):
    """The gradient also passes through the ReLU and dropout of the layer before."""
    check_backward_input(backend, dtype, shape, rng)


@cuda_only
@shapes
def test_large_tiles(backend, shape, rng, monkeypatch):
    """All shapes here take small tiles by default."""
    monkeypatch.setattr("numba_dropout.kernels.cuda._gemm.SMALL_GRID", 0)
    for check in (check_forward, check_backward, check_backward_input):
        check(backend, "float32", shape, rng)


@cpu_only
@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linear_backward_input_of_many_shapes(backend, dtype, rng):
    for shape in [*itertools.product([1, 3, 8, 9, 33], [1, 5, 32, 70], [1, 4, 17, 300]), (70, 401, 65)]:
        check_backward_input(backend, dtype, shape, rng)
