"""Kernels of the rectified linear unit."""

import numpy as np
from backends import full_precision


@full_precision
def test_relu(backend, dtype):
    x = np.array([1, -1, 0, -0.0, np.nan, np.inf, -np.inf, 2], dtype)
    y = backend.run("relu_forward", np.empty_like(x), x)[0]
    assert y.tobytes() == np.array([1, 0, 0, 0, np.nan, np.inf, 0, 2], dtype).tobytes()
    dy = np.arange(1, 9, dtype=dtype)
    assert backend.run("relu_backward", np.empty_like(x), dy, y)[0].tolist() == [1, 0, 0, 0, 0, 6, 0, 8]
