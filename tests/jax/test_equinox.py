"""The layer of Equinox."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import numba_dropout.jax as ndj

equinox = pytest.importorskip("equinox", reason="equinox is not installed")
from numba_dropout.jax.equinox import Dropout  # noqa: E402

X = jnp.ones((6, 50))


def test_values_of_keys():
    layer = Dropout(0.3)
    assert isinstance(layer, equinox.nn.Dropout)
    np.testing.assert_array_equal(layer(X, key=jax.random.key(5)), ndj.dropout(X, 0.3, seed=5))


def test_within_a_model():
    model = equinox.nn.Sequential([equinox.nn.Linear(50, 8, key=jax.random.key(0)), Dropout(0.5)])

    @equinox.filter_jit
    def run(model, x, keys):
        return jax.vmap(lambda x, key: model(x, key=key))(x, keys)

    y = run(model, X, jax.random.split(jax.random.key(1), 6))
    assert len({tuple(row) for row in np.asarray(y == 0).tolist()}) > 1
    slopes = equinox.filter_grad(lambda model: run(model, X, jax.random.split(jax.random.key(1), 6)).sum())(model)
    assert slopes.layers[0].weight.any()
    assert (run(equinox.nn.inference_mode(model), X, jax.random.split(jax.random.key(1), 6)) != 0).all()


def test_options():
    assert Dropout(0.5, inference=True)(X) is X
    assert Dropout(0.5)(X, inference=True) is X
    assert Dropout(0.0)(X) is X
    assert not Dropout(1.0)(X, key=jax.random.key(0)).any()
    with pytest.raises(RuntimeError, match="key: expected a key"):
        Dropout(0.5)(X)


def test_rate_as_an_array():
    """A leaf of the model may be replaced by an array, whose gradient is 0."""
    layer = equinox.tree_at(lambda layer: layer.p, Dropout(0.3), jnp.float32(0.5))
    key = jax.random.key(1)
    np.testing.assert_array_equal(layer(X, key=key), ndj.dropout(X, 0.5, seed=1))
    assert equinox.filter_grad(lambda layer: layer(X, key=key).sum())(layer).p == 0
