"""Dropout of whole channels as layers."""

import numpy as np
import pytest
from layer_checks import check_functions

import numba_dropout as nd
from numba_dropout import layers


@pytest.mark.parametrize(
    ("name", "function", "arguments", "shape"),
    [
        ("Dropout1d", "dropout1d", {}, (2, 3, 4)),
        ("Dropout2d", "dropout2d", {}, (2, 3, 2, 2)),
        ("Dropout2d", "dropout2d", {"channels_last": True}, (2, 2, 2, 3)),
        ("Dropout3d", "dropout3d", {}, (2, 3, 2, 1, 2)),
        ("FeatureAlphaDropout", "feature_alpha_dropout", {}, (2, 3, 4)),
    ],
)
def test_functions(backend, name, function, arguments, shape):
    functions = getattr(nd, function), getattr(nd, f"{function}_backward")
    check_functions(backend, getattr(layers, name), *functions, shape, p=0.4, **arguments)


@pytest.mark.parametrize("p", [[0.1, 0.2], np.ones(1)])
def test_errors(p):
    masks = nd.MaskGenerator(seed=1)
    with pytest.raises(TypeError, match="p: expected a number, got"):
        layers.Dropout1d(p, masks=masks)
    assert masks.sites == 0
