"""A small network of each variant in float64, with data for each loss and optimizers."""

import functools

import numpy as np
from updates import UPDATES

import numba_dropout as nd
from numba_dropout.nn.variants import KINDS

SIZES, ROWS = [5, 7, 6, 3], 13
VARIANTS = tuple(KINDS)  # and "rates": one for each unit
LOSSES = ("mse", "cross_entropy", "bce", "huber", "absolute", "poisson")
OPTIMIZERS = {
    **{update: functools.partial(kind, lr=0.1) for update, kind in UPDATES.items()},
    "bounded": lambda: nd.SGD(lr=0.1, momentum=0.9, clip_norm=0.5, max_norm=1.0),
}


def network(variant="dropout", **choices):
    """Return a network in float64."""
    options = {"dropout": 0.4, "input_dropout": 0.2, "variant": variant}
    if variant == "rates":
        options = {"dropout": [np.linspace(0.1, 0.6, 7), np.linspace(0.1, 0.6, 6)]}
    if variant == "concrete":
        options |= {"weight_regularizer": 1e-3, "dropout_regularizer": 1e-3}
    return nd.MLP(SIZES, seed=1, **{"dtype": "float64", **options, **choices})


def batch(loss, rng):
    """Return rows and targets for a loss."""
    targets = {
        "cross_entropy": lambda: rng.integers(0, 3, ROWS),
        "bce": lambda: rng.random((ROWS, 3)),
        "poisson": lambda: rng.random((ROWS, 3)),
        "absolute": lambda: 5 + rng.random((ROWS, 3)),  # signs that add up to 0 depend on rounding
    }
    y = targets.get(loss, lambda: 2 * rng.standard_normal((ROWS, 3)))()
    scale = 0.1 if loss == "poisson" else 1.0  # training with large logarithms of rates diverges
    return scale * rng.standard_normal((ROWS, 5)), y
