"""Kernels of the rectified linear unit."""

import numpy as np
from backends import all_precisions
from dtypes import cast, same_numbers, widen


@all_precisions
def test_relu(backend, dtype):
    x = cast(np.array([1, -1, 0, -0.0, np.nan, np.inf, -np.inf, 2]), dtype)
    y = backend.run("relu_forward", np.empty_like(x), x)[0]
    assert same_numbers(y, cast(np.array([1, 0, 0, 0, np.nan, np.inf, 0, 2]), dtype))
    dy = cast(np.arange(1.0, 9.0), dtype)
    dx = backend.run("relu_backward", np.empty_like(x), dy, y)[0]
    assert widen(dx).tolist() == [1, 0, 0, 0, 0, 6, 0, 8]
