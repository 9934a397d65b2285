"""Scaled dropout: values, edges, memory, and what is refused."""

import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import reference

DTYPES = [np.float32, np.float64]
MIDDLE = [1e-9, 0.1, 0.3, 0.5, 0.9, 1 - 1e-9]


def expected(x, p, **where):
    """Return dropout by the contract, in NumPy."""
    threshold = int(np.rint(p * 2**32))
    scale = x.dtype.type(2**32 / (2**32 - threshold))
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(reference.sample_mask(x.shape, p, **where), x * scale, x.dtype.type(0))


def same_bits(a, b):
    """Compare bit for bit: -0 is not +0, and NaN is NaN."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", MIDDLE)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4), (0, 3)])
def test_values(dtype, p, shape, rng):
    x = rng.standard_normal(shape).astype(dtype)
    assert same_bits(nd.dropout(x, p, seed=3, step=1), expected(x, p, seed=3, step=1))
    assert same_bits(nd.dropout_backward(x, p, seed=3, step=1), expected(x, p, seed=3, step=1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1023, 1025, 2**14 + 1, pytest.param(2**20 + 3, marks=pytest.mark.jit_only)])
@pytest.mark.parametrize("offset", [0, 5, 2**35 + 3])
def test_large_values(dtype, n, offset, rng):
    x = rng.standard_normal(n).astype(dtype)
    where = {"seed": 2**63 + 1, "stream": 7, "step": 9, "offset": offset}
    assert same_bits(nd.dropout(x, 0.3, **where), expected(x, 0.3, **where))


def test_dropped_elements_are_positive_zero_and_kept_ones_keep_what_they_are():
    x = np.array([np.nan, np.inf, -np.inf, -0.0, -1.0, 0.0] * 20)
    y = nd.dropout(x, 0.5, seed=1)
    mask = reference.sample_mask(x.shape, 0.5, seed=1)
    assert same_bits(y[~mask], np.zeros((~mask).sum()))
    assert same_bits(y[mask], x[mask] * 2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_and_one(dtype):
    x = np.array([np.nan, np.inf, -0.0, 3.0], dtype)
    for p in (0, 2**-34):
        y = nd.dropout(x, p, seed=1)
        assert same_bits(y, x)
        assert not np.shares_memory(x, y)
    for p in (1, 1 - 1e-12):
        assert same_bits(nd.dropout(x, p, seed=1), np.zeros(4, dtype))
        assert same_bits(nd.dropout_backward(x, p, seed=1), np.zeros(4, dtype))


def test_evaluation_copies_and_needs_no_seed(rng):
    x = rng.standard_normal(10)
    y = nd.dropout(x, 0.5, training=False)
    assert same_bits(x, y)
    assert not np.shares_memory(x, y)


@pytest.mark.jit_only
@pytest.mark.parametrize("p", [0.001, 0.9, 1 - 1e-3])
def test_the_expectation_is_the_input(p):
    n = 2**24
    y = nd.dropout(np.ones(n, np.float32), p, seed=2)
    error = y.mean(dtype=np.float64) - 1
    assert abs(error) < 4 * np.sqrt(p / (1 - p) / n)


@pytest.mark.parametrize("view", [np.s_[::2], np.s_[::-1], np.s_[:, ::3], np.s_[1:, 1:], np.s_[:]])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_layout(view, order, rng):
    x = np.asarray(rng.standard_normal((12, 9)), order=order)[view]
    assert same_bits(nd.dropout(x, 0.4, seed=6), expected(np.ascontiguousarray(x), 0.4, seed=6))


def test_read_only_byte_shifted_and_broadcast_input(rng):
    x = rng.standard_normal(20)
    x.flags.writeable = False
    assert same_bits(nd.dropout(x, 0.4, seed=6), expected(x, 0.4, seed=6))
    shifted = np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(np.float64)
    assert not shifted.flags.aligned
    assert same_bits(nd.dropout(shifted, 0.4, seed=6), expected(x, 0.4, seed=6))
    row = np.broadcast_to(np.float32(1), (5, 5))
    assert same_bits(nd.dropout(row, 0.4, seed=6), expected(np.ones((5, 5), np.float32), 0.4, seed=6))


def test_in_place_overlapping_and_strided_out(rng):
    x = rng.standard_normal(40)
    y = x.copy()
    assert nd.dropout(y, 0.4, seed=6, out=y) is y
    assert same_bits(y, expected(x, 0.4, seed=6))
    memory = np.concatenate([x, np.zeros(3)])
    nd.dropout(memory[:40], 0.4, seed=6, out=memory[3:])
    assert same_bits(memory[3:], expected(x, 0.4, seed=6))
    wide = np.zeros((20, 4))
    nd.dropout(x.reshape(20, 2), 0.4, seed=6, out=wide[:, ::2])
    assert same_bits(np.ascontiguousarray(wide[:, ::2]), expected(x.reshape(20, 2), 0.4, seed=6))
    assert not wide[:, 1::2].any()


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # matrices are out of fashion, and still there
@pytest.mark.parametrize("kind", [np.asmatrix, np.ma.asarray])
def test_out_of_a_subclass(kind, rng):
    x = rng.standard_normal((20, 30))
    out = kind(np.zeros((20, 30)))
    assert nd.dropout(x, 0.4, seed=6, out=out) is out
    assert same_bits(np.asarray(out), expected(x, 0.4, seed=6))


def test_forward_and_backward_agree_on_the_mask_however_they_are_cut(rng):
    dy = rng.standard_normal((6, 11))
    whole = nd.dropout_backward(dy, 0.5, seed=8, stream=1, step=2)
    pieces = [nd.dropout_backward(dy[r], 0.5, seed=8, stream=1, step=2, offset=11 * r) for r in range(6)]
    assert same_bits(whole, np.stack(pieces))
    assert np.array_equal(whole != 0, nd.dropout(np.ones((6, 11)), 0.5, seed=8, stream=1, step=2) != 0)


def test_lists_become_arrays_and_integers_are_refused():
    assert nd.dropout([1.0, 2.0], 0, seed=1).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match="x: expected an array of float32 or float64, got int64"):
        nd.dropout(np.arange(3), 0.5, seed=1)
    with pytest.raises(TypeError, match="float16"):
        nd.dropout(np.ones(3, np.float16), 0.5, seed=1)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"seed": None}, TypeError, "seed: expected an integer"),
        ({"p": np.nan}, ValueError, "between 0 and 1, but got nan"),
        ({"p": "0.5"}, TypeError, "p: expected a number"),
        ({"out": np.empty(4)}, ValueError, r"out: expected shape \(3,\), got \(4,\)"),
        ({"out": np.empty(3, np.float32)}, TypeError, "out: expected dtype float64, got float32"),
        ({"out": np.broadcast_to(0.0, 3)}, ValueError, "read-only"),
        ({"offset": 2**63 - 3}, ValueError, "offset"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=message):
        nd.dropout(np.ones(3), **{"p": 0.5, "seed": 1, **arguments})


def test_mask_generator_never_repeats_a_place():
    masks = nd.MaskGenerator(seed=7)
    sites = [masks.site() for _ in range(3)]
    places = []
    for _ in range(2):
        places += [tuple(masks.at(site).values()) for site in sites]
        masks.advance()
    assert len(set(places)) == 6
    assert masks.at(sites[0]) == {"seed": 7, "stream": 0, "step": 2}
    with pytest.raises(ValueError, match="site"):
        masks.at(3)
    with pytest.raises(ValueError, match="step"):
        nd.MaskGenerator(seed=7, step=2**32)
