"""Memory that contestants hold and allocate."""

import numpy as np
from numba_dropout_bench.contestants import _allocations


def test_memory():
    class Holder:
        def __init__(self):
            self.flat = np.zeros(100)
            self.views = {"all": self.flat.reshape(10, 10), "part": [self.flat[:5]], "self": self}

    assert _allocations.array_bytes(Holder()) == 800
    assert 80_000 <= _allocations.peak_bytes(lambda: np.ones(10_000).sum()) < 90_000
