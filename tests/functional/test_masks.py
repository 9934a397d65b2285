"""The mask contract: bit for bit, wherever an element lies and however the array is cut."""

import naive
import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import reference

SIZES = [0, 1, 7, 8, 9, 1023, 1024, 1025]
OFFSETS = [0, 3, 8, 2**35 + 5, 2**62 + 1]
SEEDS = [0, 1, 2**32, 2**63, 2**64 - 1]
RATES = [0, 2**-33, 1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9, 1 - 1e-12, 1]


def slow(n):
    """Mark a size as too long for plain Python."""
    return pytest.param(n, marks=pytest.mark.jit_only)


def test_reference_follows_the_contract_element_by_element():
    for p in [*RATES, 2**-16, 0.3 + 2**-20]:
        for seed, offset, stream, step in [(0, 0, 0, 0), (2**63 + 7, 2**35 + 5, 9, 2**32 - 1)]:
            mask = reference.sample_mask(64, p, seed=seed, stream=stream, step=step, offset=offset)
            assert mask.tolist() == [naive.kept(offset + i, p, seed, stream, step) for i in range(64)]


@pytest.mark.parametrize("p", RATES)
@pytest.mark.parametrize("n", SIZES)
def test_every_rate_and_size(n, p):
    assert np.array_equal(nd.sample_mask(n, p, seed=5), reference.sample_mask(n, p, seed=5))


@pytest.mark.jit_only
@pytest.mark.parametrize("p", RATES)
def test_a_size_that_takes_all_threads(p):
    n = 2**20 + 3
    mask = nd.sample_mask(n, p, seed=11, stream=3, step=70_000, offset=2**35 + 1)
    assert np.array_equal(mask, reference.sample_mask(n, p, seed=11, stream=3, step=70_000, offset=2**35 + 1))


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_offset_and_seed(offset, seed):
    expected = reference.sample_mask(100, 0.3, seed=seed, offset=offset)
    assert np.array_equal(nd.sample_mask(100, 0.3, seed=seed, offset=offset), expected)


@pytest.mark.parametrize("where", [{"stream": 2**24 - 1}, {"step": 2**32 - 1}, {"stream": 1, "step": 1}])
def test_streams_and_steps(where):
    assert np.array_equal(nd.sample_mask(64, 0.5, seed=1, **where), reference.sample_mask(64, 0.5, seed=1, **where))
    assert not np.array_equal(nd.sample_mask(64, 0.5, seed=1, **where), nd.sample_mask(64, 0.5, seed=1))


@pytest.mark.jit_only
def test_ties_are_settled_by_the_second_number():
    """The high halves decide all but one element in 65,536; here half of those are dropped by their low half."""
    p, n = 0.5 + 2**-17, 2**20
    high = reference._halves(np.arange(n, dtype=np.uint64), 3, 0, 0)
    ties = np.flatnonzero(high == int(p * 2**32) >> 16)
    assert len(ties) > 4
    mask = nd.sample_mask(n, p, seed=3)
    assert mask[ties].tolist() == [naive.kept(int(i), p, 3) for i in ties]
    assert 0 < mask[ties].sum() < len(ties)


def test_pieces_are_parts_of_the_whole():
    whole = nd.sample_mask((10, 7), 0.4, seed=9, stream=2, step=3)
    for row in range(10):
        assert np.array_equal(whole[row], nd.sample_mask(7, 0.4, seed=9, stream=2, step=3, offset=7 * row))


@pytest.mark.parametrize("n", [*SIZES, 2**14 + 13, slow(2**16 + 13)])
@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("offset", [0, 5])
def test_packed_masks_hold_the_same_bits(n, p, offset):
    packed = nd.sample_mask(n, p, seed=4, offset=offset, packed=True)
    expected = np.packbits(reference.sample_mask(n, p, seed=4, offset=offset), bitorder="little")
    assert packed.dtype == np.uint8
    assert np.array_equal(packed, expected)


def test_out_is_used_and_returned():
    out = np.empty((4, 5), bool)
    assert nd.sample_mask((4, 5), 0.5, seed=1, out=out) is out
    assert np.array_equal(out, reference.sample_mask((4, 5), 0.5, seed=1))
    wide = np.zeros((4, 10), bool)
    nd.sample_mask((4, 5), 0.5, seed=1, out=wide[:, ::2])
    assert np.array_equal(wide[:, ::2], out)
    assert not wide[:, 1::2].any()


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.001, 0.1, 0.9, 0.999])
def test_the_rate_is_honoured(p):
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
        ({"shape": (2**40, 2**40)}, "shape"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_ranges(arguments, message):
    with pytest.raises(ValueError, match=message):
        nd.sample_mask(**{"shape": 10, "seed": 0, **arguments})


@pytest.mark.parametrize(
    "arguments",
    [{"seed": 1.5}, {"p": "half"}, {"seed": None}, {"out": np.empty(10, np.uint8)}, {"out": [0] * 10}, {"step": 1.0}],
)
def test_types(arguments):
    with pytest.raises(TypeError, match=next(iter(arguments))):
        nd.sample_mask(**{"shape": 10, "seed": 0, **arguments})
