"""Dropout's family: many rates, broadcast and given masks, groups, noise, dropped weights."""

import itertools
import math

import naive
import numba
import numpy as np
import pytest

import numba_dropout as nd
from numba_dropout import reference

DTYPES = [np.float32, np.float64]
AT = {"seed": 5, "stream": 2, "step": 3}
SCALE = 2**32 / (2**32 - round(0.3 * 2**32))


def same_bits(a, b):
    """Compare bit for bit: -0 is not +0, and NaN is NaN."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def numbers(shape, dtype, rng):
    """Return an array with all that is special in it."""
    x = rng.standard_normal(shape).astype(dtype)
    x[rng.random(shape) < 0.1] = -0.0
    x[rng.random(shape) < 0.1] = np.nan
    x[rng.random(shape) < 0.1] = np.inf
    return x


def through(x, mask, p):
    """Return dropout by a mask and rates, in NumPy; both broadcast."""
    threshold = np.rint(np.asarray(p) * 2**32)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(threshold == 2**32, 0, 2**32 / (2**32 - threshold)).astype(x.dtype)
        return np.where(np.asarray(mask) & (scale > 0), x * scale, x.dtype.type(0))


def kept(shape, p, **at):
    """Return the mask of the contract for an array of rates, one element after the other."""
    rates = np.broadcast_to(p, shape).reshape(-1)
    offset = at.pop("offset", 0)
    mask = [naive.kept(offset + i, float(rate), **at) for i, rate in enumerate(rates)]
    return np.array(mask, bool).reshape(shape)


# ---------------------------------------------------------------- many rates, and masks of other shapes

SHAPES = [(7,), (4, 10), (3, 2, 5), (2, 1, 3, 4), (0, 4), (5, 0)]


def smaller(shape):
    """Return all shapes that broadcast to a shape."""
    whole = itertools.product(*((1, n) if n > 1 else (n,) for n in shape))
    return [*whole, *(shape[k:] for k in range(1, len(shape)))]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "rates"), [(shape, own) for shape in SHAPES for own in smaller(shape)])
def test_a_rate_for_each_element(dtype, shape, rates, rng):
    x = numbers(shape, dtype, rng)
    p = rng.random(rates)
    p.reshape(-1)[1:3] = [0, 1][: max(min(p.size - 1, 2), 0)]
    where = {**AT, "offset": 13}
    mask = kept(shape, p, **where)
    assert np.array_equal(nd.sample_mask(shape, p, **where), mask)
    assert np.array_equal(nd.sample_mask(shape, p, packed=True, **where), np.packbits(mask, bitorder="little"))
    assert same_bits(nd.dropout(x, p, **where), through(x, mask, p))
    assert same_bits(nd.dropout_backward(x, p, **where), through(x, mask, p))


def test_rates_whose_ties_the_second_number_settles():
    """Element i's threshold has its own number as the high half: the low half decides, both ways."""
    thresholds, expected = [], []
    for i in range(64):
        high, low = naive.half(i, 5, 2, 3), naive.half(i, 5, 2 | 1 << 31, 3)
        own = min(low + i % 2, 0xFFFF)
        thresholds.append(high << 16 | own)
        expected.append(low >= own)
    assert len(set(expected)) == 2
    assert nd.sample_mask(64, np.array(thresholds) / 2**32, **AT).tolist() == expected


@pytest.mark.jit_only
@pytest.mark.parametrize("units", [3, 1000, 5000])
def test_a_rate_for_each_unit_of_a_large_batch(units, rng):
    """Rows are joined where they are short, and cut among threads where there are many."""
    x = rng.standard_normal((40_000 // units + 3, units)).astype(np.float32)
    p = np.round(rng.random(units), 1)
    mask = np.zeros(x.shape, bool)
    for rate in np.unique(p):
        mask[:, p == rate] = reference.sample_mask(x.shape, float(rate), **AT)[:, p == rate]
    assert same_bits(nd.dropout(x, p, **AT), through(x, mask, p))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "noise"), [(shape, own) for shape in SHAPES for own in smaller(shape)])
def test_noise_shape(dtype, shape, noise, rng):
    x = numbers(shape, dtype, rng)
    where = {**AT, "offset": 3}
    for p in (0.3, 0, 1, rng.random(noise[-1:])):
        mask = kept(noise, p, **where)
        assert same_bits(nd.dropout(x, p, noise_shape=noise, **where), through(x, mask, p))


def test_none_in_a_noise_shape_is_the_size_of_x(rng):
    x = rng.standard_normal((4, 5, 6))
    for noise, meant in (((None, 1, None), (4, 1, 6)), ((1, None), (1, 6)), ((None,) * 3, (4, 5, 6))):
        assert same_bits(nd.dropout(x, 0.5, noise_shape=noise, **AT), nd.dropout(x, 0.5, noise_shape=meant, **AT))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "own"), [(shape, own) for shape in SHAPES for own in smaller(shape)])
def test_a_mask_that_is_given(dtype, shape, own, rng):
    x, mask = numbers(shape, dtype, rng), rng.random(own) < 0.6
    for p in (0.3, 0, 1, rng.random(shape[-1:]), rng.random(shape[:1] + (1,) * (len(shape) - 1))):
        for function in (nd.dropout, nd.dropout_backward):
            assert same_bits(function(x, p, mask=mask), through(x, mask, p))
    p = rng.random(shape[-1:])
    p[: p.size // 2] = 1
    assert same_bits(nd.dropout(x, p, mask=mask), through(x, mask, p))
    assert same_bits(
        nd.dropout(x, p, mask=np.packbits(np.broadcast_to(mask, shape), bitorder="little")), through(x, mask, p)
    )


@pytest.mark.parametrize("n", [0, 1, 7, 64, 65, 200])
@pytest.mark.parametrize("rates", [(), (1,), None])
def test_bits_that_are_given(n, rates, rng):
    x, mask = numbers(n, np.float32, rng), rng.random(n) < 0.6
    p = np.full(n if rates is None else rates, 0.3) if rates != () else 0.3
    assert same_bits(nd.dropout(x, p, mask=np.packbits(mask, bitorder="little")), through(x, mask, p))


@pytest.mark.parametrize("n", [64, 1000])
def test_a_mask_in_the_memory_of_out(n, rng):
    x, kept = rng.standard_normal(n).astype(np.float32), rng.random(n) < 0.5
    for mask in (kept, np.packbits(kept, bitorder="little")):
        raw = np.empty(4 * n, np.uint8)
        there = raw[: mask.size].view(mask.dtype)
        there[:] = mask
        assert same_bits(nd.dropout(x, 0.5, mask=there, out=raw.view(np.float32)), through(x, kept, 0.5))


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_large_masks_that_are_given(dtype, rng):
    x = numbers((130, 1001), dtype, rng)
    for own in ((130, 1001), (1, 1001), (130, 1), (1001,)):
        mask = rng.random(own) < 0.6
        assert same_bits(nd.dropout(x, 0.3, mask=mask), through(x, mask, 0.3))
        scales = rng.random((130, 1))
        assert same_bits(nd.dropout(x, scales, mask=mask), through(x, mask, scales))
    mask = rng.random(x.shape) < 0.6
    assert same_bits(nd.dropout(x, 0.3, mask=np.packbits(mask, bitorder="little")), through(x, mask, 0.3))


def test_in_place_and_of_any_layout(rng):
    x, mask, rates = rng.standard_normal((6, 10)), rng.random((6, 1)) < 0.5, rng.random(10)
    for p, options in ((rates, {"mask": mask}), (0.4, {"noise_shape": (6, 1), **AT}), (rates, AT)):
        expected = nd.dropout(x, p, **options)
        assert same_bits(nd.dropout(np.asfortranarray(x), p, **options), expected)
        wide = np.zeros((6, 20))
        nd.dropout(x, p, out=wide[:, ::2], **options)
        assert same_bits(np.ascontiguousarray(wide[:, ::2]), expected)
        y = x.copy()
        assert nd.dropout(y, p, out=y, **options) is y
        assert same_bits(y, expected)


def test_evaluation_copies(rng):
    x = rng.standard_normal((3, 4))
    for options in ({"p": np.full(4, 0.5)}, {"noise_shape": (3, 1)}, {"mask": np.zeros((3, 4), bool)}):
        y = nd.dropout(x, training=False, **options)
        assert same_bits(x, y)
        assert not np.shares_memory(x, y)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"p": [0.5, np.nan, 0.5]}, ValueError, r"p: dropout .* between 0 and 1, but got nan at \[1\]"),
        ({"p": [0.5, 0.5]}, ValueError, r"p: expected a shape that broadcasts to \(4, 3\), got \(2,\)"),
        ({"p": [0.5] * 3, "noise_shape": (4, 1)}, ValueError, r"p: expected a shape that broadcasts to \(4, 1\)"),
        ({"p": ["a"]}, TypeError, "p: expected a number or an array of numbers"),
        ({"p": [0.5] * 3, "seed": None}, TypeError, "seed: expected an integer"),
        (
            {"noise_shape": (2, 3)},
            ValueError,
            r"noise_shape: expected a shape that broadcasts to \(4, 3\), got \(2, 3\)",
        ),
        ({"noise_shape": (1, 4, 3)}, ValueError, r"noise_shape: expected .* \(4, 3\), got \(1, 4, 3\)"),
        ({"noise_shape": (1.5, 3)}, TypeError, "noise_shape: expected an integer"),
        ({"noise_shape": 3}, TypeError, "noise_shape: expected a sequence"),
        ({"mask": np.ones((4, 3), bool)}, ValueError, "seed: only valid without mask"),
        (
            {"mask": np.ones((4, 3), bool), "seed": None, "noise_shape": (4, 1)},
            ValueError,
            "noise_shape: only valid without mask",
        ),
        (
            {"mask": np.ones((3, 4), bool), "seed": None},
            ValueError,
            r"mask: expected a shape that broadcasts to \(4, 3\)",
        ),
        ({"mask": np.ones((4, 3)), "seed": None}, TypeError, "mask: expected an array of bool, or of uint8"),
        (
            {"mask": np.ones(3, np.uint8), "seed": None},
            ValueError,
            r"mask: expected shape \(2,\) for the bits of \(4, 3\)",
        ),
        ({"noise_shape": (4, 1), "offset": 2**63 - 4}, ValueError, "offset"),
        ({"mask": np.ones((4, 3), bool), "seed": None, "stream": 3}, ValueError, "stream: only valid without mask"),
        ({"p": [[0.1], [0.2, 0.3]]}, TypeError, "p: expected a number or an array of numbers, got"),
    ],
)
def test_refusals(arguments, error, message):
    out = np.full((4, 3), 7.0)
    with pytest.raises(error, match=message):
        nd.dropout(np.ones((4, 3)), **{"p": 0.5, "seed": 1, "out": out, **arguments})
    assert (out == 7).all()


@pytest.mark.parametrize("shape", [3.0, None, "3"])
def test_a_mask_of_no_shape(shape):
    with pytest.raises(TypeError, match="shape: expected an integer or a sequence of them, got"):
        nd.sample_mask(shape, 0.5, seed=1)


@pytest.mark.parametrize(("shape", "p"), [((3,), [[[0.5]]]), ((), [0.5]), ((4, 3), [0.5] * 4)])
def test_a_mask_whose_rates_do_not_broadcast(shape, p):
    with pytest.raises(ValueError, match="p: expected a shape that broadcasts to"):
        nd.sample_mask(shape, p, seed=1)


# ---------------------------------------------------------------- groups


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "shape", "channels"),
    [
        ("dropout1d", (2, 3, 5), (2, 3, 1)),
        ("dropout1d", (3, 5), (3, 1)),
        ("dropout2d", (2, 3, 2, 4), (2, 3, 1, 1)),
        ("dropout2d", (2, 3, 4), (2, 3, 1)),
        ("dropout3d", (2, 3, 2, 2, 3), (2, 3, 1, 1, 1)),
        ("dropout3d", (3, 2, 2, 3), (3, 1, 1, 1)),
        ("stochastic_depth", (4, 3), (4, 1)),
        ("stochastic_depth", (4,), (4,)),
    ],
)
def test_groups_are_dropped_together(name, shape, channels, dtype, rng):
    x = numbers(shape, dtype, rng)
    expected = through(x, kept(channels, 0.3, **AT), 0.3)
    assert same_bits(getattr(nd, name)(x, 0.3, **AT), expected)
    assert same_bits(getattr(nd, f"{name}_backward")(x, 0.3, **AT), expected)


@pytest.mark.parametrize(
    ("name", "shape"), [("dropout1d", (2, 3, 5)), ("dropout2d", (2, 3, 4, 5)), ("dropout1d", (3, 5))]
)
def test_channels_last(name, shape, rng):
    x = rng.standard_normal(shape)
    axis = len(shape) - 1 - (name == "dropout2d") - 1
    there = np.moveaxis(x, axis, -1)
    expected = np.moveaxis(getattr(nd, name)(x, 0.3, **AT), axis, -1)
    assert np.array_equal(getattr(nd, name)(there, 0.3, channels_last=True, **AT), expected)
    assert np.array_equal(getattr(nd, f"{name}_backward")(there, 0.3, channels_last=True, **AT), expected)


def test_stochastic_depth_of_a_batch():
    x = np.ones((3, 4))
    for step in range(4):
        y = nd.stochastic_depth(x, 0.3, "batch", seed=1, step=step)
        assert same_bits(y, through(x, kept((1, 1), 0.3, seed=1, step=step), 0.3))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("block", [1, 2, 3, 9])
def test_drop_block(dtype, block, rng):
    x = numbers((2, 3, 4, 5), dtype, rng)
    side = min(block, 4)
    rows, columns = 4 - side + 1, 5 - side + 1
    gamma = 0.2 * 20 / (side * side * rows * columns)
    seeds = kept((2, 3, rows, columns), gamma, **AT)
    mask = np.ones(x.shape, bool)
    for n, c, i, j in np.argwhere(~seeds):
        mask[n, c, i : i + side, j : j + side] = False
    scale = (60 / mask.sum((1, 2, 3))).astype(dtype)[:, None, None, None]
    with np.errstate(invalid="ignore"):
        expected = np.where(mask, x * scale, dtype(0))
    assert same_bits(nd.drop_block2d(x, 0.2, block, **AT), expected)
    assert same_bits(nd.drop_block2d_backward(x, 0.2, block, **AT), expected)
    first = nd.drop_block2d(x[:1], 0.2, block, **AT)
    second = nd.drop_block2d(x[1:], 0.2, block, **AT, offset=3 * rows * columns)
    assert same_bits(np.concatenate([first, second]), expected)


def test_drop_block_at_its_ends():
    x = np.full((1, 2, 3, 4), np.nan)
    assert same_bits(nd.drop_block2d(x, 0, 2, **AT), x)
    assert same_bits(nd.drop_block2d(x, 1, 2, **AT), np.zeros(x.shape))
    assert nd.drop_block2d(np.ones((0, 2, 3, 4)), 0.5, 2, **AT).shape == (0, 2, 3, 4)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nd.dropout1d(np.ones(3), **AT), ValueError, "dropout1d expected 2D or 3D input, but received a 1D"),
        (lambda: nd.dropout2d(np.ones((3, 3)), **AT), ValueError, "dropout2d expected 3D or 4D input"),
        (lambda: nd.dropout3d(np.ones((3, 3)), **AT), ValueError, "dropout3d expected 4D or 5D input"),
        (lambda: nd.feature_alpha_dropout(np.ones(3), **AT), ValueError, "x: expected at least 2 dimensions"),
        (
            lambda: nd.stochastic_depth(np.ones(3), 0.5, "all", **AT),
            ValueError,
            "mode: expected row or batch, got 'all'",
        ),
        (lambda: nd.stochastic_depth(1.0, 0.5, **AT), ValueError, "x: expected at least 1 dimension"),
        (lambda: nd.drop_block2d(np.ones((3, 3)), 0.5, 2, **AT), ValueError, "x: expected 4 dimensions"),
        (
            lambda: nd.drop_block2d(np.ones((1, 1, 3, 3)), 0.5, 0, **AT),
            ValueError,
            "block_size: expected an integer from",
        ),
        (lambda: nd.gaussian_dropout(np.ones(3), 1.0, **AT), ValueError, "p: expected a probability below 1"),
        (lambda: nd.gaussian_noise(np.ones(3), -1.0, **AT), ValueError, "stddev: expected a number at least 0"),
        (lambda: nd.concrete_dropout(np.ones(3), np.inf, **AT), ValueError, "logit: expected a finite number, got inf"),
        (lambda: nd.concrete_dropout(np.ones(3), 0.0), TypeError, "seed: expected an integer"),
        (
            lambda: nd.concrete_dropout_backward(np.ones(3), np.ones(2), 0.0, **AT),
            ValueError,
            r"y: expected shape \(3,\), got \(2,\)",
        ),
        (lambda: nd.alpha_dropout(np.ones(3), 2.0, **AT), ValueError, "between 0 and 1, but got 2"),
        (lambda: nd.alpha_dropout(np.ones(3)), TypeError, "seed: expected an integer"),
        (lambda: nd.gaussian_dropout(np.arange(3), **AT), TypeError, "x: expected an array of float32 or float64"),
    ],
)
def test_what_the_variants_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---------------------------------------------------------------- noise

LIMIT = -1.0507009873554805 * 1.6732632423543772  # SELU's at minus infinity


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_alpha_dropout(dtype, p, rng):
    x = numbers((6, 20), dtype, rng)
    slope = 1 / math.sqrt((1 - p) * (1 + p * LIMIT**2))
    shift = -slope * p * LIMIT
    for name, shape in (("alpha_dropout", (6, 20)), ("feature_alpha_dropout", (6, 20))):
        mask = kept(shape, p, **AT)
        y, dx = getattr(nd, name)(x, p, **AT), getattr(nd, f"{name}_backward")(x, p, **AT)
        np.testing.assert_allclose(y, np.where(mask, x * slope + shift, LIMIT * slope + shift), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(dx, np.where(mask, x * slope, 0), rtol=1e-6)
        assert same_bits(dx[~mask], np.zeros((~mask).sum(), dtype))


def test_feature_alpha_dropout_of_channels(rng):
    x = rng.standard_normal((3, 4, 2, 5))
    whole = nd.alpha_dropout(np.ones((3, 4)), 0.5, **AT)[:, :, None, None]
    y = nd.feature_alpha_dropout(x, 0.5, **AT)
    dropped = np.broadcast_to(whole == whole.min(), x.shape)
    assert 0 < dropped.mean() < 1
    assert (y[dropped] == whole.min()).all()
    assert (y[~dropped] != whole.min()).all()


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout", "dropout1d", "stochastic_depth"])
def test_the_ends_of_p(name):
    x = np.array([[np.nan, np.inf], [-0.0, 2.0]])
    for function in (getattr(nd, name), getattr(nd, f"{name}_backward")):
        assert same_bits(function(x, 0.0, **AT), x)
        assert same_bits(function(x, 1.0, **AT), np.zeros((2, 2)))
    assert same_bits(getattr(nd, name)(x, 0.5, training=False), x)


def normal(i, dtype, offset=0):
    """Return number i of a stream of normal numbers, by Box and Muller's formula, in Python."""
    i += offset
    stream = 5 << 24 | 2
    uniform = naive.uniform24 if dtype == np.float32 else naive.uniform53
    first, second = (uniform(i - (i & 1) + k, 5, stream, 3) for k in (0, 1))
    radius = math.sqrt(-2 * math.log(float(dtype(first))))
    return radius * (math.sin if i & 1 else math.cos)(2 * math.pi * second)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, 1, 6, 2**40 + 3])
@pytest.mark.parametrize("n", [1, 5, 70])
def test_gaussian_noise(dtype, offset, n, rng):
    z = np.array([normal(i, dtype, offset) for i in range(n)])
    where = {**AT, "offset": offset}
    close = {"rtol": 8 * np.finfo(dtype).eps, "atol": 40 * np.finfo(dtype).eps}  # a turn in Python is rounded
    np.testing.assert_allclose(nd.gaussian_noise(np.zeros(n, dtype), 1.0, **where), z, **close)
    x = rng.standard_normal(n).astype(dtype)
    np.testing.assert_allclose(nd.gaussian_noise(x, 0.5, **where), x + 0.5 * z, **close)
    factor = 1 + math.sqrt(0.3 / 0.7) * z
    for function in (nd.gaussian_dropout, nd.gaussian_dropout_backward):
        np.testing.assert_allclose(function(x, 0.3, **where), x * factor, rtol=2e-5 if dtype == np.float32 else 1e-13)
    assert same_bits(nd.gaussian_noise_backward(x, 0.5, **where), x)
    assert same_bits(nd.gaussian_dropout(x, 0.0, **where), x)
    assert same_bits(nd.gaussian_dropout(x, 0.3, training=False), x)


def concrete(i, p, dtype, offset=0):
    """Return what Concrete dropout multiplies element i by, by the paper's formula, in Python."""
    i += offset
    if dtype == np.float32:
        u = ((naive.words(i >> 2, 5, 5 << 24 | 2, 3)[i & 3] >> 9) + 0.5) / 2**23
    else:
        u = ((naive.bits64(i, 5, 5 << 24 | 2, 3) >> 12) + 0.5) / 2**52
    s = 10 * (math.log(p / (1 - p)) - math.log(u / (1 - u)))
    return 1 / ((1 + math.exp(min(s, 700))) * (1 - p))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("offset", [0, 3, 2**40 + 2])
@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (5, 0.1), (70, 0.3), (70, 1e-5), (70, 0.99)])
def test_concrete_dropout(dtype, offset, n, p, rng):
    x, dy = rng.standard_normal((2, n)).astype(dtype)
    where, logit = {**AT, "offset": offset}, math.log(p / (1 - p))
    factor = np.array([concrete(i, p, dtype, offset) for i in range(n)])
    close = {"rtol": 400 * np.finfo(dtype).eps, "atol": 1e-30}
    y = nd.concrete_dropout(x, logit, **where)
    np.testing.assert_allclose(y, x * factor, **close)
    dx, dlogit = nd.concrete_dropout_backward(dy, y, logit, **where)
    np.testing.assert_allclose(dx, dy * factor, **close)
    above, below = (
        np.array([concrete(i, 1 / (1 + math.exp(-logit - h)), dtype, offset) for i in range(n)]) for h in (1e-5, -1e-5)
    )
    slope = (dy.astype(np.float64) * x * (above - below)).sum() / 2e-5
    np.testing.assert_allclose(dlogit, slope, rtol=1e-3 if dtype == np.float32 else 1e-6, atol=1e-6)
    assert dlogit.shape == ()
    assert same_bits(nd.concrete_dropout(x, logit, training=False), x)
    given = dy.copy()
    assert nd.concrete_dropout_backward(given, y, logit, **where, out=given)[0] is given
    assert same_bits(given, dx)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("logit", [-1e40, -80, 59, 80, 100, 1e40])
def test_rates_next_to_0_and_1(logit, dtype):
    x = np.ones(100, dtype)
    y = nd.concrete_dropout(x, logit, **AT)
    assert same_bits(y, x if logit < 0 else np.zeros_like(x))
    dx, dlogit = nd.concrete_dropout_backward(x, y, logit, **AT)
    assert same_bits(dx, y)
    assert dlogit == pytest.approx(0, abs=1e-20)


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_a_rate_is_the_same_wherever_it_is_written(dtype, rng):
    dy, y = rng.standard_normal((2, 40_001)).astype(dtype)
    expected = nd.concrete_dropout_backward(dy, y, -1.0, **AT)
    for which in (0, 1):
        given = [dy.copy(), y.copy()]
        found = nd.concrete_dropout_backward(*given, -1.0, **AT, out=given[which])
        assert same_bits(found[0], expected[0])
        assert found[1] == expected[1]


@pytest.mark.jit_only
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_gradient_of_a_rate_of_many_elements(dtype, rng):
    """Sums of parts are those of the whole, and do not depend on the threads."""
    dy, y = rng.standard_normal((2, 300_001)).astype(dtype)
    _, dlogit = nd.concrete_dropout_backward(dy, y, -1.0, **AT)
    factor = nd.concrete_dropout(np.ones(dy.size, dtype), -1.0, **AT).astype(np.float64) * (1 - 1 / (1 + math.e))
    exact = (dy.astype(np.float64) * y * (1 / (1 + math.e) - 10 * (1 - factor))).sum()
    assert float(dlogit) == pytest.approx(exact, rel=1e-3 if dtype == np.float32 else 1e-10)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        assert nd.concrete_dropout_backward(dy, y, -1.0, **AT)[1] == dlogit
    finally:
        numba.set_num_threads(before)


# ---------------------------------------------------------------- dropped weights


@pytest.mark.parametrize("dtype", DTYPES)
def test_dropconnect(dtype, rng):
    x, weight, bias, dy = (rng.standard_normal(s).astype(dtype) for s in ((4, 6), (5, 6), (5,), (4, 5)))
    mask, scale = kept((5, 6), 0.3, **AT), dtype(SCALE)
    dropped = np.where(mask, weight * scale, 0)
    close = {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(nd.dropconnect(x, weight, bias, 0.3, **AT), x @ dropped.T + bias, **close)
    np.testing.assert_allclose(nd.dropconnect(x, weight, bias, 0.3, training=False), x @ weight.T + bias, **close)
    out = tuple(np.empty_like(a) for a in (x, weight, bias))
    for given in (None, out):
        dx, dweight, dbias = nd.dropconnect_backward(dy, x, weight, 0.3, **AT, out=given)
        np.testing.assert_allclose(dx, dy @ dropped, **close)
        np.testing.assert_allclose(dweight, np.where(mask, dy.T @ x * scale, 0), **close)
        np.testing.assert_allclose(dbias, dy.sum(0), **close)
        assert given is None or all(a is b for a, b in zip((dx, dweight, dbias), out, strict=True))
    np.testing.assert_allclose(nd.dropconnect(x, weight, p=0.3, **AT), x @ dropped.T, **close)


def test_what_dropconnect_refuses():
    x, weight = np.ones((2, 3)), np.ones((4, 3))
    with pytest.raises(TypeError, match="weight: expected an array of float32 or float64, got int64"):
        nd.dropconnect(x, weight.astype(int), None, 0.5, seed=1)
    with pytest.raises(ValueError, match="out: expected separate memory"):
        nd.dropconnect_backward(np.ones((2, 4)), x, weight, 0.5, seed=1, out=(np.empty((2, 3)), weight, np.empty(4)))
    square = np.eye(4)
    with pytest.raises(ValueError, match="out: expected separate memory"):
        nd.dropconnect(np.ones((4, 4)), square, None, 0.5, seed=1, out=square)
    assert (weight == 1).all()


# ---------------------------------------------------------------- pieces

PIECES = {
    "dropout": (nd.dropout, (), 24),
    "rates": (nd.dropout, (np.linspace(0, 1, 6),), 24),
    "noise shape": (lambda x, p, **at: nd.dropout(x, p, noise_shape=(None, 1, 6), **at), (0.4,), 6),
    "dropout1d": (nd.dropout1d, (0.4,), 4),
    "dropout2d": (nd.dropout2d, (0.4,), 4),
    "stochastic_depth": (nd.stochastic_depth, (0.4,), 1),
    "alpha_dropout": (nd.alpha_dropout, (0.4,), 24),
    "feature_alpha_dropout": (nd.feature_alpha_dropout, (0.4,), 4),
    "gaussian_dropout": (nd.gaussian_dropout, (0.4,), 24),
    "gaussian_noise": (nd.gaussian_noise, (0.4,), 24),
    "concrete_dropout": (nd.concrete_dropout, (-0.4,), 24),
}


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_batch_in_pieces(name, dtype, rng):
    function, arguments, elements = PIECES[name]
    x = rng.standard_normal((5, 4, 6)).astype(dtype)
    pieces = [function(x[r : r + 1], *arguments, offset=r * elements, **AT) for r in range(5)]
    assert same_bits(np.concatenate(pieces), function(x, *arguments, **AT))
