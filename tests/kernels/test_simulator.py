"""The barriers that replace those of Numba's CUDA simulator."""

import numpy as np
import pytest
from numba import cuda
from numba.core import config

pytestmark = [
    pytest.mark.cuda_kernels,
    pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="tests the simulator"),
]


def test_barriers():
    """Threads do not wait for a thread that has ended or failed."""

    @cuda.jit
    def fill(out, failing):
        thread = cuda.threadIdx.x
        if thread == failing:
            raise ValueError("this one")
        if thread == 3:
            return
        cuda.syncthreads()
        out[thread] = cuda.syncthreads_count(thread % 2)

    out = cuda.to_device(np.zeros(6, np.int64))
    fill[1, 6](out, -1)
    assert out.copy_to_host().tolist() == [2, 2, 2, 0, 2, 2]
    with pytest.raises(ValueError, match=r"tid=\[2, 0, 0\].*this one"):
        fill[1, 6](out, 2)
