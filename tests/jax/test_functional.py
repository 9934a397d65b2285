"""The functions beside those of arrays, whose masks they have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax_cases import CASES, P, parametrized

import numba_dropout as nd
import numba_dropout.jax as ndj

AT = {"seed": 2**63 + 7, "stream": 3, "step": 5}
cases = parametrized()
masked = parametrized([name for name in CASES if name != "gaussian_dropout"])


def check(case, result, expected):
    """Compare values with those of arrays: bits, or numbers up to rounding."""
    if case.exact:
        np.testing.assert_array_equal(result, expected)
    else:
        eps = np.finfo(expected.dtype).eps
        np.testing.assert_allclose(result, expected, rtol=8 * eps, atol=16 * eps)


def gradient(case, x, dy, **at):
    return jax.vjp(lambda x: case.call(x, **at), x)[1](jnp.asarray(dy))[0]


@cases
@pytest.mark.parametrize("offset", [0, 11])
def test_values_and_gradients_of_arrays(case, offset, rng):
    x, dy = rng.standard_normal((2, *case.shape), np.float32)
    check(case, case.call(x, **AT, offset=offset), case.forward(x, **AT, offset=offset))
    check(case, gradient(case, x, dy, **AT, offset=offset), case.backward(dy, **AT, offset=offset))


@cases
def test_values_and_gradients_of_float64(case, rng, x64):
    x, dy = rng.standard_normal((2, *case.shape))
    y = case.call(x, **AT, offset=3)
    assert y.dtype == np.float64
    check(case, y, case.forward(x, **AT, offset=3))
    check(case, gradient(case, x, dy, **AT, offset=3), case.backward(dy, **AT, offset=3))


@cases
@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16], ids=["bfloat16", "float16"])
def test_half_precision_is_rounded_once(case, dtype, rng):
    x = jnp.asarray(rng.standard_normal(case.shape, np.float32)).astype(dtype)
    y = case.call(x, **AT)
    assert y.dtype == dtype
    expected = jnp.asarray(case.forward(np.asarray(x, np.float32), **AT)).astype(dtype)
    tolerance = 0 if case.exact else 0.01
    np.testing.assert_allclose(y.astype(jnp.float32), expected.astype(jnp.float32), rtol=tolerance, atol=tolerance)


@cases
def test_evaluation_and_rate_0_return_the_input(case):
    x = jnp.ones(case.shape)
    assert case.call(x, training=False) is x
    assert case.call(x, 0.0, seed=1) is x
    np.testing.assert_array_equal(case.call(x, jnp.float32(0), seed=1), x)


@masked
@pytest.mark.parametrize("traced", [False, True])
def test_rate_1(case, traced):
    p = jnp.float32(1) if traced else 1.0
    x = jnp.full(case.shape, jnp.nan)
    np.testing.assert_array_equal(case.call(x, p, seed=1), np.zeros(case.shape))
    np.testing.assert_array_equal(jax.grad(lambda x: case.call(x, p, seed=1).sum())(x), np.zeros(case.shape))


@cases
def test_traced_rates(case, rng):
    x = rng.standard_normal(case.shape, np.float32)
    p = np.float32(P)
    slope = jax.grad(lambda p: case.call(x, p, **AT).sum())(jnp.asarray(p))
    result = jax.jit(lambda p: case.call(x, p, **AT))(jnp.asarray(p))
    np.testing.assert_allclose(result, case.forward(x, float(p), **AT), rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(np.asarray(result) == 0, case.call(x, float(p), **AT) == 0)
    assert slope == 0


@pytest.mark.parametrize("shape", [(), (1,), (0, 3), (5, 7), (2, 3, 4, 5)], ids=str)
def test_shapes_of_dropout(shape, rng):
    x = rng.standard_normal(shape, np.float32)
    np.testing.assert_array_equal(ndj.dropout(x, 0.3, seed=1, offset=3), nd.dropout(x, 0.3, seed=1, offset=3))


@pytest.mark.parametrize("noise_shape", [(None, 1), (1, None), (6, 50), (1, 1), (None,)], ids=str)
def test_noise_shapes(noise_shape, rng):
    x = rng.standard_normal((6, 50), np.float32)
    expected = nd.dropout(x, 0.3, seed=1, noise_shape=noise_shape)
    np.testing.assert_array_equal(ndj.dropout(x, 0.3, seed=1, noise_shape=noise_shape), expected)


def test_special_values():
    """Dropped elements are +0 and kept ones go through, forward and backward."""
    x = np.tile(np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1e-45], np.float32), 50)
    y, derive = jax.vjp(lambda x: ndj.dropout(x, 0.5, seed=1), x)
    expected = nd.dropout(x, 0.5, seed=1)
    dropped = ~nd.sample_mask(x.shape, 0.5, seed=1)
    normal = ~(np.abs(x) == np.float32(1e-45))  # XLA flushes denormal numbers to zero
    np.testing.assert_array_equal(np.asarray(y)[normal], expected[normal])
    assert not np.signbit(np.asarray(y)[dropped]).any()
    np.testing.assert_array_equal(derive(jnp.asarray(x))[0][normal], expected[normal])


@pytest.mark.parametrize(
    ("function", "arguments", "error", "message"),
    [
        ("dropout", {"p": 0.5}, TypeError, "seed: expected an integer or a key"),
        ("dropout", {"p": 1.5, "seed": 1}, ValueError, "p: "),
        ("dropout", {"noise_shape": (3,), "seed": 1}, ValueError, "noise_shape: expected a shape that broadcasts"),
        ("dropout3d", {"x": jnp.ones((2, 3)), "seed": 1}, ValueError, "x: dropout3d expected 4D or 5D input, but"),
        ("feature_alpha_dropout", {"x": jnp.ones(3), "seed": 1}, ValueError, "x: expected at least 2 dimensions"),
        ("gaussian_dropout", {"p": 1.0, "seed": 1}, ValueError, "p: expected a probability below 1"),
        ("stochastic_depth", {"p": 0.5, "mode": "rows", "seed": 1}, ValueError, "mode: expected row or batch, got"),
        ("stochastic_depth", {"x": jnp.float32(1), "p": 0.5, "seed": 1}, ValueError, "x: expected at least 1 dimens"),
        ("drop_block2d", {"p": 0.5, "block_size": 0, "seed": 1}, ValueError, "block_size: expected an integer"),
        ("drop_block2d", {"x": jnp.ones(3), "p": 0.5, "block_size": 2, "seed": 1}, ValueError, "x: expected 4 dim"),
    ],
)
def test_messages(function, arguments, error, message):
    arguments = {"x": jnp.ones((2, 3, 4, 5))} | arguments
    with pytest.raises(error, match=message):
        getattr(ndj, function)(**arguments)


@cases
def test_other_dtypes(case):
    with pytest.raises(TypeError, match="x: expected an array of float32, float64, bfloat16, float16, got int32"):
        case.call(jnp.ones(case.shape, jnp.int32), seed=1)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_drop_block_of_every_size(size, rng):
    x = rng.standard_normal((2, 2, 3, 5), np.float32)
    np.testing.assert_array_equal(ndj.drop_block2d(x, 0.3, size, seed=1), nd.drop_block2d(x, 0.3, size, seed=1))
