"""Masks against the contract, bit for bit."""

import naive
import numpy as np
import pytest
from dropout_oracles import contract_mask

import numba_dropout as nd
from numba_dropout import reference

SIZES = [0, 1, 7, 8, 9, 1023, 1024, 1025]
OFFSETS = [0, 3, 8, 2**35 + 5, 2**62 + 1]
SEEDS = [0, 1, 2**32, 2**63, 2**64 - 1]
RATES = [0, 2**-33, 1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9, 1 - 1e-12, 1]


@pytest.mark.parametrize("p", [0, 0.3, 1, np.linspace(0, 1, 7)], ids=["none", "one", "all", "many"])
@pytest.mark.parametrize("packed", [False, True])
def test_sample_mask(backend, packed, p):
    position = {"seed": 11, "stream": 3, "step": 2, "offset": 5}
    expected = contract_mask((3, 7), p, **position)
    expected = np.packbits(expected, bitorder="little") if packed else expected
    out = backend.array(np.zeros_like(expected))
    assert nd.sample_mask((3, 7), p, **position, packed=packed, device=backend.name, out=out) is out
    for mask in (out, nd.sample_mask((3, 7), p, **position, packed=packed, device=backend.name)):
        assert mask.dtype == expected.dtype
        assert np.array_equal(backend.numpy(mask), expected)


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("n", SIZES)
def test_rates_and_sizes(n, p):
    assert np.array_equal(nd.sample_mask(n, p, seed=5), reference.sample_mask(n, p, seed=5))


@pytest.mark.jit_only
@pytest.mark.parametrize("p", RATES)
def test_large_mask(p):
    """The size is shared among all threads."""
    n = 2**20 + 3
    mask = nd.sample_mask(n, p, seed=11, stream=3, step=70_000, offset=2**35 + 1)
    assert np.array_equal(mask, reference.sample_mask(n, p, seed=11, stream=3, step=70_000, offset=2**35 + 1))


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("seed", SEEDS)
def test_offsets_and_seeds(offset, seed):
    expected = reference.sample_mask(100, 0.3, seed=seed, offset=offset)
    assert np.array_equal(nd.sample_mask(100, 0.3, seed=seed, offset=offset), expected)


@pytest.mark.parametrize("where", [{"stream": 2**24 - 1}, {"step": 2**32 - 1}, {"stream": 1, "step": 1}])
def test_streams_and_steps(where):
    assert np.array_equal(nd.sample_mask(64, 0.5, seed=1, **where), reference.sample_mask(64, 0.5, seed=1, **where))
    assert not np.array_equal(nd.sample_mask(64, 0.5, seed=1, **where), nd.sample_mask(64, 0.5, seed=1))


@pytest.mark.jit_only
def test_ties():
    """The high half of the threshold decides all but one element in 65,536, the low half the others."""
    p, n = 0.5 + 2**-17, 2**20
    high = reference._halves(np.arange(n, dtype=np.uint64), 3, 0, 0)
    ties = np.flatnonzero(high == int(p * 2**32) >> 16)
    assert len(ties) > 4
    mask = nd.sample_mask(n, p, seed=3)
    assert mask[ties].tolist() == [naive.kept(int(i), p, 3) for i in ties]
    assert 0 < mask[ties].sum() < len(ties)


def test_ties_of_many_rates(backend):
    """The high half of each threshold equals the element's number, so that the low half decides."""
    thresholds, expected = [], []
    for i in range(64):
        high, low = naive.half(i, 5, 2, 3), naive.half(i, 5, 2 | 1 << 31, 3)
        limit = min(low + i % 2, 0xFFFF)
        thresholds.append(high << 16 | limit)
        expected.append(low >= limit)
    assert len(set(expected)) == 2
    mask = nd.sample_mask(64, np.array(thresholds) / 2**32, seed=5, stream=2, step=3, device=backend.name)
    assert backend.numpy(mask).tolist() == expected


def test_chunks():
    full = nd.sample_mask((10, 7), 0.4, seed=9, stream=2, step=3)
    for row in range(10):
        assert np.array_equal(full[row], nd.sample_mask(7, 0.4, seed=9, stream=2, step=3, offset=7 * row))


@pytest.mark.parametrize("n", [*SIZES, 2**14 + 13, pytest.param(2**16 + 13, marks=pytest.mark.jit_only)])
@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("offset", [0, 5])
def test_packed(n, p, offset):
    packed = nd.sample_mask(n, p, seed=4, offset=offset, packed=True)
    expected = np.packbits(reference.sample_mask(n, p, seed=4, offset=offset), bitorder="little")
    assert packed.dtype == np.uint8
    assert np.array_equal(packed, expected)


def test_out():
    out = np.empty((4, 5), bool)
    assert nd.sample_mask((4, 5), 0.5, seed=1, out=out) is out
    assert np.array_equal(out, reference.sample_mask((4, 5), 0.5, seed=1))
    wide = np.zeros((4, 10), bool)
    nd.sample_mask((4, 5), 0.5, seed=1, out=wide[:, ::2])
    assert np.array_equal(wide[:, ::2], out)
    assert not wide[:, 1::2].any()


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.001, 0.1, 0.9, 0.999])
def test_share_of_dropped_elements(p):
    n = 2**24
    dropped = n - np.count_nonzero(nd.sample_mask(n, p, seed=1))
    assert abs(dropped - n * p) < 4 * np.sqrt(n * p * (1 - p))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"p": -0.1}, r"p: dropout probability has to be between 0 and 1, but got -0.1"),
        ({"p": float("nan")}, "got nan"),
        ({"p": 1.1}, r"got 1.1"),
        ({"seed": -1}, r"seed: expected an integer from 0 to 18446744073709551615, got -1"),
        ({"seed": 2**64}, "seed"),
        ({"stream": 2**24}, "stream"),
        ({"step": 2**32}, "step"),
        ({"offset": -1}, "offset"),
        ({"offset": 2**63 - 5}, "offset"),
        ({"shape": -1}, "shape"),
        ({"device": "tpu"}, "device"),
        ({"shape": (-1, 4)}, "shape: expected an integer from 0"),
        ({"shape": (2**40, 2**40)}, r"shape: .* 2\*\*63 elements"),
    ],
)
def test_values_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        nd.sample_mask(**{"shape": 10, "seed": 0, **arguments})


@pytest.mark.parametrize(
    "arguments",
    [{"seed": 1.5}, {"p": "half"}, {"seed": None}, {"out": np.empty(10, np.uint8)}, {"out": [0] * 10}, {"step": 1.0}],
)
def test_wrong_types(arguments):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        nd.sample_mask(**{"shape": 10, "seed": 0, **arguments})


@pytest.mark.parametrize("shape", [3.0, None, "3"])
def test_invalid_shape(shape):
    with pytest.raises(TypeError, match="shape: expected an integer or a sequence of them, got"):
        nd.sample_mask(shape, 0.5, seed=1)


@pytest.mark.parametrize(("shape", "p"), [((3,), [[[0.5]]]), ((), [0.5]), ((4, 3), [0.5] * 4)])
def test_rates_that_do_not_broadcast(shape, p):
    with pytest.raises(ValueError, match="p: expected a shape that broadcasts to"):
        nd.sample_mask(shape, p, seed=1)
