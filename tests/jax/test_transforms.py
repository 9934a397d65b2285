"""Functions under JAX's transformations."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax
from jax.sharding import Mesh
from jax.sharding import PartitionSpec as Spec
from jax_cases import CASES, parametrized

import numba_dropout as nd
import numba_dropout.jax as ndj

AT = {"seed": 2**63 + 7, "stream": 3, "step": 5}
cases = parametrized()


def saved(function, *arguments):
    """Return the shapes of what reverse mode keeps."""
    from jax._src.ad_checkpoint import saved_residuals

    return [value.shape for value, _ in saved_residuals(function, *arguments)]


@cases
def test_compiled(case, rng):
    x = rng.standard_normal(case.shape, np.float32)
    result = jax.jit(lambda x, step: case.call(x, seed=1, step=step))(x, jnp.uint32(7))
    expected = case.call(x, seed=1, step=7)
    np.testing.assert_allclose(result, expected, rtol=1e-6 * (not case.exact), atol=1e-6 * (not case.exact))


def test_compiled_once_for_all_steps():
    compilations = []

    @jax.jit
    def function(x, seed, step):
        compilations.append(1)
        return ndj.dropout(x, 0.5, seed=seed, step=step)

    x = jnp.ones((4, 9))
    for seed in range(2):
        for step in range(3):
            result = function(x, jnp.uint32(seed), jnp.int32(step))
            np.testing.assert_array_equal(result, nd.dropout(np.asarray(x), 0.5, seed=seed, step=step))
    assert len(compilations) == 1


@cases
def test_derivatives(case, rng):
    """Forward mode, reverse mode, and reverse over forward agree: each function is affine in its input."""
    x, v, dy = rng.standard_normal((3, *case.shape), np.float32)
    function = functools.partial(case.call, **AT)
    y, tangent = jax.jvp(function, (x,), (v,))
    np.testing.assert_allclose(y, function(x), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(tangent, function(x + v) - y, rtol=1e-4, atol=1e-4)
    cotangent = jax.vjp(function, x)[1](jnp.asarray(dy))[0]
    np.testing.assert_allclose((cotangent * v).sum(), (tangent * dy).sum(), rtol=1e-4, atol=1e-4)
    curvature = jax.grad(lambda x: jax.jvp(lambda x: (function(x) ** 2).sum() / 2, (x,), (v,))[1])(x)
    slope = jax.vjp(function, x)[1](jax.jvp(function, (x,), (v,))[1])[0]
    np.testing.assert_allclose(curvature, slope, rtol=1e-4, atol=1e-4)


@cases
def test_nothing_of_the_size_of_the_input_is_kept(case):
    x = jnp.ones(case.shape)
    shapes = saved(lambda x, step: case.call(x, seed=1, step=step).sum(), x, jnp.uint32(3))
    assert [shape for shape in shapes if shape not in ((), (1,))] == []


def test_within_checkpoint(rng):
    x = rng.standard_normal((6, 50), np.float32)

    def block(x):
        return ndj.dropout(jnp.tanh(ndj.dropout(x, 0.3, **AT)), 0.5, seed=2)

    plain = jax.grad(lambda x: block(x).sum())(x)
    recomputed = jax.jit(jax.grad(lambda x: jax.checkpoint(block)(x).sum()))(x)
    np.testing.assert_allclose(recomputed, plain, rtol=1e-6, atol=1e-6)


def test_vmap_over_positions(rng):
    x = rng.standard_normal((4, 30), np.float32)
    seeds, steps = jnp.arange(4, dtype=jnp.uint32), jnp.arange(10, 14)
    drop = jax.vmap(lambda x, seed, step: ndj.dropout(x, 0.3, seed=seed, step=step))
    for function in (drop, jax.jit(drop)):
        for row, result in enumerate(function(x, seeds, steps)):
            np.testing.assert_array_equal(result, nd.dropout(x[row], 0.3, seed=row, step=10 + row))
    keys = jax.random.split(jax.random.key(0), 4)
    result = jax.vmap(lambda x, key: ndj.dropout(x, 0.3, seed=key))(x, keys)
    np.testing.assert_array_equal(result[2], ndj.dropout(x[2], 0.3, seed=keys[2]))
    rows = jax.vmap(lambda x, offset: ndj.dropout(x, 0.3, seed=1, offset=offset))(x, 30 * jnp.arange(4))
    np.testing.assert_array_equal(rows, nd.dropout(x, 0.3, seed=1))


@cases
def test_vmap_over_the_input(case, rng):
    """One position: the same mask for all elements of the batch, also of gradients."""
    x = rng.standard_normal((3, *case.shape), np.float32)
    results = jax.vmap(lambda x: case.call(x, **AT))(x)
    slopes = jax.vmap(jax.grad(lambda x: case.call(x, **AT).sum()))(x)
    for row in range(3):
        np.testing.assert_allclose(results[row], case.call(x[row], **AT), rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(slopes[row], jax.grad(lambda x: case.call(x, **AT).sum())(x[row]), atol=1e-6)


def test_scan(rng):
    x = rng.standard_normal((6, 50), np.float32)

    def step(carry, t):
        return carry, ndj.dropout(carry, 0.3, seed=1, step=t)

    results = jax.jit(lambda x: lax.scan(step, x, jnp.arange(5))[1])(x)
    for t in range(5):
        np.testing.assert_array_equal(results[t], nd.dropout(x, 0.3, seed=1, step=t))
    slope = jax.grad(lambda x: lax.scan(step, x, jnp.arange(5))[1].sum())(jnp.asarray(x))
    expected = sum(nd.dropout(np.ones_like(x), 0.3, seed=1, step=t) for t in range(5))
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_control_flow(rng):
    x = rng.standard_normal((6, 50), np.float32)
    drop = functools.partial(ndj.dropout, p=0.3, **AT)
    branch = jax.jit(lambda flag, x: lax.cond(flag, drop, lambda x: x, x))
    np.testing.assert_array_equal(branch(True, x), nd.dropout(x, 0.3, **AT))
    np.testing.assert_array_equal(branch(False, x), x)
    loop = jax.jit(lambda x: lax.fori_loop(0, 3, lambda t, x: ndj.dropout(x, 0.3, seed=1, step=t), x))
    expected = x
    for t in range(3):
        expected = nd.dropout(expected, 0.3, seed=1, step=t)
    np.testing.assert_array_equal(loop(x), expected)


def shards(**options):
    if len(jax.devices()) < 2:
        pytest.skip("one device")
    return Mesh(np.array(jax.devices()[:2]), "d")


def shard_map(function, mesh):
    if hasattr(jax, "shard_map"):
        return jax.shard_map(function, mesh=mesh, in_specs=(Spec("d"), Spec()), out_specs=Spec("d"))
    from jax.experimental.shard_map import shard_map

    return shard_map(function, mesh, (Spec("d"), Spec()), Spec("d"))


@pytest.mark.parametrize("compiled", [False, True])
def test_shard_map(compiled, rng):
    """With the offset of a shard's first element, the shards' masks are those of the whole array."""
    x = rng.standard_normal((8, 50), np.float32)

    def drop(x, step):
        offset = lax.axis_index("d").astype(jnp.uint32) * x.size
        return ndj.dropout(x, 0.3, seed=1, step=step, offset=offset)

    function = shard_map(drop, shards())
    if compiled:
        function = jax.jit(function)
    expected = nd.dropout(x, 0.3, seed=1, step=4)
    np.testing.assert_array_equal(function(x, jnp.uint32(4)), expected)
    slope = jax.grad(lambda x: function(x, jnp.uint32(4)).sum())(jnp.ones_like(x))
    np.testing.assert_array_equal(slope, nd.dropout(np.ones_like(x), 0.3, seed=1, step=4))


@pytest.mark.parametrize("name", ["dropout", "gaussian_dropout", "drop_block2d", "alpha_dropout"])
def test_shard_map_without_offset(name, rng):
    """Each shard has the same mask, as nothing of the position varies."""
    case = CASES[name]
    x = rng.standard_normal(case.shape, np.float32)
    function = shard_map(lambda x, step: case.call(x, seed=1, step=step), shards())
    result = jax.jit(function)(np.concatenate([x, x]), jnp.uint32(4))
    for half in np.split(np.asarray(result), 2):
        np.testing.assert_allclose(half, case.call(x, seed=1, step=4), rtol=1e-6, atol=1e-6)


def test_sharded_arrays(rng):
    """Outside `shard_map`, the compiler cuts the mask, which is that of the whole array."""
    x = rng.standard_normal((8, 50), np.float32)
    sharded = jax.device_put(x, jax.sharding.NamedSharding(shards(), Spec("d")))
    result = jax.jit(lambda x: ndj.dropout(x, 0.3, seed=1))(sharded)
    np.testing.assert_array_equal(result, nd.dropout(x, 0.3, seed=1))


def test_without_compilation(rng):
    x = rng.standard_normal((6, 50), np.float32)
    with jax.disable_jit():
        np.testing.assert_array_equal(ndj.dropout(x, 0.3, **AT), nd.dropout(x, 0.3, **AT))
