"""Products on tensor cores: with factors that are rounded to TF32 or bfloat16, and sums in float32."""

import numpy as np
import pytest
from backends import cuda_only, position, scale, threshold
from dtypes import cast, widen
from exact import whole_layer
from numba.core import config

from numba_dropout import reference
from numba_dropout.arrays import devices

pytestmark = cuda_only


@pytest.fixture
def tensor_cores(backend):
    """Skip a test where the GPU has no tensor cores for TF32 and bfloat16."""
    if devices._capability(0) < devices.TENSOR_CORES:
        pytest.skip("needs compute capability 8.0")


@pytest.fixture(params=["small tiles", "large tiles"])
def tiles(request, backend, monkeypatch):
    """Use small tiles, which all shapes here take by default, or large ones."""
    if request.param == "large tiles":
        monkeypatch.setattr("numba_dropout.kernels.cuda._gemm.SMALL_GRID", 0)


def rounded(x, precision):
    """Return factors rounded as on tensor cores: TF32 rounds ties away from zero, bfloat16 to even."""
    if precision == "bf16":
        return widen(cast(x, "bfloat16"))
    bits = x.view(np.uint32).astype(np.uint64) + 0x1000
    return (bits & np.uint64(0xFFFFE000)).astype(np.uint32).view(np.float32)


@pytest.mark.usefixtures("tensor_cores", "tiles")
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize("shape", [(5, 7, 9), pytest.param((70, 35, 66), marks=pytest.mark.full)])
def test_linear(backend, shape, precision, rng):
    rows, inputs, units = shape
    x, w, dy = (rng.standard_normal(s).astype(np.float32) for s in ((rows, inputs), (units, inputs), (rows, units)))
    b = np.zeros(units, np.float32)
    with backend.kernels.products_in(precision):
        y = backend.run("linear_forward", np.empty_like(dy), x, w, b)[0]
        gradients = np.empty_like(x), np.empty_like(w), b
        dx, dw, db = backend.run("linear_backward", *gradients, dy, x, w)[:3]
    a, c, d = (rounded(array, precision).astype(np.float64) for array in (x, w, dy))
    for result, expected in ((y, a @ c.T), (dx, d @ c), (dw, d.T @ a)):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=2e-5)
    np.testing.assert_allclose(db, dy.sum(0), rtol=1e-5, atol=1e-5)
    unrounded = backend.run("linear_forward", np.empty_like(dy), x, w, b)[0]
    assert not np.array_equal(y, unrounded)  # rounding is opt-in


@pytest.mark.usefixtures("tensor_cores")
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
def test_linear_relu_dropout(backend, precision, rng):
    x, w, b, _ = whole_layer(rng, 5, 7, 9, "float32")
    mask = reference.sample_mask((5, 9), 0.3, seed=7)
    y = np.where(mask, np.maximum(x @ w.T + b, 0) * scale(0.3), np.float32(0))
    with backend.kernels.products_in(precision):
        arguments = np.empty_like(y), x, w, b, threshold(0.3), scale(0.3), *position(7)
        assert np.array_equal(backend.run("linear_relu_dropout_forward", *arguments)[0], y)


class Warp:
    """The matrix instruction of a warp of 32 threads, by the fragments of m16n8k8 in NVIDIA's PTX ISA.

    A first run of each thread collects its instructions' operands. A second run returns their results.
    """

    def __init__(self):
        self.operands = [[] for _ in range(32)]
        self.results = None
        self.lane = self.number = 0

    def multiply(self, sums, left, right):
        if self.results is None:
            self.operands[self.lane].append((sums, left, right))
            return sums
        self.number += 1
        return self.results[self.number - 1][self.lane]

    def run(self):
        self.results = []
        for number in range(len(self.operands[0])):
            a, b, c = np.zeros((16, 8)), np.zeros((8, 8)), np.zeros((16, 8))
            for lane, instructions in enumerate(self.operands):
                group, k = lane >> 2, lane & 3
                sums, left, right = instructions[number]
                a[[group, group + 8] * 2, [k, k, k + 4, k + 4]] = left
                b[[k, k + 4], group] = right
                c[[group, group, group + 8, group + 8], [2 * k, 2 * k + 1] * 2] = sums
            d = a @ b + c
            self.results.append(
                [
                    d[[g, g, g + 8, g + 8], [2 * p, 2 * p + 1] * 2]
                    for g, p in ((lane >> 2, lane & 3) for lane in range(32))
                ]
            )


@pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="a GPU has its own warps")
@pytest.mark.parametrize("tall", [True, False])
def test_warp_step(backend, tall, rng):
    """The step of a warp on tensor cores has the sums of separate threads."""
    from numba_dropout.kernels.cuda import _gemm_mma

    left_stride, right_stride, left, right = 72, 40, 3, 600
    shared = rng.integers(-9, 9, 1000).astype(np.float64)
    initial = rng.integers(-9, 9, (32, 64 if tall else 32)).astype(np.float64)
    separate, together = initial.copy(), initial.copy()
    warp = Warp()
    step = _gemm_mma._build_warp_step(warp.multiply, left_stride, right_stride, tall)
    for lane in range(32):
        warp.lane = lane
        step(together[lane].copy(), shared, left, right, lane)
    warp.run()
    for lane in range(32):
        warp.lane, warp.number = lane, 0
        step(together[lane], shared, left, right, lane)
        _gemm_mma._build_thread_step(lambda a, b: a * b, left_stride, right_stride, tall)(
            separate[lane], shared, left, right, lane
        )
    assert np.array_equal(together, separate)
    assert not np.array_equal(separate, initial)
