"""Dropout with a mask as argument."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import masked_dropout
from floats import DTYPES, same_bits, same_result, special_values
from shapes import SHAPES, broadcastable

import numba_dropout as nd


def packed(mask, shape=None):
    """Return the bits of a mask, after broadcasting it to a shape."""
    return np.packbits(np.broadcast_to(mask, shape or mask.shape), bitorder="little")


@full_precision
@pytest.mark.parametrize("p", [0.3, 1.0, np.linspace(0, 1, 5)], ids=["one", "all", "many"])
@pytest.mark.parametrize("mask_shape", [(3, 5), (1, 5), (3, 1), "packed"], ids=str)
def test_values(backend, dtype, mask_shape, p, rng):
    x = special_values((3, 5), dtype, rng)
    mask = rng.random((3, 5) if mask_shape == "packed" else mask_shape) < 0.5
    backend_mask = backend.array(packed(mask) if mask_shape == "packed" else mask)
    for function in (nd.dropout, nd.dropout_backward):
        assert same_result(backend, function(backend.array(x), p, mask=backend_mask), masked_dropout(x, mask, p))


def test_half_precision(backend, rng):
    x, mask = rng.standard_normal((3, 5)).astype(np.float16), np.eye(3, 5) > 0
    expected = masked_dropout(x.astype(np.float32), mask, 0.3).astype(np.float16)
    assert same_result(backend, nd.dropout(backend.array(x), 0.3, mask=backend.array(mask)), expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "own"), [(shape, own) for shape in SHAPES for own in broadcastable(shape)])
def test_shapes_of_masks(dtype, shape, own, rng):
    x, mask = special_values(shape, dtype, rng), rng.random(own) < 0.6
    for p in (0.3, 0, 1, rng.random(shape[-1:]), rng.random(shape[:1] + (1,) * (len(shape) - 1))):
        for function in (nd.dropout, nd.dropout_backward):
            assert same_bits(function(x, p, mask=mask), masked_dropout(x, mask, p))
    p = rng.random(shape[-1:])
    p[: p.size // 2] = 1
    assert same_bits(nd.dropout(x, p, mask=mask), masked_dropout(x, mask, p))
    assert same_bits(nd.dropout(x, p, mask=packed(mask, shape)), masked_dropout(x, mask, p))


@pytest.mark.parametrize("n", [0, 1, 7, 64, 65, 200])
@pytest.mark.parametrize("rates", [(), (1,), None])
def test_packed_masks(n, rates, rng):
    x, mask = special_values(n, np.float32, rng), rng.random(n) < 0.6
    p = np.full(n if rates is None else rates, 0.3) if rates != () else 0.3
    assert same_bits(nd.dropout(x, p, mask=packed(mask)), masked_dropout(x, mask, p))


@pytest.mark.parametrize("n", [64, 1000])
def test_mask_that_overlaps_out(n, rng):
    x, kept = rng.standard_normal(n).astype(np.float32), rng.random(n) < 0.5
    for mask in (kept, packed(kept)):
        memory = np.empty(4 * n, np.uint8)
        overlapping = memory[: mask.size].view(mask.dtype)
        overlapping[:] = mask
        y = nd.dropout(x, 0.5, mask=overlapping, out=memory.view(np.float32))
        assert same_bits(y, masked_dropout(x, kept, 0.5))


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_masks(dtype, rng):
    x = special_values((130, 1001), dtype, rng)
    for mask_shape in ((130, 1001), (1, 1001), (130, 1), (1001,)):
        mask = rng.random(mask_shape) < 0.6
        assert same_bits(nd.dropout(x, 0.3, mask=mask), masked_dropout(x, mask, 0.3))
        rates = rng.random((130, 1))
        assert same_bits(nd.dropout(x, rates, mask=mask), masked_dropout(x, mask, rates))
    mask = rng.random(x.shape) < 0.6
    assert same_bits(nd.dropout(x, 0.3, mask=packed(mask)), masked_dropout(x, mask, 0.3))


def test_evaluation(rng):
    x = rng.standard_normal((3, 4))
    y = nd.dropout(x, training=False, mask=np.zeros((3, 4), bool))
    assert same_bits(x, y)
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": 1}, ValueError, "seed: only valid without mask"),
        ({"noise_shape": (4, 1)}, ValueError, "noise_shape: only valid without mask"),
        ({"stream": 3}, ValueError, "stream: only valid without mask"),
        ({"mask": np.ones((3, 4), bool)}, ValueError, r"mask: expected a shape that broadcasts to \(4, 3\)"),
        ({"mask": np.ones((5, 3), bool)}, ValueError, "mask: .* broadcasts"),
        ({"mask": np.ones((4, 3))}, TypeError, "mask: expected an array of bool, or of uint8"),
        ({"mask": np.ones((4, 3), np.int8)}, TypeError, "mask: expected an array of bool"),
        ({"mask": np.ones(3, np.uint8)}, ValueError, r"mask: expected shape \(2,\) for the bits of \(4, 3\)"),
        ({"mask": np.ones(1, np.uint8)}, ValueError, r"mask: .* shape \(2,\) for the bits"),
        ({"mask": np.ones((2, 1), np.uint8)}, ValueError, "mask: expected shape"),
    ],
)
def test_errors(arguments, error, message):
    out = np.full((4, 3), 7.0)
    with pytest.raises(error, match=message):
        nd.dropout(np.ones((4, 3)), **{"mask": np.ones((4, 3), bool), "out": out, **arguments})
    assert (out == 7).all()
