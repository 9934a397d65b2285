"""Inputs of contestants."""

import numpy as np
from numba_dropout_bench.contestants import _inputs


def test_alignment():
    for dtype in (np.float32, np.float64, np.bool_):
        array = _inputs.aligned((3, 5), dtype)
        assert array.ctypes.data % 64 == 0
        assert array.shape == (3, 5)
        assert not array.any()
