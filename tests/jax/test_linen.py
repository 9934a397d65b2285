"""The layer of Flax Linen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import numba_dropout.jax as ndj

linen = pytest.importorskip("flax.linen", reason="flax is not installed")
from numba_dropout.jax.linen import Dropout  # noqa: E402

X = jnp.ones((6, 50))
KEYS = {"dropout": jax.random.key(0)}


def test_values_of_keys():
    layer = Dropout(0.3)
    assert isinstance(layer, linen.Dropout)
    y = layer.apply({}, X, False, jax.random.key(5))
    np.testing.assert_array_equal(y, ndj.dropout(X, 0.3, seed=5))


def test_within_a_model():
    class Model(linen.Module):
        @linen.compact
        def __call__(self, x, train):
            x = Dropout(0.5, deterministic=not train)(linen.Dense(8)(x))
            return Dropout(0.5)(x, deterministic=not train)

    model = Model()
    variables = model.init(jax.random.key(0), X, train=False)
    apply = jax.jit(model.apply, static_argnames="train")
    y = apply(variables, X, train=True, rngs=KEYS)
    assert 0.6 < float((y == 0).mean()) < 0.9  # two layers, two masks
    np.testing.assert_array_equal(model.apply(variables, X, train=True, rngs=KEYS), y)
    slopes = jax.grad(lambda variables: apply(variables, X, train=True, rngs=KEYS).sum())(variables)
    assert all(slope.any() for slope in jax.tree.leaves(slopes))
    assert (apply(variables, X, train=False) != 0).all()


def test_options():
    y = Dropout(0.5, broadcast_dims=(0,), deterministic=False, rng_collection="noise").apply(
        {}, X, rngs={"noise": jax.random.key(3)}
    )
    assert (y == y[0]).all()
    assert Dropout(0.0).apply({}, X, False) is X
    assert Dropout(0.5).apply({}, X, True) is X
    assert not Dropout(1.0).apply({}, X, False, rngs=KEYS).any()
    with pytest.raises(ValueError, match="deterministic"):
        Dropout(0.5).apply({}, X, rngs=KEYS)
