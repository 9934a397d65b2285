"""Variants and rates that are refused."""

import pytest
from numpy_networks import SIZES

import numba_dropout as nd


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"dropout": ([0.5] * 11, 0.5)}, r"dropout: expected a rate for each of 12 units, got shape \(11,\)"),
        ({"dropout": ([0.5] * 11 + [2], 0.5)}, "dropout: dropout probability has to be between 0 and 1, but got 2"),
        ({"input_dropout": [0.5]}, r"input_dropout: expected a rate for each of 5 units, got shape \(1,\)"),
        (
            {"dropout": ([0.5] * 12, 0.5), "variant": "gaussian"},
            "dropout: expected one rate for each layer with variant",
        ),
        (
            {"dropout": 1.0, "variant": "gaussian"},
            "dropout: expected probabilities below 1 with variant='gaussian', got 1",
        ),
        ({"weight_regularizer": 1e-6}, "weight_regularizer: only valid with variant='concrete', got 1e-06"),
        (
            {"variant": "concrete", "dropout_regularizer": -1},
            "dropout_regularizer: expected a number at least 0, got -1",
        ),
        (
            {"variant": "units"},
            "variant: expected one of dropout, gaussian, alpha, subnetwork, dropconnect, concrete, got 'units'",
        ),
    ],
)
def test_invalid_arguments(choices, message):
    with pytest.raises(ValueError, match=message):
        nd.MLP(SIZES, **choices)
