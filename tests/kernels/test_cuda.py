"""The CUDA kernels against the CPU's, on a GPU or in Numba's simulator (NUMBA_ENABLE_CUDASIM=1)."""

import ast
import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import exact
import naive
import numpy as np
import pytest
from numba import cuda
from numba.core import config

from numba_dropout import reference
from numba_dropout.arrays import devices
from numba_dropout.core import contract
from numba_dropout.kernels import cpu

if not config.ENABLE_CUDASIM and (config.DISABLE_JIT or not cuda.is_available()):
    pytest.skip("needs NUMBA_ENABLE_CUDASIM=1 or a GPU", allow_module_level=True)

from numba_dropout.kernels import cuda as kernels
from numba_dropout.kernels.cuda import _gemm, _gemm_mma

on_tensor_cores = pytest.mark.skipif(
    devices._capability(0) < devices.TENSOR_CORES, reason="needs compute capability 8.0"
)
SIZES = [1, 7, 8, 9, 300]
OFFSETS = [0, 3, 8, 2**35 + 5, 2**62 + 1]


def run(kernel, *arguments):
    """Call a kernel with arrays copied to the device, and return all arguments, with the arrays on the host."""
    on_device = [cuda.to_device(a) if isinstance(a, np.ndarray) else a for a in arguments]
    kernel(*on_device)
    return [b.copy_to_host() if isinstance(a, np.ndarray) else b for a, b in zip(arguments, on_device, strict=True)]


def position(seed=5, stream=0, step=0, offset=0):
    """Return a key and a position in a stream as kernel arguments."""
    return (*contract.key(seed), np.uint64(stream), np.uint64(step), np.uint64(offset))


def threshold(p):
    return np.uint64(contract.threshold(p))


def scale(p):
    return contract.scale(contract.threshold(p), np.dtype("float32"))


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("n", SIZES)
def test_masks_are_the_contracts(n, offset):
    expected = reference.sample_mask(n, 0.3, seed=2**63 + 7, stream=9, step=2**32 - 1, offset=offset)
    at = threshold(0.3), *position(2**63 + 7, 9, 2**32 - 1, offset)
    mask, packed = np.ones(n, bool), np.full((n + 7) // 8, 0xFF, np.uint8)
    assert np.array_equal(run(kernels.sample_mask, mask, *at)[0], expected)
    assert np.array_equal(run(kernels.sample_packed_mask, packed, n, *at)[0], np.packbits(expected, bitorder="little"))


@pytest.mark.parametrize("p", [2**-32, 1e-9, 0.1, 0.5, 0.9, 1 - 1e-9])
def test_masks_of_every_rate(p):
    mask = run(kernels.sample_mask, np.empty(100, bool), threshold(p), *position())[0]
    assert np.array_equal(mask, reference.sample_mask(100, p, seed=5))


def test_ties_are_settled_by_the_second_number():
    """If a threshold's high half equals an element's number, the low half decides. Both outcomes are tested."""
    for i in range(0, 32, 5):
        high = naive.half(i, 3, 0, 0)
        low = naive.half(i, 3, 1 << 31, 0)
        for low_half in {low, min(low + 1, 0xFFFF)}:
            t = np.uint64(high << 16 | low_half)
            mask = run(kernels.sample_mask, np.empty(40, bool), t, *position(3))[0]
            assert mask[i] == (low >= low_half)
            assert mask.tolist() == [naive.kept(j, int(t) / 2**32, 3, 0, 0) for j in range(40)]


@pytest.mark.parametrize("offset", [0, 1, 5, 2**61])
@pytest.mark.parametrize("n", [1, 2, 5, 64])
def test_random_bits(n, offset):
    expected = np.empty(n, np.uint64)
    cpu.random_bits(expected, *position(1, 2, 3, offset))
    assert np.array_equal(run(kernels.random_bits, np.empty(n, np.uint64), *position(1, 2, 3, offset))[0], expected)


# ---------------------------------------------------------------- dropout and ReLU


def bfloat16(x):
    """Return the bits of the nearest bfloat16, ties to even. NaN stays NaN."""
    bits = x.view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> np.uint64(16) & np.uint64(1))) >> np.uint64(16)
    return np.where(np.isnan(x), bits >> np.uint64(16) | np.uint64(0x40), rounded).astype(np.uint16)


def to_float32(x):
    """Return elements of any dtype as float32."""
    return (x.astype(np.uint32) << np.uint32(16)).view(np.float32) if x.dtype == np.uint16 else x.astype(np.float32)


KINDS = {
    "float32": lambda x: x,
    "float16": lambda x: x.astype(np.float16),
    "bfloat16": bfloat16,
}


@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("kind", KINDS)
def test_dropout(kind, n, offset, rng):
    narrow = KINDS[kind]
    x = rng.standard_normal(n).astype(np.float32)
    x[rng.random(n) < 0.2] = np.nan
    x[rng.random(n) < 0.1] = -0.0
    x = narrow(x)
    kept = reference.sample_mask(n, 0.3, seed=5, offset=offset)
    with np.errstate(invalid="ignore"):
        expected = narrow(np.where(kept, to_float32(x) * scale(0.3), np.float32(0)))
    at = threshold(0.3), scale(0.3), *position(offset=offset)
    for kernel in (kernels.dropout_forward, kernels.dropout_backward):
        assert run(kernel, np.full_like(x, 7), x, *at)[0].tobytes() == expected.tobytes()
    on_device = cuda.to_device(x)  # in place
    kernels.dropout_forward(on_device, on_device, *at)
    assert on_device.copy_to_host().tobytes() == expected.tobytes()


def test_dropout_of_arrays_at_any_address(rng):
    x = rng.standard_normal(64).astype(np.float32)
    expected = np.where(reference.sample_mask(50, 0.5, seed=5), x[3:53] * scale(0.5), np.float32(0))
    inp, out = cuda.to_device(x), cuda.to_device(np.full(64, 9, np.float32))
    kernels.dropout_forward(out[5:55], inp[3:53], threshold(0.5), scale(0.5), *position())
    result = out.copy_to_host()
    assert np.array_equal(result[5:55], expected)
    assert (result[:5] == 9).all()
    assert (result[55:] == 9).all()


def test_relu():
    x = np.array([1, -1, 0, -0.0, np.nan, np.inf, -np.inf, 2], np.float32)
    y = run(kernels.relu_forward, np.empty_like(x), x)[0]
    assert y.tobytes() == np.array([1, 0, 0, 0, np.nan, np.inf, 0, 2], np.float32).tobytes()
    dy = np.arange(1, 9, dtype=np.float32)
    assert run(kernels.relu_backward, np.empty_like(x), dy, y)[0].tolist() == [1, 0, 0, 0, 0, 6, 0, 8]


# ---------------------------------------------------------------- batches, losses, norms


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("columns", [1, 3, 200])
def test_rows_are_gathered(columns, dtype, rng):
    data = rng.integers(0, 255, (20, columns)).astype(dtype)
    rows = rng.integers(0, 20, 7)
    arguments = data, rows, rng.standard_normal(columns), rng.standard_normal(columns)
    expected = np.empty((7, columns), np.float32)
    cpu.gather_rows(expected, *arguments)
    assert np.array_equal(run(kernels.gather_rows, np.empty_like(expected), *arguments)[0], expected)
    labels = rng.integers(0, 9, 20)
    assert np.array_equal(run(kernels.gather, np.empty(7, np.int64), labels, rows)[0], labels[rows])


@pytest.mark.parametrize("columns", [1, 200])
def test_sparse_rows_are_gathered(columns, rng):
    data = np.where(rng.random((20, columns)) < 0.3, rng.standard_normal((20, columns)), 0).astype(np.float32)
    nonzero = [np.flatnonzero(row).astype(np.int32) for row in data]
    starts = np.cumsum([0, *map(len, nonzero)]).astype(np.int32)
    compressed = data[data != 0], np.concatenate(nonzero), starts
    batch = rng.integers(0, 20, 7), rng.standard_normal(columns), rng.standard_normal(columns)
    expected, dense = np.empty((2, 7, columns), np.float32)
    cpu.gather_sparse_rows(expected, *compressed, *batch)
    cpu.gather_rows(dense, data, *batch)
    assert np.array_equal(expected, dense)
    assert np.array_equal(run(kernels.gather_sparse_rows, np.empty_like(expected), *compressed, *batch)[0], expected)


def test_rows_are_scaled(rng):
    rows, factors = rng.standard_normal((7, 40)).astype(np.float32), rng.random(7).astype(np.float32)
    expected = rows * factors[:, None]
    assert np.array_equal(run(kernels.scale_rows, rows.copy(), factors)[0], expected)
    cpu.scale_rows(rows, factors)
    assert np.array_equal(rows, expected)


def test_totals(rng):
    losses, correct = rng.random(300).astype(np.float32), (rng.random(300) < 0.5).astype(np.float32)
    sums = run(kernels.batch_totals, np.empty(2), losses, correct)[0]
    assert sums[1] == correct.sum()
    assert sums[0] == pytest.approx(losses.astype(np.float64).sum(), rel=1e-14)


def compare_loss(name, rows, columns, rng, target):
    """Compare a loss and its derivative with the CPU's, in separate arrays and in place."""
    out = (5 * rng.standard_normal((rows, columns))).astype(np.float32)
    buffers = np.empty(rows, np.float32), np.empty(rows, np.float32), np.empty_like(out)
    forward, backward = f"{name}_forward", f"{name}_backward"
    expected = [a.copy() for a in buffers]
    getattr(cpu, forward)(*expected, out, target)
    results = run(getattr(kernels, forward), *buffers, out, target)
    for ours, theirs in zip(results, expected, strict=False):
        np.testing.assert_allclose(ours, theirs, rtol=3e-6, atol=1e-6)
    on_device = cuda.to_device(out)
    getattr(kernels, forward)(*(cuda.to_device(a) for a in buffers[:2]), on_device, on_device, cuda.to_device(target))
    assert np.array_equal(on_device.copy_to_host(), results[2])
    gradient = np.empty_like(out)
    getattr(cpu, backward)(gradient, expected[2], target)
    result = run(getattr(kernels, backward), np.empty_like(out), expected[2], target)[0]
    np.testing.assert_allclose(result, gradient, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("columns", [1, 10, 130])
@pytest.mark.parametrize("name", ["softmax_cross_entropy", "mse", "bce"])
def test_losses(name, columns, rng):
    target = rng.standard_normal((2, columns)).astype(np.float32)
    if name == "bce":
        target = (target > 0).astype(np.float32)
    elif name == "softmax_cross_entropy":
        target = rng.integers(0, columns, 2)
    compare_loss(name, 2, columns, rng, target)


@pytest.mark.filterwarnings("ignore:.*invalid value")  # in the simulator's threads
def test_the_first_of_the_largest_logits_counts():
    logits = np.array([[1, 3, 3, 0], [3, 3, 1, 3], [np.nan, 1, 2, 3], [0, np.nan, 2, 1], [-np.inf] * 4], np.float32)
    first = np.array([1, 0, 0, 2, 0])
    for labels, correct in ((first, 1), ((first + 1) % 4, 0)):
        arguments = np.empty(5, np.float32), np.empty(5, np.float32), np.empty_like(logits), logits, labels
        assert (run(kernels.softmax_cross_entropy_forward, *arguments)[1] == correct).all()


@pytest.mark.parametrize("inputs", [1, 100, 300])
def test_max_norm(inputs, rng):
    weight = rng.standard_normal((4, inputs)).astype(np.float32)
    weight[2] *= 1e-3
    weight[3] *= 1e25  # its squares overflow float32
    expected = weight.copy()
    cpu.max_norm(expected, 0.5)
    np.testing.assert_allclose(run(kernels.max_norm, weight, 0.5)[0], expected, rtol=1e-6)


@pytest.mark.parametrize("size", [1, 300])
def test_clip_norm(size, rng):
    gradient, hyperparameters = rng.standard_normal(size).astype(np.float32), np.array([0.1, 0.25], np.float32)
    for factor in (1e-6, 1e25):
        expected, sums = np.float32(factor) * gradient, np.zeros(256)
        dparams = expected.copy()
        cpu.clip_norm(expected, sums, hyperparameters)
        np.testing.assert_allclose(run(kernels.clip_norm, dparams, sums, hyperparameters)[0], expected, rtol=1e-6)


# ---------------------------------------------------------------- layers

SHAPES = [(1, 1, 1), (5, 7, 9), (65, 9, 70), (3, 20, 66)]  # rows, inputs, units
EMPTY = np.empty(0, np.float32)


@pytest.fixture(params=["small tiles", "large tiles"])
def tiles(request, monkeypatch):
    """Use small tiles, which all shapes here take by default, or large ones."""
    if request.param == "large tiles":
        monkeypatch.setattr(_gemm, "SMALL_GRID", 0)


@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("shape", SHAPES)
def test_layers(shape, rng):
    """Integers, for which float32 sums of products are exact."""
    x, w, b, dy = exact.whole_layer(rng, *shape, "float32")
    y = np.empty_like(dy)
    assert np.array_equal(run(kernels.linear_forward, y, x, w, b)[0], x @ w.T + b)
    assert np.array_equal(run(kernels.linear_forward, y, x, w, EMPTY)[0], x @ w.T)
    dx, dw, db = run(kernels.linear_backward, np.empty_like(x), np.empty_like(w), np.empty_like(b), dy, x, w)[:3]
    assert np.array_equal(dx, dy @ w)
    assert np.array_equal(dw, dy.T @ x)
    assert np.array_equal(db, dy.sum(0))
    through = run(kernels.linear_backward_input, dx, dy, w, x, np.float32(2))[0]
    assert np.array_equal(through, np.where(x > 0, 2 * (dy @ w), 0))


@pytest.mark.parametrize(("shape", "offset"), [((5, 7, 9), 0), ((5, 7, 9), 2**62 + 1), ((3, 20, 66), 5)])
def test_hidden_layers(shape, offset, rng):
    x, w, b, dy = exact.whole_layer(rng, *shape, "float32")
    at = (*position(7, 3, 1, offset),)
    y = np.maximum(x @ w.T + b, 0)
    out = np.empty_like(y)
    assert np.array_equal(run(kernels.linear_relu_dropout_forward, out, x, w, b, threshold(0), scale(0), *at)[0], y)
    kept = reference.sample_mask(y.shape, 0.3, seed=7, stream=3, step=1, offset=offset)
    y = np.where(kept, y * scale(0.3), np.float32(0))
    result = run(kernels.linear_relu_dropout_forward, out, x, w, b, threshold(0.3), scale(0.3), *at)[0]
    assert np.array_equal(result, y)
    arguments = np.empty_like(x), np.empty_like(w), np.empty_like(b), dy, y, x, w, np.float32(2)
    expected = [a.copy() for a in arguments[:4]]
    cpu.linear_relu_dropout_backward(*expected, *arguments[4:])
    for ours, theirs in zip(run(kernels.linear_relu_dropout_backward, *arguments), expected, strict=False):
        assert np.array_equal(ours, theirs)


def rounded(x, precision):
    """Return factors rounded as for tensor cores: ties away from zero for TF32, to even for bfloat16."""
    if precision == "bf16":
        return to_float32(bfloat16(x))
    bits = x.view(np.uint32).astype(np.uint64) + 0x1000
    return (bits & np.uint64(0xFFFFE000)).astype(np.uint32).view(np.float32)


@on_tensor_cores
@pytest.mark.usefixtures("tiles")
@pytest.mark.parametrize("precision", ["tf32", "bf16"])
@pytest.mark.parametrize("shape", [(5, 7, 9), (70, 35, 66)])
def test_products_on_tensor_cores(shape, precision, rng):
    """All three products, against products of rounded factors. Sums are float32."""
    rows, inputs, units = shape
    x, w, dy = (rng.standard_normal(s).astype(np.float32) for s in ((rows, inputs), (units, inputs), (rows, units)))
    b = np.zeros(units, np.float32)
    with kernels.products_in(precision):
        y = run(kernels.linear_forward, np.empty_like(dy), x, w, b)[0]
        dx, dw, db = run(kernels.linear_backward, np.empty_like(x), np.empty_like(w), b, dy, x, w)[:3]
    a, c, d = (rounded(array, precision).astype(np.float64) for array in (x, w, dy))
    for result, expected in ((y, a @ c.T), (dx, d @ c), (dw, d.T @ a)):
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=2e-5)
    np.testing.assert_allclose(db, dy.sum(0), rtol=1e-5, atol=1e-5)
    assert not np.array_equal(y, run(kernels.linear_forward, np.empty_like(dy), x, w, b)[0])  # rounding is opt-in


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
def test_a_warps_step_is_its_threads(tall, rng):
    """The operands and results of tensor cores, against the sums of each thread alone."""
    left_stride, right_stride, left, right = 72, 40, 3, 600
    shared = rng.integers(-9, 9, 1000).astype(np.float64)
    begin = rng.integers(-9, 9, (32, 64 if tall else 32)).astype(np.float64)
    alone, together = begin.copy(), begin.copy()
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
            alone[lane], shared, left, right, lane
        )
    assert np.array_equal(together, alone)
    assert not np.array_equal(alone, begin)


@on_tensor_cores
def test_hidden_layers_on_tensor_cores(rng):
    x, w, b, _ = exact.whole_layer(rng, 5, 7, 9, "float32")
    y = np.where(reference.sample_mask((5, 9), 0.3, seed=7), np.maximum(x @ w.T + b, 0) * scale(0.3), np.float32(0))
    for precision in ("tf32", "bf16"):
        with kernels.products_in(precision):
            arguments = np.empty_like(y), x, w, b, threshold(0.3), scale(0.3), *position(7)
            assert np.array_equal(run(kernels.linear_relu_dropout_forward, *arguments)[0], y)


@pytest.mark.parametrize("shape", [(5, 7, 9), (3, 20, 66)])
@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [("linear_sgd", [0.1, 0.9, 1, 0.01]), ("linear_adam", [0.1, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.01, 0.99, 0.1])],
)
def test_steps(name, hyperparameters, shape, rng):
    x, w, b, dy = exact.layer(rng, *shape, "float32")
    state = np.zeros((len(hyperparameters) // 4, w.size + b.size + 3), np.float32)
    expected = [a.copy() for a in (w, b, np.empty_like(w), np.empty_like(b), state)]
    on_device = [cuda.to_device(a) for a in expected]
    starts, rule = np.array([3, 3 + w.size]), np.array(hyperparameters, np.float32)
    for _ in range(2):
        getattr(cpu, name)(*expected, starts, dy, x, rule)
        getattr(kernels, name)(*on_device, starts, *(cuda.to_device(a) for a in (dy, x, rule)))
    for ours, theirs in zip(
        (on_device[0], on_device[1], on_device[4]), (expected[0], expected[1], expected[4]), strict=True
    ):
        np.testing.assert_allclose(ours.copy_to_host(), theirs, rtol=2e-4, atol=2e-6)


# ---------------------------------------------------------------- dropout with given masks, rates and noise

AFFINE = np.float32(1.5), np.float32(0.25), np.float32(-0.75)


def broadcast(n, columns, rng):
    """Return the starts, in arrays of three rows, of the rows of n elements, and the arrays' size."""
    return rng.integers(0, 3, -(-n // columns)) * columns, 3 * columns


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "columns"), [(1, 1), (29, 7), (32, 16), (20, 40)])
def test_masks_that_are_given(kind, n, columns, rng):
    narrow = KINDS[kind]
    x = narrow(rng.standard_normal(n).astype(np.float32))
    starts, size = broadcast(n, columns, rng)
    mask, scales = rng.random(size) < 0.5, rng.random(size).astype(np.float32)
    by_element = (starts[:, None] + np.arange(columns)).reshape(-1)[:n]
    by_row = np.repeat(starts // columns, columns)[:n]
    for stride, index in ((1, by_element), (0, by_row)):
        first = starts if stride else starts // columns
        operands = columns, mask, first, stride
        expected = narrow(np.where(mask[index], to_float32(x) * AFFINE[0] + AFFINE[1], AFFINE[2]))
        assert run(kernels.apply_mask, np.zeros_like(x), x, *operands, *AFFINE)[0].tobytes() == expected.tobytes()
        expected = narrow(np.where(mask[index], to_float32(x) * scales[by_element], np.float32(0)))
        assert (
            run(kernels.apply_mask_rates, np.zeros_like(x), x, *operands, scales, starts, 1)[0].tobytes()
            == expected.tobytes()
        )
    bits = np.packbits(mask[by_element], bitorder="little")
    expected = narrow(np.where(mask[by_element], to_float32(x) * AFFINE[0], np.float32(0)))
    assert run(kernels.apply_packed_mask, np.zeros_like(x), x, bits, AFFINE[0])[0].tobytes() == expected.tobytes()
    assert np.array_equal(run(kernels.pack_mask, np.zeros_like(bits), mask[by_element])[0], bits)
    assert np.array_equal(run(kernels.unpack_mask, np.zeros(n, bool), bits)[0], mask[by_element])


@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("n", "columns"), [(1, 1), (29, 7), (32, 16), (20, 40)])
def test_rates(kind, offset, n, columns, rng):
    narrow = KINDS[kind]
    x = narrow(rng.standard_normal(n).astype(np.float32))
    starts, size = broadcast(n, columns, rng)
    rates, scales = np.round(rng.random(size), 1), rng.random(size).astype(np.float32)
    thresholds = np.rint(rates * 2**32).astype(np.uint64)
    index = (starts[:, None] + np.arange(columns)).reshape(-1)[:n]
    kept = np.array([naive.kept(offset + i, rates[j], 5, 1, 2) for i, j in enumerate(index)])
    at = position(5, 1, 2, offset)
    assert np.array_equal(run(kernels.sample_mask_rates, ~kept, columns, thresholds, starts, *at)[0], kept)
    expected = narrow(np.where(kept, to_float32(x) * scales[index], np.float32(0)))
    result = run(kernels.dropout_rates_forward, np.zeros_like(x), x, columns, thresholds, scales, starts, *at)[0]
    assert result.tobytes() == expected.tobytes()


def test_ties_of_rates():
    """The high half of each threshold is its element's number."""
    halves = [(naive.half(i, 5, 0, 0), naive.half(i, 5, 1 << 31, 0)) for i in range(24)]
    low_halves = [min(low + i % 2, 0xFFFF) for i, (_, low) in enumerate(halves)]
    thresholds = np.array([high << 16 | low for (high, _), low in zip(halves, low_halves, strict=True)], np.uint64)
    mask = run(kernels.sample_mask_rates, np.zeros(24, bool), 24, thresholds, np.zeros(1, np.int64), *position())[0]
    assert mask.tolist() == [low >= low_half for (_, low), low_half in zip(halves, low_halves, strict=True)]


@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("n", [1, 7, 20])
def test_noise(n, offset, rng):
    x = rng.standard_normal(n).astype(np.float32)
    at = position(5, 1, 2, offset)
    for name, arguments in (
        ("affine_dropout", (*AFFINE, threshold(0.3), *at)),
        ("gaussian_dropout_forward", (np.float32(0.7), *at)),
        ("add_gaussian_noise", (np.float32(0.7), *at)),
    ):
        expected = np.empty_like(x)
        getattr(cpu, name)(expected, x, *arguments)
        result = run(getattr(kernels, name), np.zeros_like(x), x, *arguments)[0]
        np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("offset", [0, 3, 2**62 + 1])
@pytest.mark.parametrize("n", [1, 7, 20])
def test_a_rate_that_is_learnt(n, offset, rng):
    x, dy, y = rng.standard_normal((3, n)).astype(np.float32)
    at, logit, sums = position(5, 1, 2, offset), np.array([-0.5], np.float32), np.full(256, 7.0)
    expected = np.empty_like(x)
    cpu.concrete_dropout_forward(expected, x, logit, *at)
    result = run(kernels.concrete_dropout_forward, np.zeros_like(x), x, logit, *at)[0]
    np.testing.assert_allclose(result, expected, rtol=1e-5)
    dx, dlogit = np.empty_like(x), np.empty(1, np.float32)
    cpu.concrete_dropout_backward(dx, dlogit, sums.copy(), dy, y, logit, *at)
    arrays = np.zeros_like(x), np.zeros(1, np.float32), sums, dy, y, logit
    results = run(kernels.concrete_dropout_backward, *arrays, *at)
    np.testing.assert_allclose(results[0], dx, rtol=1e-5)
    np.testing.assert_allclose(results[1], dlogit, rtol=1e-4, atol=1e-6)


def test_the_regularizer_of_a_rate(rng):
    weight, logit = rng.standard_normal((20, 30)).astype(np.float32), np.array([-0.5], np.float32)
    regularization, hyperparameters = np.array([0.03, 0.2], np.float32), np.arange(4, dtype=np.float32)
    dlogit, sums, out = np.array([0.7], np.float32), np.full(256, 7.0), np.zeros(9, np.float32)
    p = 1 / (1 + np.exp(0.5))
    squares, entropy = (weight.astype(np.float64) ** 2).sum(), 30 * p * (1 - p) * -0.5
    expected = 0.7 + 0.03 * p / (1 - p) * squares + 0.2 * entropy
    for call in (run, lambda kernel, *arguments: kernel(*arguments) or arguments):
        package = kernels if call is run else cpu
        results = call(package.concrete_regularizer, dlogit.copy(), sums.copy(), weight, logit, regularization)
        assert results[0][0] == pytest.approx(expected, rel=1e-5)
        results = call(package.concrete_settings, out.copy(), hyperparameters, logit, regularization, 3)
        assert results[0].tolist() == [0, 1, 2, pytest.approx(3 + 0.06 / (1 - p)), *[0] * 5]


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_step_with_a_stored_gradient(rule, rng):
    params, dparams = rng.standard_normal((2, 21)).astype(np.float32)
    state = rng.random((2, 30)).astype(np.float32)
    hyperparameters = np.array([0.1, 0.9, 0.1, 0.8, 0.2, 0.01, 0.3, 0.7, 0.9], np.float32)
    for decays in (False, True):
        expected = params.copy(), dparams, state.copy(), 5, hyperparameters, decays
        getattr(cpu, f"step_{rule}")(*expected)
        arguments = params.copy(), dparams, state.copy(), 5, hyperparameters, decays
        results = run(getattr(kernels, f"step_{rule}"), *arguments)
        np.testing.assert_allclose(results[0], expected[0], rtol=1e-5)
        np.testing.assert_allclose(results[2], expected[2], rtol=1e-5)


@pytest.mark.parametrize("offset", [0, 5])
@pytest.mark.parametrize("size", [1, 8, 21])
def test_consecutive_steps(size, offset, rng):
    x = rng.standard_normal(3 * size).astype(np.float32)
    expected = np.empty_like(x)
    for step in range(3):
        chunk = slice(step * size, (step + 1) * size)
        at = threshold(0.3), scale(0.3), *position(5, 1, 2 + step, offset)
        cpu.dropout_forward(expected[chunk], x[chunk], *at)
    at = threshold(0.3), scale(0.3), *position(5, 1, 2, offset)
    assert run(kernels.dropout_steps, np.zeros_like(x), x, size, *at)[0].tobytes() == expected.tobytes()


@pytest.mark.parametrize("block", [1, 2, 3])
def test_blocks(block, rng):
    seeds = rng.random(2 * 2 * (3 - block + 1) * (4 - block + 1)) < 0.8
    expected = np.zeros(48, bool), np.zeros(2, np.float32)
    cpu.block_mask(*expected, seeds, 3, 4, block)
    mask, scales = run(kernels.block_mask, ~expected[0], np.full(2, 7, np.float32), seeds, 3, 4, block)[:2]
    assert np.array_equal(mask, expected[0])
    assert np.array_equal(scales, expected[1])


# ---------------------------------------------------------------- the package


def test_the_packages_mirror_each_other():
    """Files and functions have the same names in both packages, and functions the same arguments in the same order.

    Subnetworks are an exception: their sizes differ at each step, so a GPU, which replays recorded steps, masks them.
    """
    subnetwork = {"gather_columns", "kept_units", "spread_columns", "spread_layer", "take_layer"}
    subnetwork |= {"sub_network_adam", "sub_network_sgd"}
    assert set(kernels.__all__) - {"on_stream", "products_in"} == set(cpu.__all__) - subnetwork
    for name in set(cpu.__all__) - subnetwork:
        ours, theirs = getattr(kernels, name), getattr(cpu, name)
        theirs = getattr(theirs, "py_func", theirs)
        assert ours.__module__.rpartition(".")[2] == theirs.__module__.rpartition(".")[2], name
        assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters), name


def test_nothing_waits_for_the_device():
    names = set()
    for file in Path(kernels.__file__).parent.glob("*.py"):
        names |= {node.attr for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Attribute)}
    assert not names & {"synchronize", "copy_to_host", "to_device", "atomic"}


@pytest.mark.jit_only
def test_the_check_for_devices_goes_through_all_its_steps(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, "bench/cuda_check.py", "--small", "--out", str(tmp_path)]
    result = subprocess.run(command, cwd=root, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    record = json.loads((tmp_path / "cuda-simulator.json").read_text())
    assert record["tests"]["passed"]
    assert len(record["dropout"]) == 2
    assert all(len(values) == 7 for case in record["dropout"].values() for values in case.values())
    cases = record["bench"]["groups"]["kernels"]["cases"]
    assert len(cases) == 10
    assert all(case["failed"] == {} for case in cases)
    assert all("numba-dropout" in [entry["name"] for entry in case["contestants"]] for case in cases)


@pytest.mark.skipif(not config.ENABLE_CUDASIM, reason="tests the simulator")
def test_threads_that_wait_for_one_that_fails_or_ends_are_let_go():
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
