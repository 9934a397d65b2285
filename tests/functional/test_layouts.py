"""Inputs and outputs of all memory layouts and addresses."""

import itertools
import mmap

import numpy as np
import pytest
from floats import same_bits

import numba_dropout as nd
from numba_dropout import reference
from numba_dropout.kernels.cpu import dropout as kernel

DTYPES = [np.float32, np.float64]


def unaligned(a):
    """Return a copy at an odd address."""
    return np.frombuffer(b"\0" + a.tobytes(), a.dtype, offset=1).reshape(a.shape)


def strided(a):
    """Return a copy with every third element of a larger array in each dimension."""
    wide = np.zeros([3 * n for n in a.shape], a.dtype)
    view = wide[tuple(slice(1, None, 3) for _ in a.shape)]
    view[...] = a
    return view


def reverse(a):
    """Return a copy with negative strides."""
    turn = tuple(slice(None, None, -1) for _ in a.shape)
    return a[turn].copy()[turn]


def fortran(a):
    return a.copy(order="F")


def sliced(a):
    wide = np.full([n + 3 for n in a.shape], 77, a.dtype)
    view = wide[tuple(slice(2, -1) for _ in a.shape)]
    view[...] = a
    return view


LAYOUTS = [unaligned, strided, reverse, fortran, sliced]


def bits(*arrays):
    return [array.tobytes() for array in arrays]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_inputs(layout, dtype, rng):
    x, w, b, dy = (rng.standard_normal(s).astype(dtype) for s in [(11, 37), (35, 37), (35,), (11, 35)])
    ox, ow, ob, ody = (layout(a) for a in (x, w, b, dy))
    where = {"p": 0.4, "seed": 3, "offset": 7}
    assert bits(nd.dropout(ox, **where)) == bits(nd.dropout(x, **where))
    assert bits(nd.linear(ox, ow, ob)) == bits(nd.linear(x, w, b))
    assert bits(*nd.linear_backward(ody, ox, ow)) == bits(*nd.linear_backward(dy, x, w))
    y = nd.linear_relu_dropout(x, w, b, **where)
    assert bits(nd.linear_relu_dropout(ox, ow, ob, **where)) == bits(y)
    assert bits(*nd.linear_relu_dropout_backward(ody, layout(y), ox, ow, 0.4)) == bits(
        *nd.linear_relu_dropout_backward(dy, y, x, w, 0.4)
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_outputs(layout, dtype, rng):
    x, w, b, dy = (rng.standard_normal(s).astype(dtype) for s in [(11, 37), (35, 37), (35,), (11, 35)])
    y, outs = layout(dy), (layout(x), layout(w), layout(b))
    nd.linear(x, w, b, out=y)
    nd.linear_backward(dy, x, w, out=outs)
    assert bits(y) == bits(nd.linear(x, w, b))
    assert bits(*outs) == bits(*nd.linear_backward(dy, x, w))
    nd.dropout(dy, 0.4, seed=3, out=y)
    assert bits(y) == bits(nd.dropout(dy, 0.4, seed=3))
    mask = layout(dy > 0)
    nd.sample_mask(dy.shape, 0.4, seed=3, out=mask)
    assert bits(mask) == bits(reference.sample_mask(dy.shape, 0.4, seed=3))


def test_rates_masks_and_noise_shapes(rng):
    x, mask, rates = rng.standard_normal((6, 10)), rng.random((6, 1)) < 0.5, rng.random(10)
    at = {"seed": 5, "stream": 2, "step": 3}
    for p, options in ((rates, {"mask": mask}), (0.4, {"noise_shape": (6, 1), **at}), (rates, at)):
        expected = nd.dropout(x, p, **options)
        assert same_bits(nd.dropout(np.asfortranarray(x), p, **options), expected)
        wide = np.zeros((6, 20))
        nd.dropout(x, p, out=wide[:, ::2], **options)
        assert same_bits(np.ascontiguousarray(wide[:, ::2]), expected)
        y = x.copy()
        assert nd.dropout(y, p, out=y, **options) is y
        assert same_bits(y, expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_addresses_within_a_cache_line(dtype, rng):
    """Inputs and outputs start at any element of a cache line. Memory around the output does not change."""
    x = rng.standard_normal(201).astype(dtype)
    mask = reference.sample_mask(201, 0.3, seed=1, offset=3)
    expected = np.where(mask, x * dtype(2**32 / (2**32 - round(0.3 * 2**32))), dtype(0))
    memory = np.full((2, 512), 99, dtype)
    per_line = 64 // x.itemsize
    for start, target in itertools.product(range(0, per_line, 3), range(per_line)):
        inp, out = memory[0, start : start + 201], memory[1, 64 + target : 265 + target]
        inp[:] = x
        nd.dropout(inp, 0.3, seed=1, offset=3, out=out)
        assert bits(out, inp) == bits(expected, x)
        out[:] = inp[:] = 99
        assert (memory == 99).all()


@pytest.mark.jit_only
def test_outputs_larger_than_the_caches(rng):
    """Their stores bypass the caches and are aligned to cache lines, except for the first elements."""
    where = {"seed": 4, "stream": 2, "step": 9, "offset": 2**35 - 1003}
    n = kernel.CACHES // 4 + 77
    mask = reference.sample_mask(n, 0.25, **where)
    memory = np.frombuffer(mmap.mmap(-1, kernel.CACHES + 1024), np.uint8)
    for dtype, starts in ((np.float32, (0, 1, 15)), (np.float64, (3,))):
        x = rng.standard_normal(kernel.CACHES // dtype().itemsize + 77).astype(dtype)
        expected = np.where(mask[: x.size], x * dtype(4 / 3), dtype(0))
        for start in starts:
            memory[:] = 99
            out = memory[start * x.itemsize :][: x.nbytes].view(dtype)
            nd.dropout(x, 0.25, **where, out=out)
            assert np.array_equal(out, expected)
            assert (memory[: start * x.itemsize] == 99).all()
            assert (memory[start * x.itemsize + x.nbytes :] == 99).all()
        out[:] = x
        nd.dropout(out, 0.25, **where, out=out)
        assert np.array_equal(out, expected)
