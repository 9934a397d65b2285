"""Masks beside the reference of the contract, bit for bit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import numba_dropout as nd
import numba_dropout.jax as ndj
from numba_dropout import reference
from numba_dropout.jax.kernels.philox import philox4x32

SEED = 2**63 + 12345
BLOCKS = 2**35  # elements before the low word of a block's number wraps


def test_known_answers():
    """Random123's published vectors."""
    cases = [
        ([0] * 6, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 6, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ]
    generate = jax.jit(philox4x32)
    for words, expected in cases:
        assert " ".join(f"{int(word):08x}" for word in generate(*map(jnp.uint32, words))) == expected


@pytest.mark.parametrize("shape", [1, 7, 8, 9, 1000, (), (3, 5), (2, 3, 4, 5), (0, 4)], ids=str)
def test_shapes(shape):
    mask = ndj.sample_mask(shape, 0.3, seed=SEED, stream=9, step=2**32 - 1)
    np.testing.assert_array_equal(mask, nd.sample_mask(shape, 0.3, seed=SEED, stream=9, step=2**32 - 1))
    assert mask.dtype == bool


@pytest.mark.parametrize(
    "offset",
    [0, 1, 5, 7, 8, 13, 2**32 - 3, 2**32, 2**32 + 11, BLOCKS - 24, BLOCKS - 21, BLOCKS + 3, 2**63 - 1 - 50],
)
def test_offsets(offset):
    mask = ndj.sample_mask(50, 0.3, seed=SEED, stream=2**24 - 1, offset=offset)
    np.testing.assert_array_equal(mask, reference.sample_mask(50, 0.3, seed=SEED, stream=2**24 - 1, offset=offset))


@pytest.mark.parametrize("p", [0.0, 2**-33, 2**-32, 2**-16, 0.1, 0.5, 0.75 + 2**-30, 1 - 2**-32, 1 - 2**-34, 1.0])
def test_rates(p):
    """Probabilities with and without ties of 16 bits, and at the limits."""
    expected = reference.sample_mask(200_000, p, seed=7)
    np.testing.assert_array_equal(ndj.sample_mask(200_000, p, seed=7), expected)


def test_ties():
    """Elements whose upper 16 bits are those of the threshold are decided by the lower ones."""
    words = reference._halves(np.arange(400_000, dtype=np.uint64), 7, 0, 0)
    p = (int(words[123]) + 0.5) / 2**16  # at least one tie
    assert (words == words[123]).sum() > 1
    expected = reference.sample_mask(400_000, p, seed=7)
    np.testing.assert_array_equal(ndj.sample_mask(400_000, p, seed=7), expected)
    traced = jax.jit(lambda p: ndj.sample_mask(400_000, p, seed=7))(jnp.float32(p))
    np.testing.assert_array_equal(traced, expected)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 1.0])
def test_traced_rates(p):
    p = jnp.float32(p)
    expected = reference.sample_mask(1000, float(p), seed=3, offset=5)
    np.testing.assert_array_equal(ndj.sample_mask(1000, p, seed=3, offset=5), expected)
    np.testing.assert_array_equal(jax.jit(lambda p: ndj.sample_mask(1000, p, seed=3, offset=5))(p), expected)


@pytest.mark.parametrize("compiled", [False, True])
def test_numbers_as_arrays(compiled):
    """Traced numbers give the masks of Python's."""

    def sample(seed, stream, step, offset):
        return ndj.sample_mask(300, 0.3, seed=seed, stream=stream, step=step, offset=offset)

    function = jax.jit(sample) if compiled else sample
    for numbers in [(1, 2, 3, 4), (2**32 - 1, 2**24 - 1, 2**32 - 1, 2**32 - 8), (0, 0, 0, 0)]:
        seed, stream, step, offset = numbers
        expected = reference.sample_mask(300, 0.3, seed=seed, stream=stream, step=step, offset=offset)
        np.testing.assert_array_equal(function(*map(jnp.uint32, numbers)), expected)


def test_numbers_of_64_bits(x64):
    function = jax.jit(lambda seed, offset: ndj.sample_mask(300, 0.3, seed=seed, offset=offset))
    for seed, offset in [(2**64 - 1, 2**40 + 3), (2**33 + 1, BLOCKS - 5), (5, 2**62)]:
        expected = reference.sample_mask(300, 0.3, seed=seed, offset=offset)
        np.testing.assert_array_equal(function(jnp.uint64(seed), jnp.int64(offset)), expected)


@pytest.mark.parametrize("make", [jax.random.key, jax.random.PRNGKey], ids=["key", "data"])
def test_keys(make):
    """The key n is the seed n, and others are the seed of their two words, high word first."""
    expected = reference.sample_mask(300, 0.3, seed=12345)
    np.testing.assert_array_equal(ndj.sample_mask(300, 0.3, seed=make(12345)), expected)
    key = jax.random.fold_in(make(0), 3)
    high, low = (int(word) for word in (jax.random.key_data(key) if make is jax.random.key else key))
    expected = reference.sample_mask(300, 0.3, seed=high << 32 | low)
    np.testing.assert_array_equal(jax.jit(lambda key: ndj.sample_mask(300, 0.3, seed=key))(key), expected)


def test_keys_of_another_generator():
    key = jax.random.split(jax.random.key(1, impl="rbg"))
    one, other = (ndj.sample_mask(300, 0.5, seed=k) for k in key)
    assert (one != other).any()


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({}, TypeError, "seed: expected an integer or a key"),
        ({"seed": -1}, ValueError, "seed: expected an integer from 0"),
        ({"seed": 2**64}, ValueError, "seed: expected an integer from 0"),
        ({"seed": 1.5}, TypeError, "seed: expected an integer, got 1.5"),
        ({"seed": jnp.ones(2)}, TypeError, r"seed: expected an integer, one key, .* got float32 of shape \(2,\)"),
        ({"seed": jax.random.split(jax.random.key(0))}, TypeError, r"seed: .* got uint32 of shape \(2, 2\)"),
        ({"seed": jnp.float32(1)}, TypeError, r"seed: expected an integer, got float32 of shape \(\)"),
        ({"seed": 1, "stream": 2**24}, ValueError, "stream: expected an integer from 0 to 16777215"),
        ({"seed": 1, "step": 2**32}, ValueError, "step: expected an integer from 0 to 4294967295"),
        (
            {"seed": 1, "step": jnp.ones(3, jnp.int32)},
            TypeError,
            r"step: expected an integer, got int32 of shape \(3,\)",
        ),
        ({"seed": 1, "offset": 2**63 - 3}, ValueError, "offset: expected an integer from 0"),
        ({"seed": 1, "p": 1.5}, ValueError, "p: dropout probability has to be between 0 and 1|p: expected"),
        ({"seed": 1, "p": jnp.ones(3)}, TypeError, r"p: expected a number or a floating-point scalar, got float32"),
        ({"seed": 1, "shape": "8"}, TypeError, "shape: expected an integer or a sequence"),
        ({"seed": 1, "shape": (3, -1)}, ValueError, "shape: expected an integer from 0"),
    ],
)
def test_messages(kwargs, error, message):
    kwargs = {"seed": None} | kwargs
    with pytest.raises(error, match=message):
        ndj.sample_mask(kwargs.pop("shape", 8), **kwargs)
