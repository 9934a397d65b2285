"""Dropout with arrays of rates and with noise shapes."""

import numpy as np
import pytest
from backends import full_precision
from dropout_oracles import contract_mask, masked_dropout
from floats import DTYPES, same_bits, same_result, special_values
from shapes import SHAPES, broadcastable

import numba_dropout as nd
from numba_dropout import reference

AT = {"seed": 5, "stream": 2, "step": 3}
RATES = np.linspace(0, 1, 5)


@full_precision
@pytest.mark.parametrize(
    ("p", "noise_shape", "shape", "mask_shape"),
    [
        (RATES, None, (3, 5), (3, 5)),
        (np.array([0.4]), None, (3, 5), (3, 5)),
        (0.4, (None, 1, 5), (2, 3, 5), (2, 1, 5)),
        (RATES, (None, 1, 5), (2, 3, 5), (2, 1, 5)),
        (0.0, (1, 5), (3, 5), (1, 5)),
        (1.0, (1, 5), (3, 5), (1, 5)),
    ],
    ids=["rates", "one rate in an array", "noise shape", "rates and noise shape", "rate 0", "rate 1"],
)
def test_values(backend, dtype, p, noise_shape, shape, mask_shape, rng):
    x = special_values(shape, dtype, rng)
    options = {**AT, "offset": 5, "noise_shape": noise_shape}
    expected = masked_dropout(x, contract_mask(mask_shape, p, **AT, offset=5), p)
    for function in (nd.dropout, nd.dropout_backward):
        array = backend.array(x)
        assert same_result(backend, function(array, p, **options), expected)
        assert function(array, p, **options, out=array) is array
        assert same_result(backend, array, expected)


@pytest.mark.parametrize(("p", "mask_shape"), [(RATES, (3, 5)), (0.3, (3, 1))], ids=["rates", "noise shape"])
def test_half_precision(backend, p, mask_shape, rng):
    x = rng.standard_normal((3, 5)).astype(np.float16)
    expected = masked_dropout(x.astype(np.float32), contract_mask(mask_shape, p, **AT, offset=5), p).astype(np.float16)
    y = nd.dropout(backend.array(x), p, noise_shape=mask_shape, **AT, offset=5)
    assert same_result(backend, y, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "rates"), [(shape, rates_shape) for shape in SHAPES for rates_shape in broadcastable(shape)]
)
def test_shapes_of_rates(dtype, shape, rates, rng):
    x = special_values(shape, dtype, rng)
    p = rng.random(rates)
    p.reshape(-1)[1:3] = [0, 1][: max(min(p.size - 1, 2), 0)]
    where = {**AT, "offset": 13}
    mask = contract_mask(shape, p, **where)
    assert np.array_equal(nd.sample_mask(shape, p, **where), mask)
    assert np.array_equal(nd.sample_mask(shape, p, packed=True, **where), np.packbits(mask, bitorder="little"))
    assert same_bits(nd.dropout(x, p, **where), masked_dropout(x, mask, p))
    assert same_bits(nd.dropout_backward(x, p, **where), masked_dropout(x, mask, p))


@pytest.mark.jit_only
@pytest.mark.parametrize("units", [3, 1000, 5000])
def test_large_batch(units, rng):
    """Short rows are merged, and rows are shared among threads."""
    x = rng.standard_normal((40_000 // units + 3, units)).astype(np.float32)
    p = np.round(rng.random(units), 1)
    mask = np.zeros(x.shape, bool)
    for rate in np.unique(p):
        mask[:, p == rate] = reference.sample_mask(x.shape, float(rate), **AT)[:, p == rate]
    assert same_bits(nd.dropout(x, p, **AT), masked_dropout(x, mask, p))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("shape", "noise"), [(shape, noise_shape) for shape in SHAPES for noise_shape in broadcastable(shape)]
)
def test_noise_shapes(dtype, shape, noise, rng):
    x = special_values(shape, dtype, rng)
    where = {**AT, "offset": 3}
    for p in (0.3, 0, 1, rng.random(noise[-1:])):
        mask = contract_mask(noise, p, **where)
        assert same_bits(nd.dropout(x, p, noise_shape=noise, **where), masked_dropout(x, mask, p))


def test_noise_shape_with_none(rng):
    """None stands for the size of x."""
    x = rng.standard_normal((4, 5, 6))
    for noise, sizes in (((None, 1, None), (4, 1, 6)), ((1, None), (1, 6)), ((None,) * 3, (4, 5, 6))):
        assert same_bits(nd.dropout(x, 0.5, noise_shape=noise, **AT), nd.dropout(x, 0.5, noise_shape=sizes, **AT))


@pytest.mark.parametrize("options", [{"p": np.full(4, 0.5)}, {"noise_shape": (3, 1)}])
def test_evaluation(options, rng):
    x = rng.standard_normal((3, 4))
    y = nd.dropout(x, training=False, **options)
    assert same_bits(x, y)
    assert not np.shares_memory(x, y)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"p": [0.5, np.nan, 0.5]}, ValueError, r"p: dropout .* between 0 and 1, but got nan at \[1\]"),
        ({"p": [0.5, 0.5]}, ValueError, r"p: expected a shape that broadcasts to \(4, 3\), got \(2,\)"),
        ({"p": [0.5] * 4}, ValueError, r"p: expected a shape that broadcasts to \(4, 3\), got \(4,\)"),
        ({"p": [0.5] * 3, "noise_shape": (4, 1)}, ValueError, r"p: expected a shape that broadcasts to \(4, 1\)"),
        ({"p": ["a"]}, TypeError, "p: expected a number or an array of numbers"),
        ({"p": [[0.1], [0.2, 0.3]]}, TypeError, "p: expected a number or an array of numbers, got"),
        ({"p": [0.5] * 3, "seed": None}, TypeError, "seed: expected an integer"),
        ({"noise_shape": (2, 3)}, ValueError, r"noise_shape: expected .* broadcasts to \(4, 3\), got \(2, 3\)"),
        ({"noise_shape": (1, 4, 3)}, ValueError, r"noise_shape: expected .* \(4, 3\), got \(1, 4, 3\)"),
        ({"noise_shape": (-1, 3)}, ValueError, "noise_shape: expected an integer"),
        ({"noise_shape": (2**70, 3)}, ValueError, "noise_shape: expected an"),
        ({"noise_shape": (1.5, 3)}, TypeError, "noise_shape: expected an integer"),
        ({"noise_shape": 3}, TypeError, "noise_shape: expected a sequence"),
        ({"noise_shape": (4, 1), "offset": 2**63 - 4}, ValueError, "offset"),
    ],
)
def test_errors(arguments, error, message):
    out = np.full((4, 3), 7.0)
    with pytest.raises(error, match=message):
        nd.dropout(np.ones((4, 3)), **{"p": 0.5, "seed": 1, "out": out, **arguments})
    assert (out == 7).all()
