"""The layer of Flax NNX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import numba_dropout.jax as ndj

nnx = pytest.importorskip("flax.nnx", reason="flax is not installed")
from numba_dropout.jax.nnx import Dropout  # noqa: E402

X = jnp.ones((6, 50))


def test_values_of_keys():
    layer = Dropout(0.3)
    assert isinstance(layer, nnx.Dropout)
    key = jax.random.key(5)
    np.testing.assert_array_equal(layer(X, rngs=key), ndj.dropout(X, 0.3, seed=5))
    np.testing.assert_array_equal(layer(X, rngs=nnx.Rngs(7)), ndj.dropout(X, 0.3, seed=nnx.Rngs(7)["dropout"]()))


def test_each_call_has_a_mask():
    layer = Dropout(0.5, rngs=nnx.Rngs(0))
    first, second = layer(X), layer(X)
    assert (first != second).any()
    np.testing.assert_array_equal(Dropout(0.5, rngs=nnx.Rngs(0))(X), first)


def test_broadcast_dims():
    y = Dropout(0.5, broadcast_dims=(-1,))(X, rngs=jax.random.key(1))
    assert len(set(map(tuple, np.asarray(y).tolist()))) == 2
    with pytest.raises(ValueError, match=r"broadcast_dims: expected axes of shape \(6, 50\), got 2"):
        Dropout(0.5, broadcast_dims=(2,))(X, rngs=jax.random.key(1))


def test_modes():
    layer = Dropout(0.5, deterministic=None)
    with pytest.raises(ValueError, match="deterministic: expected a bool"):
        layer(X)
    assert layer(X, deterministic=True) is X
    layer = Dropout(0.5)
    with pytest.raises(ValueError, match="rngs: expected keys"):
        layer(X)
    layer.eval()
    assert layer(X) is X
    layer.train()
    assert (layer(X, rngs=nnx.Rngs(0)) == 0).any()
    assert Dropout(0.0)(X) is X
    assert not Dropout(1.0)(X, rngs=nnx.Rngs(0)).any()


def test_training_step():
    """The state of the keys goes on in compiled functions, and gradients go through the layer."""
    model = nnx.Sequential(nnx.Linear(50, 8, rngs=nnx.Rngs(0)), Dropout(0.5, rngs=nnx.Rngs(1)))

    @nnx.jit
    def slopes(model, x):
        return nnx.grad(lambda model: model(x).sum())(model)

    one, other = (jax.tree.leaves(slopes(model, X)) for _ in range(2))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
