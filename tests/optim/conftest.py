"""Layers for optimizers."""

import numpy as np
import pytest

STEPS = 4


@pytest.fixture(params=[(np.float32, 3e-6), (np.float64, 1e-13)], ids=["float32", "float64"])
def precision(request):
    """Return a dtype, and the tolerance of its results."""
    return request.param


@pytest.fixture(params=[(5, 7), (1, 3), (37, 9), pytest.param((130, 300), marks=pytest.mark.jit_only)])
def problem(request, rng):
    """Return a weight, a bias, and the gradients by the weight; those by the bias are their sums."""
    weight, bias = rng.standard_normal(request.param), rng.standard_normal(request.param[0])
    gradients = rng.standard_normal((STEPS, *request.param))
    return weight, bias, gradients
