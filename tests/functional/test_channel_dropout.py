"""Dropout of whole channels, and alpha dropout of whole channels."""

import dropout_oracles as oracles
import numpy as np
import pytest
from backends import full_precision
from floats import same_bits, same_result, special_values

import numba_dropout as nd

AT = {"seed": 5, "stream": 2, "step": 3}


@full_precision
@pytest.mark.parametrize(
    ("name", "options", "shape", "mask_shape"),
    [
        ("dropout1d", {}, (2, 3, 5), (2, 3, 1)),
        ("dropout1d", {}, (3, 5), (3, 1)),
        ("dropout2d", {}, (2, 3, 2, 4), (2, 3, 1, 1)),
        ("dropout2d", {}, (2, 3, 4), (2, 3, 1)),
        ("dropout2d", {"channels_last": True}, (2, 2, 2, 3), (2, 1, 1, 3)),
        ("dropout3d", {}, (2, 3, 2, 2, 3), (2, 3, 1, 1, 1)),
        ("dropout3d", {}, (3, 2, 2, 3), (3, 1, 1, 1)),
    ],
)
def test_values(backend, dtype, name, options, shape, mask_shape, rng):
    x = special_values(shape, dtype, rng)
    expected = oracles.masked_dropout(x, oracles.contract_mask(mask_shape, 0.3, **AT), 0.3)
    for function in (getattr(nd, name), getattr(nd, f"{name}_backward")):
        array = backend.array(x)
        assert same_result(backend, function(array, 0.3, **AT, **options), expected)
        assert function(array, 0.3, **AT, **options, out=array) is array
        assert same_result(backend, array, expected)


@pytest.mark.parametrize(
    ("name", "shape"), [("dropout1d", (2, 3, 5)), ("dropout2d", (2, 3, 4, 5)), ("dropout1d", (3, 5))]
)
def test_channels_last(name, shape, rng):
    x = rng.standard_normal(shape)
    axis = len(shape) - 1 - (name == "dropout2d") - 1
    moved = np.moveaxis(x, axis, -1)
    expected = np.moveaxis(getattr(nd, name)(x, 0.3, **AT), axis, -1)
    assert np.array_equal(getattr(nd, name)(moved, 0.3, channels_last=True, **AT), expected)
    assert np.array_equal(getattr(nd, f"{name}_backward")(moved, 0.3, channels_last=True, **AT), expected)


@full_precision
@pytest.mark.parametrize("name", ["dropout1d", "feature_alpha_dropout"])
def test_rates_0_and_1(backend, dtype, name):
    x = np.array([[np.nan, np.inf], [-0.0, 2.0]], dtype)
    for function in (getattr(nd, name), getattr(nd, f"{name}_backward")):
        assert same_result(backend, function(backend.array(x), 0.0, **AT), x)
        assert same_result(backend, function(backend.array(x), 1.0, **AT), np.zeros_like(x))
    assert same_result(backend, getattr(nd, name)(backend.array(x), 0.5, training=False), x)


@full_precision
@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("shape", "mask_shape"), [((6, 20), (6, 20)), ((2, 3, 4), (2, 3, 1))])
def test_feature_alpha_dropout(backend, dtype, shape, mask_shape, p, rng):
    x = special_values(shape, dtype, rng)
    mask = np.broadcast_to(oracles.contract_mask(mask_shape, p, **AT), shape)
    array = backend.array(x)
    y = backend.numpy(nd.feature_alpha_dropout(array, p, **AT))
    np.testing.assert_allclose(y, oracles.alpha_dropout(x, mask, p), rtol=1e-6, atol=1e-6)
    dx = backend.numpy(nd.feature_alpha_dropout_backward(array, p, **AT))
    np.testing.assert_allclose(dx, oracles.alpha_dropout_backward(x, mask, p), rtol=1e-6)
    assert same_bits(dx[~mask], np.zeros((~mask).sum(), dtype))
    for function, expected in ((nd.feature_alpha_dropout, y), (nd.feature_alpha_dropout_backward, dx)):
        array = backend.array(x)
        assert function(array, p, **AT, out=array) is array
        np.testing.assert_array_equal(backend.numpy(array), expected)


def test_feature_alpha_dropout_of_images(rng):
    x = rng.standard_normal((3, 4, 2, 5))
    channels = nd.alpha_dropout(np.ones((3, 4)), 0.5, **AT)[:, :, None, None]
    y = nd.feature_alpha_dropout(x, 0.5, **AT)
    dropped = np.broadcast_to(channels == channels.min(), x.shape)
    assert 0 < dropped.mean() < 1
    assert (y[dropped] == channels.min()).all()
    assert (y[~dropped] != channels.min()).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nd.dropout1d(np.ones(3), **AT), "dropout1d expected 2D or 3D input, but received a 1D"),
        (lambda: nd.dropout2d(np.ones((3, 3)), **AT), "dropout2d expected 3D or 4D input"),
        (lambda: nd.dropout3d(np.ones((3, 3)), **AT), "dropout3d expected 4D or 5D input"),
        (lambda: nd.feature_alpha_dropout(np.ones(3), **AT), "x: expected at least 2 dimensions"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
